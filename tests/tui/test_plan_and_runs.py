"""The screens Plan, Run, Evidence and Ledger: what they show, and what their keys leave in the store."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from center import at, banner, bar, into, lines, note, rows, running, screen, shown, table, until
from textual.pilot import Pilot

from tui import feed
from tui.app import CommandCenter
from tui.runs import Run
from tui.screens.dialogs import Ask, Commands
from tui.screens.plan import PlanScreen
from tui.screens.run import RunScreen
from tui.widgets.log import Log
from tui.widgets.rows import Rows

PHASES = """
    - title: Write it down
      note: Nobody does this alone.
      explain: "# First\\nRead it."
      verify: [{file: a.txt, contains: [rollback]}, {name: second, file: b.txt}]
    - title: Then build
      verify: [{name: says, command: "echo out of the program; test -s c.txt"}]
      steps: [{run: "echo step is done; echo x > c.txt"}]
      undo: [{run: "rm c.txt"}]
    - title: Then tell
"""


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "INTERVAL", 0.05)


@pytest.fixture
def shop(project: Any) -> Any:
    project.plan("shop", PHASES)
    project.write("b.txt", "x")
    return project


def run_of(pilot: Pilot[None]) -> Run:
    found = pilot.app.screen
    assert isinstance(found, RunScreen)
    assert found.run is not None
    return found.run


async def ended(pilot: Pilot[None]) -> Run:
    """Wait until the run that is shown has ended and all it told is shown."""
    await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
    await until(pilot, lambda: not run_of(pilot).going)
    await until(pilot, lambda: "running" not in bar(pilot, "state"))
    return run_of(pilot)


def test_why_a_phase_is_blocked_and_what_to_type(shop: Any) -> None:
    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "j")
        await until(pilot, lambda: "it needs phase 0, which is ready" in note(pilot, "why"))
        assert "next: todo_manager done shop 0" in note(pilot, "why")
        await pilot.press("G")
        await until(pilot, lambda: "see phase 1, Then build" in note(pilot, "why"))

    screen(shop, test, (120, 24))


def test_done_is_refused_repaired_and_recorded(shop: Any) -> None:
    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "d")
        run = await ended(pilot)
        assert (run.state, run.story.exit) == ("failed", 1)
        assert run.order.command == "todo_manager done shop 0"
        pinned = note(pilot, "pinned")
        assert "first failure  v1 failed ✗  file a.txt" in pinned
        assert "seen     does not exist" in pinned
        assert [row.split()[0] for row in rows(pilot, "items")] == ["failed", "passed"]
        assert "Nobody does this alone." in pilot.app.screen.query_one(Log).whole
        events = shop.events("refused")
        assert len(events) == 1
        assert events[0]["data"]["verdict"] == "failed"
        assert shop.states("shop")[0] == "failed"

        shop.write("a.txt", "rollback: like this")
        await pilot.press("a")
        await until(pilot, lambda: run_of(pilot) is not run)
        again = await ended(pilot)
        assert again.state == "done"
        assert shop.states("shop") == ["done", "ready", "blocked"]
        assert shop.events("done")[0]["actor"] == "tester"
        await pilot.press("left_square_bracket")
        assert run_of(pilot) is run
        await pilot.press("escape")
        await at(pilot, "plan")
        await until(pilot, lambda: rows(pilot, "phases")[0].startswith("done ✔"))

    screen(shop, test, (120, 30))


def test_verify_marks_nothing_and_its_evidence_is_opened(shop: Any) -> None:
    shop.write("a.txt", "rollback")

    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "v")
        run = await ended(pilot)
        assert run.state == "passed"
        assert shop.states("shop")[0] == "ready"
        event = shop.events("verified")[0]["seq"]
        await pilot.press("enter")
        await at(pilot, "evidence")
        assert f"event {event}" in bar(pilot, "head")
        assert "verified" in note(pilot, "about")
        whole = pilot.app.screen.query_one("#whole", Rows).whole
        assert "a.txt contains 'rollback'" in whole
        assert "it has not passed before this" in whole
        await pilot.press("y")
        assert f"todo_manager log --run {event}" in shown(pilot)

    screen(shop, test, (120, 30))


def test_the_difference_to_the_last_pass_is_shown(shop: Any) -> None:
    shop.write("a.txt", "rollback")
    shop.run("verify", "shop", 0).ok()
    shop.write("a.txt", "nothing of it")
    shop.run("verify", "shop", 0)

    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "tab")
        await until(pilot, lambda: rows(pilot, "checks")[0].startswith("failed"))
        await pilot.press("enter")
        await at(pilot, "evidence")
        whole = pilot.app.screen.query_one("#whole", Rows)
        await until(pilot, lambda: "since its last pass, event 2" in whole.whole)
        assert "-verdict: passed" in whole.whole
        assert "+verdict: failed" in whole.whole
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "event 2" in bar(pilot, "head"))

    screen(shop, test, (120, 40))


def test_the_panes_of_a_phase(shop: Any) -> None:
    shop.write("a.txt", "rollback")
    shop.run("done", "shop", 0).ok()
    shop.run("done", "shop", 1)

    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "5")
        text = pilot.app.screen.query_one("#text", Rows)
        assert text.whole.startswith("IMPORTANT NOTE\n▌ Nobody does this alone.")
        assert "# First" in text.whole
        await pilot.press("1", "j")
        await until(pilot, lambda: "echo step is done" in text.whole)
        log = pilot.app.screen.query_one("#log", Rows)
        await until(pilot, lambda: "│ out of the program" in log.whole)
        evidence = pilot.app.screen.query_one("#evidence", Rows)
        assert "says command echo out of the program" in evidence.whole
        assert "the one in force" in evidence.whole
        await pilot.press("6")
        assert "refused" in rows(pilot, "history")[0]
        await pilot.press("enter")
        await at(pilot, "evidence")

    screen(shop, test, (120, 30))


def test_many_plans_are_verified_at_once(project: Any) -> None:
    for name in ("one", "two", "three"):
        wait = f"until [ -e go ]; do sleep 0.02; done; test {name} != two"
        project.plan(name, f"[{{title: T, verify: [{{command: '{wait}', timeout: 60s}}]}}]")

    async def test(pilot: Pilot[None]) -> None:
        for _ in range(3):
            await pilot.press("v", "escape", "j")
        app = pilot.app
        assert isinstance(app, CommandCenter)
        await until(pilot, lambda: len(app.runs.going()) == 3 and "3 running" in bar(pilot, "head"))
        await until(pilot, lambda: all("running" in run.story.counts() for run in app.runs.all))
        project.write("go", "x")
        await until(pilot, lambda: not app.runs.going())
        states = {run.order.plan: run.state for run in app.runs.all}
        assert states == {"one": "passed", "two": "failed", "three": "passed"}

    screen(project, test)
    assert len(project.events("verified")) == 3


SLEEPER = """
    - title: Long
      verify: [{command: "echo $$ > pid; sleep 600; test -e pid", timeout: 700s}]
