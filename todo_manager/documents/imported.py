"""What every imported format has in common: tasks with todos in, plans with phases out.

A phase keeps the todo's text to the letter; title, explain and note are views of that text. The
readers of queues and of command-center texts differ only in how they find the tasks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct

from todo_manager.documents.names import slug, unique, unprintable
from todo_manager.model import PhaseDoc, PlanDoc
from todo_manager.problems import Problems

TITLE_LENGTH = 120

KEY_LENGTH = 40
_NUMBERED = re.compile(r"\W*phase\s*[0-9]+(?:\.[0-9]+)*\s*[^\w\s]*\s*", re.IGNORECASE)
_NOTE = re.compile(
    r"[\s#>*_]*(?:IMPORTANT NOTES?|MAHALAGANG PAALALA)\b[*_\s]*[:\u2013\u2014-]?[*_]*\s*"
)
"""How a note begins, in the two languages the field's queues are written in."""
_RULE = re.compile(r"\s*(?:[\u2500\u2501\u2550]{3,}|-{3,})\s*")
_LEADERS = re.compile(r"(?:#{1,6}\s+|>\s*|[-*+]\s+|[\u2500\u2501\u2550]+|\s+)+")
_TRAILERS = re.compile(r"[\s#\u2500\u2501\u2550]+\Z")
_WRAPPED = re.compile(r"(\*\*|`|(?<!\*)\*(?!\*))(\S(?:.*?\S)?)\1")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Todo(NamedTuple):
    """One item of a task: its text, and whether the document calls it done."""

    text: str
    marked: bool = False


class Task(Struct, frozen=True, kw_only=True):
    """One task as a reader found it."""

    id: str
    todos: tuple[Todo, ...] = ()
    title: str = ""
    description: str = ""
    status: str = ""
    created: str = ""
    updated: str = ""
    line: int = 0
    """Where it stands; 0 when the format gives no lines."""
    path: str = ""
    """Where it stands, for a format that has paths."""

    @property
    def place(self) -> str:
        """How a message about another task names this one's place."""
        return f"line {self.line}" if self.line else self.path


def plans_of(tasks: Iterable[Task], format: str, problems: Problems) -> tuple[PlanDoc, ...]:
    """One plan a task, in order; a task whose id is unusable or recurs is an error and left out."""
    first: dict[str, Task] = {}
    for task in tasks:
        before = first.get(task.id)
        complaint = _complaint(task) if before is None else _twice(task, before)
        if complaint:
            problems.error(task.line, task.path, complaint)
        else:
            first[task.id] = task
    _warn_of_empty([task for task in first.values() if not task.todos], problems)
    return tuple(plan_of(task, format) for task in first.values())


def plan_of(task: Task, format: str) -> PlanDoc:
    """The plan of one task; every phase needs the phase before it."""
    return PlanDoc(
        id=task.id,
        title=_first_line(task.title) or _first_line(task.description) or task.id,
        phases=_phases(task.todos),
        format=format,
        description=task.description,
        status=task.status,
        created=task.created,
        updated=task.updated,
    )


def task_of(plan: PlanDoc) -> Task:
    """The task that a plan of texts would be imported from: what the writers take."""
    return Task(
        id=plan.id,
        todos=tuple(Todo(phase.text, phase.marked) for phase in plan.phases),
        title=plan.title,
        description=plan.description,
        status=plan.status,
        created=plan.created,
        updated=plan.updated,
    )


def views(text: str) -> tuple[str, str, str]:
    """Title, explain and note of a phase's text.

    The title is the first line that has letters left without its markdown and box rules, at most
    120 characters of it; a line that is cut opens the explain in full. The note is all that
    follows a line beginning with IMPORTANT NOTE; explain is what stands between, without the
    rule drawn above the note.
    """
    lines = text.split("\n")
    at = next((i for i, line in enumerate(lines) if bare(line)), -1)
    if at < 0:
        return "", "", ""
    full = bare(lines[at])
    title = full[:TITLE_LENGTH].rstrip()
    rest = lines[at + 1 :] if title == full else lines[at:]
    explain, note = _split_note(rest)
    return title, explain, note


def bare(line: str) -> str:
    """A line without markdown markers at its ends, box rules and emphasis."""
    inner = _LEADERS.sub("", line, count=1) if _LEADERS.match(line) else line
    return _WRAPPED.sub(r"\2", _TRAILERS.sub("", inner)).strip()


def _split_note(lines: list[str]) -> tuple[str, str]:
    for at, line in enumerate(lines):
        begins = _NOTE.match(line)
        if begins:
            note = [line[begins.end() :], *lines[at + 1 :]]
            return _body(lines[:at]), "\n".join(note).strip()
    return _body(lines), ""


def _body(lines: list[str]) -> str:
    kept = _without_blank_ends(lines)
    if kept and _RULE.fullmatch(kept[-1]):
        kept = _without_blank_ends(kept[:-1])
    return "\n".join(kept)


def _without_blank_ends(lines: list[str]) -> list[str]:
    full = [i for i, line in enumerate(lines) if line.strip()]
    return lines[full[0] : full[-1] + 1] if full else []


def key_of(title: str) -> str:
    """A phase's key: the slug of its title without `PHASE 3:`, for that number is often another
    than its index; may come out empty."""
    return slug(_NUMBERED.sub("", title), KEY_LENGTH) or slug(title, KEY_LENGTH)


def _phases(todos: tuple[Todo, ...]) -> tuple[PhaseDoc, ...]:
    phases: list[PhaseDoc] = []
    taken: dict[str, int] = {}
    for index, todo in enumerate(todos):
        title, explain, note = views(todo.text)
        phases.append(
            PhaseDoc(
                key=unique(key_of(title) or f"p{index}", taken),
                title=title or f"Phase {index}",
                explain=explain,
                note=note,
                text=todo.text,
                needs=(phases[-1].key,) if phases else (),
                marked=todo.marked,
            )
        )
    return tuple(phases)


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.split("\n") if line.strip()), "")
    return line[:TITLE_LENGTH].rstrip()


def _complaint(task: Task) -> str:
    """Why this task cannot be stored, or nothing."""
    if not task.id.strip():
        return "the id is empty: every plan is addressed by its id"
    hidden = unprintable(task.id)
    if hidden:
        return f"the id {task.id!r} holds {hidden}, which cannot be printed or typed"
    fields = [("title", task.title), ("description", task.description), ("status", task.status)]
    fields += [("created", task.created), ("updated", task.updated)]
    fields += [(f"todo {index}", todo.text) for index, todo in enumerate(task.todos)]
    broken = [name for name, text in fields if _SURROGATE.search(text)]
    if broken:
        return f"{', '.join(broken)}: half of a character (a lone surrogate); it cannot be stored"
    return ""


def _twice(task: Task, before: Task) -> str:
    return f"the id {task.id!r} stands twice, here and at {before.place}: one of them would be lost"


def _warn_of_empty(tasks: list[Task], problems: Problems) -> None:
    if not tasks:
        return
    names = ", ".join(repr(task.id) for task in tasks[:3]) + (", …" if len(tasks) > 3 else "")
    many = "1 task has" if len(tasks) == 1 else f"{len(tasks)} tasks have"
    problems.warn(tasks[0].line, tasks[0].path, f"{many} no todos, so no phases: {names}")
