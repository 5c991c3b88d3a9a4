"""End the claim on a phase, your own or one that was forgotten; the ledger says who ended whose."""

from __future__ import annotations

import argparse

from todo_manager import claims
from todo_manager.commands import common
from todo_manager.render.output import Output
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0, also when nobody held it; 2 for an unknown plan or phase."""
    project = common.open_project(arguments)
    actor = common.actor(arguments, project)
    plan = common.plan_of(project, arguments.plan)
    held = claims.release(project, plan.id, arguments.phase, actor)
    output.data = {"plan": plan.id, "phase": arguments.phase, "released": held}
    where = f"{word(plan.id)} {arguments.phase}"
    output.say(f"{where}: {f'released, was claimed by {held}' if held else 'nobody held it'}")
    return 0
