"""`done` and `verify`: bring one phase before the gate, run its checks, record what came of it.

Both are generators of the runner's events that return what they found out. Nothing is recorded when
they are interrupted; everything is recorded in one transaction when they are not.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from pathlib import Path
from typing import Any, Generator, Mapping

from msgspec import Struct, structs

from todo_manager import gate, inputs, ledger, locks, plans, runner, states, store
from todo_manager.canonical import digest, encode
from todo_manager.crashpoints import point
from todo_manager.definition import Definition
from todo_manager.errors import (
    InvalidDocument,
    Kind,
    Refused,
    TodoError,
    Unevaluated,
    Untrusted,
)
from todo_manager.gate import Case
from todo_manager.ledger import Actor
from todo_manager.model import Result, Verdict
from todo_manager.plans import OnDisk, Phase, Plan
from todo_manager.processes.client import Cancel
from todo_manager.project import STORE, Settings, settings
from todo_manager.runner import CheckFinished, Event
from todo_manager.secrets import too_short
from todo_manager.world import RunWorld


class Wanted(Struct, frozen=True, kw_only=True):
    """Who asks for what."""

    plan: str
    index: int
    actor: Actor
    claims: dict[str, str] = {}
    """Values given with --var."""
    wait: float = 0.0
    """Seconds to wait for a phase another process holds."""


class Attempted(Struct, frozen=True, kw_only=True):
    """What came of `done` or `verify` for one phase: the data agents rely on, and the refusal."""

    data: dict[str, Any]
    refusal: TodoError | None
    notes: tuple[str, ...] = ()
    """Talk for people: ignored inputs, secrets too short to mask, files that are gone."""


Attempting = Generator[Event, None, Attempted]


class Stage(Struct, kw_only=True):
    """One look at a phase before anything runs."""

    plan: Plan
    phase: Phase
    disk: OnDisk
    definition: Definition | None
    case: Case
    state: states.Standing


class Project:
    """An open project: its root, settings and store. Close it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = str(root / STORE)
        self.db = store.open_for_writing(root)
        ledger.verify_head(self.db, root)
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        if self._settings is None:
            self._settings = settings(self.root)
        return self._settings

    def close(self) -> None:
        self.db.close()

    @contextlib.contextmanager
    def recording(self) -> Any:
        """A write transaction, and HEAD brought up to what it appended."""
        with store.transaction(self.db, self.root):
            yield self.db
            last = self.db.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
        if last:
            ledger.write_head(self.root, ledger.Recorded(last["seq"], last["hash"]))


def done(project: Project, wanted: Wanted) -> Attempting:
    """Run the checks of a phase and mark it done if the gate opens.

    Raises TodoError for everything that is refused before anything runs but a missing need or check,
    which are recorded as attempts and come back as the refusal.
    """
    stage = look(project, wanted.plan, wanted.index)
    if gate.satisfied(stage.state.state):
        return _already(stage)
    if early := _early(project, wanted, stage):
        return early
    _take_over_texts(project, wanted, stage)
    what = f"{stage.plan.id} {wanted.index}"
    with locks.held(project.store, stage.plan.id, stage.phase.key, what=what, wait=wanted.wait):
        # Whatever happened while waiting for the phase counts.
        stage = look(project, wanted.plan, wanted.index)
        if gate.satisfied(stage.state.state):
            return _already(stage)
        if early := _early(project, wanted, stage):
            return early
        assert stage.definition is not None
        values = _values(project, wanted, stage)
        results = yield from _run(project, stage, stage.definition, values)
        return _conclude_done(project, wanted, stage, values, results)


