"""Where services stand: what the command center shows of them, on a real engine."""

from __future__ import annotations

import contextlib

import pytest
from engine import Engine
from gated import new_project
from services import Web, good

from todo_manager import reads
from todo_manager.deploying import standing
from todo_manager.deploying.standing import Declared, Standing

pytestmark = pytest.mark.engine


def look(web: Web) -> tuple[Declared, Standing]:
    """The one service of the newest plan."""
    root = web.place.root
    with contextlib.closing(reads.open_store(str(root))) as db:
        return next(
            (declared, found)
            for declared, found in standing.look(db, root)
            if declared.plan == web.plan
        )


def test_a_service_from_its_absence_to_its_rollback(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    one, two = good(engine, "1"), good(engine, "2")
    web = Web(new_project(tmp_path_factory.mktemp("standing")), engine)
    declared, found = look(web)
    assert (declared.container, declared.deploy_phase) == (web.container, 0)
    assert declared.rollback_phase == 1
    assert (found.status, found.image, found.previous) == ("absent", "", "")
    assert f"no container {web.container}" in found.said

    web.deploy("1")
    _, found = look(web)
    assert (found.status, found.image, found.previous) == ("running", one, "")
    web.deploy("2")
    declared, found = look(web)
    assert (found.image, found.previous, found.reference) == (two, one, "svc:2")
    assert found.said == ""

    engine.docker("stop", web.container)
    assert look(web)[1].status == "exited"
    engine.docker("rm", web.container)
    engine.docker("create", "--name", web.container, "svc:1")
    _, found = look(web)
    assert found.status == "created"
    assert "was not made by a deployment" in found.said


def test_an_engine_that_is_down_is_an_error(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    engine.remove_containers()
    web = Web(new_project(tmp_path_factory.mktemp("down")), engine)
    root = web.place.root
    plan = root / "plans" / f"{web.plan}.yaml"
    text = plan.read_text().replace(f"id: {web.plan}", "id: gone").replace(".sock", ".gone")
    (root / "plans" / "gone.yaml").write_text(text)
    web.place.run("import", "plans/gone.yaml").ok()
    with contextlib.closing(reads.open_store(str(root))) as db:
        found = {each.plan: seen for each, seen in standing.look(db, root)}
    assert found["gone"].status == "error"
    assert "does not answer" in found["gone"].said
    assert found[web.plan].status == "absent"
