"""Accepted plans as the store holds them; `on_disk.py` has the same plans as their files are now."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from msgspec import Struct, structs

from todo_manager import (
    definition,
    ledger,
    proof,
    reads,
    states,
)
from todo_manager.canonical import Tree, decode, encode
from todo_manager.definition import Names
from todo_manager.errors import Kind, UsageProblem
from todo_manager.model import PartDoc, PlanDoc
from todo_manager.shellword import word


class Phase(Struct, frozen=True, kw_only=True):
    """One accepted phase: its row."""

    idx: int
    key: str
    title: str
    note: str
    needs: tuple[str, ...]
    verify: tuple[Tree, ...]
    parts: tuple[tuple[Tree, ...], ...]
    """The checks of each part."""
    definition: str
    digest: str
    step_text: str | None
    """What may be executed of it, as `step/1`; None where nothing is said of that."""
    step_digest: str | None
    required: int
    mark: str
    mark_seq: int | None
    mark_hash: str | None
    mark_digest: str | None
    mark_inputs: dict[str, str]
    mark_rests: dict[str, Any]
    """What the mark rests on beside its checks, as `states.derive` takes it."""
    mark_void: str
    """Why it has no term any more by what the ledger has seen of time (`states.void`)."""
    last_verdict: str | None
    last_digest: str | None


class Plan(Struct, frozen=True, kw_only=True):
    """One accepted plan: its row, its phases, its bound inputs."""

    id: str
    title: str
    format: str
    names: Names
    source_path: str | None
    source_sha256: str | None
    digest: str
    accepted_seq: int
    accepted_hash: str
    accepted_by: str
    archived: bool
    unaccepted: bool
    """Whether its definition was accepted before a break only, so that nobody may go by it."""
    phases: tuple[Phase, ...]
    bound: dict[str, str]

    def phase(self, index: int, part: int | None = None) -> Phase:
        """The phase with this index and, if asked for, this part; UsageProblem naming those there are."""
        if not 0 <= index < len(self.phases):
            known = f"its phases are 0 to {len(self.phases) - 1}" if self.phases else "it has none"
            raise UsageProblem(
                f"{self.id} has no phase {index}; {known}",
                kind=Kind.UNKNOWN_PHASE,
                hint=f"todo_manager show {word(self.id)}",
            )
        found = self.phases[index]
        if part is not None and not 1 <= part <= len(found.parts):
            known = f"its parts are {index}.1 to {index}.{len(found.parts)}"
            raise UsageProblem(
                f"phase {index} of {self.id} has no part {part}; "
                f"{known if found.parts else 'it has none'}",
                kind=Kind.UNKNOWN_PHASE,
                hint=f"todo_manager show {word(self.id)} {index}",
            )
        return found

    def rows(self) -> list[dict[str, Any]]:
        """The phases as `states.derive` takes them."""
        return [
            {
                "idx": phase.idx,
                "key": phase.key,
                "needs": phase.needs,
                "required": phase.required,
                "digest": phase.digest,
                "mark": phase.mark,
                "mark_digest": phase.mark_digest,
                "mark_inputs": phase.mark_inputs,
                "mark_rests": phase.mark_rests,
                "mark_void": phase.mark_void,
                "last_verdict": phase.last_verdict,
                "last_digest": phase.last_digest,
            }
            for phase in self.phases
        ]

    def with_needs(self, phase: Phase) -> list[Phase]:
        """A phase and everything it needs, directly or not."""
        by_key = {other.key: other for other in self.phases}
        found: dict[str, Phase] = {}
        todo = [phase]
        while todo:
            current = todo.pop()
            if current.key not in found:
                found[current.key] = current
                todo += [by_key[key] for key in current.needs if key in by_key]
        return list(found.values())


def resolve_id(db: sqlite3.Connection, wanted: str) -> str:
    """The plan an id or an unambiguous prefix of one means; UsageProblem otherwise."""
    return reads.plan_id(db, wanted)


def load(db: sqlite3.Connection, plan_id: str) -> Plan:
    """An accepted plan by its exact id; IntegrityProblem when its rows are not what we write."""
    try:
        return _load(db, plan_id)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ledger.broken(f"the rows of the plan {plan_id} cannot be read: {error}") from None


def _load(db: sqlite3.Connection, plan_id: str) -> Plan:
    row = db.execute("SELECT * FROM plans WHERE id = ?", (plan_id,)).fetchone()
    phases = db.execute("SELECT * FROM phases WHERE plan = ? ORDER BY idx", (plan_id,))
    bound = db.execute("SELECT name, value FROM inputs WHERE plan = ?", (plan_id,))
    clock = states.clock(db)
    return Plan(
        id=row["id"],
        title=row["title"],
        format=row["format"],
        names=names_from(row["names"]),
        source_path=row["source_path"],
        source_sha256=row["source_sha256"],
        digest=row["digest"],
        accepted_seq=row["accepted_seq"],
        accepted_hash=row["accepted_hash"],
        accepted_by=row["accepted_by"] or "",
        archived=bool(row["archived"]),
        unaccepted=proof.unaccepted(db, row),
        phases=tuple(_phase(phase, clock) for phase in phases),
        bound={item["name"]: item["value"] for item in bound},
    )


def _phase(row: sqlite3.Row, clock: states.Clock) -> Phase:
    used, rests = states.of_columns(row["mark_inputs"], row["mark_rests"])
    return Phase(
        idx=row["idx"],
        key=row["key"],
        title=row["title"],
        note=row["note"],
        needs=tuple(json.loads(row["needs"])),
        verify=tuple(decode(row["verify"])),
        parts=parts_from(row["parts"]),
        definition=row["definition"],
        digest=row["digest"],
        step_text=row["step_text"],
        step_digest=row["step_digest"],
        required=row["required"],
        mark=row["mark"],
        mark_seq=row["mark_seq"],
        mark_hash=row["mark_hash"],
        mark_digest=row["mark_digest"],
        mark_inputs=used,
        mark_rests=rests,
        mark_void=states.void(clock, row["mark_seq"], rests),
        last_verdict=row["last_verdict"],
        last_digest=row["last_digest"],
    )


def parts_text(parts: Sequence[PartDoc]) -> str:
    """The parts of a phase as they are stored."""
    return encode(
        [
            {
                "title": part.title,
                "explain": part.explain,
                "note": part.note,
                "verify": list(part.verify),
            }
            | ({"steps": list(part.steps)} if part.steps else {})
            for part in parts
        ]
    )


def parts_from(text: str | None) -> tuple[tuple[Tree, ...], ...]:
    """The checks of each part, from `parts_text`; ValueError for anything else."""
    try:
        return tuple(tuple(part["verify"]) for part in decode(text or "[]"))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"these are no parts: {error}") from None


def names_text(plan: PlanDoc) -> str:
    """The declared names of a document as they are stored."""
    return encode(
        {
            "inputs": list(plan.inputs),
            "secrets": list(plan.secrets),
            "vars": dict(plan.vars),
            "hosts": dict(plan.hosts),
        }
    )


def names_from(text: str) -> Names:
    tree = decode(text)
    return Names(
        inputs=tuple(map(str, tree["inputs"])),
        secrets=tuple(map(str, tree["secrets"])),
        vars=tree["vars"],
        hosts=tree.get("hosts", {}),
    )


def document_names(plan: PlanDoc) -> Names:
    return Names(
        inputs=plan.inputs, secrets=plan.secrets, vars=dict(plan.vars), hosts=dict(plan.hosts)
    )


def verify_accepted(db: sqlite3.Connection, plan: Plan) -> None:
    """Compare all that is accepted of a plan with what was recorded; IntegrityProblem if it differs."""
    proof.accepted(db, structs.asdict(plan), [structs.asdict(phase) for phase in plan.phases])
    if plan.unaccepted:
        return
    # A signature is over this digest alone: it has to be the one of these very phases.
    phases = [(phase.key, phase.digest, phase.step_digest) for phase in plan.phases]
    if definition.plan_digest(phases) != plan.digest:
        raise ledger.broken(f"the digest of {plan.id} is not that of its accepted phases")
    for phase in plan.phases:
        if not agrees(phase.definition, phase.verify, phase.parts, phase.required):
            raise ledger.broken(f"the stored definition of {plan.id} {phase.idx} was edited")
    if plan.bound or plan.names.inputs:
        proof.inputs(db, plan.id, plan.bound)


def agrees(
    text: str, verify: Sequence[Tree], parts: Sequence[Sequence[Tree]], required: int
) -> bool:
    """Whether the checks stored beside a definition's text are those in it."""
    tree = decode(text)
    lists = [tree.get("verify", []), *tree.get("parts", [])]
    count = sum(definition.is_required(check) for checks in lists for check in checks)
    same = encode(lists) == encode([list(verify), *map(list, parts)])
    return same and required == count + len(tree.get("coupled", []))


def verify_mark(db: sqlite3.Connection, plan: Plan, phase: Phase) -> None:
    """Compare a phase's mark with the newest event that set it; IntegrityProblem if it differs."""
    proof.mark(db, plan.id, structs.asdict(phase))


def recorded_mark(db: sqlite3.Connection, plan: str, key: str) -> dict[str, Any]:
    """The mark columns of a phase that comes (back) into a plan: what the ledger says of its key."""
    newest = ledger.last_of(db, ledger.MARKING, plan, key)
    if newest is None:
        return {}
    event = ledger.event_at(db, newest)
    return {
        "mark": ledger.mark_of(event),
        "mark_seq": newest,
        "mark_hash": event["hash"],
        "mark_digest": event["data"]["digest"],
        "mark_inputs": json.dumps(event["data"]["inputs"]),
        "mark_rests": json.dumps(event["data"].get("rests", {})),
    }
