"""The one screen of the command center so far: the list of plans.

It shows what its feed tells, and says what to type where there is nothing to show.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from todo_manager.render.plain import visible
from tui.feed import HOLDER_HINT, Feed, News
from tui.plan_list import PlanList

PATIENCE = 2.0
"""Seconds without an answer of the store after which the screen says so."""

_KEYS = """\
 j ↓    next plan
 k ↑    the plan before
 g G    first plan, last plan
 PgDn   a page down; PgUp a page up
 a      all plans, or the open ones
 r      read the store again
 ?      show or hide these keys
 q      quit"""

_FOOT = "j/k move  g/G ends  a all/open  r read again  ? keys  q quit"
_SHORT_FOOT = "a all/open  ? keys  q quit"


class PlansScreen(Screen[None]):
    """The list, what is wrong with the store, and the keys."""

    CSS = """
    PlansScreen { overflow: hidden; }
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
        self._trouble = ("", "")
        self._read_at = ""

    def compose(self) -> ComposeResult:
        where = f"todo_manager: reading the store in {_short(self._root)}"
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

    def on_plans_screen_arrived(self, message: Arrived) -> None:
        news = message.news
        if not news.trouble:
            self._read_at = time.strftime("%H:%M:%S")
            self._show_plans(news)
        self._trouble = (news.trouble, news.hint)
        self._show_banner()

    def _show_plans(self, news: News) -> None:
        plans = self.query_one(PlanList)
        plans.show(news.plans)
        plans.display = bool(news.plans)
        empty = self.query_one("#empty", Static)
        empty.display = not news.plans
        empty.update(_nothing(news.everything))
        self.query_one("#title", Static).update(f"{_count(news)} in {_short(self._root)}")
        self._lay_out(self.size.width)

    def _lay_out(self, width: int) -> None:
        plans = self.query_one(PlanList)
        heading = self.query_one("#heading", Static)
        heading.update(plans.heading())
        heading.visible = bool(plans.plans)
        self.query_one("#foot", Static).update(_FOOT if width > len(_FOOT) else _SHORT_FOOT)

    def _show_banner(self) -> None:
        text = self._wrong()
        banner = self.query_one("#banner", Static)
        if banner.display != bool(text) or text:
            banner.update(text)
            banner.display = bool(text)

    def _wrong(self) -> str:
        """What is wrong with the store and what to type; empty when nothing is."""
        waiting = self._feed.waiting()
        what, hint = self._trouble
        if waiting > PATIENCE:
            what, hint = f"no answer of the store for {waiting:.0f}s", HOLDER_HINT
        if not what:
            return ""
        since = f"; shown is the list of {self._read_at}" if self._read_at else ""
        return visible(f"! {what}{since}\n  type: {hint}" if hint else f"! {what}{since}")

    def action_move(self, by: int) -> None:
        plans = self.query_one(PlanList)
        plans.move_to(plans.cursor + by)

    def action_page(self, direction: int) -> None:
        self.action_move(direction * max(1, self.query_one(PlanList).size.height - 1))

    def action_first(self) -> None:
        self.query_one(PlanList).move_to(0)

    def action_last(self) -> None:
        plans = self.query_one(PlanList)
        plans.move_to(len(plans.plans) - 1)

    def action_all(self) -> None:
        self._everything = not self._everything
        self._feed.ask(everything=self._everything)

    def action_reread(self) -> None:
        self._feed.ask(everything=self._everything)

    def action_keys(self) -> None:
        keys = self.query_one("#keys")
        keys.display = not keys.display


def _short(path: str) -> str:
    """A folder as people write it, with ~ for their home."""
    home = os.path.expanduser("~")
    inside = path == home or path.startswith(home.rstrip("/") + "/")
    return visible("~" + path[len(home) :] if inside and home != "/" else path)


def _count(news: News) -> str:
    count, plans = len(news.plans), "plan" if len(news.plans) == 1 else "plans"
    if news.everything:
        return f"{count} {plans}, closed ones too,"
    if news.more:
        return f"the newest {count} of {count + news.more} open plans (a: all)"
    return f"{count} open {plans}"


def _nothing(everything: bool) -> str:
    if everything:
        return "no plans yet. Take one in with: todo_manager import FILE"
    return "no open plans. Take one in with: todo_manager import FILE\nThe closed ones: a"
