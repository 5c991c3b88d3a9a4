"""Reading one plan: everything `show` says of it, with its files looked at, and what comes next.

Part of the fast read path of `reads.py`, and imported by those reads alone that are about one plan.
"""

from __future__ import annotations

import os
import sqlite3

from todo_manager import proof, read_files, reads, states
from todo_manager.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing costs a read more than all of this module
    from collections.abc import Sequence
    from typing import Any

_ALL_COLUMNS = (
    *reads.STATE_COLUMNS, "explain", "text", "note", "tags", "parts", "checks", "last_run", "claim_by",
    "claim_until", "steps", "undo", "preflight", "step_digest",
)  # fmt: skip


def show_plan(db: sqlite3.Connection, root: str, wanted: str) -> dict[str, Any]:
    """Everything about one plan, with its files looked at: `{plan: {…, phases: […]}}`.

    IntegrityProblem for rows that are not as this program writes them.
    """
    id_ = reads.plan_id(db, wanted)
    try:
        return _whole(db, root, id_)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise proof.broken(f"the rows of the plan {id_} cannot be read: {error}") from None


def _whole(db: sqlite3.Connection, root: str, id_: str) -> dict[str, Any]:
    found = _look(db, root, id_, _ALL_COLUMNS)
    row, phases, unaccepted = found.row, found.phases, found.unaccepted
    waivers = _waivers(db, row["id"], phases)
    return {
        "plan": {
            "id": row["id"],
            "title": row["title"] or "",
            "description": row["description"],
            "tags": loads(row["tags"] or "[]"),
            "status": reads.status(row, reads.count_done(found.standings), len(phases)),
            "archived": bool(row["archived"]),
            "created": row["created"],
            "updated": row["updated"],
            "source": {
                "text": row["source"],
                "path": row["source_path"],
                "format": row["format"],
                "state": found.source,
            },
            "digest": row["digest"],
            "proposal": _proposal_waits(db, row["id"]),
            "unaccepted": unaccepted,
            "accepted_how": None if unaccepted else _how(db, row["accepted_seq"]),
            "inputs": found.bound,
            "phases": [
                _shown(phase, standing, None if unaccepted else row["accepted_by"], waivers)
                for phase, standing in zip(phases, found.standings)
            ],
        }
    }


