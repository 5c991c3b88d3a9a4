"""Trying a container beside the one that serves, and giving it its place: nothing is lost on the way.

An engine cannot publish a port later, so the switch stops the old one and starts a new one that has the
ports. Until that is proven the old one keeps its name, and whatever goes wrong starts it again.
"""

from __future__ import annotations

import time
from typing import Any

from todo_manager.actions.engine_action import split_reference
from todo_manager.deploying import marks, ours, proof
from todo_manager.deploying.ours import BACKUP, CANDIDATE, NEXT, UP
from todo_manager.deploying.service import Wanted
from todo_manager.deploying.work import NotRestored, Work, reached
from todo_manager.engines.containers import Container
from todo_manager.engines.doing import Declined, Unfinished, do
from todo_manager.engines.engine import Unreachable

_PROBLEMS = (Declined, Unreachable, Unfinished)


def try_beside(work: Work, wanted: Wanted) -> None:
    """Start a candidate without ports, prove it at its own address, and remove it again.

    Raises Declined, Unreachable, Unfinished; its log was shown, and the one that serves was not touched.
    """
    candidate = ours.create(work, wanted, CANDIDATE)
    try:
        reached("candidate-created")
        candidate = ours.start(work, candidate)
        reached("candidate-started")
        outside = work.service.outside
        took = proof.until_proven(work, candidate, outside, beside=True)
        reached("candidate-proven")
        work.say(f"{candidate.name} is proven beside the old one after {took:.1f} s")
    except _PROBLEMS:
        ours.show_log(work, candidate)
        raise
    finally:
        ours.remove(work, candidate)


def switch(work: Work, wanted: Wanted, old: Container | None) -> dict[str, Any]:
    """Put a container in the place of the old one and prove it there; how long nothing was served.

    Raises Declined, Unreachable, Unfinished once the old one serves again, else NotRestored.
    """
    served = old is not None and proof.serves(work, old)
    new = ours.create(work, wanted, NEXT)
    began = time.monotonic()
    try:
        reached("next-created")
        if old is not None and old.status in UP:
            ours.stop(work, old)
            work.say(f"{old.name} is stopped")
        reached("old-stopped")
        new = ours.start(work, new)
        reached("next-started")
        proof.until_proven(work, new, work.service.outside, beside=False)
        gap = time.monotonic() - began
        reached("next-proven")
    except Exception as problem:
        _taken_back(work, old, new, served, problem)
        raise
    work.say(
        f"{work.service.container} is proven in its place, {gap:.1f} s after the old one was stopped"
    )
    take_place(work, old, new)
    return {"container_id": new.id, "switch_s": round(gap, 3)}


def take_place(work: Work, old: Container | None, new: Container) -> None:
    """Give the proven container the name of the service. That the old one lost it says: it was proven."""
    if old is not None:
        if stale := ours.one(work, BACKUP):
            ours.remove(work, stale)
        ours.rename(work, old, BACKUP)
        reached("old-renamed")
    serving = ours.rename(work, new, "")
    reached("next-renamed")
    settle(work, serving)


def settle(work: Work, serving: Container) -> None:
    """Name the image that ran before, and drop the backup; both may have been done before."""
    previous = marks.of(serving).get(marks.PREVIOUS, "")
    if previous and previous != serving.image:
        name = marks.previous_name(serving)
        do(work.engine, work.engine.api.tag, previous, *split_reference(name))
        work.say(f"{name} is {previous}")
    reached("previous-tagged")
    if backup := ours.one(work, BACKUP):
        ours.remove(work, backup)
        work.say(f"{backup.name} is dropped")
    reached("backup-dropped")


def _taken_back(
    work: Work, old: Container | None, new: Container, served: bool, problem: Exception
) -> None:
    """Put back what was there before the switch; raises NotRestored when that does not succeed."""
    work.restoring()
    try:
        ours.show_log(work, new)
        if old is None:
            ours.remove(work, new)
            work.say(f"nothing served before, and nothing does: {new.name} is removed")
            return
        restore(work, old, new, served=served, started=old.status in UP)
    except _PROBLEMS as trouble:
        there = ours.running(work)
        raise NotRestored(
            f"{problem}; and {work.service.container} could not be put back: {trouble}; "
            f"there is now: {described(there)}",
            there,
        ) from problem


def restore(work: Work, old: Container, new: Container, *, served: bool, started: bool) -> None:
    """Make the old one serve again in place of the new one, which is removed once that is so.

    The new one stays until then: while it is there, everybody sees that a switch is unfinished.
    """
    if ours.again(work, new.id).status in UP:
        ours.stop(work, new, unwanted=True)
    if started:
        try:
            began = time.monotonic()
            back = ours.start(work, old)
            if served:
                outside = marks.outside_of(old)
                proof.until_proven(work, back, outside, beside=False, restarts=None)
            work.say(f"{old.name} runs again after {time.monotonic() - began:.1f} s")
        except _PROBLEMS:
            ours.show_log(work, old)
            raise
    ours.remove(work, new)


def described(there: dict[str, Any]) -> str:
    """What is there, in words."""
    if "unknown" in there:
        return f"not known ({there['unknown']})"
    found = [f"{name} ({row['status']}, image {row['image']})" for name, row in there.items()]
    return ", ".join(found) or "no container of the service"
