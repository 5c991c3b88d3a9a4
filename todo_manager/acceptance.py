"""Whether the accepted definition of a plan is one that a person stands for: the one place that says so.

Without signers, who imported or accepted it does. Where signers are pinned, the newest accepting event
must bear a signature by a key of the pinned file; taking a key out of the file takes its word away, and
`valid-before` in the file lets what was said before stand.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from todo_manager import ledger, people, pins, proof, signers, signing
from todo_manager.errors import Kind, TodoError, Untrusted
from todo_manager.plans import Plan
from todo_manager.project import Settings
from todo_manager.shellword import word
from todo_manager.signers import Pin, Who
from todo_manager.signing import BadSignature
from todo_manager.unaccepted import LAPSED, UNSIGNED


def refusal(db: sqlite3.Connection, root: Path, settings: Settings, plan: Plan) -> TodoError | None:
    """Why nothing of a plan may be done: its definition is not accepted by anybody whose word counts.

    None where it is. Raises IntegrityProblem for a signature in the ledger that never was one.
    """
    try:
        pin = pins.in_force(db, root, settings)
    except Untrusted as changed:
        return changed
    if pin is None:
        return None
    if plan.unaccepted:
        return _unaccepted(plan.id, proof.UNACCEPTED)
    event = ledger.event_at(db, plan.accepted_seq)
    why = lapsed(db, root, pin, event)
    return _unaccepted(plan.id, why) if why else None


def lapsed(db: sqlite3.Connection, root: Path, pin: Pin, event: Mapping[str, Any]) -> str:
    """Why an accepting event does not stand for a definition; empty when it does."""
    if event["event"] != "accepted" or event["how"] != "signed":
        return UNSIGNED
    genuine(db, root, event)
    data = event["data"]
    try:
        signing.verify(root, pin.data, data["statement"], data["signature"], event["at"])
    except BadSignature:
        return LAPSED
    return ""


def genuine(db: sqlite3.Connection, root: Path, event: Mapping[str, Any]) -> None:
    """A signed event bears a signature by the signers file of its time, given for this place in the
    ledger; IntegrityProblem if not."""
    before = pins.pinned(db, root, int(event["seq"]))
    try:
        if before is None or not before.file:
            raise BadSignature("no signers were pinned then")
        people.heard(db, root, event, before.data)
        if people.after(event) != people.newest(db, before=int(event["seq"])):
            raise BadSignature(people.REPLAYED)
    except BadSignature as wrong:
        raise ledger.broken(f"event {event['seq']} is said to be signed: {wrong}") from None


def _unaccepted(plan: str, why: str) -> Untrusted:
    return Untrusted(
        f"{plan} is not accepted: {why}",
        kind=Kind.UNACCEPTED,
        hint=f"try: todo_manager verify {word(plan)} · "
        f"a person: todo_manager accept {word(plan)} --key FILE",
        person=True,
    )


def author(db: sqlite3.Connection, plan: Plan) -> Who:
    """Who wrote the accepted definition, as far as is known; else who took it in or accepted it.

    Nobody, whose name is empty, where a break has ended what was accepted.
    """
    if plan.unaccepted:
        return Who("")
    event = ledger.event_at(db, plan.accepted_seq)
    named = event["data"].get("author")
    return Who(str(named)) if named else signers.who(event)


def accepter(db: sqlite3.Connection, plan: Plan) -> Who:
    """Who took the definition in, or accepted it; nobody after a break."""
    if plan.unaccepted:
        return Who("")
    return signers.who(ledger.event_at(db, plan.accepted_seq))


def rests(db: sqlite3.Connection, root: Path, plan: Plan, worker: str) -> dict[str, Any]:
    """What a mark rests on where who did it had accepted its definition: that is one pair of eyes."""
    pin = pins.pinned(db, root)
    same = signers.same_person(pin.data if pin else b"", accepter(db, plan), Who(worker))
    return {"self_accepted": True} if same else {}
