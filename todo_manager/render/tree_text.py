"""Lines for people about a plan as a tree: what may begin when something is done stands below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from todo_manager.needs import Place
from todo_manager.render import palette
from todo_manager.render.cells import cells, cut
from todo_manager.render.output import Output
from todo_manager.render.plain import GLYPHS, one_line, visible

_NARROWEST = 16
"""Cells a title keeps, however deep it stands."""


_ASCII = str.maketrans(palette.ASCII | {"├": "|", "└": "`", "…": "~"})


class Paper(NamedTuple):
    """What lines are written on: how wide it is in cells, and whether it has ASCII letters alone."""

    width: int
    ascii: bool


def tell_tree(
    plan: dict[str, Any], places: list[Place], output: Output, *, paper: Paper, checks: bool
) -> None:
    """A line or two for each phase, no wider than the paper unless it stands very deep."""
    for line in _lines(plan, places, paper.width, checks):
        output.say(line.translate(_ASCII) if paper.ascii else line)


def _lines(plan: dict[str, Any], places: list[Place], width: int, checks: bool) -> Iterator[str]:
    yield _fitted(f"{plan['id']}  [{plan['status']}]  ", one_line(plan["title"]), width)
    users = {place.under for place in places}
    for place in places:
        phase = plan["phases"][place.phase]
        rest = _rest(place) + ("│ " if place.phase in users else "  ")
        yield from _phase(phase, place, rest, width)
        if checks:
            yield from (_fitted(rest, line, width) for line in _checks(phase))
    if not places:
        yield "no phases"


def _phase(phase: dict[str, Any], place: Place, rest: str, width: int) -> list[str]:
    """Its title and state; the state in a line of its own where there is no room beside the title."""
    head = f"{_prefix(place)}{GLYPHS[phase['state']]} {phase['index']}. "
    also = [str(n) for n in phase["needs"] if n != place.under]
    tail = f"[{phase['state']}]" + (f" needs {', '.join(also)} too" if also else "")
    title = visible(one_line(phase["title"]))
    room = width - cells(head) - cells(tail) - 2
    if cells(title) <= room or room >= 2 * _NARROWEST:
        return [f"{head}{cut(title, room)}  {tail}"]
    return [_fitted(head, title, width), f"{rest}  {tail}"]


def _fitted(head: str, text: str, width: int) -> str:
    return head + cut(visible(text), max(_NARROWEST, width - cells(head)))


def _prefix(place: Place) -> str:
    """The lines of the branches a phase stands in, up to its own."""
    if not place.trail or not place.first:
        return _rest(place)
    return _rest(place)[:-2] + ("└ " if place.trail[-1] else "├ ")


def _rest(place: Place) -> str:
    """The same for whatever follows on its branch."""
    return "".join("  " if last else "│ " for last in place.trail)


def _checks(phase: dict[str, Any]) -> list[str]:
    """The checks of a phase, those of its parts under the parts."""
    verdicts = (phase["last_run"] or {}).get("checks", {})
    lines = [_check(check, verdicts) for check in phase["checks"] if not check["part"]]
    for part in phase["parts"]:
        lines.append(f"  part {part['index']}: {one_line(part['title'])}")
        inside = [check for check in phase["checks"] if check["part"] == part["index"]]
        lines += [f"  {_check(check, verdicts)}" for check in inside]
    return lines


def _check(check: dict[str, Any], verdicts: dict[str, str]) -> str:
    glyph = GLYPHS.get(verdicts.get(check["id"], ""), "-")
    optional = "" if check["required"] else " (not required)"
    return f"  {glyph} {check['id']}: {check['kind']} {one_line(check['subject'])}{optional}"
