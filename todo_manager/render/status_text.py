"""Where one plan stands, on one line; on a terminal with the colours of its states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from todo_manager.render.palette import DIM, STRONG, STYLES, Piece
from todo_manager.render.plain import GLYPHS, one_line

if TYPE_CHECKING:
    from todo_manager.render.output import Output

_LONGEST = 40
"""Characters of the title of the next phase."""


def tell(row: dict[str, Any], output: Output) -> None:
    """One row of `data.plans[]`."""
    glyph = GLYPHS[row["worst"]] if row["worst"] else " "
    pieces = list(_pieces(row))
    if not output.screen:
        return output.say(f"{glyph} {''.join(text for text, _ in pieces)}")
    from todo_manager.render.screen import Screen

    screen = Screen(output)
    shown = [(screen.shown(text), style) for text, style in pieces]
    screen.line(*shown, label=(screen.ours(glyph), STYLES.get(row["worst"], "")), hang=2)


def _pieces(row: dict[str, Any]) -> Iterator[Piece]:
    yield row["id"], STRONG
    yield f"  {row['done']}/{row['total']}  ", ""
    gap = ""
    for state, count in row["counts"].items():
        yield gap, ""
        yield f"{count} {state}", STYLES.get(state, "")
        gap = ", "
    if not row["counts"]:
        yield "no phases", DIM
    if coming := row["next"]:
        yield "  next: ", DIM
        yield f"{coming['phase']} {one_line(coming['title'], _LONGEST)}", ""
