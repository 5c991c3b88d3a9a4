"""A terminal of any size for tests: commands run on it, and what it shows is read back with pyte."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shlex
import struct
import termios
import time
from collections.abc import Callable
from types import TracebackType

import forked
import pyte
from support import PROGRAM, Project

TERM = {"TERM": "xterm-256color"}
STYLE = re.compile(r"\x1b\[[0-9;]*m")
"""What changes a style; nothing else that begins with an escape is expected of a text."""
_WIDE = 400
"""Columns of the screen that shows how wide a row would have been."""


class Shown:
    """What a command wrote to its terminal, and how it ended."""

    def __init__(self, raw: bytes, columns: int, exit: int) -> None:
        self.raw = raw.decode()
        self.columns = columns
        self.exit = exit

    def __repr__(self) -> str:
        return f"exit {self.exit}, {self.columns} columns\n" + "\n".join(self.rows())

    def rows(self, columns: int = 0) -> list[str]:
        """The rows of a terminal with room for everything, without blanks at their ends."""
        screen = pyte.Screen(columns or self.columns, self.raw.count("\n") * 9 + 50)
        pyte.Stream(screen).feed(self.raw)
        rows = [row.rstrip() for row in screen.display]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def text(self) -> str:
        """Everything without the styles, lines as written."""
        return STYLE.sub("", self.raw).replace("\r\n", "\n")

    @property
    def squeezed(self) -> str:
        """Every visible character, without blanks: where a line was wrapped does not matter."""
        return "".join("".join(self.rows()).split())

    def widest(self) -> int:
        """Columns of the widest row, as it would be on a terminal without an edge."""
        screen = pyte.Screen(_WIDE, self.raw.count("\n") * 9 + 50)
        pyte.Stream(screen).feed(self.raw)
        return max(
            (
                x + 1
                for row in screen.buffer.values()
                for x, char in row.items()
                if char.data.strip()
            ),
            default=0,
        )


def show(
    project: forked.Forked, *words: object, columns: int = 80, rows: int = 24, **env: str
) -> Shown:
    """Run a command in a fork whose two streams are a terminal of this size."""
    forked._import_everything()
    with _Pair(rows, columns) as pair:
        pid = forked.fork()
        if pid == 0:
            argv = ["todo_manager", *map(str, words)]
            project._become(argv, project.env | TERM | env, pair.slave, pair.slave)
        pair.watch(pid)
        seen = b""
        while (chunk := pair.take(60)) is not None:
            seen += chunk
        return Shown(seen, columns, pair.exit())


class _Pair:
    """The two ends of a terminal and the process on it.

    Its own end stays open here too: where the last one is closed, what was written just before may
    be lost to the reader.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self.master, self.slave = pty.openpty()
        self._open = [self.master, self.slave]
        self.resize(rows, columns)

    def __enter__(self) -> _Pair:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: object, trace: TracebackType | None
    ) -> None:
        for number in self._open:
            os.close(number)

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def watch(self, pid: int) -> None:
        self._pid = pid
        self._process = os.pidfd_open(pid)
        self._open.append(self._process)

    def take(self, seconds: float) -> bytes | None:
        """What was written, empty when nothing was for a while; None when the process has ended."""
        ready = select.select([self.master, self._process], [], [], seconds)[0]
        if ready == [self._process]:  # what it wrote last may have come since
            ready += select.select([self.master], [], [], 0)[0]
        if self.master in ready:
            return os.read(self.master, 65536)
        return None if ready else b""

    def exit(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


class Terminal:
    """A command on a terminal of its own, as a user starts it, looked at while it runs."""

    def __init__(
        self,
        project: Project,
        *words: object,
        columns: int = 80,
        rows: int = 24,
        shell: str = "",
        **env: str,
    ) -> None:
        """`shell` are redirections, as a shell has them."""
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._pair = _Pair(rows, columns)
        self.pid = forked.fork()
        if self.pid == 0:
            try:
                os.close(self._pair.master)
                os.login_tty(self._pair.slave)
                os.chdir(project.root)
                argv = [*PROGRAM, *map(str, words)]
                if shell:
                    argv = ["sh", "-c", f"exec {shlex.join(argv)} {shell}"]
                os.execvpe(argv[0], argv, project.env | TERM | env)
            finally:
                os._exit(127)
        self._pair.watch(self.pid)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: object, trace: TracebackType | None
    ) -> None:
        self._pair.__exit__(kind, problem, trace)

    @property
    def rows(self) -> list[str]:
        """What it shows, without empty rows."""
        return [row.rstrip() for row in self.screen.display if row.strip()]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    def until(self, what: str | Callable[[], object]) -> None:
        """Wait until it shows a text, or until something is so; fails after a while."""
        there = what if callable(what) else lambda: what in self.text
        deadline = time.monotonic() + 30
        while not there():
            assert time.monotonic() < deadline, f"never: {what}\n{self.text}"
            assert self._take(), f"it ended before: {what}\n{self.text}"

    def _take(self) -> bool:
        """Take in what was written within a moment; False when it has ended."""
        chunk = self._pair.take(0.1)
        self.raw += chunk or b""
        self._stream.feed(chunk or b"")
        return chunk is not None

    def press(self, keys: str) -> None:
        os.write(self._pair.master, keys.encode())

    def resize(self, rows: int, columns: int) -> None:
        """Change its size; like most terminals, ours cuts rows that are too long."""
        self.screen.resize(rows, columns)
        self._pair.resize(rows, columns)

    def end(self) -> int:
        """Wait for the end of the command; its exit code."""
        while self._take():
            pass
        return self._pair.exit()
