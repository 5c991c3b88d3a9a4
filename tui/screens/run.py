"""The screen Run: checks and steps as they go, the log they write, the first failure held fast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from todo_manager.shellword import word
from tui.actions import Action
from tui.run_story import Item
from tui.runs import Run
from tui.screens.base import StoreScreen
from tui.widgets.bar import Bar, Note
from tui.widgets.log import Log
from tui.widgets.table import Column, Row, Table
from tui.words import Line, Piece, brief, ours, seconds, single, state_text, tone_of

COLUMNS = (
    Column("VERDICT", most=11),
    Column("CHECK", most=24),
    Column("LOOKS AT", since=40, rest=True),
    Column("TRIES", since=80, right=True),
    Column("TOOK", right=True),
)


class RunScreen(StoreScreen):
    """One run of this session; `[` and `]` go to the others."""

    SCOPE: ClassVar[str] = "run"
    PANES: ClassVar[tuple[str, ...]] = ("items", "lines")

    def __init__(self, run: Run | None) -> None:
        super().__init__()
        self.run = run
        self._seen = 0
        self._led = False
        """Whether the cursor was put on the first failure."""

    def body(self) -> ComposeResult:
        yield Bar(id="state")
        yield Note(id="pinned", most=6, share=0.25)
        yield Table(COLUMNS, id="items")
        with Vertical(id="below"):
            yield Bar(id="log_title")
            yield Log(id="lines")

    def on_mount(self) -> None:
        self.call_after_refresh(self.show_run)

    def switch(self, run: Run) -> None:
        """Show another run."""
        self.run = run
        self._seen = 0
        self._led = False
        self.show_run(anew=True)

    def show_run(self, *, anew: bool = False) -> None:
        """Show how far the run is: called when it has told something."""
        run = self.run
        if run is None:
            self.find("state", Bar).put([("nothing was run in this session; ", ""),
                                         ("v", "key"), (" on a plan verifies it", "muted")])  # fmt: skip
            return
        story = run.story
        log = self.find("lines", Log)
        if anew:
            log.start_over(story.since(0))
        else:
            log.take(story.since(self._seen))
        self._seen = story.lines
        first, room = story.first_failure, self.size.width - 46
        self.find("pinned", Note).put(_pinned(first, room) if first else [])
        self.ticked()
        self._show_edges()
        if not run.going and not self._led:
            self._led = True
            self._lead_to(first)

    def _lead_to(self, first: Item | None) -> None:
        """Put the cursor where one wants to go when a run has ended, unless it was moved by then."""
        table = self.find("items", Table)
        if first is not None and not table.cursor:
            table.move_to_key((first.phase, first.id))

    def ticked(self) -> None:
        """Durations count while it runs; they stand still when it has ended."""
        run = self.run
        if run is None:
            return
        self.find("items", Table).show([_row(item) for item in run.story.items.values()])
        counts = [f"{count} {word}" for word, count in run.story.counts().items()]
        state: list[Piece] = [(state_text(run.state), tone_of(run.state) or "strong")]
        state += [(f"  {seconds(run.elapsed())}  ", "muted"), (", ".join(counts), "muted")]
        self.find("state", Bar).put(state)
        self._show_log_title()

    def _show_log_title(self) -> None:
        log = self.find("lines", Log)
        on = self.active == "lines"
        title: list[Piece] = [("2", "key"), (" Log", "strong" if on else "muted")]
        title += [(f"  {self._seen} lines  ", "muted")]
        if log.following:
            title.append(("following", "muted"))
        else:
            title.append((f"paused, {log.unseen} new below", "warn"))
            title += [("  f", "key"), (" follows", "muted")]
        self.find("log_title", Bar).put(title)

    def pane_changed(self) -> None:
        self._show_log_title()

    def lay_out(self) -> None:
        items = self.active == "items"
        self.find("items", Table).display = items or not self.zoomed
        self.query_one("#below").display = not items or not self.zoomed
        self.set_class(self.zoomed, "-zoomed")

    def crumbs(self) -> tuple[str, ...]:
        return ("runs", self.run.order.command) if self.run else ("runs",)

    def aside(self) -> Line:
        every = self.center.runs.all
        return [(f"run {self.run.number} of {len(every)}", "muted")] if self.run else []

    def place(self) -> Mapping[str, str]:
        if self.run is None:
            return {}
        found = {"command": self.run.order.command}
        if self.run.order.verb == "watch":
            found["open"] = f"todo_manager show {word(self.run.order.plan)}"
        if event := self._event():
            found["open"] = f"todo_manager log --run {event}"
        return found

    def _event(self) -> int | None:
        """The event of the check at the cursor, once it is recorded."""
        if self.run is None:
            return None
        key = self.find("items", Table).current
        for data in reversed(self.run.story.phases):
            if data.get("run") and (not isinstance(key, tuple) or data["phase"] == key[0]):
                return int(data["run"])
        return None

    def action_open(self) -> None:
        key = self.find("items", Table).current
        if event := self._event():
            self.center.open_event(event, str(key[1]) if isinstance(key, tuple) else None)
        elif self.run is not None and self.run.order.verb == "watch":
            phase = key[0] if isinstance(key, tuple) else None
            self.center.open_plan(self.run.order.plan, phase)
        elif self.run is not None and self.run.going:
            self.center.say("its evidence is there when it has ended")

    def offers(self, action: Action, place: Mapping[str, str]) -> bool:
        going = self.run is not None and self.run.going
        if action.name in ("cancel", "again"):
            return self.run is not None and going == (action.name == "cancel")
        if action.name in ("earlier", "later"):
            return len(self.center.runs.all) > 1
        return super().offers(action, place)

    def action_cancel(self) -> None:
        if self.run is not None and self.run.going:
            self.run.cancel()
            self.ticked()
        elif self.run is not None:
            self.center.say(f"it has ended: {self.run.state}")

    def action_again(self) -> None:
        if self.run is not None and self.run.going:
            self.center.say("it still runs; x ends it")
        elif self.run is not None:
            self.center.repeat(self.run)

    def action_follow(self) -> None:
        log = self.find("lines", Log)
        log.follow(not log.following)
        self._show_log_title()

    def action_down(self) -> None:
        super().action_down()
        self._show_log_title()

    def action_up(self) -> None:
        super().action_up()
        self._show_log_title()

    def action_earlier(self) -> None:
        self._by(-1)

    def action_later(self) -> None:
        self._by(1)

    def _by(self, step: int) -> None:
        every = self.center.runs.all
        if self.run is None:
            return
        place = every.index(self.run) + step
        if 0 <= place < len(every):
            self.switch(every[place])
        else:
            self.center.say(f"this is the {'newest' if step > 0 else 'first'} run of this session")


def _pinned(item: Item, room: int) -> list[Line]:
    row, tone = item.row, tone_of(item.verdict)
    return [
        [("first failure  ", "muted"), (f"{item.id} ", "strong"), (state_text(item.verdict), tone),
         (f"  {item.kind} {brief(item.subject, room)}", "")],
        [("  expected ", "muted"), (single(row["expected"]), "")],
        [("  seen     ", "muted"), (single(row["actual"] or row["message"]), tone)],
    ]  # fmt: skip


def _row(item: Item) -> Row:
    verdict = item.verdict or "running"
    name = f"{item.phase} {item.id}" if item.phase >= 0 else item.id
    what = f"{ours('▸ ') if item.step else ''}{item.kind} {item.subject}"
    return Row(
        (item.phase, item.id),
        (
            [(state_text(verdict, 6), tone_of(verdict))],
            [(name, "strong")],
            what,
            [(str(item.attempts) if item.attempts > 1 else "", "muted")],
            [(seconds(item.elapsed()), "muted")],
        ),
    )
