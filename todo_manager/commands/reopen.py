"""Take the mark of a phase away, with a reason. Open to all: it only closes."""

from __future__ import annotations

import argparse

from todo_manager import evidence, plans
from todo_manager.commands import common
from todo_manager.errors import UsageProblem
from todo_manager.render.output import Output
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser)
    parser.add_argument("--reason", required=True, help="why it is not done after all")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0, also when it carried no mark; 2 without a reason or for an unknown phase, 9."""
    if not arguments.reason.strip():
        raise UsageProblem("--reason is empty", hint='say why: --reason "the image was pulled"')
    project = common.open_project(arguments)
    actor = common.actor(arguments, project)
    with project.recording() as db:
        plan = plans.load(db, plans.resolve_id(db, arguments.plan))
        plans.verify_accepted(db, plan)
        phase = plan.phase(arguments.phase)
        plans.verify_mark(db, plan, phase)
        event = (
            None
            if phase.mark == "open"
            else evidence.reopen(db, plan, phase, actor, arguments.reason)
        )
    where = f"{word(plan.id)} {phase.idx}"
    output.data = {"plan": plan.id, "phase": phase.idx, "was": phase.mark, "run": event}
    if event is None:
        output.say(f"{where}: carries no mark")
    else:
        output.say(f"{where}: was {phase.mark}, reopened, event {event}")
        output.say(f"  next: todo_manager done {where}")
    return 0
