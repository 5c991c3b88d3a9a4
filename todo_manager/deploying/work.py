"""One deployment at work: what it may use, the moments at which it may die, and how long it waits."""

from __future__ import annotations

import time
from typing import Any

from todo_manager.actions.base import Site
from todo_manager.actions.engine_action import ANSWER, Told
from todo_manager.crashpoints import point
from todo_manager.deploying.service import Service
from todo_manager.engines.doing import Unfinished
from todo_manager.engines.engine import Engine

POINTS = (
    "candidate-created",
    "candidate-started",
    "candidate-proven",
    "next-created",
    "old-stopped",
    "next-started",
    "next-proven",
    "old-renamed",
    "next-renamed",
    "previous-tagged",
    "backup-dropped",
)
"""The moments at which the tests kill a deployment, in their order; as crash points `deploy-…`."""
RESTORING = 30.0
"""Seconds that putting things back may take, whatever time is left."""


class NotRestored(Exception):
    """What served before could not be made to serve again; the message says what runs now."""

    def __init__(self, message: str, running: dict[str, Any]) -> None:
        super().__init__(message)
        self.running = running


class Work:
    """What one deployment of one service works with."""

    def __init__(
        self,
        site: Site,
        engine: Engine,
        service: Service,
        told: Told,
        deadline: float,
        within: float,
    ) -> None:
        """`within` is how many seconds a container gets until it has to be proven."""
        self.site = site
        self.engine = engine
        self.service = service
        self.told = told
        self.within = within
        self._deadline = deadline
        self._restoring = False

    def say(self, text: str) -> None:
        """Tell what was done."""
        self.told.line(text)

    def restoring(self) -> None:
        """From now on only what was is put back: neither an interrupt nor the deadline stops that."""
        self._restoring = True
        self._deadline = time.monotonic() + RESTORING

    def left(self) -> float:
        """Seconds until the deadline; raises Unfinished when there are none, or it was interrupted."""
        if not self._restoring and self.site.cancel.is_set():
            raise Unfinished("it was interrupted")
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise Unfinished("it was not through in time")
        return seconds

    def answer(self) -> float:
        """Seconds one answer may take."""
        return min(ANSWER, self.left())

    def pause(self, seconds: float) -> None:
        """Wait a little, less when interrupted."""
        if self._restoring:
            time.sleep(seconds)
        else:
            self.site.cancel.wait(seconds)


def reached(name: str) -> None:
    """Pass one of the POINTS."""
    assert name in POINTS, name
    point(f"deploy-{name}")
