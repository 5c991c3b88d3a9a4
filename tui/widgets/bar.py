"""Single lines at the edges of a screen, and notes of a few lines: what holds, what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.toned import cut, strip
from tui.words import Line, Piece, wrap


class Bar(Widget, can_focus=False):
    """One line: pieces at the left, others at the right.

    Where there is no room for both the left is cut; with `yields` the right is left out instead.
    """

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(
        self, *, yields: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._yields = yields
        self._left: Sequence[Piece] = ()
        self._right: Sequence[Piece] = ()

    @property
    def text(self) -> str:
        """What it says, both ends."""
        return "".join(text for text, _ in (*self._left, ("  ", ""), *self._right)).strip()

    def put(self, left: Line, right: Line = ()) -> None:
        """Show these; nothing is drawn anew when they are the same."""
        if (left, right) != (self._left, self._right):
            self._left, self._right = tuple(left), tuple(right)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        right = cell_len("".join(text for text, _ in self._right))
        left = cell_len("".join(text for text, _ in self._left))
        if self._yields and left + right + 3 > width:
            right = 0
        line = [(" ", ""), *cut(self._left, max(0, width - right - 3))]
        if right and right + 3 < width:
            line += [(" ", ""), *self._right, (" ", "")]
        return strip(self.app, line, width, self.rich_style)


class Note(Widget, can_focus=False):
    """A few lines that wrap; not there while they are empty.

    With `share` it takes at most that part of the screen's rows: each of its lines is one row, cut
    short, where wrapped they were more.
    """

    DEFAULT_CSS = "Note { height: auto; width: 1fr; display: none; }"

    def __init__(self, *, most: int = 6, share: float = 1.0, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: tuple[Line, ...] = ()
        self._most = most
        self._share = share

    @property
    def text(self) -> str:
        """What it says; empty when it is not shown."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def put(self, lines: Sequence[Line]) -> None:
        """Show these lines, or nothing when there are none."""
        found = tuple(tuple(line) for line in lines)
        if found == self._lines:
            return
        before, self._lines = len(self._rows(self.size.width)), found
        self.display = bool(found)
        # Laying everything out anew takes longer than anything else a key does.
        self.refresh(layout=before != len(self._rows(self.size.width)))

    def _rows(self, width: int) -> list[Line]:
        rows = [row for line in self._lines for row in wrap(line, width - 2, hang=2)]
        most = max(2, min(self._most, int(self.app.size.height * self._share)))
        if self._share < 1 and len(rows) > most:
            rows = [cut(line, width - 2) for line in self._lines]
        if len(rows) > most:
            rows = rows[:most]
            last = list(cut(rows[-1], max(1, width - 4)))
            cut_already = "".join(text for text, _ in last).rstrip().endswith("…")
            rows[-1] = last if cut_already else [*last, ("…", "muted")]
        return rows

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._rows(width))

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        rows = self._rows(width)
        row = [(" ", ""), *rows[y]] if y < len(rows) else []
        return strip(self.app, row, width, self.rich_style)
