"""Where tasks and todos begin in a command-center text, among bodies that look just like it.

Neither layout quotes or escapes a todo's text, so a body may hold lines that look like marks and
task heads, up to a whole command center pasted into it. A mark counts only when its number is the
next one expected and fewer than the declared were read; a task head only when all of the task
before was read and its own four lines are complete. What that leaves open is decided by trying
rules in turn, the most sceptical first, and taking the first that finds every declared todo.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from msgspec import Struct

HEAD = re.compile(r"([1-9][0-9]{0,5})\. 🗒\ufe0f?  (.*)")
MARK = re.compile(r"      \[([✔✗])\] (0|[1-9][0-9]{0,5})\.(?: (.*))?")

_DESCRIPTION = "   Description:"
_STATUS = "   Status:"
_CREATED = "   Created:"
_TODOS = re.compile(r"   TODO Items(?: \((0|[1-9][0-9]{0,5})\):|: None)\s*")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_LONGEST = 201
"""Lines of the longest description that is shown: 200 characters, each a line end."""


class Head(NamedTuple):
    """The lines a task begins with; `line` and `end` are indexes, `end` is past its last one."""

    line: int
    end: int
    number: int
    id: str
    description: str
    status: str
    created: str
    declared: int


class Found(Struct):
    """One task's place: its head, the indexes of its marks, and where it ends."""

    head: Head
    end: int
    marks: list[int] = []
    doubt: int = -1
    """Index of a quoted head before it that makes it doubtful whether it is a task at all."""

    @property
    def complete(self) -> bool:
        return len(self.marks) == self.head.declared


class Rules(NamedTuple):
    """What is taken to be part of a body though it looks like a mark or a head."""

    fences: bool
    """Lines in a closed markdown code fence."""
    quotes: bool
    """A task head inside a body, together with the marks it declares."""
    spaced: bool
    """Marks without a blank line before them (the layout of R2 has one before every mark)."""


def locate(lines: list[str], spaced: bool) -> list[Found]:
    """The places of all tasks, by the first rules that find every declared todo.

    When no rules do, what the plainest found: the text is cut off, or not what it says.
    """
    found: list[Found] = []
    for fences, quotes in ((True, True), (False, True), (False, False)):
        scanner = Scanner(lines, Rules(fences, quotes, spaced))
        found = scanner.run()
        if found and not scanner.fence and all(task.complete for task in found):
            break
    return found


def head_at(lines: list[str], at: int) -> Head | None:
    """The task head that begins at this line, if all its lines are there."""
    begins = HEAD.fullmatch(lines[at])
    if begins is None or not "".join(lines[at + 1 : at + 2]).startswith(_DESCRIPTION):
        return None
    for status in range(at + 2, min(at + 2 + _LONGEST, len(lines) - 2)):
        if HEAD.fullmatch(lines[status]):
            return None
        todos = _TODOS.fullmatch(lines[status + 2])
        if todos and _follows(lines, status):
            shown = "\n".join(lines[at + 1 : status])
            return Head(
                line=at,
                end=status + 3,
                number=int(begins[1]),
                id=begins[2],
                description=_value(shown, _DESCRIPTION),
                status=_value(lines[status], _STATUS),
                created=_value(lines[status + 1], _CREATED),
                declared=int(todos[1] or 0),
            )
    return None


def _follows(lines: list[str], status: int) -> bool:
    words = lines[status].startswith(_STATUS), lines[status + 1].startswith(_CREATED)
    return all(words)


def passed_heads(lines: list[str], task: Found) -> list[int]:
    """Indexes in a task's last body where the next task seems to begin, though it is read as text.

    It is so where the head is not complete, or stands in a code fence.
    """
    start = task.marks[-1] + 1 if task.marks else task.head.end
    wanted = task.head.number + 1
    return [at for at in range(start, task.end) if _begins(lines, at, wanted)]


