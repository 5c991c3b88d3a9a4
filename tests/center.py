"""What tests of the command center share: it runs on a real store, and is looked at line by line."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tui import app
from tui.app import CommandCenter
from tui.widgets.bar import Bar, Note
from tui.widgets.table import Table

Test = Callable[[Pilot[None]], Awaitable[None]]


def screen(project: Any, test: Test, size: tuple[int, int] = (100, 24), **options: Any) -> None:
    """Run a test inside the application, once the first look at the store was shown."""

    async def go() -> None:
        async with running(project.root, size, **options) as pilot:
            await test(pilot)

    asyncio.run(go())


@contextlib.asynccontextmanager
async def running(root: Path, size: tuple[int, int], **options: Any) -> AsyncIterator[Pilot[None]]:
    """The application on a screen of its own; engines are not looked at unless a test asks for it."""
    app.FIRST_LOOK = 10_000.0
    center = CommandCenter(str(root), actor=options.pop("actor", "tester"), **options)
    async with center.run_test(size=size) as pilot:
        try:
            await until(pilot, lambda: getattr(center.screen, "read", False) or banner(pilot) != "")
            await pilot.pause()
            yield pilot
        finally:
            center.runs.end_all()


async def until(pilot: Pilot[None], true: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until something is so; what the screen shows when it never is."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "\n".join(lines(pilot))
        await pilot.pause(0.02)


def lines(pilot: Pilot[None]) -> list[str]:
    """What the screen shows, line by line."""
    return [strip.text.rstrip() for strip in pilot.app.screen._compositor.render_strips()]


def shown(pilot: Pilot[None]) -> str:
    """What the screen shows, with single blanks and without frames."""
    return " ".join(" ".join(lines(pilot)).replace("│", " ").split())


def bar(pilot: Pilot[None], name: str) -> str:
    return "".join(each.text for each in pilot.app.screen.query(f"#{name}").results(Bar))


def note(pilot: Pilot[None], name: str) -> str:
    return "".join(each.text for each in pilot.app.screen.query(f"#{name}").results(Note))


def banner(pilot: Pilot[None]) -> str:
    return note(pilot, "banner")


def table(pilot: Pilot[None], name: str) -> Table:
    return pilot.app.screen.query_one(f"#{name}", Table)


def rows(pilot: Pilot[None], name: str) -> list[str]:
    """The lines of a table that are in view, without its heading and the marker of the cursor."""
    if not pilot.app.screen.query(f"#{name}"):
        return []
    found = table(pilot, name)
    if not found.display:
        return []
    region = found.region
    inside = lines(pilot)[region.y + 1 : region.bottom]
    return [line[region.x + 2 : region.right].rstrip() for line in inside if line.strip()]


async def at(pilot: Pilot[None], scope: str) -> None:
    """Wait until a screen is on that has been told what it asked for."""

    def there() -> bool:
        found = pilot.app.screen
        asks = getattr(found, "question", lambda: None)() is not None
        return getattr(found, "SCOPE", "") == scope and (not asks or found.read)

    await until(pilot, there)


async def into(pilot: Pilot[None], *keys: str) -> None:
    """Open the plan, and press keys there."""
    await pilot.press("enter")
    await at(pilot, "plan")
    await until(pilot, lambda: rows(pilot, "phases"))
    await pilot.press(*keys)
