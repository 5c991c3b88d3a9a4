"""The screen Services: what runs where, on which image, what it could go back to, which phase owns it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.message import Message

from todo_manager.shellword import word
from tui.lookout import Found, Lookout
from tui.runs import Order
from tui.screens.base import StoreScreen, problem
from tui.widgets.bar import Note
from tui.widgets.table import Column, Row, Table
from tui.words import Line, short_digest, single

COLUMNS = (
    Column("STATUS", most=12),
    Column("SERVICE", most=24),
    Column("HOST", since=40, most=16),
    Column("HEALTH", since=60),
    Column("IMAGE", since=60, rest=True),
    Column("RUNS", since=80),
    Column("BACK TO", since=100),
    Column("PHASE", since=80, most=28),
)
_TONES = {"running": "done", "absent": "muted", "error": "errored", "healthy": "done",
          "unhealthy": "failed", "starting": "warn"}  # fmt: skip


class LookScreen(StoreScreen):
    """A screen on what a look at the world outside finds. Subclasses have LOOK and `show_found`."""

    LOOK: ClassVar[str] = ""

    class Seen(Message):
        """The look has found something."""

        def __init__(self, found: list[Found], whole: bool) -> None:
            super().__init__()
            self.found = found
            self.whole = whole

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Found] = []
        self.whole = False
        self._lookout: Lookout | None = None

    def on_mount(self) -> None:
        self._lookout = Lookout(self.center.root, self.LOOK, self._seen)
        self._lookout.look()

    def on_unmount(self) -> None:
        if self._lookout is not None:
            self._lookout.stop()

    def _seen(self, found: list[Found], whole: bool) -> None:
        """Called in a thread, perhaps when the screen is already going."""
        with contextlib.suppress(RuntimeError):
            self.post_message(self.Seen(found, whole))

    def on_look_screen_seen(self, message: Seen) -> None:
        self.whole = message.whole
        # What was there stays until there is as much of the new: a table that empties is no news.
        if message.whole or len(message.found) >= len(self.found):
            self.found = message.found
        self._trouble = next(
            ((each["trouble"], each["hint"]) for each in self.found if "trouble" in each), ("", "")
        )
        self.show_found([each for each in self.found if "trouble" not in each])
        self._tick()

    def show_found(self, found: list[Found]) -> None:
        """Show what is known by now."""

    def aside(self) -> Line:
        count = len(self.found)
        return [(f"{count} found" if self.whole else f"{count} found, looking", "muted")]

    def action_look_again(self) -> None:
        if self._lookout is not None:
            self.whole = False
            self._lookout.look()
            self._tick()


class ServicesScreen(LookScreen):
    """The services of all plans that are not archived."""

    SCOPE: ClassVar[str] = "services"
    PANES: ClassVar[tuple[str, ...]] = ("services",)
    LOOK: ClassVar[str] = "services"

    def body(self) -> ComposeResult:
        yield Table(COLUMNS, id="services")
        yield Note(id="empty", most=8)
        yield Note(id="why", most=4)

    def show_found(self, found: list[Found]) -> None:
        table = self.find("services", Table)
        table.show([_row(each) for each in found])
        table.display = bool(found)
        nothing: list[Line] = [
            [("no plan says how a service is deployed", "strong")],
            [("write services: in a plan, and a step deploy: NAME; then  ", "muted"),
             ("todo_manager accept PLAN", "key")],
        ]  # fmt: skip
        self.find("empty", Note).put(nothing if self.whole and not found else [])
        self._show_why()

    def on_table_moved(self, event: Table.Moved) -> None:
        self._show_why()

    def _show_why(self) -> None:
        each = self.current
        self.find("why", Note).put(_why(each) if each is not None else [])

    @property
    def current(self) -> Found | None:
        """The service the cursor is on."""
        key = self.find("services", Table).current
        return next((each for each in self.found if _key(each) == key), None)

    def place(self) -> Mapping[str, str]:
        each = self.current
        if each is None:
            return {}
        plan = word(each["plan"])
        found = {"plan": each["plan"], "open": f"todo_manager show {plan}"}
        if each["deploy_phase"] is not None:
            found |= {"deploy_phase": str(each["deploy_phase"]), "service": each["name"]}
        if each["rollback_phase"] is not None:
            phase = each["rollback_phase"]
            found["rollback"] = (
                f"run {plan} {phase} --undo"
                if each["rollback_undo"]
                else f"rollback {plan} {word(each['name'])} --phase {phase}"
            )
        return found

    def action_open(self) -> None:
        each = self.current
        if each is not None:
            self.center.open_plan(each["plan"], each["deploy_phase"])

    def action_deploy(self) -> None:
        each = self.current
        if each is None:
            return
        if each["deploy_phase"] is None:
            self.center.say(f"no phase of {each['plan']} deploys {each['name']}", "warn")
            return
        order = Order("", "deploy", each["plan"], each["deploy_phase"], service=each["name"])
        self.center.perform(self, "deploy", order)

    def action_rollback(self) -> None:
        each = self.current
        if each is None:
            return
        if each["rollback_phase"] is None:
            self.center.say(f"no phase of {each['plan']} takes {each['name']} back", "warn")
            return
        verb = "undo" if each["rollback_undo"] else "rollback"
        order = Order("", verb, each["plan"], each["rollback_phase"], service=each["name"])
        self.center.perform(self, "rollback", order)


def _key(each: Mapping[str, Any]) -> tuple[str, str]:
    return str(each.get("plan")), str(each.get("name"))


def _row(each: Found) -> Row:
    found = each["found"]
    status, health = found["status"], found["health"]
    owner = f"{each['plan']} {each['deploy_phase']}" if each["deploy_phase"] is not None else ""
    return Row(
        _key(each),
        (
            [(status, _TONES.get(status, "warn"))],
            [(each["name"], "strong")],
            each["host"],
            [(health or "-", _TONES.get(health, "muted"))],
            found["reference"] or each["image"],
            [(short_digest(found["image"]) or "-", "")],
            [(short_digest(found["previous"]) or "-", "")],
            [(owner or "-", "muted")],
        ),
    )


def _why(each: Found) -> list[Line]:
    found = each["found"]
    where = f"{each['name']} of {each['plan']}, container {each['container']} on {each['host']}"
    lines: list[Line] = [[(single(where), "strong")]]
    if found["said"]:
        tone = "errored" if found["status"] == "error" else "warn"
        lines += (
            problem(found["said"], "") if tone == "errored" else [[(single(found["said"]), tone)]]
        )
    if found["reference"] and found["reference"] != each["image"]:
        lines.append([("the plan wants ", "muted"), (single(each["image"]), "")])
    return lines
