"""The program that `watch` tells of a change: the user's own, run as checks are, so that nothing is left of it.

It gets the change as JSON on its standard input, and the same as variables. It decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec import structs

from todo_manager.checks.base import Ran
from todo_manager.checks.command import tail_of, why_no_exit_code
from todo_manager.definition import of_no_phase
from todo_manager.processes.client import Cancel
from todo_manager.watching import Change
from todo_manager.workspace import Project
from todo_manager.world import RunWorld

SECONDS = 60.0
"""How long it may take."""
_SHELL = ("/bin/sh", "-c", 'exec "$@" <"$TODO_MANAGER_CHANGE"', "sh")
"""Programs run with nothing on their standard input; this one opens the change there."""


def run(project: Project, argv: Sequence[str], change: Change) -> str:
    """Run a hook for a change; what went wrong with it in words, empty when nothing did."""
    cancel = Cancel()
    place = {
        "TODO_MANAGER_PLAN": change.plan,
        "TODO_MANAGER_PHASE": str(change.phase),
        "TODO_MANAGER_KEY": change.key,
        "TODO_MANAGER_WAS": change.was,
        "TODO_MANAGER_STATE": change.state,
        "TODO_MANAGER_REASON": change.reason,
    }
    world = RunWorld(project.root, project.settings, of_no_phase(), {}, place, cancel)
    try:
        file = world.folder() / "change.json"
        file.write_text(json.dumps(as_row(change)) + "\n", encoding="utf-8")
        env = {"TODO_MANAGER_CHANGE": str(file)}
        return _problem(world.run([*_SHELL, *argv], timeout=SECONDS, env=env), argv[0])
    except OSError as error:
        return f"the hook {argv[0]} could not be started: {error.strerror}"
    finally:
        world.close()
        cancel.close()


def as_row(change: Change) -> dict[str, object]:
    """A change as programs are told of it."""
    return {"schema": "todo_manager/1", "event": "change"} | structs.asdict(change)


def _problem(ran: Ran, name: str) -> str:
    why = why_no_exit_code(ran, SECONDS, name)
    if not why and ran.exit != 0:
        why = f"it exited {ran.exit}{tail_of(ran)}"
    return f"the hook {name}: {why}" if why else ""
