"""`done`: bring one phase before the gate, run its checks, record what came of it.

It is a generator of the runner's events that returns what it found out. Nothing is recorded when it is
interrupted; everything is recorded in one transaction when it is not. `verifying.py` is its sibling.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable
from typing import Any

from msgspec import Struct, structs

from todo_manager import (
    acceptance,
    approvals,
    coupling,
    evidence,
    freshness,
    gate,
    inputs,
    ledger,
    locks,
    on_disk,
    runner,
    states,
)
from todo_manager.attesting import repository, statement
from todo_manager.crashpoints import point
from todo_manager.definition import Definition
from todo_manager.errors import Kind, Refused, TodoError, Unevaluated, Untrusted
from todo_manager.evidence import Run
from todo_manager.ledger import Actor
from todo_manager.model import Result, Verdict
from todo_manager.on_disk import OnDisk
from todo_manager.processes.client import Cancel
from todo_manager.runner import CheckFinished, Event
from todo_manager.secrets import too_short
from todo_manager.shellword import word
from todo_manager.stage import Stage, look, standing_after
from todo_manager.workspace import Project
from todo_manager.world import RunWorld


class Wanted(Struct, frozen=True, kw_only=True):
    """Who asks for what."""

    plan: str
    index: int
    actor: Actor
    part: int | None = None
    """Only the checks of this part, from 1; never asked of `done`."""
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


class Checked(Struct, frozen=True, kw_only=True):
    """What came of running all checks of a phase once."""

    results: tuple[Result, ...]
    """In the order of the definition."""
    displaced: tuple[str, ...]
    """Bound files in whose place another one may have stood for a while."""


Attempting = Generator[Event, None, Attempted]


def done(project: Project, wanted: Wanted) -> Attempting:
    """Run the checks of a phase and mark it done if the gate opens.

    Raises TodoError for everything that is refused before anything runs but a missing need or check,
    which are recorded as attempts and come back as the refusal.
    """
    stage = look(project, wanted.plan, wanted.index)
    if gate.satisfied(stage.state.state):
        return _already(wanted, stage)
    if early := _early(project, wanted, stage):
        return early
    _take_over_texts(project, wanted, stage)
    what = f"{stage.plan.id} {wanted.index}"
    with locks.held(project.store, stage.plan.id, stage.phase.key, what=what, wait=wanted.wait):
        # Whatever happened while waiting for the phase counts.
        stage = look(project, wanted.plan, wanted.index)
        if gate.satisfied(stage.state.state):
            return _already(wanted, stage)
        if early := _early(project, wanted, stage):
            return early
        assert stage.definition is not None
        values = _values(project, wanted, stage)
        with repository.Watched(project.root) as watched:
            checked = yield from run_checks(
                project, stage, stage.definition, values, worker=wanted.actor.name
            )
            around = watched.held()
        return _conclude_done(project, wanted, stage, values, checked, around)


def _already(wanted: Wanted, stage: Stage) -> Attempted:
    """Done before, and nothing runs: but not for whoever claims other inputs than it was done with."""
    inputs.refuse_unknown(stage.plan, stage.plan.names, wanted.claims)
    inputs.refuse_claims(stage.plan, wanted.claims)
    data = data_of(stage, (), stage.state) | {"already": True}
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
            data={
                "kind": str(refused.kind),
                "message": refused.message,
                "digest": stage.phase.digest,
            },
        )
    return Attempted(data=data_of(stage, (), stage.state), refusal=refused)


def _take_over_texts(project: Project, wanted: Wanted, stage: Stage) -> None:
    """New texts of a document whose gates are all as accepted come in without a person."""
    if stage.disk.source != "changed":
        return
    from todo_manager import binding, documents, intake

    path = stage.plan.source_path or ""
    document = documents.read(project.root / path, path)
    for bound in binding.bind(project.root, project.settings, document, path):
        if bound.plan.id == stage.plan.id and bound.digest == stage.plan.digest:
            intake.take_texts(project, bound, wanted.actor)


def _values(project: Project, wanted: Wanted, stage: Stage) -> inputs.Values:
    assert stage.definition is not None
    return inputs.gather(
        project.root, project.settings, stage.plan, stage.definition, wanted.claims
    )


def run_checks(
    project: Project,
    stage: Stage,
    definition: Definition,
    values: inputs.Values,
    *,
    worker: str = "",
) -> Generator[Event, None, Checked]:
    """Run the checks in a world of their own.

    `worker` is who asks for the phase to be done: nobody approves their own work.
    """
    given = approvals.for_run(project, stage.plan, definition, values.inputs, worker)
    cancel = Cancel()
    place = {
        "TODO_MANAGER_PLAN": stage.plan.id,
        "TODO_MANAGER_PHASE": str(stage.phase.idx),
        "TODO_MANAGER_KEY": stage.phase.key,
    }
    world = RunWorld(
        project.root,
        project.settings,
        definition,
        values.by_name,
        place,
        cancel,
        approvals=given,
    )
    found: dict[str, Result] = {}
    try:
        point("before-run")
        for event in runner.run(world, definition, values.by_name, values.masker, cancel):
            if isinstance(event, CheckFinished):
                result = freshness.with_term(definition, event.result)
                event = CheckFinished(
                    evidence.with_history(project.db, stage.plan.id, definition, result)
                )
                found[event.result.id] = event.result
            yield event
        found = _with_moved(found, world.moved())
        displaced = tuple(world.displaced())
        point("after-run")
    finally:
        world.close()
        cancel.close()
    results = tuple(found[id_] for id_, _ in definition.checks)
    return Checked(results=results, displaced=displaced)


def _with_moved(found: dict[str, Result], moved: dict[str, str]) -> dict[str, Result]:
    """What was said of a thing that is another one by the end of the run was said of nothing."""
    changed = {}
    for id_, result in found.items():
        why = moved.get(id_)
        if why and result.verdict in (Verdict.PASSED, Verdict.FAILED):
            result = structs.replace(result, verdict=Verdict.ERROR, actual=why, message=why)
        changed[id_] = result
    return changed


def _conclude_done(
    project: Project,
    wanted: Wanted,
    before: Stage,
    values: inputs.Values,
    checked: Checked,
    around: dict[str, Any] | None,
) -> Attempted:
    """Decide again on what is true now, and record the decision with all its evidence.

    `around` is what was checked out of the project's repository while it ran.
    """
    definition = before.definition
    assert definition is not None
    ran = Run(
        plan=before.plan.id, definition=definition, inputs=values.inputs, results=checked.results
    )
    disk = OnDisk(project.root, project.settings, before.plan)
    for phase in before.plan.with_needs(before.phase):
        # Files are read again before the transaction: nobody waits for the disk inside it.
        on_disk.untrusted(disk, phase)
    with project.recording() as db:
        at = ledger.note_clock(db, wanted.actor)
        after = look(project, before.plan.id, wanted.index, disk=disk)
        ran = ran.with_waivers(project, at)
        results = ran.results
        untrusted = after.case.untrusted or _moved(project, wanted, before, after, values, checked)
        # What ran is judged by the definition it ran with; another one now is `untrusted`.
        required = before.case.required
        case = structs.replace(after.case, required=required, untrusted=untrusted, results=results)
        refused = gate.refusal(case)
        mark = approvals.mark(definition)
        event = "refused" if refused else mark
        verdict = verdict_of(refused, results)
        rests = {} if refused else freshness.rests(definition, results, at)
        rests |= acceptance.rests(db, project.root, after.plan, wanted.actor.name)
        data = ran.data() | {"verdict": verdict}
        data |= {"rests": rests} | ({"by": "approval"} if event == "attested" else {})
        data |= evidence.origin(after.plan, after.phase, around)
        if refused:
            data |= {"kind": str(refused.kind), "message": values.masker.text(refused.message)}
        append = ledger.append if refused else statement.append
        recorded = append(
            db, event, wanted.actor, plan=before.plan.id, key=before.phase.key, data=data
        )
        ran.keep(db)
        if not refused:
            evidence.bind_inputs(db, before.plan.id, values.inputs)
            ran.mark(db, mark, recorded, rests)
        evidence.remember(db, before, recorded, event, verdict, results)
    told = data_of(before, results, standing_after(project, before), values)
    told |= {"run": recorded.seq}
    return Attempted(data=told, refusal=refused, notes=notes_of(before, values))


def _moved(
    project: Project,
    wanted: Wanted,
    before: Stage,
    after: Stage,
    values: inputs.Values,
    checked: Checked,
) -> TodoError | None:
    """What was accepted, approved, bound or on disk when the run began and is another thing now."""
    assert before.definition is not None
    again = f"todo_manager done {word(before.plan.id)} {before.phase.idx}"
    if after.phase.key != before.phase.key or after.phase.digest != before.phase.digest:
        return Untrusted(
            "the definition was changed and accepted while it was being checked", hint=again
        )
    for name, value in values.inputs.items():
        if after.plan.bound.get(name, value) != value:
            return Untrusted(
                f"the input {name} was bound to another value while it was being checked",
                kind=Kind.INPUTS_CHANGED,
                hint=again,
            )
    worker = wanted.actor.name
    if gone := approvals.undone(
        project, after.plan, before.definition, values.inputs, checked.results, worker
    ):
        return Untrusted(gone, hint=again)
    if written := touched(project, before.definition, checked.displaced):
        return Untrusted(written, hint=again)
    return None


def touched(project: Project, definition: Definition, displaced: Collection[str]) -> str:
    """Which bound files were written or displaced while the checks ran, in words.

    What ran may not be what was bound.
    """
    pins = {path: pin.stamp for path, pin in definition.pins.items()}
    for how, stamped in (("pinned", pins), ("named under tools", definition.tools)):
        if found := coupling.touched(project.root, stamped):
            return f"{', '.join(found)}: {how}, and written while it was being checked"
        if found := [path for path in stamped if path in displaced]:
            names = ", ".join(found)
            return f"{names}: {how}, and the way there was moved while it was being checked"
    return ""


def verdict_of(refused: TodoError | None, results: Iterable[Result]) -> str:
    """The verdict of a phase in a word; `waived` where it passed and not all of it was verified."""
    if refused is None:
        waived = any(each.required and each.verdict == Verdict.WAIVED for each in results)
        return "waived" if waived else "passed"
    if isinstance(refused, Refused) and refused.kind != Kind.NO_CHECKS:
        return "failed"
    return "error" if isinstance(refused, Unevaluated) else "refused"


def data_of(
    stage: Stage,
    results: tuple[Result, ...],
    standing: states.Standing,
    values: inputs.Values | None = None,
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
        "state": standing.state,
        "reason": standing.reason,
        "already": False,
        "run": None,
        "counts": counts,
        "inputs": values.inputs if values else stage.phase.mark_inputs,
        "checks": [evidence.as_row(result) for result in results],
    }
    if values and values.ignored:
        found["inputs_ignored"] = values.ignored
    return found


def notes_of(stage: Stage, values: inputs.Values) -> tuple[str, ...]:
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
