"""Move a phase to another place of its plan; what needs it, and its scripts, go with it.

A phase without `needs:` needs the one before it, so a move can change what it needs: that is said.
The move is an edit of the plan's file, or a proposal; a person accepts it.

exit: 0 moved, or there already · 2 it cannot stand there; nothing was written ·
3 the file cannot be written
"""

from __future__ import annotations

import argparse

from todo_manager import usage
from todo_manager.commands import authored, common
from todo_manager.editing import authoring, edits
from todo_manager.editing.edits import Edit
from todo_manager.model import PlanDoc
from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--before", type=usage.index, metavar="N", help="the phase it comes before")
    where.add_argument("--last", action="store_true", help="behind all others")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 moved or there already, 2 when it cannot stand there, 3 when the file cannot be written."""
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    index, place = arguments.phase, 0

    def wanted(found: PlanDoc, name: str) -> Edit:
        nonlocal place
        authoring.phase_of(found, index, name)
        place = len(found.phases) - 1
        if not arguments.last:
            authoring.phase_of(found, arguments.before, name)
            place = arguments.before - (arguments.before > index)
        return edits.move_phase(name, index, place)

    done = authoring.edit(project, plan, wanted, common.actor(arguments, project))
    key = done.plan.phases[place].key
    authored.tell(
        done, output, f"phase {index} ({key}) is phase {place}", phase=place, key=key, was=index
    )
    return 0
