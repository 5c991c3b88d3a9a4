"""`doctor` and other machines: engines and logins that answer, and those that do not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from containers import retold
from engine import Engine
from forked import Forked
from machines import Machine

NOWHERE = 'hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n'
ASKS = "- {title: T, verify: [{image: 'web:1'}]}"
ASKS_NOTHING = "- {title: T, verify: [{file: a}]}"


@pytest.fixture
def place(project: Any) -> Forked:
    return Forked(project.root, Path(project.env["HOME"]))


def told(place: Forked) -> dict[str, dict[str, Any]]:
    """What doctor said of machines, by name; a problem among it must be the exit code."""
    ran = place.ask("doctor")
    problems = [each for each in ran.data["findings"] if each["level"] == "problem"]
    ran.refused(problems[0]["kind"]) if problems else ran.ok()
    return {each["name"]: each for each in ran.data["findings"]}


@pytest.mark.engine
def test_an_engine_that_answers_has_its_name_version_and_kinds(
    place: Forked, engine: Engine
) -> None:
    place.plan("p", ASKS, head=engine.head())
    found = told(place)["engine local"]
    assert found["level"] == "ok"
    version = engine.api.version()["Version"]
    name = engine.api.info()["Name"]
    assert found["said"].startswith(f"of p: Docker {version}, called {name}, {engine.url}: for ")
    for kind in ("container", "health", "image", "`inside` of command, file, http, tcp"):
        assert kind in found["said"]


@pytest.mark.engine
def test_podman_is_told_with_what_it_cannot(place: Forked, engine: Engine, tmp_path: Path) -> None:
    def change(path: str, told: Any) -> Any:
        if path.endswith("/version"):
            told["Components"], told["Version"] = [{"Name": "Podman Engine"}], "4.3.1"
        return told

    with retold(engine, tmp_path, change) as head:
        place.plan("podman", ASKS, head=head)
        said = told(place)["engine local"]["said"]
    assert "Podman Engine 4.3.1" in said
    assert said.endswith("elsewhere a check of health is an error")


def test_an_engine_that_a_check_asks_and_that_does_not_answer_is_5(place: Forked) -> None:
    place.plan("p", ASKS, head=NOWHERE)
    found = told(place)["engine local"]
    assert (found["level"], found["kind"]) == ("problem", "check_error")
    assert "unix:///nowhere/docker.sock" in found["said"]
    assert "No such file or directory; p has a check that asks it" in found["said"]
    assert found["hint"].startswith("docker -H unix:///nowhere/docker.sock version; then: ")


@pytest.mark.parametrize(
    "check",
    ["{command: [id], inside: web}", "{tcp: 'web:80', inside: web}", "{container: web}"],
)
@pytest.mark.parametrize("part", [False, True])
def test_every_way_to_ask_an_engine_counts(place: Forked, check: str, part: bool) -> None:
    verify = f"parts: [{{title: P, verify: [{check}]}}]" if part else f"verify: [{check}]"
    place.plan("p", f"- {{title: T, {verify}}}", head=NOWHERE)
    assert told(place)["engine local"]["level"] == "problem"


def test_an_engine_that_nobody_asks_is_a_warning(place: Forked) -> None:
    place.plan("p", ASKS_NOTHING, head=NOWHERE)
    found = told(place)["engine local"]
    assert found["level"] == "warning"
    assert found["said"].endswith("no check of an open plan asks it")


def test_archived_plans_ask_nothing(place: Forked) -> None:
    place.plan("p", ASKS, head=NOWHERE)
    place.run("archive", "p").ok()
    assert "nowhere" not in told(place)["engine local"]["said"]


def test_the_same_host_is_told_once_and_another_of_its_name_too(place: Forked) -> None:
    for id_, socket in (("one", "/a.sock"), ("two", "/a.sock"), ("three", "/b.sock")):
        head = f'hosts: {{pc2: {{docker: "unix://{socket}"}}}}\n'
        place.plan(id_, ASKS_NOTHING, head=head)
    said = [each["said"] for each in place.ask("doctor").data["findings"]
            if each["name"] == "engine pc2"]  # fmt: skip
    assert len(said) == 2
    assert any("unix:///a.sock" in each for each in said)
    assert any("unix:///b.sock" in each for each in said)


@pytest.mark.engine
def test_an_engine_of_another_machine_than_the_plan_names(place: Forked, engine: Engine) -> None:
    head = f'hosts: {{pc2: {{docker: "{engine.url}", name: somebody-else}}}}\n'
    place.plan("p", "- {title: T, verify: [{image: 'web:1', host: pc2}]}", head=head)
    found = told(place)["engine pc2"]
    assert found["level"] == "problem"
    assert "not 'somebody-else'" in found["said"]


def test_a_context_that_does_not_exist_is_not_the_local_engine(place: Forked) -> None:
    head = 'hosts: {pc2: {docker: "context:far"}}\n'
    place.plan("p", "- {title: T, verify: [{image: 'web:1', host: pc2}]}", head=head)
    found = told(place)["engine pc2"]
    assert (found["level"], found["hint"][:17]) == ("problem", "docker context ls")
    assert "no Docker context far" in found["said"]


@pytest.mark.ssh
def test_a_login(place: Forked, pc2: Machine) -> None:
    check = "{command: [hostname], host: pc2}"
    place.plan("p", f"- {{title: T, verify: [{check}]}}", head=pc2.head(docker=""))
    found = told(place)
    assert "engine pc2" not in found
    assert found["ssh pc2"]["level"] == "ok"
    assert found["ssh pc2"]["said"].startswith(
        f"of p: root@127.0.0.1:{pc2.port}: for machine, `host` of "
    )
    place.plan(
        "q", f"- {{title: T, verify: [{check}]}}", head=pc2.head(docker="", identity="/none")
    )
    rows = [each for each in place.ask("doctor").data["findings"] if each["name"] == "ssh pc2"]
    assert [each["level"] for each in rows] == ["problem", "ok"]
    assert "q has a check that asks it" in rows[0]["said"]


def test_machines_that_do_not_answer_are_asked_at_once(place: Forked, silent: list[str]) -> None:
    hosts = ", ".join(f'pc{n}: {{docker: "{url}"}}' for n, url in enumerate(silent))
    place.plan("p", ASKS_NOTHING, head=f"hosts: {{{hosts}}}\n")
    begun = time.monotonic()
    found = told(place)
    assert time.monotonic() - begun < 15
    assert all(found[f"engine pc{n}"]["level"] == "warning" for n in range(len(silent)))


@pytest.fixture
def silent(tmp_path: Path) -> Any:
    """Engines that take connections and say nothing."""
    import socket

    sockets = []
    for n in range(6):
        found = socket.socket(socket.AF_UNIX)
        found.bind(str(tmp_path / f"{n}.sock"))
        found.listen()
        sockets.append(found)
    yield [f"unix://{tmp_path / f'{n}.sock'}" for n in range(6)]
    for found in sockets:
        found.close()
