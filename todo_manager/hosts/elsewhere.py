"""The other places of one run: other machines by ssh, containers by their engine."""

from __future__ import annotations

import copy
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from todo_manager.canonical import Tree
from todo_manager.checks.base import Ran
from todo_manager.engines.address import LOCAL, Shell, shell_address
from todo_manager.engines.containers import Container, NotOne, find
from todo_manager.engines.engine import Engine, Unreachable
from todo_manager.engines.ssh import COMMAND
from todo_manager.engines.subjects import Subject, of_container
from todo_manager.hosts.container_files import ContainerFiles
from todo_manager.hosts.errands import Errand, RemoteFigures, RemoteFiles, errand
from todo_manager.hosts.figures import Figures
from todo_manager.hosts.files import Files
from todo_manager.hosts.login import Login
from todo_manager.hosts.netns import open_network
from todo_manager.hosts.network import ContainerNetwork, Network
from todo_manager.hosts.places import From, SomeFigures, SomeFiles, SomeNetwork
from todo_manager.hosts.pool import BEGIN, Pool
from todo_manager.hosts.relay import ALIVE, RemoteNetwork, pumped
from todo_manager.processes.client import Cancel, Tell

WAY = 2 * BEGIN + ALIVE
"""Seconds the way to another place may take in all, beside what is asked there."""
_TEXT = 2**20


