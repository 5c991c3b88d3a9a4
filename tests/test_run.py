"""`run` and `exec`: what is executed, what stops it, what is kept, and that the gate still decides."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from crash import wait_until_gone
from forked import Forked
from gated import WAITS, edit, while_it_runs
from support import Project, Ran
from test_signals import wait_for


@pytest.fixture
def project(project: Project) -> Forked:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


def steps(*texts: str, verify: str = "[{file: proof}]", more: str = "", key: str = "t") -> str:
    """A phase with shell steps."""
    lines = "".join(f"\n    - run: |\n        {text}" for text in texts)
    return f"- key: {key}\n  title: T\n  steps:{lines}\n  verify: {verify}\n{more}"


PROVE = "echo proven > proof"


def test_a_phase_is_executed_and_done_by_its_checks(project: Forked) -> None:
    project.plan("p", steps(PROVE, "cat proof; echo told >&2"))
    found = project.ask("run", "p", 0).ok().data["phases"][0]
    assert (found["state"], found["already"]) == ("done", False)
    assert [(row["id"], row["verdict"]) for row in found["steps"]] == [
        ("s1", "passed"), ("s2", "passed"),
    ]  # fmt: skip
    assert [row["verdict"] for row in found["checks"]] == ["passed"]
    ran, done = project.events("ran")[0], project.events("done")[0]
    assert (ran["seq"], done["seq"]) == (found["ran"], found["run"])
    assert ran["data"]["digest"] == found["step_digest"]
    assert ran["data"]["steps"][1]["facts"]["exit"] == 0
    kept = project.ask("log", "--run", found["ran"]).ok().data["outputs"]
    assert sorted(kept.values()) == ["proven\n", "told\n"]
    project.ask("audit").ok()


def test_what_a_step_writes_is_told_while_it_runs(project: Forked) -> None:
    """Both lines are told before the step may go on to its end."""
    project.plan(
        "p", steps("echo first\n        echo second >&2\n        echo > started; read -r _ < go")
    )
    for name in ("started", "go"):
        os.mkfifo(project.root / name)
    process = project.start("run", "p", 0)
    try:
        (project.root / "started").read_text()
        told = ""
        assert process.stderr is not None
        while not ("    | first\n" in told and "    | second\n" in told):
            line = process.stderr.readline()
            assert line, told
            told += line
        (project.root / "go").write_text("on\n")
        process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()


def test_the_whole_block_is_one_bash(project: Forked) -> None:
    """Heredocs, continuations, functions, exports and `cd` hold until its end."""
    block = """\
        export WORD=one
        cd sub
        cat > ../proof <<'END'
        $not a name
        END
        say() { echo "$WORD" \\
          two; }
        say >> ../proof"""
    (project.root / "sub").mkdir()
    project.plan("p", steps(block.strip()))
    project.ask("run", "p", 0).ok()
    assert (project.root / "proof").read_text() == "$not a name\none two\n"


FAILING = {
    "exit": "exit 3",
    "in the middle": "false; echo after > after",
    "in a pipe": "false | cat; echo after > after",
    "an unset name": 'echo "$nobody"; echo after > after',
    "a line of many": "echo a\n        no() { return 4; }\n        no\n        echo after > after",
}


@pytest.mark.parametrize("how", FAILING)
def test_a_step_that_fails_stops_its_phase(project: Forked, how: str) -> None:
    project.plan("p", steps(FAILING[how], "echo next > after", verify="[{file: here}]"))
    ran = project.ask("run", "p", 0).refused("step_failed")
    (row,) = ran.data["phases"][0]["steps"]
    assert row["verdict"] == "failed"
    assert "exited" in row["actual"]
    assert not (project.root / "after").exists()
    assert ran.data["phases"][0]["state"] == "failed", "the checks were asked all the same"
    assert len(project.events("ran")) == len(project.events("refused")) == 1


ERRORS = {
    "no such program": ("no-such-program-here", "could not be started"),
    "killed": ("kill -9 $$", "killed by signal 9"),
    "too long": ("sleep 100", "still running after 0.5s"),
}


@pytest.mark.parametrize("how", ERRORS)
def test_a_step_of_which_nobody_knows(project: Forked, how: str) -> None:
    text, message = ERRORS[how]
    phase = steps(text).replace("  verify:", "      timeout: 500ms\n  verify:")
    project.write("proof", "x")
    project.plan("p", phase)
    ran = project.ask("run", "p", 0).refused("step_error")
    assert message in ran.error["message"]


def test_a_check_that_fails_is_told_before_a_step_of_which_nobody_knows(project: Forked) -> None:
    project.plan("p", steps("no-such-program-here"))
    project.ask("run", "p", 0).refused("check_failed")


def test_the_checks_decide_after_a_step_that_failed(project: Forked) -> None:
    """The phase is done, for it is so; the exit code says that the step failed, and nothing goes on."""
    project.plan("p", steps(PROVE, "exit 1") + steps("echo x > second", key="u"))
    ran = project.ask("run", "p").refused("step_failed")
    assert "by its checks the phase is done" in ran.error["message"]
    assert project.states("p") == ["done", "ready"]
    assert not (project.root / "second").exists()


def test_steps_that_succeed_prove_nothing(project: Forked) -> None:
    project.plan("p", steps("echo all is well"))
    project.ask("run", "p", 0).refused("check_failed")
    assert project.states("p") == ["failed"]


def test_all_phases_from_the_next_on_until_one_is_not_done(project: Forked) -> None:
    one = steps(PROVE, key="one")
    two = steps("echo two > two", verify="[{file: two}]", key="two")
    three = steps("echo three > three", verify="[{file: nothing}]", key="three")
    four = steps("echo four > four", key="four")
    project.plan("p", one + two + three + four)
    project.ask("run", "p", 0).ok()
    found = project.ask("run", "p").refused("check_failed").data["phases"]
    assert [row["phase"] for row in found] == [1, 2]
    assert project.states("p") == ["done", "done", "failed", "blocked"]
    assert not (project.root / "four").exists()


def test_a_phase_that_is_done_is_left_alone(project: Forked) -> None:
    project.plan("p", steps("echo again >> proof"))
    project.ask("run", "p", 0).ok()
    assert project.ask("run", "p", 0).ok().data["phases"][0]["already"] is True
    assert project.ask("run", "p").ok().data["phases"] == []
    assert (project.root / "proof").read_text() == "again\n"


def test_out_of_order_nothing_is_executed(project: Forked) -> None:
    project.plan("p", steps("false") + steps(PROVE, key="u"))
    project.ask("run", "p", 1).refused("needs_not_done")
    project.ask("exec", "p", 1, "--run").refused("needs_not_done")
    assert not (project.root / "proof").exists()


def test_without_a_check_nothing_is_executed(project: Forked) -> None:
    """`exec` executes it: it never says that anything is done."""
    project.plan("p", steps(PROVE, verify="[]"))
    project.ask("run", "p", 0).refused("no_checks")
    assert not (project.root / "proof").exists()
    project.ask("exec", "p", 0, "--run").ok()
    assert (project.root / "proof").exists()
    assert project.states("p") == ["blocked"]


def test_a_phase_without_steps_is_only_asked(project: Forked) -> None:
    project.write("proof", "x")
    project.plan("p", "- {title: T, verify: [{file: proof}]}")
    assert project.ask("run", "p", 0).ok().data["phases"][0]["steps"] == []
    assert not project.events("ran")


# What is trusted


def test_steps_that_differ_from_what_was_accepted(project: Forked) -> None:
    file = project.plan("p", steps(PROVE))
    edit(file, PROVE, "echo planted > proof")
    for words in (("run", "p", 0), ("exec", "p", 0, "--run"), ("run", "p")):
        assert project.ask(*words).refused("source_changed").error["person"] is True
    assert not (project.root / "proof").exists()
    assert {event["event"] for event in project.events()} == {"imported", "refused"}


def test_steps_that_were_added_are_not_executed(project: Forked) -> None:
    """Also where the accepted phase has none."""
    project.write("proof", "x")
    file = project.plan("p", "- {title: T, verify: [{file: proof}]}")
    edit(file, "verify:", "steps: [{run: echo planted > planted}], verify:")
    project.ask("run", "p", 0).refused("source_changed")
    assert not (project.root / "planted").exists()


def test_other_texts_are_taken_over_and_the_steps_executed(project: Forked) -> None:
    file = project.plan("p", steps(PROVE))
    edit(file, "title: T\n", "title: Another\n")
    project.ask("run", "p", 0).ok()
    assert project.ask("show", "p").data["plan"]["phases"][0]["title"] == "Another"


def test_a_document_that_is_gone_or_broken(project: Forked) -> None:
    file = project.plan("p", steps(PROVE))
    text = file.read_text()
    file.write_text(text + "nonsense: 1\n")
    project.ask("run", "p", 0).refused("source_changed")
    file.unlink()
    project.ask("run", "p", 0).ok()


def test_only_what_was_looked_at_is_executed(project: Forked) -> None:
    project.plan("p", steps(PROVE))
    shown = project.ask("exec", "p", 0).ok().data
    assert not (project.root / "proof").exists(), "showing executes nothing"
    assert shown["steps"][0]["step"]["run"] == f"{PROVE}\n"
    other = "0" * 64
    for words in (("--only", other), ("--run", "--only", other), ("--run", "--only", "0")):
        ran = project.ask("exec", "p", 0, *words).refused("definition_changed")
        assert shown["step_digest"] in ran.error["message"]
    assert not (project.root / "proof").exists()
    found = project.ask("exec", "p", 0, "--run", "--only", shown["step_digest"]).ok().data
    assert [row["verdict"] for row in found["steps"]] == ["passed"]
    assert project.states("p") == ["ready"], "exec marks nothing"


def test_the_shown_block_ends_with_the_command_that_executes_it(project: Forked) -> None:
    project.plan("p", steps(PROVE))
    said = project.run("exec", "p", 0).ok().out
    assert f"| {PROVE}" in said
    command = said.rstrip().rsplit("todo_manager ", 1)[1]
    project.run(*command.split()).ok()
    assert (project.root / "proof").exists()


def test_one_part(project: Forked) -> None:
    parts = """\
  parts:
    - {title: A, verify: [{file: a}], steps: [{run: echo > a}]}
    - {title: B, verify: [{file: b}], steps: [{run: echo b > b}]}
