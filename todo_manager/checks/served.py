"""Whether it was this container that answered: by the ports it publishes, and asked at its own address.

The engine's proxy accepts connections with nothing behind it, and another process may have the port.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated, Any

from todo_manager.checks.base import Outcome, World, conclude, unanswered
from todo_manager.checks.exchange import Exchange
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert
from todo_manager.checks.placed import PlacedCheck
from todo_manager.engines.containers import Container, NotOne, container_name, find
from todo_manager.engines.engine import Engine, Unreachable
from todo_manager.engines.subjects import of_container
from todo_manager.hosts.network import Network
from todo_manager.hosts.places import SomeNetwork
from todo_manager.model import Verdict

_EVERYWHERE = ("", "0.0.0.0", "::")
_ADDRESSES = ("IPAddress", "GlobalIPv6Address")

Target = tuple[str, int]
"""An address and a port."""


class NotServing(Exception):
    """It looked, and the container is not the one that answers; the message says why."""


class ServedCheck(PlacedCheck, frozen=True, kw_only=True):
    """A check of a server, from some place, that can also say which container the server must be."""

    served_by: Annotated[str, Convert(container_name, expects=True)] = ""
    """The container of the host's engine that must be the one to answer: its published port, or its own
    address, and asked there the answer is the same."""

    def wanted(self) -> str:
        """What is expected, in one line."""
        raise NotImplementedError

    def look(self, world: World, exchange: Exchange, timeout: float) -> Outcome:
        """Look once in an exchange of `timeout` seconds. May raise Unreachable."""
        raise NotImplementedError

    @property
    def lasts(self) -> float:
        # It is asked twice, and the engine in between.
        return super().lasts * (3 if self.served_by else 1)

    def attempt(self, world: World, timeout: float) -> Outcome:
        first = self.wanted()
        try:
            outcome, peer = self._looked(world, timeout)
            if outcome.verdict != Verdict.PASSED or not self.served_by:
                return outcome
            first = f"{self.served_by} answers itself"
            target, server = own_target(world, self, peer, timeout)
            again = outcome if target == peer else self._looked(world, timeout, target)[0]
            return compared(self, outcome, again, target, server)
        except NotServing as problem:
            return conclude([Judgement(Verdict.FAILED, first, str(problem))])
        except Unreachable as problem:
            return unanswered(first, str(problem))

    def _looked(
        self, world: World, timeout: float, instead: Target | None = None
    ) -> tuple[Outcome, Target]:
        """What was found from the check's place, and at which address.

        The target has all of `timeout`: how long the way to the place took says nothing of it.
        """
        here = nullcontext(Network())
        place = here if self.place.here else world.elsewhere.network(self.place, timeout)
        with place as network:
            exchange = Exchange(timeout, network, instead)
            found = self.look(world, exchange, timeout)
            if why := network.broken or (found.verdict != Verdict.PASSED and network.silent()):
                raise Unreachable(why)
        return found, exchange.peer


def own_target(
    world: World, check: ServedCheck, peer: Target, seconds: float
) -> tuple[Target, Container]:
    """Where the container itself serves what answered at `peer`, and the container.

    That is `peer` again when it is its own address. Raises NotServing, Unreachable.
    """
    with world.engine(check.host, seconds) as engine:
        container = _running(engine, check.served_by)
        world.saw(of_container(container, check.served_by))
        networks = (container.attrs.get("NetworkSettings") or {}).get("Networks") or {}
        own = [str(n[key]) for n in networks.values() for key in _ADDRESSES if n.get(key)]
        if peer[0] in own:
            return peer, container
        with world.elsewhere.network(check.place, seconds) as network:
            _same_machine(engine, check, network)
            mine = network.owns(peer[0])
    if not mine:
        where = f"{peer[0]} is no address of {engine.name.name}, where {container.name} runs"
        raise NotServing(where)
    port = _published(container, peer)
    if not own:
        raise Unreachable(f"the container {container.name} has no address of its own to compare")
    return (own[0], port), container


def compared(
    check: ServedCheck, first: Outcome, second: Outcome, target: Target, server: Container
) -> Outcome:
    """The outcome of a check that passed, now that the same was asked at the container's own address."""
    expected = f"{check.served_by} answers itself"
    at = f"at its own address {target[0]}:{target[1]}"
    facts: dict[str, Any] = {
        **first.facts,
        "served_by": check.served_by,
        "own_address": list(target),
        "server": server.facts()["container"],
    }
    verdict, actual = second.verdict, f"{at} it answers alike"
    if verdict == Verdict.PASSED and first.facts.get("status") != second.facts.get("status"):
        verdict = Verdict.FAILED
        actual = f"{at} it answers with the status {second.facts.get('status')}"
    elif verdict != Verdict.PASSED:
        actual = f"{at}: {second.actual or second.message}"
    also = Judgement(verdict, expected, actual)
    told = Judgement(Verdict.PASSED, first.expected, first.actual)
    return conclude([told, also], facts=facts, outputs=first.outputs, message=first.message)


def _running(engine: Engine, name: str) -> Container:
    try:
        found = find(engine, name)
    except NotOne as problem:
        raise NotServing(str(problem)) from None
    if found.status != "running":
        raise NotServing(f"the container {found.name} is {found.status}, not running")
    return found


def _same_machine(engine: Engine, check: ServedCheck, network: SomeNetwork) -> None:
    """Ports are those of the engine's machine; only from there can they be compared."""
    here = network.machine()
    if engine.name.name != here:
        raise Unreachable(
            f"the engine of {check.host} calls its machine {engine.name.name}, but it was looked "
            f"from {here}: whose port answered is not known"
        )


def _published(container: Container, peer: Target) -> int:
    """The port of the container that is published where the answer came from; raises NotServing."""
    ports = (container.attrs.get("NetworkSettings") or {}).get("Ports") or {}
    there: list[str] = []
    for inner, outers in ports.items():
        for outer in outers or ():
            place = outer.get("HostIp") or ""
            there.append(f"{place}:{outer.get('HostPort')}->{inner}")
            right = inner.endswith("/tcp") and str(outer.get("HostPort")) == str(peer[1])
            if right and (place in _EVERYWHERE or place == peer[0]):
                return int(inner.partition("/")[0])
    raise NotServing(
        f"{container.name} does not publish {peer[0]}:{peer[1]}: {', '.join(there) or 'no port'}"
    )
