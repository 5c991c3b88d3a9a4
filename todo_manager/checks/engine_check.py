"""What the kinds that ask a Docker engine share: the host they ask, and what no answer means."""

from __future__ import annotations

from typing import Annotated, ClassVar

from todo_manager.checks import fields
from todo_manager.checks.base import Check, Outcome, World, unanswered
from todo_manager.checks.fields import Convert
from todo_manager.engines.address import LOCAL
from todo_manager.engines.engine import Engine, Unreachable


class EngineCheck(Check, frozen=True, kw_only=True):
    """A check of something on a Docker engine. An engine that does not answer is an error."""

    asks_engine: ClassVar[bool] = True

    host: Annotated[str, Convert(fields.text, expects=True)] = LOCAL
    """The host, of those under `hosts`, whose engine is asked."""

    @property
    def asked(self) -> str:
        return f"the engine of {self.host}"

    def expected(self) -> str:
        """What is wanted, for when the engine cannot be asked."""
        return f"{self.kind} {self.label()} on {self.host}"

    def look(self, world: World, engine: Engine, timeout: float) -> Outcome:
        """Look once at what the engine has. May raise Unreachable, never Absent."""
        raise NotImplementedError

    def attempt(self, world: World, timeout: float) -> Outcome:
        try:
            with world.engine(self.host, timeout) as engine:
                return self.look(world, engine, timeout)
        except Unreachable as problem:
            return unanswered(self.expected(), str(problem))
