"""How quick the command center is, as ratios to an empty Textual app and to a list of ten rows.

    python tests/bench/tui.py [--rounds 9]

Printed are: from the start of the program to its first frame with 1 000 plans in the store, to an empty
app's; a key until its
paint (p95) in a list of 1 000 plans and in a plan of 500 phases, to that of a list of ten rows; and of
20 000 lines of a log, the seconds until all are shown and the longest the app did nothing else, to
what an empty app's own idle loop has. Exit 1 when the first frame comes later than the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import os
import pty
import re
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cold_start import REPOSITORY

sys.path.insert(0, str(REPOSITORY))

from textual.app import App
from textual.pilot import Pilot

from todo_manager import binding, documents, intake, store
from todo_manager.ledger import Actor
from todo_manager.workspace import Project

LIMIT = 1.3
"""The ratio the first frame must not exceed."""
PLANS, PHASES, LINES = 1000, 500, 20_000
SIZE = (120, 40)
VISIBLE = re.compile(
    rb"\x1b[PX^_\]][^\x1b\x07]*(?:\x1b\\\\|\x07)|\x1b\[[0-9;?<>=$]*[A-Za-z]|[\s\x00-\x1f]"
)
"""What is written to a terminal and cannot be seen."""
IDLE = 1.0
"""Seconds for which an empty app's own loop is watched."""
PHASE = "  - title: Phase {index} of many\n    verify: [{{file: docs/{index}.md}}]\n"
HEAD = "schema: todo_manager/plan@1\nid: {id}\ntitle: Plan {id}\nphases:\n"


def build(root: Path, plans: int, phases: int) -> None:
    """A store with so many plans of three phases, and one with many phases."""
    store.create(root)
    project = Project(root)
    (root / "plans").mkdir()
    found = [_bound(project, f"plan_{number:04}", 3) for number in range(plans)]
    if phases:
        found.append(_bound(project, "large", phases))
    intake.take(project, [one for some in found for one in some], Actor("bench"))
    project.close()


def _bound(project: Project, id_: str, phases: int) -> list[binding.Bound]:
    text = HEAD.format(id=id_) + "".join(PHASE.format(index=index) for index in range(phases))
    return _written(project, id_, text)


def _written(project: Project, id_: str, text: str) -> list[binding.Bound]:
    """A document in its place, bound."""
    path = f"plans/{id_}.yaml"
    (project.root / path).write_text(text, encoding="utf-8")
    document = documents.read(project.root / path, path)
    return list(binding.bind(project.root, project.settings, document, path))


EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("empty")
Empty().run(mouse=False)
"""


def first_frame(argv: list[str], folder: Path) -> float:
    """Seconds from starting a program on a terminal to its first visible character; it is ended then."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
    env = os.environ | {"TERM": "xterm-256color", "PYTHONPATH": str(REPOSITORY)}
    began = time.perf_counter()
    with subprocess.Popen(
        argv, cwd=folder, env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    ) as process:
        os.close(slave)
        seen = b""
        while not VISIBLE.sub(b"", seen):
            ready, _, _ = select.select([master], [], [], 60)
            assert ready, "nothing was drawn"
            seen += os.read(master, 65536)
        took = time.perf_counter() - began
        process.kill()
    os.close(master)
    return took


async def painted(pilot: Pilot[None], key: str, changed: Callable[[], object]) -> float:
    """Seconds from a key until what it changes is on the screen."""
    before = changed()
    began = time.perf_counter()
    pilot.app.post_message(_key(key))
    while changed() == before:
        await asyncio.sleep(0)
    return time.perf_counter() - began


def _key(key: str) -> Any:
    from textual import events

    return events.Key(key, key)


async def keys(root: Path, rows: int, *, into: bool = False, presses: int = 40) -> float:
    """The p95 of seconds from `j` to its paint, in a list of plans or of the phases of a plan."""
    from tui import app
    from tui.app import CommandCenter
    from tui.widgets.table import Table

    app.FIRST_LOOK = 10_000.0
    center = CommandCenter(str(root))
    async with center.run_test(size=SIZE) as pilot:
        await _rows(pilot, "plans", 1)
        if rows > 50 and not into:
            await pilot.press("a")
            await _rows(pilot, "plans", rows)
        if into:
            center.open_plan("large")
            await _rows(pilot, "phases", rows)
        table = center.screen.query_one("#phases" if into else "#plans", Table)
        row = lambda: _marked(center, table)  # noqa: E731
        times = []
        for place in range(presses):
            times.append(await painted(pilot, "k" if place % 2 else "j", row))
        return statistics.quantiles(times, n=20)[-1]


