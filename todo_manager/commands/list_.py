"""The open plans, newest first: how far each is and what comes next."""

from __future__ import annotations

import argparse

from todo_manager import reads
from todo_manager.render.output import Output
from todo_manager.render.plain import GLYPHS, one_line


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="every plan, closed ones too")
    parser.add_argument("--after", metavar="ID", default="", help="the page after this plan")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print at most 50 open plans, or all; always 0 when the store can be read."""
    root = reads.find_root(".")
    db = reads.open_store(root)
    found = reads.list_plans(db, everything=arguments.all, after=arguments.after)
    output.data = found
    for plan in found["plans"]:
        output.say(_line(plan))
    if not found["plans"]:
        output.say("no open plans. Take one in with: todo_manager import FILE")
    if found["more"]:
        last = found["plans"][-1]["id"]
        output.say(f"{found['more']} more: todo_manager list --after {last}")
    return 0


def _line(plan: dict[str, object]) -> str:
    head = f"{plan['id']}  {plan['done']}/{plan['total']}  {one_line(str(plan['title']), 70)}"
    coming = plan["next"]
    if not isinstance(coming, dict):
        return f"{head}\n    {GLYPHS['done']} done"
    state = coming["state"]
    where = f"{coming['phase']} {one_line(coming['title'], 60)}"
    return f"{head}\n    next: {where}  [{GLYPHS[state]} {state}]"
