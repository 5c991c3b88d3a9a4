"""Which signers file is in force: the newest pin that a key of the one before it has signed.

Another file on disk, or another setting, closes every gate until a key of the pinned file has signed the
change. A pin that was written into the ledger by hand is none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import structs

from todo_manager import coupling, ledger, people, signers
from todo_manager.errors import IntegrityProblem, Kind, Untrusted
from todo_manager.project import SETTINGS, Settings
from todo_manager.signers import Pin
from todo_manager.signing import BadSignature

_ALL = 2**62


def pinned(
    db: sqlite3.Connection, root: Path, before: int | None = None, *, acknowledging: bool = False
) -> Pin | None:
    """The newest pin, or the one that was newest before an event; None where there is none.

    Raises IntegrityProblem for one that does not verify. Those from before an acknowledged break are
    passed over, and so are all of them while one is being acknowledged: else whoever forged a pin would
    shut the true signers out. Not the first of them, or whoever spoiled it would be rid of the signers.
    """
    rows = db.execute(
        "SELECT * FROM ledger WHERE plan = '' AND key = '' AND event = ? AND seq < ? ORDER BY seq",
        (signers.EVENT, _ALL if before is None else before),
    ).fetchall()
    believed = _ALL if acknowledging else ledger.base(db)
    pin: Pin | None = None
    for row in rows:
        follow = _following if row["seq"] >= believed else _signed
        try:
            pin = follow(db, root, row, pin)
        except (BadSignature, IntegrityProblem) as wrong:
            if pin is None or row["seq"] >= believed:
                what = str(wrong).removeprefix(ledger.BROKEN)
                raise ledger.broken(f"the signers pinned in event {row['seq']}: {what}") from None
    return pin


def _following(db: sqlite3.Connection, root: Path, row: sqlite3.Row, pin: Pin | None) -> Pin:
    """The pin that an event sets, signed by a key of the one before; the first by a key of its own."""
    event = ledger.event_at(db, row["seq"])
    mine = signers.pin_of(db, event)
    people.heard(db, root, event, _held(pin, mine).data)
    if people.after(event) != people.newest(db, before=row["seq"]):
        raise BadSignature(people.REPLAYED)
    return mine


def _signed(db: sqlite3.Connection, root: Path, row: sqlite3.Row, pin: Pin | None) -> Pin:
    """The same before a break, where the chain says nothing: what is signed names the file before it."""
    event = people.decoded(row["body"])
    try:
        mine = signers.pin_of(db, event)
        held = _held(pin, mine)
        _, spoken = people.heard_anywhere(root, event, held.data)
        before = spoken["says"]["before"]
    except (KeyError, TypeError, AttributeError, AssertionError, ValueError):
        raise BadSignature("it is not an event") from None
    if before != (pin.sha256 if pin else ""):
        raise BadSignature("it was given when another file was pinned")
    return structs.replace(mine, seq=row["seq"])


def _held(pin: Pin | None, mine: Pin) -> Pin:
    return pin if pin and pin.file else mine


def in_force(
    db: sqlite3.Connection, root: Path, settings: Settings, *, acknowledging: bool = False
) -> Pin | None:
    """The pinned file, where setting and file on disk are as they were pinned; None without signers.

    Raises Untrusted (signers_changed) otherwise: then nobody knows whose word counts. IntegrityProblem
    for a pin that does not verify, as `pinned` has it, and for a break that nobody who counts has
    acknowledged: what came before it, withdrawals and who did the work, is not looked at any more.
    """
    pin = pinned(db, root, acknowledging=acknowledging)
    if not acknowledging:
        _begun_by_a_person(db, root)
    file, known = settings.signers, pin.file if pin else ""
    if not file and not known:
        return None
    if not known:
        raise changed(f"{SETTINGS} names {file}, and nobody has pinned it yet", before=False)
    assert pin is not None
    if file != known:
        said = f"names {file}" if file else "names no signers any more"
        raise changed(f"{known} is pinned, and {SETTINGS} {said}")
    try:
        found = coupling.read_file(root, file).sha256
    except (OSError, ValueError) as error:
        raise changed(f"{file}, which is pinned, cannot be read: {error}") from None
    if found != pin.sha256:
        raise changed(f"{file} is not the file that was pinned in event {pin.seq}")
    return pin


def _begun_by_a_person(db: sqlite3.Connection, root: Path) -> None:
    start = ledger.base(db)
    before = pinned(db, root, start) if start else None
    if before is None or not before.file:
        return
    event = ledger.event_at(db, start)
    if event["how"] != "signed":
        raise ledger.broken(
            f"event {start} acknowledges a break, and {event['actor']} did not sign it"
        )
    genuine(db, root, event)


def genuine(db: sqlite3.Connection, root: Path, event: Mapping[str, Any]) -> None:
    """A signed event bears a signature by the signers file of its time, given for this place in the
    ledger; IntegrityProblem if not."""
    before = pinned(db, root, int(event["seq"]))
    try:
        if before is None or not before.file:
            raise BadSignature("no signers were pinned then")
        people.heard(db, root, event, before.data)
        if people.after(event) != people.newest(db, before=int(event["seq"])):
            raise BadSignature(people.REPLAYED)
    except BadSignature as wrong:
        raise ledger.broken(f"event {event['seq']} is said to be signed: {wrong}") from None


def changed(what: str, *, before: bool = True) -> Untrusted:
    """The refusal of everything that rests on persons while it is not known who they are.

    `before` says whether anything is pinned that could be restored.
    """
    restore = "restore it (todo_manager signers shows what is pinned); or " if before else ""
    return Untrusted(
        what,
        kind=Kind.SIGNERS_CHANGED,
        hint=f"{restore}a person: {signers.TO_PIN}",
        person=True,
    )
