"""The keys of a screen in words, from the registry of actions."""

from __future__ import annotations

from rich.cells import cell_len

from tui import actions
from tui.actions import Effect
from tui.screens.base import StoreScreen
from tui.widgets.rows import Text, text

NARROW = 60
"""The width below which one key of each action is shown, and not its others."""


def help_text(screen: StoreScreen, *, read_only: bool) -> list[Text]:
    """The keys of a screen: its own first, then those of all."""
    found: list[Text] = []
    known = actions.of(screen.SCOPE, read_only=read_only)
    shown = actions.first_key if screen.size.width < NARROW else actions.keys_text
    width = max(cell_len(shown(each)) for each in known) + 1
    asks = {Effect.OUTSIDE: ("  asks", "warn"), Effect.PERSON: ("  asks", "warn")}
    for title, wanted in (("here", True), ("everywhere", False)):
        found.append(text((title, "muted")))
        for action in known:
            if (screen.SCOPE in action.scopes) is wanted:
                keys = f"{shown(action):{width}} "
                about = asks.get(action.effect, "")
                found.append(text(("  ", ""), (keys, "key"), action.does, about, hang=width + 3))
        found.append(text(""))
    if read_only:
        found.append(text(("RO", "warn"), " read-only: nothing here runs or records anything"))
    return found
