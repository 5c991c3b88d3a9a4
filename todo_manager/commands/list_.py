"""The open plans, newest first: how far each is and what comes next.

Filters combine. States are those the store knows; `show` also looks at the files
of a plan, and verifies what persons signed. --json: data.signers says that the signers
file is not the one that is pinned; null when it is, or none is.

exit: 0 · 2 a filter that says nothing · 3 no store here
"""

from __future__ import annotations

from todo_manager import reads

TYPE_CHECKING = False
if TYPE_CHECKING:  # argparse and typing cost a read more than its own work
    import argparse
    import sqlite3
    from typing import Any

    from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    from todo_manager import search

    parser.add_argument("--all", action="store_true", help="every plan, closed ones too")
    parser.add_argument("--after", metavar="ID", default="", help="the page after this plan")
    parser.add_argument(
        "--search", metavar="WORDS", help="plans that hold all these words, best match first"
    )
    parser.add_argument("--status", choices=search.STATUSES, default="", help="default: open")
    parser.add_argument(
        "--state",
        choices=search.STATES,
        metavar="STATE",
        action="append",
        default=[],
        help=f"of the next phase: {', '.join(search.STATES)}",
    )
    parser.add_argument(
        "--tag", action="append", default=[], help="of the plan or of one of its phases"
    )


def plain(words: list[str], flags: set[str]) -> dict[str, Any] | None:
    """The same from words and flags; None where the parser is needed."""
    if words or not flags <= {"--all"}:
        return None
    unfiltered: dict[str, Any] = {"search": None, "status": "", "state": [], "tag": []}
    return {"all": "--all" in flags, "after": ""} | unfiltered


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print at most 50 plans, or all; 0 when the store can be read, 2 for a filter that says nothing."""
    root = reads.find_root(".")
    db = reads.open_snapshot(root)
    if arguments.search is not None or arguments.status or arguments.state or arguments.tag:
        return _filtered(db, root, arguments, output)
    output.data = reads.list_plans(db, root, everything=arguments.all, after=arguments.after)
    if not output.json:
        from todo_manager.render import plan_text

        plan_text.tell_list(output.data, output, everything=arguments.all)
    _warn(output)
    return 0


def _warn(output: Output) -> None:
    if problem := output.data["signers"]:
        output.talk(f"warning: {problem}, so nothing counts as done: todo_manager signers")


def _filtered(
    db: sqlite3.Connection, root: str, arguments: argparse.Namespace, output: Output
) -> int:
    from todo_manager import search
    from todo_manager.render import found_text

    wanted = search.Filter(
        words=arguments.search,
        status=arguments.status,
        states=arguments.state,
        tags=arguments.tag,
        everything=arguments.all,
    )
    output.data = search.find_plans(db, root, wanted, after=arguments.after)
    if not output.json:
        found_text.tell(output.data, output, asked=_asked(arguments))
    _warn(output)
    return 0


def _asked(arguments: argparse.Namespace) -> str:
    """The command without its page, to be typed again."""
    from todo_manager.shellword import word

    words = ["todo_manager list"]
    if arguments.search is not None:
        words.append(f"--search {word(arguments.search)}")
    if arguments.status:
        words.append(f"--status {arguments.status}")
    words += [f"--state {state}" for state in arguments.state]
    words += [f"--tag {word(tag)}" for tag in arguments.tag]
    return " ".join(words)
