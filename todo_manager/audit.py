"""Verify everything that can be verified offline: the chain, the head, the states, the outputs.

The ledger is replayed from its first event; what it says must be what the state rows say. The first
break is named; nothing is changed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager import ledger, people, pins, plans, proof, signers, states
from todo_manager.attesting import statement
from todo_manager.auditing import breaks
from todo_manager.canonical import decode, digest
from todo_manager.definition import plan_digest
from todo_manager.errors import IntegrityProblem
from todo_manager.signing import BadSignature


class Audited(Struct, frozen=True, kw_only=True):
    """How much was looked at, and what did not verify."""

    events: int
    head: ledger.Recorded | None
    """What HEAD says; None when it is missing or no head."""
    plans: int
    marks: int
    outputs: int
    signatures: int
    statements: int
    breaks: tuple[str, ...]
    notes: tuple[str, ...]
    """What is odd and breaks nothing: where the clock went back."""
    acknowledged: tuple[str, ...] = ()
    """Breaks that persons acknowledged: they stay in the history of this store for ever."""


class _Replay:
    """What the ledger says the state is."""

    def __init__(self) -> None:
        self.accepted: dict[str, dict[str, Any]] = {}
        self.marks: dict[tuple[str, str], dict[str, Any]] = {}
        self.bound: dict[str, dict[str, str]] = {}
        self.outputs: set[str] = set()
        self.signed: list[dict[str, Any]] = []
        """Events that are said to be signed, that hold a signature, or that only a person may bring about."""
        self.statements: set[str] = set()
        self.whole = False
        """Whether every event could be read: what an unread one did to the states is not known."""
        self.archived: set[str] = set()
        self.unaccepted: set[str] = set()
        """Plans whose definition was accepted before an acknowledged break only."""
        self.notes: list[str] = []
        self._at = ""
        self._coming_in = ""
        """The plan that the events just before took in, with the marks of its document."""

    def take(self, event: dict[str, Any]) -> None:
        data, where = event["data"], (event["plan"], event["key"])
        self._note_time(event)
        claims = event["how"] != "asserted" or "statement" in data or "signature" in data
        if claims or people.is_personal(event):
            self.signed.append(event)
        if event["event"] == breaks.EVENT:
            self.unaccepted.update(data["plans"])
            self.archived.update(data["archived"])
        if event["event"] in ledger.ACCEPTING:
            self.accepted[event["plan"]] = event
        if event["event"] in ledger.MARKING:
            self.marks[where] = event
        if event["event"] in ("archived", "unarchived"):
            put_away = event["event"] == "archived"
            (self.archived.add if put_away else self.archived.discard)(event["plan"])
        if event["event"] in statement.PROVEN and statement.NAMED in data:
            self.statements.add(data[statement.NAMED]["sha256"])
        ledger.bind(self.bound.setdefault(event["plan"], {}), event)
        for check in (*data.get("checks", ()), *data.get("steps", ())):
            self.outputs.update(kept["kept"] for kept in check["outputs"])

    def strays(self, event: dict[str, Any]) -> bool:
        """Whether a document attests a phase although it does not come in just then."""
        if event["event"] == states.CLOCK:
            return False
        attests = event["event"] == "attested" and event["data"].get("by") == "document"
        strays = bool(attests and event["plan"] != self._coming_in)
        self._coming_in = event["plan"] if attests or event["event"] == "imported" else ""
        return strays

    def _note_time(self, event: dict[str, Any]) -> None:
        if event["at"] < self._at:
            was = f"it was {self._at} at the event before and {event['at']} then"
            self.notes.append(f"the clock went back at event {event['seq']}: {was}")
        self._at = event["at"]


def audit(db: sqlite3.Connection, root: Path) -> Audited:
    """Look at everything in one read transaction; what does not verify is in `breaks`, in order."""
    head = ledger.seen_head(root)  # before the ledger, which may only be ahead of it
    db.execute("BEGIN")
    try:
        return look(db, root, head)
    finally:
        db.execute("ROLLBACK")


def look(db: sqlite3.Connection, root: Path, seen: list[Any] | None = None) -> Audited:
    """The same inside a transaction of the caller's."""
    seen = seen or ledger.seen_head(root)
    head = ledger.Recorded(*seen) if seen else None
    replay = _Replay()
    found = [] if head else [_no_head(root)]
    found += _chain(db, head, replay)
    if replay.whole:
        found += _states(db, replay)
    found += _signatures(db, root, replay.signed)
    found += _blobs(db, replay)
    events = db.execute("SELECT count(*), max(seq) FROM ledger").fetchone()
    return Audited(
        events=events[0],
        head=head,
        plans=len(replay.accepted),
        marks=len(replay.marks),
        outputs=len(replay.outputs),
        signatures=sum(event["how"] == "signed" for event in replay.signed),
        statements=len(replay.statements),
        breaks=tuple(found),
        notes=tuple(replay.notes),
        acknowledged=tuple(_acknowledged(db)),
    )


