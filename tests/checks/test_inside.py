"""`inside:` of command, http, tcp and file on a real engine: they look as the container does, or say why not."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from containers import verdict, verdicts
from engine import Engine, until
from forked import NOBODY, Forked
from gated import new_project

pytestmark = pytest.mark.engine

HEALTH = '{"status": "ok"}'


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forked]:
    """Two containers in a network of their own: `in-web` serves, `in-client` looks."""
    engine.image(
        "inside:1",
        'CMD ["httpd", "-f", "-p", "127.0.0.1:8081", "-h", "/www"]',
        files={"www/health": HEALTH, "data/small": "word\n", "data/empty": ""},
    )
    engine.docker("network", "create", "inner")
    engine.docker("run", "-d", "--name", "in-web", "--network", "inner", "inside:1", "httpd", "-f",
                  "-p", "8080", "-h", "/www")  # fmt: skip
    ran = engine.docker("run", "-d", "--name", "in-client", "--network", "inner", "--label", "role=c",
                        "--tmpfs", "/memory", "--env", "MODE=live", "--user", "10001:10001",
                        "--workdir", "/data", "inside:1")  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    engine.docker("run", "-d", "--name", "in-stopped", "inside:1", "true")
    engine.docker("run", "-d", "--name", "in-paused", "inside:1")
    engine.docker("exec", "-u", "0", "in-client", "sh", "-c",
                  "ln -s /data /link; ln -s /nowhere /dead; echo x > /memory/x; chmod 600 /data/small; touch /data/small")  # fmt: skip
    engine.docker("pause", "in-paused")
    until(lambda: engine.docker("inspect", "-f", "{{.State.Running}}", "in-stopped").stdout == "false\n",
          "the end of in-stopped")  # fmt: skip
    yield new_project(tmp_path_factory.mktemp("inside"))  # type: ignore[misc]
    engine.docker("unpause", "in-paused")
    engine.docker("rm", "-f", "in-web", "in-client", "in-stopped", "in-paused")
    engine.docker("network", "rm", "inner")


PASSED = [
    "command: [id, -u], stdout: {equals: '10001'}",
    "command: [id, -u], user: '0', stdout: {equals: '0'}",
    "command: [env], stdout: {contains: [MODE=live, WORD=a b]}, env: {WORD: a b}",
    "command: [ls], stdout: {contains: small}",
    "command: [ls], cwd: /, stdout: {contains: [www, data]}",
    "command: ['false'], exit: 1",
    "command: [sh, -c, 'echo no >&2; exit 3'], exit: 3, stderr: {equals: 'no'}",
    "command: [wget, -qO-, 'http://in-web:8080/health'], stdout: {json: {status: ok}}",
    "http: 'http://in-web:8080/health', json: {status: ok}",
    "http: 'http://127.0.0.1:8081/health', json: {status: ok}",
    "http: 'http://localhost:8081/health', json: {status: ok}",
    "tcp: 'in-web:8080', send: \"GET /health HTTP/1.0\\r\\n\\r\\n\", expect: '200 OK'",
    "tcp: '127.0.0.1:8080', listening: false",
    "file: /data/small, contains: [word], mode: 600, owner: root",
    "file: /link/small, contains: [word]",
    "file: /data/empty, min_size: 0",
    "file: '/data/*', min_size: 0, count: 2",
    "file: /data, count: 2",
    "file: /data/small, newer_than: /data/empty, max_age: 1d",
    "file: /data/nothing, exists: false",
    "file: /no/such/folder, exists: false",
]
FAILED = {
    "command: ['false']": "exited 1",
    "command: [cat, /etc/passwd], stdout: {contains: nobody-here}": "stdout",
    "http: 'http://in-web:8080/none'": "status 404",
    "http: 'http://in-web:8080/health', json: {status: down}": "ok",
    "http: 'http://in-web:1/'": "connection refused",
    "http: 'http://127.0.0.1:8080/health'": "connection refused",
    "tcp: 'in-web:1'": "connection refused",
    "tcp: '127.0.0.1:8081', listening: false": "accepted a connection",
    "file: /data/empty": "it holds 0 B",
    "file: /data/nothing": "does not exist",
    "file: /dead": "does not exist",
    "file: /data/small, exists: false": "there: /data/small",
    "file: /data/small, lacks: [word]": "in it",
    "file: /data/small, owner: app": "it belongs to user 0",
    "file: /data/small, mode: 644": "it has 0600",
}
ERRORS = {
    "command: [no-such-program]": "could not be started",
    "command: 'echo a | grep b'": "could not be started",
    "command: [sh, -c, 'kill -9 $$']": "killed by signal 9",
    "command: [id], user: nobody-here": "nobody-here",
    "http: 'http://no-such-name:8080/'": "the name does not resolve",
    "tcp: 'no-such-name:1', listening: false": "the name does not resolve",
    "file: /memory/x": "no engine shows what the container sees below /memory",
    "file: /proc/version, exists: false": "no engine shows what the container sees below /proc",
    "file: /data/small, owner: nobody-here": "no user nobody-here",
}
BROKEN = {
    "in-stopped": "the container in-stopped is exited, not running",
    "in-paused": "the container in-paused is paused, not running",
    "in-none": "local has no container in-none",
    "in-clien": "local has no container in-clien",
}
EACH = ["command: [id]", "http: 'http://127.0.0.1:1/'", "tcp: '127.0.0.1:1', listening: false",
        "file: /nothing, exists: false"]  # fmt: skip

Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def rows(place: Forked, engine: Engine) -> Rows:
    """Every check of the lists above, from inside in-client."""
    found: Rows = {}
    for written in (
        PASSED,
        FAILED,
        ERRORS,
    ):  # all in one run are more than a busy machine does in time
        inside = [f"{check}, inside: in-client" for check in written]
        found |= zip(written, verdicts(place, engine.head(), inside).values())
    return found


@pytest.mark.parametrize("check", PASSED)
def test_what_holds_inside(rows: Rows, check: str) -> None:
    assert rows[check]["verdict"] == "passed", rows[check]["actual"]


@pytest.mark.parametrize("check", FAILED)
def test_what_does_not(rows: Rows, check: str) -> None:
    assert rows[check]["verdict"] == "failed", rows[check]
    assert FAILED[check] in rows[check]["actual"]


@pytest.mark.parametrize("check", ERRORS)
def test_what_could_not_be_looked_at(rows: Rows, check: str) -> None:
    assert rows[check]["verdict"] == "error", rows[check]
    assert ERRORS[check] in rows[check]["actual"], rows[check]["actual"]


@pytest.mark.parametrize("name", BROKEN)
def test_containers_from_which_nothing_can_be_seen(
    place: Forked, engine: Engine, name: str
) -> None:
    """They are only the way, so nothing is known, and nothing is taken for absent."""
    for row in verdicts(
        place, engine.head(), [f"{each}, inside: {name}" for each in EACH]
    ).values():
        assert row["verdict"] == "error", row
        assert BROKEN[name] in row["actual"], row["message"]


def test_an_engine_that_is_not_there(place: Forked) -> None:
    head = 'hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n'
    for row in verdicts(place, head, [f"{each}, inside: in-web" for each in EACH]).values():
        assert row["verdict"] == "error", row
        assert "the engine of local (unix:///nowhere/docker.sock)" in row["actual"]


def test_a_container_by_its_label(place: Forked, engine: Engine) -> None:
    check = "command: [id, -u], stdout: {equals: '10001'}, inside: role=c"
    assert verdict(place, engine.head(), check)["verdict"] == "passed"


def running(engine: Engine, container: str, mark: str) -> list[str]:
    return [line for line in engine.docker("top", container).stdout.splitlines() if mark in line]


@pytest.mark.parametrize("limit", ["30s", "6s"])
def test_nothing_is_left_behind(place: Forked, engine: Engine, limit: str) -> None:
    mark = f"27{limit[:-1]}18.28"
    wait = "echo done" if limit == "30s" else "sleep 60"
    check = f"command: [sh, -c, '(sleep {mark} &); {wait}'], timeout: {limit}, inside: in-client"
    row = verdict(place, engine.head(), check)
    assert row["verdict"] == ("passed" if limit == "30s" else "error"), row
    assert row["facts"]["leaked"] >= 1
    assert limit == "30s" or "it was still running after 6s" in row["actual"]
    assert not running(engine, "in-client", mark)


def test_without_root_a_container_s_network_is_not_entered(
    place: Forked, engine: Engine, tmp_path: Path
) -> None:
    """Its own verdict would be that of another network."""
    importlib.import_module("docker")  # nobody may not read where it lies
    project = new_project(tmp_path)
    assert isinstance(project, Forked)
    project.uid = NOBODY
    engine.socket.chmod(0o666)
    for folder in (engine.folder, *engine.folder.parents, tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o011)
    for path in [project.root, *project.root.rglob("*")]:
        path.chmod(0o777)
    checks = [f"{each}, inside: in-web" for each in EACH[1:3]]
    for row in verdicts(project, engine.head(), checks).values():
        assert row["verdict"] == "error", row
        assert "it takes root on the engine's machine" in row["actual"], row["message"]