class Elsewhere:
    """Made for a run, closed with it. Everything raises Unreachable when a place cannot be looked from."""

    def __init__(
        self,
        root: Path,
        hosts: Mapping[str, Tree],
        engine: Callable[[str, float], Engine],
        cancel: Cancel,
    ) -> None:
        """`hosts` is the plan's mapping of them; paths in it are from the project's root."""
        self._root = root
        self._hosts = hosts
        self._engine = engine
        self._cancel = cancel
        self._saw: Callable[[Subject], None] = lambda _: None
        self._pool = Pool()
        self._machines: dict[str, str] = {}
        self._naming = threading.Lock()

    def close(self) -> None:
        self._pool.close()

    def telling(self, saw: Callable[[Subject], None]) -> Elsewhere:
        """The same, which tells from inside which containers was looked."""
        found = copy.copy(self)
        found._saw = saw
        return found

    def socket_to_engine(self, host: str, shell: Shell, seconds: float) -> socket.socket:
        """A socket that leads to the engine of the machine at a shell."""
        channel, give_back = self._pool.open(self._login(host, shell), seconds)
        try:
            channel.settimeout(seconds)
            channel.exec_command(COMMAND)
        except BaseException as problem:
            give_back()
            reason = str(problem) or type(problem).__name__
            raise Unreachable(f"the engine of {host} cannot be reached: {reason}") from None
        return pumped(channel, give_back)

    @contextmanager
    def files(self, place: From, seconds: float) -> Iterator[SomeFiles]:
        """The files of a place, for so many seconds."""
        if place.here:
            yield Files()
        elif place.container:
            with self._engine(place.host, seconds) as engine:
                yield ContainerFiles(engine, self._container(engine, place), seconds)
        else:
            login = self._login_of(place.host)
            with errand(self._pool, login, {"errand": "files"}, seconds) as under_way:
                yield RemoteFiles(under_way)

    @contextmanager
    def figures(self, place: From, seconds: float) -> Iterator[SomeFigures]:
        """What a machine is and has, asked for so many seconds."""
        if place.here:
            yield Figures()
        else:
            login = self._login_of(place.host)
            with errand(self._pool, login, {"errand": "figures"}, seconds) as under_way:
                yield RemoteFigures(under_way)

    def first_host(self, machine_id: str, host: str) -> str:
        """The first host of this run as which a machine answered: `host`, unless it has two names."""
        with self._naming:
            return self._machines.setdefault(machine_id, host)

    @contextmanager
    def network(self, place: From, seconds: float) -> Iterator[SomeNetwork]:
        """The network of a place, for so many seconds."""
        if place.here:
            yield Network()
        elif place.container:
            with (
                self._engine(place.host, seconds) as engine,
                self._container_network(engine, place, seconds) as found,
            ):
                yield found
        else:
            request = {"errand": "network"}
            with self._remote_network(self._login_of(place.host), request, seconds) as network:
                yield network

    def run(
        self,
        place: From,
        argv: Sequence[str],
        *,
        timeout: float,
        cwd: str,
        env: Mapping[str, str],
        user: str,
        tell: Tell | None = None,
    ) -> tuple[Ran, dict[str, Any]]:
        """Run a program at a place that is not here, and what is known of it; `tell` as of `World.run`."""
        from todo_manager.hosts import container_program, remote_program

        if place.container:
            with self._engine(place.host, min(timeout, BEGIN)) as engine:
                return container_program.run(
                    engine, self._container(engine, place), argv,
                    timeout=timeout, cwd=cwd, env=env, user=user, cancel=self._cancel, tell=tell,
                )  # fmt: skip
        return remote_program.run(
            self._pool, self._login_of(place.host), argv,
            timeout=timeout, cwd=cwd, env=env, cancel=self._cancel, tell=tell,
        )  # fmt: skip

    def _container(self, engine: Engine, place: From) -> Container:
        """The container of a place; one that is not there is not known to be gone."""
        try:
            found = find(engine, place.container)
        except NotOne as problem:
            raise Unreachable(f"cannot look from inside: {problem}") from None
        self._saw(of_container(found, place.container))
        return found

    @contextmanager
    def _container_network(
        self, engine: Engine, place: From, seconds: float
    ) -> Iterator[SomeNetwork]:
        """From the engine's own machine: this one, or the one behind the host's `ssh`. As root there."""
        container = self._container(engine, place)
        if container.status != "running":
            raise Unreachable(f"the container {container.name} is {container.status}, not running")
        files = ContainerFiles(engine, container, seconds)
        texts = {
            name: _text(files, path, seconds)
            for name, path in (("resolv", "/etc/resolv.conf"), ("hosts", "/etc/hosts"))
        }
        pid = int(container.state.get("Pid") or 0)
        if login := self._beside(engine, place.host):
            request = {"errand": "network", "pid": pid, "container": container.id, **texts}

            def entered(under_way: Errand) -> None:
                try:
                    under_way.answer()
                except OSError as problem:
                    raise Unreachable(_cannot_enter(container, problem)) from None
                _same(engine, container)

            with self._remote_network(login, request, seconds, entered) as remote:
                yield remote
            return
        try:
            handle = open_network(pid, container.id)
        except OSError as problem:
            raise Unreachable(_cannot_enter(container, problem)) from None
        network = ContainerNetwork(handle, **texts)
        try:
            _same(engine, container)
            yield network
        finally:
            network.close()

    @contextmanager
    def _remote_network(
        self,
        login: Login,
        request: dict[str, Any],
        seconds: float,
        entered: Callable[[Errand], None] = lambda _: None,
    ) -> Iterator[RemoteNetwork]:
        """The network behind a login: an errand for each connection, all ended with this."""
        with ExitStack() as stack:

            def begun() -> Errand:
                found = stack.enter_context(errand(self._pool, login, request, seconds))
                entered(found)
                return found

            yield RemoteNetwork(begun(), begun)

    def _beside(self, engine: Engine, host: str) -> Login | None:
        """The login to the engine's own machine; None when that is this one."""
        if engine.address.shell:
            return self._login(host, engine.address.shell)
        return self._login_of(host) if host != LOCAL and self._described(host).get("ssh") else None

    def _described(self, host: str) -> Mapping[str, Tree]:
        found = self._hosts.get(host, {})
        return found if isinstance(found, Mapping) else {}

    def _login_of(self, host: str) -> Login:
        written = str(self._described(host).get("ssh", ""))
        if not written:
            raise Unreachable(f"the host {host} names no login: write ssh: under hosts.{host}")
        return self._login(host, shell_address(written))

    def _login(self, host: str, shell: Shell) -> Login:
        described = self._described(host)
        return Login(
            host=host,
            shell=shell,
            known_hosts=self._file(described.get("known_hosts")),
            identity=self._file(described.get("identity")),
        )

    def _file(self, written: Tree | None) -> str:
        return str(self._root / str(written)) if written else ""


def _same(engine: Engine, container: Container) -> None:
    """The number of a process that ended is given to another one."""
    now = find(engine, container.name)
    if (now.id, now.started, now.state.get("Pid")) != (
        container.id,
        container.started,
        container.state.get("Pid"),
    ):
        raise Unreachable(f"the container {container.name} was started anew meanwhile")


def _text(files: ContainerFiles, path: str, seconds: float) -> str:
    try:
        return str(files.read(path, _TEXT, whole=False, seconds=seconds).data, "utf-8", "replace")
    except FileNotFoundError:
        return ""


def _cannot_enter(container: Container, problem: OSError) -> str:
    why = problem.strerror or str(problem)
    needs = "it takes root on the engine's machine" if isinstance(problem, PermissionError) else ""
    return f"cannot enter the network of the container {container.name}: {needs or why}"