def _no_head(root: Path) -> str:
    try:
        ledger.read_head(root)
    except IntegrityProblem as problem:
        return problem.message.removeprefix(ledger.BROKEN)
    return "the file HEAD changed while it was read"


def _acknowledged(db: sqlite3.Connection) -> Iterator[str]:
    """What persons acknowledged, as far as it can still be read."""
    for row in db.execute("SELECT * FROM ledger WHERE event = ? ORDER BY seq", (breaks.EVENT,)):
        try:
            yield breaks.told(ledger.checked(row))
        except (IntegrityProblem, KeyError, TypeError, IndexError):
            yield f"acknowledged break at event {row['seq']}, which does not verify"


def _chain(db: sqlite3.Connection, head: ledger.Recorded | None, replay: _Replay) -> Iterator[str]:
    """From the newest acknowledged break on; what came before must be as it was then."""
    base = ledger.base(db)
    last = db.execute("SELECT max(seq) AS seq FROM ledger WHERE seq < ?", (base,)).fetchone()["seq"]
    row = db.execute("SELECT hash FROM ledger WHERE seq = ?", (last,)).fetchone()
    before = row["hash"] if row else ledger.GENESIS
    expected, seen = base or 1, {} if base else {0: ledger.GENESIS}
    for row in db.execute("SELECT * FROM ledger WHERE seq >= ? ORDER BY seq", (base,)):
        if row["seq"] != expected:
            yield f"event {expected} is missing"
        try:
            event = ledger.checked(row)
        except IntegrityProblem as problem:
            yield problem.message.removeprefix(ledger.BROKEN)
            return
        if event["prev"] != before:
            yield f"event {row['seq']} does not follow the one before it"
        before, expected = row["hash"], row["seq"] + 1
        seen[row["seq"]] = row["hash"]
        if row["seq"] == base:
            yield from _begins(db, event, seen)
        yield from _take(replay, event)
    replay.whole = True
    if head and seen.get(head.seq) != head.hash:
        yield f"HEAD has seen event {head.seq}, and the ledger does not hold that event"


def _signatures(db: sqlite3.Connection, root: Path, signed: list[dict[str, Any]]) -> Iterator[str]:
    """Every signature, by the signers file that was pinned when it was given, and their order."""
    base = ledger.base(db)
    before = people.newest(db, before=base)
    pin: signers.Pin | None = None
    try:
        pin = pins.pinned(db, root, before=base)
    except IntegrityProblem as wrong:
        yield str(wrong).removeprefix(ledger.BROKEN)
    for event in signed:
        what = f"the signature of event {event['seq']} ({event['event']})"
        if event["how"] == "asserted" and "statement" not in event["data"]:
            if pin and pin.file:
                yield f"event {event['seq']} ({event['event']}) is not signed, and signers were pinned"
            continue
        try:
            mine = signers.pin_of(db, event) if event["event"] == signers.EVENT else None
            held = pin if pin and pin.file else mine
            if held is None:
                raise BadSignature("no signers were pinned then")
            people.heard(db, root, event, held.data)
            if people.after(event) != before:
                raise BadSignature(people.REPLAYED)
            pin = mine or pin
        except (BadSignature, IntegrityProblem) as wrong:
            yield f"{what} does not verify: {str(wrong).removeprefix(ledger.BROKEN)}"
        before = event["hash"]


def _begins(db: sqlite3.Connection, event: dict[str, Any], seen: dict[int, str]) -> Iterator[str]:
    """The event from which a ledger is believed again, after a break that it names."""
    if event["data"].get("digest") != breaks.history(db, event["seq"]):
        yield f"what came before the break acknowledged at event {event['seq']} was altered since"
    newest = db.execute("SELECT max(seq) FROM ledger").fetchone()[0]
    match event["data"].get("head"):
        case [int(seq), str(hash_)] if newest == event["seq"]:
            seen.setdefault(seq, hash_)  # a crash before HEAD was written; it is brought up


def _take(replay: _Replay, event: dict[str, Any]) -> Iterator[str]:
    try:
        if replay.strays(event):
            yield f"event {event['seq']}: a document attests {event['key']}, and was not imported then"
        replay.take(event)
        if event["event"] in statement.PROVEN and statement.differs(event):
            yield f"the statement of event {event['seq']} says something else than the event"
    except (KeyError, TypeError, AttributeError):
        yield f"event {event['seq']} is not an event as this program writes them"


