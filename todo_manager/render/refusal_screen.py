"""A refusal or error on a terminal: what and where, and each road from here on a line of its own."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from todo_manager.render.palette import COMMAND, DIM, REFUSED
from todo_manager.render.screen import Screen

if TYPE_CHECKING:
    from todo_manager.errors import TodoError
    from todo_manager.render.output import Output

_ROADS = re.compile(r"(?<= ·) ")
_STEPS = re.compile(r"(?<=then:) ")
_HANG, _NARROW_HANG = 8, 4
"""Columns before a road; where there are few, `next:` stands above it, so that a command stays whole."""


def tell(command: str, error: TodoError, output: Output) -> None:
    """The message in words that wrap, one line of it a line; then what to type next."""
    screen = Screen(output, sys.stderr)
    who = " ".join(["todo_manager", command]).strip()
    first, *more = error.message.splitlines() or [""]
    rows = screen.rows((f"{who}: ", REFUSED), (first, ""), hang=2)
    for line in more:
        rows += screen.rows((line, ""), indent=2, hang=2)
    hang = _NARROW_HANG if screen.narrow else _HANG
    for number, road in enumerate(_roads(error.hint, screen.width - hang)):
        label, indent = (("", ""), hang) if number else (("next:", DIM), 2)
        rows += screen.rows((road, COMMAND), label=label, indent=indent, hang=hang)
    output.flush()
    output.draw("".join(f"{row}\n" for row in rows))


def _roads(hint: str, width: int) -> list[str]:
    """The roads a hint names; one too long for a row in its steps, so that commands stay whole."""
    found: list[str] = []
    for road in _ROADS.split(hint) if hint else ():
        found += [road] if len(road) <= width else _STEPS.split(road)
    return found
