"""`deploy` killed at each of its moments: the next one finds what is left, and puts it right."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from engine import Engine, until
from gated import new_project
from services import Client, Gate, Web, bad, good

import todo_manager
from todo_manager.deploying.work import POINTS

pytestmark = pytest.mark.engine
SERVING_WITHIN = 10.0
"""Seconds after the next deployment begins in which something has to serve again."""


@pytest.fixture(scope="module")
def web(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Web:
    """One service for all: each kill finds what the one before was repaired to."""
    place = new_project(tmp_path_factory.mktemp("killed"))
    for version in "12":
        good(engine, version)
    found = Web(place, engine)
    found.deploy("1")
    return found


def test_every_moment_has_a_name() -> None:
    folder = Path(todo_manager.__file__).parent / "deploying"
    code = "\n".join(file.read_text() for file in folder.glob("*.py"))
    assert set(re.findall(r'reached\("([a-z-]+)"\)', code)) == set(POINTS)


@pytest.mark.parametrize("point", POINTS)
def test_killed(web: Web, point: str) -> None:
    before = web.version()
    after = "2" if before == "1" else "1"
    client = Client(web)
    with client.polling():
        process = web.start(after, point)
        process.communicate(timeout=60)
        assert process.returncode == -9
        left = web.names()
        began = time.monotonic()
        repairing = web.start(after)
        until(web.version, "some version", SERVING_WITHIN)
        took = time.monotonic() - began
        _, err = repairing.communicate(timeout=60)
    assert repairing.returncode == 0, err
    assert (web.version(), web.names()) == (after, [web.container])
    print(
        f"\n{point}: left {', '.join(left)}; served {took:.2f} s after the next one began; "
        f"{client.lost} of {client.asked} lost, longest gap {client.longest:.2f} s"
    )


def test_a_first_one_killed_before_it_was_proven(engine: Engine, web: Web) -> None:
    first = Web(web.place, engine)
    first.start("1", "next-created").communicate(timeout=60)
    assert first.names() == [f"{first.container}-next"]
    first.deploy("2")
    assert (first.version(), first.names()) == ("2", [first.container])


def test_one_killed_in_its_place_that_does_not_serve(engine: Engine, web: Web) -> None:
    """It passed beside and was killed in its place, where it is no good: the old one serves again."""
    gate, version = Gate(), "k"
    page = '{"status": "ok", "version": "k"}'
    command = "wget -q -O /dev/null $GATE/k && exec httpd -f -p 8080 -h /www"
    bad(engine, version, command, **{"www/health": page})
    other = Web(web.place, engine, env=f'{{GATE: "{gate.url(engine)}"}}')
    other.deploy("1")
    gate.left = {"k": 1}
    other.start("k", "next-started").communicate(timeout=60)
    assert other.version() == ""
    began = time.monotonic()
    process = other.start("gone")
    until(other.version, "the old one", SERVING_WITHIN)
    print(f"\nserved {time.monotonic() - began:.2f} s after the next one began")
    process.communicate(timeout=60)
    assert (process.returncode, other.version(), other.names()) == (1, "1", [other.container])
    gate.close()
