"""Make the store of a project in this folder: `.todo_manager/`, ignored by git."""

from __future__ import annotations

import argparse
from pathlib import Path

from todo_manager import store
from todo_manager.project import STORE, find
from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bare", action="store_true", help="the store alone (all this version makes)"
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Make the store here; 0 also when it is there already, 3 when it cannot be made."""
    here = Path.cwd()
    above = find(here.parent)
    new = store.create(here)
    output.data = {"store": str(here / STORE), "new": new}
    output.say(f"{'made' if new else 'there already:'} {here / STORE}")
    if new and above is not None:
        output.talk(f"note: {above} holds a store too; from here on, this folder uses its own")
    if new:
        output.say("next: todo_manager import plans/FILE.yaml")
    return 0
