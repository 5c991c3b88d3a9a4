"""The keys of a screen in words, from the registry of actions."""

from __future__ import annotations

from rich.cells import cell_len

from tui import actions
from tui.actions import Effect
from tui.screens.base import StoreScreen
from tui.widgets.rows import Text, text

NARROW = 60
"""The width below which one key of each action is shown, and not its others."""
_FEW = 5
"""Cells of that key; the few that are longer take a little of their line."""


def help_text(screen: StoreScreen, *, read_only: bool) -> list[Text]:
    """The keys of a screen: its own first, then those of all."""
    found: list[Text] = []
    known = actions.of(screen.SCOPE, read_only=read_only)
    narrow = screen.size.width < NARROW
    shown = actions.first_key if narrow else actions.keys_text
    width = _FEW if narrow else max(cell_len(shown(each)) for each in known) + 1
    before = "" if narrow else "  "
    asks = {Effect.OUTSIDE: ("  asks", "warn"), Effect.PERSON: ("  asks", "warn")}
    for title, wanted in (("here", True), ("everywhere", False)):
        found.append(text((title, "muted")))
        for action in known:
            if (screen.SCOPE in action.scopes) is wanted:
                keys = f"{shown(action):{width}} "
                about = asks.get(action.effect, "")
                hang = len(before) + width + 1
                found.append(text((before, ""), (keys, "key"), action.does, about, hang=hang))
        found.append(text(""))
    if read_only:
        found.append(text(("RO", "warn"), " read-only: nothing here runs or records anything"))
    return found
