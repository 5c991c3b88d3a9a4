"""Checks as a plan would hold them, a project to look at, and servers on 127.0.0.1 that misbehave."""

from __future__ import annotations

import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from required import need

from todo_manager.canonical import Scalar
from todo_manager.checks.base import Check, Outcome
from todo_manager.checks.parse import parse


def tree(value: Any) -> Any:
    """A Python value as the YAML loader would give it, unquoted; a Scalar stays as it is."""
    if isinstance(value, dict):
        return {key: tree(item) for key, item in value.items()}
    if isinstance(value, list):
        return [tree(item) for item in value]
    if isinstance(value, Scalar):
        return value
    return Scalar(str(value).lower() if isinstance(value, bool) else str(value), plain=True)


def read(mapping: dict[str, Any], **names: Any) -> tuple[Check | None, list[str]]:
    """What a check mapping parses to, and every problem that was reported."""
    wrong: list[str] = []
    found = parse(tree(mapping), lambda line, path, text: wrong.append(f"{path}: {text}"), **names)
    return found, wrong


@pytest.fixture
def check() -> Callable[..., Check]:
    """A check from its mapping; fails when it does not load."""

    def make(mapping: dict[str, Any], **names: Any) -> Check:
        found, wrong = read(mapping, **names)
        assert not wrong, wrong
        assert found is not None
        return found

    return make


@pytest.fixture
def refused() -> Callable[..., str]:
    """The problems of a mapping that must not load, as one text."""

    def make(mapping: dict[str, Any], **names: Any) -> str:
        found, wrong = read(mapping, **names)
        assert found is None, f"it loaded: {found}"
        assert wrong
        return "\n".join(wrong)

    return make


@pytest.fixture
def world(tmp_path: Path) -> Any:
    """A world of which only the root is used, an empty project; nothing in it moves."""
    root = tmp_path / "project"
    root.mkdir()
    return SimpleNamespace(root=root, saw=lambda subject: None)


@pytest.fixture
def look(check: Callable[..., Check], world: Any) -> Callable[..., Outcome]:
    """What one attempt of a check mapping finds."""

    def attempt(mapping: dict[str, Any], timeout: float = 5.0) -> Outcome:
        return check(mapping).attempt(world, timeout)

    return attempt


Talk = Callable[[socket.socket], None]


class Server:
    """Answers every connection with `talk`, in a thread each; its port is free for nobody else."""

    def __init__(self, talk: Talk, family: int = socket.AF_INET) -> None:
        self._talk = talk
        self.connections: list[socket.socket] = []
        self.closing = threading.Event()
        self.socket = socket.socket(family)
        self.socket.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        self.socket.listen()
        self.port: int = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            self._talk(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self) -> None:
        self.closing.set()
        for held in [self.socket, *self.connections]:
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            held.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Start a server for `talk(connection)`; gives its port."""
    running: list[Server] = []

    def start(talk: Talk, family: int = socket.AF_INET) -> int:
        running.append(Server(talk, family))
        return running[-1].port

    yield start
    for server in running:
        server.close()


def request_of(connection: socket.socket) -> bytes:
    """The head of an http request."""
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(65536)
        if not chunk:
            break
        head += chunk
    return head


@pytest.fixture
def answers(serve: Callable[..., int]) -> Callable[..., SimpleNamespace]:
    """A web server that says the same bytes to every request; `url`, `requests` it got."""

    def start(*parts: bytes, pause: float = 0.0) -> SimpleNamespace:
        requests: list[bytes] = []

        def talk(connection: socket.socket) -> None:
            requests.append(request_of(connection))
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)

        port = serve(talk)
        return SimpleNamespace(url=f"http://127.0.0.1:{port}/", port=port, requests=requests)

    return start


def page(body: bytes = b"", status: str = "200 OK", headers: str = "") -> bytes:
    """An http answer with its length."""
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def reset(connection: socket.socket) -> None:
    """Close with a RST instead of a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of 127.0.0.1 at which nothing listens, and nothing will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue is full, so that a connection is neither accepted nor refused."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        address = deaf.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        time.sleep(0.05)
        yield int(address[1])
        for one in waiting:
            one.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A self-signed certificate for a host name, with its key in the same file."""
    need("openssl")
    folder = tmp_path_factory.mktemp("tls")

    def make(host: str) -> Path:
        key, both = folder / f"{host}.key", folder / f"{host}.pem"
        name = f"IP:{host}" if host[0].isdigit() else f"DNS:{host}"
        line = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        line += [
            "-nodes",
            "-days",
            "2",
            "-subj",
            f"/CN={host}",
            "-addext",
            f"subjectAltName={name}",
        ]
        subprocess.run([*line, "-keyout", key, "-out", both], check=True, capture_output=True)
        both.write_bytes(both.read_bytes() + key.read_bytes())
        return both

    return make


@pytest.fixture
def secure(serve: Callable[..., int]) -> Callable[..., str]:
    """An https server with a certificate file, giving the same answer to all; its URL."""

    def start(pem: Path, answer: bytes) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)

        def talk(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as wrapped:
                request_of(wrapped)
                wrapped.sendall(answer)

        return f"https://127.0.0.1:{serve(talk)}/"

    return start


@pytest.fixture
def http_kit() -> SimpleNamespace:
    """The small functions of this module that tests of other files use."""
    return SimpleNamespace(page=page, request_of=request_of, reset=reset)
