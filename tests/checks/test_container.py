"""The kind `container` on a real engine: what it finds, and everything that has fooled such checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from containers import problems, retold, run, state, verdict, verdicts
from engine import Engine, free_port, until
from forked import Forked
from gated import new_project
from support import Project

from todo_manager.canonical import Scalar
from todo_manager.checks.container import shortest_watch
from todo_manager.checks.container_wanted import (
    Gpus,
    judge_gpus,
    judge_port,
    judge_privileged,
    ports,
)
from todo_manager.engines.containers import Container

pytestmark = pytest.mark.engine

SLEEP = 'CMD ["sleep", "600"]'
SOON = "stable_for: 300ms"
"""The watch has tests of its own; in the others it is short."""


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    found = new_project(tmp_path_factory.mktemp("container"))
    engine.image("web:old", "USER 10001:10001", SLEEP, "ENV RELEASE=old")
    found.write("data/file", "x")
    run(engine, "web", "web:old", "--label", "app=web", "--label", "tier=front",
        "-p", f"127.0.0.1:{PUBLISHED}:8080", "-p", "53/udp", "-v", "cache:/var/cache",
        "-v", f"{found.root}/data:/data:ro", "--tmpfs", "/scratch")  # fmt: skip
    run(engine, "web-two", "web:old", "--label", "tier=front", "--label", "app=web-two")
    engine.docker("tag", "web:old", "web:kept")
    new = engine.image("web:old", "USER 10001:10001", SLEEP, "ENV RELEASE=new")
    engine.docker("tag", new, "web:new")
    run(engine, "as-root", "web:new", "--user", "root")
    run(engine, "ended", "web:new", command="exit 0")
    run(engine, "broken", "web:new", command="exit 3")
    run(engine, "held", "web:new")
    engine.docker("pause", "held")
    # What this machine may not be able to start can be asked of a container that never was.
    for name, *options in (("fresh", "--gpus", "all"), ("mighty", "--privileged", "--user", "0"),
                           ("capable", "--cap-add", "ALL"), ("named", "--user", "app")):  # fmt: skip
        engine.docker("rm", "-f", name)
        made = engine.docker("create", "--name", name, *options, "web:new")
        assert made.returncode == 0, made.stderr
    # Its own layer has another file of users than its image: it is the container that is started.
    engine.docker("create", "--name", "alias", "--user", "app", "web:new")
    users = found.write("passwd", "app:x:0:0::/:/bin/sh\n")
    assert engine.docker("cp", users, "alias:/etc/passwd").returncode == 0
    for name in ("ended", "broken"):
        until(lambda name=name: state(engine, name)["Status"] == "exited", name)
    yield found
    engine.remove_containers()


PUBLISHED = free_port()
"""The port of this machine that stands as PORT in the checks."""
GOOD = [
    "container: web",
    f"container: app=web, {SOON}",
    f"container: web, {SOON}, runs: 'web:kept', restarts: 0, privileged: false",
    f"container: web, {SOON}, user: '10001:10001', mounts: [/data, 'cache:/var/cache', /scratch]",
    f"container: web, {SOON}, mounts: ['./data:/data:ro', '/var/cache:rw'], gpus: 0",
    f"container: web, {SOON}, ports: ['127.0.0.1:PORT:8080', 8080, 53/udp]",
    f"container: as-root, {SOON}, runs: 'web:new', user: root",
    f"container: named, {SOON}, state: created, user: {{ne: root}}",
    f"container: mighty, {SOON}, state: created, privileged: true",
    f"container: ended, {SOON}, state: exited, exit: 0",
    f"container: broken, {SOON}, state: exited, exit: 3",
    f"container: held, {SOON}, state: paused",
    f"container: fresh, {SOON}, state: created, gpus: all",
]
BAD = {
    "container: nobody": "has no container nobody",
    "container: we": "has no container we",
    "container: web-tw": "has no container web-tw",
    "container: app=nobody": "has no container with the label app=nobody",
    "container: app=we": "has no container with the label app=we",
    "container: tier=front": "2 containers have the label tier=front: web, web-two",
    "container: ended": "it is exited with 0",
    "container: held": "it is paused",
    "container: fresh": "it is created",
    "container: web, state: exited": "it is running",
    f"container: broken, {SOON}, state: exited, exit: 0": "with 3",
    f"container: web, {SOON}, runs: 'web:old'": "it runs sha256:",
    f"container: web, {SOON}, runs: 'web:gone'": "has no image web:gone",
    f"container: as-root, {SOON}, user: {{ne: root}}": "it runs as root",
    f"container: alias, {SOON}, state: created, user: {{ne: root}}": "to whom /etc/passwd gives the number 0",
    f"container: mighty, {SOON}, state: created, user: {{ne: root}}": "it runs as 0",
    f"container: mighty, {SOON}, state: created, privileged: false": "it is privileged",
    f"container: capable, {SOON}, state: created, privileged: false": "given all capabilities",
    f"container: web, {SOON}, ports: ['PORT:8080']": "127.0.0.1:PORT:8080/tcp",
    f"container: web, {SOON}, ports: ['127.0.0.2:PORT:8080']": "published are",
    f"container: web, {SOON}, ports: ['127.0.0.1:PORT:8081']": "published are",
    f"container: web, {SOON}, ports: [8080/udp]": "published are",
    f"container: web-two, {SOON}, ports: [8080]": "published are none",
    f"container: web, {SOON}, mounts: ['/data:rw']": "data:/data:ro",
    f"container: web, {SOON}, mounts: ['other:/var/cache']": "there is cache:/var/cache:rw",
    f"container: web, {SOON}, mounts: ['/var/cache:ro']": "there is cache:/var/cache:rw",
    f"container: web, {SOON}, mounts: ['./dat:/data']": "data:/data:ro",
    f"container: web, {SOON}, mounts: [/dat]": "it has mounts at /data, /scratch, /var/cache",
    f"container: web, {SOON}, gpus: all": "it was given 0",
    f"container: fresh, {SOON}, state: created, gpus: 1": "it was given all",
    f"container: web, {SOON}, healthy: true": "it has no HEALTHCHECK",
}
REFUSED = {
    "container: /web": "write the name without the slash: web",
    "container: w": "is not the name of a container",
    "container: 'a b'": "is not the name of a container",
    "container: 'app='": "is not a label",
    "container: '=web'": "is not a label",
    "container: web, state: up": "expected one of running",
    "container: web, healthy: false": "only true can be asked for",
    "container: web, state: exited, healthy: true": "only a container that is running has healthy",
    "container: web, state: exited, ports: [80]": "only a container that is running has ports",
    "container: web, exit: 0": "only a container that has exited",
    "container: web, stable_for: 30s": "watched for 30s, which its timeout does not leave",
    "container: web, timeout: 2s": "watched for 3s, which its timeout does not leave",
    "container: web, ports: [0]": "is not a port",
    "container: web, ports: ['80:99999']": "is not a port",
    "container: web, ports: ['web:80:80']": "is not a port",
    "container: web, mounts: [data]": "is not a mount",
    "container: web, mounts: ['../x:/data']": "is not a mount",
    "container: web, mounts: ['a:b:/data']": "is not a mount",
    "container: web, gpus: some": "expected a whole number",
    "container: web, host: pc9": "there is no host 'pc9'",
}


@pytest.fixture(scope="module")
def rows(place: Project, engine: Engine) -> dict[str, dict[str, Any]]:
    checks = {check: check.replace("PORT", str(PUBLISHED)) for check in (*GOOD, *BAD)}
    found = verdicts(place, engine.head(), checks.values())
    return {check: found[real] for check, real in checks.items()}


@pytest.mark.parametrize("check", GOOD)
def test_containers_that_are_as_they_should_be(rows: dict[str, Any], check: str) -> None:
    row = rows[check]
    assert row["verdict"] == "passed", row
    assert len(row["facts"]["container"]["id"]) == 64
    assert row["facts"]["watched_s"] >= (0.3 if SOON in check else 3)


@pytest.mark.parametrize("check", BAD)
def test_containers_that_are_not(rows: dict[str, Any], check: str) -> None:
    row = rows[check]
    assert row["verdict"] == "failed", row
    assert BAD[check].replace("PORT", str(PUBLISHED)) in row["actual"]
    if "healthy" not in check:
        assert not row["facts"].get("watched_s"), "what is wrong at first sight is not watched"


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(place: Project, check: str) -> None:
    assert REFUSED[check] in problems(place, check)


def test_the_beginning_of_an_id_is_no_name(place: Project, engine: Engine) -> None:
    """The engine takes it for the container; nobody meant that."""
    id_ = engine.api.inspect_container("web")["Id"]
    assert verdict(place, engine.head(), f"container: '{id_}', {SOON}")["verdict"] == "passed"
    row = verdict(place, engine.head(), f"container: '{id_[:12]}', {SOON}")
    assert row["verdict"] == "failed"
    assert f"has no container {id_[:12]}" in row["actual"]


def at_look(engine: Engine, name: str, number: int, act: Any) -> tuple[Any, list[int]]:
    """A change that acts when the container is looked at for the nth time, before it is told of."""
    looks: list[int] = []

    def change(path: str, document: Any) -> Any:
        if path != f"/containers/{name}/json":
            return document
        looks.append(1)
        if len(looks) == number:
            act()
            return engine.api.inspect_container(name)
        return document

    return change, looks


def test_a_crash_loop_that_is_seen_while_it_is_up(
    place: Project, engine: Engine, tmp_path: Path
) -> None:
    run(engine, "loop", "web:new", "--restart", "always", command="sleep 0.8; exit 1")

    def wait_until_up() -> None:
        until(lambda: state(engine, "loop")["Status"] == "running", "the crash loop")

    change, looks = at_look(engine, "loop", 1, wait_until_up)
    with retold(engine, tmp_path, change) as head:
        row = verdict(place, head, "container: loop, runs: 'web:new'")
    engine.docker("rm", "-f", "loop")
    assert row["verdict"] == "failed", row
    assert len(looks) > 1
    assert "restart" in row["actual"]


SUDDEN = {
    "restart -t 0 sudden": "it was started again",
    "pause sudden": "it became paused",
    "rm -f sudden": "has no container sudden",
    "kill sudden": "it became exited",
}


@pytest.mark.parametrize("words", SUDDEN)
def test_a_container_that_changes_while_it_is_watched(
    place: Project, engine: Engine, tmp_path: Path, words: str
) -> None:
    run(engine, "sudden", "web:new")

    def act() -> None:
        assert engine.docker(*words.split()).returncode == 0

    looks = 0

    def change(path: str, document: Any) -> Any:
        nonlocal looks
        looks += path == "/containers/sudden/json"
        if looks == 2:
            act()
        return document

    with retold(engine, tmp_path, change) as head:
        row = verdict(place, head, "container: sudden, runs: 'web:new'")
    assert row["verdict"] == "failed", row
    assert SUDDEN[words] in row["actual"]
    assert looks > 1


def test_another_container_that_takes_the_place_of_the_one_watched(
    place: Project, engine: Engine, tmp_path: Path
) -> None:
    run(engine, "sudden", "web:new")
    change, _ = at_look(engine, "sudden", 2, lambda: run(engine, "sudden", "web:new"))
    with retold(engine, tmp_path, change) as head:
        row = verdict(place, head, "container: sudden, runs: 'web:new'")
    assert row["verdict"] == "failed", row
    assert "another container took its place" in row["actual"]


def test_an_engine_that_ends_while_it_is_asked(
    place: Project, engine: Engine, tmp_path: Path
) -> None:
    looks = 0

    def change(path: str, document: Any) -> Any:
        nonlocal looks
        looks += path == "/containers/web/json"
        if looks > 2:
            raise ConnectionError
        return document

    with retold(engine, tmp_path, change) as head:
        row = verdict(place, head, "container: web")
    assert row["verdict"] == "error", row
    assert "does not answer" in row["message"]


SILENT = {
    "container: web, privileged: false": "error",
    "container: web, gpus: 0": "error",
    "container: web, restarts: 0": "error",
    "container: web, user: '10001:10001'": "error",
    "container: ended, state: exited, exit: 0": "failed",
}


@pytest.mark.parametrize("check", SILENT)
def test_an_engine_that_does_not_say(
    place: Project, engine: Engine, tmp_path: Path, check: str
) -> None:
    """What is left out of its answer is never taken for no, none or 0."""

    def change(path: str, document: Any) -> Any:
        if path == "/containers/web/json":
            del document["HostConfig"]["Privileged"], document["HostConfig"]["DeviceRequests"]
            if "privileged" not in check and "gpus" not in check:
                del document["RestartCount"]
        if path == "/containers/ended/json":
            del document["State"]["ExitCode"]
        return document

    with retold(engine, tmp_path, change) as head:
        row = verdict(place, head, f"{check}, {SOON}")
    assert row["verdict"] == SILENT[check], row


@pytest.mark.parametrize(
    "check", ["container: web, stable_for: 300ms", "health: probed", "log: probed, contains: said"]
)
def test_the_engine_of_the_host_is_asked(place: Project, engine: Engine, check: str) -> None:
    probed = ("--health-cmd", "test -e /was", "--health-interval", "100ms")
    run(
        engine,
        "probed",
        "web:new",
        "--user",
        "0",
        *probed,
        command="touch /was; echo said; sleep 600",
    )
    head = (
        f'hosts: {{pc2: {{docker: "{engine.url}"}}, local: {{docker: "unix:///nowhere.sock"}}}}\n'
    )
    until(lambda: state(engine, "probed")["Health"]["Log"], "a probe")
    found = verdicts(place, head, [check, f"{check}, host: pc2"])
    assert [row["verdict"] for row in found.values()] == ["error", "passed"]


def test_an_engine_that_is_not_there_is_an_error(place: Forked) -> None:
    head = 'hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n'
    row = verdict(place, head, "container: web")
    assert row["verdict"] == "error"
    assert "does not answer" in row["message"]


def test_how_long_a_container_is_watched() -> None:
    """Twice the delay before its next restart; a run of ten seconds makes that the shortest again."""
    assert [shortest_watch(n) for n in (0, 1, 4, 5, 9, 1000)] == [3, 3, 3.2, 6.4, 10, 10]


def given(**host_config: Any) -> Container:
    attrs = {"HostConfig": host_config, "Config": {"Env": ["NVIDIA_VISIBLE_DEVICES=0,GPU-b"]}}
    return Container(host="local", name="gpu", id="0", attrs=attrs)


def test_a_container_whose_gpus_nobody_tells() -> None:
    assert judge_gpus(given(), Gpus(count=0)).verdict == "error"


@pytest.mark.parametrize(
    ("wanted", "config", "so"),
    [
        (Gpus(count=2), {"DeviceRequests": [{"Count": 2, "Capabilities": [["gpu"]]}]}, True),
        (Gpus(count=2), {"DeviceRequests": [{"Count": 1, "Capabilities": [["gpu"]]}]}, False),
        (Gpus(count=1), {"DeviceRequests": [{"Count": 1, "Capabilities": [["tpu"]]}]}, False),
        (Gpus(count=-1), {"DeviceRequests": [{"DeviceIDs": ["nvidia.com/gpu=all"]}]}, True),
        (Gpus(ids=frozenset("01")),
         {"DeviceRequests": [{"DeviceIDs": ["1", "0"], "Capabilities": [["gpu"]]}]}, True),
        (Gpus(count=2), {"Runtime": "nvidia"}, True),
        (Gpus(ids=frozenset(["0", "GPU-b"])), {"Runtime": "nvidia"}, True),
        (Gpus(count=2), {"Runtime": "runc"}, False),
        (Gpus(count=0), {"Runtime": "nvidia"}, False),
    ],
)  # fmt: skip
def test_gpus_by_request_and_by_runtime(wanted: Gpus, config: dict[str, Any], so: bool) -> None:
    """No machine of the tests has any, so what an engine says of them is written down here."""
    assert (
        judge_gpus(given(**{"DeviceRequests": None, **config}), wanted).verdict == "passed"
    ) is so


def test_a_container_in_the_network_of_its_machine_publishes_nothing() -> None:
    (port,) = ports(Scalar("8080"))
    judgement = judge_port(given(NetworkMode="host"), port)
    assert judgement.verdict == "failed"
    assert "it uses the network of its machine" in judgement.actual


def test_privileged_in_every_way_it_is_said() -> None:
    for config in ({"Privileged": True}, {"Privileged": False, "CapAdd": ["cap_all"]}):
        assert judge_privileged(given(**config), False).verdict == "failed"
    assert (
        judge_privileged(given(Privileged=False, CapAdd=["NET_ADMIN"]), False).verdict == "passed"
    )
