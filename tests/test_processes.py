"""Nothing outlives a check: no process, no folder, whatever the check does and however it ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from forked import Forked
from support import Project


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


NANNY = "nanny=$(awk '{print $4}' /proc/$PPID/stat); "
TOOL = NANNY + "tool=$(awk '{print $4}' /proc/$nanny/stat); "
STAY = "setsid sleep 600 </dev/null >/dev/null 2>&1 & "

WAYS = {
    # a script, the verdict of its check
    "passes": ("exit 0", "passed"),
    "fails": ("exit 1", "failed"),
    "breaks": ("exit 2", "error"),
    "runs on": ("sleep 600", "error"),
    "runs on and ignores every signal": ("trap '' TERM INT HUP; sleep 600; sleep 600", "error"),
    "leaves a child that holds its pipes": ("sleep 600 & echo $! > pid; exit 0", "passed"),
    "leaves one and fails": ("sleep 600 & exit 1", "failed"),
    "leaves a session of its own": (STAY + "exit 0", "passed"),
    "forks twice": ("( ( setsid sleep 600 & ) & ); exit 0", "passed"),
    "leaves a child that writes": ("( while :; do echo x; done ) & exit 0", "passed"),
    "leaves children that fork on": (
        'grow() { test "$1" -gt 6 || { grow $(($1 + 1)) & grow $(($1 + 1)) & }; sleep 600; }; grow 0 & exit 0',
        "passed",
    ),
    "is killed": (STAY + "kill -KILL $$", "error"),
    "kills its watcher": (STAY + "kill -KILL $PPID; sleep 600", "error"),
    "kills the watcher of all": (NANNY + STAY + "kill -KILL $nanny; exit 1", "failed"),
    "kills both": (NANNY + STAY + "kill -KILL $nanny $PPID; sleep 600", "error"),
    "stops the watcher of all": (NANNY + STAY + "kill -STOP $nanny; exit 1", "failed"),
    "leaves closed folders": ('mkdir -p "$TMPDIR/a/b"; chmod 0 "$TMPDIR/a/b" "$TMPDIR/a"; exit 0', "passed"),
    "leaves links": ('ln -s /etc "$TMPDIR/etc"; ln -s "$TODO_MANAGER_PROJECT" "$TMPDIR/here"; exit 0', "passed"),
}  # fmt: skip


@pytest.fixture
def temporary(project: Project) -> Path:
    """The folder for temporary files of this test's commands alone."""
    folder = project.root.parent / "temporary"
    folder.mkdir()
    project.env["TMPDIR"] = str(folder)
    return folder


def left(temporary: Path) -> list[str]:
    """Processes that were started by a run which had its private files here, and those files."""
    found = [str(path) for path in temporary.iterdir()]
    mark = str(temporary).encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            inside = mark in Path(f"/proc/{pid}/environ").read_bytes()
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if inside and state != "Z":
            found.append(f"{pid} {line}")
    return found


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_left_of_a_check_that(project, temporary, way):
    text, verdict = WAYS[way]
    project.write("s.sh", f'echo "$TMPDIR" > where\n{text}\n')
    project.plan("p", "- title: One\n  verify: [{script: s.sh, timeout: 1s}]")
    ran = project.ask("done", "p", 0)
    assert left(temporary) == []
    assert (project.root / "where").read_text().startswith(str(temporary))
    assert ran.data["checks"][0]["verdict"] == verdict, ran
    assert (ran.exit, project.states("p")) == {
        "passed": (0, ["done"]),
        "failed": (1, ["failed"]),
        "error": (5, ["errored"]),
    }[verdict]
    assert (project.root / "plans/p.yaml").exists()
    assert Path("/etc/passwd").exists()


def test_what_was_left_and_ended_is_a_fact(project, temporary):
    project.plan("p", "- title: One\n  verify: [{command: 'sleep 600 & sleep 600 & test -e /'}]")
    facts = project.ask("done", "p", 0).ok().data["checks"][0]["facts"]
    assert facts["leaked"] == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_the_tool_itself_is_ended(project, temporary, number):
    os.mkfifo(project.root / "started")
    project.write("s.sh", STAY + "trap '' TERM INT; echo > started; sleep 600\n")
    project.plan("p", "- title: One\n  verify: [{script: s.sh}, {command: [sleep, 600]}]")
    process = project.start("done", "p", 0)
    (project.root / "started").read_text()
    assert left(temporary) != []
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    if number == signal.SIGKILL:
        wait_until(lambda: left(temporary) == [])
    assert left(temporary) == []
    assert [event["event"] for event in project.events()] == ["imported"]
    assert project.states("p") == ["ready"]


def test_a_check_that_kills_the_tool_gets_nothing_recorded(project, temporary):
    project.write("s.sh", TOOL + STAY + "kill -KILL $tool; sleep 600\n")
    project.plan("p", "- title: One\n  verify: [{script: s.sh}]")
    assert project.run("done", "p", 0).exit == -9
    wait_until(lambda: left(temporary) == [])
    assert project.states("p") == ["ready"]
    project.run("audit").ok()


def test_checks_of_one_phase_do_not_end_each_other(project, temporary):
    """A check that ends takes what it left with it, and nothing of the checks beside it."""
    for name in ("a", "b"):
        os.mkfifo(project.root / name)
    project.plan(
        "p",
        """
        - title: One
          verify:
            - {command: "sleep 600 & sleep 600 & echo > a; test -e /"}
            - {command: "read -r _ < a; sleep 0.3; echo > b; test -e /"}
            - {command: "read -r _ < b && sleep 0.3"}
        """,
    )
    project.ask("done", "p", 0).ok()
    assert left(temporary) == []
