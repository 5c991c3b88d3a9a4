"""The screen Services on a real engine: what it shows, and what its keys do after asking."""

from __future__ import annotations

import pytest
from center import at, note, rows, screen, shown, until
from engine import Engine
from gated import new_project
from services import Web, good
from textual.pilot import Pilot

from tui.screens.dialogs import Ask
from tui.screens.run import RunScreen

pytestmark = pytest.mark.engine


async def ended(pilot: Pilot[None]) -> str:
    """Wait until the run that is shown has ended; its state."""

    def over() -> bool:
        found = pilot.app.screen
        return isinstance(found, RunScreen) and found.run is not None and not found.run.going

    await until(pilot, over, 60)
    found = pilot.app.screen
    assert isinstance(found, RunScreen)
    assert found.run is not None
    return found.run.state


def test_a_service_is_deployed_and_taken_back(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    one, two = good(engine, "1"), good(engine, "2")
    web = Web(new_project(tmp_path_factory.mktemp("services")), engine)
    project = web.place
    web.deploy("1")
    for value in ("TAG=2", "FORCE_IMAGE_TAG="):
        project.run("set", web.plan, value).ok()

    async def ask(pilot: Pilot[None], key: str, *answer: str) -> None:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        assert f"target {web.plan}" in shown(pilot)
        assert f"host local ({engine.url})" in shown(pilot)
        await pilot.press(*answer)

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("s")
        await at(pilot, "services")
        await until(pilot, lambda: rows(pilot, "services"), 60)
        row = rows(pilot, "services")[0].split()
        assert row[:3] == ["running", "web", "local"]
        assert one.removeprefix("sha256:")[:12] in row
        assert "the plan wants svc:2" in note(pilot, "why")

        await ask(pilot, "D", "enter")  # cancel is the default
        await at(pilot, "services")
        assert web.version() == "1"

        await ask(pilot, "D", "tab", "enter")
        assert await ended(pilot) == "passed"
        assert web.version() == "2"
        await pilot.press("escape", "v")
        await until(pilot, lambda: two.removeprefix("sha256:")[:12] in shown(pilot), 60)
        assert one.removeprefix("sha256:")[:12] in rows(pilot, "services")[0]

        await ask(pilot, "B", "tab", "enter")
        assert await ended(pilot) == "passed"
        assert web.version() == "1"

    screen(project, test, (150, 40))
    ran = [event for event in project.events("ran") if event["plan"] == web.plan]
    kinds = [[step["kind"] for step in event["data"]["steps"]] for event in ran]
    assert kinds == [["deploy"], ["deploy"], ["rollback"]]
