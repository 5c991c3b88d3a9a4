"""Pieces of text as what the terminal is sent: each tone with its style in the theme that is on."""

from __future__ import annotations

import functools
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.strip import Strip

from todo_manager.render.plain import visible
from tui.words import Line

HERE, BESIDE = "here", "beside"
"""The line of the cursor: in the pane that has the keys, and in the others."""

_ANSI = {
    "muted": Style(dim=True),
    "strong": Style(bold=True),
    "key": Style(bold=True),
    "done": Style(color="green"),
    "attested": Style(),
    "running": Style(bold=True),
    "warn": Style(color="yellow"),
    "failed": Style(color="red", bold=True),
    "errored": Style(color="magenta", bold=True),
    HERE: Style(reverse=True),
    BESIDE: Style(bold=True),
}
_BOLD = ("strong", "key", "failed", "errored", "running")


def style(app: App[Any], tone: str) -> Style:
    """The style of a tone in the theme that is on; nothing for the ordinary one."""
    if not tone:
        return Style.null()
    if app.native_ansi_color:
        return _ANSI.get(tone, Style.null())
    colour = app.theme_variables.get(f"tone-{tone}", "")
    return _coloured(tone, colour) if colour else Style.null()


@functools.cache
def _coloured(tone: str, colour: str) -> Style:
    if tone in (HERE, BESIDE):
        return Style(bgcolor=Color.parse(colour))
    return Style(color=Color.parse(colour), bold=tone in _BOLD or None)


def strip(app: App[Any], line: Line, width: int, base: Style) -> Strip:
    """A row that has been wrapped or cut before, filled up to `width` cells."""
    segments = [Segment(text, base + style(app, tone)) for text, tone in line]
    return Strip(segments).adjust_cell_length(width, base)


def flat(text: str) -> str:
    """A piece on one line, its control characters written out; its blanks stay."""
    return visible(text).replace("\n", " ").replace("\t", " ")


def cut(line: Line, width: int) -> list[tuple[str, str]]:
    """Pieces as exactly `width` cells on one line, what is too much cut with an ellipsis."""
    whole = [(flat(text), tone) for text, tone in line]
    size = sum(cell_len(text) for text, _ in whole)
    if size <= width:
        return [*whole, (" " * (width - size), "")]
    found: list[tuple[str, str]] = []
    left = width - 1
    for text, tone in whole:
        room = cell_len(text)
        if room >= left:
            found.append((set_cell_size(text, max(0, left)) + "…", tone))
            break
        found.append((text, tone))
        left -= room
    return found if width > 0 else []