def verify(project: Project, wanted: Wanted, disk: OnDisk | None = None) -> Attempting:
    """Run the checks of a phase as they are on disk; record the verdicts, never a new mark.

    Raises TodoError when it cannot start. The refusal returned speaks of verdicts alone.
    """
    plan = plans.load(project.db, plans.resolve_id(project.db, wanted.plan))
    phase = plan.phase(wanted.index)
    with locks.held(
        project.store, plan.id, phase.key, what=f"{plan.id} {phase.idx}", wait=wanted.wait
    ):
        stage = look(project, plan.id, wanted.index, disk=disk)
        if stage.definition is None:
            raise _unverifiable(stage)
        if not stage.definition.checks:
            return Attempted(data=_data(stage, (), "no checks"), refusal=_no_checks(stage))
        values = inputs.gather(
            project.root,
            project.settings,
            stage.plan,
            stage.definition,
            wanted.claims,
            try_claims=True,
        )
        results = yield from _run(project, stage, stage.definition, values)
        return _conclude_verify(project, wanted, stage, values, results)


def _unverifiable(stage: Stage) -> TodoError:
    """Why there is no definition on disk to verify: the document is broken, or files are gone."""
    assert stage.case.untrusted is not None
    if stage.disk.source == "unreadable":
        return InvalidDocument(stage.disk.problem.splitlines(), hint=stage.case.untrusted.hint)
    return Unevaluated(stage.case.untrusted.message, hint=stage.case.untrusted.hint)


def _no_checks(stage: Stage) -> TodoError | None:
    case = structs.replace(stage.case, untrusted=None, needs=(), required=0)
    return gate.refusal(case)


def look(project: Project, wanted: str, index: int, *, disk: OnDisk | None = None) -> Stage:
    """Read everything the decision rests on; integrity is checked first, and wins."""
    db = project.db
    plan = plans.load(db, plans.resolve_id(db, wanted))
    phase = plan.phase(index)
    plans.verify_accepted(db, plan)
    involved = plan.with_needs(phase)
    for other in involved:
        plans.verify_mark(db, plan, other)
    if disk is None or disk.plan.digest != plan.digest:
        disk = OnDisk(project.root, project.settings, plan)
    looked = {other.idx: plans.untrusted(disk, other) for other in involved}
    changed = {idx: error.message for idx, (_, error) in looked.items() if error is not None}
    definition, untrusted = looked[index]
    standings = states.derive(plan.rows(), plan.bound, changed=changed)
    required = definition.required_count() if definition else phase.required
    case = Case(
        plan=plan.id,
        index=index,
        key=phase.key,
        required=required,
        untrusted=untrusted,
        needs=tuple(
            (other.idx, other.key, standings[other.idx].state)
            for other in plan.phases
            if other.key in phase.needs
        ),
    )
    return Stage(
        plan=plan,
        phase=phase,
        disk=disk,
        definition=definition,
        case=case,
        state=standings[index],
    )


def _already(stage: Stage) -> Attempted:
    data = _data(stage, (), stage.state.state) | {"already": True}
    return Attempted(data=data, refusal=None, notes=_source_notes(stage))


def _early(project: Project, wanted: Wanted, stage: Stage) -> Attempted | None:
    """What is refused before anything runs: input_missing is raised, the rest is recorded."""
    if stage.definition is not None:
        _values(project, wanted, stage)
    refused = gate.refusal(stage.case)
    if refused is None:
        return None
    with project.recording() as db:
        ledger.append(
            db,
            "refused",
            wanted.actor,
            plan=stage.plan.id,
            key=stage.phase.key,
            data={"kind": str(refused.kind), "message": refused.message, "digest": stage.phase.digest},
        )
    return Attempted(data=_data(stage, (), stage.state.state), refusal=refused)


def _take_over_texts(project: Project, wanted: Wanted, stage: Stage) -> None:
    """New texts of a document whose gates are all as accepted come in without a person."""
    if stage.disk.source != "changed":
        return
    from todo_manager import documents, intake

    path = stage.plan.source_path or ""
    document = documents.read(project.root / path, path)
    for bound in intake.bind(project.root, project.settings, document, path):
        if bound.plan.id == stage.plan.id and bound.digest == stage.plan.digest:
            intake.take_texts(project, bound, wanted.actor)


def _values(project: Project, wanted: Wanted, stage: Stage) -> inputs.Values:
    assert stage.definition is not None
    return inputs.gather(
        project.root, project.settings, stage.plan, stage.definition, wanted.claims
    )


