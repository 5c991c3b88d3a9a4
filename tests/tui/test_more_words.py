"""Waivers, claims, signers and watching from the screens; keys that do nothing say so; small screens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from center import at, bar, into, lines, note, rows, screen, shown, table, until
from textual.pilot import Pilot

from tui import feed
from tui.app import CommandCenter
from tui.configured import ABOUT
from tui.screens.dialogs import Ask, Commands
from tui.screens.plan import PlanScreen
from tui.screens.run import RunScreen
from tui.widgets.log import Log
from tui.widgets.rows import Rows

PHASES = """
    - {title: Write it down, verify: [{name: there, file: a.txt}]}
    - {title: Then tell, needs: []}
"""


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "INTERVAL", 0.05)


@pytest.fixture
def shop(project: Any) -> Any:
    project.plan("shop", PHASES)
    return project


def told(pilot: Pilot[None]) -> str:
    """What was said at the edge of the screen, for a few seconds."""
    return "\n".join(each.message for each in pilot.app._notifications)


async def copied(pilot: Pilot[None], key: str) -> str:
    """What `y` copies for the key of an action."""
    await pilot.press("y")
    await until(pilot, lambda: isinstance(pilot.app.screen, Commands))
    await pilot.press(key)
    await until(pilot, lambda: not isinstance(pilot.app.screen, Commands))
    return pilot.app.clipboard


def test_a_waiver_is_asked_for_and_another_person_approves_it(shop: Any) -> None:
    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "E")
        await until(pilot, lambda: "no waiver of this phase waits" in told(pilot))
        await pilot.press("e")
        await until(pilot, lambda: "ask for a waiver of there" in shown(pilot))
        await pilot.press(*"no", "space", *"fix", "enter")
        await until(pilot, lambda: "until when may it fail" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "a waiver of there is asked for by tester" in note(pilot, "why"))
        command = "todo_manager waive shop 0 there --approve"
        assert await copied(pilot, "E") == command
        await pilot.press("E")  # a person's: the verb itself asks, on a terminal, and there is none
        await until(pilot, lambda: f"this needs a terminal: {command}" in told(pilot))
        other = ("waive", "shop", 0, "there", "--approve", "--actor", "other")
        await asyncio.to_thread(lambda: shop.person(*other).ok())
        await until(pilot, lambda: "is asked for" not in note(pilot, "why"))
        await pilot.press("h")
        await until(pilot, lambda: "todo_manager waive shop --list [exit 0]" in shown(pilot))
        assert "unused" in shown(pilot)

    screen(shop, test, (120, 30))
    (asked,) = shop.events("waiver_asked")
    assert (asked["data"]["reason"], asked["actor"]) == ("no fix", "tester")
    assert len(shop.events("waived")) == 1


def test_a_claim_is_taken_shown_and_given_back(shop: Any) -> None:
    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "u")
        await until(pilot, lambda: "nobody has claimed this phase" in told(pilot))
        await pilot.press("m")
        await until(pilot, lambda: "claimed by tester until" in note(pilot, "why"))
        assert await copied(pilot, "m") == "todo_manager claim shop 0"
        await pilot.press("u")
        await until(pilot, lambda: "claimed by" not in note(pilot, "why"))

    screen(shop, test, (120, 30))
    assert len(shop.events("claimed")) == len(shop.events("released")) == 1


def test_watching_asks_renews_regresses_and_is_stopped(shop: Any) -> None:
    shop.write("a.txt", "x")
    shop.run("done", "shop", 0).ok()
    shop.write("todo_manager.yaml", "watch: {every: 1s, hook: [touch, told]}\n")

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("W")
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        assert "todo_manager watch shop" in shown(pilot)
        assert "hook touch told" in shown(pilot)
        assert "▸ Cancel" in shown(pilot)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        log = pilot.app.screen.query_one(Log)
        await until(pilot, lambda: "passed" in log.whole)
        (shop.root / "a.txt").unlink()
        await until(pilot, lambda: "done → regressed" in log.whole)
        assert rows(pilot, "items")[0].startswith("failed")
        assert "1 failed" in bar(pilot, "state")
        app = pilot.app
        assert isinstance(app, CommandCenter)
        await pilot.press("enter", "v")  # what is watched is worked on meanwhile
        await until(pilot, lambda: len(app.runs.all) == 2)
        await pilot.press("left_square_bracket", "x")
        await until(pilot, lambda: not app.runs.all[0].going)
        assert app.runs.all[0].state == "cancelled"

    screen(shop, test, (120, 30))
    assert shop.states("shop")[0] == "regressed"
    assert (shop.root / "told").exists()
    assert len(shop.events("done")) == 1


def test_a_key_that_does_nothing_says_why(shop: Any) -> None:
    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await until(pilot, lambda: "read-only, so d is off: run the checks" in told(pilot))
        await into(pilot, "E")
        await until(pilot, lambda: "read-only, so E is off" in told(pilot))
        await pilot.press("s")
        await at(pilot, "services")
        await pilot.press("f")
        await until(pilot, lambda: "f does nothing here; on plan:" in told(pilot))
        assert isinstance(pilot.app, CommandCenter)
        assert pilot.app.runs.all == []

    before = shop.store_bytes()
    screen(shop, test, (120, 30), read_only=True)
    assert shop.store_bytes() == before


def test_the_foot_offers_what_there_is(project: Any) -> None:
    steps = "steps: [{run: 'true'}]"
    project.plan("two", f"[{{title: A, verify: [{{file: a}}], {steps}}}, {{title: B}}]")

    async def test(pilot: Pilot[None]) -> None:
        await into(pilot)
        assert "R run" in bar(pilot, "foot")
        await pilot.press("j")
        await until(pilot, lambda: "R run" not in bar(pilot, "foot"))
        await pilot.press("R")
        await until(pilot, lambda: "phase 1 has no steps to execute" in told(pilot))
        await pilot.press("s")
        await at(pilot, "services")
        await pilot.pause()
        assert "deploy" not in bar(pilot, "foot")
        assert "take back" not in bar(pilot, "foot")
        await pilot.press("escape", "k", "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        await until(pilot, lambda: "a again" in bar(pilot, "foot"))
        assert "x cancel" not in bar(pilot, "foot")
        await pilot.press("x")
        await until(pilot, lambda: "it has ended: failed" in told(pilot))

    screen(project, test, (160, 30))


def test_every_setting_is_there_with_its_line_and_no_secret(project: Any) -> None:
    from msgspec import structs

    from todo_manager.project import Settings

    project.plan("shop", PHASES)
    project.write("todo_manager.yaml", "# ours\nwatch:\n  hook: [tell, hunter2-hunter2]\n")
    project.write(".env", "CHAT_TOKEN=hunter2-hunter2\n")
    names = [field.name for field in structs.fields(Settings)]
    assert set(ABOUT) == set(names)

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await at(pilot, "configuration")
        await until(pilot, lambda: rows(pilot, "values"))
        found = {row.split()[0]: row for row in rows(pilot, "values")}
        assert set(names) <= set(found)
        assert found["watch"].split()[-1] == "todo_manager.yaml:2"
        assert "hook tell •••" in found["watch"]
        assert "hunter2" not in shown(pilot)
        assert found["waivers"].split()[1:] == ["max", "90d", "default"]
        assert "nobody has to sign" in found["signers"] or "nobody has to sign" in shown(pilot)
        await pilot.press("i")
        await until(pilot, lambda: "todo_manager signers [exit 0]" in shown(pilot))

    screen(project, test, (120, 30))


@pytest.mark.parametrize("size", [(40, 15), (80, 24)])
def test_the_keys_fill_the_screen_they_have(shop: Any, size: tuple[int, int]) -> None:
    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "question_mark")
        await until(pilot, lambda: "keys of plan" in shown(pilot))
        said = pilot.app.screen.query_one("#said", Rows)
        assert said.size.height >= size[1] * 0.6
        assert "space a page" in bar(pilot, "keys")
        first = lines(pilot)[5]
        await pilot.press("space")
        await until(pilot, lambda: lines(pilot)[5] != first)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, PlanScreen)
        assert table(pilot, "phases").active

    screen(shop, test, size)
