"""The screen Ledger: what happened, newest first, with a filter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult

from todo_manager.render.log_text import said
from todo_manager.render.plain import counted
from tui import questions
from tui.feed import Question
from tui.screens.finding import FindingScreen
from tui.widgets.bar import Note
from tui.widgets.field import Field
from tui.widgets.table import Column, Row, Table
from tui.words import age, single, tone_of

COLUMNS = (
    Column("EVENT", right=True),
    Column("AGO", since=40, right=True),
    Column("WHAT", most=10),
    Column("PLAN", most=28),
    Column("PHASE", since=60, most=16),
    Column("SAID", since=80, rest=True),
    Column("WHO", since=80, most=24),
    Column("HOW", since=120),
)


class LedgerScreen(FindingScreen):
    """The events of all plans."""

    SCOPE: ClassVar[str] = "ledger"
    PANES: ClassVar[tuple[str, ...]] = ("events",)

    def __init__(self) -> None:
        super().__init__()
        self._total = 0
        self._shown = 0
        self._plan = ""

    def body(self) -> ComposeResult:
        yield Field("event:done plan:x phase:y actor:z, or words", id="find")
        yield Table(COLUMNS, id="events")
        yield Note(id="empty", most=8)

    def question(self) -> Question:
        return questions.events(self.sought)

    def answered(self, answer: Any) -> None:
        self._total, self._shown = answer["total"], len(answer["events"])
        table = self.find("events", Table)
        table.show([_row(event) for event in answer["events"]])
        table.display = bool(answer["events"])
        nothing = "no event is like that; esc shows all" if self.sought else "nothing happened yet"
        self.find("empty", Note).put([] if answer["events"] else [[(nothing, "")]])

    def crumbs(self) -> tuple[str, ...]:
        return ("ledger",)

    def aside(self) -> list[tuple[str, str]]:
        if not self.read:
            return [("reading the store", "muted")]
        newest = f"the newest {self._shown} of " if self._shown < self._total else ""
        return [(f"{newest}{counted(self._total, 'event')}", "muted")]

    def place(self) -> Mapping[str, str]:
        event = self.find("events", Table).current
        return {"open": f"todo_manager log --run {event}"} if event else {}

    def action_open(self) -> None:
        event = self.find("events", Table).current
        if isinstance(event, int):
            self.center.open_event(event, None)

    def action_audit(self) -> None:
        self.center.tell(self, "audit")


def _row(event: dict[str, Any]) -> Row:
    return Row(
        event["seq"],
        (
            [(str(event["seq"]), "muted")],
            [(age(event["at"]), "muted")],
            [(event["event"], tone_of(event["event"]) or "strong")],
            event["plan"],
            [(event["key"], "muted")],
            single(said(event)),
            [(event["actor"], "muted")],
            [(event["how"], "muted")],
        ),
    )
