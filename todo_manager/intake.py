"""How plans enter the store: the first import accepts, later ones propose, a person accepts.

Everything a document rests on is read and bound before the first row is written, so a document that
does not load changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlite_utils import Database

from todo_manager import coupling, definition, ledger, locks, people, plans, proof, read_files
from todo_manager.actions.family import ACTIONS
from todo_manager.binding import Bound
from todo_manager.canonical import encode
from todo_manager.checks.family import CHECKS, Family
from todo_manager.checks.parse import member
from todo_manager.errors import Kind, Untrusted
from todo_manager.evidence import note_closed, set_mark
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
        | _plan_row(bound, recorded, actor)
    )
    _write_phases(project, bound)
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


def accept(project: Project, bound: Bound, expected: str, said: Said, *, author: str = "") -> None:
    """Make a bound document the accepted definition; marks stay with their phase keys.

    `expected` is the digest of the definition whose replacement was shown to the person; another one
    now is Untrusted. `author` is who wrote it, where that is not who accepts it.
    """
    with project.recording() as db:
        before = plans.load(db, bound.plan.id)
        plans.verify_accepted(db, before)
        if before.digest != expected:
            raise _meanwhile(bound)
        data = _accepting_data(bound, ignored=0) | ({"author": author} if author else {})
        recorded = people.record(db, project, "accepted", said, data)
        Database(db).table("plans").update(
            db.execute("SELECT seq FROM plans WHERE id = ?", (bound.plan.id,)).fetchone()["seq"],
            _plan_row(bound, recorded, said.actor),
        )
        _write_phases(project, bound)


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
    texts = _plan_row(bound, recorded, Actor(row["accepted_by"] or ""))
    texts = {name: value for name, value in texts.items() if name not in kept}
    Database(db).table("plans").update(row["seq"], texts)
    _write_phases(project, bound)


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


def _plan_row(bound: Bound, recorded: ledger.Recorded, actor: Actor) -> dict[str, Any]:
    plan = bound.plan
    return {
        "title": plan.title,
        "description": plan.description,
        "source": plan.source,
        "tags": json.dumps(list(plan.tags)),
        "status": plan.status,
        "updated": plan.updated or ledger.now(),
        "format": plan.format,
        "names": plans.names_text(plan),
        "source_path": bound.path,
        "source_sha256": hashlib.sha256(bound.document.original).hexdigest(),
        "digest": bound.digest,
        "accepted_seq": recorded.seq,
        "accepted_hash": recorded.hash,
        "accepted_by": actor.name,
    }


_KEPT_COLUMNS = (
    "mark",
    "mark_seq",
    "mark_hash",
    "mark_digest",
    "mark_inputs",
    "mark_rests",
    "last_verdict",
    "last_digest",
    "last_run",
    "claim_by",
    "claim_until",
)
"""What a phase keeps when its definition is written anew."""


def _write_phases(project: Project, bound: Bound) -> None:
    """Write all phases, files, contents and the searchable text of a plan anew; marks stay by key."""
    db, id_ = project.db, bound.plan.id
    before = {row["key"]: row for row in db.execute("SELECT * FROM phases WHERE plan = ?", (id_,))}
    rows = []
    for index in range(len(bound.definitions)):
        row = _phase_row(bound, index)
        if old := before.get(row["key"]):
            row |= {name: old[name] for name in _KEPT_COLUMNS}
        else:
            row |= plans.recorded_mark(db, id_, row["key"])
        rows.append(row)
    database = Database(db)
    db.execute("DELETE FROM phases WHERE plan = ?", (id_,))
    db.execute("DELETE FROM files WHERE plan = ?", (id_,))
    database.table("phases").insert_all(rows)
    database.table("files").insert_all(_file_rows(project.root, bound))
    database.table("contents").insert_all(_contents(bound), ignore=True)
    _write_searchable(database, bound)
    note_closed(db, id_)


def _write_searchable(database: Database, bound: Bound) -> None:
    """What `list --search` looks through: ids, titles, what phases say and what checks look at."""
    plan = bound.plan
    seq = database.execute("SELECT seq FROM plans WHERE id = ?", (plan.id,)).fetchone()[0]
    words = [plan.description, plan.source, " ".join(plan.tags)]
    for phase in plan.phases:
        words += [phase.title, phase.text, phase.note, " ".join(phase.tags)]
        words += [f"{part.title}\n{part.explain}\n{part.note}" for part in phase.parts]
    checks = [check for each in bound.definitions for check in each.checks]
    views = [_view(bound, id_, tree, CHECKS) for id_, tree in checks]
    words += [f"{view['name']} {view['kind']} {view['subject']}" for view in views]
    row = {"seq": seq, "title": f"{plan.id} {plan.title}", "body": "\n".join(filter(None, words))}
    database.table("plan_texts").upsert(row, pk="seq")


def _phase_row(bound: Bound, index: int) -> dict[str, Any]:
    phase, found, steps = bound.plan.phases[index], bound.definitions[index], bound.steps[index]
    return {
        "plan": bound.plan.id,
        "idx": index,
        "key": phase.key,
        "title": phase.title,
        "explain": phase.explain,
        "note": phase.note,
        "text": phase.text,
        "needs": json.dumps(list(phase.needs)),
        "verify": encode(list(phase.verify)),
        "parts": plans.parts_text(phase.parts),
        "tags": json.dumps(list(phase.tags)),
        "checks": _views(bound, found.checks, CHECKS),
        "steps": _views(bound, steps.steps if steps else (), ACTIONS),
        "undo": _views(bound, steps.undo if steps else (), ACTIONS),
        "preflight": _views(bound, steps.preflight.checks if steps else (), CHECKS),
        "step_text": steps.text if steps else None,
        "step_digest": steps.digest if steps else None,
        "required": found.required_count(),
        "definition": found.text,
        "digest": found.digest,
        "lock": locks.number_of(bound.plan.id, phase.key),
        "mark": "open",
    } | {name: None for name in _KEPT_COLUMNS if name != "mark"}


def _views(bound: Bound, members: Iterable[tuple[str, Any]], family: Family[Any]) -> str:
    """What `show` says of checks or steps."""
    return json.dumps([_view(bound, id_, tree, family) for id_, tree in members])


def _view(bound: Bound, id_: str, tree: Any, family: Family[Any]) -> dict[str, Any]:
    plan = bound.plan
    found = member(tree, lambda *_: None, family, inputs=plan.inputs, secrets=plan.secrets)
    kind = found.kind if found else "unknown"
    subject = tree.get(kind, "")
    return {
        "id": id_,
        "kind": kind,
        "part": definition.part_of(id_),
        "subject": " ".join(map(str, subject))
        if isinstance(subject, (list, dict))
        else str(subject),
        "name": str(tree.get("name", "")),
    } | ({"required": definition.is_required(tree)} if family is CHECKS else {})


def _file_rows(root: Path, bound: Bound) -> list[dict[str, Any]]:
    """What reads compare with a stat: the document, scripts and helpers, named scripts, pins."""
    rows: dict[tuple[str, str, int], coupling.Pin] = {}
    if bound.path:
        rows[bound.path, "source", -1] = _source(root, bound)
    for index, found in enumerate(bound.definitions):
        for path, file in found.files.items():
            role = "script" if path in found.coupled else "named"
            rows[path, role, index] = coupling.Pin(file.sha256, file.stamp)
        for helper in found.helpers:
            rows[helper.path, "helper", index] = coupling.Pin(helper.sha256, helper.stamp)
        for path, pin in found.pins.items():
            rows[path, "pin", index] = pin
        if wanted := definition.patterns(found):
            matched = read_files.names_digest(found.pins)
            rows["\n".join(wanted), "pins", index] = coupling.Pin(matched, "")
    for helper in bound.coupled.helpers:
        pin = coupling.Pin(helper.sha256, helper.stamp)
        rows.setdefault((helper.path, "helper", -1), pin)
    return [
        {
            "plan": bound.plan.id,
            "path": path,
            "role": role,
            "phase": index,
            "stamp": pin.stamp,
            "sha256": pin.sha256,
        }
        for (path, role, index), pin in rows.items()
    ]


def _source(root: Path, bound: Bound) -> coupling.Pin:
    """The document, with its stamp only if it still is what was read: a person may have thought long."""
    sha256 = hashlib.sha256(bound.document.original).hexdigest()
    try:
        file = coupling.read_file(root, bound.path or "")
    except (OSError, ValueError):
        return coupling.Pin(sha256, "")
    return coupling.Pin(sha256, file.stamp if file.sha256 == sha256 else "")


def _contents(bound: Bound) -> list[dict[str, Any]]:
    """The bytes that were accepted: the document as it was, scripts, helpers."""
    found = {hashlib.sha256(bound.document.original).hexdigest(): bound.document.original}
    for one in bound.definitions:
        for file in (*one.files.values(), *one.helpers):
            found[file.sha256] = file.data
    return [{"sha256": name, "data": zlib.compress(data)} for name, data in found.items()]


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


def accepted_bytes(project: Project, plan: plans.Plan) -> bytes:
    """The document of a plan as it was accepted, to the byte; IntegrityProblem when it is not there."""
    return content(project.db, plan.source_sha256 or "", f"the accepted document of {plan.id}")


def content(db: sqlite3.Connection, sha256: str, what: str) -> bytes:
    """Stored bytes by their sha256; IntegrityProblem when they are missing or altered."""
    row = db.execute("SELECT data FROM contents WHERE sha256 = ?", (sha256,)).fetchone()
    try:
        data = zlib.decompress(row["data"]) if row else None
    except zlib.error:
        data = None
    if data is None or hashlib.sha256(data).hexdigest() != sha256:
        raise ledger.broken(f"{what} is not in the store as it was")
    return data
