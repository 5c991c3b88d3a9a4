"""The first phase that is neither done nor attested, and what stands in its way."""

from __future__ import annotations

from todo_manager import reads

TYPE_CHECKING = False
if TYPE_CHECKING:  # argparse and typing cost a read more than its own work
    import argparse
    from typing import Any

    from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", help="id of a plan, or the beginning of one")


def plain(words: list[str], flags: set[str]) -> dict[str, Any] | None:
    """The same from words and flags; None where the parser is needed."""
    return {"plan": words[0]} if len(words) == 1 and not flags else None


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print the next phase, or that there is none; 0 either way."""
    root = reads.find_root(".")
    output.data = reads.next_phase(reads.open_snapshot(root), root, arguments.plan)
    if not output.json:
        from todo_manager.render import plan_text

        plan_text.tell_next(output.data, output)
    return 0
