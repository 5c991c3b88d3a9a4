"""What is said of the lines of a log, whichever way they were read."""

from __future__ import annotations

import re

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import searching
from todo_manager.checks.expect import Expectation, Judgement, expectation
from todo_manager.checks.fields import Wrong
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.textmatch import not_text


class Wanted(Struct, frozen=True, kw_only=True):
    """What a log must hold and lack."""

    contains: tuple[str, ...] = ()
    matches: tuple[re.Pattern[str], ...] = ()
    lacks: tuple[str, ...] = ()
    times: Expectation | None = None


class Lines(Struct, frozen=True, kw_only=True):
    """What was read of a log."""

    name: str
    streams: tuple[bytes, ...]
    """Each begins with a whole line, as far as is known."""
    cut: int = 0
    """The bytes that were read where there are more; 0 where all of it was read."""
    gone: str = ""
    """Why lines may be missing that were there; empty where none can be."""
    growing: bool = True
    """Whether the last line may still be written to, where it has no end."""


def times(tree: Tree) -> Expectation:
    """How many lines: a number from 1 or an operator, and never one that holds for none."""
    wanted = expectation(tree)
    if not isinstance(wanted.value, int) or isinstance(wanted.value, bool) or wanted.value < 0:
        raise Wrong("expected a number from 1, or one of {ne lt le gt ge}: number")
    if wanted.holds(0):
        raise Wrong(f"{wanted} also holds where no line is: use lacks for that, or ge and le")
    return wanted


def judge_lines(lines: Lines, wanted: Wanted) -> list[Judgement]:
    """One judgement for each text; in a log that was not read to its end, what is not seen is unknown."""
    texts = [stream.decode("utf-8", "replace").replace("\r\n", "\n") for stream in lines.streams]
    whole = [_ended(text, lines) for text in texts]
    if not any(text.strip() for text in texts):
        return [judged(False, f"{lines.name} holds lines", "it holds none")]
    found = [
        _there(lines, f"contains {needle!r}", any(needle in text for text in texts))
        for needle in wanted.contains
    ]
    found += [
        _there(lines, f"matches {each.pattern!r}", any(searching.spans(each, whole)))
        for each in wanted.matches
    ]
    if wanted.times is not None:
        found.append(_counted(lines, wanted, wanted.times, texts, whole))
    found += [_lacks(lines, needle, texts) for needle in wanted.lacks]
    return found or [judged(True, f"{lines.name} holds lines", "it does")]


def _ended(text: str, lines: Lines) -> str:
    """The text up to the end of its last whole line: what comes could undo a match."""
    return text[: text.rfind("\n") + 1] if lines.growing or lines.cut else text


def _there(lines: Lines, wanted: str, so: bool) -> Judgement:
    expected = f"{lines.name} {wanted}"
    if lines.cut and not so:
        return unclear(expected, _too_long(lines))
    return judged(so, expected, "it does" if so else "no line of it does")


def _counted(
    lines: Lines, wanted: Wanted, times: Expectation, texts: list[str], whole: list[str]
) -> Judgement:
    """The lines with the one text or pattern that is asked for."""
    if wanted.contains:
        shown = repr(wanted.contains[0])
        count = sum(wanted.contains[0] in line for text in texts for line in text.split("\n"))
    else:
        pattern = wanted.matches[0]
        shown = repr(pattern.pattern)
        places = searching.spans(pattern, [line for text in whole for line in text.split("\n")])
        count = sum(map(bool, places))
    expected = f"{lines.name} has {shown} in {times} lines"
    if lines.cut:
        return unclear(expected, _too_long(lines))
    if lines.gone and not (times.operator in ("ge", "gt") and times.holds(count)):
        return unclear(expected, f"in {count}, but {lines.gone}")
    return judged(times.holds(count), expected, f"in {count}")


def _lacks(lines: Lines, needle: str, texts: list[str]) -> Judgement:
    expected = f"{lines.name} lacks {needle!r}"
    if any(needle in text for text in texts):
        return judged(False, expected, "a line of it holds that")
    if lines.cut or lines.gone:
        return unclear(expected, lines.gone or _too_long(lines))
    for stream in lines.streams:
        if reason := not_text(stream):
            return unclear(expected, reason)
    return judged(True, expected, "no line of it does")


def _too_long(lines: Lines) -> str:
    return f"it is longer than the {lines.cut // 2**20} MiB that were searched"
