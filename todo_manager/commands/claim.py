"""Say that you are at work on a phase. The claim is shown, it runs out, and it gates nothing."""

from __future__ import annotations

import argparse

from msgspec import structs

from todo_manager import claims
from todo_manager.commands import common
from todo_manager.render.output import Output
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser)
    parser.add_argument(
        "--for", dest="time", default="2h", metavar="TIME", help="how long (default 2h)"
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0, also when it was yours already; 2 for an archived plan, 7 when another actor holds it."""
    seconds = common.seconds(arguments.time, option="--for 2h")
    project = common.open_project(arguments)
    actor = common.actor(arguments, project)
    tell(claims.claim(project, arguments.plan, arguments.phase, actor, seconds), output)
    return 0


def tell(found: claims.Claim, output: Output) -> None:
    """Who holds which phase until when, and how to give it back."""
    output.data = structs.asdict(found)
    where = f"{word(found.plan)} {found.phase}"
    output.say(
        f"{where} ({found.key}): {found.state}; claimed by {found.actor} until {found.until}"
    )
    output.say(f"  next: todo_manager show {where}; to give it back: todo_manager release {where}")
