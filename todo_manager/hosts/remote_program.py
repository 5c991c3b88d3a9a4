"""A program of another machine, run over ssh like one of this machine: ended whole, kept in part."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from todo_manager.checks.base import Ran
from todo_manager.engines.engine import Unreachable
from todo_manager.hosts.errands import Errand, errand
from todo_manager.hosts.login import Login
from todo_manager.hosts.pool import Pool
from todo_manager.processes.capture import Capture
from todo_manager.processes.client import Cancel, Tell

_GRACE = 10.0
"""Seconds the other side may take to end everything below a program, or to answer at all."""
_TICK = 0.1
"""Seconds after which it is looked whether the run was cancelled."""


def run(
    pool: Pool,
    login: Login,
    argv: Sequence[str],
    *,
    timeout: float,
    cwd: str,
    env: Mapping[str, str],
    cancel: Cancel,
    tell: Tell | None = None,
) -> tuple[Ran, dict[str, Any]]:
    """Run a program there, and what is known of it; a name without `/` is one of that system's folders.

    It has `timeout` seconds from when the machine begins with it. What it writes is told as it comes.
    Raises Unreachable, naming the host, when the host lets us down: what became of it is unknown then.
    """
    started = time.monotonic()
    request = {"errand": "run", "argv": list(argv), "cwd": cwd, "env": dict(env)}
    with errand(pool, login, request, timeout) as under_way:
        watched = _Watched(under_way, cancel, tell)
        report = watched.report(time.monotonic() + timeout)
    stopped = watched.timed_out or watched.cancelled
    ran = Ran(
        exit=None if stopped else report.get("exit"),
        signal=None if stopped else report.get("signal"),
        timed_out=watched.timed_out,
        cancelled=watched.cancelled,
        problem=str(report.get("problem", "")),
        leaked=int(report.get("leaked", 0)),
        duration_s=time.monotonic() - started,
        stdout=watched.streams[b"o"].output(),
        stderr=watched.streams[b"e"].output(),
    )
    return ran, {name: report[name] for name in ("program", "sha256") if name in report}


class _Watched:
    """A program under way there, and what it wrote so far."""

    def __init__(self, errand: Errand, cancel: Cancel, tell: Tell | None) -> None:
        self.streams = {b"o": Capture("stdout"), b"e": Capture("stderr")}
        self.timed_out = self.cancelled = False
        self._errand = errand
        self._cancel = cancel
        self._tell = tell
        self._frames: queue.SimpleQueue[tuple[bytes, bytes] | Unreachable] = queue.SimpleQueue()

    def report(self, deadline: float) -> dict[str, Any]:
        """Take frames until the report; have the program ended at the deadline, or when cancelled."""
        self._errand.extend(max(0.0, deadline - time.monotonic()) + 2 * _GRACE)
        threading.Thread(target=self._receive, daemon=True).start()
        while True:
            frame = self._next(deadline)
            if isinstance(frame, Unreachable):
                raise frame
            if frame is None:
                self._look_up(deadline)
            elif frame[0] in self.streams:
                self.streams[frame[0]].add(frame[1])
                if self._tell:
                    self._tell(self.streams[frame[0]].stream, frame[1])
                self._look_up(deadline)
            else:
                found = json.loads(frame[1])
                return found if isinstance(found, dict) else {"problem": "it gave no report"}

    def _receive(self) -> None:
        try:
            while True:
                frame = self._errand.frame()
                self._frames.put(frame)
                if frame[0] not in self.streams:
                    return
        except Unreachable as problem:
            self._frames.put(problem)

    def _next(self, deadline: float) -> tuple[bytes, bytes] | Unreachable | None:
        left = max(0.0, deadline - time.monotonic())
        over = self.timed_out or self.cancelled
        try:
            return self._frames.get(timeout=_TICK if over else min(_TICK, left))
        except queue.Empty:
            return None

    def _look_up(self, deadline: float) -> None:
        """Have the program ended, once, when it is time."""
        if self.timed_out or self.cancelled:
            return
        self.cancelled = self._cancel.is_set()
        self.timed_out = not self.cancelled and time.monotonic() >= deadline
        if self.timed_out or self.cancelled:
            self._errand.send(b"k")
