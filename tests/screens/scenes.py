"""Every screen that pictures and snapshots show: how to get there, and what has to be seen before."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from textual.pilot import Pilot
from textual.widgets import Input

from tui import app
from tui.app import CommandCenter


class Scene(NamedTuple):
    """One screen. A key that begins with `=` waits until the rest of it is seen."""

    keys: tuple[str, ...] = ()
    seen: str = "billing_release"
    """What is seen when it is complete."""
    without: str = ""
    """What is not seen any more then."""
    folder: str = "shop"
    read_only: bool = False
    plain: bool = False
    """Whether NO_COLOR is set."""


_PLAN = ("enter", "=Scan what is shipped", "j", "j")
SCENES = {
    "plans": Scene(seen="1 failed, 2 blocked, 2 done"),
    "plan": Scene((*_PLAN, "tab"), "libxml2 2.9 HIGH"),
    "plan_blocked": Scene((*_PLAN, "j"), "next: todo_manager done billing_release 2"),
    "plan_evidence": Scene((*_PLAN, "3"), "the one in force"),
    "plan_log": Scene((*_PLAN, "4"), "libxml2 2.9  HIGH"),
    "plan_text": Scene((*_PLAN, "k", "5"), "Nothing is pushed from a laptop"),
    "plan_history": Scene((*_PLAN, "6"), "verified"),
    "run": Scene((*_PLAN, "v"), "next: put it right"),
    "evidence": Scene(
        (*_PLAN, "tab", "=libxml2 2.9 HIGH", "enter", "=event", "2"), "since its last pass"
    ),
    "ledger": Scene(("l",), "imported"),
    "services": Scene(("s",), "container billing"),
    "preflight": Scene(("p",), "warning", without="looking"),
    "configuration": Scene(("c",), "env_file"),
    "help": Scene(("question_mark",), "keys of plans"),
    "commands": Scene((*_PLAN, "y"), "copy a command"),
    "palette": Scene((*_PLAN, "ctrl+p"), "run the checks of the phase"),
    "confirm": Scene((*_PLAN, "j", "R"), "then the gate is asked"),
    "waive": Scene((*_PLAN, "e"), "ask for a waiver of advisories"),
    "empty": Scene(seen="todo_manager import FILE", folder="empty"),
    "error": Scene(seen="todo_manager init", folder="gone"),
    "read_only": Scene(_PLAN, "RO", read_only=True),
    "no_color": Scene((*_PLAN, "tab"), "libxml2 2.9 HIGH", plain=True),
}

SERVICES = [
    {
        "plan": "billing_release", "name": "billing", "host": "pc2", "container": "billing",
        "image": "localhost:5000/billing:2.4.0", "deploy_phase": 3, "deploy_digest": "sha256:ab",
        "rollback_phase": 3, "rollback_digest": "", "rollback_undo": True,
        "found": {"status": "running", "health": "healthy", "image": "sha256:" + "1f" * 32,
                  "reference": "localhost:5000/billing:2.3.1", "previous": "sha256:" + "2e" * 32,
                  "said": ""},
    },
    {
        "plan": "billing_release", "name": "ledger", "host": "pc3", "container": "ledger",
        "image": "localhost:5000/ledger:2.4.0", "deploy_phase": None, "deploy_digest": "",
        "rollback_phase": None, "rollback_digest": "", "rollback_undo": False,
        "found": {"status": "error", "health": "", "image": "", "reference": "", "previous": "",
                  "said": "pc3 (ssh ops@pc3): the name does not resolve"},
    },
]  # fmt: skip
"""What a look at services finds: no machine of these names is anywhere."""
FINDINGS = [
    {"name": "python", "level": "ok", "said": "3.13, /usr/bin/python3", "hint": ""},
    {"name": "engine local", "level": "ok", "hint": "",
     "said": "Docker 27.1, called build-1, unix:///var/run/docker.sock: for container, image, scan"},
    {"name": "engine pc2", "level": "problem", "hint": "ssh ops@pc2 docker version",
     "said": "pc2 (ssh ops@pc2): the name does not resolve; billing_release has a check that asks it"},
    {"name": "kind scan", "level": "warning", "said": "needs trivy or grype: neither is here",
     "hint": "install it, or name its folder under path in todo_manager.yaml"},
    {"name": "disk", "level": "ok", "said": "81.2 GB free for /srv/shop", "hint": ""},
]  # fmt: skip


@contextlib.asynccontextmanager
async def on(
    name: str, home: Path, size: tuple[int, int], theme: str = "dark"
) -> AsyncIterator[Pilot[None]]:
    """The command center, led to a scene."""
    scene = SCENES[name]
    app.FIRST_LOOK = 10_000.0
    center = CommandCenter(
        str(home / scene.folder), read_only=scene.read_only, actor="ann", theme=theme
    )
    async with center.run_test(size=size) as pilot:
        try:
            await _until(pilot, "STATE" if scene.folder == "shop" else scene.seen)
            for key in scene.keys:
                if key.startswith("="):
                    await _until(pilot, key[1:])
                else:
                    await pilot.press(key)
                    await pilot.pause()
            await _until(pilot, scene.seen, scene.without)
            for field in center.screen.query(Input):
                field.cursor_blink = False
            await pilot.pause()
            yield pilot
        finally:
            center.runs.end_all()


async def _until(pilot: Pilot[None], text: str, without: str = "") -> None:
    end = time.monotonic() + 30
    while text not in shown(pilot) or (without and without in shown(pilot)):
        if time.monotonic() > end:
            raise SystemExit(f"{text!r} never came:\n" + "\n".join(lines(pilot)))
        await pilot.pause(0.05)


def lines(pilot: Pilot[None]) -> list[str]:
    """What the screen shows, line by line."""
    return [strip.text.rstrip() for strip in pilot.app.screen._compositor.render_strips()]


def shown(pilot: Pilot[None]) -> str:
    """What the screen shows, each pane read for itself, with single blanks."""
    from tui.widgets.bar import Bar, Note
    from tui.widgets.rows import Rows

    found = [" ".join(" ".join(lines(pilot)).split())]
    for each in pilot.app.screen.query("*"):
        if isinstance(each, Rows) and each.display:
            found.append(each.whole)
        elif isinstance(each, (Bar, Note)) and each.display:
            found.append(" ".join(each.text.split()))
    return "\n".join(found)