"""
    project.plan("p", steps(PROVE, more=parts))
    assert [r["id"] for r in project.ask("exec", "p", "0.2").ok().data["steps"]] == ["2.s1"]
    project.ask("exec", "p", "0.2", "--run").ok()
    assert not (project.root / "proof").exists()
    assert (project.root / "b").exists()
    project.ask("exec", "p", "0.3").refused("unknown_phase")
    project.ask("exec", "p", "0.3", "--run").refused("unknown_phase")
    assert project.ask("exec", "p", 0).data["step_digest"] == project.ask("exec", "p", "0.1").data["step_digest"]  # fmt: skip


def test_nothing_to_execute(project: Forked) -> None:
    project.plan("p", "- {title: T, verify: [{file: a}]}")
    for words in (("exec", "p", 0), ("exec", "p", 0, "--run"), ("run", "p", 0, "--undo")):
        assert "to execute" in project.ask(*words).refused("usage").error["message"]


# Names


NAMED = """\
- title: T
  steps:
    - run: 'printf "%s %s %s\\n" "$DATE" "$word" "$TOKEN" > proof; echo "the token is $TOKEN"'
    - for_each: {a: [x, y]}
      run: 'echo "$ITEM" >> items'
      env: {ITEM: "${a}-${DATE}"}
  verify: [{file: "proof", contains: hello}, {command: 'test "$DATE" = 1'}]
