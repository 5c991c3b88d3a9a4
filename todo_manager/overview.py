"""One look at a whole plan: every mark compared with the ledger, every file it rests on read.

`stage.py` looks so at one phase before it is decided; `status` and `report` look at all of them. Nothing
is written but a HEAD that a crash left behind.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager import acceptance, ledger, on_disk, plans, read_files, states, vouched
from todo_manager.glance import WORST as WORST
from todo_manager.on_disk import OnDisk
from todo_manager.plans import Plan
from todo_manager.project import STORE, Settings


class Overview(Struct, frozen=True, kw_only=True):
    """A plan and where each of its phases stands."""

    plan: Plan
    disk: OnDisk
    changed: dict[int, str]
    """Why phases do not stand as they were accepted, by index."""
    standings: tuple[states.Standing, ...]

    def counts(self) -> dict[str, int]:
        """How many phases are in each state that occurs, the worst first."""
        found = [each.state for each in self.standings]
        return {state: found.count(state) for state in WORST if state in found}

    def done(self) -> int:
        """How many phases are done or attested."""
        return sum(each.state in states.SATISFIED for each in self.standings)

    def is_done(self) -> bool:
        """Whether every phase is done or attested. A plan without phases has proven nothing."""
        return bool(self.standings) and self.done() == len(self.standings)

    def following(self) -> dict[str, Any] | None:
        """The first phase neither done nor attested; None when there is none, or nobody works on it."""
        if self.plan.archived:
            return None
        for phase, each in zip(self.plan.phases, self.standings):
            if each.state not in states.SATISFIED:
                return {
                    "phase": phase.idx,
                    "key": phase.key,
                    "title": phase.title,
                    "state": each.state,
                    "reason": each.reason,
                }
        return None

    def status(self) -> str:
        """Of the whole plan: `archived`, `done` or `open`."""
        return "archived" if self.plan.archived else "done" if self.is_done() else "open"


def look(db: sqlite3.Connection, root: Path, settings: Settings, id_: str) -> Overview:
    """Everything about the marks of one plan, by its exact id.

    Raises IntegrityProblem when anything in it is not what the ledger recorded.
    """
    ledger.verify_head(db, root)
    plan = plans.load(db, id_)
    plans.verify_accepted(db, plan)
    for phase in plan.phases:
        plans.verify_mark(db, plan, phase)
    disk = OnDisk(root, settings, plan)
    for phase in plan.phases:
        on_disk.untrusted(disk, phase)
    unaccepted = acceptance.refusal(db, root, settings, plan)
    if unaccepted is None:
        plan = vouched.weighed(db, root, plan, plan.phases)
    changed = on_disk.differing(plan, disk, unaccepted)
    standings = states.derive(
        plan.rows(),
        plan.bound,
        running=_running(db, root, id_),
        changed=changed,
        archived=plan.archived,
    )
    return Overview(plan=plan, disk=disk, changed=changed, standings=tuple(standings))


def _running(db: sqlite3.Connection, root: Path, id_: str) -> frozenset[int]:
    rows = db.execute("SELECT idx, lock FROM phases WHERE plan = ?", (id_,)).fetchall()
    return read_files.running(os.path.join(root, STORE), [dict(row) for row in rows])
