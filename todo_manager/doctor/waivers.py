"""Waivers that somebody should see to: they wait, nobody uses them, or they are over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from todo_manager import plans, waivers
from todo_manager.doctor.base import Finding, Place, ok, warning
from todo_manager.shellword import word

_TOLD = ("waiting", "unused", "void", "expired", "outdated")
"""States that are worth a word; of those that are over only while the phase is not done without them."""


def look(place: Place) -> Iterator[Finding]:
    if place.root is None or place.db is None:
        return
    asked = f"SELECT DISTINCT plan FROM ledger WHERE event = '{waivers.ASKED}'"
    found = [row["plan"] for row in place.rows(asked)]
    if not found:
        yield ok("waivers", "none was ever asked for")
    for plan in found:
        yield _of_plan(plan, _rows(place.db, plan))


def _rows(db: sqlite3.Connection, plan: str) -> list[dict[str, Any]]:
    loaded = plans.load(db, plan)
    names = ("key", "idx", "digest", "mark", "mark_rests")
    phases = [{name: getattr(each, name) for name in names} for each in loaded.phases]
    return waivers.rows(db, plan, phases)


def _of_plan(plan: str, rows: list[dict[str, Any]]) -> Finding:
    states = [row["state"] for row in rows]
    told = [f"{states.count(state)} {state}" for state in _TOLD if state in states]
    if told:
        return warning(
            "waivers", f"{plan}: {', '.join(told)}", f"todo_manager waive {word(plan)} --list"
        )
    return ok("waivers", f"{plan}: {len(rows)}, used or withdrawn")
