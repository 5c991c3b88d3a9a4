"""Services of the open plans whose last deployment did not come to its end: found, and put right.

Names and hosts are those of the accepted plans; how a container is proven stands on the container itself.
So nothing of a plan is executed here that was not deployed before.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from todo_manager import locks, steps
from todo_manager.actions.engine_action import Told
from todo_manager.canonical import Tree
from todo_manager.checks.parse import references
from todo_manager.definition import Names, of_no_phase
from todo_manager.deploying import ours
from todo_manager.deploying.ours import BACKUP, CANDIDATE, NEXT, UP
from todo_manager.deploying.repair import repair
from todo_manager.deploying.service import Service
from todo_manager.deploying.work import Work
from todo_manager.documents.substitution import resolve_tree
from todo_manager.engines.address import LOCAL
from todo_manager.engines.doing import Declined, Unfinished
from todo_manager.engines.engine import Unreachable
from todo_manager.plans import Plan
from todo_manager.processes.client import Cancel, Tell
from todo_manager.project import STORE, Settings
from todo_manager.world import RunWorld

ANSWER = 5.0
"""Seconds an engine may take for each answer."""
_WITHIN = 60.0
"""Seconds a container gets to be proven."""
_DEADLINE = 300.0
"""Seconds that putting one service right may take."""

PROBLEMS = (Declined, Unfinished, Unreachable)
"""Why a service cannot be looked at or put right."""


class Placed(Struct, frozen=True, kw_only=True):
    """A service of an open plan, where its containers are."""

    plan: str
    name: str
    host: str
    container: str
    """Its name; empty where an input in it has no value yet."""
    names: Names

    def service(self) -> Service:
        return Service(
            name=self.name, plan=self.plan, image="", container=self.container, host=self.host
        )


def placed(opened: Iterable[Plan]) -> Iterator[Placed]:
    """Every service that an accepted step of an open plan may deploy, each once."""
    for plan in opened:
        found: dict[str, Tree] = {}
        for phase in plan.phases:
            found |= steps.accepted(phase.step_text).services
        for name, tree in found.items():
            assert isinstance(tree, dict)
            written = tree.get("container", "")
            known = references(written) <= plan.bound.keys()
            yield Placed(
                plan=plan.id,
                name=name,
                host=str(tree.get("host", LOCAL)),
                container=str(resolve_tree(written, plan.bound)) if known else "",
                names=plan.names,
            )


@contextmanager
def working(root: Path, wanted: Placed, tell: Tell, answer: float = ANSWER) -> Iterator[Work]:
    """What it takes to look at one service and to put it right; raises Unreachable, TodoError."""
    cancel = Cancel()
    place = {"TODO_MANAGER_PLAN": wanted.plan}
    world = RunWorld(root, Settings(), of_no_phase(names=wanted.names), {}, place, cancel)
    try:
        with world.engine(wanted.host, answer) as engine:
            deadline = time.monotonic() + _DEADLINE
            yield Work(world, engine, wanted.service(), Told(tell), deadline, _WITHIN)
    finally:
        world.close()
        cancel.close()


def unfinished(work: Work) -> str:
    """What a deployment left behind, in words; empty when nothing. Raises Declined, Unreachable."""
    serving, candidate, new, backup = (
        ours.one(work, suffix) for suffix in ("", CANDIDATE, NEXT, BACKUP)
    )
    said = []
    if new is not None:
        said.append(f"a switch to {new.name} was not brought to its end")
    if candidate is not None:
        said.append(f"{candidate.name} was left behind")
    if backup is not None:
        left = "is all there is" if serving is None and new is None else "was not dropped"
        said.append(f"{backup.name} {left}")
    if said and (serving is None or serving.status not in UP):
        said.append(f"{work.service.container} does not run")
    return "; ".join(said)


def put_right(root: Path, work: Work) -> str:
    """Put one service right, alone; why that did not succeed, empty when it did.

    Raises Busy where a deployment of it is under way, Declined, Unreachable.
    """
    service = work.service
    what, key = f"the deployment of {service.container}", f"{service.host}/{service.container}"
    with locks.held(str(root / STORE), "\0service", key, what=what, wait=0):
        return repair(work) or unfinished(work)
