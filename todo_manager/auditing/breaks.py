"""A break in the ledger or the store that a person acknowledges, so that work can go on after it.

It closes, it opens nothing: no mark, no bound input and no accepted definition from before is believed
afterwards. What is done has to be proven anew, of a definition that a person has accepted anew. Whoever
forges a store, or this event in it, gains nothing by having it acknowledged.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from typing import Any

from todo_manager import evidence, ledger, people, plans, store
from todo_manager.errors import IntegrityProblem
from todo_manager.people import Said, Statement
from todo_manager.workspace import Project

EVENT = "acknowledged"
NAMED = 50
"""Breaks that the event names; how many there were it says, too."""
_TRIGGER = (
    "CREATE TRIGGER IF NOT EXISTS ledger_no_{verb} BEFORE {verb} ON ledger "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
)


def history(db: sqlite3.Connection, before: int) -> str:
    """sha256 of every ledger row below a number, as they are, whether they verify or not."""
    found = hashlib.sha256()
    for row in db.execute("SELECT * FROM ledger WHERE seq < ? ORDER BY seq", (before,)):
        found.update(repr(tuple(row)).encode("utf-8", "backslashreplace") + b"\n")
    return found.hexdigest()


def statement(db: sqlite3.Connection, breaks: tuple[str, ...], reason: str) -> Statement:
    """What a person says: that they know of these breaks, in a ledger of just these rows."""
    says = {"break": breaks[0], "count": str(len(breaks)), "reason": reason}
    return Statement(verb="acknowledge", digest=history(db, 2**62), says=says)


def acknowledge(
    project: Project, said: Said, breaks: tuple[str, ...], missing: tuple[str, ...] = ()
) -> ledger.Recorded:
    """Record what a person acknowledged, and begin anew from there, in one transaction.

    `missing` is what an anchor has kept and the ledger does not hold: the store alone may be at peace.
    Raises IntegrityProblem when the store is not the one the person was shown.
    """
    from todo_manager import audit

    db = project.db
    with store.transaction(db, project.root):
        seen = ledger.seen_head(project.root)
        if (
            said.statement.digest != history(db, 2**62)
            or breaks != audit.look(db, project.root).breaks
        ):
            raise ledger.broken("it was changed while it was being acknowledged")
        data = _data(db, said, breaks + missing, seen)
        after = seen[0] if seen else 0
        recorded = people.record(db, project, EVENT, said, data, after=after)
        _begin_anew(db, data)
    ledger.new_head(project.root, recorded)
    return recorded


def _data(
    db: sqlite3.Connection, said: Said, breaks: tuple[str, ...], seen: list[Any] | None
) -> dict[str, Any]:
    rows = db.execute("SELECT id, archived FROM plans ORDER BY seq").fetchall()
    removed = [row["id"] for row in rows if not _loads(db, row["id"])]
    kept = [row for row in rows if row["id"] not in removed]
    return {
        "breaks": list(breaks[:NAMED]),
        "count": len(breaks),
        "reason": said.statement.says["reason"],
        "head": seen,
        "digest": said.statement.digest,
        "plans": [row["id"] for row in kept],
        "archived": [row["id"] for row in kept if row["archived"]],
        "removed": removed,
    }


def _loads(db: sqlite3.Connection, plan: Any) -> bool:
    try:
        plans.load(db, plan)
    except IntegrityProblem:
        return False
    return True


def _begin_anew(db: sqlite3.Connection, data: dict[str, Any]) -> None:
    """Every row says that nothing is known."""
    for plan in data["removed"]:
        for table, column in (("plans", "id"), ("phases", "plan"), ("files", "plan")):
            db.execute(f"DELETE FROM {table} WHERE {column} IS ?", (plan,))
    db.execute("UPDATE plans SET accepted_seq = 0, accepted_hash = '', accepted_by = ''")
    db.execute(
        "UPDATE phases SET mark = 'open', mark_seq = NULL, mark_hash = NULL, mark_digest = NULL,"
        " mark_inputs = NULL, mark_rests = NULL, last_verdict = NULL, last_digest = NULL,"
        " last_run = NULL, claim_by = NULL, claim_until = NULL"
    )
    for table in ("inputs", "check_history"):
        db.execute(f"DELETE FROM {table}")
    for table in ("outputs", "contents"):
        rows = db.execute(f"SELECT rowid AS place, sha256, data FROM {table}").fetchall()
        altered = [(row["place"],) for row in rows if not is_whole(row["data"], row["sha256"])]
        db.executemany(f"DELETE FROM {table} WHERE rowid = ?", altered)
    for plan in data["plans"]:
        evidence.note_closed(db, plan)
    for verb in ("update", "delete"):
        db.execute(_TRIGGER.format(verb=verb))


def is_whole(data: Any, sha256: str) -> bool:
    """Whether kept bytes are those of their sha256."""
    try:
        return hashlib.sha256(zlib.decompress(data)).hexdigest() == sha256
    except (zlib.error, TypeError):
        return False


def told(event: dict[str, Any]) -> str:
    """An acknowledged break in one line, as audit says it from then on."""
    data = event["data"]
    more = f" and {data['count'] - 1} more" if data["count"] > 1 else ""
    return (
        f"acknowledged break at event {event['seq']} by {event['actor']} ({event['how']}), "
        f"{event['at']}: {data['breaks'][0]}{more}; reason: {data['reason']}"
    )
