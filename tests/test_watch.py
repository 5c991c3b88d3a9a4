"""`verify --all`, `watch` and its hook, and the road back that a refused phase names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from clocks import DAY, clocked
from support import Project

ONE = "- {title: One, verify: [{name: ready, file: a}]}"


@pytest.fixture
def three(project: Project) -> Project:
    """Three plans that are done."""
    project.write("a", "a")
    for name in ("p", "q", "r"):
        project.plan(name, ONE)
        project.ask("done", name, 0).ok()
    return project


def test_verify_all_renews_and_regresses(three: Project) -> None:
    three.plan("new", "- {title: Text alone}\n- {title: Open, needs: [], verify: [{file: a}]}")
    three.plan("away", "- {title: One, verify: [{file: gone}]}")
    three.ask("archive", "away").ok()
    found = three.ask("verify", "--all").ok().data["plans"]
    assert [entry["plan"] for entry in found] == ["new", "r", "q", "p"]
    assert [row["verdict"] for row in found[0]["phases"]] == ["no checks", "passed"]
    assert len(three.events("renewed")) == 3
    assert "4 plans: 4 phases with checks, and all of them pass" in three.run("verify", "--all").out
    (three.root / "a").unlink()
    found = three.ask("verify", "--all").refused("check_failed").data["plans"]
    assert [entry["phases"][-1]["verdict"] for entry in found] == ["failed"] * 4
    assert [three.states(name) for name in "pqr"] == [["regressed"]] * 3


def test_verify_all_by_verdicts_and_what_cannot_be_begun_is_an_error(three: Project) -> None:
    three.plan("s", "- {title: One, verify: [{command: [no-such-program]}]}")
    three.ask("verify", "--all").refused("check_error")
    three.plan("t", '- {title: One, verify: [{file: "${F}"}]}', head="inputs: [F]\n")
    found = three.ask("verify", "--all").refused("check_error").data["plans"]
    errors = {entry["plan"]: (entry["error"] or {}).get("kind") for entry in found}
    assert errors == {"t": "input_missing", "s": None, "r": None, "q": None, "p": None}
    (three.root / "a").unlink()
    three.ask("verify", "--all").refused("check_failed")
    for words in (["p", "--all"], ["--all", "--var", "A=b"], ["--all", "--format", "tap"], []):
        assert three.run("verify", *words).exit == 2


def test_verify_all_of_nothing_is_no_pass(project: Project) -> None:
    project.ask("init", "--bare").ok()
    project.ask("verify", "--all").refused("no_checks")
    project.plan("p", "- {title: Text alone}")
    project.ask("verify", "--all").refused("no_checks")


def test_watch_once_tells_what_changed_and_marks_nothing(three: Project) -> None:
    three.plan("open", ONE)
    found = three.ask("watch", "--once").ok().data
    assert found == {"looked": 3, "changes": []}
    (three.root / "a").unlink()
    ran = three.ask("watch", "p", "q", "--once").refused("check_failed")
    assert [(c["plan"], c["was"], c["state"]) for c in ran.data["changes"]] == [
        ("p", "done", "regressed"), ("q", "done", "regressed"),
    ]  # fmt: skip
    assert three.states("r") == ["done"]
    three.write("a", "a")
    ran = three.run("watch", "--once")
    assert "p 0 (one): regressed → ✔ done" in ran.ok().out
    assert "phases looked at\n" in ran.err, "no next look is announced where there is none"
    assert three.states("open") == ["ready"]


def test_watch_once_is_an_error_where_it_could_not_look(project: Project) -> None:
    project.write("code", "0")
    project.write("ok.sh", "#!/bin/sh\nexit $(cat code)\n")
    project.plan("p", "- {title: One, verify: [{script: ok.sh}]}")
    project.ask("done", "p", 0).ok()
    project.write("code", "7")
    project.ask("watch", "--once").refused("check_error")
    assert project.states("p") == ["done"]


def test_the_hook_gets_the_change_and_leaves_nothing_behind(three: Project) -> None:
    three.write(
        "tell.sh",
        """\
        #!/bin/sh
        cat > told.json
        echo "$1 $TODO_MANAGER_PLAN $TODO_MANAGER_PHASE $TODO_MANAGER_KEY $TODO_MANAGER_WAS" > told.txt
        echo "$TODO_MANAGER_STATE" >> told.txt
        sleep 1000 &
        echo $! > pid
        """,
        mode=0o755,
    )
    three.write("todo_manager.yaml", "watch: {every: 1h, hook: [./tell.sh, ops team]}\n")
    (three.root / "a").unlink()
    ran = three.run("watch", "p", "--once")
    assert ran.exit == 1, ran
    told = json.loads((three.root / "told.json").read_text())
    assert {name: told[name] for name in ("event", "plan", "phase", "was", "state")} == {
        "event": "change", "plan": "p", "phase": 0, "was": "done", "state": "regressed",
    }  # fmt: skip
    assert (three.root / "told.txt").read_text() == "ops team p 0 one done\nregressed\n"
    assert not Path(f"/proc/{(three.root / 'pid').read_text().strip()}").exists()


@pytest.mark.parametrize(
    ("hook", "told"),
    [("false", "exited 1"), ("./nothing", "exited 127"), ("sh -c 'kill $$'", "signal")],
)
def test_a_hook_that_fails_is_told_and_changes_nothing(
    three: Project, hook: str, told: str
) -> None:
    (three.root / "a").unlink()
    ran = three.run("watch", "p", "--once", "--hook", hook)
    assert ran.exit == 1, ran
    assert told in ran.err, ran
    assert three.states("p") == ["regressed"]


@pytest.mark.parametrize(
    "words", [["--hook", ""], ["--hook", "'"], ["--every", "soon"], ["--every", "0"], ["nothing"]]
)
def test_what_watch_does_not_take(three: Project, words: list[str]) -> None:
    assert three.run("watch", "--once", *words).exit == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("watch: {hook: []}\n", "an empty list"),
        ("watch: {often: 1s}\n", "unknown setting"),
        ("watch: {every: 0s}\n", "longer than 0"),
        ("watch: 10m\n", "expected a mapping of every, hook"),
    ],
)
def test_settings_of_watch_are_read_strictly(three: Project, text: str, told: str) -> None:
    three.write("todo_manager.yaml", text)
    assert told in three.ask("watch", "--once").refused("invalid_document").error["message"]


def lines(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    """The next line of this event that a watch prints."""
    assert process.stdout is not None
    for line in process.stdout:
        found: dict[str, Any] = json.loads(line)
        if found["event"] == event:
            return found
    raise AssertionError(f"no {event}")


def test_a_watch_goes_on_until_it_is_interrupted(three: Project) -> None:
    # Where tests run in the background of a shell, SIGINT is ignored, and would be by the watch too.
    listening = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    watch = three.start("watch", "p", "--every", "1s", "--events", preexec_fn=listening)
    try:
        lines(watch, "rested")
        (three.root / "a").unlink()
        assert lines(watch, "change")["state"] == "regressed"
        three.write("a", "a")
        assert lines(watch, "change")["state"] == "done"
        three.ask("reopen", "p", 0, "--reason", "x").ok()
        assert lines(watch, "change")["state"] == "ready"
        os.kill(watch.pid, signal.SIGINT)
        assert lines(watch, "result")["error"]["kind"] == "interrupted"
        assert watch.wait(30) == 130
    finally:
        watch.kill()
        watch.communicate()
    three.ask("audit").ok()


def test_a_watch_looks_when_a_proof_runs_out(project: Project) -> None:
    """Not before, with an hour between two looks: stale, looked at, done."""
    project.write("a", "a")
    project.plan("p", "- {title: One, verify: [{file: a, valid_for: 10s}]}")
    watch = project.start("watch", "p", "--every", "1h", "--events")
    try:
        lines(watch, "rested")
        project.ask("done", "p", 0).ok()
        assert lines(watch, "change")["state"] == "done"
        assert lines(watch, "change")["state"] == "stale"
        assert lines(watch, "looked")["verdict"] == "passed"
        assert lines(watch, "change")["state"] == "done"
    finally:
        watch.kill()
        watch.communicate()
    assert len(project.events("renewed")) >= 1


def test_a_broken_store_ends_a_watch(three: Project) -> None:
    import sqlite3

    with sqlite3.connect(three.root / ".todo_manager" / "store.db") as db:
        db.execute("UPDATE phases SET mark = 'open' WHERE plan = 'p'")
    db.close()
    three.ask("watch", "--once").refused("integrity")
    three.ask("verify", "--all").refused("integrity")


def test_the_road_back_is_named(project: Project) -> None:
    project.write("a", "a")
    term = "{file: a, valid_for: 1d}"
    project.plan(
        "p",
        f"- {{title: One, verify: [{term}]}}\n- {{title: Two, verify: [{{file: a}}]}}\n"
        "- {title: Side, needs: [], verify: [{file: a}]}\n"
        "- {title: Last, needs: [two, side], verify: [{file: a}]}",
    )
    for k in range(4):
        project.ask("done", "p", k).ok()
    late = clocked(project, 2 * DAY)
    assert late.states("p") == ["stale", "stale", "done", "stale"]
    told = late.ask("done", "p", 3).refused("needs_not_done").error
    assert (
        "needs phase 1 (two), which is stale: it needs phase 0, which is stale" in told["message"]
    )
    assert told["hint"] == (
        "todo_manager show p, then: todo_manager done p 0, then: todo_manager done p 1"
    )
    late.ask("done", "p", 0).ok()
    assert late.states("p") == ["done"] * 4