def _run(
    project: Project, stage: Stage, definition: Definition, values: inputs.Values
) -> Generator[Event, None, tuple[Result, ...]]:
    """Run the checks in a world of their own; results in the order of the definition."""
    cancel = Cancel()
    place = {
        "TODO_MANAGER_PLAN": stage.plan.id,
        "TODO_MANAGER_PHASE": str(stage.phase.idx),
        "TODO_MANAGER_KEY": stage.phase.key,
    }
    world = RunWorld(
        project.root, project.settings, definition, values.by_name, place, cancel
    )
    found: dict[str, Result] = {}
    try:
        point("before-run")
        for event in runner.run(world, definition, values.by_name, values.masker, cancel):
            if isinstance(event, CheckFinished):
                event = CheckFinished(_with_history(project.db, stage, definition, event.result))
                found[event.result.id] = event.result
            yield event
        point("after-run")
    finally:
        world.close()
        cancel.close()
    return tuple(found[id_] for id_, _ in definition.checks)


def _with_history(
    db: sqlite3.Connection, stage: Stage, definition: Definition, result: Result
) -> Result:
    row = db.execute(
        "SELECT failed FROM check_history WHERE plan = ? AND check_digest = ?",
        (stage.plan.id, check_digest(definition, result.id)),
    ).fetchone()
    never = (row is None or not row["failed"]) and result.verdict != Verdict.FAILED
    return structs.replace(result, never_failed=never)


def check_digest(definition: Definition, id_: str) -> str:
    """What a check's history is kept under: its mapping, and the script it runs."""
    tree = dict(definition.checks)[id_]
    script = definition.files.get(str(tree.get("script", "")))
    return digest(encode([tree, script.sha256 if script else None]))


def _conclude_done(
    project: Project,
    wanted: Wanted,
    before: Stage,
    values: inputs.Values,
    results: tuple[Result, ...],
) -> Attempted:
    """Decide again on what is true now, and record the decision with all its evidence."""
    disk = OnDisk(project.root, project.settings, before.plan)
    for phase in before.plan.with_needs(before.phase):
        # Files are read again before the transaction: nobody waits for the disk inside it.
        plans.untrusted(disk, phase)
    with project.recording() as db:
        after = look(project, before.plan.id, wanted.index, disk=disk)
        untrusted = after.case.untrusted or _moved(before, after, values)
        case = structs.replace(after.case, untrusted=untrusted, results=results)
        refused = gate.refusal(case)
        event = "refused" if refused else "done"
        verdict = _verdict(refused)
        data = _event_data(before, values, results) | {"verdict": verdict}
        if refused:
            data |= {"kind": str(refused.kind), "message": values.masker.text(refused.message)}
        recorded = ledger.append(
            db, event, wanted.actor, plan=before.plan.id, key=before.phase.key, data=data
        )
        _store_evidence(db, before, results)
        if not refused:
            _bind(db, before.plan.id, values.inputs)
            _mark(db, before, "done", recorded, values)
        last_run = _last_run(recorded, event, verdict, wanted.actor, results)
        _remember(db, before, verdict, last_run)
    state = "done" if not refused else {"failed": "failed", "error": "errored"}.get(verdict, "ready")
    told = _data(before, results, state, values) | {"run": recorded.seq}
    return Attempted(data=told, refusal=refused, notes=_notes(before, values))


def _moved(before: Stage, after: Stage, values: inputs.Values) -> TodoError | None:
    """What was accepted, bound or on disk when the run began and is another thing now."""
    again = f"todo_manager done {before.plan.id} {before.phase.idx}"
    if after.phase.key != before.phase.key or after.phase.digest != before.phase.digest:
        return Untrusted("the definition was changed and accepted while it was being checked", hint=again)
    for name, value in values.inputs.items():
        if after.plan.bound.get(name, value) != value:
            return Untrusted(
                f"the input {name} was bound to another value while it was being checked",
                kind=Kind.INPUTS_CHANGED,
                hint=again,
            )
    return None


