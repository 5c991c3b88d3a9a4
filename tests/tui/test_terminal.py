"""The real program on a real terminal: how it draws there, and how it ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from required import absent

REPOSITORY = Path(__file__).parents[2]
LEAVES_SCREEN = b"\x1b[?1049l"


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "todo_manager", *words]


@pytest.fixture
def one(project: Any) -> Any:
    """A project with one plan, and the environment of a terminal."""
    project.env["TERM"] = "xterm-256color"
    project.plan("some_plan", "[{title: Write it down, verify: [{file: a.txt}]}]")
    return project


class Terminal:
    """A pseudo-terminal with a program on it; `close` is what closing the window is."""

    def __init__(
        self,
        project: Any,
        *,
        controlling: bool = True,
        prepare: Callable[[], object] = lambda: None,
        path: str = "",
    ) -> None:
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))

        def in_child() -> None:
            if controlling:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            prepare()

        self.process = subprocess.Popen(
            command("tui"),
            cwd=project.root,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=project.env | ({"PYTHONPATH": path} if path else {}),
            start_new_session=True,
            preexec_fn=in_child,
        )
        os.close(slave)
        self.seen = b""

    def until(self, wanted: bytes, seconds: float = 8.0) -> None:
        end = time.monotonic() + seconds
        while wanted not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            assert ready, self.seen
            try:
                self.seen += os.read(self.master, 65536)
            except OSError:  # the other side is closed
                raise AssertionError(self.seen) from None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self.master)


@contextlib.contextmanager
def terminal(project: Any, **options: Any) -> Iterator[Terminal]:
    """The command center of a project on a terminal of its own."""
    found = Terminal(project, **options)
    try:
        yield found
    finally:
        found.process.kill()
        found.process.wait()
        found.close()


def ignore_hangup() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@pytest.mark.parametrize(
    "options",
    [{}, {"prepare": ignore_hangup}, {"controlling": False}],
    ids=["hangup", "hangup ignored at start", "no hangup sent"],
)
def test_it_ends_when_its_terminal_is_closed(one: Any, options: dict[str, Any]) -> None:
    with terminal(one, **options) as on:
        on.until(b"some_plan")
        on.close()
        assert on.process.wait(timeout=5) == 130


def test_a_signal_ends_it_and_the_terminal_is_given_back(one: Any) -> None:
    with terminal(one) as on:
        before = termios.tcgetattr(on.master)
        on.until(b"some_plan")
        assert termios.tcgetattr(on.master) != before
        on.process.send_signal(signal.SIGTERM)
        on.until(LEAVES_SCREEN)
        assert on.process.wait(timeout=5) == 130
        assert termios.tcgetattr(on.master) == before


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "ctrl+c"])
def test_a_key_ends_it_with_0(one: Any, key: bytes) -> None:
    with terminal(one) as on:
        on.until(b"some_plan")
        os.write(on.master, key)
        on.until(LEAVES_SCREEN)
        assert on.process.wait(timeout=5) == 0


@pytest.mark.terminal
def test_in_tmux_it_draws_follows_and_leaves(one: Any) -> None:
    if shutil.which("tmux") is None:
        absent("terminal", "tmux is not installed")

    def tmux(*words: str) -> str:
        line = ["tmux", "-f", "/dev/null", "-S", str(one.root / "tmux"), *words]
        return subprocess.run(
            line, env=one.env, cwd=one.root, check=True, capture_output=True, text=True
        ).stdout

    def until(wanted: str, *, absent: str = "\0") -> str:
        end = time.monotonic() + 8
        while True:
            shown = tmux("capture-pane", "-p", "-t", "pane")
            if wanted in shown and absent not in shown:
                return shown
            assert time.monotonic() < end, shown
            time.sleep(0.05)

    tmux("new-session", "-d", "-s", "pane", "-x", "100", "-y", "20", "sh")
    try:
        tmux("send-keys", "-t", "pane", f"{' '.join(command('tui'))}; echo left with $?", "Enter")
        until("phase 0 is ready")
        shown = " ".join(until("some_plan").split())
        assert "▸ ready ○ some_plan 0/1 0 Write it down" in shown
        one.plan("another_plan", "[{title: More, verify: [{file: b.txt}]}]")
        until("another_plan")
        tmux("resize-window", "-t", "pane", "-x", "40", "-y", "20")
        until("PLAN", absent="NEXT PHASE")
        tmux("send-keys", "-t", "pane", "?")
        until("keys of plans")
        tmux("send-keys", "-t", "pane", "q")
        until("PLAN", absent="keys of plans")
        tmux("send-keys", "-t", "pane", "q")
        until("left with 0")
    finally:
        tmux("kill-server")


def test_a_foreign_package_of_its_name_is_not_used(one: Any, tmp_path: Path) -> None:
    foreign = tmp_path / "earlier" / "tui"
    foreign.mkdir(parents=True)
    for name in ("__init__.py", "app.py"):
        (foreign / name).write_text("raise SystemExit('the foreign one')\n")
    path = f"{foreign.parent}:{REPOSITORY}"
    found = subprocess.run(
        [sys.executable, "-c", "import tui"],
        cwd=one.root,
        env=one.env | {"PYTHONPATH": path},
        capture_output=True,
    )
    assert b"the foreign one" in found.stderr
    with terminal(one, path=path) as on:
        on.until(b"some_plan")
        os.write(on.master, b"q")
        assert on.process.wait(timeout=5) == 0


@pytest.mark.parametrize("what", ["absent", "overwritten"])
def test_without_its_package_it_says_what_to_do(one: Any, tmp_path: Path, what: str) -> None:
    installed = tmp_path / "installed"
    shutil.copytree(REPOSITORY / "todo_manager", installed / "todo_manager")
    if what == "overwritten":
        shutil.copytree(REPOSITORY / "tui", installed / "tui")
        (installed / "tui" / "__init__.py").write_text("")
    with terminal(one, path=str(installed)) as on:
        on.until(b"pip install --force-reinstall todo_manager; until then:")
        on.until(b"todo_manager list")
        assert on.process.wait(timeout=5) == 5


@pytest.mark.parametrize("closed", ["stdin", "stdout", "stderr"])
def test_without_a_terminal_it_refuses(one: Any, closed: str) -> None:
    master, slave = pty.openpty()
    streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), slave)
    streams[closed] = subprocess.DEVNULL
    try:
        found = subprocess.run(command("tui"), cwd=one.root, env=one.env, timeout=8, **streams)
        assert found.returncode == 2
        if closed != "stderr":
            said = re.sub(rb"\x1b\[[0-9;]*m", b"", os.read(master, 4096))
            assert b"needs a terminal" in said
            assert b"next: todo_manager list" in said
    finally:
        os.close(master)
        os.close(slave)


def test_json_is_refused(one: Any) -> None:
    assert one.ask("tui").refused("usage").error["hint"] == "todo_manager list --json"


def test_without_a_store_it_refuses(project: Any) -> None:
    with terminal(project) as on:
        on.until(b"todo_manager init")
        assert on.process.wait(timeout=5) == 3
