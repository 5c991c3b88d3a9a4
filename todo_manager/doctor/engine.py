"""Engines and other machines: this machine's, and every host of the open plans; which kinds they enable."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from todo_manager import checks, plans
from todo_manager.canonical import Tree, encode
from todo_manager.checks.base import Check
from todo_manager.checks.placed import HostCheck, PlacedCheck
from todo_manager.definition import asks_engine, host_of
from todo_manager.doctor.base import Finding, Place, ok, problem, warning
from todo_manager.engines.address import LOCAL, EngineAddress, engine_address, local_engine
from todo_manager.engines.engine import Engine, Unreachable
from todo_manager.errors import Unevaluated
from todo_manager.hosts.elsewhere import Elsewhere
from todo_manager.hosts.places import From
from todo_manager.plans import Plan
from todo_manager.processes.client import Cancel
from todo_manager.shellword import word

_SECONDS = 5.0
"""How long each machine may take for each answer; all are asked at once."""
_NO_PROBES = "; it probes health only where systemd runs: elsewhere a check of health is an error"
"""What Podman cannot, although its socket is Docker's."""
_OPEN = "SELECT id FROM plans WHERE closed = 0 AND archived IS NULL ORDER BY seq DESC"


class _Host(Struct, kw_only=True):
    """A machine as one plan describes it, or several in the same way."""

    name: str
    described: dict[str, Tree]
    plan: str = ""
    """The newest open plan that has it; empty for this machine where none describes it."""
    engine_for: str = ""
    """An open plan with a check that asks its engine."""
    login_for: str = ""
    """An open plan with a check that looks over its ssh."""


def look(place: Place) -> Iterator[Finding]:
    """One line for each engine, and one for each login."""
    found = [_Host(name=LOCAL, described={})]
    if place.db is not None:
        opened = [plans.load(place.db, row["id"]) for row in place.rows(_OPEN)]
        found = _hosts(opened) or found
    with ThreadPoolExecutor(max_workers=min(32, len(found))) as pool:
        for told in pool.map(lambda host: _told(place.root or place.start, host), found):
            yield from told


def _hosts(opened: Iterable[Plan]) -> list[_Host]:
    """This machine first, then the hosts of the plans, each once for every way it is described."""
    found: dict[str, _Host] = {}
    for plan in opened:
        for name, described in {LOCAL: {}, **plan.names.hosts}.items():
            assert isinstance(described, dict)
            host = _Host(name=name, described=described, plan=plan.id if described else "")
            host = found.setdefault(encode([name, described]), host)
            _mark_used(host, plan)
    return sorted(found.values(), key=lambda host: host.name != LOCAL)


def _mark_used(host: _Host, plan: Plan) -> None:
    for phase in plan.phases:
        for tree in [*phase.verify, *(each for part in phase.parts for each in part)]:
            if host_of(tree) != host.name:
                continue
            if asks_engine(tree):
                host.engine_for = host.engine_for or plan.id
            elif host.name != LOCAL:
                host.login_for = host.login_for or plan.id


def _told(root: Path, host: _Host) -> list[Finding]:
    """What there is to say of one machine; nothing of what a plan does not say."""
    cancel = Cancel()
    machine = _Machine(root, host, cancel)
    try:
        found = []
        if host.name == LOCAL or "docker" in host.described:
            found.append(machine.engine_finding())
        if "ssh" in host.described:
            found.append(machine.login_finding())
        return found
    finally:
        machine.elsewhere.close()
        cancel.close()


class _Machine:
    """One host, asked as checks ask it."""

    def __init__(self, root: Path, host: _Host, cancel: Cancel) -> None:
        self.host = host
        self.elsewhere = Elsewhere(root, {host.name: host.described}, self._engine, cancel)

    def engine_finding(self) -> Finding:
        host, name = self.host, f"engine {self.host.name}"
        try:
            with self._engine(host.name, _SECONDS) as engine:
                version = engine.ask(engine.api.version)
                said = f"{_product(version)}, called {engine.name.name}, {engine.address}"
                beside = _NO_PROBES if said.startswith("Podman") else ""
                return ok(name, f"{self._of()}{said}: for {', '.join(_enabled())}{beside}")
        except Unreachable as why:
            return _unreachable(name, str(why), host.engine_for, _engine_hint(self._address()))

    def login_finding(self) -> Finding:
        host, name = self.host, f"ssh {self.host.name}"
        login = str(host.described["ssh"])
        try:
            with self.elsewhere.files(From(host=host.name), _SECONDS) as files:
                files.info("/")
        except (Unreachable, OSError) as why:
            return _unreachable(name, str(why), host.login_for, f"ssh {word(login)} true")
        return ok(name, f"{self._of()}{login}: for {', '.join(_looking())}")

    def _of(self) -> str:
        return f"of {self.host.plan}: " if self.host.plan else ""

    def _address(self) -> EngineAddress:
        docker = str(self.host.described.get("docker", ""))
        return engine_address(docker) if docker else local_engine()

    def _engine(self, name: str, seconds: float) -> Engine:
        return Engine(
            name,
            self._address(),
            seconds,
            name=str(self.host.described.get("name", "")),
            reach=lambda shell: self.elsewhere.socket_to_engine(name, shell, seconds),
        )


def _product(version: object) -> str:
    """Who made the engine, and which one it is: `Docker 20.10.24`, `Podman Engine 4.3.1`."""
    if not isinstance(version, dict) or not version.get("Version"):
        raise Unreachable("it answers without a version")
    components = version.get("Components") or [{}]
    name = str(components[0].get("Name", "Engine"))
    return f"{'Docker' if name == 'Engine' else name} {version['Version']}"


def _enabled() -> list[str]:
    """The kinds that ask an engine, and the parameters by which others do."""
    kinds = [kind for kind in sorted(checks.KINDS) if checks.load(kind).asks_engine]
    return [*kinds, f"`inside` of {', '.join(_of_family(PlacedCheck))}"]


def _looking() -> list[str]:
    """The kinds that look at a host, and those that do from one."""
    kinds = [kind for kind in sorted(checks.KINDS) if checks.load(kind).names_host]
    return [*kinds, f"`host` of {', '.join(_of_family(HostCheck))}"]


def _of_family(base: type[Check]) -> list[str]:
    return [kind for kind in sorted(checks.KINDS) if issubclass(checks.load(kind), base)]


def _unreachable(name: str, why: str, plan: str, hint: str) -> Finding:
    """It is a problem where a check of an open plan looks there, for `done` will end with 5."""
    if not plan:
        return warning(name, f"{why}; no check of an open plan asks it", hint)
    hint = f"{hint}; then: todo_manager verify {word(plan)}"
    return problem(name, Unevaluated(f"{why}; {plan} has a check that asks it", hint=hint))


def _engine_hint(address: EngineAddress) -> str:
    if address.context:
        return "docker context ls"
    if address.shell:
        return f"ssh {word(str(address.shell))} docker version"
    ignored = os.environ.get("DOCKER_HOST", "")
    if ignored and ignored != str(address):
        return f"name it in the plan, DOCKER_HOST is not looked at: hosts: {{local: {{docker: {word(ignored)}}}}}"
    return f"docker -H {word(str(address))} version"
