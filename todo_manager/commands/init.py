"""Make a project in this folder: its store, and a first plan with a script and settings to change.

Files that are there already are kept as they are. A folder with plans of its own
gets no first plan.

exit: 0 made, or there already · 3 it cannot be made
"""

from __future__ import annotations

import argparse
from pathlib import Path

from msgspec import to_builtins

from todo_manager import reads, starter, store
from todo_manager.project import STORE, find
from todo_manager.render.output import Output
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bare", action="store_true", help="the store alone")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Make what is missing; 0 also when all of it is there already, 3 when it cannot be made."""
    here = Path.cwd()
    above = find(here.parent)
    new = store.create(here)
    output.data = {"store": str(here / STORE), "new": new, "files": [], "next": ""}
    output.say(f"{'made' if new else 'there already:'} {here / STORE}")
    if new and above is not None:
        output.talk(f"note: {above} holds a store too; from here on, this folder uses its own")
    known = _knows_plans(here)
    if not arguments.bare:
        for placed in starter.place(here, plan=not (known or starter.plans_in(here))):
            output.data["files"].append(to_builtins(placed))
            output.say(f"{placed.outcome} {placed.path}{_why(placed)}")
    output.data["next"] = coming = _next(here, known)
    if new or not arguments.bare:
        output.say(f"next: {coming}")
    return 0


def _knows_plans(root: Path) -> bool:
    db = reads.open_store(str(root))
    try:
        return db.execute("SELECT 1 FROM plans LIMIT 1").fetchone() is not None
    finally:
        db.close()


def _why(placed: starter.Placed) -> str:
    return " as it is" if placed.outcome is starter.Outcome.KEPT else ""


def _next(root: Path, known: bool) -> str:
    """The command to type after this one."""
    if known:
        return "todo_manager list"
    plans = starter.plans_in(root)
    return f"todo_manager import {word(plans[0])}" if plans else "todo_manager new ID"
