"""All plans that are not put away, by what the ledger recorded: no row may be gone or flagged by hand."""

from __future__ import annotations

import sqlite3

from todo_manager import proof


def ids(db: sqlite3.Connection) -> list[str]:
    """The plans that are not archived, the newest first; IntegrityProblem where a row says otherwise."""
    rows = db.execute("SELECT id, archived FROM plans ORDER BY seq DESC").fetchall()
    if gone := _recorded(db) - {row["id"] for row in rows}:
        raise proof.broken(f"the plan {min(gone)} was imported and is gone")
    return [row["id"] for row in rows if not proof.put_away(db, row)]


def put_away_open(db: sqlite3.Connection) -> list[str]:
    """Archived plans of which something was never done: they are left out where all plans are meant."""
    query = (
        "SELECT id FROM plans AS p WHERE archived IS NOT NULL AND (NOT EXISTS"
        " (SELECT 1 FROM phases WHERE plan = p.id) OR EXISTS (SELECT 1 FROM phases"
        " WHERE plan = p.id AND mark NOT IN ('done', 'attested'))) ORDER BY seq"
    )
    return [row["id"] for row in db.execute(query)]


def _recorded(db: sqlite3.Connection) -> set[str]:
    start = proof.base(db)
    query = "SELECT DISTINCT plan FROM ledger WHERE key = '' AND event = 'imported' AND seq > ?"
    found = {row["plan"] for row in db.execute(query, (start,))}
    return found | set(proof.event_at(db, start)["data"]["plans"] if start else ())
