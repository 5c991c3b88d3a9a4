"""What every screen has: a head, a banner for what is wrong, panes with numbers, keys at the foot.

A screen shows the answer to its question, and says what to type where there is nothing to show.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.message import Message

from tui import actions
from tui.feed import HOLDER_HINT, Feed, News, Question
from tui.screens.panes import PanedScreen
from tui.widgets.bar import Bar, Note
from tui.widgets.table import Table
from tui.words import Line, Piece, ours, short, single

if TYPE_CHECKING:
    pass

BANNER = 0.25
"""The part of the screen that what is wrong may take at most: there is work to be seen, too."""
PATIENCE = 2.0
"""Seconds without an answer of the store after which the screen says so."""


class StoreScreen(PanedScreen):
    """A screen on the store. Subclasses have SCOPE, PANES, `body`, `question` and `answered`."""

    AUTO_FOCUS = ""
    SCOPE: ClassVar[str] = ""

    class Arrived(Message):
        """The feed has news."""

        def __init__(self, news: News) -> None:
            super().__init__()
            self.news = news

    def __init__(self) -> None:
        super().__init__()
        self._feed: Feed | None = None
        self._trouble = ("", "")
        self._read_at = ""

    # What subclasses say.

    def body(self) -> ComposeResult:
        """The widgets between head and foot."""
        yield from ()

    def question(self) -> Question | None:
        """What it wants to know of the store; None for a screen that asks nothing."""
        return None

    def answered(self, answer: Any) -> None:
        """Show an answer."""

    def unread(self) -> None:
        """The store has never been read, and the banner says why: nothing else is to be said."""

    def crumbs(self) -> Sequence[str]:
        """Where this is, after the project."""
        return (self.SCOPE,)

    def aside(self) -> Line:
        """What stands at the right of the head."""
        return ()

    def place(self) -> Mapping[str, str]:
        """The names that commands of this place are made with."""
        return {}

    # What is the same for all.

    def compose(self) -> ComposeResult:
        yield Bar(id="head")
        yield Note(id="banner", most=8, share=BANNER)
        yield from self.body()
        yield Bar(id="foot")

    def on_mount(self) -> None:
        self._bindings = BindingsMap(actions.bindings(self.SCOPE, read_only=self.center.read_only))
        self.activate(0)
        if self.question() is not None:
            self._feed = Feed(self.center.root, self._from_feed)
            self._feed.start()
        self.ask()
        self.set_interval(0.5, self._tick)
        self._tick()

    def on_unmount(self) -> None:
        if self._feed is not None:
            self._feed.stop()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        self.ask()
        self._tick()

    def on_screen_suspend(self, event: events.ScreenSuspend) -> None:
        if self._feed is not None:
            self._feed.pause()

    def on_resize(self, event: events.Resize) -> None:
        self._show_edges()
        self.lay_out()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that comes while a screen is being taken down finds nothing to act on.

        Read-only there is not only no key for what records: nothing else begins it either.
        """
        return bool(self.query("#foot")) and action not in self._barred()

    def _barred(self) -> set[str]:
        known = {each.name for each in actions.of(self.SCOPE, read_only=False)}
        allowed = actions.of(self.SCOPE, read_only=self.center.read_only)
        return known - {each.name for each in allowed}

    def missed(self, key: str) -> None:
        """Say why a key does nothing here, where it does something elsewhere."""
        if key in self._bindings.key_to_bindings:
            return
        found = [each for each in actions.ACTIONS if key in each.keys.split(",")]
        here = [each for each in found if {self.SCOPE, actions.ANY} & {*each.scopes}]
        shown = actions.key_text(key)
        if here:
            self.center.say(f"read-only, so {shown} is off: {here[0].does}", "warn")
        elif found:
            where = ", ".join(found[0].scopes)
            self.center.say(f"{shown} does nothing here; on {where}: {found[0].does}")

    def offers(self, action: actions.Action, place: Mapping[str, str]) -> bool:
        """Whether an action has anything to act on here, so that its key is worth a place at the foot."""
        if action.name == "zoom":
            return len(self.PANES) > 1
        if action.name == "back":
            return len(self.app.screen_stack) > 2
        looks = action.effect is actions.Effect.LOOKS and action.name != "open"
        return looks or not action.command or bool(actions.command(action, place))

    def on_table_moved(self, event: Table.Moved) -> None:
        self._show_edges()

    def ask(self, *, anew: bool = False) -> None:
        """Have the feed look for the answer to the question as it is now."""
        question = self.question()
        if self._feed is not None and question is not None and self.is_current:
            self._feed.ask(question, anew=anew)

    def _from_feed(self, news: News) -> None:
        """Called in the feed's thread, perhaps when the screen is already going."""
        with contextlib.suppress(RuntimeError):
            self.post_message(self.Arrived(news))

    def on_store_screen_arrived(self, message: Arrived) -> None:
        news, question = message.news, self.question()
        if question is None or news.key != question.key:
            return
        self._trouble = (news.trouble, news.hint)
        if news.trouble and not self._read_at:
            self.unread()
        if not news.trouble:
            self._read_at = time.strftime("%H:%M:%S")
            self.answered(news.answer)
        self._tick()

    def _tick(self) -> None:
        """Twice a second: what is wrong, what runs, how long it takes."""
        if self.is_current:
            self._show_edges()
            self.query_one("#banner", Note).put(self._wrong())
            self.ticked()

    def ticked(self) -> None:
        """For screens on which something counts seconds."""

    def _wrong(self) -> list[Line]:
        """What is wrong with the store and the engines, and what to type; empty when nothing is."""
        waiting = self._feed.waiting() if self._feed is not None else 0.0
        what, hint = self._trouble
        if waiting > PATIENCE:
            what, hint = f"no answer of the store for {waiting:.0f}s", HOLDER_HINT
        found: list[Line] = []
        if what:
            since = f"; shown is what it said at {self._read_at}" if self._read_at else ""
            found += problem(f"{what}{since}", hint)
        for said, type_ in self.center.troubles:
            found += problem(said, type_)
        return found

    @property
    def read(self) -> bool:
        """Whether the store has answered, or said why it cannot."""
        return bool(self._read_at or self._trouble[0])

    def _show_edges(self) -> None:
        head: list[Piece] = [(short(os.path.basename(self.center.root) or "/"), "strong")]
        for crumb in self.crumbs():
            head += [(ours(" › "), "muted"), (single(crumb), "")]
        self.query_one("#head", Bar).put(head, [*self.aside(), *self._flags()])
        self.query_one("#foot", Bar).put(self._foot(), [("?", "key"), (" keys", "muted")])

    def _flags(self) -> list[Piece]:
        found: list[Piece] = []
        if going := len(self.center.runs.going()):
            found += [("  ", ""), (ours(f"▶ {going} running"), "running")]
        if self.center.read_only:
            found += [("  ", ""), ("RO", "warn")]
        return found

    def _foot(self) -> list[Piece]:
        """The keys that matter here, as many as there is room for."""
        room = self.size.width - len("? keys") - 4
        found: list[Piece] = []
        place = self.place()
        left_out = ("help", self.SCOPE, f"{self.SCOPE}s")
        for action in actions.of(self.SCOPE, read_only=self.center.read_only):
            key = actions.key_text(action.keys.split(",")[0])
            used = len(key) + len(action.foot) + 3
            if not action.foot or action.name in left_out or used > room:
                continue
            if not self.offers(action, place):
                continue
            found += [(key, "key"), (f" {action.foot}  ", "muted")]
            room -= used
        return found

    def action_help(self) -> None:
        self.center.show_help(self)

    def action_copy(self) -> None:
        self.center.show_commands(self)


def problem(what: str, hint: str) -> list[Line]:
    """What is wrong, and what to type about it, for a banner."""
    found: list[Line] = [[("! ", "errored"), (line, "errored")] for line in what.splitlines()[:4]]
    if hint:
        found.append([("  type: ", "muted"), (single(hint), "key")])
    return found
