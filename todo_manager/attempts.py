"""`done`: bring one phase before the gate, run its checks, record what came of it.

It is a generator of the runner's events that returns what it found out. Nothing is recorded when it is
interrupted; everything is recorded in one transaction when it is not. `verifying.py` is its sibling.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from todo_manager import (
    acceptance,
    approvals,
    evidence,
    freshness,
    gate,
    inputs,
    ledger,
    locks,
    on_disk,
)
from todo_manager.attempt import (
    Attempted,
    Attempting,
    Wanted,
    data_of,
    notes_of,
    source_notes,
    verdict_of,
)
from todo_manager.attesting import repository, statement
from todo_manager.checking import Checked, run_checks, touched
from todo_manager.errors import Kind, TodoError, Untrusted
from todo_manager.evidence import Run
from todo_manager.on_disk import OnDisk
from todo_manager.shellword import word
from todo_manager.stage import Stage, look, standing_after
from todo_manager.workspace import Project


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
    return Attempted(data=data, refusal=None, notes=source_notes(stage))


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
