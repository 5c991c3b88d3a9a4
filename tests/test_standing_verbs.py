"""reopen, archive, claim, release, next --claim: what they change, and what they never do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from support import Project

TWO = """
- {title: One, verify: [{file: a}]}
- {title: Two, verify: [{file: a}]}
- {title: Free, needs: [], verify: [{file: a}]}
"""


@pytest.fixture
def ready(project: Project) -> Project:
    project.write("a", "a")
    project.plan("p", TWO)
    return project


def edit_store(project: Project, statement: str) -> None:
    with sqlite3.connect(project.root / ".todo_manager" / "store.db") as db:
        db.execute(statement)
    db.close()


def test_reopen_takes_the_mark_and_says_why(ready: Project) -> None:
    ready.ask("done", "p", 0).ok()
    ready.ask("done", "p", 1).ok()
    found = ready.ask("reopen", "p", 0, "--reason", "the file was the wrong one").ok().data
    assert (found["was"], found["phase"]) == ("done", 0)
    assert ready.states("p") == ["ready", "stale", "ready"]
    event = ready.events("reopened")[0]
    assert event["data"]["reason"] == "the file was the wrong one"
    assert event["seq"] == found["run"]
    ready.ask("done", "p", 1).refused("needs_not_done")
    ready.ask("audit").ok()
    ready.ask("done", "p", 0).ok()
    assert ready.states("p") == ["done", "done", "ready"]


def test_reopening_what_is_open_records_nothing(ready: Project) -> None:
    assert ready.ask("reopen", "p", 0, "--reason", "x").ok().data["run"] is None
    assert ready.events("reopened") == []
    ready.ask("reopen", "p", 0, "--reason", " ").refused("usage")
    ready.ask("reopen", "p", 7, "--reason", "x").refused("unknown_phase")
    ready.ask("reopen", "p", 0).refused("usage")


def test_a_reopened_phase_cannot_be_done_by_an_older_event(ready: Project) -> None:
    """The row is pointed back at the done event before: every surface refuses it."""
    ready.ask("done", "p", 0).ok()
    with sqlite3.connect(ready.root / ".todo_manager" / "store.db") as db:
        mark = db.execute("SELECT mark_seq, mark_hash FROM phases WHERE idx = 0").fetchone()
    db.close()
    ready.ask("reopen", "p", 0, "--reason", "x").ok()
    edit_store(
        ready,
        f"UPDATE phases SET mark = 'done', mark_seq = {mark[0]}, mark_hash = '{mark[1]}' WHERE idx = 0",
    )
    for words in (["show", "p"], ["list"], ["next", "p"], ["done", "p", 1], ["audit"]):
        ready.ask(*words).refused("integrity")


def test_a_verify_does_not_bring_a_reopened_mark_back(ready: Project) -> None:
    ready.ask("done", "p", 0).ok()
    ready.ask("reopen", "p", 0, "--reason", "x").ok()
    ready.ask("verify", "p", 0).ok()
    assert ready.states("p")[0] == "ready"


def test_an_archived_plan_is_put_away_and_comes_back(ready: Project) -> None:
    ready.ask("done", "p", 0).ok()
    assert ready.ask("archive", "p").ok().data == {"plan": "p", "archived": True, "changed": True}
    assert ready.ask("list").data["plans"] == []
    assert ready.ask("list", "--all").data["plans"][0]["status"] == "archived"
    assert ready.states("p") == ["archived"] * 3
    assert ready.ask("next", "p").ok().data["reason"] == "it is archived"
    for words in (["done", "p", 1], ["done", "p", 0], ["claim", "p", 1], ["next", "p", "--claim"]):
        told = ready.ask(*words).refused("archived").error
        assert told["hint"] == "todo_manager archive p --undo"
    ready.ask("verify", "p", 0).ok()
    assert ready.ask("archive", "p").ok().data["changed"] is False
    ready.ask("archive", "p", "--undo").ok()
    assert ready.states("p") == ["done", "ready", "ready"]
    assert [e["event"] for e in ready.events() if "archived" in e["event"]] == [
        "archived", "unarchived",
    ]  # fmt: skip
    ready.ask("audit").ok()


def test_a_plan_whose_archive_row_was_edited_does_not_verify(ready: Project) -> None:
    ready.ask("archive", "p").ok()
    edit_store(ready, "UPDATE plans SET archived = NULL")
    assert "whether the plan p is archived" in ready.ask("audit").refused("integrity").out


def test_a_claim_is_shown_runs_out_and_gates_nothing(ready: Project) -> None:
    a, b = {"TODO_MANAGER_ACTOR": "ann"}, {"TODO_MANAGER_ACTOR": "bob"}
    claimed = ready.run("claim", "p", 0, "--for", "1h", env=a, json=True).ok().data
    assert (claimed["actor"], claimed["key"], claimed["state"]) == ("ann", "one", "ready")
    shown = ready.ask("show", "p").data["plan"]["phases"][0]["claim"]
    assert shown == {"actor": "ann", "until": claimed["until"]}
    told = ready.run("claim", "p", 0, env=b, json=True).refused("claimed").error
    assert "claimed by ann until" in told["message"]
    ready.run("claim", "p", 0, "--for", "3h", env=a, json=True).ok()
    ready.run("done", "p", 0, env=b, json=True).ok()
    assert ready.ask("show", "p").data["plan"]["phases"][0]["claim"] is None
    ready.run("claim", "p", 1, "--for", "0", env=a, json=True).ok()
    ready.run("claim", "p", 1, env=b, json=True).ok()
    ready.run("claim", "p", 1, "--for", "soon", env=a, json=True).refused("usage")


def test_release_gives_it_back_and_says_whose_it_was(ready: Project) -> None:
    ready.run("claim", "p", 0, env={"TODO_MANAGER_ACTOR": "ann"}).ok()
    assert ready.ask("release", "p", 0).ok().data["released"] == "ann"
    assert ready.ask("release", "p", 0).ok().data["released"] is None
    assert [e["data"] for e in ready.events("released")] == [{"claimed_by": "ann"}]
    ready.ask("release", "p", 9).refused("unknown_phase")


def test_next_claim_gives_each_worker_another_phase(ready: Project) -> None:
    first = ready.ask("next", "p", "--claim").ok().data
    second = ready.ask("next", "p", "--claim").ok().data
    third = ready.ask("next", "p", "--claim").ok().data
    assert [first["phase"], second["phase"], third["phase"]] == [0, 2, None]
    assert "no phase is both free" in ready.run("next", "p", "--claim").ok().out


def test_sixteen_workers_at_once_get_sixteen_phases(project: Project) -> None:
    project.plan(
        "p", "\n".join(f"- {{title: T{n}, needs: [], verify: [{{file: a}}]}}" for n in range(16))
    )
    running = [project.start("next", "p", "--claim", "--json") for _ in range(16)]
    outs = [process.communicate(timeout=60)[0] for process in running]
    assert all(process.returncode == 0 for process in running)
    assert len({out[out.index('"phase":') :].split(",")[0] for out in outs}) == 16


def test_a_claim_survives_new_texts(ready: Project, tmp_path: Path) -> None:
    ready.ask("claim", "p", 0).ok()
    ready.plan("p", TWO.replace("One", "Uno").replace("title: Uno", "title: Uno, key: one"))
    assert ready.ask("show", "p").data["plan"]["phases"][0]["claim"]["actor"] == "tester"


def test_a_store_of_the_version_before_is_read_and_brought_up(ready: Project) -> None:
    """As an older program left it: without the columns and tables of steps four to six."""
    ready.ask("done", "p", 0, "--actor", "another").ok()
    with sqlite3.connect(ready.root / ".todo_manager" / "store.db") as db:
        for name in ("ai", "ad", "au"):
            db.execute(f"DROP TRIGGER IF EXISTS plan_texts_{name}")
        for name in ("plan_texts_fts", "plan_texts", "proposals"):
            db.execute(f"DROP TABLE {name}")
        of_phases = ("parts", "tags", "claim_by", "claim_until")
        for name in (
            *of_phases,
            "steps",
            "undo",
            "preflight",
            "step_text",
            "step_digest",
            "mark_rests",
        ):
            db.execute(f"ALTER TABLE phases DROP COLUMN {name}")
        db.execute("DROP INDEX plans_closed_until")
        for name in ("tags", "archived", "closed_until"):
            db.execute(f"ALTER TABLE plans DROP COLUMN {name}")
        db.execute("DELETE FROM _sqlite_migrations WHERE name > 'm004'")
        db.execute("PRAGMA user_version = 3")
    db.close()
    assert ready.states("p") == ["done", "ready", "ready"]
    ready.ask("audit").ok()
    ready.ask("claim", "p", 1).ok()
