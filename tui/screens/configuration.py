"""The screen Configuration: every value that decides how things run, where it is from, and editing it
with the difference shown before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult

from todo_manager.shellword import word
from tui import configured
from tui.feed import Question
from tui.screens.base import StoreScreen
from tui.widgets.bar import Note
from tui.widgets.table import Column, Row, Table
from tui.words import Line, single

COLUMNS = (
    Column("NAME", most=34),
    Column("VALUE", since=30, rest=True),
    Column("FROM", since=80, most=44),
)


class ConfigurationScreen(StoreScreen):
    """Settings, who acts, inputs and secrets."""

    SCOPE: ClassVar[str] = "configuration"
    PANES: ClassVar[tuple[str, ...]] = ("values",)

    def __init__(self) -> None:
        super().__init__()
        self._values: list[dict[str, Any]] = []

    def body(self) -> ComposeResult:
        yield Table(COLUMNS, id="values")
        yield Note(id="why", most=4)

    def question(self) -> Question:
        return configured.question(self.center.actor.name, self.center.actor_origin)

    def answered(self, answer: Any) -> None:
        self._values = answer
        self.find("values", Table).show([_row(each) for each in answer])
        self._show_why()

    def on_table_moved(self, event: Table.Moved) -> None:
        self._show_why()

    @property
    def current(self) -> dict[str, Any] | None:
        """The value the cursor is on."""
        key = self.find("values", Table).current
        return next((each for each in self._values if each["key"] == key), None)

    def _show_why(self) -> None:
        each = self.current
        lines: list[Line] = []
        if each is not None:
            lines = [[(single(each["about"]), ""), (f"  from: {single(each['from'])}", "muted")]]
            if each["trouble"]:
                lines.append([("! ", "errored"), (single(each["trouble"]), "errored")])
        self.find("why", Note).put(lines)

    def place(self) -> Mapping[str, str]:
        each = self.current
        if each is None:
            return {}
        if each["kind"] == "input":
            plan, name = word(each["plan"]), each["name"]
            return {"edit": f"todo_manager set {plan} {word(name + '=VALUE')}",
                    "open": f"todo_manager show {plan}"}  # fmt: skip
        if each["kind"] == "setting":
            return {"edit": f"$EDITOR {each['file']}"}
        return {}

    def action_open(self) -> None:
        each = self.current
        if each is not None and each["kind"] == "input":
            self.center.open_plan(each["plan"])

    def action_signers(self) -> None:
        self.center.tell(self, "signers")

    def action_pin(self) -> None:
        self.center.on_terminal(self, "pin")

    def action_edit(self) -> None:
        each = self.current
        if each is None or each["kind"] not in ("input", "setting"):
            self.center.say("this value is not edited here; see where it is from")
        elif each["kind"] == "input":
            self.center.bind_input(self, each)
        else:
            self.center.edit_settings(self)


def _row(each: dict[str, Any]) -> Row:
    shown = each["value"] if each["value"] else "-"
    tone = "errored" if each["trouble"] else "" if each["value"] else "muted"
    return Row(
        each["key"],
        ([(each["shown"], "strong")], [(single(shown), tone)], [(each["from"], "muted")]),
    )
