"""Reads the command-center texts R1 and R2, and proves the reading by writing the text again.

Each text is read as both layouts; the one whose writer gives it back byte for byte is the one it
was written by. That decides what blank lines mean: in R1 they are the todo's own, in R2 some were
put in. Three things cannot be had from such a text: more than 80 (R1) or 200 (R2) characters of a
description, blanks at the very end of an R2, and when a task was updated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec import Struct

from todo_manager.documents.control_center_scan import (
    MARK,
    Found,
    doubtful_mark,
    head_at,
    head_number,
    locate,
    passed_heads,
)
from todo_manager.documents.control_center_writers import (
    NOTHING_WORDS,
    R1_CUT,
    TASKS_WORDS,
    TITLE_WORDS,
    write_r1,
    write_r2,
)
from todo_manager.documents.imported import Task, Todo, plans_of
from todo_manager.model import PlanDoc
from todo_manager.problems import Problems

FORMAT = "control-center"

_TOP = 15
"""Lines within which the head of the text must show itself."""
_SIGNED = re.compile(rf"[^\x00-\x7f].{{0,12}} (?:{TITLE_WORDS}|{TASKS_WORDS}|{NOTHING_WORDS})\s*")
"""The plain words of the head behind one sign, whatever a wrong decoding made of the sign."""
_DOTS = "..."


class Layout(NamedTuple):
    """What a writer does to texts, and the writer."""

    name: str
    opened: bool
    """Whether blank lines stand before each mark and below each title."""
    after_todo: int
    """Blank lines between one todo and the next."""
    after_task: int
    """Blank lines between the last todo and the next task."""
    write: Callable[[Iterable[Task]], str]


R1 = Layout("R1", False, 0, 1, write_r1)
R2 = Layout("R2", True, 1, 2, write_r2)


class Reading(Struct, frozen=True):
    """A text read as one layout, and where writing it again first differs (a line, 0: nowhere)."""

    layout: Layout
    found: list[Found]
    tasks: list[Task]
    differs: int

    @property
    def complete(self) -> bool:
        return all(task.complete for task in self.found)

    @property
    def boundaries(self) -> int:
        """How many places the layout's blank lines had to fit at."""
        return sum(len(task.marks) for task in self.found) - 1


def recognises(name: str, text: str) -> bool:
    """Whether one of the first lines is the head of a command center, wrongly decoded or not."""
    return any(_SIGNED.fullmatch(line) for line in _top(text))


def read(text: str, problems: Problems) -> tuple[PlanDoc, ...]:
    """The plans of a command-center text, in its order; marks as the text has them."""
    text = _unix(_repaired(text.removeprefix("\ufeff"), problems), problems)
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    readings = [_read_as(layout, lines) for layout in (R1, R2)]
    best = _best(readings)
    if not best.found:
        _report_nothing(lines, problems)
        return ()
    _report(best, lines, problems)
    _report_choice(best, readings, problems)
    return plans_of(best.tasks, FORMAT, problems)


def _top(text: str) -> list[str]:
    return text.removeprefix("\ufeff").split("\n", _TOP)[:_TOP]


def _repaired(text: str, problems: Problems) -> str:
    """The text, decoded rightly if its head shows that it was decoded wrongly."""
    if any(sign in line for line in _top(text) for sign in "🎮📋ℹ"):
        return text
    from ftfy import fix_encoding  # only a broken text is worth the time its import takes

    repaired = fix_encoding(text)
    if repaired != text:
        problems.warn(0, "", "was decoded wrongly before it was saved; read as repaired by ftfy")
    if repaired.count("\ufffd") > text.count("\ufffd"):
        problems.warn(0, "", "some letters were lost by the wrong decoding; they read as \ufffd")
    return repaired


def _unix(text: str, problems: Problems) -> str:
    if "\r\n" not in text or re.search(r"(?<!\r)\n", text):
        return text
    problems.warn(0, "", "all lines end in CR LF; read as if they ended in LF")
    return text.replace("\r\n", "\n")


def _read_as(layout: Layout, lines: list[str]) -> Reading:
    found = locate(lines, layout.opened)
    if layout.opened and not all(task.complete for task in found):
        found = locate(lines, False)
    tasks = [_task(layout, lines, place, place is found[-1]) for place in found]
    written = layout.write(tasks).split("\n")[:-1]
    pairs = zip([*lines, None], [*written, None], strict=False)
    differs = next((at for at, (old, new) in enumerate(pairs, 1) if old != new), 0)
    return Reading(layout, found, tasks, differs)


