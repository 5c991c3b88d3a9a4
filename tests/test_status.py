"""`status`: a line a plan for machines that must know; nothing unproven is counted as done."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from forked import Forked
from spoiled import database
from support import Project
from test_tampering import STORE_EDITS, original, store

__all__ = ["original", "store"]  # fixtures

TWO = """
- {key: zero, title: Zero, verify: [{file: a}]}
- {key: one, title: One, verify: [{script: check.sh}]}
"""


@pytest.fixture
def project(project: Project) -> Project:
    """A project in forks, with a plan of two phases that would pass."""
    project = Forked(project.root, Path(project.env["HOME"]))
    project.write("a", "a")
    project.write("check.sh", "#!/bin/bash\nexit 0\n")
    project.plan("p", TWO)
    return project


def status(project: Project, *words: object) -> dict[str, object]:
    """The row of a single plan."""
    (row,) = project.ask("status", *words).ok().data["plans"]
    return dict(row)


def test_a_plan_is_one_line_and_counts_its_states(project: Project) -> None:
    project.run("done", "p", 0).ok()
    (line,) = project.run("status").ok().out.splitlines()
    assert line == "○ p  1/2  1 ready, 1 done  next: 1 One"
    row = status(project, "p")
    following = row.pop("next")
    assert row == {
        "id": "p", "title": "Plan p", "status": "open", "done": 1, "total": 2,
        "counts": {"ready": 1, "done": 1}, "worst": "ready", "source": "same",
    }  # fmt: skip
    assert following == {"phase": 1, "key": "one", "title": "One", "state": "ready", "reason": ""}


def test_the_exit_code_is_0_only_when_every_phase_of_every_plan_is_done(project: Project) -> None:
    assert project.run("status").ok()
    refused = project.ask("status", "--exit-code").refused("not_done")
    assert refused.data["all_done"] is False
    assert "2 phases are neither done nor attested: p" in refused.error["message"]
    assert refused.error["hint"] == "todo_manager next p"
    for index in (0, 1):
        project.run("done", "p", index).ok()
    assert project.ask("status", "--exit-code").ok().data["all_done"] is True
    project.plan("q", "- {title: Other, verify: [{file: a}]}")
    assert "1 phase is neither" in project.ask("status", "--exit-code").error["message"]
    project.ask("status", "p", "--exit-code").ok()
    project.ask("status", "q", "--exit-code").refused("not_done")


def test_attested_is_enough_and_is_not_counted_as_done_by_checks(project: Project) -> None:
    project.plan("word", "- {title: Somebody says so}")
    project.person("attest", "word", 0, "--reason", "seen").ok()
    assert status(project, "word", "--exit-code")["counts"] == {"attested": 1}


# What would fool it


def test_a_script_changed_after_done_is_stale_also_when_its_stat_is_put_back(
    project: Project,
) -> None:
    for index in (0, 1):
        project.run("done", "p", index).ok()
    script = project.root / "check.sh"
    before = script.stat()
    project.write("check.sh", "#!/bin/bash\nexit 1\n")
    os.utime(script, ns=(before.st_atime_ns, before.st_mtime_ns))
    row = status(project, "p")
    assert (row["counts"], row["worst"]) == ({"stale": 1, "done": 1}, "stale")
    assert "check.sh differs" in str(row["next"])
    project.ask("status", "--exit-code").refused("not_done")


def test_a_document_that_no_longer_loads_makes_its_phases_stale(project: Project) -> None:
    project.run("done", "p", 0).ok()
    (project.root / "plans/p.yaml").write_text("nonsense: [\n")
    row = status(project, "p")
    assert (row["source"], row["counts"]) == ("unreadable", {"stale": 1, "blocked": 1})


def test_an_empty_store_and_a_plan_without_phases_have_proven_nothing(project: Project) -> None:
    tasks = [{"id": "empty", "title": "Nothing", "todos": []}]
    (project.root / "queue.json").write_text(json.dumps({"tasks": tasks}))
    project.run("import", "queue.json").ok()
    row = status(project, "empty")
    assert (row["total"], row["worst"], row["next"]) == (0, None, None)
    assert "without phases" in project.ask("status", "empty", "--exit-code").error["message"]
    assert "no phases" in project.run("status", "empty").ok().out
    bare = Forked(project.root.parent / "bare", Path(project.env["HOME"]))
    bare.root.mkdir()
    bare.run("init", "--bare")
    assert bare.ask("status").ok().data["plans"] == []
    assert "no plan" in bare.ask("status", "--exit-code").refused("not_done").error["message"]


def test_an_archived_plan_is_left_out_and_is_never_done(project: Project) -> None:
    project.plan("old", "- {title: Old, verify: [{file: none}]}")
    project.run("archive", "old").ok()
    found = project.ask("status").ok().data
    assert [row["id"] for row in found["plans"]] == ["p"]
    assert found["left_out"] == ["old"]
    row = status(project, "old")
    assert (row["status"], row["worst"], row["next"]) == ("archived", "archived", None)
    project.ask("status", "old", "--exit-code").refused("not_done")


@pytest.mark.parametrize("edit", STORE_EDITS, ids=lambda edit: edit.__name__)
def test_a_store_edited_by_hand_ends_in_9(store: Project, edit) -> None:
    with database(store) as db:
        edit(db)
    refused = store.ask("status", "p").refused("integrity")
    assert "data" not in refused.json
    store.ask("status", "--exit-code").refused("integrity")


def test_it_changes_nothing_and_needs_no_right_to_write(project: Project) -> None:
    project.run("done", "p", 0).ok()
    before = project.store_bytes()
    for words in (("status",), ("status", "p"), ("status", "p", "--exit-code")):
        project.run(*words)
    assert project.store_bytes() == before


def test_unknown_plans_are_told(project: Project) -> None:
    project.ask("status", "zz").refused("unknown_plan")
    project.ask("status", "p", 0).refused("usage")


def test_a_plan_of_500_phases_is_one_line_too(project: Project) -> None:
    project.plan("big", "\n".join(f"- {{title: P{n}, verify: [{{file: a}}]}}" for n in range(500)))
    row = status(project, "big")
    assert (row["total"], row["counts"]) == (500, {"blocked": 499, "ready": 1})


def test_no_text_of_a_plan_can_pass_for_a_line_of_ours(project: Project) -> None:
    forged = r"x\n✔ other  2/2  2 done\e[2J\u202e"
    project.plan("evil", f'- {{title: "{forged}", verify: [{{file: none}}]}}', head="")
    lines = project.run("status", "evil").ok().out.splitlines()
    assert len(lines) == 1
    assert not {"\x1b", "\u202e"} & set(lines[0])
