"""What a run has told so far: its checks and steps with their verdicts, its log, its first failure."""

from __future__ import annotations

import time
from typing import Any

from tui.widgets.rows import Text, text
from tui.words import seconds, single, state_text, tone_of

LIMIT = 50_000
"""Lines of a log that are kept to be shown; the oldest go first. The evidence keeps what counts."""


class Item:
    """A check or step of a run."""

    def __init__(self, phase: int, told: dict[str, Any], now: float) -> None:
        self.phase = phase
        self.id = str(told["id"])
        self.kind = str(told["kind"])
        self.subject = str(told["subject"])
        self.step = bool(told.get("step"))
        self.began = now
        self.verdict = ""
        """Empty while it runs."""
        self.attempts = 0
        self.took = 0.0
        self.row: dict[str, Any] = {}

    def elapsed(self) -> float:
        """Seconds it took, or has taken so far."""
        return self.took if self.verdict else time.monotonic() - self.began


class Story:
    """Takes the events of a worker; nothing here decides anything."""

    def __init__(self) -> None:
        self.items: dict[tuple[int, str], Item] = {}
        self.log: list[Text] = []
        self.dropped = 0
        """Lines that were dropped from the beginning of the log."""
        self.first_failure: Item | None = None
        self.phases: list[dict[str, Any]] = []
        """What came of each phase, as the verb's data has it."""
        self.error: dict[str, Any] | None = None
        self.exit = -1
        self.verdict = ""
        """How it ended: passed, done, failed, error or refused; empty until then."""
        self._phase = -1
        self._quiet: set[str] = set()

    def take(self, told: dict[str, Any]) -> None:
        """Take up one event."""
        getattr(self, f"_{told['e']}")(told)

    @property
    def lines(self) -> int:
        """Lines the log has had in all."""
        return self.dropped + len(self.log)

    def since(self, line: int) -> list[Text]:
        """The lines of the log after the first `line` ones, as far as they are kept."""
        return self.log[max(0, line - self.dropped) :]

    def counts(self) -> dict[str, int]:
        """How many checks have which verdict, `running` among them."""
        found: dict[str, int] = {}
        for item in self.items.values():
            word = item.verdict or "running"
            found[word] = found.get(word, 0) + 1
        return found

    def _say(self, *pieces: tuple[str, str] | str, hang: int = 0) -> None:
        self.log.append(text(*pieces, hang=hang))
        if len(self.log) > LIMIT + LIMIT // 10:
            gone = len(self.log) - LIMIT
            del self.log[:gone]
            self.dropped += gone

    def _started(self, told: dict[str, Any]) -> None:
        item = Item(self._phase, told, time.monotonic())
        self.items[item.phase, item.id] = item
        what = f"{item.kind} {single(item.subject)}"
        self._say((f"{item.id}: ", "strong"), (f"{what} …", "muted"), hang=4)

    def _attempt(self, told: dict[str, Any]) -> None:
        item = self.items.get((self._phase, told["id"]))
        if item is not None:
            item.attempts = told["attempt"]
        said = f"attempt {told['attempt']} {told['verdict']}, again in {told['wait']:g}s: "
        self._say((f"{told['id']}: ", "strong"), (said, "muted"), single(told["message"]), hang=4)

    def _wrote(self, told: dict[str, Any]) -> None:
        """Several checks write at a time, so each says who it is; steps come one after another."""
        whose = f"{told['id']} " if told["id"] else ""
        self._say((f"{whose}│ ", "muted"), told["text"], hang=len(whose) + 2)

    def _finished(self, told: dict[str, Any]) -> None:
        row = told["check"]
        item = self.items.get((self._phase, row["id"]))
        if item is None:
            item = Item(self._phase, row, time.monotonic())
            self.items[item.phase, item.id] = item
        item.verdict, item.took, item.row = row["verdict"], row["duration_s"], row
        item.attempts = row["attempts"]
        for _, line in told["output"]:
            self._say((f"{item.id} │ ", "muted"), line, hang=len(item.id) + 3)
        tone = tone_of(item.verdict)
        self._say(
            (f"{item.id}: ", "strong"),
            (state_text(item.verdict), tone),
            (f"  {seconds(item.took)}", "muted"),
        )
        if item.verdict in ("failed", "error"):
            self._say(("  expected ", "muted"), single(row["expected"]), hang=11)
            seen = single(row["actual"] or row["message"])
            self._say(("  seen     ", "muted"), (seen, tone), hang=11)
            if self.first_failure is None and row["required"]:
                self.first_failure = item

    def _looked(self, told: dict[str, Any]) -> None:
        """A phase that is watched was verified: its row is the one of its last look."""
        row = {"id": told["key"], "kind": "phase", "subject": told["key"], "required": True}
        item = Item(told["phase"], row, time.monotonic())
        item.verdict, item.row, item.took = told["verdict"], row, told["took"]
        before = self.items.get((item.phase, item.id))
        item.attempts = before.attempts + 1 if before else 1
        self.items[item.phase, item.id] = item
        said = f"  {single(told['message'])}" if told["message"] else ""
        where = f"phase {item.phase} {item.id}: "
        self._say(
            (where, "strong"), (state_text(item.verdict), tone_of(item.verdict)), said, hang=4
        )

    def _changed(self, told: dict[str, Any]) -> None:
        where = f"phase {told['phase']} {told['key']}: "
        self._say(
            (f"{told['at']}  ", "muted"), (where, "strong"), f"{told['was']} → ",
            (single(told["said"]), tone_of(told["state"])), hang=4,
        )  # fmt: skip

    def _noted(self, told: dict[str, Any]) -> None:
        self._say(("note: ", "muted"), single(told["text"]), hang=6)

    def _phase_begins(self, told: dict[str, Any]) -> None:
        self._phase = told["phase"]
        self._say((f"phase {told['phase']} ", "strong"), single(told["title"]))
        for line in told["note"].strip().splitlines():
            self._say(("IMPORTANT NOTE  ", "warn"), line, hang=16)

    def _phase_end(self, told: dict[str, Any]) -> None:
        data = told["data"] | {"error": told["error"]}
        self.phases.append(data)
        for note in told["notes"]:
            self._say(("note: ", "muted"), single(note), hang=6)
        said = f"phase {data['phase']} is {data['state']}"
        reason = f": {single(data['reason'])}" if data["reason"] else ""
        event = f", event {data['run']}" if data.get("run") else ""
        self._say((said, tone_of(data["state"])), reason, (event, "muted"), hang=2)
        if why := data.get("does_not_count"):
            self._say(("does not count: ", "warn"), single(why), hang=2)

    def _end(self, told: dict[str, Any]) -> None:
        self.exit, self.error = told["exit"], told["error"]
        self.verdict = self._word()
        if self.error:
            self._say((single(self.error["message"]), tone_of(self.verdict)), hang=2)
            if self.error["hint"]:
                self._say(("next: ", "muted"), (single(self.error["hint"]), "key"), hang=6)

    def _word(self) -> str:
        if self.exit == 0:
            marks = {row["state"] for row in self.phases}
            return "done" if marks == {"done"} else "passed"
        return {1: "failed", 5: "error", 130: "cancelled"}.get(self.exit, "refused")

    def _gone(self, told: dict[str, Any]) -> None:
        """Its process has ended; one that never said how is nothing anybody can rely on."""
        for item in self.items.values():
            if not item.verdict:  # it was ended before it had one
                item.took, item.verdict = item.elapsed(), "cancelled"
        if self.verdict:
            return
        self.exit, self.verdict = told["exit"] or 5, "error"
        last = told["stderr"].strip().splitlines()[-1:] or [f"exit {told['exit']}"]
        self.error = {
            "kind": "internal",
            "message": f"the run ended without a word: {last[0]}",
            "hint": "todo_manager log, for what was recorded",
            "person": False,
        }
        self._say((single(self.error["message"]), "errored"), hang=2)
