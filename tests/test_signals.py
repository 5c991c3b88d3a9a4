"""Signals while a check runs: its programs are ended, nothing is recorded, the phase is free again."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest
from crash import wait_until_gone
from forked import Forked
from furnished import furnish
from support import PROGRAM, Project, Ran


@pytest.fixture
def forked(project, tmp_path) -> Project:
    """Such a project, whose commands run in forks: quick, where no start of the program is needed."""
    return furnish(Forked(project.root, tmp_path / "home"))


@pytest.fixture
def ready(forked, project) -> Project:
    """Such a project, whose commands are started as users start them."""
    return project


def wait_for(path: Path, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} never came"
        time.sleep(0.01)


SLOW = """
- title: Slow
  verify:
    - command: "setsid sleep 31.4159 & touch started; exec sleep 31.4159"
    - command: [cat, evidence.txt]
- title: Waits
  needs: []
  verify:
    - command: "touch waiting; while [ ! -e go ]; do sleep 0.02; done"
"""


@pytest.fixture
def slow(ready, tmp_path) -> Project:
    ready.env["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    ready.plan("slow", SLOW)
    return ready


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    ("verb", "how"),
    [
        ("done", "it alone"),
        ("done", "its whole group"),
        ("done", "three times"),
        ("verify", "it alone"),
    ],
)
def test_a_signal_while_a_check_runs(slow, verb, number, how):
    before = slow.events()
    process = slow.start(verb, "slow", 0, "--json")
    wait_for(slow.root / "started")
    assert slow.states("slow")[0] == "running"
    for _ in range(3 if how == "three times" else 1):
        (os.killpg if how == "its whole group" else os.kill)(process.pid, number)
    out, err = process.communicate(timeout=30)
    if how == "three times" and not out:
        assert process.returncode in (130, -number)
    else:
        told = Ran(process.returncode, out, err).refused("interrupted")
        assert number.name in told.error["message"]
    assert "Traceback" not in err
    wait_until_gone(slow)
    assert slow.events() == before
    assert slow.states("slow")[0] == "ready"
    slow.run("audit").ok()
    slow.write("go")
    slow.ask("done", "slow", 1).ok()


def test_a_terminal_that_goes_away(slow):
    """The window is closed while a check runs: SIGHUP comes, and nothing can be said any more."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(slow.root)
        os.execve(PROGRAM[0], [*PROGRAM, "done", "slow", "0"], slow.env)
    wait_for(slow.root / "started")
    os.close(master)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    wait_until_gone(slow)
    assert slow.states("slow")[0] == "ready"


def test_a_signal_that_is_ignored_stays_ignored(slow):
    """nohup: the terminal goes, the run goes on to its end."""
    command = f"trap '' HUP; exec {' '.join(PROGRAM)} done slow 1 --json"
    process = subprocess.Popen(
        ["sh", "-c", command],
        cwd=slow.root,
        env=slow.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    wait_for(slow.root / "waiting")
    process.send_signal(signal.SIGHUP)
    slow.write("go")
    out, _ = process.communicate(timeout=30)
    assert Ran(process.returncode, out, "").ok().data["state"] == "done"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_others_hold_the_phase(slow, number):
    """Waiting for a phase can be given up; who holds it is not disturbed."""
    holder = slow.start("done", "slow", 1, "--json")
    wait_for(slow.root / "waiting")
    waiter = slow.start("done", "slow", 1, "--wait", "60s", "--json")
    wait_until_it_waits(waiter)
    waiter.send_signal(number)
    out, err = waiter.communicate(timeout=30)
    Ran(waiter.returncode, out, err).refused("interrupted")
    slow.write("go")
    out, err = holder.communicate(timeout=30)
    Ran(holder.returncode, out, err).ok()


def wait_until_it_waits(process: subprocess.Popen[str]) -> None:
    """Until it has the lock file open, which is where it waits."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            folder = f"/proc/{process.pid}/fd"
            if any(os.readlink(f"{folder}/{n}").endswith("/locks") for n in os.listdir(folder)):
                return
        time.sleep(0.01)
    raise AssertionError("it never came to the lock")
