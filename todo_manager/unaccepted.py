"""Which plans nobody has accepted whose word counts, as far as the ledger's own words say so.

For reads: standard library alone, and only where signers are pinned. Signatures are verified by
`acceptance.py`, before anything is decided, and by `audit`.
"""

from __future__ import annotations

from todo_manager.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing costs a read more than all of this module
    import sqlite3
    from collections.abc import Sequence
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
    if root and not _is_pinned(root, pinned):
        return dict.fromkeys(plans, f"{pinned['file']} is not the signers file that was pinned")
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


def _is_pinned(root: str, pinned: dict[str, Any]) -> bool:
    from todo_manager.proof import sha256

    try:
        with open(f"{root}/{pinned['file']}", "rb") as file:
            return bool(sha256(file.read(_MAX + 1)).hexdigest() == pinned["sha256"])
    except OSError:
        return False
