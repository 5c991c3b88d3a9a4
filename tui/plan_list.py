"""The lines of the list of plans: which columns a width has room for, and how each is drawn.

Everything shown of a plan came from anywhere. It is put on the screen as plain segments with their
control characters written out; no text is ever read as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from todo_manager.render.plain import GLYPHS, one_line, visible

Plan = dict[str, Any]

_STATE_STYLES = {
    "done": Style(color="green"),
    "attested": Style(color="cyan"),
    "running": Style(color="blue", bold=True),
    "regressed": Style(color="yellow", bold=True),
    "stale": Style(color="yellow"),
    "blocked": Style(dim=True),
    "errored": Style(color="magenta", bold=True),
    "failed": Style(color="red", bold=True),
    "ready": Style(),
    "archived": Style(dim=True),
}
_MARKER, _STATE, _SCROLLBAR, _GAP = 2, len("regressed ↺"), 1, 2
_WITH_PROGRESS, _WITH_TITLE = 48, 72


class Columns(NamedTuple):
    """Widths in cells; a column of width 0 is left out."""

    id: int
    progress: int
    title: int


def columns(width: int, ids: int, progress: int) -> Columns:
    """The columns a screen of `width` has room for, whose widest id and progress are given."""
    free = max(1, width - _MARKER - _STATE - _GAP - _SCROLLBAR)
    if width < _WITH_PROGRESS:
        return Columns(free, 0, 0)
    if width < _WITH_TITLE:
        return Columns(min(ids, free - _GAP - progress), progress, 0)
    id_ = min(ids, free * 2 // 5)  # one long id must not take the place of every title
    return Columns(id_, progress, free - id_ - progress - 2 * _GAP)


def fit(text: str, width: int) -> str:
    """A text from anywhere as exactly `width` cells: one line, nothing hidden, cut with an ellipsis."""
    line = visible(one_line(text))
    if cell_len(line) > width:
        line = set_cell_size(line, max(0, width - 1)) + "…"
    return set_cell_size(line, width)


def state_of(plan: Plan) -> str:
    """The word for a plan: the state of its next phase, or its own when nothing is left."""
    return str(plan["next"]["state"] if plan["next"] else plan["status"])


def _progress(plan: Plan) -> str:
    return f"{plan['done']}/{plan['total']}"


def _row(state: str, id_: str, progress: str, title: str, widths: Columns) -> tuple[str, str]:
    """A line as its state and the rest."""
    gap = " " * _GAP
    rest = gap + fit(id_, widths.id)
    if widths.progress:
        rest += gap + progress.rjust(widths.progress)
    if widths.title:
        rest += gap + fit(title, widths.title)
    return set_cell_size(state, _STATE), rest


class PlanList(ScrollView, can_focus=False):
    """One line a plan, drawn as it comes into view; it scrolls up and down only."""

    DEFAULT_CSS = """
    PlanList { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.plans: Sequence[Plan] = ()
        self.cursor = 0
        self._widest = (len("PLAN"), len("DONE"))

    def show(self, plans: Sequence[Plan]) -> None:
        """Put these plans up; the cursor stays on its plan, or near its place when that is gone."""
        held = self.plans[self.cursor]["id"] if self.plans else None
        places = {plan["id"]: place for place, plan in enumerate(plans)}
        self.plans = plans
        self._widest = (
            max([len("PLAN"), *(cell_len(visible(one_line(plan["id"]))) for plan in plans)]),
            max([len("DONE"), *(len(_progress(plan)) for plan in plans)]),
        )
        self.virtual_size = Size(0, len(plans))
        self.move_to(places.get(held, self.cursor))

    def move_to(self, place: int) -> None:
        """Put the cursor on a line, or on the nearest there is, and that line into view."""
        self.cursor = max(0, min(place, len(self.plans) - 1))
        self.scroll_to_region(
            Region(0, self.cursor, 1, 1), animate=False, force=True, immediate=True
        )
        self.refresh()

    def heading(self) -> str:
        """The line above the list, with the same columns."""
        state, rest = _row("STATE", "PLAN", "DONE", "NEXT PHASE", self._columns())
        return " " * _MARKER + state + rest

    def render_line(self, y: int) -> Strip:
        width, place = self.size.width, y + self.scroll_offset.y
        if place >= len(self.plans):
            return Strip.blank(width, self.rich_style)
        plan, here = self.plans[place], place == self.cursor
        state, coming = state_of(plan), plan["next"]
        title = f"{coming['phase']} {coming['title']}" if coming else ""
        word, rest = _row(
            f"{state} {GLYPHS.get(state, '')}", plan["id"], _progress(plan), title, self._columns()
        )
        # The marker shows the place where neither colour nor reverse can.
        base = self.rich_style + Style(reverse=here)
        line = [
            Segment("▸ " if here else "  ", base),
            Segment(word, base + _STATE_STYLES.get(state, Style.null())),
            Segment(rest, base),
        ]
        return Strip(line).adjust_cell_length(width, base)

    def _columns(self) -> Columns:
        return columns(self.screen.size.width, *self._widest)
