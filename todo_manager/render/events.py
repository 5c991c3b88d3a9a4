"""The lines of `--events`: what happens in a run, one JSON object a line, for programs that follow it."""

from __future__ import annotations

import argparse
from typing import Any

from msgspec import structs

from todo_manager import evidence
from todo_manager.render.followed import Followed
from todo_manager.runner import AttemptMade, CheckFinished, CheckStarted, CheckWrote, Event

_HELP = """
With --events it prints JSON lines while checks run. Each is an object with "schema"
("todo_manager/1"), "event", and for all but the last plan, phase, key, part:

    check_started    id, kind, subject
    check_wrote      id, stream, text: a line that its program wrote just now;
                     last: whether no more of this attempt is told
    attempt_made     id, attempt, verdict, message, wait_s: not settled,
                     the next attempt begins in wait_s seconds
    check_finished   check: the row that data.checks[] has for it
    result           the last line, of a refusal too: the document of --json

Secrets are masked in all of them. A reader that leaves stops nothing.
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The option, and what it prints, for the help of a verb that runs checks."""
    parser.add_argument("--events", action="store_true", help="JSON lines while checks run")
    parser.description = f"{parser.description}{_HELP}"


def line(event: Event, place: Followed) -> dict[str, Any]:
    """One event as a JSON object, with the phase it belongs to."""
    where = {"plan": place.plan, "phase": place.phase, "key": place.key, "part": place.part}
    if isinstance(event, CheckStarted):
        return {"event": "check_started"} | where | structs.asdict(event)
    if isinstance(event, CheckWrote):
        return {"event": "check_wrote"} | where | structs.asdict(event)
    if isinstance(event, AttemptMade):
        told = structs.asdict(event) | {"verdict": str(event.verdict)}
        return {"event": "attempt_made"} | where | told
    assert isinstance(event, CheckFinished)
    return {"event": "check_finished"} | where | {"check": evidence.as_row(event.result)}
