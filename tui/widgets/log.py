"""A log that grows while it is read: it follows its end, or stays where the reader is."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from tui.widgets.rows import Rows, Text
from tui.words import wrap


class Log(Rows):
    """Takes lines in batches. While paused it counts what is new below."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.following = True
        self.unseen = 0
        """Lines that came while it was paused."""

    def take(self, lines: Sequence[Text]) -> None:
        """Add lines at the end, in one step however many there are."""
        if not lines:
            return
        self.texts += lines
        if self._width != self._room():
            self._lay_out()
        else:
            for line in lines:
                self._rows += wrap(line.pieces, self._width, line.hang)
            self.virtual_size = Size(0, len(self._rows))
        if self.following:
            self.last()
            self.refresh()
        else:
            self.unseen += len(lines)

    def start_over(self, lines: Sequence[Text]) -> None:
        """Show another log from here on."""
        self.texts, self._rows, self.unseen = [], [], 0
        self._lay_out()
        self.take(lines)

    def follow(self, on: bool) -> None:
        """Follow the end from now on, or stay."""
        self.following = on
        if on:
            self.unseen = 0
            self.last()

    def move(self, by: int) -> None:
        """Whoever moves up wants to read: it stays. At the end it follows again."""
        super().move(by)
        self._settle(by)

    def first(self) -> None:
        super().first()
        self.following = not self._rows

    def last(self) -> None:
        super().last()
        self.following, self.unseen = True, 0

    def _settle(self, by: int) -> None:
        at_end = self.scroll_offset.y >= self.max_scroll_y
        self.following = at_end if by > 0 else False
        if self.following:
            self.unseen = 0

    def _lay_out(self) -> None:
        super()._lay_out()
        if self.following:
            super().last()
