"""Does the store say what the ledger recorded? Standard library only, and little of it: reads ask too.

A row of the store is a cache of ledger events. What it says of a definition, a mark or a bound input is
compared with the newest event about it, and that event with its own hash and with its place in the
chain. `audit.py` goes through everything; this looks at what one plan rests on.
"""

from __future__ import annotations

import os

from todo_manager import states
from todo_manager.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing costs a read more than all of this module
    import sqlite3
    from collections.abc import Mapping, Sequence
    from typing import Any

    from todo_manager.errors import IntegrityProblem

BROKEN = "the ledger does not verify: "
"""What every message about a store that lies begins with."""

MARKING = ("done", "attested", "regressed", "renewed", "moved", "reopened")
"""Events that set the mark of a phase."""
_MARKS = {"renewed": "done", "reopened": "open"}
ACCEPTING = ("imported", "accepted")
"""Events that set the accepted definition of a plan."""
BINDING = ("done", "set")
"""Events that bind inputs of a plan."""
UNACCEPTED = "it was accepted before the break that was acknowledged"
"""Why a definition has to be accepted anew."""
BASE = "SELECT max(seq) FROM ledger WHERE plan = '' AND key = '' AND event = 'acknowledged'"
"""The newest event in which a person acknowledged a break."""

_PHASES = (
    "SELECT idx, key, needs, definition, digest, step_text, step_digest, mark, mark_seq, mark_hash, mark_digest, mark_inputs,"
    " mark_rests"
    " FROM phases WHERE plan = ? ORDER BY idx"
)
_RECENT = 500
"""Events among which a read looks for a gap; `done` and `audit` look among all."""
_COLUMNS = ("seq", "at", "event", "plan", "key", "actor")


def digest(text: str) -> str:
    """sha256 of a text, in hexadecimal.

    `hashlib` brings in OpenSSL, which costs a read as much as its own work; its parts are used here.
    """
    return str(sha256(text.encode()).hexdigest())


def sha256(data: bytes) -> Any:
    """The hash object of some bytes, made as cheaply as `digest` says."""
    try:
        from _sha2 import sha256 as found  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        try:
            from _sha256 import sha256 as found  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            from hashlib import sha256 as found
    return found(data)


def broken(what: str) -> IntegrityProblem:
    """The error for a ledger or store that does not verify."""
    from todo_manager.errors import IntegrityProblem

    return IntegrityProblem(
        BROKEN + what,
        hint="todo_manager audit, which names the first break; nothing was changed",
    )


def base(db: sqlite3.Connection) -> int:
    """The number of the newest event that acknowledged a break; 0 when there is none.

    Nothing that came before it is believed: marks, inputs and accepted definitions have to be newer.
    """
    return int(db.execute(BASE).fetchone()[0] or 0)


def event_at(db: sqlite3.Connection, seq: int | None) -> dict[str, Any]:
    """The event with this number, its hash, columns and place checked; IntegrityProblem when they lie."""
    rows = db.execute("SELECT * FROM ledger WHERE seq >= ? ORDER BY seq LIMIT 2", (seq,)).fetchall()
    if not rows or rows[0]["seq"] != seq:
        raise broken(f"event {seq} is not in the ledger")
    found = checked(rows[0])
    if len(rows) > 1 and checked(rows[1])["prev"] != found["hash"]:
        raise broken(f"event {rows[1]['seq']} does not follow event {seq}")
    return found


def checked(row: sqlite3.Row) -> dict[str, Any]:
    """A ledger row as an event, after comparing its hash and columns with its body."""
    try:
        body = loads(row["body"])
        true = digest(row["body"]) == row["hash"]
    except (ValueError, TypeError, AttributeError):
        body, true = None, False
    if not true:
        raise broken(f"event {row['seq']} does not have the hash it carries")
    if not isinstance(body, dict) or not isinstance(body.get("data"), dict) or "prev" not in body:
        raise broken(f"event {row['seq']} is not an event")
    for column in _COLUMNS:
        if body.get(column) != row[column]:
            raise broken(f"event {row['seq']}: its {column} is not the one that was hashed")
    body["hash"] = row["hash"]
    return body