def _waivers(
    db: sqlite3.Connection, plan: str, phases: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Every waiver of a plan, as `waivers.row` has it; most plans have none."""
    asked = "SELECT 1 FROM ledger WHERE plan = ? AND event = 'waiver_asked' LIMIT 1"
    if db.execute(asked, (plan,)).fetchone() is None:
        return []
    from todo_manager import waivers

    return waivers.rows(db, plan, phases)


def _shown(
    phase: dict[str, Any],
    standing: states.Standing,
    accepted_by: str | None,
    waivers: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "index": phase["idx"],
        "key": phase["key"],
        "title": phase["title"],
        "explain": phase["explain"],
        "text": phase["text"],
        "note": phase["note"],
        "tags": loads(phase["tags"] or "[]"),
        "state": standing.state,
        "reason": standing.reason,
        "needs": phase["needs"],
        "digest": phase["digest"],
        "accepted_by": accepted_by,
        "claim": _claim(phase),
        "until": phase["mark_rests"].get("until"),
        "waivers": [row for row in waivers if row["key"] == phase["key"]],
        "step_digest": phase["step_digest"],
        "preflight": _members(phase["preflight"]),
        "steps": _members(phase["steps"]),
        "undo": _members(phase["undo"]),
        "parts": _parts(phase),
        "checks": _members(phase["checks"]),
        "last_run": _last_run(phase["last_run"]),
    }


def _members(text: str | None) -> list[dict[str, Any]]:
    """What is shown of checks or steps; ValueError for anything else."""
    found = loads(text or "[]")
    if not all({"id", "kind", "subject", "name"} <= each.keys() for each in found):
        raise ValueError("a check is none")
    return list(found)


def _last_run(text: str | None) -> dict[str, Any] | None:
    found = loads(text) if text else None
    if found is not None and {type(each) for each in found["checks"].values()} - {str}:
        raise ValueError("a run is none")
    return dict(found) if found else None


def _how(db: sqlite3.Connection, seq: int) -> str:
    """Whether who accepted a plan has `signed` that, or it is only `asserted`."""
    row = db.execute("SELECT body FROM ledger WHERE seq = ?", (seq,)).fetchone()
    try:
        return str(loads(row["body"])["how"])
    except (ValueError, TypeError, KeyError):
        raise proof.broken(f"event {seq} is not an event") from None


def _proposal_waits(db: sqlite3.Connection, plan: str) -> bool:
    """Whether an edit of a plan without a file waits to be accepted."""
    return db.execute("SELECT 1 FROM proposals WHERE plan = ?", (plan,)).fetchone() is not None


def _parts(phase: dict[str, Any]) -> list[dict[str, Any]]:
    """What the parts of a phase say; their checks stand among its own, with their number."""
    return [
        {"index": n, "title": part["title"], "explain": part["explain"], "note": part["note"]}
        for n, part in enumerate(loads(phase["parts"] or "[]"), start=1)
    ]


def _claim(phase: dict[str, Any]) -> dict[str, str] | None:
    """Who has said to be at work on a phase, while that has not run out. It gates nothing."""
    import time

    if phase["claim_until"] is None or phase["claim_until"] <= time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime()
    ):
        return None
    return {"actor": phase["claim_by"], "until": phase["claim_until"]}


def next_phase(db: sqlite3.Connection, root: str, wanted: str) -> dict[str, Any]:
    """The first phase of a plan neither done nor attested, blocked ones too; null when there is none.

    `person` says whether the road from here needs a person.
    """
    looked = _look(db, root, reads.plan_id(db, wanted), reads.STATE_COLUMNS)
    row, phases = looked.row, looked.phases
    found = reads.next_of(phases, looked.standings)
    if found is None or row["archived"]:
        reason = "it is archived" if row["archived"] else "" if phases else "it has no phases"
        nothing = {"phase": None, "key": None, "state": None, "reason": reason, "person": False}
        return {"plan": row["id"]} | nothing
    person = not phases[found["phase"]]["required"] or found["phase"] in looked.changed
    return {"plan": row["id"]} | found | {"person": person}


class _Looked:
    """What a plan's rows, its marks' events and its files say together."""

    row: Any
    """Of the plan, an sqlite3.Row."""
    phases: list[dict[str, Any]]
    bound: dict[str, str]
    source: str
    """Of its document, as `read_files.look` has it."""
    unaccepted: str
    """Why nobody may go by its definition; empty where it is accepted."""
    changed: dict[int, str]
    """By phase: what differs from what was accepted."""
    standings: list[states.Standing]


def _look(db: sqlite3.Connection, root: str, id_: str, columns: Sequence[str]) -> _Looked:
    found = _Looked()
    head = proof.head(root)
    found.row = db.execute("SELECT * FROM plans WHERE id = ?", (id_,)).fetchone()
    found.phases = reads.phases_of(db, [id_], columns)[id_]
    found.bound = reads.bound_inputs(db, [id_])[id_]
    if any(phase["mark"] != "open" for phase in found.phases):
        proof.plan(db, head, id_, found.bound)
    found.source, found.changed = read_files.look(db, root, id_)
    found.unaccepted = _heard(db, root, id_, found.phases)
    if proof.unaccepted(db, found.row):
        found.unaccepted = proof.UNACCEPTED
    if found.unaccepted:
        found.changed = {phase["idx"]: found.unaccepted for phase in found.phases}
    found.standings = states.derive(
        found.phases,
        found.bound,
        running=read_files.running(os.path.join(root, reads.STORE), found.phases),
        changed=found.changed,
        archived=bool(found.row["archived"]),
    )
    return found


def _heard(db: sqlite3.Connection, root: str, id_: str, phases: list[dict[str, Any]]) -> str:
    """Why nobody who counts has accepted a plan; its marks say, as `mark_void`, why they do not hold.

    Every signature that they rest on is verified.
    """
    unaccepted = reads.unbelieved(db, root, {id_: phases}).get(id_, "")
    marked = any(phase["mark"] in states.SATISFIED for phase in phases)
    if unaccepted or not marked or not reads.persons_sign(db):
        return unaccepted
    from pathlib import Path

    from todo_manager import vouched

    unaccepted, void = vouched.read(db, Path(root), id_)
    for phase in phases:
        phase["mark_void"] = void.get(phase["key"]) or phase.get("mark_void", "")
    return unaccepted