def _conclude_verify(
    project: Project,
    wanted: Wanted,
    stage: Stage,
    values: inputs.Values,
    results: tuple[Result, ...],
) -> Attempted:
    case = structs.replace(stage.case, untrusted=None, needs=(), results=results)
    refused = gate.refusal(case)
    verdict = _verdict(refused)
    with project.recording() as db:
        phase = plans.load(db, stage.plan.id).phase(wanted.index)
        reason = _why_not_counting(stage, phase, values)
        event, mark = _effect(phase, verdict, counts=not reason)
        data = _event_data(stage, values, results) | {"verdict": verdict, "does_not_count": reason}
        recorded = ledger.append(
            db, event, wanted.actor, plan=stage.plan.id, key=stage.phase.key, data=data
        )
        _store_evidence(db, stage, results)
        if mark:
            _mark(db, stage, mark, recorded, values)
        if not reason:
            last_run = _last_run(recorded, event, verdict, wanted.actor, results)
            _remember(db, stage, verdict, last_run)
    told = _data(stage, results, _state_after(project, stage), values) | {
        "run": recorded.seq,
        "does_not_count": reason,
    }
    if refused is not None:
        refused.hint = f"put it right, then: todo_manager verify {stage.plan.id} {wanted.index}"
    return Attempted(data=told, refusal=refused, notes=_notes(stage, values))


def _why_not_counting(stage: Stage, phase: Phase, values: inputs.Values) -> str | None:
    assert stage.definition is not None
    if stage.definition.digest != phase.digest:
        return stage.case.untrusted.message if stage.case.untrusted else "its definition was changed"
    if values.claimed:
        return "an input was tried with another value than the bound one"
    unbound = [name for name in values.inputs if name not in stage.plan.bound]
    return f"the input {unbound[0]} is not bound yet" if unbound else None


def _effect(phase: Phase, verdict: str, *, counts: bool) -> tuple[str, str]:
    """Which event a verify is, and the mark it sets: only on a phase that was done as it is now."""
    was_done = phase.mark in ("done", "regressed") and phase.mark_digest == phase.digest
    if counts and was_done and verdict == "passed":
        return "renewed", "done"
    if counts and phase.mark in ("done", "regressed") and verdict == "failed":
        return "regressed", "regressed"
    return "verified", ""


def _state_after(project: Project, stage: Stage) -> str:
    plan = plans.load(project.db, stage.plan.id)
    return str(states.derive(plan.rows(), plan.bound)[stage.phase.idx].state)


def _verdict(refused: TodoError | None) -> str:
    if refused is None:
        return "passed"
    if isinstance(refused, Refused):
        return "failed"
    return "error" if isinstance(refused, Unevaluated) else "refused"


def _event_data(
    stage: Stage, values: inputs.Values, results: tuple[Result, ...]
) -> dict[str, Any]:
    assert stage.definition is not None
    return {
        "digest": stage.definition.digest,
        "inputs": values.inputs,
        "checks": [_evidence_row(result) for result in results],
    }


def _evidence_row(result: Result) -> dict[str, Any]:
    row = runner.as_row(result)
    kept = [output for output in result.outputs if output.size]
    for shown, output in zip(row["outputs"], kept):
        shown["kept"] = digest_of(output.kept)
    return row


