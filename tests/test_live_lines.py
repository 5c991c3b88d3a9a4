"""What is told of a program while it writes: whole lines, no secret, and not without end."""

from __future__ import annotations

import itertools
import queue
from typing import Any

import pytest

from todo_manager import runner
from todo_manager.live_lines import LONGEST, MORE, Lines
from todo_manager.secrets import MASK, Masker

KEY = "-----BEGIN-----\nMIIabcdefgh\nab==\n-----END-----"


def told(masker: Masker, chunks: list[bytes], most: int | None = None) -> list[str]:
    found: list[str] = []
    lines = Lines(masker, lambda stream, text: found.append(text), most)
    for chunk in chunks:
        lines.add("stdout", chunk)
    lines.end()
    return found


@pytest.mark.parametrize("secret", ["hunter2-hunter2", KEY], ids=["one line", "several lines"])
def test_a_secret_is_masked_wherever_it_is_cut(secret: str) -> None:
    whole = f"a {secret} b\nc\n".encode()
    for first, second in itertools.combinations(range(len(whole) + 1), 2):
        chunks = [whole[:first], whole[first:second], whole[second:]]
        assert told(Masker([secret]), chunks) == [f"a {MASK} b", "c"], chunks


def test_what_only_began_like_a_secret_is_told() -> None:
    assert told(Masker([KEY]), [b"x\n-----BEGIN-----\nMII", b"other\nab==\n"]) == [
        "x", MASK, "MIIother", "ab==",  # a line of a secret is one, too
    ]  # fmt: skip


def test_a_line_is_told_before_the_next_one_comes() -> None:
    found: list[str] = []
    lines = Lines(Masker([KEY]), lambda stream, text: found.append(f"{stream}: {text}"))
    lines.add("stderr", b"10%\r20%\r\nhalf")
    assert found == ["stderr: 20%"]


def test_a_line_without_end_costs_no_memory_and_is_counted() -> None:
    found: list[str] = []
    lines = Lines(Masker(["hunter2-hunter2"]), lambda stream, text: found.append(text))
    for _ in range(100):
        lines.add("stdout", b"x" * LONGEST)
        assert len(lines._open["stdout"].data) <= LONGEST
    lines.add("stdout", b"y\nz\n")
    assert found == [f"[... a line of {100 * LONGEST + 1} bytes ...]", "z"]


def test_more_than_the_limit_is_not_told_and_that_is_said_once() -> None:
    assert told(Masker([]), [b"\n" * 60] * 100, 100) == [""] * 100 + [MORE]


def test_lines_that_nobody_takes_do_not_pile_up() -> None:
    """A check waits for nobody who follows it: what it writes is let go, and the evidence has it."""
    events: queue.SimpleQueue[runner.Event] = queue.SimpleQueue()
    nothing: Any = None
    worker = runner._Worker(nothing, queue.SimpleQueue(), events, Masker([]), nothing)
    lines = worker._told("loud")
    for _ in range(3):
        for _ in range(runner.UNHEARD):
            lines.add("stdout", b"x\n")
        lines.end()
    assert events.qsize() <= runner.UNHEARD + 3
    last = [events.get() for _ in range(events.qsize())][-1]
    assert last == runner.CheckWrote("loud", "stdout", MORE, last=True)
