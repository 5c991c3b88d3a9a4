"""What every screen has: a head, a banner for what is wrong, panes with numbers, keys at the foot.

A screen shows the answer to its question, and says what to type where there is nothing to show.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingsMap
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from tui import actions
from tui.feed import HOLDER_HINT, Feed, News, Question
from tui.widgets.bar import Bar, Note
from tui.widgets.field import Field
from tui.widgets.log import Log
from tui.widgets.rows import Rows
from tui.widgets.table import Table
from tui.words import Line, Piece, ours, short, single

if TYPE_CHECKING:
    from tui.app import CommandCenter

PATIENCE = 2.0
"""Seconds without an answer of the store after which the screen says so."""
Pane = Table | Rows | Log


class StoreScreen(Screen[None]):
    """A screen on the store. Subclasses have SCOPE, PANES, `body`, `question` and `answered`."""

    AUTO_FOCUS = ""
    SCOPE: ClassVar[str] = ""
    PANES: ClassVar[tuple[str, ...]] = ()
    """The ids of its panes, in the order of their numbers."""
    EMPTY: ClassVar[str] = "reading the store"

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
        self._active = 0
        self.zoomed = False

    @property
    def center(self) -> CommandCenter:
        """The application, by its own type."""
        return cast("CommandCenter", self.app)

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

    def lay_out(self) -> None:
        """Show what has room: called when the size, the active pane or the zoom is another one."""

    # What is the same for all.

    def compose(self) -> ComposeResult:
        yield Bar(id="head")
        yield Note(id="banner", most=8)
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
        """A key that comes while a screen is being taken down finds nothing to act on."""
        return bool(self.query("#foot"))

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
        for action in actions.of(self.SCOPE, read_only=self.center.read_only):
            key = actions.key_text(action.keys.split(",")[0])
            used = len(key) + len(action.foot) + 3
            if not action.foot or action.name == "help" or used > room:
                continue
            found += [(key, "key"), (f" {action.foot}  ", "muted")]
            room -= used
        return found

    # Panes.

    @property
    def pane(self) -> Pane:
        """The pane that has the keys."""
        return cast(Pane, self.query_one(f"#{self.PANES[self._active]}"))

    @property
    def active(self) -> str:
        """The id of the pane that has the keys."""
        return self.PANES[self._active]

    def activate(self, number: int) -> None:
        """Give the keys to a pane, by its number from 0."""
        if not self.PANES:
            return
        self._active = number % len(self.PANES)
        for place, name in enumerate(self.PANES):
            found = cast(Pane, self.query_one(f"#{name}"))
            found.active = place == self._active
            found.refresh()
        self.lay_out()
        self.pane_changed()

    def pane_changed(self) -> None:
        """For screens that show which pane has the keys."""

    def action_pane(self, number: int) -> None:
        if number <= len(self.PANES):
            self.activate(number - 1)

    def action_next_pane(self) -> None:
        if not self._typing():
            self.activate(self._active + 1)

    def action_previous_pane(self) -> None:
        if not self._typing():
            self.activate(self._active - 1)

    def _typing(self) -> bool:
        """Whether letters were typed into a field: then tab leaves it."""
        field = self.field
        if field is None:
            return False
        field.end(keep=True)
        return True

    @property
    def field(self) -> Field | None:
        """The field that takes letters now, if there is one."""
        return next((each for each in self.query(Field) if each.open), None)

    def action_zoom(self) -> None:
        self.zoomed = not self.zoomed
        self.lay_out()

    def action_down(self) -> None:
        self.pane.move(1)

    def action_up(self) -> None:
        self.pane.move(-1)

    def action_first(self) -> None:
        self.pane.first()

    def action_last(self) -> None:
        self.pane.last()

    def action_page_down(self) -> None:
        self.pane.page(1)

    def action_page_up(self) -> None:
        self.pane.page(-1)

    # What the application does for all of them.

    def action_open(self) -> None:
        """Open what the cursor is on."""

    def action_back(self) -> None:
        if self.zoomed:
            self.action_zoom()
        elif len(self.app.screen_stack) > 2:
            self.app.pop_screen()

    def action_reread(self) -> None:
        self.ask(anew=True)

    def action_quit(self) -> None:
        self.center.leave()

    def action_help(self) -> None:
        self.center.show_help(self)

    def action_palette(self) -> None:
        self.app.action_command_palette()

    def action_copy(self) -> None:
        self.center.show_commands(self)

    def action_theme(self) -> None:
        self.center.next_theme()

    def action_runs(self) -> None:
        self.center.go_to("runs")

    def action_services(self) -> None:
        self.center.go_to("services")

    def action_ledger(self) -> None:
        self.center.go_to("ledger")

    def action_preflight(self) -> None:
        self.center.go_to("preflight")

    def action_configuration(self) -> None:
        self.center.go_to("configuration")

    def find(self, name: str, kind: type[Widget]) -> Any:
        """A widget of this screen, by its id."""
        return self.query_one(f"#{name}", kind)


def problem(what: str, hint: str) -> list[Line]:
    """What is wrong, and what to type about it, for a banner."""
    found: list[Line] = [[("! ", "errored"), (line, "errored")] for line in what.splitlines()[:4]]
    if hint:
        found.append([("  type: ", "muted"), (single(hint), "key")])
    return found
