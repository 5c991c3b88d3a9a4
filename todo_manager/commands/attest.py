"""A person vouches for a phase that has no checks. It is shown as attested, never as verified."""

from __future__ import annotations

import argparse

from todo_manager import actors, evidence, gate, people
from todo_manager.attempt import Wanted
from todo_manager.commands import common
from todo_manager.errors import Kind, Refused, Untrusted, UsageProblem
from todo_manager.people import Said
from todo_manager.render.output import Output
from todo_manager.render.plain import indent, one_line
from todo_manager.shellword import word
from todo_manager.stage import Stage, look
from todo_manager.workspace import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser)
    parser.add_argument("--reason", required=True, help="why it may be taken as done")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0, 1 when the phase has a required check, 4 out of order, 6 changed or without a person."""
    if not arguments.reason.strip():
        raise UsageProblem("--reason is empty", hint='say why: --reason "seen it with my own eyes"')
    project = common.open_project(arguments)
    wanted = Wanted(
        plan=arguments.plan, index=arguments.phase, actor=common.actor(arguments, project)
    )
    stage = look(project, wanted.plan, wanted.index)
    where = f"{word(stage.plan.id)} {stage.phase.idx}"
    if gate.satisfied(stage.state.state):
        output.data = {"plan": stage.plan.id, "phase": stage.phase.idx, "state": stage.state.state}
        output.say(f"{where}: {stage.state.state} already")
        return 0
    _refuse(stage)
    said = actors.confirmed(
        people.Statement(
            verb="attest",
            plan=stage.plan.id,
            key=stage.phase.key,
            digest=stage.phase.digest,
            says={"reason": arguments.reason},
        ),
        f"{where} {one_line(stage.phase.title)}\n{indent(stage.phase.note, '  | ')}\n"
        f"No check has looked at this phase. You vouch for it: {one_line(arguments.reason)}",
        verb=f'attest {where} --reason "…"',
        json=output.json,
        actor=wanted.actor,
        project=project,
    )
    event = _record(project, wanted, said)
    output.data = {
        "plan": stage.plan.id,
        "phase": stage.phase.idx,
        "state": "attested",
        "run": event,
    }
    output.say(f"{where}: attested by {said.actor.name} ({said.actor.how}), event {event}")
    return 0


def _refuse(stage: Stage) -> None:
    case = stage.case
    if case.untrusted:
        raise case.untrusted
    if case.required:
        raise Refused(
            f"phase {case.index} ({case.key}) has {case.required} required checks: "
            "nobody's word replaces them",
            kind=Kind.HAS_CHECKS,
            hint=f"todo_manager done {word(case.plan)} {case.index}",
        )
    refused = gate.refusal(case)
    if refused is not None and refused.kind != Kind.NO_CHECKS:
        raise refused


def _record(project: Project, wanted: Wanted, said: Said) -> int:
    """Look once more inside the transaction: what was shown to the person is what is recorded."""
    digest, reason = said.statement.digest, said.statement.says["reason"]
    with project.recording() as db:
        stage = look(project, wanted.plan, wanted.index)
        _refuse(stage)
        if stage.phase.digest != digest:
            raise stage.case.untrusted or Untrusted(
                "another definition was accepted meanwhile",
                hint=f"todo_manager show {word(stage.plan.id)} {stage.phase.idx}, then attest again",
            )
        data = {"by": "person", "reason": reason, "digest": digest, "inputs": {}}
        recorded = people.record(db, project, "attested", said, data)
        evidence.set_mark(db, stage.plan.id, stage.phase.key, "attested", recorded, digest, {})
    return recorded.seq