def doubtful_mark(lines: list[str], task: Found, spaced: bool) -> tuple[int, int] | None:
    """The first mark of a complete task for which another line would do: the indexes of both.

    Compared with what reading forwards takes (always the first that fits) and reading backwards
    (always the last). The first mark is never in doubt, it follows the head.
    """
    region = range(task.head.end + 1, task.end)
    marks = [(at, _number(lines, at, spaced)) for at in region]
    wanted = list(range(1, task.head.declared))
    for other in (_pick(marks, wanted), _pick(marks[::-1], wanted[::-1])[::-1]):
        if len(other) < len(wanted):
            continue
        pairs = zip(task.marks[1:], other, strict=True)
        differ = next(((taken, at) for taken, at in pairs if taken != at), None)
        if differ:
            return differ
    return None


def _pick(marks: list[tuple[int, int]], wanted: list[int]) -> list[int]:
    """Indexes of the first marks that have the wanted numbers in the wanted order."""
    picked: list[int] = []
    for at, number in marks:
        if len(picked) < len(wanted) and number == wanted[len(picked)]:
            picked.append(at)
    return picked


def _begins(lines: list[str], at: int, number: int) -> bool:
    if head_number(lines[at]) != number or lines[at - 1].strip():
        return False
    return at + 1 == len(lines) or lines[at + 1].startswith(_DESCRIPTION)


def head_number(line: str) -> int:
    """The number of the task whose head begins with this line, or 0."""
    head = HEAD.fullmatch(line)
    return int(head[1]) if head else 0


class Scanner:
    """Reads lines once, from the first to the last, under one set of rules."""

    def __init__(self, lines: list[str], rules: Rules) -> None:
        self.lines = lines
        self.rules = rules
        self.found: list[Found] = []
        self.fence = ""
        """The fence that is open; still open at the end, it was no fence."""
        self._quoted: Head | None = None
        self._quoted_marks = 0

    def run(self) -> list[Found]:
        at = 0
        while at < len(self.lines):
            at = self._step(at)
        return self.found

    def _step(self, at: int) -> int:
        """Read one line, or one head; returns the line to go on with."""
        if self.found and self.rules.fences and self._fenced(self.lines[at]):
            return at + 1
        head = head_at(self.lines, at)
        if head and self._is_next(head):
            self._begin(head)
        elif head and self.rules.quotes:
            self._quoted, self._quoted_marks = head, 0
        else:
            self._mark(at)
            return at + 1
        return head.end

    def _fenced(self, line: str) -> bool:
        if not self.fence:
            self._open(line)
            return bool(self.fence)
        bare = line.strip()
        if bare.startswith(self.fence) and not bare.strip(self.fence[0]):
            self.fence = ""
        return True

    def _open(self, line: str) -> None:
        opens = _FENCE.match(line)
        self.fence = opens[1] if opens and self.rules.fences else ""

    def _is_next(self, head: Head) -> bool:
        if not self.found:
            return True
        task = self.found[-1]
        apart = not self.lines[head.line - 1].strip()
        return apart and task.complete and head.number == task.head.number + 1

    def _begin(self, head: Head) -> None:
        if self.found:
            self.found[-1].end = head.line
        doubt = self._quoted.line if self._quoted else -1
        self.found.append(Found(head=head, end=len(self.lines), doubt=doubt))
        self._quoted = None

    def _mark(self, at: int) -> None:
        if not self.found:
            return
        task = self.found[-1]
        first = at == task.head.end
        number = _number(self.lines, at, self.rules.spaced and not first)
        if self._quoted and self._is_quoted(at, self._quoted):
            self._quoted_marks += 1
        elif number == len(task.marks) < task.head.declared and (first or task.marks):
            task.marks.append(at)
            self._quoted = None
            self._open((MARK.fullmatch(self.lines[at]) or [""] * 4)[3] or "")

    def _is_quoted(self, at: int, quoted: Head) -> bool:
        return _number(self.lines, at, False) == self._quoted_marks < quoted.declared


def _number(lines: list[str], at: int, spaced: bool) -> int:
    """The number of the mark on this line; -1 where there is none that may count."""
    mark = MARK.fullmatch(lines[at])
    apart = not spaced or not lines[at - 1].strip()
    return int(mark[2]) if mark and apart else -1


def _value(line: str, name: str) -> str:
    return line[len(name) :].removeprefix(" ")
