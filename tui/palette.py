"""The command palette: the actions of the screen that is on, by their words, keys and commands."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui import actions
from tui.actions import Action
from tui.screens.base import StoreScreen
from tui.themes import THEMES

_LEFT_OUT = ("palette", "down", "up", "pane", "page_down", "page_up", "first", "last", "back",
             "next_pane", "previous_pane")  # fmt: skip
"""What nobody looks for by its words."""


class Palette(Provider):
    """Finds actions, and themes."""

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for words, how, do in self._all():
            score = matcher.match(f"{words} {how}")
            if score > 0:
                yield Hit(score, matcher.highlight(words), do, text=words, help=how)

    async def discover(self) -> Hits:
        for words, how, do in self._all():
            yield DiscoveryHit(words, do, text=words, help=how)

    def _all(self) -> Iterator[tuple[str, str, functools.partial[None]]]:
        screen = self.screen
        if not isinstance(screen, StoreScreen):
            return
        place = screen.place()
        for action in actions.of(screen.SCOPE, read_only=screen.center.read_only):
            if action.name not in _LEFT_OUT and screen.offers(action, place):
                yield action.does, how(action, screen), functools.partial(_do, screen, action)
        if not screen.app.no_color:
            for name in THEMES:
                do = functools.partial(setattr, screen.app, "theme", name)
                yield f"theme: {name}", "the colours of everything", do


def how(action: Action, screen: StoreScreen) -> str:
    """The key of an action, and its command where it has one here."""
    command = actions.command(action, screen.place())
    key = actions.keys_text(action)
    return f"{key}  ·  {command}" if command else key


def _do(screen: StoreScreen, action: Action) -> None:
    method = getattr(screen, f"action_{action.name}")
    cast("functools.partial[None]", method)()
