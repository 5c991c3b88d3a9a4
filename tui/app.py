"""The application: how it starts, what all screens share, and how it ends whatever becomes of its
terminal."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import sys
import threading
from functools import cached_property
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from tui import actions
from tui.deeds import Deeds
from tui.lookout import Found, Lookout
from tui.looks import CSS
from tui.palette import Palette
from tui.runs import Run
from tui.screens.base import StoreScreen
from tui.screens.plans import PlansScreen
from tui.themes import DARK, DEFAULTS, TERMINAL, THEMES
from tui.widgets.rows import text
from tui.words import single

INTERRUPTED = 130
CRASHED = 5
FIRST_LOOK, LOOK_EVERY = 1.0, 30.0
"""Seconds until engines are looked at first, and between two looks."""


class CommandCenter(Deeds):
    """Shows one project."""

    TITLE = "todo_manager"
    CSS = CSS
    COMMANDS: ClassVar[set[Any]] = {Palette}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "leave", "quit", show=False, priority=True),
        Binding("ctrl+q", "leave", "quit", show=False, priority=True),
    ]

    def __init__(
        self, root: str, *, read_only: bool = False, actor: str | None = None, theme: str = DARK
    ) -> None:
        # Without colours the terminal's own are left alone: in a theme with colours of its own
        # Textual would turn them into greys.
        plain = bool(os.environ.get("NO_COLOR"))
        super().__init__(ansi_color=True if plain else None)
        self.root = root
        self.read_only = read_only
        self.troubles: list[tuple[str, str]] = []
        """What is wrong outside the store, each with what to type."""
        self._given_actor = actor
        self._leaving = False
        for each in THEMES.values():
            self.register_theme(each)
        self.theme = TERMINAL if plain else theme
        self._engines = Lookout(root, "engines", self._engines_seen)
        self.begin()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    @cached_property
    def actor_origin(self) -> str:
        """Where the name of who acts is from."""
        if self._given_actor:
            return "--actor"
        return "TODO_MANAGER_ACTOR" if os.environ.get("TODO_MANAGER_ACTOR") else "git, or the user"

    def on_mount(self) -> None:
        self.push_screen(PlansScreen())
        self.call_after_refresh(_collect_again)
        # Git may be asked who acts, and take its time.
        threading.Thread(target=lambda: self.actor, name="actor", daemon=True).start()
        self.set_timer(FIRST_LOOK, self._engines.look)
        self.set_interval(LOOK_EVERY, self._engines.look)

    def on_unmount(self) -> None:
        self._engines.stop()

    def _engines_seen(self, found: list[Found], whole: bool) -> None:
        """Called in a thread, perhaps when everything is already going."""
        if whole:  # the screen shows it at its next tick
            self.troubles = [
                (f"{each['name']}: {each['said']}", each["hint"])
                for each in found
                if "said" in each
            ]

    def on_key(self, event: events.Key) -> None:
        """While a field is open keys are letters: asked when all keys before have been acted on."""
        field = getattr(self.screen, "field", None)
        if field is not None and field.take(event):
            event.prevent_default()
            event.stop()
        elif isinstance(self.screen, StoreScreen):
            self.screen.missed(event.key)

    def on_paste(self, event: events.Paste) -> None:
        field = getattr(self.screen, "field", None)
        if field is not None:
            field.add(single(event.text))

    # Screens.

    def open_plan(self, plan: str, phase: int | None = None) -> None:
        from tui.screens.plan import PlanScreen

        self.push_screen(PlanScreen(plan, phase))

    def open_event(self, event: int, check: str | None) -> None:
        from tui.screens.evidence import EvidenceScreen

        self.push_screen(EvidenceScreen(event, check))

    def go_to(self, name: str) -> None:
        """Show a screen; back to it where it is open already."""
        scope = "run" if name == "runs" else name
        open_ = [each for each in self.screen_stack if isinstance(each, StoreScreen)]
        if any(scope == each.SCOPE for each in open_):
            while getattr(self.screen, "SCOPE", "") != scope:
                self.pop_screen()
            return
        self.push_screen(self._made(scope))

    def _made(self, scope: str) -> StoreScreen:
        if scope == "run":
            from tui.screens.run import RunScreen

            return RunScreen(self.runs.all[-1] if self.runs.all else None)
        from tui.screens import configuration, ledger, preflight, services

        made: dict[str, type[StoreScreen]] = {
            "ledger": ledger.LedgerScreen,
            "services": services.ServicesScreen,
            "preflight": preflight.PreflightScreen,
            "configuration": configuration.ConfigurationScreen,
        }
        return made[scope]()

    def show_help(self, screen: StoreScreen) -> None:
        from tui.help_text import help_text
        from tui.screens.dialogs import Shown

        self.push_screen(
            Shown(f"keys of {screen.SCOPE}", help_text(screen, read_only=self.read_only))
        )

    def show_commands(self, screen: StoreScreen) -> None:
        """What is done here as commands: the chosen one is copied."""
        place = screen.place()
        found = [
            (action.keys, actions.key_text(action.keys.split(",")[0]), command)
            for action in actions.of(screen.SCOPE, read_only=False)
            if (command := actions.command(action, place))
        ]
        found.sort(key=lambda each: each[0] != "enter")
        if not found:
            self.say("nothing here is a command")
            return
        from tui.screens.dialogs import Commands

        self.push_screen(Commands(found), self._copied)

    def _copied(self, command: str | None) -> None:
        if command:
            self.copy_to_clipboard(command)
            self.say(f"copied: {command}")

    def next_theme(self) -> None:
        if self.no_color:
            self.say("NO_COLOR is set: there are no colours to choose from")
            return
        names = list(THEMES)
        place = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(place + 1) % len(names)]

    # The end.

    def action_leave(self) -> None:
        self.leave()

    def leave(self) -> None:
        """Quit; while something runs, ask."""
        going = self.runs.going()
        if not going:
            self.exit()
        elif not self._leaving:
            self.run_worker(self._leave(going), exclusive=True, group="ask")

    async def _leave(self, going: list[Run]) -> None:
        from tui.screens.dialogs import Ask

        self._leaving = True
        lines = [text("  ", (run.order.command, "strong"), hang=4) for run in going]
        lines += [text(""), text("What is ended has recorded nothing.")]
        answer = await self.push_screen_wait(
            Ask("something runs", lines, ("Stay", "End it and quit"))
        )
        self._leaving = False
        if answer:
            await asyncio.to_thread(self.runs.end_all)
            self.exit()


def _collect_again() -> None:
    """Garbage is looked for from the first frame on; what came before it is there to stay."""
    gc.freeze()
    gc.enable()


def run(root: str, *, read_only: bool = False, actor: str | None = None, theme: str = DARK) -> int:
    """Show the project at `root` until the user quits.

    Returns 0, 130 when a signal ended it, 5 when it failed (Textual has then said how). The process
    ends at once, with 130, when its terminal is gone.
    """
    _leave_with_terminal(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    app = CommandCenter(root, read_only=read_only, actor=actor, theme=theme)
    try:
        asyncio.run(_live(app))
    finally:
        app.runs.end_all()
    return CRASHED if app.return_code == 1 else app.return_code or 0


async def _live(app: CommandCenter) -> None:
    for number in (signal.SIGHUP, signal.SIGTERM):
        # Through the application, so that it gives the terminal back as it was.
        asyncio.get_running_loop().add_signal_handler(
            number, lambda: app.exit(return_code=INTERRUPTED)
        )
    # Without mouse reports text can be selected and copied as anywhere else.
    await app.run_async(mouse=False)


def _leave_with_terminal(fd: int) -> None:
    """End this process when the terminal behind `fd` hangs up.

    Whoever started us may have had SIGHUP ignored. Textual reads a closed terminal as no input, over
    and over, and its writer stops; so nothing of it can be asked to end, and there is nothing to give
    back: no terminal, and the store was only read. Runs notice that we are gone, and end themselves.
    """

    def wait() -> None:
        poll = select.poll()
        poll.register(fd, 0)  # a hang-up is reported whatever is asked for
        poll.poll()
        os._exit(INTERRUPTED)

    threading.Thread(target=wait, name="terminal-watch", daemon=True).start()
