"""The contract of the gate: verdicts, states, exit codes and which of them wins."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from forked import Forked
from support import EXITS, Project, Ran

from todo_manager import errors
from todo_manager.errors import Kind, TodoError


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


WAITS = '{command: "echo > started && read -r _ < go"}'
"""A check that says when it runs (in the pipe `started`) and ends when told to (in the pipe `go`)."""


def new_project(folder: Path) -> Project:
    (folder / "project").mkdir()
    (folder / "home").mkdir()
    return Forked(folder / "project", folder / "home")


@contextmanager
def while_it_runs(project: Project, *words: object) -> Iterator[list[Ran]]:
    """Run a command up to its waiting check, then the block, then let it end: the list holds its end."""
    for name in ("started", "go"):
        if not (project.root / name).exists():
            os.mkfifo(project.root / name)
    process = project.start(*words, "--json")
    ended: list[Ran] = []
    try:
        (project.root / "started").read_text()
        yield ended
        (project.root / "go").write_text("on\n")
        out, err = process.communicate(timeout=60)
        ended.append(Ran(process.returncode, out, err))
    finally:
        process.kill()
        process.wait()


# The closed set of kinds


def test_every_kind_has_its_exit_code_and_no_other_kind_exists():
    assert {str(kind) for kind in Kind} == set(EXITS)


def test_every_error_class_ends_with_the_exit_of_its_kind():
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, TodoError)]
    assert len(classes) >= 11
    for each in classes:
        assert each.exit == EXITS[str(each.default_kind)], each


# Verdicts

CLOSED_PORT = "{closed}"

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

MISSING_STORE = ".todo_manager/store.db"
MISSING_HEAD = ".todo_manager/HEAD"


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


# States


def test_every_state_and_its_reason_first_match_first(project):
    project.write("a", "a")
    project.write("gone", "x")
    phases = """
    - {key: done, title: T, needs: [], verify: [{file: a}]}
    - {key: attested, title: T, needs: []}
    - {key: rests, title: T, needs: [attested], verify: [{file: a}]}
    - {key: regressed, title: T, needs: [], verify: [{file: gone}]}
    - {key: stale-need, title: T, needs: [regressed], verify: [{file: a}]}
    - {key: stale-input, title: T, needs: [], verify: [{command: 'test -n "$X"'}]}
    - {key: stale-definition, title: T, needs: [], verify: [{file: a}]}
    - {key: stale-file, title: T, needs: [], verify: [{file: a, pins: pinned}]}
    - {key: blocked-need, title: T, needs: [failed], verify: [{file: a}]}
    - {key: blocked-stale, title: T, needs: [stale-need], verify: [{file: a}]}
    - {key: no-checks, title: T, needs: []}
    - {key: optional, title: T, needs: [], verify: [{file: a, required: false}]}
    - {key: errored, title: T, needs: [], verify: [{command: [no-such-program]}]}
    - {key: failed, title: T, needs: [], verify: [{file: absent}]}
    - {key: ready, title: T, needs: [], verify: [{file: a}]}
    """
    project.write("pinned", "pinned")
    plan = project.plan("p", phases, head="inputs: [X]\n")
    keys = [phase["key"] for phase in project.ask("show", "p").data["plan"]["phases"]]
    assert set(project.states("p")) == {"ready", "blocked"}
    project.person("attest", "p", 1, "--reason", "seen it").ok()
    for key in ("done", "rests", "regressed", "stale-need", "stale-definition", "stale-file"):
        project.ask("done", "p", keys.index(key)).ok()
    project.ask("done", "p", keys.index("stale-input"), "--var", "X=1").ok()
    project.write("gone", "")
    project.ask("verify", "p", keys.index("regressed")).refused("check_failed")
    project.ask("set", "p", "X=2").ok()
    project.ask("done", "p", keys.index("errored")).refused("check_error")
    project.ask("done", "p", keys.index("failed")).refused("check_failed")
    old = "{key: stale-definition, title: T, needs: [], verify: [{file: a}]}"
    assert old in plan.read_text()
    plan.write_text(
        plan.read_text().replace(old, old.replace("{file: a}", "{file: a, min_size: 1}"))
    )
    project.person("accept", "p").ok()
    project.write("pinned", "other")

    found = {p["key"]: p for p in project.ask("show", "p").ok().data["plan"]["phases"]}
    expected = {
        "done": ("done", ""),
        "attested": ("attested", ""),
        "rests": ("done", "rests on attested 1"),
        "regressed": ("regressed", "a later verify failed"),
        "stale-need": ("stale", "it needs phase 3, which is regressed"),
        "stale-input": ("stale", "the input X was '1' then and is '2' now"),
        "stale-definition": ("stale", "its definition was changed and accepted after it was done"),
        "stale-file": ("stale", "pinned was changed since it was accepted"),
        "blocked-need": ("blocked", "it needs phase 13, which is failed"),
        "blocked-stale": ("blocked", "it needs phase 4, which is stale"),
        "no-checks": ("blocked", "it has no required check"),
        "optional": ("blocked", "it has no required check"),
        "errored": ("errored", "at the last attempt a check could not be evaluated"),
        "failed": ("failed", "a check failed at the last attempt"),
        "ready": ("ready", ""),
    }
    assert {key: (p["state"], p["reason"]) for key, p in found.items()} == expected

    text = project.run("show", "p").ok().out
    ticks = [line.split()[1] for line in text.splitlines() if line.startswith("[✔]")]
    assert ticks == ["0.", "1.", "2."]
    assert "done, rests on attested 1" in text
    (summary,) = project.ask("list").ok().data["plans"]
    assert (summary["done"], summary["total"], summary["status"]) == (4, 15, "open")
    following = project.ask("next", "p").ok().data
    assert (following["phase"], following["key"], following["state"]) == (
        3,
        "regressed",
        "regressed",
    )
    for key in ("stale-need", "blocked-need", "blocked-stale"):
        project.ask("done", "p", keys.index(key)).refused("needs_not_done")


def test_a_plan_is_done_when_all_its_phases_are_and_open_again_when_one_went_stale(project):
    project.plan("p", "- title: One\n  verify: [{command: 'test -n \"$X\"'}]", head="inputs: [X]\n")
    project.ask("done", "p", 0, "--var", "X=1").ok()
    assert project.ask("show", "p").data["plan"]["status"] == "done"
    assert project.ask("next", "p").ok().data["phase"] is None
    assert project.ask("list").ok().data["plans"] == []
    assert [p["status"] for p in project.ask("list", "--all").data["plans"]] == ["done"]
    project.ask("set", "p", "X=2").ok()
    assert [p["status"] for p in project.ask("list").data["plans"]] == ["open"]


# done


def test_done_on_a_done_phase_runs_nothing_and_on_a_stale_one_runs_anew(project):
    project.plan(
        "p", '- title: One\n  verify: [{command: "echo x >> count", pins: pinned}]', imported=False
    )
    project.write("pinned", "1")
    project.run("import", "plans/p.yaml").ok()
    first = project.ask("done", "p", 0).ok().data
    again = project.ask("done", "p", 0).ok().data
    assert (first["already"], again["already"], again["run"]) == (False, True, None)
    assert again["state"] == "done"
    assert (project.root / "count").read_text() == "x\n"
    project.write("pinned", "2")
    project.person("accept", "p").ok()
    assert project.states("p") == ["stale"]
    assert project.ask("done", "p", 0).ok().data["already"] is False
    assert (project.root / "count").read_text() == "x\nx\n"
    assert len(project.events("done")) == 2


def test_a_phase_without_a_required_check_is_refused_and_its_hint_ends_in_done(project):
    project.plan(
        "p", "- title: One\n- title: Two\n  needs: []\n  verify: [{file: a, required: false}]"
    )
    project.write("a", "a")
    refused = project.ask("done", "p", 0).refused("no_checks")
    assert refused.error["person"] is True
    for part in ("write phases/p/p0_check.sh", "verify p 0", "a person: todo_manager accept p",
                 "todo_manager done p 0", "todo_manager attest p 0 --reason"):  # fmt: skip
        assert part in refused.error["hint"]
    assert refused.data["checks"] == []
    project.ask("done", "p", 1).refused("no_checks")
    project.write("phases/p/p0_check.sh", "test -s a\n")
    tried = project.ask("verify", "p", 0).ok().data["phases"][0]
    assert "phases/p/p0_check.sh" in tried["does_not_count"]
    project.ask("done", "p", 0).refused("definition_changed")
    project.person("accept", "p").ok()
    project.ask("done", "p", 0).ok()
    assert project.states("p") == ["done", "blocked"]


REFUSALS = {
    "check_failed": ("done", "p", 0),
    "check_error": ("done", "p", 1),
    "no_checks": ("done", "p", 2),
    "needs_not_done": ("done", "p", 3),
    "definition_changed": ("done", "p", 4),
    "input_missing": ("done", "p", 5),
    "inputs_changed": ("done", "p", 6, "--var", "Y=2"),
    "unknown_phase": ("done", "p", 99),
    "unknown_plan": ("done", "pq", 0),
    "has_checks": ("attest", "p", 0, "--reason", "x"),
    "person_required": ("attest", "p", 2, "--reason", "x"),
    "store_missing": ("-C", "elsewhere", "done", "p", 0),
}


@pytest.fixture(scope="module")
def refusing(tmp_path_factory) -> Project:
    project = new_project(tmp_path_factory.mktemp("refusing"))
    project.write("pinned", "x")
    project.plan(
        "p",
        """
        - {key: k0, title: T, needs: [], verify: [{name: the report, file: docs/report.md}]}
        - {key: k1, title: T, needs: [], verify: [{name: the scan, command: [no-such-scanner]}]}
        - {key: k2, title: T, needs: []}
        - {key: k3, title: T, needs: [k0], verify: [{file: a}]}
        - {key: k4, title: T, needs: [], verify: [{file: a, pins: pinned}]}
        - {key: k5, title: T, needs: [], verify: [{command: 'test -n "$X"'}]}
        - {key: k6, title: T, needs: [], verify: [{command: 'test -n "$Y"'}]}
        """,
        head="inputs: [X, Y]\n",
    )
    project.run("set", "p", "Y=1").ok()
    project.write("pinned", "y")
    (project.root.parent / "elsewhere").mkdir()
    return project


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_refusal_says_what_to_type_next_to_people_and_to_programs(refusing, kind):
    words = [
        str(refusing.root.parent / word) if word == "elsewhere" else word for word in REFUSALS[kind]
    ]
    asked = refusing.ask(*words).refused(kind)
    assert "todo_manager " in asked.error["hint"]
    said = refusing.run(*words)
    assert said.exit == asked.exit
    assert asked.error["message"] in said.err
    assert f"next: {asked.error['hint']}" in said.err
    if asked.error["person"]:
        assert "a person: " in asked.error["hint"]


def test_a_refusal_names_the_check_what_was_expected_and_what_was_seen(refusing):
    failed = refusing.ask("done", "p", 0).error["message"]
    assert "check the-report (file docs/report.md)" in failed
    assert "expected docs/report.md exists; does not exist" in failed
    errored = refusing.ask("done", "p", 1).error["message"]
    assert (
        "check the-scan (command no-such-scanner) expected exits 0; needs no-such-scanner"
        in errored
    )


# verify


def test_verify_alone_never_marks_and_reports_by_verdicts_alone(project):
    project.write("a", "a")
    project.plan(
        "p",
        """
        - {key: k0, title: T, verify: [{file: a}]}
        - {key: k1, title: T, needs: [k2], verify: [{file: a}]}
        - {key: k2, title: T, needs: []}
        - {key: k3, title: T, needs: [], verify: [{file: a, required: false}]}
        """,
    )
    found = project.ask("verify", "p").ok().data
    assert [(row["key"], row["verdict"]) for row in found["phases"]] == [
        ("k0", "passed"),
        ("k1", "passed"),
        ("k2", "no checks"),
        ("k3", "no checks"),
    ]
    assert found["phases"][3]["checks"][0]["verdict"] == "passed"
    assert project.states("p") == ["ready", "blocked", "blocked", "blocked"]
    assert not project.events("done")
    project.ask("verify", "p", 2).refused("no_checks")
    project.ask("verify", "p", 3).refused("no_checks")
    project.write("a", "")
    assert project.run("verify", "p").exit == 1


def test_verify_of_a_plan_that_nothing_can_prove_is_refused(project):
    project.plan("p", "- title: One\n- title: Two")
    project.ask("verify", "p").refused("no_checks")


def test_a_later_verify_renews_regresses_or_leaves_the_state(project):
    project.write("a", "a")
    project.plan("p", "- title: One\n  verify: [{command: 'test -s a', pins: pin}]", imported=False)
    project.write("pin", "1")
    project.run("import", "plans/p.yaml").ok()
    project.ask("done", "p", 0).ok()
    project.ask("verify", "p", 0).ok()
    assert (project.states("p"), len(project.events("renewed"))) == (["done"], 1)
    project.write("a", "")
    found = project.ask("verify", "p", 0).refused("check_failed").data["phases"][0]
    assert (found["state"], found["does_not_count"]) == ("regressed", None)
    assert project.states("p") == ["regressed"]
    project.write("a", "a")
    assert project.ask("done", "p", 0).ok().data["already"] is False
    assert project.states("p") == ["done"]
    # What cannot be evaluated, or is not the accepted definition, moves nothing.
    (project.root / "a").unlink()
    project.write("pin", "2")
    found = project.ask("verify", "p", 0).refused("check_failed").data["phases"][0]
    assert "pin differs from what was accepted" in found["does_not_count"]
    project.write("pin", "1")
    assert project.states("p") == ["done"]
    assert [event["event"] for event in project.events()] == [
        "imported", "done", "renewed", "regressed", "done", "verified",
    ]  # fmt: skip
    project.run("audit").ok()


def test_a_verify_that_cannot_look_leaves_a_done_phase_and_says_so(project):
    tool = project.write("bin/tool", "#!/bin/sh\nexit 0\n", mode=0o755)
    project.write("todo_manager.yaml", "path: [bin]\n")
    project.plan("p", "- title: One\n  verify: [{command: 'tool'}]")
    project.ask("done", "p", 0).ok()
    tool.unlink()
    found = project.ask("verify", "p", 0).refused("check_error").data["phases"][0]
    assert (found["verdict"], found["state"], found["does_not_count"]) == ("error", "done", None)
    assert project.states("p") == ["done"]


# The fields agents rely on

CHECK = {"id", "kind", "subject", "name", "required", "verdict", "expected", "actual", "message",
         "attempts", "duration_s"}  # fmt: skip
DONE = {"plan", "phase", "key", "digest", "state", "already", "run", "counts", "inputs", "checks"}
SHOWN = {"index", "key", "title", "text", "note", "state", "reason", "needs", "digest",
         "accepted_by", "steps", "checks", "last_run"}  # fmt: skip


def test_the_fields_agents_rely_on_are_there(project):
    project.write("a", "a")
    project.plan("p", "- title: One\n  verify: [{name: the file, file: a}]\n- title: Two")
    done = project.ask("done", "p", 0).ok().json
    assert set(done) == {"schema", "command", "ok", "exit", "data"}
    assert done["command"] == "done"
    assert set(done["data"]) >= DONE
    (check,) = done["data"]["checks"]
    assert set(check) >= CHECK
    assert (check["id"], check["name"], check["kind"], check["subject"]) == (
        "the-file", "the file", "file", "a",
    )  # fmt: skip

    refused = project.ask("done", "p", 1).refused("no_checks").json
    assert set(refused) == {"schema", "command", "ok", "exit", "data", "error"}
    assert set(refused["error"]) == {"kind", "message", "hint", "person"}
    assert set(refused["data"]) >= DONE

    verified = project.ask("verify", "p").ok().data
    assert set(verified) >= {"plan", "phases"}
    for row in verified["phases"]:
        assert set(row) >= DONE | {"does_not_count"}

    listed = project.ask("list").ok().data
    assert set(listed) == {"plans", "more"}
    assert set(listed["plans"][0]) >= {"id", "title", "status", "done", "total", "next"}
    plan = project.ask("show", "p").ok().data["plan"]
    assert set(plan) >= {
        "id", "title", "description", "status", "created", "updated", "source", "digest", "phases",
    }  # fmt: skip
    for phase in plan["phases"]:
        assert set(phase) >= SHOWN
    assert plan["phases"][0]["last_run"]["run"] == project.events("renewed")[-1]["seq"]
    assert set(plan["phases"][0]["checks"][0]) >= {"id", "kind", "subject", "name", "required"}
    following = project.ask("next", "p").ok().data
    assert set(following) >= {"plan", "phase", "key", "state", "reason", "person"}
    assert (following["phase"], following["person"]) == (1, True)
