"""The action `stop`: end a container."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from todo_manager.actions.base import Site
from todo_manager.actions.engine_action import ANSWER, EngineAction, Told
from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.fields import Convert
from todo_manager.engines.containers import NotOne, container_name, find
from todo_manager.engines.doing import Declined, do
from todo_manager.engines.engine import Engine


class Stop(EngineAction, frozen=True, kw_only=True):
    """Stop a container, which stays there; one that does not run is left alone.

    - stop: billing-web
      timeout: 30s
    """

    kind: ClassVar[str] = "stop"
    bounds: ClassVar[dict[str, Callable[[Tree], Any]]] = {"timeout": fields.timeout}

    subject: Annotated[str, Convert(container_name)] = ""
    """The exact name of the container, or one label as `key=value`."""
    timeout: fields.Timeout = 10.0
    """Seconds it gets to end by itself before it is killed."""

    def perform(self, site: Site, tell: Any, timeout: float) -> Any:
        # What it gets to end by itself comes on top of what the engine needs for its answers.
        return super().perform(site, tell, timeout + ANSWER)

    def act(self, site: Site, engine: Engine, told: Told, deadline: float) -> dict[str, Any]:
        grace = max(1, round(deadline - time.monotonic() - ANSWER))
        try:
            found = find(engine, self.subject)
            if found.status in ("running", "restarting", "paused"):
                engine.api.timeout = grace + ANSWER
                do(engine, engine.api.stop, found.id, timeout=grace)
                found = find(engine, found.id)
        except NotOne as problem:
            raise Declined(str(problem)) from None
        if found.status in ("running", "restarting", "paused"):
            raise Declined(f"{found.name} is still {found.status}")
        told.line(f"{found.name} is {found.status}")
        return found.facts()
