"""What a wall of plans says of each beyond `list`: its worst state, and how old its oldest proof is.

Rows of the store and nothing else, as `reads.list_plans` has them; no file is looked at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from todo_manager import reads, states

WORST = (
    "regressed", "stale", "failed", "errored", "blocked", "running", "ready", "attested", "done",
    "archived",
)  # fmt: skip
"""States from the one that needs somebody most to those that need nobody."""


def glance(db: sqlite3.Connection, root: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By plan: `counts` of states (the worst first), `worst` and `oldest`.

    `oldest` is when the oldest proof that still carries a mark was recorded, as it is stored; empty
    where nothing is marked.
    """
    found: dict[str, dict[str, Any]] = {}
    for first in range(0, len(ids), reads.PAGE):
        some = ids[first : first + reads.PAGE]
        phases, bound = reads.phases_of(db, some), reads.bound_inputs(db, some)
        why = reads.unbelieved(db, root, phases)
        oldest = _oldest(db, some)
        for id_ in some:
            changed = {phase["idx"]: why[id_] for phase in phases[id_]} if why.get(id_) else {}
            derived = states.derive(phases[id_], bound[id_], changed=changed)
            standings = [each.state for each in derived]
            counts = {state: standings.count(state) for state in WORST if state in standings}
            counts |= {state: standings.count(state) for state in standings if state not in WORST}
            found[id_] = {
                "counts": counts,
                "worst": next(iter(counts), ""),
                "oldest": oldest.get(id_, ""),
            }
    return found


def _oldest(db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, str]:
    marks = ", ".join("?" * len(ids))
    rows = db.execute(
        "SELECT p.plan AS plan, min(l.at) AS at FROM phases AS p JOIN ledger AS l"
        " ON l.seq = p.mark_seq AND l.hash = p.mark_hash"
        f" WHERE p.plan IN ({marks}) AND p.mark IN ('done', 'attested') GROUP BY p.plan",
        ids,
    )
    return {row["plan"]: row["at"] for row in rows}