def _marked(center: Any, table: Any) -> tuple[int, str]:
    """The line the cursor is on, as the screen shows it."""
    strips = center.screen._compositor.render_strips()
    place = table.region.y + 1 + table.cursor - table.scroll_offset.y
    text = strips[place].text if 0 <= place < len(strips) else ""
    return table.cursor if text.startswith("▸") else -1, text


async def _rows(pilot: Pilot[None], name: str, count: int) -> None:
    end = time.monotonic() + 60
    while True:
        found = pilot.app.screen.query(f"#{name}")
        if found and len(found.first().rows) >= count:
            await pilot.pause()
            return
        assert time.monotonic() < end, f"{name} never had {count} rows"
        await pilot.pause(0.02)


class Stalls:
    """Watches how long the loop of an app does nothing else, by a task that only sleeps."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._over = False

    async def watch(self) -> None:
        while not self._over:
            began = time.perf_counter()
            await asyncio.sleep(0)
            self.longest = max(self.longest, time.perf_counter() - began)
            await asyncio.sleep(0.001)

    def end(self) -> None:
        self._over = True


async def idle() -> float:
    """The longest stall of an empty app that does nothing."""
    async with App().run_test(size=SIZE):
        stalls = Stalls()
        task = asyncio.create_task(stalls.watch())
        await asyncio.sleep(IDLE)
        stalls.end()
        await task
        return stalls.longest


async def log(root: Path) -> tuple[float, float]:
    """Seconds until all lines of a run are shown, and the longest stall meanwhile."""
    from tui import app
    from tui.app import CommandCenter
    from tui.runs import Order
    from tui.widgets.log import Log

    app.FIRST_LOOK = 10_000.0
    center = CommandCenter(str(root), actor="bench")
    async with center.run_test(size=SIZE) as pilot:
        await _rows(pilot, "plans", 1)
        center.start_run(Order("todo_manager exec loud 0 --run", "exec", "loud", 0))
        await pilot.pause()
        run = center.runs.all[0]
        stalls = Stalls()
        task = asyncio.create_task(stalls.watch())
        while not run.story.lines:
            await asyncio.sleep(0.001)
        began = time.perf_counter()
        while run.going or len(center.screen.query_one(Log).texts) < LINES:
            await asyncio.sleep(0.01)
        took = time.perf_counter() - began
        stalls.end()
        await task
        return took, stalls.longest


def loud(root: Path) -> None:
    """A plan with one step that writes many lines."""
    text = HEAD.format(id="loud")
    text += f"  - title: Loud\n    steps: [{{run: 'seq {LINES}'}}]\n    verify: [{{file: a.txt}}]\n"
    store.create(root)
    (root / "plans").mkdir()
    project = Project(root)
    intake.take(project, _written(project, "loud", text), Actor("bench"))
    project.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="todo_manager-bench-") as folder:
        home = Path(folder)
        for name in ("ten", "many", "loud"):
            (home / name).mkdir()
        build(home / "ten", 10, 0)
        build(home / "many", PLANS, PHASES)
        loud(home / "loud")
        return _measured(home, rounds)


def _measured(home: Path, rounds: int) -> int:
    empty, ours = [], []
    program = [sys.executable, "-m", "todo_manager", "tui"]
    for _ in range(rounds):
        empty.append(first_frame([sys.executable, "-c", EMPTY], home / "many"))
        ours.append(first_frame(program, home / "many"))
    frame = statistics.median(ours) / statistics.median(empty)
    print(f"first frame, {PLANS} plans: {frame:.2f} times an empty app's (limit {LIMIT})")
    ten = asyncio.run(keys(home / "ten", 10))
    for what, value in (
        (f"{PLANS} plans", asyncio.run(keys(home / "many", PLANS))),
        (f"a plan of {PHASES} phases", asyncio.run(keys(home / "many", PHASES, into=True))),
    ):
        print(
            f"key to paint (p95), {what}: {value / ten:.2f} times that of ten rows "
            f"({value * 1000:.0f} ms to {ten * 1000:.0f} ms)"
        )
    quiet = asyncio.run(idle())
    took, stall = asyncio.run(log(home / "loud"))
    print(f"{LINES} lines of a log: {took / IDLE:.2f} times a second of an idle loop in all, "
          f"longest stall {stall / quiet:.1f} times the idle one's ({stall * 1000:.0f} ms)")  # fmt: skip
    return int(frame > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
