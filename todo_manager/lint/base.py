"""What lint finds, and what a rule of it is."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from todo_manager.binding import Bound
from todo_manager.canonical import Map, Tree, line_of
from todo_manager.documents import loader
from todo_manager.documents.plan_yaml import FORMAT
from todo_manager.problems import Problems

ERROR, WARNING = "error", "warning"


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is wrong or weak, where it stands, and what to write instead."""

    file: str
    line: int
    """0 where it stands in no line, like a script that is too many."""
    path: str
    """Where in the document, like `phases[0].verify[1].timeout`; may be empty."""
    level: str
    message: str
    example: str
    """What could stand there, as YAML or as a command; may be several lines."""
    rule: str

    def text(self) -> str:
        """It in one line: `file:line: path: what is wrong`."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(filter(None, (place, self.path, self.message)))


class Subject(Struct, frozen=True, kw_only=True):
    """A plan that loads, as rules look at it."""

    root: Path
    bound: Bound

    def checks(self) -> Iterator[tuple[int, str, Tree]]:
        """Every check with the index of its phase and its place in the document."""
        for index, phase in enumerate(self.bound.plan.phases):
            lists = {"verify": phase.verify}
            lists |= {f"parts[{n}].verify": part.verify for n, part in enumerate(phase.parts)}
            for place, trees in lists.items():
                for position, tree in enumerate(trees):
                    yield index, f"phases[{index}].{place}[{position}]", tree

    def phase_line(self, index: int) -> int:
        """The line in which a phase begins; 0 where the document has no lines."""
        lines = _phase_lines(self.bound.document.original, self.bound.document.format)
        return lines[index] if index < len(lines) else 0


@functools.lru_cache(maxsize=1)
def _phase_lines(original: bytes, format_: str) -> tuple[int, ...]:
    """The line of each phase as it is written; nothing for formats that are no YAML."""
    tree = loader.load(original.decode("utf-8-sig"), Problems("")) if format_ == FORMAT else None
    phases = tree.get("phases", []) if isinstance(tree, Map) else []
    return tuple(map(line_of, phases))


class Rule(Protocol):
    """One rule. Members are modules of this folder that define these two."""

    LEVEL: str
    """`error` where a plan that breaks it can never be done, else `warning`."""

    def look(self, subject: Subject) -> Iterator[tuple[int, str, str, str]]:
        """Every place that breaks it: line, path, what is wrong, what to write."""
