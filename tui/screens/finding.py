"""What screens share whose rows are found by words: a field that opens, filters while it is typed, and closes."""

from __future__ import annotations

from tui.screens.base import StoreScreen
from tui.widgets.field import Field


class FindingScreen(StoreScreen):
    """A screen of the store with the field `#find`; `sought` is what stands in it."""

    sought = ""

    def action_find(self) -> None:
        self.find("find", Field).begin()

    def action_back(self) -> None:
        field = self.find("find", Field)
        if field.display:
            field.end(keep=False)
        else:
            super().action_back()

    def on_field_changed(self, event: Field.Changed) -> None:
        self.sought = event.value
        self.ask()
