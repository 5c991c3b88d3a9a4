"""What is done from the screens: runs, commands, questions to persons, edits; always by a command."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from textual.app import App, SuspendNotSupported
from textual.message import Message

from todo_manager.shellword import word
from tui import actions, programs
from tui.actions import Action, Effect
from tui.runs import Order, Run, Runs
from tui.screens.base import StoreScreen
from tui.widgets.rows import text
from tui.words import single

if TYPE_CHECKING:  # what is imported where it is used holds up no first frame
    from todo_manager.ledger import Actor
    from tui.editing import Edited
    from tui.outside import Outside
    from tui.screens.run import RunScreen


_DO = {"undo": "Take it back", "rollback": "Take it back", "deploy": "Deploy", "watch": "Watch"}
"""What a question is answered with, by the verb."""
BREATH = 0.02
"""Seconds between two batches of what a run tells: the screen is drawn in them."""


class Asked(NamedTuple):
    """A word of a command that is asked for."""

    name: str
    """Its name in the command of the action."""
    about: str
    value: str = ""
    hint: str = ""


class Deeds(App[None]):
    """The part of the application that does things."""

    class RunNews(Message):
        """A run has told something."""

        def __init__(self, run: Run) -> None:
            super().__init__()
            self.run = run

    root: str
    read_only: bool
    _given_actor: str | None

    def begin(self) -> None:
        """Make what the deeds need; nothing is started by it."""
        self._said_until: dict[str, float] = {}
        self.runs = Runs(
            self.root, lambda: self.actor, lambda run: self.post_message(self.RunNews(run))
        )

    @cached_property
    def actor(self) -> Actor:
        """Who does what is done here, as the verbs have it."""
        from todo_manager import actors

        return actors.actor(self._given_actor, Path(self.root))

    def say(self, what: str, tone: str = "") -> None:
        """Say something for a few seconds; it is over by itself, and said once while it is there."""
        severity: Any = {"warn": "warning", "failed": "error"}.get(tone, "information")
        lasts, now = 8.0 if tone == "failed" else 4.0, time.monotonic()
        if self._said_until.get(what, 0.0) < now:
            self._said_until = {what: now + lasts}
            self.notify(single(what), severity=severity, markup=False, timeout=lasts)

    # Runs.

    def perform(self, screen: StoreScreen, name: str, order: Order) -> None:
        """Do what an action says; what touches the world outside is asked before."""
        action = _action(screen, name)
        command = actions.command(action, screen.place())
        order = order._replace(command=command)
        if action.effect is Effect.OUTSIDE:
            self.run_worker(self._ask_outside(order), exclusive=True, group="ask")
        else:
            self.start_run(order)

    async def _ask_outside(self, order: Order) -> None:
        found = await asyncio.to_thread(_outside, self.root, order)
        from tui.screens.dialogs import Ask

        do = _DO.get(order.verb, "Execute")
        answer = await self.push_screen_wait(Ask(found.title, found.lines, ("Cancel", do)))
        if answer == do:
            self.start_run(order._replace(only=found.only))

    def start_run(self, order: Order) -> None:
        """Start a run and show it. One phase is not run twice at once by the same session."""
        going = self.runs.of(order)
        if going is not None:
            self.say(f"already running: {going.order.command}", "warn")
        self._show_run(going or self.runs.start(order))

    def repeat(self, run: Run) -> None:
        """Run the same once more; what touches the world outside is asked again."""
        if run.order.verb in ("verify", "done"):
            self.start_run(run.order)
        else:
            self.run_worker(self._ask_outside(run.order), exclusive=True, group="ask")

    def _show_run(self, run: Run) -> None:
        from tui.screens.run import RunScreen

        if isinstance(self.screen, RunScreen):
            self.screen.switch(run)
        else:
            self.push_screen(RunScreen(run))

    def on_deeds_run_news(self, message: RunNews) -> None:
        run = message.run
        if run.take():  # the rest, after the keys that wait, and after a paint
            self.set_timer(BREATH, lambda: self.post_message(self.RunNews(run)))
        if screen := self._screen_of(run):
            screen.show_run()
        if not run.going:
            self._ended(run)

    def _screen_of(self, run: Run) -> RunScreen | None:
        """The screen that is on, if it shows this run."""
        from tui.screens.run import RunScreen

        screen = self.screen
        return screen if isinstance(screen, RunScreen) and screen.run is run else None

    def _ended(self, run: Run) -> None:
        screen = self.screen
        if isinstance(screen, StoreScreen):
            screen.ask(anew=True)
        if self._screen_of(run) is None:
            tone = "" if run.state in ("done", "passed") else "warn"
            self.say(f"{run.state}: {run.order.command}", tone)

    # Persons, and what else a command does.

    def on_terminal(self, screen: StoreScreen, name: str) -> None:
        """Give the terminal to the command itself: it asks a person in its own words."""
        command = actions.command(_action(screen, name), screen.place())
        if not command:
            return
        words = shlex.split(command)[1:]
        if self._given_actor:
            words += ["--actor", self._given_actor]
        try:
            with self.suspend():
                programs.on_terminal(command, words, self.root)
        except SuspendNotSupported:
            self.say(f"this needs a terminal: {command}", "warn")
        screen.ask(anew=True)

    def do(self, screen: StoreScreen, name: str, *asked: Asked, title: str = "") -> None:
        """Do what an action says by its command, after asking for the words that it lacks."""
        self.run_worker(self._asked(screen, name, asked, title), exclusive=True, group="do")

    async def _asked(
        self, screen: StoreScreen, name: str, asked: tuple[Asked, ...], title: str
    ) -> None:
        from tui.screens.dialogs import Prompt

        action, place = _action(screen, name), dict(screen.place())
        for each in asked:
            prompt = Prompt(title, [text(each.about)], each.value, each.hint)
            said = await self.push_screen_wait(prompt)
            if not said:
                return
            place[each.name] = said
        if command := actions.command(action, place):
            await self._do(screen, command)

    async def _do(self, screen: StoreScreen, command: str) -> None:
        found = await self._ran(command)
        said = (found.stderr if found.returncode else found.stdout).decode("utf-8", "replace")
        self.say(said.strip() or command, "failed" if found.returncode else "")
        screen.ask(anew=True)

    def tell(self, screen: StoreScreen, name: str) -> None:
        """Run a command that answers in a moment, and show its answer."""
        if command := actions.command(_action(screen, name), screen.place()):
            self.run_worker(self._tell(command), exclusive=True, group="tell")

    async def _tell(self, command: str) -> None:
        from tui.screens.dialogs import Shown

        self.say(command)
        found = await self._ran(command)
        said = (found.stdout + found.stderr).decode("utf-8", "replace")
        lines = [text(line, hang=4) for line in said.splitlines() or ["it says nothing"]]
        self.push_screen(Shown(f"{command}  [exit {found.returncode}]", lines))

    async def _ran(self, command: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end, without a terminal."""
        words = [*shlex.split(command)[1:], "--actor", self.actor.name]
        return await asyncio.to_thread(
            subprocess.run,
            programs.verb(*words),
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )

    def bind_input(self, screen: StoreScreen, value: dict[str, Any]) -> None:
        """Bind an input to another value, after showing what that changes."""
        from tui.screens.dialogs import Prompt

        plan, name = value["plan"], value["name"]
        lines = [
            text(("now   ", "muted"), value["value"] or "nothing", ("  " + value["from"], "muted")),
            text("Phases that use it become stale, and have to be done anew."),
        ]

        def go_on(new: str | None) -> None:
            if new and new != value["value"]:
                command = f"todo_manager set {word(plan)} {word(f'{name}={new}')}"
                self.run_worker(self._confirmed(screen, command, value["value"], new), group="do")

        self.push_screen(Prompt(f"{name} of {plan}", lines, value["value"], "a value"), go_on)

    async def _confirmed(self, screen: StoreScreen, command: str, old: str, new: str) -> None:
        from tui.screens.dialogs import Ask

        lines = [
            text(("- ", "failed"), (old or "(nothing)", "failed")),
            text(("+ ", "done"), (new, "done")),
            text(""),
            text(("command  ", "muted"), (command, "strong"), hang=9),
        ]
        if await self.push_screen_wait(Ask("bind it?", lines, ("Cancel", "Bind"))):
            await self._do(screen, command)

    def edit_settings(self, screen: StoreScreen) -> None:
        """Open a copy of the settings in an editor; what it made of it is shown before it is kept."""
        from tui import editing

        try:
            with self.suspend():
                found = editing.edited(self.root)
        except SuspendNotSupported:
            self.say("an editor needs a terminal", "warn")
            return
        if found.problem:
            self.say(found.problem, "failed")
        elif found.old != found.new:
            self.run_worker(self._keep(screen, found), group="do")

    async def _keep(self, screen: StoreScreen, found: Edited) -> None:
        from tui import editing
        from tui.screens.dialogs import Ask

        lines = [text((line, editing.tone(line))) for line in found.difference()]
        if await self.push_screen_wait(Ask(f"write {found.name}?", lines, ("Cancel", "Write"))):
            problem = editing.keep(self.root, found)
            self.say(problem or f"{found.name}: written", "failed" if problem else "")
            screen.ask(anew=True)


def _outside(root: str, order: Order) -> Outside:
    """What an order would do to the world outside."""
    from tui import outside

    return outside.look(root, order)


def _action(screen: StoreScreen, name: str) -> Action:
    found = actions.of(screen.SCOPE, read_only=False)
    return next(each for each in found if each.name == name)
