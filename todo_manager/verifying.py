"""`verify`: run the checks of a phase as they are on disk; it renews or regresses, it never marks."""

from __future__ import annotations

import sqlite3
from typing import Any

from msgspec import structs

from todo_manager import (
    approvals,
    evidence,
    freshness,
    gate,
    inputs,
    ledger,
    locks,
    plans,
)
from todo_manager.attempt import Attempted, Attempting, Wanted, data_of, notes_of, verdict_of
from todo_manager.attesting import repository, statement
from todo_manager.checking import Checked, run_checks, touched
from todo_manager.definition import Definition, part_of
from todo_manager.errors import InvalidDocument, Kind, TodoError, Unevaluated
from todo_manager.evidence import Run
from todo_manager.model import Result
from todo_manager.on_disk import OnDisk
from todo_manager.plans import Phase
from todo_manager.shellword import word
from todo_manager.stage import Stage, look, standing_after
from todo_manager.workspace import Project

_PROVEN = ("done", "attested", "regressed", "moved")
"""Marks of phases that were done once."""


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
        stage.plan.phase(wanted.index, wanted.part)
        if stage.definition is None:
            return Attempted(data=data_of(stage, (), stage.state), refusal=_unverifiable(stage))
        if not stage.definition.checks:
            return Attempted(data=data_of(stage, (), stage.state), refusal=_no_checks(stage))
        if wanted.part is not None:
            stage.definition = _only_part(stage.definition, wanted.part)
        values = inputs.gather(
            project.root,
            project.settings,
            stage.plan,
            stage.definition,
            wanted.claims,
            try_claims=True,
        )
        with repository.Watched(project.root) as watched:
            checked = yield from run_checks(project, stage, stage.definition, values)
            around = watched.held()
        return _conclude_verify(project, wanted, stage, values, checked, around)


def _only_part(definition: Definition, part: int) -> Definition:
    """The definition with the checks of one part alone; what they say never counts."""
    checks = tuple(pair for pair in definition.checks if part_of(pair[0]) == part)
    return structs.replace(definition, checks=checks)


def _unverifiable(stage: Stage) -> TodoError:
    """Why there is nothing to verify: files are gone. Raises InvalidDocument for a broken document."""
    assert stage.case.untrusted is not None
    if stage.disk.source == "unreadable":
        raise InvalidDocument(stage.disk.problem.splitlines(), hint=stage.case.untrusted.hint)
    return Unevaluated(stage.case.untrusted.message, hint=stage.case.untrusted.hint)


def _no_checks(stage: Stage) -> TodoError | None:
    case = structs.replace(stage.case, archived=False, untrusted=None, needs=(), required=0)
    return gate.refusal(case)


def _conclude_verify(
    project: Project,
    wanted: Wanted,
    stage: Stage,
    values: inputs.Values,
    checked: Checked,
    around: dict[str, Any] | None,
) -> Attempted:
    definition = stage.definition
    assert definition is not None
    ran = Run(
        plan=stage.plan.id,
        definition=definition,
        inputs=values.inputs,
        results=checked.results,
    )
    written = touched(project, definition, checked.displaced)
    with project.recording() as db:
        at = ledger.note_clock(db, wanted.actor)
        phase = _now(db, stage)
        ran = ran.with_waivers(project, at)
        results = ran.results
        refused = gate.refusal(_by_verdicts(stage, definition, results))
        verdict = verdict_of(refused, results)
        alone = f"only part {wanted.part} of it was run" if wanted.part is not None else ""
        gone = approvals.undone(project, stage.plan, definition, values.inputs, results)
        reason = alone or _why_not_counting(stage, phase, values) or gone or written or None
        event, mark = _effect(phase, verdict, approvals.mark(definition), counts=not reason)
        rests = {} if refused else freshness.rests(definition, results, at)
        if event == "renewed" and (why := _moved(db, stage, results)):
            event, mark, rests = "moved", "moved", {"why": why}
        if phase and phase.mark_rests.get("self_accepted"):
            rests |= {"self_accepted": True}
        data = ran.data() | {
            "verdict": verdict,
            "does_not_count": reason,
            "rests": rests,
        }
        data |= {"by": "approval"} if event == "attested" else {}
        if phase is not None:
            data |= evidence.origin(stage.plan, phase, around)
        append = statement.append if event in statement.PROVEN else ledger.append
        recorded = append(
            db, event, wanted.actor, plan=stage.plan.id, key=stage.phase.key, data=data
        )
        ran.keep(db)
        if mark:
            ran.mark(db, mark, recorded, rests)
        if not reason:
            evidence.remember(db, stage, recorded, event, verdict, results)
    told = data_of(stage, results, standing_after(project, stage), values) | {
        "run": recorded.seq,
        "does_not_count": reason,
    }
    if refused is not None and refused.kind != Kind.NO_CHECKS:
        refused.hint = (
            f"put it right, then: todo_manager verify {word(stage.plan.id)} {wanted.index}"
        )
    notes = (*notes_of(stage, values), *_left_alone(phase, verdict, told["state"], reason))
    return Attempted(data=told, refusal=refused, notes=notes)


