"""Claims: who has said to be at work on a phase, until when. They are shown and gate nothing.

Taking one is a decision of its own write transaction, so that of several workers who ask at once each
gets another phase.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from todo_manager import ledger, plans, states
from todo_manager.errors import Busy, Kind, UsageProblem
from todo_manager.ledger import Actor
from todo_manager.plans import Phase, Plan
from todo_manager.shellword import word
from todo_manager.workspace import Project

OPEN_TO_WORK = ("ready", "failed", "errored", "stale", "regressed")
"""States in which somebody can do something about a phase."""


class Claim(Struct, frozen=True, kw_only=True):
    """A phase that was claimed."""

    plan: str
    phase: int
    key: str
    title: str
    state: str
    actor: str
    until: str
    """UTC, to the second."""


def claim(project: Project, wanted: str, index: int, actor: Actor, seconds: float) -> Claim:
    """Claim a phase, or prolong one's own claim.

    Raises Busy (`claimed`) when another actor holds it, UsageProblem for an archived plan.
    """
    with project.recording() as db:
        plan = _open(db, wanted)
        phase = plan.phase(index)
        holder = _holder(db, plan.id, phase.key)
        if holder is not None and holder[0] != actor.name:
            raise Busy(
                f"phase {index} ({phase.key}) of {plan.id} is claimed by {holder[0]} until {holder[1]}",
                kind=Kind.CLAIMED,
                hint=f"todo_manager next {word(plan.id)} --claim, which takes one that is free",
            )
        return _record(db, plan, phase, actor, seconds)


def claim_next(project: Project, wanted: str, actor: Actor, seconds: float) -> Claim | None:
    """Claim the first phase that can be worked on and that nobody holds; None when there is none."""
    with project.recording() as db:
        plan = _open(db, wanted)
        for phase, standing in zip(plan.phases, states.derive(plan.rows(), plan.bound)):
            free = _holder(db, plan.id, phase.key) is None
            if free and standing.state in OPEN_TO_WORK:
                return _record(db, plan, phase, actor, seconds)
    return None


def release(project: Project, wanted: str, index: int, actor: Actor) -> str | None:
    """End the claim on a phase, whoever holds it; who held it, None when nobody did."""
    with project.recording() as db:
        plan = plans.load(db, plans.resolve_id(db, wanted))
        phase = plan.phase(index)
        holder = _holder(db, plan.id, phase.key)
        if holder is None:
            return None
        ledger.append(
            db, "released", actor, plan=plan.id, key=phase.key, data={"claimed_by": holder[0]}
        )
        _write(db, plan.id, phase.key, None, None)
        return holder[0]


def _open(db: sqlite3.Connection, wanted: str) -> Plan:
    plan = plans.load(db, plans.resolve_id(db, wanted))
    plans.verify_accepted(db, plan)
    if plan.archived:
        raise UsageProblem(
            f"{plan.id} is archived",
            kind=Kind.ARCHIVED,
            hint=f"todo_manager archive {word(plan.id)} --undo",
        )
    return plan


def _holder(db: sqlite3.Connection, plan: str, key: str) -> tuple[str, str] | None:
    """Who holds a phase and until when; None when nobody does, or no longer."""
    row = db.execute(
        "SELECT claim_by, claim_until FROM phases WHERE plan = ? AND key = ?", (plan, key)
    ).fetchone()
    if row["claim_until"] is None or row["claim_until"] <= _moment(0):
        return None
    return row["claim_by"], row["claim_until"]


def _record(
    db: sqlite3.Connection, plan: Plan, phase: Phase, actor: Actor, seconds: float
) -> Claim:
    until = _moment(seconds)
    ledger.append(db, "claimed", actor, plan=plan.id, key=phase.key, data={"until": until})
    _write(db, plan.id, phase.key, actor.name, until)
    standing = states.derive(plan.rows(), plan.bound)[phase.idx]
    return Claim(
        plan=plan.id,
        phase=phase.idx,
        key=phase.key,
        title=phase.title,
        state=standing.state,
        actor=actor.name,
        until=until,
    )


def _write(
    db: sqlite3.Connection, plan: str, key: str, actor: str | None, until: str | None
) -> None:
    db.execute(
        "UPDATE phases SET claim_by = ?, claim_until = ? WHERE plan = ? AND key = ?",
        (actor, until, plan, key),
    )


def _moment(seconds: float) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
