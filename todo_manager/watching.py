"""`watch`: verify what is done again and again, and tell what changed. It never marks anything done.

A generator of what happened, for whoever tells it. What is looked at are phases that were done once; the
states of all the others are compared too, so an edit, an expiry or another process is noticed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from todo_manager import ledger, open_plans, overview, verifying
from todo_manager.attempt import Attempted, Attempting, Wanted
from todo_manager.errors import IntegrityProblem, Kind, Refused, TodoError
from todo_manager.ledger import Actor
from todo_manager.plans import Phase
from todo_manager.states import SATISFIED, Standing
from todo_manager.workspace import Project

TICK = 1.0
"""Seconds between two questions whether another process has written something."""
_PROVEN = ("done", "attested", "regressed", "moved")


class Change(Struct, frozen=True, kw_only=True):
    """A phase is in another state than before."""

    at: str
    plan: str
    phase: int
    key: str
    title: str
    was: str
    state: str
    reason: str


class Looked(Struct, frozen=True, kw_only=True):
    """The checks of a phase were run, or could not be."""

    plan: str
    phase: int
    key: str
    verdict: str
    """`passed`, `failed`, `error`, or `busy` where another process holds the phase."""
    message: str
    """What was wrong; empty where nothing was."""


class Rested(Struct, frozen=True, kw_only=True):
    """Everything that was due has been looked at; the next look comes in `wait_s` seconds."""

    at: str
    looked: int
    wait_s: float


Happened = Change | Looked | Rested
_Place = tuple[str, str]


class Watch:
    """One watch over some plans, or over all that are not archived."""

    def __init__(
        self, project: Project, plans: Sequence[str], actor: Actor, every: float, *, all_now: bool
    ) -> None:
        """`every`: seconds between two looks at a phase. `all_now`: the first look leaves out nothing."""
        self._project = project
        self._plans = tuple(plans)
        self._actor = actor
        self._every = every
        self._all_now = all_now
        self._known: dict[_Place, Standing] = {}
        self._phases: dict[_Place, Phase] = {}
        self._looked: dict[_Place, float] = {}
        """When each was last looked at, by the clock of the machine."""

    def once(self) -> Iterator[Happened]:
        """Look at everything that is due; IntegrityProblem when the ledger does not verify."""
        if not self._known:
            self._known = dict(self._states())
        count = 0
        due = [each for each in self._phases if self._is_due(each)]
        yield from self.changes()  # that a proof has run out is told before it is looked at
        for place in due:
            if place in self._phases:
                yield self._look(*place)
                count += 1
                yield from self.changes()
        self._all_now = False
        yield Rested(at=ledger.now(), looked=count, wait_s=round(self._left(), 3))

    def forever(self, wait: Callable[[float], None] = time.sleep) -> Iterator[Happened]:
        """The same until it is interrupted; in between, what others do and what runs out is told."""
        while True:
            yield from self.once()
            written = self._written()
            while (left := self._left()) > 0:
                wait(min(left, TICK))
                if (now := self._written()) != written:
                    written = now
                    yield from self.changes()
            yield from self.changes()

    def changes(self) -> Iterator[Change]:
        """What is in another state than it was; plans and phases that are new are only remembered."""
        before, self._known = self._known, dict(self._states())
        for (plan, key), standing in self._known.items():
            was = before.get((plan, key))
            if was is not None and was.state != standing.state:
                phase = self._phases[plan, key]
                yield Change(
                    at=ledger.now(),
                    plan=plan,
                    phase=phase.idx,
                    key=key,
                    title=phase.title,
                    was=was.state,
                    state=standing.state,
                    reason=standing.reason,
                )

    def _states(self) -> Iterator[tuple[_Place, Standing]]:
        project, found = self._project, []
        self._phases = {}
        with project.snapshot():
            for plan in self._plans or reversed(open_plans.ids(self._project.db)):
                seen = overview.look(project.db, project.root, project.settings, plan)
                for phase, standing in zip(seen.plan.phases, seen.standings):
                    self._phases[plan, phase.key] = phase
                    found.append(((plan, phase.key), standing))
        return iter(found)

    def _written(self) -> int:
        """A number that is another one when another process has written to the store."""
        return int(self._project.db.execute("PRAGMA data_version").fetchone()[0])

    def _left(self) -> float:
        """Seconds until something is due."""
        now = time.time()
        return max(
            0.0, min((self._due_at(each) - now for each in self._phases), default=self._every)
        )

    def _is_due(self, place: _Place) -> bool:
        return self._due_at(place) <= time.time()

    def _due_at(self, place: _Place) -> float:
        """When a phase is to be looked at: `every` after the last time, and when its proof runs out."""
        phase, now = self._phases[place], time.time()
        if phase.mark not in _PROVEN or not phase.required:
            return now + self._every
        if self._all_now and place not in self._looked:
            return now
        last = self._looked.setdefault(place, self._last_run(place))
        if last > now:
            return now  # the clock was set back since
        until = phase.mark_rests.get("until", "") if phase.mark in SATISFIED else ""
        ends = _seconds(until)
        return ends if last < ends < last + self._every else last + self._every

    def _last_run(self, place: _Place) -> float:
        row = self._project.db.execute(
            "SELECT last_run FROM phases WHERE plan = ? AND key = ?", place
        ).fetchone()
        return _seconds(json.loads(row["last_run"])["at"]) if row and row["last_run"] else 0.0

    def _look(self, plan: str, key: str) -> Looked:
        phase = self._phases[plan, key]
        wanted = Wanted(plan=plan, index=phase.idx, actor=self._actor)
        try:
            found = _consumed(verifying.verify(self._project, wanted))
        except IntegrityProblem:
            raise
        except TodoError as problem:
            verdict = "busy" if problem.kind == Kind.BUSY else "error"
            return self._told(phase, plan, verdict, problem.message)
        finally:
            self._looked[plan, key] = time.time()
        if found.refusal is None:
            return self._told(phase, plan, "passed", "")
        verdict = "failed" if isinstance(found.refusal, Refused) else "error"
        return self._told(phase, plan, verdict, found.refusal.message)

    def _told(self, phase: Phase, plan: str, verdict: str, message: str) -> Looked:
        return Looked(plan=plan, phase=phase.idx, key=phase.key, verdict=verdict, message=message)


def _consumed(running: Attempting) -> Attempted:
    """What a run returns; its programs are ended however it ends."""
    try:
        while True:
            next(running)
    except StopIteration as end:
        found: Attempted = end.value
        return found
    finally:
        running.close()


def _seconds(text: str) -> float:
    """A stored moment as seconds since 1970; 0 for none."""
    if not text:
        return 0.0
    try:
        return datetime.fromisoformat(text).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        return 0.0
