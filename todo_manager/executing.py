"""Executes one block of steps whole: preflight, then step after step until one is not done.

A generator of events. What came of it is recorded in one transaction at its end; when it is interrupted
nothing is, and what was running has been ended.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing

from msgspec import Struct

from todo_manager import demands, evidence, gate, inputs, ledger, plans
from todo_manager.attempt import Wanted
from todo_manager.canonical import Tree
from todo_manager.errors import Kind, Refused, TodoError, Unevaluated
from todo_manager.model import Result, Verdict
from todo_manager.processes.client import Cancel
from todo_manager.runner import CheckFinished
from todo_manager.runner import Event as CheckEvent
from todo_manager.runner import run as run_checks
from todo_manager.shellword import word
from todo_manager.stage import Stage
from todo_manager.stepping import Prepared, StepEvent, StepFinished, perform, prepare
from todo_manager.steps import Steps, accepted, needing
from todo_manager.workspace import Project
from todo_manager.world import RunWorld


class PhaseBegun(Struct, frozen=True, tag=True):
    """The steps of a phase are about to be executed."""

    plan: str
    phase: int
    key: str
    title: str
    note: str
    """The IMPORTANT NOTE."""


Event = CheckEvent | StepEvent | PhaseBegun


class Executed(Struct, kw_only=True):
    """What came of executing steps, before anything decides about the phase."""

    preflight: tuple[Result, ...] = ()
    steps: tuple[Result, ...] = ()
    inputs: dict[str, str] = {}
    """The values it was executed with."""
    refusal: TodoError | None = None

    def verdict(self) -> str:
        if self.refusal is None:
            return "passed"
        if not self.steps:
            return "refused"
        return "error" if isinstance(self.refusal, Unevaluated) else "failed"


def block(
    project: Project,
    wanted: Wanted,
    stage: Stage,
    steps: Steps,
    members: tuple[tuple[str, Tree], ...],
    *,
    undoing: bool = False,
) -> Generator[Event, None, tuple[Executed, int | None]]:
    """Execute one block whole: preflight, then step after step until one is not done. Recorded."""
    if not members:
        return Executed(), None
    definition = needing(steps, members)
    values = inputs.gather(project.root, project.settings, stage.plan, definition, wanted.claims)
    prepared = prepare(project.root, steps, members, values)
    phase = stage.phase
    yield PhaseBegun(stage.plan.id, phase.idx, phase.key, phase.title, phase.note)
    executed = Executed(inputs=values.inputs)
    cancel = Cancel()
    place = {
        "TODO_MANAGER_PLAN": stage.plan.id,
        "TODO_MANAGER_PHASE": str(phase.idx),
        "TODO_MANAGER_KEY": phase.key,
    }
    services, limits = accepted(steps.text).services, steps.policy.limits()
    world = RunWorld(
        project.root, project.settings, definition, values.by_name, place, cancel, services, limits
    )
    try:
        executed.preflight = yield from _preflight(world, steps, values, cancel)
        short = steps.policy.short_of(project.root)
        executed.refusal = _demand_refusal(stage, executed.preflight, short)
        if executed.refusal is None:
            executed.steps = yield from _steps(world, prepared, values, cancel)
            executed.refusal = _step_refusal(stage, executed.steps)
    finally:
        cancel.set()
        world.close()
        cancel.close()
    recorded = _record(project, wanted, stage, steps, values, executed, undoing=undoing)
    return executed, recorded


def _preflight(
    world: RunWorld, steps: Steps, values: inputs.Values, cancel: Cancel
) -> Generator[Event, None, tuple[Result, ...]]:
    found: dict[str, Result] = {}
    checks = run_checks(world, steps.preflight, values.by_name, values.masker, cancel)
    for event in checks:
        if isinstance(event, CheckFinished):
            found[event.result.id] = event.result
        yield event
    return tuple(found[id_] for id_, _ in steps.preflight.checks)


def _steps(
    world: RunWorld, prepared: list[Prepared], values: inputs.Values, cancel: Cancel
) -> Generator[Event, None, tuple[Result, ...]]:
    found: list[Result] = []
    for each in prepared:
        with closing(perform(world, each, values.masker, cancel)) as events:
            for event in events:
                if isinstance(event, StepFinished):
                    found.append(event.result)
                yield event
        if found[-1].verdict != Verdict.PASSED:
            break
    return tuple(found)


def _demand_refusal(stage: Stage, results: tuple[Result, ...], short: str) -> TodoError | None:
    """Why nothing may be executed: what is demanded before is not so, or could not be looked at."""
    where = f"phase {stage.phase.idx} ({stage.phase.key})"
    place = f"{word(stage.plan.id)} {stage.phase.idx}"
    if short:
        return demands.too_little(where, short, place)
    return demands.refusal(where, results, hint=f"todo_manager preflight {place}")


def _step_refusal(stage: Stage, results: tuple[Result, ...]) -> TodoError | None:
    last = results[-1]
    if last.verdict == Verdict.PASSED:
        return None
    message = (
        f"phase {stage.phase.idx} ({stage.phase.key}): step {last.id} ({last.kind} "
        f"{gate.line(last.subject, 60)}) was to be done ({gate.line(last.expected)}); "
        f"{gate.line(last.actual or last.message)}"
    )
    plan = word(stage.plan.id)
    hint = f"todo_manager log {plan} {stage.phase.idx}, then put it right and repeat"
    if last.verdict == Verdict.FAILED:
        return Refused(message, kind=Kind.STEP_FAILED, hint=hint)
    kind = Kind.NOT_RESTORED if last.facts.get("not_restored") else Kind.STEP_ERROR
    return Unevaluated(message, kind=kind, hint=hint)


def _record(
    project: Project,
    wanted: Wanted,
    stage: Stage,
    steps: Steps,
    values: inputs.Values,
    executed: Executed,
    *,
    undoing: bool,
) -> int:
    """Keep what was executed, in one transaction; what was taken back loses its mark in the same."""
    data = {
        "digest": steps.digest,
        "inputs": dict(values.inputs),
        "verdict": executed.verdict(),
        "part": wanted.part,
        "undo": undoing,
        "checks": [evidence.as_row(result) for result in executed.preflight],
        "steps": [evidence.as_row(result) for result in executed.steps],
    }
    if executed.refusal:
        data |= {
            "kind": str(executed.refusal.kind),
            "message": values.masker.text(executed.refusal.message),
        }
    with project.recording() as db:
        recorded = ledger.append(
            db, "ran", wanted.actor, plan=stage.plan.id, key=stage.phase.key, data=data
        )
        evidence.store_outputs(db, (*executed.preflight, *executed.steps))
        phase = plans.load(db, stage.plan.id).phase(wanted.index)
        if undoing and executed.steps and phase.mark != "open":
            plans.verify_mark(db, stage.plan, phase)
            evidence.reopen(db, stage.plan, phase, wanted.actor, "its undo was executed")
    return recorded.seq
