"""The list screen on real stores, driven by Textual's pilot."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Static
from tui.plan_list import _STATE_STYLES, PlanList, columns, fit, state_of

from todo_manager import reads, store
from todo_manager.render.plain import GLYPHS
from tui import feed, plans_screen
from tui.app import CommandCenter

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


def screen(
    project: Any, test: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = (100, 24)
) -> None:
    """Run a test inside the application, once the first look at the store was shown."""

    async def go() -> None:
        async with _running(project.root, size) as pilot:
            await test(pilot)

    asyncio.run(go())


@contextlib.asynccontextmanager
async def _running(root: Path, size: tuple[int, int]) -> AsyncIterator[Pilot[None]]:
    async with CommandCenter(str(root)).run_test(size=size) as pilot:
        await until(pilot, lambda: "reading" not in text(pilot, "#title") or banner(pilot) != "")
        yield pilot


async def until(pilot: Pilot[None], true: Callable[[], bool], seconds: float = 3.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "\n".join(lines(pilot))
        await pilot.pause(0.02)


def lines(pilot: Pilot[None]) -> list[str]:
    return [strip.text.rstrip() for strip in pilot.app.screen._compositor.render_strips()]


def text(pilot: Pilot[None], name: str) -> str:
    return str(pilot.app.screen.query_one(name, Static).content)


def banner(pilot: Pilot[None]) -> str:
    return text(pilot, "#banner") if pilot.app.screen.query_one("#banner").display else ""


def rows(pilot: Pilot[None]) -> list[str]:
    """The lines of the list that are in view, without the marker of the cursor."""
    found = pilot.app.screen.query_one(PlanList)
    region = found.region
    return [line[2:] for line in lines(pilot)[region.y : region.bottom] if line]


def listed(project: Any, *, everything: bool = False) -> list[dict[str, Any]]:
    with contextlib.closing(reads.open_store(str(project.root))) as db:
        plans: list[dict[str, Any]] = reads.list_plans(db, everything=everything)["plans"]
        return plans


def cells(plan: dict[str, Any]) -> list[str]:
    """What a row says of a plan, at a width that keeps all of it."""
    state, coming = state_of(plan), plan["next"]
    title = f"{coming['phase']} {coming['title']}".split() if coming else []
    return [state, GLYPHS[state], plan["id"], f"{plan['done']}/{plan['total']}", *title]


def test_rows_are_what_the_reads_say(project: Any) -> None:
    take_in(project, "one", "two", "three")
    project.write("two.txt", "x")
    project.run("done", "two", 0).ok()

    async def test(pilot: Pilot[None]) -> None:
        assert [row.split() for row in rows(pilot)] == [cells(plan) for plan in listed(project)]
        assert lines(pilot)[1].split() == ["STATE", "PLAN", "DONE", "NEXT", "PHASE"]
        assert text(pilot, "#title") == f"3 open plans in {project.root}"

    screen(project, test)


def test_closed_plans_come_and_go_with_a(project: Any) -> None:
    take_in(project, "open_one", "closed_one")
    project.write("closed_one.txt", "x")
    project.write("rest.txt", "x")
    project.run("done", "closed_one", 0).ok()
    project.run("done", "closed_one", 1).ok()

    async def test(pilot: Pilot[None]) -> None:
        assert [row.split()[2] for row in rows(pilot)] == ["open_one"]
        await pilot.press("a")
        await until(pilot, lambda: len(rows(pilot)) == 2)
        shown = [row.split() for row in rows(pilot)]
        assert shown == [cells(plan) for plan in listed(project, everything=True)]
        assert ["done", "✔", "closed_one", "2/2"] in shown
        await pilot.press("a")
        await until(pilot, lambda: len(rows(pilot)) == 1)

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
        await until(pilot, lambda: any("second" in row for row in rows(pilot)))
        seconds = time.monotonic() - began
        assert [row.split() for row in rows(pilot)] == [cells(plan) for plan in listed(project)]

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
        shown = " ".join(" ".join(lines(pilot)).split())
        assert "no open plans. Take one in with: todo_manager import FILE" in shown
        assert "NEXT PHASE" not in shown
        await pilot.press("j", "G", "k", "pagedown", "r")  # a cursor with nothing to stand on
        await asyncio.to_thread(take_in, empty, "first")
        await until(pilot, lambda: any("first" in row for row in rows(pilot)))

    screen(empty, test, (width, 24))


def test_a_store_that_vanishes_is_said_and_comes_back(project: Any) -> None:
    take_in(project, "first")
    folder, away = project.root / reads.STORE, project.root / "away"

    async def test(pilot: Pilot[None]) -> None:
        folder.rename(away)
        await until(pilot, lambda: "holds no store.db" in banner(pilot))
        assert "todo_manager init" in " ".join(banner(pilot).split())
        await until(pilot, lambda: any("shown is the list of" in line for line in lines(pilot)))
        await pilot.press("r", "a", "a", "j")
        await pilot.pause(0.2)
        assert any("first" in row for row in rows(pilot))
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
        await until(pilot, lambda: [row.split()[2] for row in rows(pilot)] == ["after"])

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
        assert rows(pilot) == []

    screen(project, test)


def test_a_store_another_process_holds_is_said(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(project, "first")
    monkeypatch.setattr(plans_screen, "PATIENCE", 0.2)
    path = str(store.path_of(project.root))

    async def test(pilot: Pilot[None]) -> None:
        assert "no answer of the store" in banner(pilot)
        assert "type: pgrep" in banner(pilot)
        await pilot.press("j", "question_mark")
        assert pilot.app.screen.query_one("#keys").display
        holder.communicate()
        await until(pilot, lambda: banner(pilot) == "" and "first" in rows(pilot)[0])

    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        screen(project, test)


def test_markup_and_escapes_are_shown_as_they_are(project: Any) -> None:
    take_in(project, "first", title="[red]no[/red] [@click=app.quit]x[/] \\[b] \u202e")

    async def test(pilot: Pilot[None]) -> None:
        assert "[red]no[/red] [@click=app.quit]x[/] \\[b] \\u202e" in rows(pilot)[0]

    screen(project, test)


def test_a_folder_named_like_markup_is_shown_as_it_is(project: Any) -> None:
    project.root = project.root / "[b]x[]"
    project.root.mkdir()
    store.create(project.root)

    async def test(pilot: Pilot[None]) -> None:
        assert lines(pilot)[0].endswith("/[b]x[]")
        shutil.rmtree(project.root / reads.STORE)
        await until(pilot, lambda: banner(pilot) != "")
        assert "[b]x[]" in "".join(lines(pilot))

    screen(project, test, (250, 24))


def test_narrow_screens_drop_columns_and_never_scroll_sideways(project: Any) -> None:
    take_in(project, "short", "a_plan_id_that_is_longer_than_any_narrow_screen_is_wide")
    shown = {
        100: ("STATE PLAN DONE NEXT PHASE", "ready ○ short 0/2 0 Write it down"),
        60: ("STATE PLAN DONE", "ready ○ short 0/2"),
        40: ("STATE PLAN", "ready ○ short"),
    }

    async def test(pilot: Pilot[None]) -> None:
        for width in (100, 60, 40, 12, 3, 1, 40, 60, 100):
            await pilot.resize_terminal(width, 12)
            await pilot.pause()
            found = pilot.app.screen.query_one(PlanList)
            assert (found.max_scroll_x, pilot.app.screen.max_scroll_x) == (0, 0)
            assert not found.show_horizontal_scrollbar
            assert all(cell_len(line) <= width for line in lines(pilot))
            if width in shown:
                told = lines(pilot)[1], rows(pilot)[1]
                assert tuple(" ".join(line.split()) for line in told) == shown[width]

    screen(project, test)


def test_columns_fill_the_width_they_have() -> None:
    for width in range(1, 200):
        found = columns(width, ids=30, progress=5)
        shown = [part for part in found if part]
        assert found.id >= 1
        assert 2 + 11 + 1 + sum(2 + part for part in shown) <= max(width, 17)
    assert columns(60, 30, 5).title == 0 < columns(60, 30, 5).progress
    assert columns(40, 30, 5)[1:] == (0, 0)
    assert columns(120, 30, 5).title > 40


@pytest.mark.parametrize(
    ("text", "width", "cut"),
    [
        ("plain", 8, "plain   "),
        ("two\nlines\tof it", 20, "two lines of it     "),
        ("a longer one", 8, "a longe…"),
        ("設定ファイル", 7, "設定フ…"),
        ("設定ファイル", 6, "設定 …"),
        ("\x1b[31m", 10, "\\x1b[31m  "),
        ("anything", 0, ""),
    ],
)
def test_texts_are_cut_to_cells(text: str, width: int, cut: str) -> None:
    assert fit(text, width) == cut


def test_failed_and_errored_share_neither_glyph_nor_colour() -> None:
    failed, errored = _STATE_STYLES["failed"], _STATE_STYLES["errored"]
    assert GLYPHS["failed"] != GLYPHS["errored"]
    assert failed.color != errored.color
    assert set(_STATE_STYLES) <= set(GLYPHS)


def test_no_color_leaves_none(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    take_in(project, "first")

    async def test(pilot: Pilot[None]) -> None:
        assert "▸ ready ○" in lines(pilot)[2]
        for strip in pilot.app.screen._compositor.render_strips():
            for segment in strip:
                for color in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    assert color is None or color.is_default

    screen(project, test)


def test_keys_move_the_cursor_and_the_view(project: Any) -> None:
    take_in(project, *(f"p{number:02}" for number in range(53)))

    async def test(pilot: Pilot[None]) -> None:
        found = pilot.app.screen.query_one(PlanList)
        assert text(pilot, "#title").startswith("the newest 50 of 53 open plans (a: all)")
        for key, place in {
            "j": 1, "down": 2, "k": 1, "up": 0, "pagedown": 8, "pageup": 0, "G": 49, "g": 0,
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

    screen(project, test, (80, 12))


def test_the_cursor_stays_on_its_plan(project: Any) -> None:
    take_in(project, "one", "two")

    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("j")
        await asyncio.to_thread(take_in, project, "three")
        await until(pilot, lambda: len(rows(pilot)) == 3)
        assert next(line for line in lines(pilot) if line.startswith("▸")).split()[3] == "one"

    screen(project, test)


def test_the_keys_are_listed_and_q_leaves(empty: Any) -> None:
    async def test(pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        assert any(line.split() == ["q", "quit"] for line in lines(pilot))
        await pilot.press("question_mark")
        assert not any(line.split() == ["q", "quit"] for line in lines(pilot))
        await pilot.press("q")
        await until(pilot, lambda: not pilot.app.is_running)
        assert pilot.app.return_code == 0

    screen(empty, test, (40, 20))
