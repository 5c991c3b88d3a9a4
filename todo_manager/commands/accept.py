"""A person accepts the definition of a plan as its files are now; marks stay with their phases.

A phase that was done with another definition becomes stale and has to be done anew.
"""

from __future__ import annotations

import argparse

from todo_manager import actors, differences, intake
from todo_manager.commands import common, diff
from todo_manager.render.output import Output
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    parser.add_argument("file", nargs="?", metavar="FILE", help="make this document its source")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 accepted or nothing to accept, 2 for a bad document, 6 without a person or without a yes."""
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    bound = common.bound_document(project, plan, arguments.file)
    found = differences.compare(project, plan, bound)
    output.data = diff.as_data(found) | {"accepted": False, "digest": plan.digest}
    actor = common.actor(arguments, project)
    if not found.gates:
        if found.texts or bound.path != plan.source_path:
            intake.take_texts(project, bound, actor)
        output.say(f"{plan.id}: nothing to accept, no gate differs")
        return 0
    diff.tell(found, output)
    for line in differences.moved_marks(plan, bound):
        output.say(line)
    for warning in bound.document.warnings:
        output.say(f"warning: {warning}")
    for line in differences.never_failed(project, plan, bound):
        output.say(line)
    actors.ask(
        f"accept this definition of {plan.id}?", verb=f"accept {word(plan.id)}", json=output.json
    )
    intake.accept(project, bound, plan.digest, actor)
    output.data |= {"accepted": True, "digest": bound.digest}
    output.say(f"{plan.id}: accepted by {actor.name}")
    return 0
