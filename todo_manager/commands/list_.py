"""The open plans, newest first: how far each is and what comes next."""

from __future__ import annotations

from todo_manager import reads

TYPE_CHECKING = False
if TYPE_CHECKING:  # argparse and typing cost a read more than its own work
    import argparse
    from typing import Any

    from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="every plan, closed ones too")
    parser.add_argument("--after", metavar="ID", default="", help="the page after this plan")


def plain(words: list[str], flags: set[str]) -> dict[str, Any] | None:
    """The same from words and flags; None where the parser is needed."""
    if words or not flags <= {"--all"}:
        return None
    return {"all": "--all" in flags, "after": ""}


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print at most 50 open plans, or all; always 0 when the store can be read."""
    db = reads.open_snapshot(reads.find_root("."))
    output.data = reads.list_plans(db, everything=arguments.all, after=arguments.after)
    if not output.json:
        from todo_manager.render import plan_text

        plan_text.tell_list(output.data, output)
    return 0
