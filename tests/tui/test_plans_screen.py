"""The screen Plans on real stores, driven by Textual's pilot."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import subprocess
import sys
import time
from typing import Any

import pytest
from center import at, banner, bar, lines, note, rows, screen, shown, table, until
from rich.cells import cell_len
from textual import events
from textual.pilot import Pilot

from todo_manager import reads, store
from todo_manager.render.plain import GLYPHS
from tui import feed
from tui.app import CommandCenter
from tui.screens import base
from tui.screens.plans import state_of

HOLDER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA locking_mode = EXCLUSIVE")
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks follow each other quickly, for tests that need not know how quickly they really do."""
    monkeypatch.setattr(feed, "INTERVAL", 0.05)


@pytest.fixture
def empty(project: Any) -> Any:
    """A project with a store that holds no plan."""
    store.create(project.root)
    return project


def take_in(project: Any, *ids: str, title: str = "Write it down") -> None:
    """Another process brings plans of two phases into the store."""
    for id_ in ids:
        phases = f"""
            - title: '{title}'
              verify: [{{file: {id_}.txt}}]
            - title: Then the rest
              verify: [{{file: rest.txt}}]
        """
        project.plan(id_, phases, imported=False)
    project.run("import", *(f"plans/{id_}.yaml" for id_ in ids)).ok()


def listed(project: Any, *, everything: bool = False) -> list[dict[str, Any]]:
    with contextlib.closing(reads.open_store(str(project.root))) as db:
        plans: list[dict[str, Any]] = reads.list_plans(db, "", everything=everything)["plans"]
        return plans


def cells(plan: dict[str, Any]) -> list[str]:
    """What a row says of a plan first, at a width that keeps all of it."""
    state, coming = state_of(plan), plan["next"]
    title = f"{coming['phase']} {coming['title']}" if coming else "nothing is left"
    return [state, GLYPHS[state], plan["id"], f"{plan['done']}/{plan['total']}", *title.split()]


def plans(pilot: Pilot[None]) -> list[str]:
    return rows(pilot, "plans")


def test_rows_are_what_the_reads_say(project: Any) -> None:
    take_in(project, "one", "two", "three")
    project.write("two.txt", "x")
    project.run("done", "two", 0).ok()

    async def test(pilot: Pilot[None]) -> None:
        told = [(row, cells(plan)) for row, plan in zip(plans(pilot), listed(project), strict=True)]
        assert all(row.split()[: len(wanted)] == wanted for row, wanted in told), told
        assert lines(pilot)[1].split() == ["STATE", "PLAN", "DONE", "NEXT", "PHASE", "OLDEST"]
        assert bar(pilot, "head").endswith("3 open plans")

    screen(project, test, (90, 24))


def test_the_worst_state_and_the_oldest_proof_are_said(project: Any) -> None:
    take_in(project, "first")
    for name in ("first.txt", "rest.txt"):
        project.write(name, "x")
    project.run("done", "first", 0).ok()
    project.run("done", "first", 1).ok()
    (project.root / "rest.txt").unlink()
    project.run("verify", "first", 1)
    take_in(project, "second")

    async def test(pilot: Pilot[None]) -> None:
        words = [row.split() for row in plans(pilot)]
        assert words[0][-2:] == ["blocked", "·"]  # ready, and the phase after it waits
        assert words[1][-3:] == ["regressed", "↺", "now"]
        await pilot.press("j")
        assert "1 regressed, 1 done" in note(pilot, "why")
        assert "a later verify failed" in note(pilot, "why")

    screen(project, test, (140, 24))


def test_closed_plans_come_and_go_with_a(project: Any) -> None:
    take_in(project, "open_one", "closed_one")
    project.write("closed_one.txt", "x")
    project.write("rest.txt", "x")
    project.run("done", "closed_one", 0).ok()
    project.run("done", "closed_one", 1).ok()

    async def test(pilot: Pilot[None]) -> None:
        assert [row.split()[2] for row in plans(pilot)] == ["open_one"]
        await pilot.press("a")
        await until(pilot, lambda: len(plans(pilot)) == 2)
        wanted = [cells(plan) for plan in listed(project, everything=True)]
        assert [row.split()[: len(each)] for row, each in zip(plans(pilot), wanted)] == wanted
        assert "closed ones too" in bar(pilot, "head")
        await pilot.press("a")
        await until(pilot, lambda: len(plans(pilot)) == 1)

    screen(project, test)


def test_plans_are_found_by_their_words(project: Any) -> None:
    take_in(project, "first", title="Taken back")
    take_in(project, "second", title="Put in place")

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"taken")
        await until(pilot, lambda: [row.split()[2] for row in plans(pilot)] == ["first"])
        await pilot.press("enter", "y")
        assert "todo_manager list --search taken" in shown(pilot)
        await pilot.press("escape", "slash", *"xyz")
        await until(pilot, lambda: "no plan has these words" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: len(plans(pilot)) == 2)

    screen(project, test)


