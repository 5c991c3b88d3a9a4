"""Forty of the kills of crash.py, every named point among them; `make crash` makes 500."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import subprocess
from pathlib import Path

import crash
import pytest
from support import REPOSITORY

from todo_manager.crashpoints import POINTS


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_and_nothing_lies():
    told: list[str] = []
    found = crash.run(kills=40, seed=20250810, jobs=2 * (os.cpu_count() or 1), tell=told.append)
    print("\n".join(told))
    assert len(found) == 40
    assert {each.round.point.partition(":")[0] for each in found} == {*POINTS, ""}
    assert any(each.recorded for each in found)
    assert not all(each.recorded for each in found)


def test_every_point_of_the_program_is_named_and_every_name_is_a_point():
    code = "".join(p.read_text() for p in (REPOSITORY / "todo_manager").rglob("*.py"))
    assert sorted(set(re.findall(r'\bpoint\("([a-z-]+)"\)', code))) == sorted(POINTS)


@pytest.fixture
def done(tmp_path):
    """A project of the crash tests in which phase 0 is done, with evidence."""
    template = tmp_path / "template"
    crash.build_template(template, tmp_path)
    with crash.stage(template, crash.SCENES["done"]) as project:
        project.run("done", "p", 0).ok()
        yield project


def test_the_judge_notices_missing_evidence(done):
    crash.demand_integrity(done, crash.SCENES["done"])
    db = sqlite3.connect(done.root / ".todo_manager" / "store.db")
    with contextlib.closing(db), db:
        assert db.execute("DELETE FROM outputs").rowcount > 0
    with pytest.raises(AssertionError, match="named in the ledger, is not in the store"):
        crash.demand_integrity(done, crash.SCENES["done"])


def test_the_judge_notices_a_mark_without_its_event(done):
    db = sqlite3.connect(done.root / ".todo_manager" / "store.db")
    with contextlib.closing(db), db:
        db.execute("UPDATE phases SET mark = 'done' WHERE key = 'fails'")
    with pytest.raises(AssertionError, match="was never recorded"):
        crash.demand_integrity(done, crash.SCENES["done"])


def test_the_judge_notices_what_is_left_behind(done, monkeypatch):
    monkeypatch.setattr(crash, "GONE_WITHIN", 0.2)
    crash.wait_until_gone(done)
    child = subprocess.Popen(["sleep", "60"], env=done.env)
    try:
        with pytest.raises(AssertionError, match="sleep"):
            crash.wait_until_gone(done)
    finally:
        child.kill()
        child.wait()
    Path(done.env["TMPDIR"], "todo_manager-left").mkdir()
    with pytest.raises(AssertionError, match="todo_manager-left"):
        crash.wait_until_gone(done)
