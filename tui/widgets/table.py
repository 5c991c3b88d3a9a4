"""A list of rows with columns that come and go with its width, drawn as they come into view."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.toned import BESIDE, HERE, cut, flat, strip, style
from tui.words import Line, ours, single

MARKER, GAP, SCROLLBAR = 2, 2, 1
LEAST, SHORTEST = 8, 3
"""Cells a column of the rest has at least, and those to which another one may be cut."""


class Column(NamedTuple):
    """One column of a table."""

    heading: str
    since: int = 0
    """The width of the table from which it is shown."""
    most: int = 0
    """Cells it takes at most; 0 for as many as its widest text."""
    share: int = 0
    """Percent of the table it takes at most; 0 for no such limit."""
    rest: bool = False
    """Whether it takes what the others leave."""
    right: bool = False
    """Whether its texts stand at the right."""


class Row(NamedTuple):
    """One line: what it is, and a text or pieces for each column."""

    key: Hashable
    cells: tuple[str | Line, ...]


def widths(columns: Sequence[Column], widest: Sequence[int], width: int) -> list[int]:
    """Cells for each column in a table of `width`; 0 leaves a column out.

    `widest` holds the widest text of each. Columns go from the right, texts get shorter before they go;
    the first always stays.
    """
    room = max(1, width - MARKER - SCROLLBAR)
    found = [
        _wanted(column, wide, width) if width >= column.since else 0
        for column, wide in zip(columns, widest)
    ]
    while True:
        shown = [place for place, cells in enumerate(found) if cells]
        free = room - sum(found[place] + GAP for place in shown) + GAP
        if free >= 0 or not shown:
            break
        last = shown[-1]
        least = SHORTEST if len(shown) <= 2 else LEAST
        if found[last] + free >= least and not columns[last].right:
            found[last] += free
        elif len(shown) == 1:
            found[last] = room
        else:
            found[last] = 0
    _share(columns, found, free)
    return found


def _wanted(column: Column, wide: int, width: int) -> int:
    """The cells a column asks for; one that takes the rest asks for little."""
    if column.rest:
        return LEAST
    most = min(column.most or wide, width * column.share // 100 if column.share else wide)
    return max(1, min(wide, max(most, LEAST)))


def _share(columns: Sequence[Column], found: list[int], free: int) -> None:
    """Give what is left to the columns that take the rest, in equal shares."""
    rests = [place for place, column in enumerate(columns) if column.rest and found[place]]
    for number, place in enumerate(rests):
        share = free // (len(rests) - number)
        found[place] += max(0, share)
        free -= share


class Table(ScrollView, can_focus=False):
    """One line a row; it scrolls up and down only. The cursor stays on its row."""

    DEFAULT_CSS = """
    Table { height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: auto;
            scrollbar-size-vertical: 1; }
    """

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, table: Table) -> None:
            super().__init__()
            self.table = table

    def __init__(self, columns: Sequence[Column], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.rows: Sequence[Row] = ()
        self.cursor = 0
        self.active = False
        """Whether it has the keys."""
        self._widest = [len(column.heading) for column in columns]

    @property
    def current(self) -> Hashable:
        """The key of the row the cursor is on; None when there is no row."""
        return self.rows[self.cursor].key if self.rows else None

    def show(self, rows: Sequence[Row]) -> None:
        """Put these rows up; the cursor stays on its row, or near its place when that is gone."""
        held = self.current
        self.rows = rows
        place = next((place for place, row in enumerate(rows) if row.key == held), self.cursor)
        self._widest = [
            max([len(column.heading), *(_size(row.cells[number]) for row in rows)])
            for number, column in enumerate(self.columns)
        ]
        self.virtual_size = Size(0, len(rows) + 1)
        self.move_to(place)
        if self.current != held:
            self.post_message(self.Moved(self))

    def move_to(self, place: int) -> None:
        """Put the cursor on a row, or on the nearest there is, and that row into view."""
        before = self.cursor
        self.cursor = max(0, min(place, len(self.rows) - 1))
        self.scroll_to_region(
            Region(0, self.cursor, 1, 2),
            animate=False,
            force=True,
            immediate=True,
        )
        self.refresh()
        if self.cursor != before:
            self.post_message(self.Moved(self))

    def move_to_key(self, key: Hashable) -> None:
        """Put the cursor on the row with this key, if there is one."""
        for place, row in enumerate(self.rows):
            if row.key == key:
                self.move_to(place)
                return

    def move(self, by: int) -> None:
        self.move_to(self.cursor + by)

    def page(self, direction: int) -> None:
        self.move(direction * max(1, self.size.height - 2))

    def first(self) -> None:
        self.move_to(0)

    def last(self) -> None:
        self.move_to(len(self.rows) - 1)

    def render_line(self, y: int) -> Strip:
        """The heading stays at the top; rows scroll below it."""
        width = self.size.width
        wide = widths(self.columns, self._widest, width)
        if y == 0:
            cells = tuple([(column.heading, "muted")] for column in self.columns)
            return strip(self.app, [("  ", ""), *self._line(cells, wide)], width, self.rich_style)
        place = y - 1 + self.scroll_offset.y
        if place >= len(self.rows):
            return Strip.blank(width, self.rich_style)
        here = place == self.cursor
        base = self.rich_style
        if here:
            base += style(self.app, HERE if self.active else BESIDE)
        # The marker shows the place where neither colour nor reverse can.
        marker = (ours("▸ ") if self.active else ours("› ")) if here else "  "
        return strip(
            self.app, [(marker, ""), *self._line(self.rows[place].cells, wide)], width, base
        )

    def _line(self, cells: Sequence[str | Line], wide: Sequence[int]) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for column, cell, width in zip(self.columns, cells, wide):
            if not width:
                continue
            if found:
                found.append((" " * GAP, ""))
            pieces: Line = [(single(cell), "")] if isinstance(cell, str) else cell
            if column.right:
                pieces = [(" " * max(0, width - _size(pieces)), ""), *pieces]
            found += cut(pieces, width)
        return found


def _size(cell: str | Line) -> int:
    if isinstance(cell, str):
        return len(cell) if cell.isascii() else cell_len(single(cell))
    return sum(cell_len(flat(text)) for text, _ in cell)
