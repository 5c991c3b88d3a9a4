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
    why = against(db, root, pin, plan) if pin else ""
    return _unaccepted(plan.id, why) if why else None


def against(db: sqlite3.Connection, root: Path, pin: Pin, plan: Plan) -> str:
    """Why the accepted definition of a plan is one that nobody stands for, by a pinned signers file."""
    if plan.unaccepted:
        return proof.UNACCEPTED
    return lapsed(db, root, pin, ledger.event_at(db, plan.accepted_seq))


def lapsed(db: sqlite3.Connection, root: Path, pin: Pin, event: Mapping[str, Any]) -> str:
    """Why an accepting event does not stand for a definition; empty when it does."""
    if event["event"] != "accepted" or event["how"] != "signed":
        return UNSIGNED
    pins.genuine(db, root, event)
    data = event["data"]
    try:
        signing.verify(root, pin.data, data["statement"], data["signature"], event["at"])
    except BadSignature:
        return LAPSED
    return ""


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
    named = people.said(event, "author")
    return Who(named) if named else signers.who(event)


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
