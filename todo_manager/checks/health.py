"""The kind `health`: what a container's own health probes say of it."""

from __future__ import annotations

from typing import Annotated

from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, World, conclude
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.checks.fields import Convert
from todo_manager.checks.judge_file import judged
from todo_manager.checks.probes import KEPT, facts_of, judge_health, output_of
from todo_manager.engines.containers import NotOne, container_name, find
from todo_manager.engines.engine import Engine
from todo_manager.engines.subjects import of_container


class Health(EngineCheck, frozen=True, kw_only=True):
    """A container runs, and the probes of its HEALTHCHECK say that it is healthy.

        - health: local-ai-llama
          successes: 3
          within: 60s

    The HEALTHCHECK must be able to fail, and be that of the image where the image has one. Each of the
    `successes` is a probe of its own, told apart by its start, since the container was last started;
    a probe that fails starts the count anew. Where no probe runs although one is due, it is an error.
    """

    kind = "health"

    subject: Annotated[str, Convert(container_name)] = ""
    """The exact name of a container, or a label as key=value that exactly one has."""
    status: Annotated[str, Convert(fields.one_of("healthy", "unhealthy"), expects=True)] = "healthy"
    """healthy, or unhealthy for a container that is known to be broken."""

    def problems(self) -> list[str]:
        if self.successes > KEPT:
            return [f"an engine remembers {KEPT} probes: no more successes can be asked for"]
        return []

    def lint(self) -> list[str]:
        if self.successes == 1:
            return ["one probe makes a container healthy: ask for more, like successes: 3"]
        return []

    def expected(self) -> str:
        return f"the container {self.subject} is {self.status}"

    def look(self, world: World, engine: Engine, timeout: float) -> Outcome:
        try:
            found = find(engine, self.subject)
        except NotOne as problem:
            return conclude([judged(False, self.expected(), str(problem))])
        world.saw(of_container(found, self.subject))
        return conclude(
            judge_health(engine, found, self.status, self.successes),
            facts=found.facts() | facts_of(found) | {"engine": engine.name.name},
            outputs=output_of(found),
        )
