"""Attempts and retries, side by side and alone, deadlines; and what a check may do to its own run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from forked import Forked
from support import REPOSITORY, Project


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


COUNT = 'echo x >> n; test "$(wc -l < n)" -ge 3'


def row(project: Project, *words: object) -> dict:
    """The one check of what `done p 0` or the like says."""
    (found,) = project.ask(*(words or ("done", "p", 0))).data["checks"]
    return found


def plan(project: Project, *checks: str) -> None:
    project.plan("p", f"- title: One\n  verify: [{', '.join(checks)}]")


def test_within_repeats_until_it_passes_and_says_that_it_was_flaky(project):
    plan(project, f"{{command: '{COUNT}', within: 60s, every: 10ms}}")
    found = row(project)
    assert (found["verdict"], found["attempts"], found["flaky"]) == ("passed", 3, True)


def test_without_within_there_is_one_attempt(project):
    plan(project, f"{{command: '{COUNT}', every: 10ms}}")
    found = row(project)
    assert (found["verdict"], found["attempts"], found["flaky"]) == ("failed", 1, False)


def test_successes_are_counted_in_a_row(project):
    """Passes on the 1st, 3rd, 4th and 5th attempt: three in a row are there after the fifth."""
    plan(
        project,
        "{command: 'echo x >> n; test \"$(wc -l < n)\" -ne 2',"
        " within: 60s, every: 10ms, successes: 3}",
    )
    found = row(project)
    assert (found["verdict"], found["attempts"], found["flaky"]) == ("passed", 5, True)


def test_a_failure_among_successes_that_come_too_late_fails(project):
    plan(
        project,
        "{command: 'echo x >> n; test \"$(wc -l < n)\" -ne 2', every: 10ms, successes: 3}",
    )
    found = row(project)
    assert (found["verdict"], found["attempts"]) == ("failed", 2)


def test_when_within_is_over_the_last_attempt_counts(project):
    """Both look once more after 1.5 s, which is past what is left of their 2 s by then."""
    again = "within: 2s, every: 1500ms"
    plan(
        project,
        f"{{command: 'test -e a && exec no-such-program; touch a; exit 1', {again}}}",
        f"{{command: 'test -e b && exit 1; touch b; exec no-such-program', {again}}}",
    )
    found = project.ask("done", "p", 0).refused("check_failed").data["checks"]
    assert [(each["verdict"], each["attempts"]) for each in found] == [("error", 2), ("failed", 2)]


def test_an_attempt_past_its_timeout_is_an_error_and_may_be_repeated(project):
    plan(
        project,
        "{command: 'test -e n || { touch n; exec sleep 60; }', timeout: 1s, within: 30s, every: 10ms}",
    )
    found = row(project)
    assert (found["verdict"], found["attempts"], found["flaky"]) == ("passed", 2, True)


def test_attempts_are_told_to_people_as_they_happen(project):
    plan(project, f"{{name: the count, command: '{COUNT}', within: 60s, every: 100ms}}")
    told = project.run("done", "p", 0).ok()
    assert "the-count: attempt 1 failed" in told.err
    assert "the-count: attempt 2 failed" in told.err
    assert "again in 0.1s" in told.err
    assert "(flaky)" in told.out
    assert "3 attempts" in told.out


def test_a_check_never_seen_failing_is_said_to_be_one(project):
    plan(project, "{command: [test, -s, a]}")
    project.write("a", "a")
    assert row(project, "done", "p", 0)["never_failed"] is True
    project.write("a", "")
    assert project.ask("verify", "p", 0).data["phases"][0]["checks"][0]["never_failed"] is False
    project.write("a", "a")
    assert row(project, "done", "p", 0)["never_failed"] is False
    file = project.root / "plans/p.yaml"
    file.write_text(file.read_text().replace("-s, a", "-e, a"))
    assert "never seen failing: phase 0 check v1" in project.person("accept", "p").ok().out


MEET = "{{command: 'echo {mine} > {mine}.pipe & read -r word < {other}.pipe; wait; test $word = {other}'}}"


def test_checks_run_side_by_side(project):
    """Each waits for a word of the other: one after the other they would wait for ever."""
    for name in ("a", "b"):
        os.mkfifo(project.root / f"{name}.pipe")
    plan(project, MEET.format(mine="a", other="b"), MEET.format(mine="b", other="a"))
    project.ask("done", "p", 0).ok()


def test_a_serial_check_runs_alone_and_after_the_others(project):
    serial = (
        "{{command: 'mkdir held && cat log > seen{n}; echo s{n} >> log; rmdir held', serial: true}}"
    )
    others = [
        f"{{command: 'test ! -e held; echo x >> log; test ! -e held', name: c{n}}}"
        for n in range(6)
    ]
    plan(project, serial.format(n=1), *others, serial.format(n=2))
    project.ask("done", "p", 0).ok()
    assert (project.root / "log").read_text().split() == ["x"] * 6 + ["s1", "s2"]


def test_results_stand_in_the_order_of_the_plan(project):
    plan(
        project,
        *(f"{{command: [test, {'-d' if n % 2 else '-f'}, plans], name: c{n}}}" for n in range(8)),
    )
    found = project.ask("done", "p", 0).refused("check_failed").data["checks"]
    assert [each["id"] for each in found] == [f"c{n}" for n in range(8)]
    text = project.run("done", "p", 0)
    marks = [line.split()[1] for line in text.out.splitlines() if line[:4] in ("  ✗ ", "  ✔ ")]
    assert marks == ["failed"] * 4 + ["passed"] * 4


def test_two_hundred_checks_are_no_trouble(project):
    names = [f"files/{n}.txt" for n in range(200)]
    for name in names:
        project.write(name, "x")
    plan(project, *(f"{{file: {name}}}" for name in names))
    found = project.ask("done", "p", 0).ok().data
    assert found["counts"]["passed"] == 200
    (project.root / names[137]).unlink()
    refused = project.ask("verify", "p", 0).refused("check_failed")
    assert "check v138" in refused.error["message"]


def test_a_check_that_asks_for_its_own_phase_finds_it_busy_and_hangs_nothing(project):
    ask = (
        "import json, os, subprocess, sys\n"
        f"env = dict(os.environ, PYTHONPATH={str(REPOSITORY)!r})\n"
        f"words = [{sys.executable!r}, '-m', 'todo_manager', sys.argv[1], 'p', '0', '--json']\n"
        "ran = subprocess.run([*words, '--wait', '100ms'], env=env, capture_output=True)\n"
        "kind = json.loads(ran.stdout)['error']['kind']\n"
        "sys.exit(f'{kind} {ran.returncode}' != 'busy 7')\n"
    )
    project.write("ask.py", ask)
    plan(project, "{command: [python3, ask.py, done]}", "{command: [python3, ask.py, verify]}")
    found = project.ask("done", "p", 0).ok().data
    assert found["counts"]["passed"] == 2
    assert [event["event"] for event in project.events()] == ["imported", "done"]


@pytest.mark.parametrize(("there", "kind"), [(False, "check_failed"), (True, "source_changed")])
def test_a_check_that_edits_its_own_plan_is_judged_by_the_accepted_one(project, there, kind):
    if there:
        project.write("absent", "x")
    plan(
        project,
        "{command: \"sed -i 's/file: ab[s]ent/file: plans/' plans/p.yaml\"}",
        "{file: absent, serial: true}",
    )
    project.ask("done", "p", 0).refused(kind)
    assert project.states("p") == ["failed" if not there else "ready"]


def test_a_check_that_accepts_by_itself_finds_no_terminal(project):
    accept = (
        "import os, subprocess, sys\n"
        "text = open('plans/p.yaml').read()\n"
        "open('plans/p.yaml', 'w').write(text.replace('timeout: 50s', 'timeout: 51s'))\n"
        f"env = dict(os.environ, PYTHONPATH={str(REPOSITORY)!r})\n"
        f"ran = subprocess.run([{sys.executable!r}, '-m', 'todo_manager', 'accept', 'p'],"
        " env=env, input=b'yes\\n')\n"
        "sys.exit(ran.returncode != 6)\n"
    )
    project.write("accept.py", accept)
    plan(project, "{command: [python3, accept.py], timeout: 50s}")
    refused = project.ask("done", "p", 0).refused("source_changed")
    assert refused.data["counts"]["passed"] == 1
    assert not project.events("accepted")


def test_a_check_that_replaces_the_store_folder_gets_nothing_done(project):
    plan(project, "{command: 'mv .todo_manager elsewhere && mkdir .todo_manager'}")
    ran = project.run("done", "p", 0)
    assert ran.exit in (3, 9), ran
    (project.root / ".todo_manager").rmdir()
    (project.root / "elsewhere").rename(project.root / ".todo_manager")
    assert project.states("p") == ["ready"]
    project.run("audit").ok()


def test_what_a_run_found_is_in_its_event(project):
    plan(
        project, "{name: the file, command: 'echo seen; exit 1'}", "{file: absent, required: false}"
    )
    refused = project.ask("done", "p", 0).refused("check_failed")
    (event,) = project.events("refused")
    assert event["seq"] == refused.data["run"]
    assert event["data"]["kind"] == "check_failed"
    assert event["data"]["verdict"] == "failed"
    assert event["data"]["digest"] == refused.data["digest"]
    assert json.loads(json.dumps(event["data"]["checks"])) == refused.data["checks"]
