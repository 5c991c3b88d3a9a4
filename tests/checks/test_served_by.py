"""`served_by:` of http and tcp: who really answered, on a real engine with its proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from containers import retold, run, verdicts
from engine import Engine, free_port, until
from forked import Forked
from gated import new_project

pytestmark = pytest.mark.engine

HEALTH = '{"status": "ok"}'


@pytest.fixture(scope="module")
def ports(engine: Engine) -> Iterator[dict[str, int]]:
    """Containers that serve, that publish a port with nothing behind it, and that serve nothing."""
    engine.image("served:1", files={"www/health": HEALTH})
    # Engines side by side share their default bridge, and give out its addresses twice.
    engine.docker("network", "create", "served")
    found = {name: free_port() for name in ("sv-web", "sv-dead", "sv-other")}
    serving = "exec httpd -f -p 8080 -h /www"
    run(
        engine,
        "sv-web",
        "served:1",
        "--network",
        "served",
        "-p",
        f"127.0.0.1:{found['sv-web']}:8080",
        command=serving,
    )
    run(
        engine,
        "sv-other",
        "served:1",
        "--network",
        "served",
        "-p",
        f"{found['sv-other']}:8080",
        command=serving,
    )
    run(engine, "sv-dead", "served:1", "--network", "served", "-p", f"127.0.0.1:{found['sv-dead']}:8080",
        command="sleep 1000")  # fmt: skip
    run(engine, "sv-host", "served:1", "--network", "host", command="sleep 1000")
    run(engine, "sv-gone", "served:1", command="true")
    for name in ("sv-web", "sv-other"):
        until(lambda name=name: "8080" in engine.docker("exec", name, "sh", "-c",  # type: ignore[misc]
              "wget -qO- http://127.0.0.1:8080/health && echo 8080").stdout, name)  # fmt: skip
    yield found
    engine.docker("rm", "-f", "sv-web", "sv-dead", "sv-other", "sv-host", "sv-gone")
    engine.docker("network", "rm", "served")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Forked:
    return new_project(tmp_path_factory.mktemp("served"))  # type: ignore[return-value]


def own_address(engine: Engine, name: str) -> str:
    networks = engine.api.inspect_container(name)["NetworkSettings"]["Networks"]
    return str(next(iter(networks.values()))["IPAddress"])


def test_who_answers(place: Forked, engine: Engine, ports: dict[str, int], answers: Any) -> None:
    """Each row: a check, what it says, and where it says why."""
    web, dead, other = (ports[name] for name in ("sv-web", "sv-dead", "sv-other"))
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" + HEALTH.encode() + b"\n"
    ours = answers(page).port
    address = own_address(engine, "sv-web")
    health = "json: {status: ok}"
    asked = "send: \"GET /health HTTP/1.0\\r\\n\\r\\n\", expect: '200 OK'"
    rows = {
        f"http: 'http://127.0.0.1:{web}/health', {health}, served_by: sv-web": ("passed", ""),
        f"http: 'http://localhost:{other}/health', {health}, served_by: sv-other": ("passed", ""),
        f"http: 'http://{address}:8080/health', {health}, served_by: sv-web": ("passed", ""),
        f"http: 'http://127.0.0.1:{web}/none', status: 404, served_by: sv-web": ("passed", ""),
        f"tcp: '127.0.0.1:{web}', {asked}, served_by: sv-web": ("passed", ""),
        f"tcp: '127.0.0.1:{web}', served_by: sv-web": ("passed", ""),
        # The proxy accepts with nothing behind it.
        f"tcp: '127.0.0.1:{dead}', served_by: sv-dead": ("failed", "connection refused"),
        # Another container, or a process of this machine, has the port.
        f"http: 'http://127.0.0.1:{other}/health', {health}, served_by: sv-web": (
            "failed", "sv-web does not publish 127.0.0.1"),
        f"http: 'http://127.0.0.1:{ours}/health', {health}, served_by: sv-web": (
            "failed", "sv-web does not publish 127.0.0.1"),
        f"tcp: '{address}:8080', {asked}, served_by: sv-other": (
            "failed", "is no address of"),
        f"tcp: '127.0.0.1:{web}', served_by: sv-gone": ("failed", "is exited, not running"),
        f"tcp: '127.0.0.1:{web}', served_by: sv-none": ("failed", "has no container sv-none"),
        f"tcp: '127.0.0.1:{web}', served_by: sv-we": ("failed", "has no container sv-we"),
        f"tcp: '127.0.0.1:{web}', served_by: sv-host": ("failed", "does not publish"),
    }  # fmt: skip
    for check, row in verdicts(place, engine.head(), rows).items():
        verdict, words = rows[check]
        assert row["verdict"] == verdict, (check, row["actual"])
        assert words in row["actual"]
        if verdict == "passed":
            assert row["facts"]["own_address"][1] == 8080


def test_another_process_on_a_published_port(
    place: Forked, engine: Engine, ports: dict[str, int], serve: Callable[..., int], http_kit: Any
) -> None:
    """The mapping names the container, but what answers says something else than the container does."""

    def talk(sock: Any) -> None:
        http_kit.request_of(sock)
        sock.sendall(http_kit.page(b'{"status": "ok", "by": "somebody"}'))

    ours = serve(talk)

    # What the engine says of its ports is changed to name ours, as where a process took the port over.
    def change(path: str, told: Any) -> Any:
        if path.endswith("/json") and isinstance(told, dict) and "NetworkSettings" in told:
            told["NetworkSettings"]["Ports"] = {
                "8080/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(ours)}]
            }
        return told

    with retold(engine, place.root.parent, change) as head:
        check = f"http: 'http://127.0.0.1:{ours}/health', json: {{by: somebody}}, served_by: sv-web"
        status = f"http: 'http://127.0.0.1:{ours}/none', served_by: sv-web"
        found = verdicts(place, head, [check, status])
    for row in found.values():
        assert row["verdict"] == "failed", row
        assert "at its own address" in row["actual"]


def test_an_engine_that_is_not_there(place: Forked, serve: Callable[..., int]) -> None:
    port = serve(lambda sock: None)
    head = 'hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n'
    check = f"tcp: '127.0.0.1:{port}', served_by: web"
    (row,) = verdicts(place, head, [check]).values()
    assert row["verdict"] == "error", row
    assert "the engine of local" in row["actual"]
