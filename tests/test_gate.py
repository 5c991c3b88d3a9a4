"""The contract of the gate: verdicts, exit codes, and which of them wins."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from forked import Forked
from gated import WAITS, new_project, while_it_runs
from support import EXITS, Project, Ran

from todo_manager import errors
from todo_manager.errors import Kind, TodoError


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


# The closed set of kinds


def test_every_kind_has_its_exit_code_and_no_other_kind_exists():
    assert {str(kind) for kind in Kind} == set(EXITS)


def test_every_error_class_ends_with_the_exit_of_its_kind():
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, TodoError)]
    assert len(classes) >= 11
    for each in classes:
        assert each.exit == EXITS[str(each.default_kind)], each


# Verdicts

CHECKS = {
    # name: (check, verdict, what is said)
    "exits 0": ("{command: [test, -e, there]}", "passed", ""),
    "exits as expected": ('{command: "exit 3", exit: [2, 3]}', "passed", ""),
    "a file": ("{file: there}", "passed", ""),
    "exit 0 of a script": ("{script: checks/zero.sh}", "passed", ""),
    "exits 1": ("{command: [test, -e, absent]}", "failed", "exited 1"),
    "exits 0, not as expected": ("{command: [test, -e, there], exit: 1}", "failed", "exited 0"),
    "255 of a program that is not ssh": ('{command: "exit 255"}', "failed", "exited 255"),
    "no file": ("{file: absent}", "failed", "does not exist"),
    "exit 1 of a script": ("{script: checks/one.sh}", "failed", "exited 1"),
    "tcp refused": ('{tcp: "127.0.0.1:{closed}"}', "failed", "refused"),
    "http refused": ('{http: "http://127.0.0.1:{closed}/"}', "failed", "refused"),
    "no such program": ("{command: [no-such-program]}", "error", "no-such-program"),
    "not executable": ("{command: [./there]}", "error", "needs ./there"),
    "127 in shell text": ('{command: "no_such_program_at_all"}', "error", "exited 127"),
    "126 in shell text": ('{command: "./there"}', "error", "exited 126"),
    "killed by a signal": ('{command: "kill -KILL $$"}', "error", "signal 9"),
    "ended by a signal": ('{command: "kill -TERM $$; test -d /"}', "error", "signal 15"),
    "its terminal hung up": ('{command: "kill -HUP $$; test -d /"}', "error", "signal 1"),
    "interrupted": ('{command: "kill -INT $$; test -d /"}', "error", "signal 2"),
    "broken pipe": ('{command: "kill -PIPE $$; test -d /"}', "error", "signal 13"),
    "past its timeout": ('{command: "echo > /dev/null; exec sleep 60", timeout: 200ms}', "error", "0.2s"),
    "no exec format": ("{command: [./binary], pins: binary}", "error", "did not run"),
    "no such user": ("{command: [ls], user: nobody-of-that-name}", "error", "nobody-of-that-name"),
    "no such folder": ("{command: [ls], cwd: nowhere}", "error", "nowhere"),
    "ssh exits 255": ("{command: [./ssh], pins: ssh}", "error", "ssh exited 255"),
    "exit 2 of a script": ("{script: checks/two.sh}", "error", "exited 2"),
    "facts that are none": ("{script: checks/facts.sh}", "error", "facts"),
}  # fmt: skip


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[str, dict]:
    """What one `verify` of a plan with one phase for each check says, by name."""
    project = new_project(tmp_path_factory.mktemp("verdicts"))
    project.write("there", "there")
    project.write("binary", "\x00\x01\x02", mode=0o755)
    project.write("ssh", "#!/bin/sh\nexit 255\n", mode=0o755)
    for name, text in {
        "zero": "exit 0",
        "one": "exit 1",
        "two": "exit 2",
        "facts": 'echo "not json" > "$TODO_MANAGER_FACTS"',
    }.items():
        project.write(f"checks/{name}.sh", text + "\n")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = str(closed.getsockname()[1])
        phases = [
            f"- title: {n}\n  key: k{n}\n  needs: []\n  verify: [{check.replace('{closed}', port)}]"
            for n, (check, _, _) in enumerate(CHECKS.values())
        ]
        project.plan("p", "\n".join(phases))
        found = project.ask("verify", "p").refused("check_failed").data["phases"]
    assert len(found) == len(CHECKS)
    return dict(zip(CHECKS, found))


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_has_the_verdict_the_contract_gives_it(verdicts, name):
    _, verdict, said = CHECKS[name]
    (row,) = verdicts[name]["checks"]
    assert row["verdict"] == verdict, row
    assert said in row["actual"] + row["message"], row
    assert row["expected"]
    assert verdicts[name]["counts"] == {"passed": 0, "failed": 0, "error": 0, "waived": 0} | {
        verdict: 1
    }
    assert verdicts[name]["does_not_count"] is None


# What wins

PASS, FAIL, ERR = "{file: there}", "{file: absent}", "{command: [no-such-program]}"
CHANGE = '{command: "echo >> pinned", pins: pinned}'

AFTER = {
    "all pass": ((PASS, PASS), None),
    "one fails": ((PASS, FAIL), "check_failed"),
    "one cannot be evaluated": ((PASS, ERR), "check_error"),
    "failed before error": ((ERR, FAIL), "check_failed"),
    "failed before untrusted": ((CHANGE, FAIL), "check_failed"),
    "error before untrusted": ((CHANGE, ERR), "check_error"),
    "untrusted though all pass": ((CHANGE, PASS), "definition_changed"),
    "one that is not required fails": ((PASS, "{file: absent, required: false}"), None),
    "one that is not required breaks": (
        (PASS, "{command: [no-such-program], required: false}"),
        None,
    ),
    "all that pass are not required": (("{file: there, required: false}", FAIL), "check_failed"),
}


def test_after_the_run_failed_wins_over_error_and_error_over_untrusted(project):
    project.write("there", "there")
    project.write("pinned", "pinned\n")
    phases = [
        f"- title: {n}\n  key: k{n}\n  needs: []\n  verify: [{', '.join(checks)}]"
        for n, (checks, _) in enumerate(AFTER.values())
    ]
    project.plan("p", "\n".join(phases))
    for index, (name, (_, kind)) in enumerate(AFTER.items()):
        project.write("pinned", "pinned\n")
        ran = project.ask("done", "p", index)
        assert (ran.error["kind"] if ran.exit else None) == kind, (name, ran)
        assert ran.exit == (EXITS[kind] if kind else 0)
        assert ran.data["run"] == project.events()[-1]["seq"], name
        assert ran.data["state"] == {
            None: "done",
            "check_failed": "failed",
            "check_error": "errored",
        }.get(kind, "ready"), (name, ran)
    done = [n for n, (_, kind) in enumerate(AFTER.values()) if kind is None]
    project.write("pinned", "pinned\n")
    assert [n for n, state in enumerate(project.states("p")) if state == "done"] == done


BEFORE = """
- title: Zero
  verify: [{file: absent}]
