"""The first phase that is neither done nor attested, and what stands in its way."""

from __future__ import annotations

from todo_manager import read_plan, reads

TYPE_CHECKING = False
if TYPE_CHECKING:  # argparse and typing cost a read more than its own work
    import argparse
    from typing import Any

    from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", help="id of a plan, or the beginning of one")
    parser.add_argument(
        "--claim",
        action="store_true",
        help="claim the first phase that can be worked on and that nobody holds",
    )
    parser.add_argument(
        "--for", dest="time", default="2h", metavar="TIME", help="how long to claim it (default 2h)"
    )


def plain(words: list[str], flags: set[str]) -> dict[str, Any] | None:
    """The same from words and flags; None where the parser is needed."""
    return {"plan": words[0], "claim": False} if len(words) == 1 and not flags else None


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print the next phase, or that there is none; 0 either way."""
    if arguments.claim:
        return _claim(arguments, output)
    root = reads.find_root(".")
    output.data = read_plan.next_phase(reads.open_snapshot(root), root, arguments.plan)
    if not output.json:
        from todo_manager.render import plan_text

        plan_text.tell_next(output.data, output)
    return 0


def _claim(arguments: argparse.Namespace, output: Output) -> int:
    """Claim what comes next; 0 too when nothing is free."""
    from todo_manager import claims
    from todo_manager.commands import claim, common

    seconds = common.seconds(arguments.time, option="--for 2h")
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    found = claims.claim_next(project, plan.id, common.actor(arguments, project), seconds)
    if found is None:
        nothing = {"phase": None, "key": None, "state": None, "actor": None, "until": None}
        output.data = {"plan": plan.id} | nothing
        output.say(f"{plan.id}: no phase is both free and open to work")
        return 0
    claim.tell(found, output)
    return 0
