"""How plans enter the store: the first import accepts, later ones propose, a person accepts.

Everything a document rests on is read and bound before the first row is written, so a document that
does not load changes nothing.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

from msgspec import Struct
from sqlite_utils import Database

from todo_manager import ledger, people, plans, proof, stored_plan
from todo_manager.binding import Bound
from todo_manager.errors import Kind, Untrusted
from todo_manager.evidence import set_mark
from todo_manager.ledger import Actor
from todo_manager.people import Said
from todo_manager.shellword import word
from todo_manager.workspace import Project


class Taken(Struct, frozen=True, kw_only=True):
    """What an import did with one plan."""

    id: str
    outcome: str
    """`imported`, `updated` (equal definition, texts taken over) or `differs`."""
    phases: int
    attested: int = 0
    """Done marks of the document that were recorded as attested by it."""
    marks_ignored: int = 0
    warnings: tuple[str, ...] = ()


def take(project: Project, bounds: list[Bound], actor: Actor) -> list[Taken]:
    """Import bound plans in one transaction: new ones are stored, known ones change no gate."""
    found = []
    with project.recording() as db:
        for bound in bounds:
            known = _is_known(db, bound.plan.id)
            found.append(_update(project, bound, actor) if known else _enter(project, bound, actor))
    return found


def _is_known(db: sqlite3.Connection, id_: str) -> bool:
    """Whether a plan is in the store; IntegrityProblem for one that was and has no row any more."""
    if db.execute("SELECT 1 FROM plans WHERE id = ?", (id_,)).fetchone():
        return True
    if seq := ledger.last_of(db, ledger.ACCEPTING, id_, ""):
        raise ledger.broken(f"the plan {id_} of event {seq} has no row in the store")
    return False


def _enter(project: Project, bound: Bound, actor: Actor) -> Taken:
    db, plan = project.db, bound.plan
    marks = [index for index, phase in enumerate(plan.phases) if phase.marked]
    attested = [index for index in marks if not bound.definitions[index].required_count()]
    recorded = ledger.append(
        db,
        "imported",
        actor,
        plan=plan.id,
        data=_accepting_data(bound, ignored=len(marks) - len(attested)),
    )
    Database(db).table("plans").insert(
        {"id": plan.id, "created": plan.created or ledger.now(), "closed": 0}
        | stored_plan.plan_row(bound, recorded, actor)
    )
    stored_plan.write_phases(project, bound)
    for index in attested:
        _attest_by_document(db, bound, index, actor)
    return Taken(
        id=plan.id,
        outcome="imported",
        phases=len(plan.phases),
        attested=len(attested),
        marks_ignored=len(marks) - len(attested),
        warnings=_warnings(bound),
    )


def _attest_by_document(db: sqlite3.Connection, bound: Bound, index: int, actor: Actor) -> None:
    found = bound.definitions[index]
    recorded = ledger.append(
        db,
        "attested",
        actor,
        plan=bound.plan.id,
        key=found.key,
        data={
            "by": "document",
            "document": bound.document.name,
            "reason": "marked done in the imported document",
            "digest": found.digest,
            "inputs": {},
        },
    )
    set_mark(db, bound.plan.id, found.key, "attested", recorded, found.digest, {})


def _update(project: Project, bound: Bound, actor: Actor) -> Taken:
    plan = plans.load(project.db, bound.plan.id)
    plans.verify_accepted(project.db, plan)
    marks = sum(phase.marked for phase in bound.plan.phases)
    if bound.digest != plan.digest:
        outcome = "differs"
    else:
        outcome = "updated"
        ledger.append(project.db, "texts", actor, plan=plan.id, data=_source_data(bound))
        _take_texts(project, bound)
    return Taken(
        id=plan.id,
        outcome=outcome,
        phases=len(bound.plan.phases),
        marks_ignored=marks,
        warnings=_warnings(bound),
    )


def differs(id_: str, name: str) -> Untrusted:
    """The refusal of an import whose definition is not the accepted one."""
    return Untrusted(
        f"{name}: {id_} is known, and its definition differs from what was accepted",
        kind=Kind.SOURCE_CHANGED,
        hint=f"todo_manager diff {word(id_)} {word(name)} shows how; "
        f"a person: todo_manager accept {word(id_)} {word(name)}",
        person=True,
    )


def accept(project: Project, bound: Bound, expected: str, said: Said) -> None:
    """Make a bound document the accepted definition; marks stay with their phase keys.

    `expected` is the digest of the definition whose replacement was shown to the person; another one
    now is Untrusted. What was said beside it is kept: `author`, who wrote it, where that is not who
    accepts it, and `attested`, the marks of an imported document that are taken over.
    """
    with project.recording() as db:
        before = plans.load(db, bound.plan.id)
        plans.verify_accepted(db, before)
        if before.digest != expected:
            raise _meanwhile(bound)
        data = _accepting_data(bound, ignored=0) | said.statement.says
        recorded = people.record(db, project, "accepted", said, data)
        Database(db).table("plans").update(
            db.execute("SELECT seq FROM plans WHERE id = ?", (bound.plan.id,)).fetchone()["seq"],
            stored_plan.plan_row(bound, recorded, said.actor),
        )
        stored_plan.write_phases(project, bound)


def take_texts(project: Project, bound: Bound, actor: Actor) -> None:
    """Take over titles, explanations and notes of a document whose gates are unchanged.

    Raises Untrusted when another definition was accepted since the document was compared.
    """
    with project.recording() as db:
        if plans.load(db, bound.plan.id).digest != bound.digest:
            raise _meanwhile(bound)
        ledger.append(db, "texts", actor, plan=bound.plan.id, data=_source_data(bound))
        _take_texts(project, bound)


def _take_texts(project: Project, bound: Bound) -> None:
    db, plan = project.db, bound.plan
    row = db.execute("SELECT * FROM plans WHERE id = ?", (plan.id,)).fetchone()
    kept = {"accepted_seq", "accepted_hash", "accepted_by", "names", "digest"}
    recorded = ledger.Recorded(row["accepted_seq"], row["accepted_hash"])
    texts = stored_plan.plan_row(bound, recorded, Actor(row["accepted_by"] or ""))
    texts = {name: value for name, value in texts.items() if name not in kept}
    Database(db).table("plans").update(row["seq"], texts)
    stored_plan.write_phases(project, bound)


def _meanwhile(bound: Bound) -> Untrusted:
    return Untrusted(
        f"another definition of {bound.plan.id} was accepted meanwhile",
        hint=f"todo_manager diff {word(bound.plan.id)}, which shows the difference anew",
    )


def _accepting_data(bound: Bound, *, ignored: int) -> dict[str, Any]:
    return _source_data(bound) | {
        "digest": bound.digest,
        "phases": [proof.identity(*each) for each in bound.digests()],
        "marks_ignored": ignored,
    }


def _source_data(bound: Bound) -> dict[str, Any]:
    return {
        "source": bound.path or bound.document.name,
        "source_sha256": hashlib.sha256(bound.document.original).hexdigest(),
        "format": bound.document.format,
    }


def _warnings(bound: Bound) -> tuple[str, ...]:
    """The reader's warnings, and phases that nothing can prove."""
    bare = [n for n, found in enumerate(bound.definitions) if not found.required_count()]
    if not bare or bound.document.format != "plan@1":
        return bound.document.warnings
    phases = ", ".join(map(str, bare))
    return (
        *bound.document.warnings,
        f"{bound.document.name}: without a required check: phase {phases}; `done` refuses those",
    )
