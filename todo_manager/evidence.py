"""What an attempt leaves in the store: its event, the outputs it names, the mark that caches it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from todo_manager import approvals, ledger, plans, states, unaccepted, waivers
from todo_manager.canonical import digest, encode
from todo_manager.crashpoints import point
from todo_manager.definition import Definition
from todo_manager.ledger import Actor
from todo_manager.model import Result, Verdict
from todo_manager.plans import Phase, Plan
from todo_manager.stage import Stage
from todo_manager.workspace import Project

_STAYS = ("self_accepted",)
"""What a mark rests on that stays true of a phase when its proof has ended: a verify may renew it."""


def as_row(result: Result) -> dict[str, Any]:
    """A result as it is shown and stored: the fields agents rely on, outputs by their digest."""
    row = structs.asdict(result)
    row["verdict"] = str(result.verdict)
    row["outputs"] = [
        {name: value for name, value in structs.asdict(output).items() if name != "kept"}
        | {"kept": hashlib.sha256(output.kept).hexdigest()}
        for output in result.outputs
        if output.size
    ]
    return row


class Run(Struct, frozen=True, kw_only=True):
    """The checks of a phase as they ran, and what they said."""

    plan: str
    definition: Definition
    inputs: dict[str, str]
    results: tuple[Result, ...]

    def with_waivers(self, project: Project, at: str) -> Run:
        """The same with the waivers that are in force at a moment."""
        definition, against = self.definition, approvals.of_waivers(project)
        found = waivers.applied(
            project.db, self.plan, definition.key, definition.digest, self.results, at, against
        )
        return structs.replace(self, results=found)

    def data(self) -> dict[str, Any]:
        """What its event holds: what was checked, with which inputs, and every result."""
        return {
            "digest": self.definition.digest,
            "inputs": self.inputs,
            "checks": [as_row(result) for result in self.results],
        }

    def keep(self, db: sqlite3.Connection) -> None:
        """Keep what the programs wrote, and what is known of each check."""
        store_outputs(db, self.results)
        for result in self.results:
            # What was waived had failed: that it can fail has been seen.
            column = str(result.verdict) if result.verdict != Verdict.WAIVED else "failed"
            db.execute(
                f"INSERT INTO check_history (plan, check_digest, {column}) VALUES (?, ?, 1) "
                f"ON CONFLICT (plan, check_digest) DO UPDATE SET {column} = coalesce({column}, 0) + 1",
                (self.plan, check_digest(self.definition, result.id)),
            )
        point("outputs-stored")

    def mark(
        self, db: sqlite3.Connection, mark: str, recorded: ledger.Recorded, rests: dict[str, Any]
    ) -> None:
        """Write the mark that the event of this run set."""
        key, digest = self.definition.key, self.definition.digest
        set_mark(db, self.plan, key, mark, recorded, digest, self.inputs, rests)


def origin(plan: Plan, phase: Phase, around: dict[str, Any] | None) -> dict[str, Any]:
    """Where a proof comes from: the plan's document, the repository, and the events of its needs."""
    needs = {
        other.key: other.mark_hash
        for other in plan.phases
        if other.key in phase.needs and other.mark in states.SATISFIED
    }
    found = {"source": plan.source_path, "repository": around, "needs": needs}
    return {name: value for name, value in found.items() if value}


def check_digest(definition: Definition, id_: str) -> str:
    """What a check's history is kept under: its mapping, and the script it runs."""
    tree = dict(definition.checks)[id_]
    script = definition.files.get(str(tree.get("script", "")))
    return digest(encode([tree, script.sha256 if script else None]))


def has_failed(db: sqlite3.Connection, plan: str, definition: Definition, id_: str) -> bool:
    """Whether this very check has ever been recorded as failed."""
    row = db.execute(
        "SELECT failed FROM check_history WHERE plan = ? AND check_digest = ?",
        (plan, check_digest(definition, id_)),
    ).fetchone()
    return bool(row and row["failed"])


def with_history(
    db: sqlite3.Connection, plan: str, definition: Definition, result: Result
) -> Result:
    """The result, saying whether its check has never been seen failing."""
    failed = result.verdict == Verdict.FAILED or has_failed(db, plan, definition, result.id)
    return structs.replace(result, never_failed=not failed)


def store_outputs(db: sqlite3.Connection, results: Sequence[Result]) -> None:
    """Keep what programs wrote."""
    for output in (output for result in results for output in result.outputs if output.size):
        db.execute(
            "INSERT OR IGNORE INTO outputs (sha256, data) VALUES (?, ?)",
            (hashlib.sha256(output.kept).hexdigest(), zlib.compress(output.kept)),
        )


def bind_inputs(db: sqlite3.Connection, plan: str, values: Mapping[str, str]) -> None:
    """Bind inputs that are not bound yet; the done event holds the values."""
    db.executemany(
        "INSERT OR IGNORE INTO inputs (plan, name, value) VALUES (?, ?, ?)",
        [(plan, name, value) for name, value in values.items()],
    )


