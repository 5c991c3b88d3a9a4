"""What a run of checks looks like at one moment, in as many rows as there are; it draws nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from todo_manager import evidence
from todo_manager.model import Result, Verdict
from todo_manager.render.followed import Followed
from todo_manager.render.palette import DIM, STRONG, VERDICT, Piece
from todo_manager.render.run_screen import about
from todo_manager.render.screen import Screen
from todo_manager.runner import AttemptMade, CheckFinished, CheckStarted, Event

_HANG = 2 + VERDICT
_PINNED = 3
"""Rows of the failure on top: the check, what was expected, what was seen."""


class _Running(Struct):
    """A check that has no verdict yet."""

    started: CheckStarted
    since: float
    attempt: AttemptMade | None = None
    attempted: float = 0.0


class Board:
    """Takes the events of a run and gives the rows to show; times are seconds of one clock."""

    def __init__(self, place: Followed, now: float) -> None:
        self._place = place
        self._since = now
        self._running: dict[str, _Running] = {}
        self._finished: list[Result] = []
        self._first: Result | None = None

    def take(self, event: Event, now: float) -> None:
        """Note what happened."""
        if isinstance(event, CheckStarted):
            self._running[event.id] = _Running(event, now)
        elif isinstance(event, AttemptMade):
            running = self._running[event.id]
            running.attempt, running.attempted = event, now
        elif isinstance(event, CheckFinished):
            self._running.pop(event.result.id, None)
            self._finish(event.result)

    def _finish(self, result: Result) -> None:
        opens = (Verdict.PASSED, Verdict.WAIVED)
        if self._first is None and result.required and result.verdict not in opens:
            self._first = result
        else:
            self._finished.append(result)

    def rows(self, screen: Screen, height: int, now: float) -> list[str]:
        """At most `height` rows: how far it is, the first failure, what runs, what is finished."""
        rows = [self._head(screen, now), *self._pinned(screen, height)][: max(height, 1)]
        rows += self._going_on(screen, height - len(rows), now)
        left = height - len(rows)
        latest = self._finished[-left:] if left > 0 else []
        return rows + [self._one(result, screen) for result in reversed(latest)]

    def _head(self, screen: Screen, now: float) -> str:
        finished = len(self._finished) + (self._first is not None)
        total = max(self._place.total, finished + len(self._running))
        number = self._place.phase if self._place.part is None else self._number()
        return screen.fitted(
            (f"{finished}/{total}", STRONG),
            (f"  {_seconds(now - self._since)}", DIM),
            (f"  {self._place.plan} {number}. ", ""),
            (screen.single(self._place.title), ""),
            indent=2,
        )

    def _number(self) -> str:
        return f"{self._place.phase}.{self._place.part}"

    def _pinned(self, screen: Screen, height: int) -> list[str]:
        """The first failure, with what was expected and seen where there is room for it."""
        found = self._first
        if found is None:
            return []
        said = (("expected: ", found.expected), ("seen:     ", found.actual or found.message))
        whole = [self._one(found, screen)] + [
            screen.fitted((name, DIM), (screen.single(text), ""), indent=_indent(screen))
            for name, text in said
            if text
        ]
        return whole if height >= 2 * _PINNED else whole[:1]

    def _going_on(self, screen: Screen, height: int, now: float) -> list[str]:
        """What runs, those that wait for another attempt with the reason; the rest is counted."""
        found: list[str] = []
        for number, running in enumerate(self._running.values()):
            rows = self._run(running, screen, now)
            others = len(self._running) - number - 1
            if len(found) + len(rows) + (others > 0) > height:
                more = f"and {others + 1} more are running"
                return found + [screen.fitted((more, DIM), indent=2)] * (height > len(found))
            found += rows
        return found

    def _run(self, running: _Running, screen: Screen, now: float) -> list[str]:
        event = running.started
        rows = [
            screen.fitted(
                (f"{_seconds(now - running.since)}  ", DIM),
                *_named(event.id, event.kind, screen.single(event.subject)),
                label=screen.verdict("running"),
                indent=2,
                hang=_HANG,
            )
        ]
        attempt = running.attempt
        left = attempt.wait_s - (now - running.attempted) if attempt else 0.0
        if attempt is not None:
            said = f"attempt {attempt.attempt} {attempt.verdict}: {screen.single(attempt.message)}"
            again = f"again in {math.ceil(left)}s  " if left > 0 else "trying again  "
            rows.append(screen.fitted((again, STRONG), (said, ""), indent=_indent(screen)))
        return rows

    def _one(self, result: Result, screen: Screen) -> str:
        row = evidence.as_row(result)
        label = screen.verdict(str(result.verdict))
        return screen.fitted(*about(row, screen), label=label, indent=2, hang=_HANG)


def _named(id_: str, kind: str, subject: str) -> Sequence[Piece]:
    return (f"{id_}: ", STRONG), (f"{kind} ", DIM), (subject, "")


def _indent(screen: Screen) -> int:
    return 4 if screen.narrow else _HANG


def _seconds(span: float) -> str:
    """A span of time in the fewest words that still move: 3.2s, 41s, 2m 05s."""
    if span < 10:
        return f"{max(span, 0):.1f}s"
    minutes, seconds = divmod(int(span), 60)
    return f"{minutes}m {seconds:02}s" if minutes else f"{seconds}s"
