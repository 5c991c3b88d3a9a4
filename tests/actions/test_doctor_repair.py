"""`doctor` on services whose deployment was killed: it says what is left, and with --repair puts it right."""

from __future__ import annotations

import time
from typing import Any

import pytest
from containers import run
from engine import Engine, until
from gated import new_project
from services import Client, Gate, Web, bad, good

from todo_manager import locks
from todo_manager.project import STORE

pytestmark = pytest.mark.engine
SERVING_WITHIN = 10.0
"""Seconds after the repair begins in which something has to serve again."""

KILLED = {
    "candidate-started": "-candidate was left behind",
    "next-created": "-next was not brought to its end",
    "old-stopped": "does not run",
    "next-started": "-next was not brought to its end",
    "old-renamed": "-next was not brought to its end; ",
    "next-renamed": "-backup was not dropped",
}
"""Moments at which a deployment is killed, and what `doctor` then says."""


@pytest.fixture(scope="module")
def web(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Web:
    place = new_project(tmp_path_factory.mktemp("repair"))
    for version in "12":
        good(engine, version)
    found = Web(place, engine)
    found.deploy("1")
    return found


def told(web: Web, *words: str) -> list[dict[str, Any]]:
    """What doctor finds of services; its exit code is not looked at."""
    findings = web.place.ask("doctor", *words).data["findings"]
    return [each for each in findings if each["name"] in ("service web", "deployments")]


@pytest.mark.parametrize("point", KILLED)
def test_what_was_left_behind_is_put_right(web: Web, point: str) -> None:
    before = web.version()
    client = Client(web)
    with client.polling():
        process = web.start("2" if before == "1" else "1", point)
        process.communicate(timeout=60)
        assert process.returncode == -9
        left = web.names()
        (found,) = told(web)
        assert (found["level"], found["hint"]) == ("warning", "todo_manager doctor --repair")
        assert KILLED[point] in found["said"]
        assert web.names() == left
        began = time.monotonic()
        repairing = web.place.start("doctor", "--repair", "--json")
        until(web.version, "some version", SERVING_WITHIN)
        took = time.monotonic() - began
        repairing.communicate(timeout=60)
    print(f"\n{point}: left {', '.join(left)}; served {took:.2f} s after the repair began; "
          f"{client.lost} of {client.asked} lost, longest gap {client.longest:.2f} s")  # fmt: skip
    assert web.names() == [web.container]
    assert web.version() in ("1", "2")
    event = web.place.events("repaired")[-1]
    assert KILLED[point] in event["data"]["message"]
    assert event["data"]["message"].endswith("put right")
    (found,) = told(web)
    assert (found["name"], found["level"]) == ("deployments", "ok")


def test_what_is_whole_is_left_alone(web: Web, engine: Engine) -> None:
    before = engine.api.inspect_container(web.container)
    events = len(web.place.events("repaired"))
    first, second = told(web, "--repair")
    assert first["said"].endswith("nothing was left unfinished")
    assert second["name"] == "deployments"
    assert engine.api.inspect_container(web.container)["State"] == before["State"]
    assert len(web.place.events("repaired")) == events


def test_what_somebody_else_made_is_left_alone(web: Web, engine: Engine) -> None:
    foreign = run(engine, f"{web.container}-next", "svc:1")
    assert "it is left alone" in told(web)[0]["said"]
    ran = web.place.ask("doctor", "--repair").refused("not_restored")
    assert "it is left alone" in ran.error["message"]
    assert engine.api.inspect_container(f"{web.container}-next")["Id"] == foreign
    engine.docker("rm", "-f", f"{web.container}-next")


def test_one_that_is_being_deployed_is_busy(web: Web, engine: Engine) -> None:
    web.start("2" if web.version() == "1" else "1", "next-created").communicate(timeout=60)
    key, store = f"local/{web.container}", str(web.place.root / STORE)
    with locks.held(store, "\0service", key, what="a deployment", wait=0):
        web.place.ask("doctor", "--repair").refused("busy")
        assert f"{web.container}-next" in web.names()
    web.place.run("doctor", "--repair")
    assert web.names() == [web.container]


def test_one_that_cannot_be_put_right_says_so(web: Web, engine: Engine) -> None:
    """Neither the new one nor the old one serves any more."""
    gate = Gate()
    for version in ("r1", "r2"):
        page = f'{{"status": "ok", "version": "{version}"}}'
        command = f"wget -q -O /dev/null $GATE/{version} && exec httpd -f -p 8080 -h /www"
        bad(engine, version, command, **{"www/health": page})
    other = Web(web.place, engine, env=f'{{GATE: "{gate.url(engine)}"}}')
    gate.left = {"r1": 2, "r2": 2}
    other.deploy("r1")
    other.start("r2", "next-renamed").communicate(timeout=60)
    engine.docker("kill", other.container)
    ran = web.place.ask("doctor", "--repair")
    gate.close()
    error = ran.refused("not_restored").error
    assert f"{other.container} does not serve; {other.container}-backup is kept" in error["message"]
    assert other.names() == [other.container, f"{other.container}-backup"]
