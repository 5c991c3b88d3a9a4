"""What a deployment demands before it touches anything: networks, needed services, free ports, names."""

from __future__ import annotations

from typing import cast

from todo_manager.checks.base import World
from todo_manager.deploying import ours
from todo_manager.deploying.service import Port, service_of
from todo_manager.deploying.work import Work
from todo_manager.engines.address import LOCAL
from todo_manager.engines.containers import Container, NotOne, find
from todo_manager.engines.doing import Declined
from todo_manager.engines.engine import Absent, Unreachable
from todo_manager.hosts.network import Network
from todo_manager.hosts.places import From

_EVERYWHERE = ("", "0.0.0.0", "::")
_KNOCK = 2.0
"""Seconds after which a port that says nothing counts as free."""


def demand_networks(work: Work) -> None:
    """Every network the service is to be in is there; raises Declined."""
    for name in work.service.networks:
        try:
            work.engine.ask(work.engine.api.inspect_network, name)
        except Absent:
            raise Declined(
                f"{work.engine.host} has no network {name}: docker network create {name}"
            ) from None


def demand_needs(work: Work) -> None:
    """Every service it needs runs, and is not unhealthy; raises Declined."""
    for name in work.service.needs:
        needed = service_of(work.site, name)
        with work.site.engine(needed.host, work.answer()) as engine:
            try:
                found = find(engine, needed.container)
            except NotOne as problem:
                raise Declined(f"it needs {name}: {problem}") from None
        health = (found.state.get("Health") or {}).get("Status")
        if found.status != "running" or health == "unhealthy":
            raise Declined(f"it needs {name}, and {found.name} is {health or found.status}")


def demand_ports(work: Work, old: Container | None) -> None:
    """Nobody else has the ports; raises Declined before the old one is touched, whose ports are its own."""
    own = _held(old) if old is not None and old.status in ours.UP else set()
    for port in work.service.published():
        if port.outer is None or (port.outer, port.protocol) in own:
            continue
        if other := _container_at(work, port):
            raise Declined(
                f"the container {other} has the port {_shown(port)} of {work.engine.host}"
            )
        if port.protocol == "tcp" and _answered(work, port):
            raise Declined(f"another process has the port {_shown(port)} of {work.engine.host}")


def _held(found: Container) -> set[tuple[int, str]]:
    """The ports of the machine that a container was made to publish."""
    held = set()
    for inner, outers in (found.host_config.get("PortBindings") or {}).items():
        protocol = str(inner).partition("/")[2] or "tcp"
        for outer in outers or ():
            if number := str(outer.get("HostPort") or ""):
                held.add((int(number), protocol))
    return held


def _container_at(work: Work, port: Port) -> str:
    """The running container that publishes a port, or an empty text."""
    for row in work.engine.ask(work.engine.api.containers):
        for there in row.get("Ports") or ():
            same = (there.get("PublicPort"), there.get("Type")) == (port.outer, port.protocol)
            if same and _overlap(str(there.get("IP") or ""), port.ip):
                return str((row.get("Names") or ["?"])[0]).lstrip("/")
    return ""


def _overlap(one: str, other: str) -> bool:
    return one == other or one in _EVERYWHERE or other in _EVERYWHERE


def _answered(work: Work, port: Port) -> bool:
    """Whether somebody listens at a port of the machine. Where it cannot be looked the start will tell."""
    address = "127.0.0.1" if port.ip in _EVERYWHERE else port.ip
    assert port.outer is not None
    world = cast(World, work.site)
    try:
        if work.service.host == LOCAL:
            return _knocked(Network(), address, port.outer)
        with world.elsewhere.network(From(host=work.service.host), work.answer()) as network:
            return _knocked(cast(Network, network), address, port.outer)
    except (OSError, Unreachable):
        return False


def _knocked(network: Network, address: str, port: int) -> bool:
    for each in network.addresses(address, port, _KNOCK):
        with network.reach(each, _KNOCK, lambda sock: sock):
            return True
    return False


def _shown(port: Port) -> str:
    return f"{port.ip}:{port.outer}" if port.ip else str(port.outer)
