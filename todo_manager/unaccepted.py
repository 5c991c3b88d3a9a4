"""Which plans nobody has accepted whose word counts, as far as the ledger's own words say so.

For reads: standard library alone, and only where signers are pinned. Signatures are verified by
`acceptance.py`, before anything is decided, and by `audit`.
"""

from __future__ import annotations

from todo_manager.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing costs a read more than all of this module
    import sqlite3
    from collections.abc import Mapping, Sequence
    from typing import Any

UNSIGNED = "nobody whose signature counts has accepted its plan"
_MAX = 1_000_000
"""Bytes of a signers file; a larger one is another one."""
LAPSED = "who accepted its plan has no key in the signers file any more"


def pin(db: sqlite3.Connection) -> dict[str, Any] | None:
    """What the newest pin of signers says, with its number; None where no signers are pinned."""
    row = db.execute(
        "SELECT seq, body FROM ledger WHERE plan = '' AND key = '' AND event = 'signers'"
        " ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return None
    data: dict[str, Any] = loads(row["body"])["data"]
    return data | {"seq": row["seq"]} if data.get("file") else None


def reasons(db: sqlite3.Connection, plans: Sequence[str], root: str = "") -> dict[str, str]:
    """Of these plans those that are not accepted, and why, in words about one of their phases.

    With the root of the project the pinned file is looked at, too: while it is another one, nobody's
    word counts.
    """
    pinned = pin(db)
    if pinned is None:
        return {}
    if other := _other_signers(root, pinned) if root else "":
        return dict.fromkeys(plans, other)
    found = dict.fromkeys(plans, UNSIGNED)
    marks = ",".join("?" * len(plans))
    rows = db.execute(
        "SELECT plan, max(seq) AS newest, event, body FROM ledger WHERE key = ''"
        f" AND event IN ('imported', 'accepted') AND plan IN ({marks}) GROUP BY plan",
        list(plans),
    )
    for row in rows:
        lapsed = row["newest"] < pinned["seq"] and row["plan"] in pinned.get("lapsed", ())
        if row["event"] == "accepted" and loads(row["body"]).get("how") == "signed":
            if lapsed:
                found[row["plan"]] = LAPSED
            else:
                del found[row["plan"]]
    return found


def void_marks(db: sqlite3.Connection, plans: Sequence[str]) -> dict[tuple[str, str], str]:
    """Why attested phases of these plans are not, where signers are pinned, by plan and key.

    As far as the ledger's own words say so, of phases that nothing but a word stands for.
    """
    if pin(db) is None:
        return {}
    marks = ",".join("?" * len(plans))
    named: dict[str, frozenset[str]] = {}
    found = {}
    rows = db.execute(
        "SELECT p.plan, p.key, l.body, l.hash, a.body FROM phases AS p"
        " JOIN ledger AS l ON l.seq = p.mark_seq JOIN plans AS s ON s.id = p.plan"
        " LEFT JOIN ledger AS a ON a.seq = s.accepted_seq"
        f" WHERE p.mark = 'attested' AND p.plan IN ({marks})",
        list(plans),
    )
    for plan, key, body, hash_, accepting in rows:
        if plan not in named:
            named[plan] = taken_over(loads(accepting) if accepting else {"data": {}})
        if why := not_vouched(loads(body) | {"hash": hash_}, named[plan]):
            found[plan, key] = why
    return found


def taken_over(accepting: Mapping[str, Any]) -> frozenset[str]:
    """The hashes of the events by which a document attests phases, and that who accepted its plan signed for."""
    try:
        said = loads(accepting["data"].get("statement") or "{}")["says"]["attested"]
        return frozenset(said.split(", "))
    except (KeyError, TypeError, ValueError, AttributeError):
        return frozenset()


def not_vouched(event: Mapping[str, Any], named: frozenset[str]) -> str:
    """Why an attesting event is the word of nobody who counts, by what it says itself; empty if it may be.

    `named` is what `taken_over` found. What was approved, and every signature, is looked at elsewhere.
    """
    where, by = f"event {event['seq']}", event["data"].get("by")
    if by == "person" and event["how"] != "signed":
        return f"{where}: {event['actor']}, who attested it, did not sign that"
    if by == "document" and event["hash"] not in named:
        return f"{where}: the imported document attests it, and nobody who counts took that over"
    if by not in ("person", "document", "approval"):
        return f"{where}: nobody has vouched for it"
    return ""


def other_signers(db: sqlite3.Connection, root: str) -> str:
    """That the signers file of a project is not the pinned one, in words; empty when it is, or none is."""
    pinned = pin(db)
    return _other_signers(root, pinned) if pinned else ""


def _other_signers(root: str, pinned: dict[str, Any]) -> str:
    from todo_manager.proof import sha256

    try:
        with open(f"{root}/{pinned['file']}", "rb") as file:
            same = sha256(file.read(_MAX + 1)).hexdigest() == pinned["sha256"]
    except OSError:
        same = False
    return "" if same else f"{pinned['file']} is not the signers file that was pinned"
