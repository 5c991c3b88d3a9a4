"""The columns and rows of the screen Plan: phases, checks, events."""

from __future__ import annotations

from typing import Any

from todo_manager.render.log_text import said
from tui import questions
from tui.widgets.table import Column, Row
from tui.words import age, seconds, single, state_text, tone_of

PHASES = (
    Column("STATE", most=12),
    Column("#", right=True),
    Column("PHASE", rest=True),
    Column("PASSED", since=40, right=True),
)
CHECKS = (
    Column("LAST", most=11),
    Column("CHECK", most=20),
    Column("LOOKS AT", since=30, rest=True),
    Column("TOOK", since=60, right=True),
)
HISTORY = (
    Column("EVENT", right=True),
    Column("AGO", since=30, right=True),
    Column("WHAT", most=10),
    Column("SAID", since=40, rest=True),
    Column("WHO", since=60, most=20),
)


def phase_row(phase: dict[str, Any]) -> Row:
    state = phase["state"]
    checks = [check for check in phase["checks"] if check["required"]]
    verdicts = (phase["last_run"] or {}).get("checks", {})
    passed = sum(verdicts.get(check["id"]) == "passed" for check in checks)
    return Row(
        phase["index"],
        (
            [(state_text(state), tone_of(state))],
            [(str(phase["index"]), "muted")],
            single(phase["title"]),
            [(f"{passed}/{len(checks)}" if checks else "none", "muted")],
        ),
    )


def check_rows(phase: dict[str, Any], last: dict[str, Any] | None) -> list[Row]:
    verdicts = (phase["last_run"] or {}).get("checks", {})
    took = {row["id"]: row["duration_s"] for row in questions.rows_of(last)} if last else {}
    if not phase["checks"]:
        return [
            Row(None, ([("no checks", "muted")], "", [("nothing could prove it", "muted")], ""))
        ]
    rows = []
    for check in phase["checks"]:
        verdict = verdicts.get(check["id"], "")
        shown = state_text(verdict, 6) if verdict else "never"
        name = check["id"] if check["required"] else f"{check['id']} (optional)"
        rows.append(Row(check["id"], (
            [(shown, tone_of(verdict) if verdict else "muted")],
            [(name, "strong")],
            f"{check['kind']} {check['subject']}",
            [(seconds(took[check["id"]]) if check["id"] in took else "", "muted")],
        )))  # fmt: skip
    return rows


def event_row(event: dict[str, Any]) -> Row:
    return Row(
        event["seq"],
        (
            [(str(event["seq"]), "muted")],
            [(age(event["at"]), "muted")],
            [(event["event"], tone_of(event["event"]) or "strong")],
            single(said(event)),
            [(event["actor"], "muted")],
        ),
    )
