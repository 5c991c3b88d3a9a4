"""`run`, `exec` and undo: which block of a phase is executed, when it may be, and what follows.

Generators of events that return what came of it. Whether a phase is done is never decided here: after
the steps the gate is asked exactly as `done` asks it. `executing.py` does the work.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from msgspec import structs

from todo_manager import attempts, evidence, executable, gate, ledger, locks
from todo_manager.attempt import Attempted, Wanted, data_of
from todo_manager.canonical import Tree
from todo_manager.definition import part_of
from todo_manager.errors import Kind, Refused, TodoError, UsageProblem
from todo_manager.executing import Event, Executed, block
from todo_manager.shellword import word
from todo_manager.stage import Stage, look, standing_after
from todo_manager.steps import Steps
from todo_manager.workspace import Project

Running = Generator[Event, None, Attempted]


def run(project: Project, wanted: Wanted) -> Running:
    """Execute the steps of a phase, then ask the gate; a phase that is done is left alone.

    Raises TodoError for what is refused before anything runs. After a step that failed the gate is
    asked all the same, and the refusal returned says that the step failed.
    """
    stage = look(project, wanted.plan, wanted.index)
    if not _has_work(stage) or gate.satisfied(stage.state.state):
        found = yield from attempts.done(project, wanted)
        told = _told(stage, None, Executed(), None, None)
        return structs.replace(found, data=told.data | found.data)
    with _held(project, wanted, stage):
        stage = look(project, wanted.plan, wanted.index)
        steps = None
        if not gate.satisfied(stage.state.state) and not _refused_anyway(stage):
            steps = _trusted(project, wanted, stage)
        if steps is None or gate.refusal(stage.case) is not None:
            executed, recorded = Executed(), None
        else:
            executed, recorded = yield from block(project, wanted, stage, steps, steps.steps)
    if executed.refusal is not None and not executed.steps:
        return _told(stage, steps, executed, recorded, executed.refusal)
    # The gate takes an input for what the steps took it for, whatever they made of the env file.
    claims = {**executed.inputs, **wanted.claims}
    found = yield from attempts.done(project, structs.replace(wanted, claims=claims))
    refusal = _worse(executed.refusal, found.refusal)
    told = _told(stage, steps, executed, recorded, refusal)
    return structs.replace(found, data=told.data | found.data, refusal=refusal)


def execute(
    project: Project, wanted: Wanted, only: str = "", *, service: tuple[str, str] | None = None
) -> Running:
    """Execute the steps of a phase, or of the part wanted, without asking the gate: no mark changes.

    `only` is the step digest that was shown; another one is refused, as is a phase out of order. With
    `service`, kind and name, the one step is executed that deploys that service or takes it back.
    """
    stage = look(project, wanted.plan, wanted.index)
    with _held(project, wanted, stage):
        stage = look(project, wanted.plan, wanted.index)
        steps = _demanded(project, wanted, stage)
        if only and only.removeprefix("sha256:") != steps.digest:
            raise executable.other(stage.plan, stage.phase, only)
        # Whether there is a check that could show it done is no matter here.
        if refused := gate.refusal(structs.replace(stage.case, required=1)):
            raise refused
        members = block_of(steps, wanted.part)
        if service:
            members = members_of(members, *service)[:1]
        executed, recorded = yield from block(project, wanted, stage, steps, members)
    return _told(stage, steps, executed, recorded, executed.refusal)


def undo(project: Project, wanted: Wanted) -> Running:
    """Execute what takes a phase back. It carries no mark afterwards, whatever came of it."""
    stage = look(project, wanted.plan, wanted.index)
    with _held(project, wanted, stage):
        stage = look(project, wanted.plan, wanted.index)
        steps = _demanded(project, wanted, stage)
        if not steps.undo:
            raise _nothing(stage, "undo")
        found = block(project, wanted, stage, steps, steps.undo, undoing=True)
        executed, recorded = yield from found
        data = _told(stage, steps, executed, recorded, executed.refusal)
    standing = standing_after(project, stage)
    return structs.replace(
        data, data=data.data | {"state": standing.state, "reason": standing.reason, "undo": True}
    )


def block_of(steps: Steps, part: int | None) -> tuple[tuple[str, Tree], ...]:
    """The steps of a whole phase, or of one of its parts."""
    return tuple(pair for pair in steps.steps if part is None or part_of(pair[0]) == part)


def members_of(
    members: tuple[tuple[str, Tree], ...], kind: str, name: str
) -> tuple[tuple[str, Tree], ...]:
    """The steps among these that deploy a service, or take it back."""
    return tuple(pair for pair in members if str(pair[1].get(kind, "")) == name)


def _has_work(stage: Stage) -> bool:
    """Whether there is or may be something to execute: what changed is looked at more closely."""
    return stage.phase.step_digest is not None or stage.disk.source == "changed"


def _refused_anyway(stage: Stage) -> bool:
    """Whether the gate refuses for what comes before the steps: then it says so, and records it."""
    return stage.case.archived or stage.case.untrusted is not None


def _held(project: Project, wanted: Wanted, stage: Stage) -> Any:
    what = f"{stage.plan.id} {stage.phase.idx}"
    return locks.held(project.store, stage.plan.id, stage.phase.key, what=what, wait=wanted.wait)


def _trusted(project: Project, wanted: Wanted, stage: Stage) -> Steps | None:
    """The steps as they were accepted; another definition is recorded as refused, and raised."""
    found, untrusted = executable.look(stage.disk, stage.phase)
    untrusted = stage.unaccepted or untrusted
    if untrusted is None:
        return found
    data = {"kind": str(untrusted.kind), "message": untrusted.message}
    with project.recording() as db:
        data |= {"digest": stage.phase.step_digest or ""}
        plan, key = stage.plan.id, stage.phase.key
        ledger.append(db, "refused", wanted.actor, plan=plan, key=key, data=data)
    raise untrusted


def _demanded(project: Project, wanted: Wanted, stage: Stage) -> Steps:
    """The steps of a phase that is to have some; UsageProblem when the plan says nothing of them."""
    stage.plan.phase(wanted.index, wanted.part)
    if stage.case.archived and (refused := gate.refusal(stage.case)):
        raise refused
    found = _trusted(project, wanted, stage)
    if found is None:
        raise _nothing(stage, "steps")
    return found


def _nothing(stage: Stage, what: str) -> UsageProblem:
    return UsageProblem(
        f"phase {stage.phase.idx} ({stage.phase.key}) of {stage.plan.id} has no {what} to execute",
        hint=f"todo_manager show {word(stage.plan.id)} {stage.phase.idx}",
    )


def _worse(step: TodoError | None, gate_: TodoError | None) -> TodoError | None:
    """Which of two refusals is told: a step that failed, else what the gate says, else the step."""
    if step is None or isinstance(step, Refused) or step.kind == Kind.NOT_RESTORED:
        return step or gate_
    return gate_ if isinstance(gate_, Refused) else step


def _told(
    stage: Stage,
    steps: Steps | None,
    executed: Executed,
    recorded: int | None,
    refusal: TodoError | None,
) -> Attempted:
    """The fields agents rely on: those of `done`, and what was executed."""
    data = data_of(stage, (), stage.state) | {
        "step_digest": steps.digest if steps else stage.phase.step_digest,
        "ran": recorded,
        "preflight": [evidence.as_row(result) for result in executed.preflight],
        "steps": [evidence.as_row(result) for result in executed.steps],
    }
    return Attempted(data=data, refusal=refusal)
