"""The action `deploy` on a real engine: what serves, whatever is deployed."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from containers import run
from engine import Engine, free_port, until
from forked import Forked
from gated import new_project
from services import PROBED, Client, Gate, Web, bad, good

pytestmark = pytest.mark.engine

HTTPD = "httpd -p 8080 -h /www"


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Forked:
    for version in "12":
        good(engine, version)
    good(engine, "probed", PROBED)
    good(engine, "sick", PROBED.replace("well", "gone"))
    good(engine, "down", **{"www/health": '{"status": "down", "version": "down"}'})
    good(engine, "login", **{"www/health": "<html>please log in</html>"})
    bad(engine, "ends", "echo no database >&2; exit 3")
    bad(engine, "loops", f"{HTTPD}; sleep 1.2; exit 1", **{"www/health": '{"status": "ok"}'})
    bad(engine, "deaf", "sleep 1000")
    return new_project(tmp_path_factory.mktemp("deploy"))  # type: ignore[return-value]


@pytest.fixture
def web(place: Forked, engine: Engine) -> Web:
    engine.remove_containers()
    return Web(place, engine)


@pytest.fixture(scope="module")
def old(place: Forked, engine: Engine) -> Web:
    """A service whose version 1 is to survive whatever is deployed over it."""
    return Web(place, engine, more_ports='"127.0.0.1:${PORT}:8081"')


@pytest.fixture
def served(old: Web) -> Web:
    if old.version() != "1":
        old.deploy("1", PORT=free_port())
    return old


@pytest.fixture
def gate() -> Iterator[Gate]:
    found = Gate()
    yield found
    found.close()


def test_deployments_that_are_good(web: Web, engine: Engine) -> None:
    first = web.deploy("1")
    assert (web.version(), web.names()) == ("1", [web.container])
    assert first["facts"]["previous"] == ""
    assert not engine.api.images("svc:1-prev")
    alone = Client(web)
    with alone.polling():
        engine.docker("stop", web.container)
        engine.docker("start", web.container)
        until(web.version, "the service")
    one, two = (engine.api.inspect_image(f"svc:{tag}")["Id"] for tag in "12")
    client = Client(web)
    with client.polling():
        second = web.deploy("2")
    assert (web.version(), web.names()) == ("2", [web.container])
    assert (second["facts"]["image"], second["facts"]["previous"]) == (two, one)
    assert engine.api.inspect_image("svc:2-prev")["Id"] == one
    found = engine.api.inspect_container(web.container)
    assert found["Image"] == two
    assert not found["HostConfig"]["Privileged"]
    assert found["Config"]["Labels"]["todo_manager.service"] == "web"
    print(
        f"\ngood: {client.lost} of {client.asked} lost, longest gap {client.longest:.2f} s; "
        f"the engine's own stop and start: {alone.lost} lost, {alone.longest:.2f} s; "
        f"the switch: {second['facts']['switch_s']} s"
    )
    assert client.longest < alone.longest + 1.5
    again = web.deploy("2")
    assert again["facts"]["already"] is True
    assert engine.api.inspect_container(web.container)["Id"] == found["Id"]


BAD = {
    "sick": "is unhealthy",
    "down": 'status = "down"',
    "login": "status",
    "ends": "ended with 3 instead of serving",
    "loops": "ended with 1 instead of serving",
    "deaf": "onnection refused",
    "absent": "has no image svc:absent: build or pull it",
}


@pytest.mark.parametrize("tag", BAD)
def test_what_is_bad_never_takes_the_place(served: Web, engine: Engine, tag: str) -> None:
    before = engine.api.inspect_container(served.container)
    client = Client(served)
    with client.polling():
        row = served.deploy(tag, "failed", PORT=free_port())
    print(f"\n{tag}: {client.lost} of {client.asked} lost, longest gap {client.longest:.2f} s")
    assert BAD[tag] in row["actual"], row
    assert (client.lost, served.version(), served.names()) == (0, "1", [served.container])
    assert engine.api.inspect_container(served.container)["Id"] == before["Id"]
    if tag == "ends":
        assert "no database" in served.said()


def test_a_port_of_another_process_is_seen_before_anything_is_touched(
    served: Web, engine: Engine
) -> None:
    client = Client(served)
    with client.polling(), socket.create_server(("127.0.0.1", 0)) as other:
        row = served.deploy("2", "failed", PORT=other.getsockname()[1])
    assert "another process has the port 127.0.0.1:" in row["actual"]
    assert (client.lost, served.version(), served.names()) == (0, "1", [served.container])


def test_a_port_of_another_container_is_named(served: Web, engine: Engine) -> None:
    port = free_port()
    run(engine, "squatter", "svc:1", "-p", f"127.0.0.1:{port}:8080")
    row = served.deploy("2", "failed", PORT=port)
    engine.docker("rm", "-f", "squatter")
    assert "the container squatter has the port" in row["actual"]
    assert served.version() == "1"


@pytest.mark.parametrize("suffix", ["-candidate", "-next", "-backup"])
def test_names_that_somebody_else_has(served: Web, engine: Engine, suffix: str) -> None:
    """Also one that is labelled as if it were of another plan is not touched."""
    name = served.container + suffix
    marks = ("--label", "todo_manager.service=web", "--label", "todo_manager.plan=other")
    foreign = run(engine, name, "svc:1", *(marks if suffix == "-next" else ()))
    row = served.deploy("2", "failed", PORT=free_port())
    assert "it is left alone" in row["actual"]
    assert engine.api.inspect_container(name)["Id"] == foreign
    assert served.version() == "1"
    engine.docker("rm", "-f", name)


def test_a_foreign_container_is_refused_and_never_removed(web: Web, engine: Engine) -> None:
    foreign = run(engine, web.container, "svc:1", command="sleep 1000")
    assert "was not made by a deployment" in web.deploy("1", "failed")["actual"]
    assert "was not made by a deployment" in web.rollback("1", "failed")["actual"]
    found = engine.api.inspect_container(web.container)
    assert (found["Id"], found["State"]["Status"]) == (foreign, "running")


def test_a_first_deployment_that_is_bad_leaves_nothing(web: Web) -> None:
    web.deploy("down", "failed")
    assert web.names() == []


WANTING = {
    'networks: "[nowhere]"': "has no network nowhere",
    "env_file: none.env": "there is no file none.env",
    "outside: ''": "nothing could show that web serves",
    "outside: '{http: \"http://127.0.0.1:9/health\"}'": "publishes no port 9",
    "env: '{A: \"${TOKEN}\"}'": "TOKEN, which the service web uses, has no value",
}


@pytest.mark.parametrize("what", WANTING)
def test_what_is_wanting_is_said_before(place: Forked, engine: Engine, what: str) -> None:
    key, _, value = what.partition(": ")
    web = Web(place, engine, **{key: value.strip("'\"").replace("\\", "")})
    row = web.deploy("1", "error" if key == "env" else "failed")
    assert WANTING[what] in row["actual"], row
    assert web.names() == []


def test_a_service_the_plan_does_not_have(place: Forked, engine: Engine) -> None:
    """It is refused when the plan is read; where it goes away later, so is every step that names it."""
    declared = f"{engine.head()}services: {{NAME: {{image: x, container: xx}}}}\n"
    phase = "- {title: T, steps: [{deploy: web}], verify: [{file: a}]}"
    wrong = declared.replace("NAME", "wbe")
    place.plan("typo", phase, head=wrong, imported=False)
    (told,) = place.ask("import", "plans/typo.yaml").refused("invalid_document").data["problems"]
    assert "phases[0].steps[0]: there is no service 'web' (did you mean wbe?)" in told
    assert "plans/typo.yaml:" in told
    place.plan("typo", phase, head=declared.replace("NAME", "web"))
    place.plan("typo", phase, head=wrong, imported=False)
    ran = place.ask("exec", "typo", 0, "--run").refused("definition_changed")
    assert "there is no service 'web'" in ran.error["message"]


def test_a_service_that_is_needed_has_to_run(place: Forked, engine: Engine) -> None:
    web = Web(place, engine, needs="[db]}, db: {image: x, container: somewhere")
    assert "it needs db: local has no container somewhere" in web.deploy("1", "failed")["actual"]


def test_an_engine_that_does_not_answer_is_an_error(place: Forked, engine: Engine) -> None:
    web = Web(place, engine, host="pc9")
    row = web.deploy("1", "error")
    assert "the engine of pc9 (unix:///nowhere.sock) does not answer" in row["actual"]


def test_variables_networks_and_probes(place: Forked, engine: Engine) -> None:
    """The secret reaches the container and nothing that is kept."""
    engine.docker("network", "create", "back")
    place.write("web.env", "A=file\nB=file\n")
    env = '{B: own, T: "${TOKEN}"}'
    web = Web(place, engine, env_file="web.env", env=env, networks="[back]", outside="")
    ran = place.run(*web.words(0, "probed"), json=True, env={"TOKEN": "hush-hush-9"}).ok()
    found = engine.api.inspect_container(web.container)
    assert {"A=file", "B=own", "T=hush-hush-9"} <= {*found["Config"]["Env"]}
    assert web.container in found["NetworkSettings"]["Networks"]["back"]["Aliases"]
    assert found["State"]["Health"]["Status"] == "healthy"
    assert "hush-hush" not in ran.out + web.said()
    assert b"hush-hush" not in place.store_bytes()
    engine.docker("rm", "-f", web.container)
    engine.docker("network", "rm", "back")


def test_a_build_comes_first_and_a_pin_goes_without(place: Forked, engine: Engine) -> None:
    place.write("site/Dockerfile", "FROM svc:1\nENV BUILT=1\n")
    web = Web(place, engine, build="{context: site}")
    web.deploy("built")
    assert "BUILT=1" in engine.api.inspect_container(web.container)["Config"]["Env"]
    row = web.deploy("never", FORCE_IMAGE_TAG="2")
    assert row["facts"]["pinned_by"] == "FORCE_IMAGE_TAG"
    assert row["facts"]["pin"] == "2"
    assert row["facts"]["reference"] == "svc:2"
    assert web.version() == "2"
    assert not engine.api.images("svc:never")
    assert place.events("ran")[-1]["data"]["inputs"]["FORCE_IMAGE_TAG"] == "2"


def test_a_build_gets_the_time_that_policy_gives_builds(
    place: Forked, engine: Engine, tmp_path: Path
) -> None:
    """Also one that is part of a deployment, and also one that never stops talking."""
    project = new_project(tmp_path)
    project.write("policy.yaml", "actions: {deploy: {}, rollback: {}, build: {timeout: 2s}}\n")
    project.write("site/Dockerfile", "FROM svc:1\nRUN yes\n")
    web = Web(project, engine, build="{context: site}")
    began = time.monotonic()
    row = web.deploy("endless", "error")
    assert "it was not through in time and was given up" in row["actual"]
    assert time.monotonic() - began < 20
    assert not engine.api.images("svc:endless")


def test_a_pin_of_the_step(place: Forked, engine: Engine) -> None:
    web = Web(place, engine, 'pin: "1"', networks="")
    assert web.deploy("2")["facts"]["pinned_by"] == "pin"
    assert web.version() == "1"


def test_a_service_that_is_made_anew(place: Forked, engine: Engine) -> None:
    """Nothing is tried beside, so a bad one costs the time until the old one serves again."""
    web = Web(place, engine, "strategy: recreate")
    web.deploy("1")
    client = Client(web)
    with client.polling():
        row = web.deploy("ends", "failed")
    assert "-next is in a crash loop" in row["actual"] or "-next ended with 3" in row["actual"]
    assert client.lost
    assert (web.version(), web.names()) == ("1", [web.container])
    assert web.deploy("2")["facts"]["strategy"] == "recreate"
    assert web.version() == "2"


def gated(place: Forked, engine: Engine, gate: Gate) -> Web:
    """A service whose containers serve only if the gate lets them; version g1 serves."""
    for version in ("g1", "g2"):
        page = f'{{"status": "ok", "version": "{version}"}}'
        command = f"wget -q -O /dev/null $GATE/{version} && exec {HTTPD} -f"
        bad(engine, version, command, **{"www/health": page})
    web = Web(place, engine, env=f'{{GATE: "{gate.url(engine)}"}}')
    gate.left = {"g1": 2}
    web.deploy("g1")
    return web


def test_one_that_fails_in_its_place_only(place: Forked, engine: Engine, gate: Gate) -> None:
    web = gated(place, engine, gate)
    before = engine.api.inspect_container(web.container)["Id"]
    gate.left = {"g1": 1, "g2": 1}
    row = web.deploy("g2", "failed")
    assert f"{web.container}-next is in a crash loop" in row["actual"]
    assert "server returned error" in web.said()
    assert web.version() == "g1"
    assert engine.api.inspect_container(web.container)["Id"] == before
    assert web.names() == [web.container]


def test_one_that_cannot_be_put_back_says_what_runs(
    place: Forked, engine: Engine, gate: Gate
) -> None:
    web = gated(place, engine, gate)
    gate.left = {"g2": 1}
    row = web.deploy("g2", "not_restored")
    assert "could not be put back" in row["actual"]
    assert f"{web.container} (" in row["actual"]
    assert row["facts"]["running"][web.container]["image"]
    gate.left = {"g2": 9}
    web.deploy("g2")
    assert (web.version(), web.names()) == ("g2", [web.container])


def test_an_old_one_that_does_not_serve_is_no_hindrance(web: Web, engine: Engine) -> None:
    web.deploy("1")
    engine.docker("stop", web.container)
    web.deploy("2")
    assert (web.version(), web.names()) == ("2", [web.container])


def test_a_backup_that_was_forgotten(web: Web, engine: Engine) -> None:
    web.deploy("1")
    id_ = engine.api.inspect_container(web.container)["Id"]
    labels = engine.api.inspect_container(web.container)["Config"]["Labels"]
    words = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    run(engine, f"{web.container}-backup", "svc:1", *words)
    web.deploy("1")
    assert web.names() == [web.container]
    assert engine.api.inspect_container(web.container)["Id"] == id_


def test_two_at_once(web: Web, engine: Engine) -> None:
    web.deploy("1")
    process = web.start("2")
    until(lambda: f"{web.container}-candidate" in web.names(), "the candidate")
    other = web.place.ask("exec", web.plan, 1, "--run", *web.words(0, "1")[4:])
    assert "the deployment of" in other.refused("step_error").data["steps"][0]["actual"]
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert web.version() == "2"


@pytest.mark.parametrize("when", ["-candidate", "-next"])
def test_ctrl_c_leaves_the_old_one_serving(web: Web, when: str) -> None:
    web.deploy("1")
    process = web.start("2")
    until(lambda: web.container + when in web.names(), when)
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    until(web.version, "some version", 10)
    if when == "-candidate":
        assert (web.version(), web.names()) == ("1", [web.container])
    web.deploy("2")
    assert (web.version(), web.names()) == ("2", [web.container])
