"""What tests of containers share: many checks in one run, and an engine whose answers are changed."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

from engine import Engine
from support import Project

Change = Callable[[str, Any], Any]
"""Takes a path, without version and query, and the document the engine answers; returns another."""


def verdicts(place: Project, head: str, checks: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Verify all these checks in one run of one phase; their rows by check."""
    wanted = list(checks)
    id_ = f"p{len(list(place.root.glob('plans/*')))}"
    lines = "".join(f"\n  - {{{check}}}" for check in wanted)
    place.plan(id_, f"- title: T\n  verify:{lines}", head=head)
    ran = place.ask("verify", id_, 0)
    assert ran.data.get("phases"), ran  # what it says instead
    rows = {row["id"]: row for row in ran.data["phases"][0]["checks"]}
    return {check: rows[f"v{n}"] for n, check in enumerate(wanted, start=1)}


def verdict(place: Project, head: str, check: str) -> dict[str, Any]:
    """The row of one check."""
    return verdicts(place, head, [check])[check]


def problems(place: Project, check: str) -> str:
    """Why a check does not load."""
    place.plan("bad", f"- {{title: T, verify: [{{{check}}}]}}", imported=False)
    told = place.ask("lint", "plans/bad.yaml").refused("invalid_document").data["problems"]
    return "\n".join(told)


def run(engine: Engine, name: str, image: str, *options: object, command: str = "") -> str:
    """Start a container, in place of one of that name; its id. `command` is shell text."""
    engine.docker("rm", "-f", "-v", name)
    words = ["sh", "-c", command] if command else []
    ran = engine.docker("run", "-d", "--name", name, *options, image, *words)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def state(engine: Engine, name: str) -> dict[str, Any]:
    """What the engine says of the state of a container."""
    return dict(engine.api.inspect_container(name)["State"])


@contextmanager
def retold(engine: Engine, folder: Path, change: Change) -> Iterator[str]:
    """A socket that asks the engine and changes what it answers; the head of a plan that asks it.

    An exception in `change` closes the connection without an answer.
    """
    path = folder / "retold.sock"
    server = _Server(str(path), _Handler)
    server.engine, server.change = engine, change
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f'hosts: {{local: {{docker: "unix://{path}"}}}}\n'
    finally:
        server.shutdown()
        server.server_close()
        path.unlink()


class _Connection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


class _Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    engine: Engine
    change: Change

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        asked = _Connection(str(self.server.engine.socket))
        asked.request("GET", self.path)
        answer = asked.getresponse()
        body, kind = answer.read(), answer.getheader("Content-Type", "")
        asked.close()
        path = self.path.partition("?")[0]
        path = "/" + path.split("/", 2)[2] if path.startswith("/v1.") else path
        if kind == "application/json" and answer.status == 200:
            body = json.dumps(self.server.change(path, json.loads(body))).encode()
        elif "/logs" in path:
            body = self.server.change(path, body)
        self.send_response(answer.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
