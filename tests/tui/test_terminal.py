"""The real program on a real terminal: how it draws there, and how it ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

from todo_manager import store

REPOSITORY = Path(__file__).parents[2]
LEAVES_SCREEN = b"\x1b[?1049l"


def environment(**more: str) -> dict[str, str]:
    return os.environ | {"TERM": "xterm-256color", "PYTHONPATH": str(REPOSITORY)} | more


def program(*words: str) -> list[str]:
    return [sys.executable, "-m", "todo_manager", *words]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    store.create(root)
    take_in(root, "some_plan")
    return root


def take_in(root: Path, id_: str) -> None:
    (root / f"{id_}.yaml").write_text(
        f"schema: todo_manager/plan@1\nid: {id_}\ntitle: A plan\n"
        "phases: [{title: Write it down, verify: [{file: a.txt}]}]\n"
    )
    subprocess.run(
        program("-C", str(root), "import", f"{id_}.yaml"),
        env=environment(),
        check=True,
        capture_output=True,
    )


class Terminal:
    """A pseudo-terminal with a program on it; `close` is what closing the window is."""

    def __init__(
        self, command: list[str], *, controlling: bool = True, prepare: Callable[[], None] | None = None,
        **more: str,
    ) -> None:  # fmt: skip
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))

        def in_child() -> None:
            if controlling:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if prepare:
                prepare()

        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment(**more),
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
def terminal(*words: str, **options: object) -> Iterator[Terminal]:
    found = Terminal(program(*words), **options)  # type: ignore[arg-type]
    try:
        yield found
    finally:
        found.process.kill()
        found.process.wait()
        found.close()


def ignore_hangup() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("controlling", "prepare"),
    [(True, None), (True, ignore_hangup), (False, None)],
    ids=["hangup", "hangup ignored at start", "no hangup sent"],
)
def test_it_ends_when_its_terminal_is_closed(
    project: Path, controlling: bool, prepare: Callable[[], None] | None
) -> None:
    with terminal(
        "-C", str(project), "tui", controlling=controlling, prepare=prepare
    ) as on:
        on.until(b"some_plan")
        on.close()
        assert on.process.wait(timeout=5) == 130


def test_a_signal_ends_it_and_the_terminal_is_given_back(project: Path) -> None:
    with terminal("-C", str(project), "tui") as on:
        before = termios.tcgetattr(on.master)
        on.until(b"some_plan")
        assert termios.tcgetattr(on.master) != before
        on.process.send_signal(signal.SIGTERM)
        on.until(LEAVES_SCREEN)
        assert on.process.wait(timeout=5) == 130
        assert termios.tcgetattr(on.master) == before


@pytest.mark.parametrize("key", [b"q", b"\x03"], ids=["q", "ctrl+c"])
def test_a_key_ends_it_with_0(project: Path, key: bytes) -> None:
    with terminal("-C", str(project), "tui") as on:
        on.until(b"some_plan")
        os.write(on.master, key)
        on.until(LEAVES_SCREEN)
        assert on.process.wait(timeout=5) == 0


@pytest.mark.terminal
def test_in_tmux_it_draws_follows_and_leaves(project: Path, tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")

    def tmux(*words: str) -> str:
        command = ["tmux", "-f", "/dev/null", "-S", str(tmp_path / "tmux"), *words]
        return subprocess.run(
            command, env=environment(), check=True, capture_output=True, text=True
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
        line = " ".join(program("-C", str(project), "tui"))
        tmux("send-keys", "-t", "pane", f"{line}; echo left with $?", "Enter")
        shown = until("some_plan")
        assert "▸ ready ○      some_plan   0/1  0 Write it down" in shown
        take_in(project, "another_plan")
        until("another_plan")
        tmux("resize-window", "-t", "pane", "-x", "40", "-y", "20")
        until("STATE        PLAN", absent="DONE")
        tmux("send-keys", "-t", "pane", "?")
        until("show or hide these keys")
        tmux("send-keys", "-t", "pane", "q")
        until("left with 0")
    finally:
        tmux("kill-server")


def test_a_foreign_package_of_its_name_is_not_used(project: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "earlier" / "tui"
    foreign.mkdir(parents=True)
    for name in ("__init__.py", "app.py"):
        (foreign / name).write_text("raise SystemExit('the foreign one')\n")
    path = f"{foreign.parent}:{REPOSITORY}"
    found = subprocess.run(
        [sys.executable, "-c", "import tui"], env=environment(PYTHONPATH=path), capture_output=True
    )
    assert b"the foreign one" in found.stderr
    with terminal("-C", str(project), "tui", PYTHONPATH=path) as on:
        on.until(b"some_plan")
        os.write(on.master, b"q")
        assert on.process.wait(timeout=5) == 0


@pytest.mark.parametrize("what", ["absent", "overwritten"])
def test_without_its_package_it_says_what_to_do(project: Path, tmp_path: Path, what: str) -> None:
    installed = tmp_path / "installed"
    shutil.copytree(REPOSITORY / "todo_manager", installed / "todo_manager")
    if what == "overwritten":
        shutil.copytree(REPOSITORY / "tui", installed / "tui")
        (installed / "tui" / "__init__.py").write_text("")
    with terminal("-C", str(project), "tui", PYTHONPATH=str(installed)) as on:
        on.until(b"todo_manager list")
        assert b"pip install --force-reinstall todo_manager" in on.seen
        assert on.process.wait(timeout=5) == 3


@pytest.mark.parametrize("closed", ["stdin", "stdout", "stderr"])
def test_without_a_terminal_it_refuses(project: Path, closed: str) -> None:
    master, slave = pty.openpty()
    streams = {"stdin": slave, "stdout": slave, "stderr": slave} | {closed: subprocess.DEVNULL}
    try:
        found = subprocess.run(
            program("-C", str(project), "tui"), env=environment(), timeout=8, **streams
        )
        assert found.returncode == 2
        if closed != "stderr":
            said = os.read(master, 4096)
            assert b"needs a terminal" in said and b"next: todo_manager list" in said
    finally:
        os.close(master)
        os.close(slave)


def test_json_is_refused(project: Path) -> None:
    found = subprocess.run(
        program("-C", str(project), "tui", "--json"), env=environment(), capture_output=True
    )
    document = json.loads(found.stdout)
    assert (found.returncode, document["error"]["hint"]) == (2, "todo_manager list --json")


def test_without_a_store_it_refuses(tmp_path: Path) -> None:
    with terminal("-C", str(tmp_path), "tui") as on:
        on.until(b"todo_manager init")
        assert on.process.wait(timeout=5) == 3
