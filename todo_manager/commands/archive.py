"""Put a plan away: it leaves the list, and nothing of it can be done until it is taken back."""

from __future__ import annotations

import argparse

from todo_manager import evidence, ledger
from todo_manager.commands import common
from todo_manager.render.output import Output
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    parser.add_argument("--undo", action="store_true", help="take it back")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0, also when it was so already; 2 for an unknown plan, 9 when it does not verify."""
    project = common.open_project(arguments)
    actor = common.actor(arguments, project)
    plan = common.plan_of(project, arguments.plan)
    wanted = not arguments.undo
    changed = plan.archived != wanted
    if changed:
        with project.recording() as db:
            event = "archived" if wanted else "unarchived"
            recorded = ledger.append(db, event, actor, plan=plan.id)
            seq = recorded.seq if wanted else None
            db.execute("UPDATE plans SET archived = ? WHERE id = ?", (seq, plan.id))
            evidence.note_closed(db, plan.id)
    output.data = {"plan": plan.id, "archived": wanted, "changed": changed}
    already = "" if changed else " already"
    output.say(f"{plan.id}: {'archived' if wanted else 'open again'}{already}")
    if wanted:
        output.say(f"  to take it back: todo_manager archive {word(plan.id)} --undo")
    return 0
