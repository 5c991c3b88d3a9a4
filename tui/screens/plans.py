"""The screen Plans: every plan with its progress, what is next, its worst state, its oldest proof."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult

from todo_manager.render.plain import counted, standing
from tui import questions
from tui.feed import Question
from tui.runs import Order
from tui.screens.finding import FindingScreen
from tui.widgets.bar import Note
from tui.widgets.field import Field
from tui.widgets.table import Column, Row, Table
from tui.words import Line, Piece, age, ours, single, state_text, tone_of

COLUMNS = (
    Column("STATE", most=12),
    Column("PLAN", share=40),
    Column("DONE", since=40, right=True),
    Column("", since=120),
    Column("NEXT PHASE", since=60, rest=True),
    Column("WORST", since=100),
    Column("OLDEST", since=80, right=True),
)
_CELLS = 10
"""Cells of the bar that shows progress."""
Plan = dict[str, Any]


class PlansScreen(FindingScreen):
    """All open plans, or all."""

    SCOPE: ClassVar[str] = "plans"
    PANES: ClassVar[tuple[str, ...]] = ("plans",)

    def __init__(self) -> None:
        super().__init__()
        self._everything = False
        self._plans: dict[str, Plan] = {}
        self._more = 0

    def body(self) -> ComposeResult:
        yield Field("words of a plan; enter keeps them, esc forgets them", id="find")
        yield Table(COLUMNS, id="plans")
        yield Note(id="empty", most=12)
        yield Note(id="why", most=4)

    def on_mount(self) -> None:
        self.find("plans", Table).display = False
        self.find("empty", Note).put([[("reading the store", "muted")]])

    def question(self) -> Question:
        return questions.plans(everything=self._everything, words=self.sought)

    def answered(self, answer: Any) -> None:
        self._plans = {plan["id"]: plan for plan in answer["plans"]}
        self._more = answer["more"]
        table = self.find("plans", Table)
        table.show([row_of(plan) for plan in answer["plans"]])
        table.display = bool(self._plans)
        self.find("empty", Note).put([] if self._plans else self._nothing())
        self._show_why()

    def on_table_moved(self, event: Table.Moved) -> None:
        self._show_why()

    def _show_why(self) -> None:
        """What the plan at the cursor is about, and why it stands where it stands."""
        self.find("why", Note).put(_why(self.current) if self.current is not None else [])

    def unread(self) -> None:
        self.find("empty", Note).put([])

    def _nothing(self) -> list[Line]:
        if self.sought:
            return [[("no plan has these words. ", ""), ("esc", "key"), (" shows all", "muted")]]
        found: list[Line] = [
            [("no plans yet" if self._everything else "no open plans", "strong")],
            [("take one in:    ", "muted"), ("todo_manager import FILE", "key")],
            [("begin one here: ", "muted"), ("todo_manager new ID", "key")],
        ]
        if not self._everything:
            found.append([("the closed ones: ", "muted"), ("a", "key")])
        return found

    def crumbs(self) -> tuple[str, ...]:
        if not self._read_at:
            return ("no answer",) if self.read else ("reading the store",)
        count = len(self._plans)
        found = f'with "{self.sought}"' if self.sought else ""
        if self._everything:
            return (f"{counted(count, 'plan')}, closed ones too {found}",)
        if self._more:
            return (f"the newest {count} of {count + self._more} open plans {found}",)
        return (f"{counted(count, 'open plan')} {found}",)

    def place(self) -> Mapping[str, str]:
        found = {"all": " --all" if self._everything else "", "words": self.sought}
        plan = self.current
        if plan is not None:
            found |= {"plan": plan["id"], "open": f"todo_manager show {plan['id']}"}
            if plan["next"]:
                found["phase"] = str(plan["next"]["phase"])
        return found

    @property
    def current(self) -> Plan | None:
        """The plan the cursor is on."""
        return self._plans.get(str(self.find("plans", Table).current))

    def action_open(self) -> None:
        if self.current is not None:
            self.center.open_plan(self.current["id"])

    def action_next(self) -> None:
        if self.current is not None:
            following = self.current["next"]
            self.center.open_plan(self.current["id"], following["phase"] if following else 0)

    def action_verify_plan(self) -> None:
        if self.current is not None:
            self.center.perform(self, "verify_plan", Order("", "verify", self.current["id"]))

    def action_done(self) -> None:
        if self.current is not None and self.current["next"]:
            phase = self.current["next"]["phase"]
            self.center.perform(self, "done", Order("", "done", self.current["id"], phase))
        elif self.current is not None:
            self.center.say(f"nothing is left to do of {self.current['id']}")

    def action_accept(self) -> None:
        self.center.on_terminal(self, "accept")

    def action_waivers(self) -> None:
        self.center.tell(self, "waivers")

    def action_watch(self) -> None:
        if self.current is not None:
            self.center.perform(self, "watch", Order("", "watch", self.current["id"]))

    def action_diff(self) -> None:
        self.center.tell(self, "diff")

    def action_all(self) -> None:
        self._everything = not self._everything
        self.ask()


def state_of(plan: Plan) -> str:
    """The word for a plan: the state of its next phase, or its own when nothing is left."""
    return str(plan["next"]["state"] if plan["next"] else plan["status"])


def row_of(plan: Plan) -> Row:
    """A plan as a row of the table."""
    state, coming = state_of(plan), plan["next"]
    title = f"{coming['phase']} {coming['title']}" if coming else "nothing is left"
    worst = plan["worst"]
    return Row(
        plan["id"],
        (
            [(state_text(state), tone_of(state))],
            [(plan["id"], "strong")],
            f"{plan['done']}/{plan['total']}",
            _progress(plan["done"], plan["total"]),
            title if coming else [(title, "muted")],
            [(state_text(worst), tone_of(worst))] if worst else [("", "")],
            [(age(plan["oldest"]) if plan["oldest"] else "", "muted")],
        ),
    )


def _progress(done: int, total: int) -> Line:
    full = _CELLS * done // total if total else 0
    return [(ours("▰" * full), "done"), (ours("▱" * (_CELLS - full)), "muted")]


def _why(plan: Plan) -> list[Line]:
    counts = [(f"{count} {state}", tone_of(state)) for state, count in plan["counts"].items()]
    said: list[Piece] = [(single(plan["title"]), "strong"), ("   ", "")]
    for place, piece in enumerate(counts):
        said += [(", ", "muted"), piece] if place else [piece]
    found: list[Line] = [said]
    coming = plan["next"]
    if coming:
        state, reason = coming["state"], single(coming["reason"])
        found.append([(f"phase {coming['phase']} is {standing(state, reason)}", tone_of(state))])
    return found
