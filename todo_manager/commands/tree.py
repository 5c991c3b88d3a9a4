"""The phases of a plan as a tree: what may begin when a phase is done stands below it.

Every phase is told once, after everything it needs. A phase on the same branch as the one above needs
it; where several may begin at once, the tree forks; what needs several stands below the last of them
and names the others.

--json: data.plans[]{id, title, status, phases[]{index, key, title, state, reason, needs, parts, checks,
under, depth}}, the phases in the order of the tree; `needs` and `under` (the phase it stands under, or
null) are indexes.
"""

from __future__ import annotations

import argparse
from typing import Any

from todo_manager import needs, read_plan, reads
from todo_manager.needs import Place
from todo_manager.render import plan_text, terminal, tree_text
from todo_manager.render.output import Output
from todo_manager.render.tree_text import Paper

_PIPED = 100
"""Columns of a line that no terminal limits."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", nargs="?", help="only this plan (default: the newest open ones)")
    parser.add_argument("--checks", action="store_true", help="parts and checks below each phase")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print the trees; 0, 2 for an unknown plan, 9 when a mark is not what was recorded."""
    root = reads.find_root(".")
    db = reads.open_snapshot(root)
    if arguments.plan is not None:
        ids = [arguments.plan]
    else:
        ids = [plan["id"] for plan in reads.list_plans(db, root)["plans"]]
    trees: list[dict[str, Any]] = []
    paper = _paper(output)
    output.data = {"plans": trees}
    for id_ in ids:
        plan = read_plan.show_plan(db, root, id_)["plan"]
        below = needs.of(plan["phases"])
        for phase, found in zip(plan["phases"], below):
            phase["needs"] = found
        places = needs.tree(below)
        trees.append(_data(plan, places))
        if len(trees) > 1:
            output.say()
        tree_text.tell_tree(plan, places, output, paper=paper, checks=arguments.checks)
    if not ids:
        plan_text.tell_none(output, everything=False)
    return 0


def _data(plan: dict[str, Any], places: list[Place]) -> dict[str, Any]:
    """For programs: the phases in the order of the tree, each with the one it stands under."""
    kept = ("index", "key", "title", "state", "reason", "needs", "parts", "checks")
    rows = [
        {name: plan["phases"][place.phase][name] for name in kept}
        | {"under": place.under, "depth": len(place.trail)}
        for place in places
    ]
    return {name: plan[name] for name in ("id", "title", "status")} | {"phases": rows}


def _paper(output: Output) -> Paper:
    """A terminal has a width, and perhaps no other letters than ASCII; a pipe takes what comes."""
    if not output.screen:
        return Paper(_PIPED, False)
    return Paper(terminal.size()[0], terminal.ascii_only())
