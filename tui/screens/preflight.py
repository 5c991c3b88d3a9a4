"""The screen Preflight: what works here, what does not, and which kinds of checks that leaves able."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.lookout import Found
from tui.screens.plan import SIDE_BY_SIDE
from tui.screens.services import LookScreen
from tui.widgets.rows import Rows, Text, text
from tui.widgets.table import Column, Row, Table
from tui.words import single, state_text, tone_of

COLUMNS = (
    Column("LEVEL", most=10),
    Column("WHAT", most=26),
    Column("SAID", since=40, rest=True),
)
_ORDER = {"problem": 0, "warning": 1, "ok": 2}


class PreflightScreen(LookScreen):
    """What `doctor` finds: the worst first."""

    SCOPE: ClassVar[str] = "preflight"
    PANES: ClassVar[tuple[str, ...]] = ("findings", "whole")
    LOOK: ClassVar[str] = "doctor"

    def __init__(self) -> None:
        super().__init__()
        self._settled = False

    def body(self) -> ComposeResult:
        with Horizontal(id="sides"):
            with Vertical(id="left"):
                yield Table(COLUMNS, id="findings")
            with Vertical(id="right"):
                yield Rows(id="whole")

    def show_found(self, found: list[Found]) -> None:
        ordered = sorted(found, key=lambda each: _ORDER.get(each["level"], 0))
        table = self.find("findings", Table)
        table.show([_row(each) for each in ordered])
        if not self._settled:
            table.move_to(0)  # the worst comes first, whenever it is found
        self._settled = self.whole
        self._show_one()

    def on_table_moved(self, event: Table.Moved) -> None:
        self._show_one()

    def _show_one(self) -> None:
        key = self.find("findings", Table).current
        each = next((each for each in self.found if each.get("name") == key), None)
        self.find("whole", Rows).show(_whole(each) if each else [])

    def lay_out(self) -> None:
        alone = self.zoomed or self.size.width < SIDE_BY_SIDE
        left = self.active == "findings"
        self.query_one("#left").display = left or not alone
        self.query_one("#right").display = not left or not alone

    def pane_changed(self) -> None:
        self.lay_out()

    def place(self) -> Mapping[str, str]:
        return {"open": "todo_manager doctor"}

    def action_open(self) -> None:
        self.activate(1)


def _row(each: Found) -> Row:
    level = each["level"]
    return Row(
        each["name"],
        (
            [(state_text(level), tone_of(level))],
            [(each["name"], "strong")],
            single(each["said"]),
        ),
    )


def _whole(each: Found) -> list[Text]:
    found = [
        text((single(each["name"]), "strong"), "  ", (state_text(each["level"]), tone_of(each["level"]))),
        text(""),
    ]  # fmt: skip
    for part in each["said"].split("; "):
        found += _enabled(part) if ": for " in part else [text(single(part))]
    if each["hint"]:
        found += [text(""), text(("type: ", "muted"), (single(each["hint"]), "key"), hang=6)]
    return found


def _enabled(said: str) -> list[Text]:
    """What a working part is good for, one kind a line."""
    where, _, kinds = said.partition(": for ")
    found = [text(single(where)), text(""), text(("enables", "muted"))]
    return found + [text("  ", single(kind), hang=4) for kind in kinds.split(", ")]