"""


def pid_of(project: Any) -> int:
    try:
        return int((project.root / "pid").read_text())
    except (OSError, ValueError):
        return 0


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_cancel_ends_the_children_and_records_nothing(project: Any) -> None:
    project.plan("long", SLEEPER)
    before = len(project.events())

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await until(pilot, lambda: pid_of(project))
        await pilot.press("x")
        run = await ended(pilot)
        assert run.state == "cancelled"
        assert gone(pid_of(project))

    screen(project, test)
    assert len(project.events()) == before
    assert project.states("long") == ["ready"]


def test_quit_asks_while_something_runs(project: Any) -> None:
    project.plan("long", SLEEPER)

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await until(pilot, lambda: pid_of(project))
        await pilot.press("escape", "q")
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        assert "todo_manager done long 0" in shown(pilot)
        await pilot.press("enter")  # the default is to stay
        await until(pilot, lambda: not isinstance(pilot.app.screen, Ask))
        assert not gone(pid_of(project))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: not pilot.app.is_running)
        assert gone(pid_of(project))

    screen(project, test)
    assert project.states("long") == ["ready"]


def test_a_run_ends_with_the_command_center_that_is_killed(project: Any) -> None:
    """Whoever is at the other end of its standard input: when it is gone, so is the run."""
    project.plan("long", SLEEPER)

    async def go() -> None:
        async with running(project.root, (100, 24)) as pilot:
            await pilot.press("d")
            await until(pilot, lambda: pid_of(project))
            process = run_of(pilot)._process
            assert process.stdin is not None
            process.stdin.close()  # as the end of this process would
            await ended(pilot)
            assert gone(pid_of(project))

    asyncio.run(go())
    assert project.states("long") == ["ready"]


def test_a_worker_that_is_killed_is_an_error_and_nothing_else(project: Any) -> None:
    project.plan("long", SLEEPER)

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("d")
        await until(pilot, lambda: pid_of(project))
        os.kill(run_of(pilot)._process.pid, signal.SIGKILL)
        run = await ended(pilot)
        assert run.state == "error"
        assert "ended without a word" in shown(pilot)

    screen(project, test)
    assert project.states("long") == ["ready"]


def test_the_log_follows_pauses_and_counts_what_is_new(project: Any) -> None:
    step = (
        "for i in $(seq 300); do echo line $i; done; until [ -e go ]; do sleep 0.02; done; seq 50"
    )
    project.plan("loud", f"[{{title: T, steps: [{{run: '{step}'}}], verify: [{{file: go}}]}}]")

    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "R")
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        log = pilot.app.screen.query_one(Log)
        await until(pilot, lambda: "│ line 300" in log.whole and "line 300" in shown(pilot))
        await pilot.press("2", "k")
        assert "paused, 0 new below" in bar(pilot, "log_title")
        place = log.scroll_offset.y
        project.write("go", "x")
        run = await ended(pilot)
        assert log.scroll_offset.y == place
        assert log.unseen > 50
        assert run.state == "done"
        await pilot.press("f")
        assert "following" in bar(pilot, "log_title")
        assert log.scroll_offset.y == log.max_scroll_y

    screen(project, test, (100, 30))
    assert project.states("loud") == ["done"]


def test_what_a_check_writes_is_there_while_it_runs_and_once(project: Any) -> None:
    wait = "for i in 1 2; do echo $TOKEN $i; until [ -e go$i ]; do sleep 0.02; done; done"
    checks = f"[{{name: talks, command: '{wait}', timeout: 60s}}, {{file: go1}}]"
    project.plan("loud", f"[{{title: T, verify: {checks}}}]", head="secrets: [TOKEN]\n")
    project.write(".env", "TOKEN=hunter2-hunter2\n")

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("v")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen))
        log = pilot.app.screen.query_one(Log)
        await until(pilot, lambda: "talks │ ••• 1" in log.whole)
        assert "••• 2" not in log.whole
        project.write("go1", "x")
        await until(pilot, lambda: "talks │ ••• 2" in log.whole)
        assert run_of(pilot).going
        project.write("go2", "x")
        await ended(pilot)
        assert log.whole.count("•••") == 2
        assert "hunter2" not in log.whole

    screen(project, test, (100, 30))


def test_what_touches_the_world_asks_and_cancel_is_the_default(shop: Any) -> None:
    shop.write("a.txt", "rollback")
    shop.run("done", "shop", 0).ok()

    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "j")
        for key, command in (
            ("R", "todo_manager run shop 1"),
            ("X", "todo_manager exec shop 1 --run --only"),
            ("U", "todo_manager run shop 1 --undo"),
        ):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
            assert command in shown(pilot), key
            assert "target shop 1 Then build" in shown(pilot)
            assert "host local (this machine)" in shown(pilot)
            assert "▸ Cancel" in shown(pilot)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen))
        assert not (shop.root / "c.txt").exists()
        assert shop.events("ran") == []

        await pilot.press("R")
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        await pilot.press("tab", "enter")
        run = await ended(pilot)
        assert run.state == "done", run.story.error
        assert [item.step for item in run.story.items.values()] == [True, False]
        assert "│ step is done" in pilot.app.screen.query_one(Log).whole
        assert len(shop.events("ran")) == 1

        await pilot.press("escape", "U")
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        await pilot.press("tab", "enter")
        await ended(pilot)
        assert not (shop.root / "c.txt").exists()

    screen(shop, test, (120, 40))
    assert shop.states("shop")[1] != "done"


def test_steps_accepted_after_they_were_shown_are_not_executed(project: Any) -> None:
    steps = "[{title: T, steps: [{run: 'echo SAID > said'}], verify: [{file: said}]}]"
    project.plan("moved", steps.replace("SAID", "one"))

    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "R")
        await until(pilot, lambda: "echo one" in shown(pilot))
        project.plan("moved", steps.replace("SAID", "two"), imported=False)
        await asyncio.to_thread(lambda: project.person("accept", "moved").ok())
        await pilot.press("tab", "enter")
        run = await ended(pilot)
        assert run.state == "refused"
        assert "look at them: todo_manager exec moved 0" in shown(pilot)

    screen(project, test, (120, 30))
    assert not (project.root / "said").exists()
    assert project.events("ran") == []


def test_an_input_is_bound_after_the_difference_was_shown(project: Any) -> None:
    head = "inputs: [DATE]\nsecrets: [TOKEN]\n"
    plan = "[{title: T, verify: [{command: 'test -n \"$DATE\"'}]}]"
    project.plan("bound", plan, head=head)
    project.run("set", "bound", "DATE=1").ok()
    project.write(".env", "TOKEN=verysecret\n")

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("c")
        await at(pilot, "configuration")
        await until(pilot, lambda: any("bound DATE" in row for row in rows(pilot, "values")))
        assert "event 2, set by tester" in shown(pilot)
        assert "verysecret" not in shown(pilot)
        place = next(n for n, row in enumerate(rows(pilot, "values")) if "bound DATE" in row)
        await pilot.press(*"j" * place, "e")
        await until(pilot, lambda: "DATE of bound" in shown(pilot))
        await pilot.press("backspace", "2", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        for part in ("- 1 ", "+ 2 ", "command todo_manager set bound DATE=2"):
            await until(pilot, lambda part=part: part in shown(pilot))
        await pilot.press("enter")  # cancel
        await at(pilot, "configuration")
        await pilot.press("e")
        await until(pilot, lambda: "DATE of bound" in shown(pilot))
        await pilot.press("backspace", "2", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Ask))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "event 3, set by tester" in shown(pilot))

    screen(project, test, (140, 24))
    values = [event["data"]["value"] for event in project.events("set")]
    assert values == ["1", "2"]


def test_answers_of_commands_are_shown(shop: Any) -> None:
    plan = shop.root / "plans" / "shop.yaml"
    plan.write_text(plan.read_text().replace("a.txt", "other.txt"))

    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "i")
        await until(pilot, lambda: '+ "file": "other.txt"' in shown(pilot))
        assert "todo_manager diff shop [exit 0]" in shown(pilot)
        await pilot.press("escape", "l")
        await at(pilot, "ledger")
        await pilot.press("v")
        await until(pilot, lambda: "todo_manager audit [exit 0]" in shown(pilot))
        assert "intact" in shown(pilot)

    screen(shop, test, (120, 40))


def test_reopen_takes_a_reason(shop: Any) -> None:
    shop.write("a.txt", "rollback")
    shop.run("done", "shop", 0).ok()

    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "o", *"leaks", "enter")
        await until(pilot, lambda: rows(pilot, "phases") and "ready" in rows(pilot, "phases")[0])

    screen(shop, test)
    assert shop.events("reopened")[0]["data"]["reason"] == "leaks"


def test_the_command_of_every_action_is_copied(shop: Any) -> None:
    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "y")
        await until(pilot, lambda: isinstance(pilot.app.screen, Commands))
        await pilot.press("y")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen))
        assert pilot.app.clipboard == "todo_manager show shop 0"
        await pilot.press("y", "d")
        await until(pilot, lambda: pilot.app.clipboard == "todo_manager done shop 0")
        await pilot.press("y", "A")
        await until(pilot, lambda: pilot.app.clipboard == "todo_manager accept shop")

    screen(shop, test)


def test_a_palette_entry_shows_the_command_and_does_it(shop: Any) -> None:
    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "ctrl+p", *"verify")
        await until(pilot, lambda: "todo_manager verify shop 0" in shown(pilot))
        await pilot.press("down", "enter")
        await ended(pilot)

    screen(shop, test, (120, 40))


def test_the_same_command_leaves_the_same_in_the_ledger(shop: Any) -> None:
    """The worker and the verb record the same; only numbers, times and durations differ."""

    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "d")
        await ended(pilot)

    screen(shop, test)
    shop.run("done", "shop", 0)
    ours, theirs = (plain(event) for event in shop.events("refused"))
    assert ours == theirs


def plain(event: Any) -> Any:
    """An event without what is different each time."""
    if isinstance(event, dict):
        left_out = ("seq", "prev", "hash", "at", "duration_s", "never_failed")
        return {name: plain(value) for name, value in event.items() if name not in left_out}
    return [plain(each) for each in event] if isinstance(event, list) else event


def test_read_only_has_no_key_that_records(shop: Any) -> None:
    before = shop.store_bytes()

    async def test(pilot: Pilot[None]) -> None:
        assert bar(pilot, "head").endswith("RO")
        await pilot.press("v", "d", "A")
        await into(pilot, "v", "d", "R", "X", "U", "A", "T", "o")
        assert isinstance(pilot.app.screen, PlanScreen)
        for action in ("verify", "done", "run", "exec", "undo", "accept", "approve", "reopen"):
            assert not await pilot.app.run_action(f"screen.{action}"), action
        await pilot.press("c")
        await at(pilot, "configuration")
        await pilot.press("e", "escape", "ctrl+p", *"the")
        await until(pilot, lambda: "the next theme" in shown(pilot))
        assert "run the checks" not in shown(pilot)
        assert "execute" not in shown(pilot)
        assert isinstance(pilot.app, CommandCenter)
        assert pilot.app.runs.all == []

    screen(shop, test, (120, 30), read_only=True)
    assert shop.store_bytes() == before


def test_the_ledger_is_filtered(shop: Any) -> None:
    shop.write("a.txt", "rollback")
    shop.run("done", "shop", 0).ok()
    shop.run("done", "shop", 2)

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("l")
        await at(pilot, "ledger")
        assert [row.split()[2] for row in rows(pilot, "events")] == ["refused", "done", "imported"]
        await pilot.press("slash", *"event:done")
        await until(pilot, lambda: len(rows(pilot, "events")) == 1)
        await pilot.press("enter", "enter")
        await at(pilot, "evidence")
        assert "write-it-down" in bar(pilot, "head")
        await pilot.press("escape", "escape", "slash", *"actor:nobody")
        await until(pilot, lambda: "no event is like that" in shown(pilot))

    screen(shop, test, (140, 24))


def test_the_screens_fit_any_size(shop: Any) -> None:
    shop.run("done", "shop", 0)

    async def test(pilot: Pilot[None]) -> None:
        await into(pilot, "tab")
        for width in (120, 80, 79, 60, 40, 20, 3, 1, 60, 120):
            await pilot.resize_terminal(width, 20)
            await pilot.pause()
            for pane in ("phases", "checks", "history", "text"):
                found = pilot.app.screen.query_one(f"#{pane}")
                assert found.max_scroll_x == 0
            sides = [pilot.app.screen.query_one(f"#{side}").display for side in ("left", "right")]
            assert sides == ([True, True] if width >= 80 else [False, True]), width
        await pilot.press("z")
        assert not pilot.app.screen.query_one("#left").display
        await pilot.press("escape")
        assert pilot.app.screen.query_one("#left").display
        assert table(pilot, "checks").active

    screen(shop, test)


def test_a_plan_that_is_gone_says_so(shop: Any) -> None:
    async def test(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, CommandCenter)
        app.open_plan("nothing")
        await until(pilot, lambda: "nothing" in note(pilot, "banner"))
        assert "type: todo_manager list" in note(pilot, "banner")

    screen(shop, test)


def test_on_a_small_screen_what_is_wrong_leaves_room_for_the_phases(project: Any) -> None:
    project.plan("first", "[{title: T, verify: [{file: a.txt}]}]")
    said = "engine local: the engine of local (unix:///var/run/docker.sock) does not answer"

    async def test(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, CommandCenter)
        pilot.app.troubles = [
            (f"{said}: No such file or directory", "docker version, and a few words")
        ]
        await until(pilot, lambda: banner(pilot) != "")
        for width, height, most in ((40, 15, 2), (100, 30, 3), (40, 15, 2)):
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda wide=width: pilot.app.size.width == wide)
            await pilot.pause()
            found = [line for line in lines(pilot)[1 : most + 1] if line]
            assert found[0].startswith(" ! engine local"), found
            assert found[-1].startswith("   type: docker"), found
            assert "STATE" in lines(pilot)[most + 1]

    screen(project, test)


def test_an_engine_that_is_down_is_a_banner(
    project: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = f"unix://{tmp_path}/none.sock"
    head = f"hosts: {{local: {{docker: '{address}'}}}}\n"
    project.plan("images", "[{title: T, verify: [{image: 'busybox:1'}]}]", head=head)
    assert time.monotonic()

    async def go() -> None:
        async with running(project.root, (120, 24)) as pilot:
            assert isinstance(pilot.app, CommandCenter)
            pilot.app._engines.look()
            await until(pilot, lambda: "engine local" in note(pilot, "banner"), 60)
            assert "type: docker" in note(pilot, "banner")
            await pilot.press("v")
            run = await ended(pilot)
            assert run.state == "error"
            assert rows(pilot, "items")[0].startswith("error  !")

    asyncio.run(go())
