"""The newcomer's path of the README, typed into a shell in a pseudo-terminal, colours and all."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import session

_SECONDS = 60
_PROMPT = re.compile(rb"READY (\d+)> ")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Shell:
    """An interactive shell on a terminal of its own, into which words are typed."""

    def __init__(self, descriptor: int) -> None:
        self._terminal = descriptor
        self._until(_PROMPT)

    def type(self, words: str) -> tuple[str, int]:
        """Type a command, and yes where it asks for it; what it showed, and its exit code."""
        os.write(self._terminal, words.encode() + b"\n")
        shown, found = self._until(re.compile(rb"Type yes to go on: |" + _PROMPT.pattern))
        if found[1] is None:
            os.write(self._terminal, b"yes\n")
            more, found = self._until(_PROMPT)
            shown += more
        return _ESCAPES.sub("", shown.decode()), int(found[1])

    def _until(self, wanted: re.Pattern[bytes]) -> tuple[bytes, re.Match[bytes]]:
        seen, deadline = b"", time.monotonic() + _SECONDS
        while not (found := wanted.search(seen)):
            ready, _, _ = select.select([self._terminal], [], [], deadline - time.monotonic())
            assert ready, seen
            seen += os.read(self._terminal, 65536)
        return seen, found


@contextmanager
def shell(place: session.Session, columns: int) -> Iterator[Shell]:
    env = place.env | {"PS1": "READY $?> "}
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chdir(place.root)
            words = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
            os.execvpe("bash", words, env)
        finally:
            os._exit(127)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    try:
        yield Shell(master)
    finally:
        os.write(master, b"exit\n")
        os.close(master)
        os.waitpid(pid, 0)


def words_of(text: str) -> set[str]:
    """The words of an output, as far as they are the same however wide the terminal is."""
    settled = re.sub(r"\(\d+\.\ds\)|\[exit \d+\]|^ *\.\.\. .*$", "", text, flags=re.MULTILINE)
    return {word for word in settled.split() if word.isascii() and "…" not in word}


@pytest.mark.parametrize("columns", [60, 100])
def test_it_goes_as_the_readme_tells_it(columns):
    told = [step for block in session.blocks() for step in session.steps(block)]
    seen = ""
    with session.begun("xterm-256color") as place:
        with shell(place, columns) as typed:
            for words, expected in told:
                shown, code = typed.type(words)
                seen += shown
                assert code == _code(expected), (words, shown)
                shown = shown.replace(str(place.root), session.FOLDER)
                missing = words_of(expected) - words_of(shown)
                assert not missing, (words, missing, shown)
        page = (place.root / "first-report.html").read_text(encoding="utf-8")
    for step in ("init", "import", "done", "accept", "report"):
        assert f"$ todo_manager {step}" in "\n".join(f"$ {words}" for words, _ in told)
    assert "Ship a change that can be taken back" in page
    assert "Type yes to go on: yes" in seen


def _code(expected: str) -> int:
    found = re.search(r"^\[exit (\d+)\]$", expected, re.MULTILINE)
    return int(found[1]) if found else 0