def _by_verdicts(stage: Stage, definition: Definition, results: tuple[Result, ...]) -> gate.Case:
    """The case of a phase as if nothing but its checks mattered."""
    return structs.replace(
        stage.case,
        archived=False,
        untrusted=None,
        needs=(),
        required=definition.required_count(),
        results=results,
    )


def _moved(db: sqlite3.Connection, stage: Stage, results: tuple[Result, ...]) -> str:
    """Why what passed is another thing than what was proven last, in words; empty where it is not."""
    proven = ledger.last_of(db, ("done", "renewed"), stage.plan.id, stage.phase.key)
    return freshness.moved(ledger.event_at(db, proven)["data"], results) if proven else ""


def _left_alone(phase: Phase | None, verdict: str, state: str, reason: str | None) -> list[str]:
    """That a phase which was done is left as it is, where nobody knows whether it still holds."""
    if phase is None or phase.mark not in _PROVEN or verdict != "error" or reason:
        return []
    return [f"phase {phase.idx} ({phase.key}) stays {state}: a check could not be evaluated"]


def _now(db: sqlite3.Connection, stage: Stage) -> Phase | None:
    """The phase as it is accepted and marked by now; IntegrityProblem when that does not verify."""
    plan = plans.load(db, stage.plan.id)
    plans.verify_accepted(db, plan)
    for phase in plan.phases:
        if phase.key == stage.phase.key:
            plans.verify_mark(db, plan, phase)
            return phase
    return None


def _why_not_counting(stage: Stage, phase: Phase | None, values: inputs.Values) -> str | None:
    assert stage.definition is not None
    if stage.unaccepted:
        return stage.unaccepted.message
    if phase is None or stage.definition.digest != phase.digest or stage.plan.unaccepted:
        return (
            stage.case.untrusted.message if stage.case.untrusted else "its definition was changed"
        )
    if values.claimed:
        return "an input was tried with another value than the bound one"
    unbound = [name for name in values.inputs if name not in stage.plan.bound]
    return f"the input {unbound[0]} is not bound yet" if unbound else None


def _effect(phase: Phase | None, verdict: str, meant: str, *, counts: bool) -> tuple[str, str]:
    """Which event a verify is, and the mark it sets: only on a phase that was done as it is now.

    `meant` is the mark that passing checks of this phase set: `done`, or `attested` where all of them
    are a person's word.
    """
    if phase is None or not counts or phase.mark not in (meant, "regressed", "moved"):
        return "verified", ""
    if phase.mark_digest == phase.digest and verdict in ("passed", "waived"):
        return ("renewed", "done") if meant == "done" else ("attested", "attested")
    if verdict == "failed":
        return "regressed", "regressed"
    return "verified", ""