def digest_of(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def _store_evidence(db: sqlite3.Connection, stage: Stage, results: tuple[Result, ...]) -> None:
    """Keep what the programs wrote, and what is known of each check."""
    assert stage.definition is not None
    for result in results:
        for output in result.outputs:
            if output.size:
                db.execute(
                    "INSERT OR IGNORE INTO outputs (sha256, data) VALUES (?, ?)",
                    (digest_of(output.kept), zlib.compress(output.kept)),
                )
        column = str(result.verdict) if result.verdict != Verdict.WAIVED else "passed"
        db.execute(
            f"INSERT INTO check_history (plan, check_digest, {column}) VALUES (?, ?, 1) "
            f"ON CONFLICT (plan, check_digest) DO UPDATE SET {column} = coalesce({column}, 0) + 1",
            (stage.plan.id, check_digest(stage.definition, result.id)),
        )
    point("outputs-stored")


def _bind(db: sqlite3.Connection, plan: str, values: Mapping[str, str]) -> None:
    """Bind inputs that are not bound yet; the done event holds the values."""
    db.executemany(
        "INSERT OR IGNORE INTO inputs (plan, name, value) VALUES (?, ?, ?)",
        [(plan, name, value) for name, value in values.items()],
    )


def _mark(
    db: sqlite3.Connection,
    stage: Stage,
    mark: str,
    recorded: ledger.Recorded,
    values: inputs.Values,
) -> None:
    assert stage.definition is not None
    set_mark(
        db,
        stage.plan.id,
        stage.phase.key,
        mark,
        recorded,
        stage.definition.digest,
        values.inputs,
    )


def set_mark(
    db: sqlite3.Connection,
    plan: str,
    key: str,
    mark: str,
    recorded: ledger.Recorded,
    gate_digest: str,
    used: Mapping[str, str],
) -> None:
    """Write the mark of a phase as a cache of the event that set it."""
    db.execute(
        "UPDATE phases SET mark = ?, mark_seq = ?, mark_hash = ?, mark_digest = ?, mark_inputs = ? "
        "WHERE plan = ? AND key = ?",
        (mark, recorded.seq, recorded.hash, gate_digest, json.dumps(dict(used)), plan, key),
    )
    open_left = "SELECT 1 FROM phases WHERE plan = ? AND mark NOT IN ('done', 'attested')"
    closed = db.execute(open_left, (plan,)).fetchone() is None
    db.execute(
        "UPDATE plans SET closed = ?, updated = ? WHERE id = ?", (int(closed), ledger.now(), plan)
    )
    point("state-written")


def _remember(
    db: sqlite3.Connection, stage: Stage, verdict: str, last_run: dict[str, Any]
) -> None:
    assert stage.definition is not None
    db.execute(
        "UPDATE phases SET last_verdict = ?, last_digest = ?, last_run = ? WHERE plan = ? AND key = ?",
        (verdict, stage.definition.digest, json.dumps(last_run), stage.plan.id, stage.phase.key),
    )


def _last_run(
    recorded: ledger.Recorded, event: str, verdict: str, actor: Actor, results: tuple[Result, ...]
) -> dict[str, Any]:
    return {
        "run": recorded.seq,
        "event": event,
        "verdict": verdict,
        "actor": actor.name,
        "at": ledger.now(),
        "checks": {result.id: str(result.verdict) for result in results},
    }


def _data(
    stage: Stage, results: tuple[Result, ...], state: str, values: inputs.Values | None = None
) -> dict[str, Any]:
    """The fields agents rely on."""
    digest_ = stage.definition.digest if stage.definition else stage.phase.digest
    counts = {str(verdict): 0 for verdict in Verdict}
    for result in results:
        counts[str(result.verdict)] += 1
    found: dict[str, Any] = {
        "plan": stage.plan.id,
        "phase": stage.phase.idx,
        "key": stage.phase.key,
        "digest": digest_,
        "state": state,
        "already": False,
        "run": None,
        "counts": counts,
        "inputs": values.inputs if values else stage.phase.mark_inputs,
        "checks": [runner.as_row(result) for result in results],
    }
    if values and values.ignored:
        found["inputs_ignored"] = values.ignored
    return found


def _notes(stage: Stage, values: inputs.Values) -> tuple[str, ...]:
    found = [
        f"{name} is bound to {values.inputs[name]!r}; the environment's {value!r} is not used"
        for name, value in values.ignored.items()
    ]
    short = too_short(values.secrets)
    if short:
        found.append(f"too short to be masked in output: {', '.join(short)}")
    return (*_source_notes(stage), *map(values.masker.text, found))


def _source_notes(stage: Stage) -> tuple[str, ...]:
    if stage.disk.source == "gone":
        return (f"{stage.plan.source_path} is gone; the accepted definition is used",)
    return ()
