"""The action `rollback` and the kind `rollback_ready` on a real engine: taken back, and shown to be so."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest
from containers import problems
from engine import Engine
from forked import Forked
from gated import new_project
from services import Client, Gate, Web, bad, good

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Forked:
    for version in "123":
        good(engine, version)
    return new_project(tmp_path_factory.mktemp("rollback"))  # type: ignore[return-value]


@pytest.fixture
def web(place: Forked, engine: Engine) -> Web:
    """A service at version 2 that ran version 1 before."""
    engine.remove_containers()
    found = Web(place, engine)
    found.deploy("1")
    found.deploy("2")
    return found


def image(engine: Engine, reference: str) -> str:
    return str(engine.api.inspect_image(reference)["Id"])


def test_a_drill(web: Web, engine: Engine) -> None:
    """Taken back, brought forward again: only then it is known that it could be taken back."""
    assert (web.ready()["verdict"], web.ready()["actual"]) == ("failed", "the ledger has seen none")
    client = Client(web)
    with client.polling():
        row = web.rollback("2")
    print(f"\nrollback: {client.lost} of {client.asked} lost, longest gap {client.longest:.2f} s")
    assert web.version() == "1"
    facts = row["facts"]
    assert (facts["from"], facts["image"]) == (image(engine, "svc:2"), image(engine, "svc:1"))
    assert "no image" in json.dumps(web.ready()) or "none is recorded" in web.ready()["actual"]
    again = web.rollback("2")
    assert (again["facts"]["already"], web.version()) == (True, "1")
    web.deploy("2")
    ready = web.ready()
    assert ready["verdict"] == "passed", ready
    assert ready["facts"]["drill"]["seconds"] == facts["seconds"]
    assert web.names() == [web.container]


def checked(web: Web, check: str) -> dict[str, Any]:
    """The row of a check of the service, in a plan of its own."""
    id_ = f"c{len(list(web.place.root.glob('plans/*')))}"
    subject = f"rollback_ready: {web.plan}/web"
    web.place.plan(id_, f"- {{title: T, verify: [{{{subject}{check}}}]}}", head=web.engine.head())
    row: dict[str, Any] = web.place.ask("verify", id_, 0).data["phases"][0]["checks"][0]
    return row


def test_what_has_fooled_others(web: Web, engine: Engine) -> None:
    """A name that was never started, one of the new image, a drill of another image, one too slow."""
    assert checked(web, ", drill: false")["verdict"] == "passed"
    assert checked(web, "")["verdict"] == "failed"
    engine.docker("tag", "svc:2", "svc:2-prev")
    row = checked(web, ", drill: false")
    assert row["verdict"] == "failed"
    assert "both are" in row["actual"]
    engine.docker("tag", "svc:3", "svc:2-prev")
    assert "is the image that ran before" in checked(web, ", drill: false")["expected"]
    assert checked(web, ", drill: false, previous: 'svc:1'")["verdict"] == "passed"
    engine.docker("rmi", "svc:2-prev")
    assert "has no image svc:2-prev" in checked(web, ", drill: false")["actual"]
    engine.docker("tag", "svc:1", "svc:2-prev")
    web.rollback("2")
    web.deploy("2")
    assert checked(web, ", restore_within: 60s")["verdict"] == "passed"
    slow = checked(web, ", restore_within: 10ms")
    assert slow["verdict"] == "failed"
    assert "it took" in slow["actual"]
    web.deploy("3")
    assert checked(web, "")["actual"] == "the ledger has seen none"
    engine.docker("stop", web.container)
    assert "it is exited" in checked(web, ", drill: false")["actual"]


def test_a_service_nobody_deployed(place: Forked, engine: Engine) -> None:
    engine.remove_containers()
    row = checked(Web(place, engine), "")
    assert row["verdict"] == "failed"
    assert "has no container that a deployment of" in row["actual"]


def test_a_first_deployment_has_nothing_to_go_back_to(place: Forked, engine: Engine) -> None:
    web = Web(place, engine)
    web.deploy("1")
    assert "none is recorded" in web.ready()["actual"]
    assert "no image is recorded" in web.rollback("1", "failed")["actual"]
    assert web.version() == "1"


def test_an_engine_that_does_not_answer_is_an_error(web: Web) -> None:
    web.place.plan("far", "- {title: T, verify: [{rollback_ready: web, host: pc9}]}",
                   head='hosts: {pc9: {docker: "unix:///nowhere.sock"}}\n')  # fmt: skip
    web.place.ask("done", "far", 0).refused("check_error")


def test_a_ledger_that_was_written_over_is_no_evidence(web: Web) -> None:
    web.rollback("2")
    web.deploy("2")
    assert web.ready()["verdict"] == "passed"
    with sqlite3.connect(web.place.root / ".todo_manager" / "store.db") as db:
        db.execute("DROP TRIGGER ledger_no_update")
        found = db.execute("SELECT seq, body FROM ledger WHERE body LIKE '%rollback%' "
                           "AND event = 'ran' ORDER BY seq DESC").fetchone()  # fmt: skip
        changed = found[1].replace('"seconds":', '"seconds":0.0001,"was":', 1)
        db.execute("UPDATE ledger SET body = ? WHERE seq = ?", (changed, found[0]))
    ran = checked_directly(web)
    with sqlite3.connect(
        web.place.root / ".todo_manager" / "store.db"
    ) as db:  # the others' store too
        db.execute("UPDATE ledger SET body = ? WHERE seq = ?", (found[1], found[0]))
    assert ran["verdict"] == "error"
    assert "does not have the hash it carries" in ran["actual"]


def checked_directly(web: Web) -> dict[str, Any]:
    """The check by itself: every verb would refuse such a store before."""
    from todo_manager.checks.rollback_ready import RollbackReady
    from todo_manager.engines.address import engine_address
    from todo_manager.engines.engine import Engine as Asked
    from todo_manager.engines.subjects import Images

    class World:
        root = web.place.root
        image = Images().image

        def saw(self, subject: object) -> None:
            pass

    check = RollbackReady(subject=f"{web.plan}/web")
    with Asked("local", engine_address(web.engine.url), 30) as engine:
        found = check.look(World(), engine, 30)  # type: ignore[arg-type]
    return {"verdict": found.verdict, "actual": found.actual}


WRONG = {
    "rollback_ready: web, drill: false, restore_within: 3s": "restore_within is about a drill",
    "rollback_ready: web, previous: 'A B'": "is not the name of an image",
}


@pytest.mark.parametrize("check", WRONG)
def test_checks_that_do_not_load(place: Forked, check: str) -> None:
    assert WRONG[check] in problems(place, check)


def test_a_rollback_that_fails_says_what_runs(place: Forked, engine: Engine) -> None:
    """The previous image does not serve any more: it is 5, and the present one was not touched."""
    gate = Gate()
    page = '{"status": "ok", "version": "b1"}'
    command = "wget -q -O /dev/null $GATE/b1 && exec httpd -f -p 8080 -h /www"
    bad(engine, "b1", command, **{"www/health": page})
    web = Web(place, engine, env=f'{{GATE: "{gate.url(engine)}"}}')
    gate.left = {"b1": 2}
    web.deploy("b1")
    web.deploy("2")
    client = Client(web)
    with client.polling():
        row = web.rollback("2", "not_restored")
    assert (client.lost, web.version(), web.names()) == (0, "2", [web.container])
    assert "was not taken back" in row["actual"]
    assert row["facts"]["running"][web.container]["status"] == "running"
    gate.close()


def test_an_image_that_is_gone(web: Web, engine: Engine) -> None:
    present = engine.api.inspect_container(web.container)["Image"]
    for name in ("svc:1", "svc:2-prev"):
        engine.docker("rmi", "-f", name)
    row = web.rollback("2", "failed")
    assert "to go back to" in row["actual"]
    assert engine.api.inspect_container(web.container)["Image"] == present
    good(engine, "1")
