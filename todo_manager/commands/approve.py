"""A person answers the question of a `manual` check with yes, or takes the yes back.

The approval speaks of this definition, of the bytes of the evidence and of the bound inputs: when one of
them changes it is none any more. Nobody approves what they wrote or did themselves.
"""

from __future__ import annotations

import argparse
from typing import Any

from msgspec import structs

from todo_manager import actors, approvals, evidence, ledger, people
from todo_manager.approvals import Ground
from todo_manager.checks.manual import Manual, evidence_of
from todo_manager.checks.parse import parse
from todo_manager.commands import common
from todo_manager.definition import Definition
from todo_manager.errors import Kind, Untrusted, UsageProblem
from todo_manager.ledger import Actor
from todo_manager.people import Said, Statement
from todo_manager.render.output import Output
from todo_manager.render.plain import indent, one_line
from todo_manager.shellword import word
from todo_manager.signers import Who, normal, spellings
from todo_manager.stage import Stage, look
from todo_manager.workspace import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser)
    parser.add_argument("check", nargs="?", help="id of a manual check, where there are several")
    parser.add_argument("--withdraw", action="store_true", help="take approvals of it back")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0, 2 where nothing is to be approved, 6 without a person, or by who wrote or did it; 9."""
    project = common.open_project(arguments)
    actor = common.actor(arguments, project)
    stage = look(project, arguments.plan, arguments.phase)
    check = _check(_definition(stage), arguments.check, _where(stage))
    act = _withdraw if arguments.withdraw else _approve
    said, event = act(project, stage, check, actor, output)
    done = "withdrawn" if arguments.withdraw else "approved"
    output.data = {
        "plan": stage.plan.id,
        "phase": stage.phase.idx,
        "key": stage.phase.key,
        "check": check.id,
        "approved": not arguments.withdraw,
        "by": said.actor.name,
        "how": said.actor.how,
        "run": event,
    }
    where = _where(stage)
    output.say(f"{where} {check.id}: {done} by {said.actor.name} ({said.actor.how}), event {event}")
    if not arguments.withdraw:
        output.say(f"  next: todo_manager done {where}")
    return 0


def _where(stage: Stage) -> str:
    return f"{word(stage.plan.id)} {stage.phase.idx}"


def _definition(stage: Stage) -> Definition:
    """The accepted definition, which is also the one on disk; raises what is said against it."""
    if stage.case.untrusted:
        raise stage.case.untrusted
    assert stage.definition is not None
    return stage.definition


def _check(definition: Definition, wanted: str | None, where: str) -> Manual:
    """The manual check that is meant; UsageProblem naming those there are."""
    trees = dict(definition.checks)
    ids = approvals.manual_checks(definition)
    found = [id_ for id_ in ids if wanted in (None, id_)]
    if len(found) != 1:
        said = f"no manual check {wanted}" if wanted else "several manual checks"
        hint = "; ".join(f"todo_manager approve {where} {word(id_)}" for id_ in ids)
        if not ids:
            said, hint = "no check that a person approves", f"todo_manager show {where}"
        raise UsageProblem(f"{where} has {said}", hint=hint)
    check = parse(trees[found[0]], lambda *_: None)
    assert isinstance(check, Manual)
    return structs.replace(check, id=found[0])


def _approve(
    project: Project, stage: Stage, check: Manual, actor: Actor, output: Output
) -> tuple[Said, int]:
    at = ledger.now()
    statement = _statement(project, stage, check, at)
    on = f"\non {check.evidence}, sha256 {statement.says['evidence']}" if check.evidence else ""
    note = indent(stage.phase.note, "  | ")
    said = actors.confirmed(
        statement,
        f"{_where(stage)} {one_line(stage.phase.title)}\n{note}\n{one_line(check.subject)}{on}\n"
        "Is it so? You vouch for it",
        verb=f"approve {_where(stage)} {word(check.id)}",
        json=output.json,
        actor=actor,
        project=project,
    )
    with project.recording() as db:
        now = look(project, stage.plan.id, stage.phase.idx)
        again = _check(_definition(now), check.id, _where(now))
        if _statement(project, now, again, at) != statement:
            raise Untrusted(
                "definition, evidence or inputs changed meanwhile; nothing was approved",
                hint=f"todo_manager show {_where(stage)}, then approve again",
            )
        _refuse(project, now, again, Who(said.actor.name, said.key))
        data: dict[str, Any] = {"digest": statement.digest, **statement.says}
        recorded = people.record(db, project, "approved", said, data)
    return said, recorded.seq


def _refuse(project: Project, stage: Stage, check: Manual, person: Who) -> None:
    """Nobody approves what they wrote or did, or what is for others to approve."""
    definition = _definition(stage)
    ground = approvals.ground(project, stage.plan, definition, stage.plan.bound)
    if why := approvals.may_not(ground, person):
        raise Untrusted(
            f"{why}: nobody approves what they wrote or did themselves",
            kind=Kind.SELF_APPROVED,
            hint=f"a person, another one: {_to_type(stage, check, ground)}",
            person=True,
        )
    names, _ = spellings(ground.pin.data if ground.pin else b"", person)
    if check.approvers and not names & set(map(normal, check.approvers)):
        raise Untrusted(
            f"{person.name} is none of its approvers: {', '.join(check.approvers)}",
            kind=Kind.NOT_ALLOWED,
            hint=f"a person, one of them: {_to_type(stage, check, ground)}",
            person=True,
        )


def _to_type(stage: Stage, check: Manual, ground: Ground) -> str:
    key = " --key FILE" if ground.pin else ""
    return f"todo_manager approve {_where(stage)} {word(check.id)}{key}"


def _withdraw(
    project: Project, stage: Stage, check: Manual, actor: Actor, output: Output
) -> tuple[Said, int]:
    """Every approval of a check is taken back, and a mark that rests on it with them."""
    _demand_some(project, stage, check)
    said = actors.confirmed(
        Statement(
            verb="withdraw",
            plan=stage.plan.id,
            key=stage.phase.key,
            digest=stage.phase.digest,
            says={"check": check.id},
        ),
        f"{_where(stage)} {one_line(stage.phase.title)}\n{one_line(check.subject)}\n"
        "Take back what was approved of it?",
        verb=f"approve {_where(stage)} {word(check.id)} --withdraw",
        json=output.json,
        actor=actor,
        project=project,
    )
    with project.recording() as db:
        now = look(project, stage.plan.id, stage.phase.idx)
        _demand_some(project, now, check)
        data = {"digest": now.phase.digest, "check": check.id}
        recorded = people.record(db, project, "withdrawn", said, data)
        evidence.withdraw(db, now.plan.id, now.phase.key, check.id)
        if now.phase.mark != "open":
            why = f"the approval of {check.id} was withdrawn"
            evidence.reopen(db, now.plan, now.phase, Actor(said.actor.name), why)
    return said, recorded.seq


def _demand_some(project: Project, stage: Stage, check: Manual) -> None:
    found = approvals.standing(project.db, stage.plan.id, stage.phase.key)
    if not any(event["data"].get("check") == check.id for event in found):
        raise UsageProblem(
            f"{_where(stage)} {check.id}: nobody has approved it",
            hint=f"todo_manager log {_where(stage)}",
        )


def _statement(project: Project, stage: Stage, check: Manual, at: str) -> Statement:
    """What is approved, and when: how long it counts is told from there."""
    definition = _definition(stage)
    missing = [name for name in definition.inputs if name not in stage.plan.bound]
    if missing:
        raise UsageProblem(
            f"the input {missing[0]} is not bound yet: nobody can say of what this would be a yes",
            kind=Kind.INPUT_MISSING,
            hint=f"todo_manager set {word(stage.plan.id)} {missing[0]}=…",
        )
    try:
        sha256 = evidence_of(project.root, check.evidence)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageProblem(
            f"{check.evidence}: {why}", hint=f"ls -l {word(check.evidence)}"
        ) from None
    return Statement(
        verb="approve",
        plan=stage.plan.id,
        key=stage.phase.key,
        digest=definition.digest,
        says={
            "check": check.id,
            "question": check.subject,
            "evidence": sha256,
            "inputs": approvals.inputs_text(stage.plan.bound, definition.inputs),
            "at": at,
        },
    )
