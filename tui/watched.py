"""Watches one plan for the command center, as the verb `watch` does: what happens, as objects to be told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NoReturn

from todo_manager import hooks
from todo_manager.ledger import Actor
from todo_manager.render.plain import counted, standing
from todo_manager.watching import Change, Happened, Looked, Watch
from todo_manager.workspace import Project


def follow(
    project: Project, plan: str, actor: Actor, tell: Callable[[dict[str, Any]], None]
) -> NoReturn:
    """Watch a plan until this process is interrupted; IntegrityProblem when the ledger is broken."""
    how = project.settings.watch
    watch = Watch(project, [plan], actor, max(1.0, how.every), all_now=False)
    began = time.monotonic()
    for happened in watch.forever():
        tell(_told(happened, time.monotonic() - began))
        if (
            isinstance(happened, Change)
            and how.hook
            and (problem := hooks.run(project, how.hook, happened))
        ):
            tell({"e": "noted", "text": problem})
        began = time.monotonic()
    raise AssertionError("a watch has no end of its own")


def _told(happened: Happened, took: float) -> dict[str, Any]:
    if isinstance(happened, Looked):
        return {
            "e": "looked",
            "phase": happened.phase,
            "key": happened.key,
            "verdict": happened.verdict,
            "message": happened.message,
            "took": took,
        }
    if isinstance(happened, Change):
        return {
            "e": "changed",
            "at": happened.at,
            "phase": happened.phase,
            "key": happened.key,
            "title": happened.title,
            "was": happened.was,
            "state": happened.state,
            "said": standing(happened.state, happened.reason),
        }
    looked = counted(happened.looked, "phase")
    return {"e": "noted", "text": f"{looked} looked at, the next look in {happened.wait_s:.0f}s"}
