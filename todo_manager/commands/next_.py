"""The first phase that is neither done nor attested, and what stands in its way."""

from __future__ import annotations

import argparse

from todo_manager import reads
from todo_manager.render.output import Output
from todo_manager.render.plain import GLYPHS, one_line


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", help="id of a plan, or the beginning of one")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print the next phase, or that there is none; 0 either way."""
    root = reads.find_root(".")
    found = reads.next_phase(reads.open_store(root), root, arguments.plan)
    output.data = found
    if found["phase"] is None:
        output.say(f"{found['plan']}: every phase is done or attested")
        return 0
    state = found["state"]
    output.say(f"{found['plan']} {found['phase']}. {one_line(found['title'])}")
    reason = f": {found['reason']}" if found["reason"] else ""
    output.say(f"  {GLYPHS[state]} {state}{reason}")
    output.say(f"  todo_manager show {found['plan']} {found['phase']}")
    return 0
