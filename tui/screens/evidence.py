"""The screen Evidence: one attempt; of the check at the cursor its output, facts, digests, and what is
different from its last pass."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from todo_manager.render.log_text import said
from tui import questions
from tui.feed import Question
from tui.phase_text import saw
from tui.screens.base import StoreScreen
from tui.screens.plan import SIDE_BY_SIDE
from tui.widgets.bar import Bar, Note
from tui.widgets.rows import Rows, Text, text
from tui.widgets.table import Column, Row, Table
from tui.words import Line, age, seconds, single, size, state_text, tone_of

COLUMNS = (
    Column("VERDICT", most=9),
    Column("CHECK", most=22),
    Column("LOOKS AT", since=30, rest=True),
    Column("TOOK", since=40, right=True),
)
LONGEST_DIFF = 4000
"""Lines of an output up to which it is compared with another one."""


class EvidenceScreen(StoreScreen):
    """One event of the ledger, with everything it recorded."""

    SCOPE: ClassVar[str] = "evidence"
    PANES: ClassVar[tuple[str, ...]] = ("rows", "whole")

    def __init__(self, event: int, check: str | None = None) -> None:
        super().__init__()
        self.event = event
        self._wanted = check
        self._answer: dict[str, Any] = {}

    def body(self) -> ComposeResult:
        yield Note(id="about", most=4)
        with Horizontal(id="sides"):
            with Vertical(id="left"):
                yield Table(COLUMNS, id="rows")
            with Vertical(id="right"):
                yield Bar(id="whole_title")
                yield Rows(id="whole")

    def question(self) -> Question:
        return questions.event(self.event)

    def answered(self, answer: Any) -> None:
        self._answer = answer
        event = answer["event"]
        self.find("about", Note).put(_about(event))
        table = self.find("rows", Table)
        table.show([_row(row) for row in questions.rows_of(event)])
        if self._wanted is not None:
            table.move_to_key(self._wanted)
            self._wanted = None
        if not table.rows:
            self.activate(1)
        self._show_row()
        self.lay_out()

    def on_table_moved(self, event: Table.Moved) -> None:
        self._show_row()

    def _show_row(self) -> None:
        if not self._answer:
            return
        key = self.find("rows", Table).current
        row = next(
            (each for each in questions.rows_of(self._answer["event"]) if each["id"] == key), None
        )
        whole = self.find("whole", Rows)
        if row is None:
            whole.show(list(_data(self._answer["event"])))
        else:
            whole.show(list(_whole(row, self._answer)))
        self.find("whole_title", Bar).put(
            [("2", "key"), (f" {row['id'] if row else 'what it recorded'}", "strong")]
        )

    def lay_out(self) -> None:
        has_rows = bool(self.find("rows", Table).rows)
        alone = self.zoomed or self.size.width < SIDE_BY_SIDE
        left = self.active == "rows"
        self.query_one("#left").display = has_rows and (left or not alone)
        self.query_one("#right").display = not left or not alone

    def pane_changed(self) -> None:
        self.lay_out()

    def crumbs(self) -> tuple[str, ...]:
        event = self._answer.get("event", {})
        where = f"{event.get('plan', '')} {event.get('key', '')}".strip()
        return (where, f"event {self.event}") if where else (f"event {self.event}",)

    def aside(self) -> Line:
        attempts = self._answer.get("attempts", [])
        if self.event not in attempts:
            return ()
        return [(f"attempt {attempts.index(self.event) + 1} of {len(attempts)}", "muted")]

    def place(self) -> Mapping[str, str]:
        return {"open": f"todo_manager log --run {self.event}"}

    def action_open(self) -> None:
        self.activate(1)

    def action_earlier(self) -> None:
        self._by(-1)

    def action_later(self) -> None:
        self._by(1)

    def _by(self, step: int) -> None:
        attempts = self._answer.get("attempts", [])
        if self.event in attempts:
            place = attempts.index(self.event) + step
            if 0 <= place < len(attempts):
                self.event = attempts[place]
                self._wanted = str(self.find("rows", Table).current)
                self.ask()
                return
        self.center.say(f"there is no attempt {'after' if step > 0 else 'before'} this one")


def _about(event: dict[str, Any]) -> list[Line]:
    name = event["event"]
    found: list[Line] = [
        [(state_text(name), tone_of(name) or "strong"),
         (f"  {event['at']} ({age(event['at'])})  by ", "muted"),
         (single(event["actor"]), ""), (f" ({event['how']})", "muted")]
    ]  # fmt: skip
    if words := said(event):
        found.append([(single(words), "")])
    if why := event["data"].get("does_not_count"):
        found.append([("does not count: ", "warn"), (single(why), "")])
    return found


def _row(row: dict[str, Any]) -> Row:
    verdict = row["verdict"]
    return Row(
        row["id"],
        (
            [(state_text(verdict, 6), tone_of(verdict))],
            [(row["id"], "strong")],
            f"{row['kind']} {row['subject']}",
            [(seconds(row["duration_s"]), "muted")],
        ),
    )


def _data(event: dict[str, Any]) -> Iterator[Text]:
    """What an event without checks recorded, name by name."""
    for name, value in event["data"].items():
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        first, *rest = shown.splitlines() or [""]
        yield text((f"{name}  ", "muted"), first, hang=4)
        yield from (text("    ", line, hang=4) for line in rest)
    yield text(("hash  ", "muted"), (event["hash"], "muted"), hang=4)


def _whole(row: dict[str, Any], answer: dict[str, Any]) -> Iterator[Text]:
    """One check: what it saw, what it wrote, facts, digests, and the way from its last pass."""
    yield from saw(row | {"outputs": ()})
    for kept in row.get("outputs", ()):
        yield text("")
        cut = ", its head and tail were kept" if kept["truncated"] else ""
        yield text((kept["stream"], "strong"), (f"  {size(kept['size'])}{cut}", "muted"))
        lines = answer["outputs"].get(kept["kept"], "").splitlines()
        yield from (text(("│ ", "muted"), line, hang=2) for line in lines)
    yield from _facts(row)
    yield from _digests(row, answer["event"])
    yield from _since(row, answer)


def _facts(row: dict[str, Any]) -> Iterator[Text]:
    if not row["facts"]:
        return
    yield text("")
    yield text(("facts", "strong"))
    for name, value in row["facts"].items():
        yield text((f"  {name}  ", "muted"), _shown(value), hang=6)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _digests(row: dict[str, Any], event: dict[str, Any]) -> Iterator[Text]:
    yield text("")
    yield text(("digests", "strong"))
    if event["data"].get("digest"):
        yield text(("  definition  ", "muted"), event["data"]["digest"], hang=4)
    for kept in row.get("outputs", ()):
        yield text((f"  {kept['stream']}  ", "muted"), kept["sha256"], hang=4)
    yield text(("  event  ", "muted"), event["hash"], hang=4)


def _since(row: dict[str, Any], answer: dict[str, Any]) -> Iterator[Text]:
    """How this result differs from the last one that passed."""
    before = answer["passed"].get(row["id"])
    yield text("")
    if before is None:
        yield text(("it has not passed before this", "muted"))
        return
    title = f"since its last pass, event {before['seq']} ({age(before['at'])})"
    yield text((title, "strong"))
    old = list(_comparable(before["check"], answer["passed_outputs"]))
    new = list(_comparable(row, answer["outputs"]))
    changed = [line for line in _difference(old, new)]
    yield from changed or [text(("  nothing is different", "muted"))]


def _comparable(row: dict[str, Any], outputs: Mapping[str, str]) -> Iterator[str]:
    """A result as lines that can be compared: what it saw, its facts, what it wrote."""
    yield f"verdict: {row['verdict']}"
    yield f"expected: {single(row['expected'])}"
    yield f"seen: {single(row['actual'] or row['message'])}"
    for name, value in row["facts"].items():
        yield f"{name}: {_shown(value)}"
    for kept in row.get("outputs", ()):
        lines = outputs.get(kept["kept"], "").splitlines()
        if len(lines) > LONGEST_DIFF:
            lines = [f"{len(lines)} lines, sha256 {kept['sha256']}"]
        yield from (f"{kept['stream']}: {line}" for line in lines)


def _difference(old: list[str], new: list[str]) -> Iterator[Text]:
    for line in difflib.unified_diff(old, new, lineterm="", n=2):
        if line.startswith(("---", "+++")):
            continue
        sign = line[:1]
        tone = {"+": "done", "-": "failed", "@": "muted"}.get(sign, "muted")
        yield text((f"  {line}", tone), hang=4)
