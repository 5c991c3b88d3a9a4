"""The screen Plan: its phases at the left; of the one at the cursor everything at the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from todo_manager.shellword import word
from todo_manager.states import SATISFIED
from tui import phase_text, questions
from tui.feed import Feed, News, Question
from tui.screens.base import StoreScreen
from tui.screens.plan_acts import PlanActs, waivable
from tui.screens.plan_rows import CHECKS, HISTORY, PHASES, check_rows, event_row, phase_row
from tui.widgets.bar import Bar, Note
from tui.widgets.rows import Rows
from tui.widgets.table import Table
from tui.words import Line, Piece, single

SIDE_BY_SIDE = 80
"""The width from which phases and details stand beside each other."""
TITLES = {"phases": "Phases", "checks": "Checks", "evidence": "Evidence", "log": "Log",
          "text": "Text", "history": "History"}  # fmt: skip


class PlanScreen(PlanActs):
    """One plan."""

    SCOPE: ClassVar[str] = "plan"
    PANES: ClassVar[tuple[str, ...]] = tuple(TITLES)

    def __init__(self, plan: str, phase: int | None = None) -> None:
        super().__init__()
        self.plan_id = plan
        self.plan: dict[str, Any] = {}
        self.detail: dict[str, Any] = {}
        self._wanted = phase
        self._right = "checks"
        self._details: Feed | None = None

    def body(self) -> ComposeResult:
        with Horizontal(id="sides"):
            with Vertical(id="left"):
                yield Bar(id="left_title")
                yield Table(PHASES, id="phases")
            with Vertical(id="right"):
                yield Bar(id="tabs")
                yield Table(CHECKS, id="checks")
                yield Rows(id="evidence")
                yield Rows(id="log")
                yield Rows(id="text")
                yield Table(HISTORY, id="history")
        yield Note(id="why", most=5, share=0.3)

    def on_mount(self) -> None:
        self._details = Feed(self.center.root, self._from_details)
        self._details.start()

    def on_unmount(self) -> None:
        if self._details is not None:
            self._details.stop()

    # What the store says.

    def question(self) -> Question:
        return questions.plan(self.plan_id)

    def answered(self, answer: Any) -> None:
        self.plan = answer
        table = self.find("phases", Table)
        table.show([phase_row(phase) for phase in answer["phases"]])
        if self._wanted is not None:
            table.move_to_key(self._wanted)
            self._wanted = None
        self._show_phase()

    def _ask_detail(self) -> None:
        phase = self.phase
        if self._details is not None and phase is not None and self.is_current:
            self._details.ask(questions.phase(self.plan_id, phase["key"]))

    def _from_details(self, news: News) -> None:
        self._from_feed(news)

    def on_store_screen_arrived(self, message: StoreScreen.Arrived) -> None:
        news, phase = message.news, self.phase
        if phase is not None and news.key == ("phase", self.plan_id, phase["key"]):
            message.prevent_default()
            if not news.trouble:
                self.detail = news.answer
                self._show_detail()

    def ask(self, *, anew: bool = False) -> None:
        super().ask(anew=anew)
        self._ask_detail()

    def on_screen_suspend(self, event: events.ScreenSuspend) -> None:
        if self._details is not None:
            self._details.pause()

    @property
    def phase(self) -> dict[str, Any] | None:
        """The phase the cursor is on."""
        place = self.find("phases", Table).current
        phases = self.plan.get("phases", ())
        return phases[place] if isinstance(place, int) and place < len(phases) else None

    @property
    def _last(self) -> dict[str, Any] | None:
        """The last attempt at the phase, if it is known by now."""
        phase = self.phase
        known = phase is not None and self.detail.get("key") == phase["key"]
        return self.detail["last"] if known else None

    # What is shown.

    def on_table_moved(self, event: Table.Moved) -> None:
        if event.table.id == "phases":
            self._show_phase()

    def _show_phase(self) -> None:
        phase = self.phase
        if phase is None:
            self.find("why", Note).put(
                [[("this plan has no phases; ", ""), (f"todo_manager add {word(self.plan_id)} phase TITLE", "key")]]
                if self.plan else []
            )  # fmt: skip
            return
        self.find("text", Rows).show(phase_text.body(phase))
        self._show_detail()
        self._ask_detail()
        self._show_titles()

    def _show_detail(self) -> None:
        phase, last = self.phase, self._last
        if phase is None:
            return
        self.find("why", Note).put(
            phase_text.why(
                self.plan,
                phase,
                last,
                read_only=self.center.read_only,
                room=self.size.width - 50,
            )
        )
        self.find("checks", Table).show(check_rows(phase, last))
        self.find("evidence", Rows).show(phase_text.evidence(phase, last))
        if self.detail.get("key") == phase["key"]:
            self.find("log", Rows).show(phase_text.log(last, self.detail["outputs"]))
            self.find("history", Table).show([event_row(each) for each in self.detail["events"]])

    def crumbs(self) -> tuple[str, ...]:
        return (self.plan_id,)

    def aside(self) -> Line:
        if not self.plan:
            return [("reading the store", "muted")] if not self.read else []
        states = [phase["state"] for phase in self.plan["phases"]]
        done = sum(state in SATISFIED for state in states)
        return [(f"{done}/{len(states)} done", "done" if done == len(states) else "muted")]

    def lay_out(self) -> None:
        alone = self.zoomed or self.size.width < SIDE_BY_SIDE
        left = self.active == "phases"
        self.query_one("#left").display = left or not alone
        self.query_one("#right").display = not left or not alone
        for name in self.PANES[1:]:
            self.query_one(f"#{name}").display = name == self._right
        self._show_titles()

    def pane_changed(self) -> None:
        if self.active != "phases":
            self._right = self.active
        self.lay_out()

    def _show_titles(self) -> None:
        on = self.active == "phases"
        title = single(self.plan.get("title", ""))
        left: list[Piece] = [
            ("1", "key"),
            (" Phases  ", "strong" if on else "muted"),
            (title, "muted"),
        ]
        self.find("left_title", Bar).put(left)
        self.find("tabs", Bar).put(self._tabs(on))

    def _tabs(self, left: bool) -> list[Piece]:
        """The numbers of the panes at the right; the names of all where there is room for them."""
        bar = self.find("tabs", Bar)
        names = [TITLES[name] for name in self.PANES[1:]]
        full = bar.size.width - 4 > sum(len(name) + 4 for name in names)
        tabs: list[Piece] = []
        for number, name in enumerate(self.PANES[1:], start=2):
            shown = name == self._right
            tone = "strong" if shown and not left else "" if shown else "muted"
            tabs.append((str(number), "key" if full or shown else "muted"))
            tabs.append((f" {TITLES[name]}  " if full or shown else "  ", tone))
        return tabs

    # What can be done here.

    def place(self) -> Mapping[str, str]:
        found = {"plan": self.plan_id}
        phase = self.phase
        if phase is None:
            return found
        index = str(phase["index"])
        found |= {"phase": index, "reason": "WHY", "until": "30d"}
        if phase["steps"] and phase["step_digest"]:
            found |= {"step_phase": index, "step_digest": phase["step_digest"]}
        found |= waivable(phase, str(self.find("checks", Table).current))
        if phase["claim"]:
            found["claimed"] = index
        manual = [check["id"] for check in phase["checks"] if check["kind"] == "manual"]
        if manual:
            here = str(self.find("checks", Table).current)
            found["manual"] = here if here in manual else manual[0]
        if phase["undo"]:
            found["undo_phase"] = index
        if not any(check["required"] for check in phase["checks"]):
            found["bare_phase"] = index
        found["open"] = f"todo_manager show {word(self.plan_id)} {phase['index']}"
        if event := self._event():
            found["open"] = f"todo_manager log --run {event}"
        return found

    def _event(self) -> int | None:
        """The event that is opened from the pane that has the keys."""
        if self.active == "history":
            return int(str(self.find("history", Table).current or 0)) or None
        if self.active in ("checks", "evidence", "log") and self._last is not None:
            return int(self._last["seq"])
        return None

    def action_open(self) -> None:
        if self.active == "phases":
            self.activate(self.PANES.index(self._right))
        elif event := self._event():
            check = self.find("checks", Table).current if self.active == "checks" else None
            self.center.open_event(event, str(check) if check else None)

    def action_next(self) -> None:
        for phase in self.plan.get("phases", ()):
            if phase["state"] not in SATISFIED:
                self.find("phases", Table).move_to_key(phase["index"])
                return
        self.center.say("nothing is left: every phase is done or attested")