def last_of(db: sqlite3.Connection, events: Sequence[str], plan: str, key: str) -> int | None:
    """The number of the newest event of these kinds for a plan and phase key, if one is believed."""
    marks = ",".join("?" * len(events))
    row = db.execute(
        f"SELECT max(seq) FROM ledger WHERE plan = ? AND key = ? AND event IN ({marks})",
        (plan, key, *events),
    ).fetchone()
    return row[0] if row and row[0] and row[0] > base(db) else None


def bind(bound: dict[str, str], event: Mapping[str, Any]) -> None:
    """Bind inputs as an event did: `set` always, `done` those that were not bound yet."""
    data = event["data"]
    if event["event"] == "set":
        bound[str(data.get("name"))] = str(data.get("value"))
    elif event["event"] == "done":
        for name, value in data.get("inputs", {}).items():
            bound.setdefault(name, value)


def mark_of(event: Mapping[str, Any]) -> str:
    """The mark that an event set."""
    return _MARKS.get(str(event["event"]), str(event["event"]))


def no_gaps(db: sqlite3.Connection, newest: int | None = None) -> None:
    """Numbers are given without a gap: IntegrityProblem when an event is missing in the middle.

    Looks at all events since the newest acknowledged break, or at the `newest` so many: counting takes
    longer the more there are.
    """
    start = base(db)
    begin = start
    if newest is not None:
        # One bound: of two, SQLite may take the one that leaves it the whole table.
        top = db.execute("SELECT max(seq) FROM ledger").fetchone()[0] or 0
        begin = max(start, top - newest + 1)
    count, first, last = db.execute(
        f"SELECT count(*), min(seq), max(seq) FROM ledger WHERE seq >= {begin}"
    ).fetchone()
    if newest is None:
        first = start or 1
    if count and count != last - first + 1:
        raise broken(f"of the events {first} to {last}, {last - first + 1 - count} are missing")


def identity(key: str, gate: str, steps: str | None) -> list[str]:
    """A phase as accepting events name it: its key and gate digest, and its step digest if it has one."""
    return [key, gate, *([steps] if steps else [])]


def accepted(
    db: sqlite3.Connection, plan: Mapping[str, Any], phases: Sequence[Mapping[str, Any]]
) -> None:
    """Compare a plan (id, digest, archived, accepted_seq, accepted_hash, accepted_by) and its phases (idx,
    key, digest, definition, needs, step_text, step_digest) with the event that accepted them.

    IntegrityProblem if they differ. What was accepted before an acknowledged break is compared with
    nothing: it is not believed (`unaccepted`).
    """
    put_away(db, plan)
    if unaccepted(db, plan):
        return
    event = event_at(db, plan["accepted_seq"])
    data = event["data"]
    if (
        event["hash"] != plan["accepted_hash"]
        or event["plan"] != plan["id"]
        or last_of(db, ACCEPTING, plan["id"], "") != plan["accepted_seq"]
        or data.get("phases") != [of_row(phase) for phase in phases]
        or data.get("digest") != plan["digest"]
        or event["actor"] != plan["accepted_by"]
    ):
        raise broken(f"the accepted definition of {plan['id']} is not the one that was recorded")
    for phase in phases:
        text = phase["definition"]
        if digest(text) != phase["digest"] or (loads(text).get("needs") or []) != list(
            phase["needs"]
        ):
            raise broken(f"the stored definition of {plan['id']} {phase['idx']} was edited")
        if not steps_intact(phase):
            raise broken(f"the stored steps of {plan['id']} {phase['idx']} were edited")


def put_away(db: sqlite3.Connection, plan: Mapping[str, Any]) -> bool:
    """Whether a plan (id, archived) is archived; IntegrityProblem unless that was recorded."""
    newest = last_of(db, ("archived", "unarchived"), plan["id"], "")
    if newest is not None:
        recorded = bool(event_at(db, newest)["event"] == "archived")
    else:
        start = base(db)
        recorded = start > 0 and plan["id"] in event_at(db, start)["data"]["archived"]
    if recorded != bool(plan["archived"]):
        raise broken(f"whether {plan['id']} is archived is not what was recorded")
    return recorded


def unaccepted(db: sqlite3.Connection, plan: Mapping[str, Any]) -> bool:
    """Whether the definition of a plan (id, accepted_seq) has to be accepted anew, after a break.

    That it was is told by the ledger alone; a row cannot take it back.
    """
    start = base(db)
    if start == 0 or last_of(db, ACCEPTING, plan["id"], "") is not None:
        return False
    return isinstance(plan["accepted_seq"], int) and plan["accepted_seq"] < start


