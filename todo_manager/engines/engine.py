"""One engine, asked through the Docker SDK. What it does not have and what it cannot answer are told apart.

Importing the SDK costs more than most checks, so it is imported with the first question.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from todo_manager import importing
from todo_manager.engines.address import EngineAddress, Shell, of_context


class Absent(Exception):
    """The engine looked, and it has no such thing (404)."""


class Unreachable(Exception):
    """The engine could not be asked, or did not answer as engines do; the verdict is error."""


class EngineName(Struct, frozen=True, kw_only=True):
    """Which engine answered."""

    host: str
    """The name the plan gives its machine."""
    name: str
    """What the engine calls its machine."""
    address: str


class Engine:
    """A connection to one engine. Close it, or use it in a `with`."""

    def __init__(
        self,
        host: str,
        address: EngineAddress,
        timeout: float,
        *,
        name: str = "",
        reach: Callable[[Shell], socket.socket] | None = None,
    ) -> None:
        """Connect. `timeout` is in seconds for each answer, `name` what the engine must call itself.

        `reach` gives a socket that leads to the engine behind a shell.
        Raises Unreachable, naming the host, when nothing answers there or another machine does.
        """
        self.host = host
        self.address = _resolved(host, address)
        self._reach = reach
        self._timeout = timeout
        self.api: Any = self.ask(self._connect)
        try:
            found = str(self.ask(self.api.info).get("Name", ""))
            if name and found != name:
                raise Unreachable(f"{self._place()} is the machine {found!r}, not {name!r}")
        except BaseException:
            self.close()
            raise
        self.name = EngineName(host=host, name=found, address=str(self.address))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        api = getattr(self, "api", None)
        if api is not None:
            api.close()

    def ask(self, question: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Call a method of the SDK. Raises Absent for a 404, Unreachable for everything else."""
        importing.docker_client()
        import requests
        from docker import errors

        try:
            return question(*arguments, **options)
        except errors.NotFound as problem:
            raise Absent(_said(problem)) from None
        except errors.APIError as problem:
            raise Unreachable(f"{self._place()} answered: {_said(problem)}") from None
        except (
            errors.DockerException,
            requests.RequestException,
            OSError,
            KeyError,
            ValueError,
        ) as problem:
            raise Unreachable(f"{self._place()} does not answer: {_reason(problem)}") from None

    def image(self, reference: str) -> dict[str, Any]:
        """What the engine knows of an image; raises Absent, Unreachable."""
        found = self.ask(self.api.inspect_image, reference)
        if not isinstance(found, dict) or not found.get("Id"):
            raise Unreachable(f"{self._place()} describes the image {reference} without an id")
        return found

    def container(self, name: str) -> dict[str, Any]:
        """What the engine knows of the container with exactly this name or id.

        Raises Absent, Unreachable.
        """
        found = self.ask(self.api.inspect_container, name)
        if not isinstance(found, dict) or not found.get("Id"):
            raise Unreachable(f"{self._place()} describes the container {name} without an id")
        return found

    def _place(self) -> str:
        return f"the engine of {self.host} ({self.address})"

    def _connect(self) -> Any:
        """A client that speaks the engine's own version; nothing stays open when it does not answer."""
        if self.address.shell is None:
            _knock(self.address.socket, self._timeout)
        from docker import APIClient
        from docker.constants import DEFAULT_DOCKER_API_VERSION

        version = DEFAULT_DOCKER_API_VERSION
        for _ in range(2):
            client = APIClient(base_url=self._url(), version=version, timeout=self._timeout)
            client.trust_env = False
            self._lead(client)
            try:
                found = str(client.version(api_version=False)["ApiVersion"])
            except BaseException:
                client.close()
                raise
            if found == version or _newer(found, version):
                return client
            client.close()
            version = found
        raise OSError("it changes the version of its interface from one answer to the next")

    def _url(self) -> str:
        return f"unix://{self.address.socket or '/behind/ssh'}"

    def _lead(self, client: Any) -> None:
        """Have the client of an engine behind ssh use sockets that lead there."""
        shell, reach = self.address.shell, self._reach
        if shell is None:
            return
        if reach is None:
            raise Unreachable(f"{self._place()} is behind ssh, which is not available here")
        from todo_manager.engines import ssh

        ssh.mounted(client, lambda: reach(shell), self._timeout)


def _knock(path: str, timeout: float) -> None:
    """Connect and hang up; OSError when nobody listens. The SDK would leave such a socket open."""
    with socket.socket(socket.AF_UNIX) as found:
        found.settimeout(timeout)
        found.connect(path)


def _newer(one: str, other: str) -> bool:
    return [int(part) for part in one.split(".")] > [int(part) for part in other.split(".")]


def _resolved(host: str, address: EngineAddress) -> EngineAddress:
    if not address.context:
        return address
    try:
        return of_context(address.context, Path.home())
    except (LookupError, ValueError) as problem:
        raise Unreachable(f"{host}: {problem}") from None


def _said(problem: Any) -> str:
    return " ".join(str(problem.explanation or problem).split())[:300]


def _reason(problem: BaseException) -> str:
    """The innermost reason: `No such file or directory` says more than the SDK's wrapping."""
    seen: BaseException = problem
    while True:
        inner = seen.__cause__ or seen.__context__
        if inner is None or inner is seen:
            break
        seen = inner
    if isinstance(seen, OSError) and seen.strerror:
        return seen.strerror
    return " ".join(str(seen).split())[:300] or type(seen).__name__
