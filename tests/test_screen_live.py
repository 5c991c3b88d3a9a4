"""`done` and `verify` while they run on a terminal, and what they leave there."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest
from forked import Forked
from support import Project
from terminals import Terminal, show

GATED = """
- title: Build the base images
  note: Nothing is pushed **before** the scan.
  verify:
    - {name: evidence, file: docs/evidence.md}
    - {name: waits, command: "echo > started && read -r _ < go"}
    - {name: there, file: plans/p.yaml}
"""

RETRIED = """
- title: Wait for the registry
  verify: [{name: registry, file: registry.txt, within: 10m, every: 30s}]
"""

MANY = "\n- title: Many\n  verify:\n" + "\n".join(
    f'    - {{name: c{n}, command: "echo > s{n} && read -r _ < go"}}' for n in range(6)
)


@pytest.fixture
def project(project: Project) -> Project:
    """Checks that run until `go` is written to; a pipe of each name says when one has begun."""
    for name in ("started", "go", *(f"s{n}" for n in range(6))):
        os.mkfifo(project.root / name)
    quick = Forked(project.root, project.root.parent / "home")
    for name, phases in (("p", GATED), ("retried", RETRIED), ("many", MANY)):
        quick.plan(name, phases)
    return project


def release(project: Project) -> None:
    (project.root / "go").write_text("on\n")


@pytest.mark.parametrize(("columns", "rows"), [(40, 24), (100, 24), (60, 11)])
def test_the_first_failure_stands_on_top_while_others_run(project, columns, rows):
    with Terminal(project, "done", "p", 0, columns=columns, rows=rows) as terminal:
        (project.root / "started").read_text()
        terminal.until("2/3")
        terminal.until("passed ✔  there: file")
        shown = terminal.rows
        head = next(n for n, row in enumerate(shown) if "2/3" in row)
        assert "failed ✗  evidence: file" in shown[head + 1]
        assert "expected: docs/evidence.md exists" in shown[head + 2]
        assert "seen:     does not exist" in shown[head + 3]
        assert "running ▶" in shown[head + 4]
        assert "waits: " in shown[head + 4]
        assert "passed ✔  there: file" in shown[head + 5]
        release(project)
        assert terminal.end() == 1
        assert "running" not in terminal.text
        assert "2/3" not in terminal.text
        assert terminal.rows[-1].split()[-3:] == ["done", "p", "0"]
        assert terminal.screen.cursor.x == 0
        assert not terminal.screen.cursor.hidden


def test_the_note_comes_before_anything_runs_and_stays(project):
    with Terminal(project, "done", "p", 0) as terminal:
        (project.root / "started").read_text()
        terminal.until("running ▶")
        before = terminal.rows.index("  Nothing is pushed before the scan.")
        assert "IMPORTANT NOTE" in terminal.rows[before - 1]
        assert re.search(r" \d/3 ", terminal.rows[before + 2])
        release(project)
        terminal.end()
        assert "Nothing is pushed before the scan." in terminal.text


@pytest.mark.parametrize("columns", [40, 100])
def test_the_wait_of_a_retry_is_seen_counting_down(project, columns):
    with Terminal(project, "done", "retried", 0, columns=columns) as terminal:
        terminal.until("again in 30s")
        row = next(row for row in terminal.rows if "again in" in row)
        assert "attempt 1 failed" in row
        terminal.until("again in 29s")
        terminal.press("\x03")
        assert terminal.end() == 130


def test_ctrl_c_leaves_the_terminal_clean(project):
    with Terminal(project, "verify", "retried", 0, columns=80) as terminal:
        terminal.until("again in")
        terminal.press("\x03")
        assert terminal.end() == 130
        assert terminal.rows[0].startswith("todo_manager verify: interrupted by SIGINT")
        assert "again in" not in terminal.text
        assert "^C" not in terminal.text
        assert not terminal.screen.cursor.hidden
        assert terminal.screen.cursor.x == 0
    assert project.states("retried") == ["ready"]


def test_a_terminal_of_few_rows_shows_what_matters(project):
    with Terminal(project, "done", "many", 0, columns=40, rows=6) as terminal:
        for n in range(6):
            (project.root / f"s{n}").read_text()
        terminal.until("more are running")
        assert "0/6" in terminal.rows[0]
        assert sum("running ▶" in row for row in terminal.rows) == 3
        assert terminal.rows[-1].strip() == "and 3 more are running"
        terminal.press("\x03")
        assert terminal.end() == 130


@pytest.mark.parametrize("columns", [40, 60])
def test_a_window_made_narrower(project, columns):
    with Terminal(project, "done", "p", 0, columns=110) as terminal:
        (project.root / "started").read_text()
        terminal.until("2/3")
        terminal.resize(24, columns)
        terminal.raw = b""
        terminal.until(lambda: terminal.raw.count(b"2/3") >= 2)
        assert sum("2/3" in row for row in terminal.rows) == 1
        release(project)
        assert terminal.end() == 1
        assert "running" not in terminal.text
        assert "2/3" not in terminal.text
        assert sum("IMPORTANT NOTE" in row for row in terminal.rows) == 1


def test_several_phases_after_each_other(project):
    project.plan(
        "two", "- {title: A, verify: [{file: a}]}\n- {title: B, verify: [{file: plans/p.yaml}]}"
    )
    rows = show(Forked(project.root, project.root.parent / "home"), "verify", "two").rows()
    heads = [row for row in rows if row.startswith("two ")]
    assert heads == ["two 0 (a): failed ✗", "two 1 (b): passed ✔"]
    assert not [row for row in rows if "running ▶" in row]


def test_json_on_a_terminal_is_one_document_and_no_talk(project):
    quick = Forked(project.root, project.root.parent / "home")
    quick.plan("quick", "- {title: A, verify: [{file: a}]}")
    for words in (("verify", "quick"), ("done", "quick", 0), ("show", "p"), ("done", "p", 7)):
        shown = show(quick, *words, "--json")
        assert json.loads(shown.raw)["exit"] == shown.exit
        assert shown.raw.count("\n") == 1


def test_a_terminal_for_the_answer_alone(project):
    """Talk that goes to a file is plain lines, as on a pipe."""
    with Terminal(project, "done", "p", 0, shell="2> talk.txt") as terminal:
        (project.root / "started").read_text()
        release(project)
        assert terminal.end() == 1
    talk = (project.root / "talk.txt").read_text()
    assert "  ... evidence: file docs/evidence.md\n" in talk
    assert "\x1b" not in talk
    assert "failed ✗  evidence: file" in terminal.text


def test_a_run_that_is_ended_by_a_signal_leaves_nothing_of_its_region(project):
    with Terminal(project, "done", "retried", 0) as terminal:
        terminal.until("again in")
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.end() == 130
        assert "interrupted by SIGTERM" in terminal.rows[0]
        assert not re.search("running ▶|again in", terminal.text)
