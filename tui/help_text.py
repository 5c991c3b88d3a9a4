"""The keys of a screen in words, from the registry of actions."""

from __future__ import annotations

from tui import actions
from tui.actions import Effect
from tui.screens.base import StoreScreen
from tui.widgets.rows import Text, text


def help_text(screen: StoreScreen, *, read_only: bool) -> list[Text]:
    """The keys of a screen: its own first, then those of all."""
    found: list[Text] = []
    for title, wanted in (("here", True), ("everywhere", False)):
        found.append(text((title, "muted")))
        for action in actions.of(screen.SCOPE, read_only=read_only):
            if (screen.SCOPE in action.scopes) is wanted:
                keys = f"{actions.keys_text(action):14} "
                asks = {Effect.OUTSIDE: ("  asks", "warn"), Effect.PERSON: ("  asks", "warn")}
                found.append(
                    text(
                        ("  ", ""), (keys, "key"), action.does, asks.get(action.effect, ""), hang=17
                    )
                )
        found.append(text(""))
    if read_only:
        found.append(text(("RO", "warn"), " read-only: nothing here runs or records anything"))
    return found
