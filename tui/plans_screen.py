"""The list of plans: what comes next in each, its state first, in words.

Everything shown of a plan came from anywhere. It is put on the screen as plain segments with their
control characters written out; no text is ever read as markup.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any, ClassVar, NamedTuple, Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static

from todo_manager.render.plain import GLYPHS, one_line, visible
from tui.feed import HOLDER_HINT, Feed, News

PATIENCE = 2.0
"""Seconds without an answer of the store after which the screen says so."""

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
    "ready": Style(bold=True),
    "archived": Style(dim=True),
}
_MARKER, _STATE, _SCROLLBAR, _GAP = 2, len("regressed ↺"), 1, 2
_WITH_PROGRESS, _WITH_TITLE = 48, 72

_KEYS = """\
 j ↓    next plan
 k ↑    the plan before
 g G    first plan, last plan
 PgDn   a page down; PgUp a page up
 a      all plans, or the open ones
 r      read the store again
 ?      show or hide these keys
 q      quit"""


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
    id_ = min(ids, free // 2)
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


class PlanList(ScrollView):
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


class PlansScreen(Screen[None]):
    """The list, what is wrong with the store, and the keys."""

    CSS = """
    #title { height: 1; text-style: bold; }
    #heading { height: 1; text-style: dim; }
    #title, #heading, #foot { text-wrap: nowrap; text-overflow: ellipsis; }
    #empty { height: 1fr; padding: 1 2; }
    #banner { height: auto; max-height: 8; text-style: reverse; }
    #keys { height: auto; }
    #foot { height: 1; text-style: dim; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "next plan"),
        Binding("k,up", "move(-1)", "the plan before"),
        Binding("g,home", "first", "first plan"),
        Binding("G,end", "last", "last plan"),
        Binding("pagedown", "page(1)", "a page down"),
        Binding("pageup", "page(-1)", "a page up"),
        Binding("a", "all", "all plans, or the open ones"),
        Binding("r", "reread", "read the store again"),
        Binding("question_mark", "keys", "show or hide the keys"),
        Binding("q", "app.quit", "quit"),
    ]

    class Arrived(Message):
        """The feed has news."""

        def __init__(self, news: News) -> None:
            super().__init__()
            self.news = news

    def __init__(self, root: str) -> None:
        super().__init__()
        self._root = root
        self._feed = Feed(root, self._from_feed)
        self._everything = False
        self._news = News(False)
        self._read_at = ""

    def compose(self) -> ComposeResult:
        where = f"todo_manager: reading the store in {visible(self._root)}"
        yield Static(where, id="title", markup=False)
        yield Static(id="heading", markup=False)
        yield PlanList()
        yield Static(id="empty", markup=False)
        yield Static(id="banner", markup=False)
        yield Static(_KEYS, id="keys", markup=False)
        yield Static(id="foot", markup=False)

    def on_mount(self) -> None:
        for name in ("#empty", "#banner", "#keys"):
            self.query_one(name).display = False
        self._feed.start()
        self.set_interval(0.5, self._show_banner)

    def on_unmount(self) -> None:
        self._feed.stop()

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out(event.size.width)

    def _from_feed(self, news: News) -> None:
        """Called in the feed's thread, perhaps when the screen is already going."""
        with contextlib.suppress(RuntimeError):
            self.post_message(self.Arrived(news))