def _states(db: sqlite3.Connection, replay: _Replay) -> Iterator[str]:
    plans = {row["id"]: row for row in db.execute("SELECT * FROM plans")}
    known = replay.accepted.keys() | replay.unaccepted
    for id_ in plans.keys() ^ known:
        what = "was never imported" if id_ in plans else "was imported and is gone"
        yield f"plan {id_} {what}"
    for id_ in plans.keys() & known:
        yield from _plan(db, plans[id_], replay)
    bound = {(row["plan"], row["name"]): row["value"] for row in db.execute("SELECT * FROM inputs")}
    meant = {(plan, n): value for plan, each in replay.bound.items() for n, value in each.items()}
    for plan, name in bound.keys() | meant.keys():
        if bound.get((plan, name)) != meant.get((plan, name)):
            yield f"the input {name} of {plan} is not bound to what was recorded"


def _plan(db: sqlite3.Connection, row: sqlite3.Row, replay: _Replay) -> Iterator[str]:
    id_, event = row["id"], replay.accepted.get(row["id"])
    phases = db.execute("SELECT * FROM phases WHERE plan = ? ORDER BY idx", (id_,)).fetchall()
    if bool(row["archived"]) != (id_ in replay.archived):
        yield f"whether the plan {id_} is archived is not what was recorded"
    if event is not None:
        yield from _definition(row, phases, event)
    for phase in phases:
        yield from _mark(phase, replay.marks.get((id_, phase["key"])))


def _definition(
    row: sqlite3.Row, phases: list[sqlite3.Row], event: dict[str, Any]
) -> Iterator[str]:
    id_ = row["id"]
    recorded = (event["seq"], event["hash"], event["actor"])
    if (row["accepted_seq"], row["accepted_hash"], row["accepted_by"]) != recorded:
        yield f"the accepted definition of {id_} is not the newest that was recorded"
    data = event["data"]
    if [proof.of_row(phase) for phase in phases] != data.get("phases"):
        yield f"the phases of {id_} are not those that were accepted"
    elif row["digest"] != data.get("digest"):
        yield f"the digest of {id_} is not the one that was accepted"
    elif row["digest"] != plan_digest((p["key"], p["digest"], p["step_digest"]) for p in phases):
        yield f"the digest of {id_} is not that of its accepted phases"
    for phase in phases:
        if digest(phase["definition"]) != phase["digest"] or not _agrees(phase):
            yield f"the definition of {id_} {phase['idx']} was edited"
        if not proof.steps_intact(phase):
            yield f"the steps of {id_} {phase['idx']} were edited"


def _agrees(phase: sqlite3.Row) -> bool:
    try:
        needs = json.loads(phase["definition"]).get("needs", [])
        verify = decode(phase["verify"])
        return bool(json.loads(phase["needs"]) == needs) and plans.agrees(
            phase["definition"], verify, plans.parts_from(phase["parts"]), phase["required"]
        )
    except (ValueError, TypeError, AttributeError):
        return False


def _mark(phase: sqlite3.Row, event: dict[str, Any] | None) -> Iterator[str]:
    where = f"the mark of {phase['plan']} {phase['idx']} ({phase['mark']})"
    if event is None:
        if phase["mark"] != "open":
            yield f"{where} was never recorded"
        return
    meant = ledger.mark_of(event)
    data = event["data"]
    found = (phase["mark"], phase["mark_seq"], phase["mark_hash"], phase["mark_digest"])
    if found != (meant, event["seq"], event["hash"], data.get("digest")):
        yield f"{where} is not what event {event['seq']} recorded"
    elif not _same_json(phase["mark_inputs"], data.get("inputs")):
        yield f"{where}: its inputs are not those event {event['seq']} recorded"
    elif not _same_json(phase["mark_rests"], data.get("rests", {})):
        yield f"{where}: what it rests on is not what event {event['seq']} recorded"


def _same_json(text: str | None, wanted: Any) -> bool:
    try:
        return bool(json.loads(text or "{}") == wanted)
    except (ValueError, TypeError):
        return False


def _blobs(db: sqlite3.Connection, replay: _Replay) -> Iterator[str]:
    wanted = replay.outputs | replay.statements
    for table in ("outputs", "contents"):
        for row in db.execute(f"SELECT sha256, data FROM {table}"):
            wanted.discard(row["sha256"])
            if not breaks.is_whole(row["data"], row["sha256"]):
                yield f"{table[:-1]} {row['sha256'][:12]} was altered"
    for sha256 in sorted(wanted):
        what = "statement" if sha256 in replay.statements else "output"
        yield f"{what} {sha256[:12]}, named in the ledger, is not in the store"
