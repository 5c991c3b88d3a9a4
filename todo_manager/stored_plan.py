"""A plan as the store keeps it: rows of the plan, its phases and files, searchable text, accepted bytes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from todo_manager import coupling, definition, ledger, locks, pinned, plans, read_files
from todo_manager.actions.family import ACTIONS
from todo_manager.binding import Bound
from todo_manager.canonical import encode
from todo_manager.checks.family import CHECKS, Family
from todo_manager.checks.parse import member
from todo_manager.evidence import note_closed
from todo_manager.ledger import Actor
from todo_manager.workspace import Project


def plan_row(bound: Bound, recorded: ledger.Recorded, actor: Actor) -> dict[str, Any]:
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


def write_phases(project: Project, bound: Bound) -> None:
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
    database.table("contents").insert_all(_contents(project.root, bound), ignore=True)
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


def _contents(root: Path, bound: Bound) -> list[dict[str, Any]]:
    """The bytes that were accepted: the document as it was, scripts, helpers, and of pins what is small."""
    found = {hashlib.sha256(bound.document.original).hexdigest(): bound.document.original}
    for one in bound.definitions:
        for file in (*one.files.values(), *one.helpers):
            found[file.sha256] = file.data
        found |= dict(pinned.kept(root, one.pins))
    return [{"sha256": name, "data": zlib.compress(data)} for name, data in found.items()]


def accepted_bytes(project: Project, plan: plans.Plan) -> bytes:
    """The document of a plan as it was accepted, to the byte; IntegrityProblem when it is not there."""
    return content(project.db, plan.source_sha256 or "", f"the accepted document of {plan.id}")


def kept(db: sqlite3.Connection, sha256: str | None) -> bytes | None:
    """Stored bytes, b"" for none; None where they were never kept. IntegrityProblem when altered."""
    if sha256 is None:
        return b""
    if db.execute("SELECT 1 FROM contents WHERE sha256 = ?", (sha256,)).fetchone() is None:
        return None
    return content(db, sha256, "a file that was accepted")


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