"""
NAMES = "inputs: [DATE, OTHER]\nsecrets: [TOKEN]\nvars: {word: hello}\n"


def test_names_are_handed_over_and_secrets_kept_out(project: Forked) -> None:
    project.plan("p", NAMED, head=NAMES)
    ran = project.run("run", "p", 0, env={"DATE": "1", "TOKEN": "hush-hush"}).ok()
    assert (project.root / "proof").read_text() == "1 hello hush-hush\n"
    assert (project.root / "items").read_text() == "x-1\ny-1\n"
    assert "the token is •••" in ran.err
    assert "hush" not in ran.out + ran.err
    assert b"hush" not in project.store_bytes()
    assert "the token is •••" in project.run("log", "--run", 2).out


def test_an_input_or_secret_without_a_value(project: Forked) -> None:
    project.plan("p", NAMED, head=NAMES)
    assert "DATE" in project.ask("run", "p", 0).refused("input_missing").error["message"]
    ran = project.ask("run", "p", 0, env={"DATE": "1"}).refused("input_missing")
    assert "TOKEN" in ran.error["message"]
    assert not (project.root / "proof").exists()
    assert not project.events("ran")


def test_the_gate_takes_the_inputs_for_what_the_steps_took_them_for(project: Forked) -> None:
    """A step that writes another value into the env file does not move what is checked."""
    project.write(".env", "DATE=1\nTOKEN=x\n")
    phase = NAMED.replace("> proof;", "> proof; echo DATE=2 > .env;")
    project.plan("p", phase, head=NAMES)
    assert project.ask("run", "p", 0).ok().data["phases"][0]["inputs"] == {"DATE": "1"}


def test_a_claim_against_a_bound_input(project: Forked) -> None:
    project.plan("p", NAMED, head=NAMES)
    project.run("set", "p", "DATE=1").ok()
    env = {"TOKEN": "x"}
    project.ask("run", "p", 0, "--var", "DATE=2", env=env).refused("inputs_changed")
    assert not (project.root / "proof").exists()
    project.ask("run", "p", 0, "--var", "DATE=1", env=env).ok()


# Undo


def test_undo_takes_a_phase_back_and_its_mark(project: Forked) -> None:
    project.plan("p", steps(PROVE, more="  undo: [{run: rm proof}]\n"))
    project.ask("run", "p", 0).ok()
    found = project.ask("run", "p", 0, "--undo").ok().data["phases"][0]
    assert (found["undo"], found["state"]) == (True, "ready")
    assert not (project.root / "proof").exists()
    assert project.states("p") == ["ready"]
    assert project.events("reopened")[0]["data"]["reason"] == "its undo was executed"
    project.ask("audit").ok()
    project.ask("run", "p", 0).ok()


def test_an_undo_that_failed_leaves_no_mark_either(project: Forked) -> None:
    project.plan("p", steps(PROVE, more="  undo: [{run: exit 1}]\n"))
    project.ask("run", "p", 0).ok()
    project.ask("run", "p", 0, "--undo").refused("step_failed")
    assert project.states("p") == ["ready"]


def test_undo_is_of_one_phase(project: Forked) -> None:
    project.plan("p", steps(PROVE, more="  undo: [{run: rm proof}]\n"))
    project.ask("run", "p", "--undo").refused("usage")


# One at a time, and interrupts


def test_a_phase_is_held_while_it_is_executed(project: Forked) -> None:
    wait = "echo > started; read -r _ < go; echo x > proof"
    assert "started" in WAITS
    project.plan("p", steps(wait))
    with while_it_runs(project, "run", "p", 0) as ended:
        assert project.states("p") == ["running"]
        for words in (("run", "p", 0), ("done", "p", 0), ("exec", "p", 0, "--run")):
            project.ask(*words).refused("busy")
    ended[0].ok()
    assert len(project.events("ran")) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("verb", ["run", "exec"])
def test_a_signal_ends_the_step_and_records_nothing(
    project: Forked, tmp_path: Path, verb: str, number: signal.Signals
) -> None:
    project.env["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    slow = "setsid sleep 31.4159 & touch started; exec sleep 31.4159"
    project.plan("p", steps("echo one > one", slow, "touch after"))
    before = project.events()
    process = project.start(verb, "p", 0, "--json", *(["--run"] if verb == "exec" else []))
    wait_for(project.root / "started")
    os.kill(process.pid, number)
    began = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    Ran(process.returncode, out, err).refused("interrupted")
    wait_until_gone(project)
    assert project.events() == before
    assert not (project.root / "after").exists()
    assert project.states("p") == ["ready"]
    project.ask("audit").ok()


@pytest.mark.parametrize("moment", ["transaction-begun", "ledger-appended", "before-commit"])
def test_a_crash_while_it_is_recorded(project: Forked, moment: str) -> None:
    """What was executed is recorded whole or not at all, and the phase is free again."""
    project.plan("p", steps(PROVE))
    process = project.start("exec", "p", 0, "--run", env={"TODO_MANAGER_CRASH_AT": moment})
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert (project.root / "proof").exists()
    assert not project.events("ran")
    project.ask("audit").ok()
    project.ask("run", "p", 0).ok()


def test_the_output_of_steps_is_audited(project: Forked) -> None:
    project.plan("p", steps("echo evidence", PROVE))
    project.ask("run", "p", 0).ok()
    assert project.ask("audit").ok().data["outputs"] == 1
    db = sqlite3.connect(project.root / ".todo_manager" / "store.db")
    with db:
        db.execute("DELETE FROM outputs")
    db.close()
    project.ask("audit").refused("integrity")