def set_mark(
    db: sqlite3.Connection,
    plan: str,
    key: str,
    mark: str,
    recorded: ledger.Recorded,
    gate_digest: str,
    used: Mapping[str, str],
    rests: Mapping[str, Any] = {},
) -> None:
    """Write the mark of a phase as a cache of the event that set it; `rests` as the event has it."""
    rows = (json.dumps(dict(used)), json.dumps(dict(rests)))
    db.execute(
        "UPDATE phases SET mark = ?, mark_seq = ?, mark_hash = ?, mark_digest = ?, mark_inputs = ?,"
        " mark_rests = ? WHERE plan = ? AND key = ?",
        (mark, recorded.seq, recorded.hash, gate_digest, *rows, plan, key),
    )
    if mark in states.SATISFIED:
        db.execute(
            "UPDATE phases SET claim_by = NULL, claim_until = NULL WHERE plan = ? AND key = ?",
            (plan, key),
        )
    db.execute("UPDATE plans SET updated = ? WHERE id = ?", (ledger.now(), plan))
    note_closed(db, plan)
    point("state-written")


def reopened_data(phase: Phase, reason: str) -> dict[str, Any]:
    """What the event of a reopened phase holds."""
    return {"reason": reason, "was": phase.mark, "digest": phase.digest, "inputs": {}}


def reopen(db: sqlite3.Connection, plan: Plan, phase: Phase, actor: Actor, reason: str) -> int:
    """Take the mark of a phase away; the number of the event."""
    data = reopened_data(phase, reason)
    recorded = ledger.append(db, "reopened", actor, plan=plan.id, key=phase.key, data=data)
    set_mark(db, plan.id, phase.key, "open", recorded, phase.digest, {})
    return recorded.seq


def end_proof(db: sqlite3.Connection, actor: Actor, plan: Plan, phase: Phase, why: str) -> None:
    """Make a phase stale whose mark rests on what does not count any more."""
    kept = {name: phase.mark_rests[name] for name in _STAYS if name in phase.mark_rests}
    rests = {"why": why} | kept
    gate_digest, used = phase.mark_digest or "", phase.mark_inputs
    data = {"digest": gate_digest, "inputs": used, "rests": rests}
    recorded = ledger.append(db, "moved", actor, plan=plan.id, key=phase.key, data=data)
    set_mark(db, plan.id, phase.key, "moved", recorded, gate_digest, used, rests)


def note_closed(db: sqlite3.Connection, plan: str) -> None:
    """Note whether a plan has nothing left to do, and until when; `list` leaves those out.

    One that went stale has, and one whose marks rest on something that runs out will have then.
    """
    found = plans.load(db, plan)
    why, void = unaccepted.reasons(db, [plan]), unaccepted.void_marks(db, [plan])
    changed = {phase.idx: why[plan] for phase in found.phases} if why else {}
    rows = [
        row | {"mark_void": row["mark_void"] or void.get((plan, row["key"]), "")}
        for row in found.rows()
    ]
    standings = states.derive(rows, found.bound, changed=changed)
    satisfied = bool(standings) and all(each.state in states.SATISFIED for each in standings)
    closed = found.archived or satisfied
    terms = [
        str(phase.mark_rests["until"]) for phase in found.phases if "until" in phase.mark_rests
    ]
    until = min(terms) if terms and satisfied and not found.archived else None
    db.execute(
        "UPDATE plans SET closed = ?, closed_until = ? WHERE id = ?", (int(closed), until, plan)
    )


def withdraw(db: sqlite3.Connection, plan: str, key: str, check: str) -> None:
    """What is kept of the last attempt says of a check that its pass rested on a word now taken back."""
    where = "WHERE plan = ? AND key = ?"
    row = db.execute(f"SELECT last_run FROM phases {where}", (plan, key)).fetchone()
    last_run = json.loads(row["last_run"] or "{}")
    if last_run.get("checks", {}).get(check) == Verdict.PASSED:
        last_run["checks"][check] = "withdrawn"
        db.execute(f"UPDATE phases SET last_run = ? {where}", (json.dumps(last_run), plan, key))


def remember(
    db: sqlite3.Connection,
    stage: Stage,
    recorded: ledger.Recorded,
    event: str,
    verdict: str,
    results: Sequence[Result],
) -> None:
    """Keep the verdict of the last attempt beside its phase, for `show` and for its state."""
    assert stage.definition is not None
    last_run = {
        "run": recorded.seq,
        "event": event,
        "verdict": verdict,
        "at": ledger.now(),
        "checks": {result.id: str(result.verdict) for result in results},
    }
    db.execute(
        "UPDATE phases SET last_verdict = ?, last_digest = ?, last_run = ? WHERE plan = ? AND key = ?",
        (verdict, stage.definition.digest, json.dumps(last_run), stage.plan.id, stage.phase.key),
    )