def of_row(phase: Any) -> list[str]:
    """`identity` of a phase's row."""
    return identity(phase["key"], phase["digest"], phase["step_digest"])


def steps_intact(phase: Any) -> bool:
    """Whether the stored steps of a phase's row are those of their digest."""
    text = phase["step_text"]
    return bool(phase["step_digest"] == (None if text is None else digest(text)))


def mark(db: sqlite3.Connection, plan: str, phase: Mapping[str, Any]) -> None:
    """Compare a phase's mark with the newest event that set it; IntegrityProblem if it differs."""
    newest = last_of(db, MARKING, plan, phase["key"])
    if newest is None and phase["mark"] == "open":
        return
    where = f"the mark of {plan} {phase['idx']} ({phase['mark']})"
    if newest is None or phase["mark_seq"] != newest:
        raise broken(f"{where} does not rest on the newest event about it")
    event = event_at(db, newest)
    recorded = (mark_of(event), event["hash"], event["data"].get("digest"))
    if (
        recorded != (phase["mark"], phase["mark_hash"], phase["mark_digest"])
        or event["data"].get("inputs") != phase["mark_inputs"]
        or event["data"].get("rests", {}) != phase["mark_rests"]
    ):
        raise broken(f"{where} is not what event {newest} recorded")


def inputs(db: sqlite3.Connection, plan: str, bound: Mapping[str, str]) -> None:
    """Compare the bound inputs with the events that bound them; IntegrityProblem if they differ."""
    rows = db.execute(
        "SELECT * FROM ledger WHERE plan = ? AND event IN (?, ?) AND seq > ? ORDER BY seq",
        (plan, *BINDING, base(db)),
    )
    found: dict[str, str] = {}
    for event in map(checked, rows.fetchall()):
        try:
            bind(found, event)
        except AttributeError:
            raise broken(f"event {event['seq']} binds no inputs") from None
    if found != bound:
        names = sorted(k for k in {*found, *bound} if found.get(k) != bound.get(k))
        raise broken(f"the input {names[0]} of {plan} is not bound to what was recorded")


def read_small(path: str) -> bytes:
    """A small file of the store. What was put in its place, a pipe or a device, is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 200)
    finally:
        os.close(descriptor)


def head(root: str) -> tuple[int, str]:
    """What the file HEAD says; to be read before anything else is read from the store."""
    try:
        seq, found = read_small(f"{root}/.todo_manager/HEAD").decode().split()
        return int(seq), found
    except PermissionError as error:
        from todo_manager import read_problems

        raise read_problems.closed(str(error.filename)) from None
    except (OSError, ValueError):
        raise broken("the file HEAD is missing or not a head") from None


def plan(
    db: sqlite3.Connection, seen: tuple[int, str], plan_id: str, bound: Mapping[str, str]
) -> None:
    """Everything the marks of one plan rest on; IntegrityProblem if it is not what was recorded.

    `seen` is what HEAD said before. A ledger that is ahead of it is right: a crash, or a moment ago.
    """
    seq, found = seen
    row = db.execute("SELECT hash FROM ledger WHERE seq = ?", (seq,)).fetchone()
    if seq > 0 and (row is None or row["hash"] != found):
        raise broken(f"HEAD has seen event {seq}, and the ledger does not hold that event")
    no_gaps(db, _RECENT)
    phases = [_phase(row) for row in db.execute(_PHASES, (plan_id,))]
    accepted(db, db.execute("SELECT * FROM plans WHERE id = ?", (plan_id,)).fetchone(), phases)
    inputs(db, plan_id, bound)
    for phase in phases:
        mark(db, plan_id, phase)


def _phase(row: sqlite3.Row) -> dict[str, Any]:
    phase = dict(row)
    try:
        phase["needs"] = loads(phase["needs"])
        phase["mark_inputs"], phase["mark_rests"] = states.of_columns(
            phase["mark_inputs"], phase["mark_rests"]
        )
    except (ValueError, TypeError):
        raise broken(f"the row of phase {phase['idx']} cannot be read") from None
    return phase