def test_a_write_of_another_process_appears_within_a_second(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    take_in(project, "first")
    seconds = 0.0

    async def test(pilot: Pilot[None]) -> None:
        nonlocal seconds
        await asyncio.to_thread(take_in, project, "second")
        began = time.monotonic()
        await until(pilot, lambda: any("second" in row for row in plans(pilot)))
        seconds = time.monotonic() - began

    screen(project, test)
    assert seconds < 1.5  # a look every 0.5 s, and some for a busy machine


def test_nothing_is_read_again_while_nothing_is_written(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(project, "first")
    calls = []
    real = reads.list_plans

    def counted(*args: Any, **words: Any) -> Any:
        calls.append(words)
        return real(*args, **words)

    monkeypatch.setattr(reads, "list_plans", counted)

    async def test(pilot: Pilot[None]) -> None:
        before = len(calls)
        await pilot.pause(0.5)
        assert len(calls) == before
        await pilot.press("r")
        await until(pilot, lambda: len(calls) == before + 1)

    screen(project, test)


@pytest.mark.parametrize("width", [100, 40])
def test_an_empty_store_says_what_to_type(empty: Any, width: int) -> None:
    async def test(pilot: Pilot[None]) -> None:
        assert "no open plans" in shown(pilot)
        assert "todo_manager import FILE" in shown(pilot)
        assert "todo_manager new ID" in shown(pilot)
        assert "NEXT PHASE" not in shown(pilot)
        # A cursor with nothing to stand on.
        await pilot.press("j", "G", "k", "pagedown", "r", "enter", "v", "d", "n", "A")
        await asyncio.to_thread(take_in, empty, "first")
        await until(pilot, lambda: any("first" in row for row in plans(pilot)))

    screen(empty, test, (width, 24))


def test_a_store_that_vanishes_is_said_and_comes_back(project: Any) -> None:
    take_in(project, "first")
    folder, away = project.root / reads.STORE, project.root / "away"

    async def test(pilot: Pilot[None]) -> None:
        folder.rename(away)
        await until(pilot, lambda: "holds no store.db" in banner(pilot))
        assert "todo_manager init" in " ".join(banner(pilot).split())
        assert "shown is what it said at" in banner(pilot)
        await pilot.press("r", "a", "a", "j")
        assert any("first" in row for row in plans(pilot))
        away.rename(folder)
        await until(pilot, lambda: banner(pilot) == "")
        shutil.rmtree(folder)
        await until(pilot, lambda: "holds no store.db" in banner(pilot))

    screen(project, test)


def test_another_store_in_its_place_is_read(project: Any) -> None:
    take_in(project, "before")

    async def test(pilot: Pilot[None]) -> None:
        shutil.rmtree(project.root / reads.STORE)
        store.create(project.root)
        await asyncio.to_thread(take_in, project, "after")
        await until(pilot, lambda: [row.split()[2] for row in plans(pilot)] == ["after"])

    screen(project, test)


def test_a_damaged_store_is_said(empty: Any) -> None:
    (empty.root / reads.STORE / "store.db").write_bytes(b"no database at all" * 100)

    async def test(pilot: Pilot[None]) -> None:
        assert "cannot be read" in banner(pilot)
        assert "type: ls -l" in banner(pilot)

    screen(empty, test)


def test_a_mark_without_its_event_is_said(project: Any) -> None:
    take_in(project, "first")
    db = sqlite3.connect(store.path_of(project.root))
    with contextlib.closing(db), db:
        db.execute("UPDATE phases SET mark = 'done' WHERE idx = 0")

    async def test(pilot: Pilot[None]) -> None:
        assert "rests on no event" in banner(pilot)
        assert "type: todo_manager audit" in banner(pilot)
        assert plans(pilot) == []

    screen(project, test)


def test_a_store_another_process_holds_is_said(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(project, "first")
    monkeypatch.setattr(base, "PATIENCE", 0.2)
    path = str(store.path_of(project.root))

    async def test(pilot: Pilot[None]) -> None:
        assert "no answer of the store" in banner(pilot)
        assert "type: pgrep" in banner(pilot)
        await pilot.press("j", "question_mark")
        assert "keys of plans" in shown(pilot)
        await pilot.press("escape")
        holder.communicate()
        await until(pilot, lambda: banner(pilot) == "" and "first" in shown(pilot))

    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        screen(project, test)


def test_markup_and_escapes_are_shown_as_they_are(project: Any) -> None:
    take_in(project, "first", title="[red]no[/red] [@click=app.quit]x[/] \\[b] \u202e")

    async def test(pilot: Pilot[None]) -> None:
        assert "[red]no[/red] [@click=app.quit]x[/] \\[b] \\u202e" in plans(pilot)[0]
        await pilot.press("enter")
        await at(pilot, "plan")
        assert "[red]no[/red] [@click=app.quit]x[/] \\[b] \\u202e" in shown(pilot)

    screen(project, test, (170, 24))


def test_a_folder_named_like_markup_is_shown_as_it_is(project: Any) -> None:
    project.root = project.root / "[b]x[]"
    project.root.mkdir()
    store.create(project.root)

    async def test(pilot: Pilot[None]) -> None:
        assert lines(pilot)[0].startswith(" [b]x[] ›")
        shutil.rmtree(project.root / reads.STORE)
        await until(pilot, lambda: banner(pilot) != "")
        assert "[b]x[]" in "".join(lines(pilot))

    screen(project, test, (250, 24))


def test_narrow_screens_drop_columns_and_never_scroll_sideways(project: Any) -> None:
    take_in(project, "short", "a_plan_id_that_is_longer_than_any_narrow_screen_is_wide")
    wanted = {
        120: ("STATE PLAN DONE NEXT PHASE WORST OLDEST", "ready ○ short 0/2"),
        80: ("STATE PLAN DONE NEXT PHASE OLDEST", "ready ○ short 0/2 0 Write it"),
        60: ("STATE PLAN DONE", "ready ○ short 0/2"),
        40: ("STATE PLAN", "ready ○ short"),
    }

    async def test(pilot: Pilot[None]) -> None:
        for width in (120, 80, 60, 40, 12, 3, 1, 40, 60, 80, 120):
            await pilot.resize_terminal(width, 12)
            await pilot.pause()
            found = table(pilot, "plans")
            assert (found.max_scroll_x, pilot.app.screen.max_scroll_x) == (0, 0)
            assert not found.show_horizontal_scrollbar
            assert all(cell_len(line) <= width for line in lines(pilot))
            if width in wanted:
                heading, row = wanted[width]
                assert " ".join(lines(pilot)[1].split()).startswith(heading)
                assert " ".join(plans(pilot)[1].split()).startswith(row)

    screen(project, test)


def test_no_color_leaves_none(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    take_in(project, "first")

    async def test(pilot: Pilot[None]) -> None:
        assert "▸ ready ○" in lines(pilot)[2]
        for key in ("", "enter", "question_mark", "escape", "l", "c"):
            if key:
                await pilot.press(key)
                await pilot.pause()
            for strip in pilot.app.screen._compositor.render_strips():
                for segment in strip:
                    style = segment.style
                    for color in (style.color, style.bgcolor) if style else ():
                        assert color is None or color.is_default, (key, segment)

    screen(project, test)


def test_keys_move_the_cursor_and_the_view(project: Any) -> None:
    take_in(project, *(f"p{number:02}" for number in range(53)))

    async def test(pilot: Pilot[None]) -> None:
        found = table(pilot, "plans")
        assert "the newest 50 of 53 open plans" in bar(pilot, "head")
        page = found.size.height - 2
        for key, place in {
            "j": 1, "down": 2, "k": 1, "up": 0, "pagedown": page, "pageup": 0, "G": 49, "g": 0,
            "end": 49, "home": 0,
        }.items():  # fmt: skip
            await pilot.press(key)
            await pilot.pause()
            assert found.cursor == place, key
            marked = [line for line in lines(pilot) if line.startswith("▸")]
            assert len(marked) == 1
            assert f" p{52 - place:02} " in marked[0]
        await pilot.press("k")
        assert found.cursor == 0

    screen(project, test, (80, 14))


def test_the_cursor_stays_on_its_plan(project: Any) -> None:
    take_in(project, "one", "two")

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("j")
        await asyncio.to_thread(take_in, project, "three")
        await until(pilot, lambda: len(plans(pilot)) == 3)
        assert next(line for line in lines(pilot) if line.startswith("▸")).split()[3] == "one"

    screen(project, test)


def test_the_keys_are_listed_and_q_leaves(empty: Any) -> None:
    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("question_mark", "G")
        await pilot.pause()
        assert any(line.strip(" │").startswith("q  ") for line in lines(pilot))
        await pilot.press("escape", "q")
        await until(pilot, lambda: not pilot.app.is_running)
        assert pilot.app.return_code == 0

    screen(empty, test, (60, 40))


def test_letters_typed_faster_than_the_field_takes_the_keys_are_letters(project: Any) -> None:
    """None of them is lost, and none of them is taken for the key of an action, like d for done."""
    take_in(project, "first", "second")

    async def test(pilot: Pilot[None]) -> None:
        for key, letter in (("slash", "/"), *((each, each) for each in "second")):
            pilot.app.post_message(events.Key(key, letter))
        await until(pilot, lambda: [row.split()[2] for row in plans(pilot)] == ["second"])
        assert isinstance(pilot.app, CommandCenter)
        assert pilot.app.runs.all == []

    screen(project, test)


def test_an_answer_is_asked_for_anew_after_a_while(empty: Any) -> None:
    """Nobody writes when the term of a proof runs out; it turns all the same."""
    said = ["done"]
    question = feed.Question("state", lambda db, root: said[0], lasts=0.0)
    watch = feed.Watch(str(empty.root))
    with contextlib.closing(watch):
        first, again = watch.look(question), watch.look(question)
        assert first is not None
        assert (first.answer, again) == ("done", None)
        said[0] = "stale"
        turned = watch.look(question)
        assert turned is not None
        assert turned.answer == "stale"
        said[0] = "another"
        assert watch.look(question._replace(lasts=60.0)) is None
