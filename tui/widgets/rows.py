"""A text to be read: lines of pieces that wrap at the width there is, and scroll up and down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.toned import strip
from tui.words import Line, Piece, wrap

EDGE, SCROLLBAR = 2, 1


class Text(NamedTuple):
    """One line of a text; what it wraps to is indented by `hang`."""

    pieces: Line
    hang: int = 0


def text(*pieces: Piece | str, hang: int = 0) -> Text:
    """A line of pieces; a bare string has the ordinary tone."""
    return Text(tuple((each, "") if isinstance(each, str) else each for each in pieces), hang)


class Rows(ScrollView, can_focus=False):
    """Shows a text. It scrolls up and down only."""

    DEFAULT_CSS = """
    Rows { height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: auto;
           scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.texts: list[Text] = []
        self.active = False
        """Whether it has the keys."""
        self._rows: list[Line] = []
        self._width = 0

    @property
    def whole(self) -> str:
        """The text as one string, for who wants to find something in it."""
        return "\n".join("".join(part for part, _ in line.pieces) for line in self.texts)

    def show(self, texts: Sequence[Text], *, stay: bool = False) -> None:
        """Put a text up, from its beginning; with `stay` where the reader is."""
        if list(texts) == self.texts:
            return
        self.texts = list(texts)
        self._lay_out()
        if not stay:
            self.scroll_to(y=0, animate=False, force=True, immediate=True)

    def on_resize(self, event: events.Resize) -> None:
        if self._room() != self._width:
            self._lay_out()

    def move(self, by: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + by, animate=False, force=True, immediate=True)

    def page(self, direction: int) -> None:
        self.move(direction * max(1, self.size.height - 1))

    def first(self) -> None:
        self.scroll_to(y=0, animate=False, force=True, immediate=True)

    def last(self) -> None:
        self.scroll_to(y=self.virtual_size.height, animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        place = y + self.scroll_offset.y
        row: Line = [("  ", ""), *self._rows[place]] if place < len(self._rows) else []
        return strip(self.app, row, self.size.width, self.rich_style)

    def _room(self) -> int:
        return max(1, self.container_size.width - EDGE - SCROLLBAR - 1)

    def _lay_out(self) -> None:
        self._width = self._room()
        self._rows = [
            row for line in self.texts for row in wrap(line.pieces, self._width, line.hang)
        ]
        self.virtual_size = Size(0, len(self._rows))
        self.refresh()