- title: One
  verify: [{command: "test -n \\"$X\\""}]
- title: Two
  needs: []
  verify: [{file: there, pins: there}, WAITS]
""".replace("WAITS", WAITS)


@pytest.mark.parametrize(
    ("spoil", "words", "kind"),
    [
        (["HEAD"], ("done", "nothing", 0), "unknown_plan"),
        (["HEAD", "source"], ("done", "p", 9), "unknown_phase"),
        (["HEAD"], ("done", "p", 0, "--var", "broken"), "usage"),
        (["store.db", "HEAD"], ("done", "p", 0), "store_missing"),
        (["HEAD", "source"], ("done", "p", 1, "--var", "X=1"), "integrity"),
        (["source"], ("done", "p", 1), "input_missing"),
        ([], ("done", "p", 1), "input_missing"),
        ([], ("done", "p", 1, "--var", "Y=1"), "usage"),
        (["source"], ("done", "p", 1, "--var", "X=1"), "source_changed"),
        ([], ("done", "p", 1, "--var", "X=1"), "needs_not_done"),
        (["set"], ("done", "p", 1, "--var", "X=2"), "inputs_changed"),
    ],
)
def test_before_the_run_the_first_of_the_table_wins(project, spoil, words, kind):
    project.write("there", "there")
    project.plan("p", BEFORE, head="inputs: [X]\n")
    for each in spoil:
        if each == "source":
            file = project.root / "plans/p.yaml"
            file.write_text(file.read_text().replace("{command: ", "{timeout: 9s, command: "))
        elif each == "set":
            project.run("set", "p", "X=1").ok()
        else:
            (project.root / ".todo_manager" / each).unlink()
    project.ask(*words).refused(kind)


def test_a_held_phase_is_busy_unless_something_stronger_refuses(project):
    project.write("there", "there")
    project.plan(
        "p",
        f"- title: Zero\n  verify: [{{file: absent}}]\n"
        f"- title: One\n  verify: [{{file: there, pins: there}}, {WAITS}]\n"
        f"- title: Two\n  needs: []\n  verify: [{{file: there}}]\n",
    )
    with while_it_runs(project, "verify", "p", 1) as ended:
        assert project.states("p") == ["ready", "running", "ready"]
        project.ask("verify", "p", 1).refused("busy")
        project.ask("done", "p", 1).refused("needs_not_done")
        project.write("there", "other")
        project.ask("done", "p", 1).refused("definition_changed")
        project.ask("done", "p", 2).ok()
    assert ended[0].ok().data["phases"][0]["verdict"] == "passed"


def test_busy_says_how_to_wait_and_waiting_ends_in_already(project):
    project.plan("p", f"- title: One\n  verify: [{WAITS}]")
    with while_it_runs(project, "done", "p", 0) as ended:
        refused = project.ask("done", "p", 0).refused("busy")
        assert "--wait" in refused.error["hint"]
        waiting = project.start("done", "p", 0, "--wait", "60s", "--json")
    ended[0].ok()
    out, err = waiting.communicate(timeout=60)
    second = Ran(waiting.returncode, out, err).ok().data
    assert (second["already"], second["state"]) == (True, "done")
    assert len(project.events("done")) == 1


def test_what_is_accepted_while_a_phase_runs_is_not_done_by_that_run(project):
    plan = project.plan("p", f"- title: One\n  verify: [{WAITS}]")
    with while_it_runs(project, "done", "p", 0) as ended:
        plan.write_text(plan.read_text().replace("verify: [", "verify: [{file: absent}, "))
        project.person("accept", "p").ok()
    ended[0].refused("definition_changed")
    assert project.states("p") == ["ready"]
    assert not project.events("done")


def test_a_need_that_regresses_while_a_phase_runs_keeps_it_open(project):
    project.write("there", "there")
    project.plan(
        "p", f"- title: Zero\n  verify: [{{file: there}}]\n- title: One\n  verify: [{WAITS}]"
    )
    project.ask("done", "p", 0).ok()
    with while_it_runs(project, "done", "p", 1) as ended:
        project.write("there", "")
        project.ask("verify", "p", 0).refused("check_failed")
    ended[0].refused("needs_not_done")
    assert ended[0].data["counts"]["passed"] == 1
    assert project.states("p") == ["regressed", "blocked"]
