"""What the kinds share that can look at or from other places: a host, or the inside of a container."""

from __future__ import annotations

from typing import Annotated

from todo_manager.checks import fields
from todo_manager.checks.base import Check
from todo_manager.checks.fields import Convert
from todo_manager.engines.address import LOCAL
from todo_manager.engines.containers import container_name
from todo_manager.hosts.elsewhere import WAY
from todo_manager.hosts.places import From
from todo_manager.model import Verdict


class AwayCheck(Check, frozen=True, kw_only=True):
    """A check that looks from some place. A place that cannot be looked from is an error."""

    @property
    def place(self) -> From:
        """Where it looks from."""
        raise NotImplementedError

    @property
    def lasts(self) -> float:
        # The clock of what is asked starts when the place is reached.
        return self.timeout if self.place.here else self.timeout + WAY

    @property
    def asked(self) -> str:
        return "" if self.place.here else str(self.place)

    @property
    def given_up(self) -> Verdict:
        # Whoever looks from elsewhere keeps the target's time there: it is the way that was too slow.
        return self.timeout_verdict if self.place.here else Verdict.ERROR


class HostCheck(AwayCheck, frozen=True, kw_only=True):
    """A check that looks from this machine, or from a host of the plan."""

    host: Annotated[str, Convert(fields.text, expects=True)] = LOCAL
    """The host, of those under `hosts`, from which is looked: over its `ssh`."""

    @property
    def place(self) -> From:
        return From(host=self.host)


class PlacedCheck(HostCheck, frozen=True, kw_only=True):
    """A check that looks from a host, or from inside a container of its engine."""

    inside: Annotated[str, Convert(container_name, expects=True)] = ""
    """A running container of the host's engine, by exact name or label, from inside which is looked."""

    @property
    def place(self) -> From:
        return From(host=self.host, container=self.inside)