def _task(layout: Layout, lines: list[str], place: Found, last: bool) -> Task:
    head = place.head
    ends = [*place.marks[1:], place.end]
    blanks = [layout.after_todo] * (len(ends) - 1) + [0 if last else layout.after_task]
    spans = zip(place.marks, ends, blanks, strict=False)
    return Task(
        id=head.id,
        todos=tuple(_todo(layout, lines[at:end], spare) for at, end, spare in spans),
        description=head.description if layout.opened else _undotted(head.description),
        status=head.status,
        created=head.created,
        line=head.line + 1,
    )


def _todo(layout: Layout, lines: list[str], spare: int) -> Todo:
    """The todo of these lines, without the blank lines its layout put in."""
    mark = MARK.fullmatch(lines[0])
    assert mark is not None, "a place is made of lines that are marks"
    body = lines[1:]
    while spare and body and not body[-1]:
        body.pop()
        spare -= 1
    if layout.opened and body and not body[0]:
        body.pop(0)
    return Todo("\n".join([mark[3] or "", *body]), mark[1] == "✔")


def _undotted(shown: str) -> str:
    """R1 puts dots behind every description: they mean a cut only behind the longest."""
    return shown.removesuffix(_DOTS) if len(shown) < R1_CUT + len(_DOTS) else shown


def _best(readings: list[Reading]) -> Reading:
    """The reading that writes the text again; between two such, or none, by what the text shows."""
    first, second = readings
    exact = [reading for reading in readings if not reading.differs]
    if len(exact) == 1:
        return exact[0]
    if exact:
        return second if second.boundaries > 0 else first
    if first.complete != second.complete:
        return first if first.complete else second
    dotted = all(task.head.description.endswith(_DOTS) for task in first.found)
    return first if dotted else second


def _report_nothing(lines: list[str], problems: Problems) -> None:
    if any(NOTHING_WORDS in line for line in lines[:_TOP]):
        problems.error(0, "", "nothing to import: the text says that no task is open")
        return
    begun = next((at for at, line in enumerate(lines, 1) if head_number(line)), 0)
    wanted = "its lines Description, Status, Created, TODO Items must follow"
    missing = "no task found: the first must begin as `1. 🗒️  <id>`"
    problems.error(
        begun, "", f"the head of this task is not complete: {wanted}" if begun else missing
    )


def _report(reading: Reading, lines: list[str], problems: Problems) -> None:
    """Say what the text lacks, and what could be read in another way."""
    for place in reading.found:
        head = place.head
        if not place.complete:
            message = (
                f"task {head.id!r} declares {head.declared} todos and {len(place.marks)} are there:"
                " the text is cut off, or a mark line was changed"
            )
            problems.error(head.end, "", message)
            continue
        _report_doubts(reading, place, lines, problems)


def _report_doubts(reading: Reading, place: Found, lines: list[str], problems: Problems) -> None:
    doubt = doubtful_mark(lines, place, reading.layout.opened)
    if doubt:
        taken, other = (at + 1 for at in doubt)
        message = f"reads as the mark of a todo; line {other} would do as well and is read as text"
        problems.warn(taken, "", message)
    if place.doubt >= 0:
        message = f"reads as a task; it could belong to the one quoted in line {place.doubt + 1}"
        problems.warn(place.head.line + 1, "", message)
    for at in passed_heads(lines, place):
        if at + 4 >= len(lines) and head_at(lines, at) is None:
            problems.error(at + 1, "", "the text is cut off within the head of this task")
        else:
            message = "looks like the head of the next task; read as text of the todo above"
            problems.warn(at + 1, "", message)


def _report_choice(best: Reading, readings: list[Reading], problems: Problems) -> None:
    name = best.layout.name
    other = next(reading for reading in readings if reading is not best)
    if best.differs and best.complete:
        message = (
            f"read as {name}, but {name} would not write it so from this line on:"
            " texts of phases may differ in blank lines from what their author wrote"
        )
        problems.warn(best.differs, "", message)
    elif not other.differs and [t.todos for t in best.tasks] != [t.todos for t in other.tasks]:
        message = f"could be written by R1 or R2; read as {name}, the other differs in blank lines"
        problems.warn(0, "", message)
