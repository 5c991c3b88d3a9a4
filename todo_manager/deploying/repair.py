"""Half states that a deployment left behind which was killed, found by the names of its containers.

What is there says how far it came (`ours.py`): a next one beside the one that serves is not proven yet,
one beside a backup alone is; a backup beside the one that serves was only not dropped yet.
"""

from __future__ import annotations

from todo_manager.deploying import marks, ours, proof, switching
from todo_manager.deploying.ours import BACKUP, CANDIDATE, NEXT, UP
from todo_manager.deploying.work import Work
from todo_manager.engines.containers import Container
from todo_manager.engines.doing import Declined, Unfinished
from todo_manager.engines.engine import Unreachable

_PROBLEMS = (Declined, Unfinished, Unreachable)
_WITHIN = 5.0
"""Seconds one that was left behind gets to show that it serves: the old one is waiting."""


def repair(work: Work) -> str:
    """Bring a service into a whole state, and have it serve again; why it does not, empty when all is well.

    Raises Declined when a container of somebody else has one of its names, and Unreachable.
    """
    serving, candidate, new, backup = (
        ours.one(work, suffix) for suffix in ("", CANDIDATE, NEXT, BACKUP)
    )
    if candidate is not None:
        ours.remove(work, candidate)
        work.say(f"{candidate.name} was left behind and is removed")
    try:
        if new is not None:
            _unfinished(work, serving, new, backup)
        elif serving is None and backup is not None:
            _only_backup(work, backup)
        elif serving is not None and backup is not None:
            _not_dropped(work, serving, backup)
    except _PROBLEMS as problem:
        work.say(f"{work.service.container} is not whole: {problem}")
        return str(problem)
    return ""


def _unfinished(
    work: Work, serving: Container | None, new: Container, backup: Container | None
) -> None:
    """A switch that did not come to its end: forward where the new one proves itself, else back."""
    old = serving or backup
    began = new.status in UP or serving is None
    if began and _proves(work, new):
        work.say(f"{new.name} serves: the switch that was left unfinished is brought to its end")
        switching.take_place(work, serving, new)
        return
    if old is None:
        ours.remove(work, new)
        work.say(f"{new.name} was left behind and is removed; nothing served before")
        return
    if serving is None:
        old = ours.rename(work, old, "")
    switching.restore(work, old, new, served=False, started=True)
    work.say(f"{new.name} was left behind and is removed; {old.name} has its place")


def _proves(work: Work, new: Container) -> bool:
    """Whether the new one serves; one that was proven before and is stopped by now is started."""
    try:
        new = ours.start(work, new)
        outside = marks.outside_of(new)
        proof.until_proven(work, new, outside, beside=False, restarts=None, within=_WITHIN)
    except (Declined, Unfinished) as problem:
        work.say(f"{new.name} does not serve: {problem}")
        ours.show_log(work, new)
        return False
    return True


def _only_backup(work: Work, backup: Container) -> None:
    """The one that took its place is gone."""
    back = ours.start(work, ours.rename(work, backup, ""))
    work.say(f"{backup.name} is all there was: it is {back.name} again")


def _not_dropped(work: Work, serving: Container, backup: Container) -> None:
    """A backup is kept as long as the one in its place does not serve."""
    if serving.status not in UP:
        serving = ours.start(work, serving)
    if not _proves(work, serving):
        raise Declined(f"{serving.name} does not serve; {backup.name} is kept beside it")
    switching.settle(work, serving)
