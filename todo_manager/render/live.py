"""A run of checks as it moves on a terminal; it leaves nothing behind but what is told afterwards.

The cursor rests at the top of the region and is never hidden. So whatever happens to the terminal,
erasing from the cursor on removes the region and no more: a window that is made narrower wraps what
stands below the cursor, and one that is closed has nothing to put right.
"""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

from todo_manager.render import terminal
from todo_manager.render.board import Board
from todo_manager.render.followed import Followed
from todo_manager.render.output import Output
from todo_manager.render.screen import Screen
from todo_manager.runner import Event

TICK = 0.2
"""Seconds between two frames when nothing happens: seconds count, and waits count down."""
SHORTEST = 0.05
"""Seconds between two frames at the least, however much happens."""

_ERASE_LINE = "\x1b[K"
_ERASE_BELOW = "\x1b[J"
_CUT_ROWS, _WRAP_ROWS = "\x1b[?7l", "\x1b[?7h"
"""What a terminal does at its edge. A frame that meets a window just made narrower must not wrap, or
its top would be a row higher than the cursor goes back."""


class Progress:
    """Shows the events it is told, while its `with` block runs; its clock is a thread."""

    def __init__(self, output: Output, place: Followed) -> None:
        self._output = output
        self._place = place
        self._board = Board(place, time.monotonic())
        self._drawing = threading.Lock()
        self._over = threading.Event()
        self._drawn_at = 0.0
        self._size = terminal.size(sys.stderr)
        self._screen = Screen(output, sys.stderr)
        self._clock = threading.Thread(target=self._tick, daemon=True)
        self._begun = False

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._begun:
            with self._drawing:
                self._output.draw(f"\r{_ERASE_BELOW}")

    def tell(self, event: Event) -> None:
        """Show what happened; the first event begins it all, after the phase's IMPORTANT NOTE."""
        if not self._begun:
            self._begin()
        with self._drawing:
            now = time.monotonic()
            self._board.take(event, now)
            if now - self._drawn_at >= SHORTEST:
                self._draw(now)

    def _begin(self) -> None:
        if self._place.note:
            Screen(self._output).note(self._place.note, indent=2)
        self._begun = True
        self._clock.start()

    def _tick(self) -> None:
        while not self._over.wait(TICK):
            with self._drawing:
                if not self._over.is_set():
                    self._draw(time.monotonic())

    def _draw(self, now: float) -> None:
        """One frame in one write: over the old one, then what is left of it erased."""
        self._drawn_at = now
        size = terminal.size(sys.stderr)
        if size != self._size:
            self._size, self._screen = size, Screen(self._output, sys.stderr)
        rows = self._board.rows(self._screen, size[1] - 1, now)
        frame = "".join(f"{row}{_ERASE_LINE}\r\n" for row in rows)
        back = f"\x1b[{len(rows)}A\r"
        self._output.draw(f"\r{_CUT_ROWS}{frame}{_ERASE_BELOW}{back}{_WRAP_ROWS}")
