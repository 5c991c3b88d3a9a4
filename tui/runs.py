"""The runs of this session: each a process of its own, read by a thread, shown in batches.

A run is a command: what is executed, cancelled, repeated and copied is the same words. Threads never
touch a widget; they put what they read into the run's inbox and post one message for many lines.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from tui import programs
from tui.run_story import Story

if TYPE_CHECKING:
    from todo_manager.ledger import Actor

BATCH = 1000
"""Events that are taken up in one go at most, so that keys are answered in between."""
_CHUNK = 1 << 16


class Order(NamedTuple):
    """What is to be run: the words of the command, and the same for the worker."""

    command: str
    """As a person would type it."""
    verb: str
    """One of the worker's: verify, done, run, exec, undo, deploy, rollback, watch."""
    plan: str
    phase: int | None = None
    only: str = ""
    """The step digest that was shown before it was asked for."""
    service: str = ""
    """The service that is deployed or taken back."""


class Run:
    """One run: what it was asked, how far it is, and its process while it lives."""

    def __init__(self, number: int, order: Order, root: str, actor: Actor) -> None:
        self.number = number
        self.order = order
        self.story = Story()
        self.began = time.monotonic()
        self.ended: float | None = None
        self.cancelled = False
        self._inbox: deque[dict[str, Any]] = deque()
        self._posted = False
        self._lock = threading.Lock()
        options = {"verb": order.verb, "plan": order.plan, "phase": order.phase, "only": order.only}
        options |= {"service": order.service, "actor": actor.name}
        self._process = programs.start(programs.ours("worker.py", json.dumps(options)), root)

    @property
    def going(self) -> bool:
        return self.ended is None

    @property
    def state(self) -> str:
        """One word for where it is: running, cancelled, done, failed, error, refused, passed."""
        if self.going:
            return "running"
        return "cancelled" if self.cancelled and self.story.exit != 0 else self.story.verdict

    def elapsed(self) -> float:
        """Seconds since it began, or that it took."""
        return (self.ended or time.monotonic()) - self.began

    def cancel(self) -> None:
        """Interrupt it as Ctrl-C interrupts the verb: its programs are ended, nothing is recorded."""
        if self.going:
            self.cancelled = True
            self._process.send_signal(signal.SIGINT)

    def take(self) -> bool:
        """Take up what came in the meantime, at most a batch; whether there was more."""
        with self._lock:
            some = [self._inbox.popleft() for _ in range(min(BATCH, len(self._inbox)))]
            more = bool(self._inbox)
            self._posted = more
        for told in some:
            if told["e"] == "gone":
                self.ended = time.monotonic()
                self._process.wait()
            self.story.take(told)
        return more

    def read(self, post: Callable[[Run], object]) -> None:
        """Read the process to its end, in a thread; `post` is called once for what came since."""
        process = self._process
        assert process.stdout is not None
        assert process.stderr is not None
        rest = b""
        while chunk := os.read(process.stdout.fileno(), _CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            self._put([_told(line) for line in lines if line], post)
        wrong = process.stderr.read().decode("utf-8", "replace")
        code = process.wait()
        process.stdout.close()
        process.stderr.close()
        if process.stdin is not None:
            process.stdin.close()
        self._put([{"e": "gone", "exit": code, "stderr": wrong}], post)

    def _put(self, told: list[dict[str, Any]], post: Callable[[Run], object]) -> None:
        with self._lock:
            self._inbox.extend(told)
            post_it, self._posted = not self._posted, True
        if post_it:
            post(self)

    def end(self, patience: float) -> None:
        """See that its process is gone, within `patience` seconds; it tidies up by itself before."""
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Runs:
    """All runs of this session, oldest first."""

    PATIENCE = 20.0
    """Seconds that cancelled runs get to end their programs when the command center is left."""

    def __init__(
        self, root: str, actor: Callable[[], Actor], post: Callable[[Run], object]
    ) -> None:
        self.all: list[Run] = []
        self._root = root
        self._actor = actor
        self._post = post
        self._numbers = itertools.count(1)

    def start(self, order: Order) -> Run:
        """Begin a run; what it says comes through `post`."""
        run = Run(next(self._numbers), order, self._root, self._actor())
        self.all.append(run)
        threading.Thread(
            target=run.read, args=(self._post,), name=f"run-{run.number}", daemon=True
        ).start()
        return run

    def going(self) -> list[Run]:
        return [run for run in self.all if run.going]

    def of(self, order: Order) -> Run | None:
        """The newest run of the same phase that is still going, or of its whole plan.

        A plan that is watched can be worked on meanwhile.
        """
        for run in reversed(self.all):
            other = run.order
            alike = (other.verb == "watch") == (order.verb == "watch")
            same = other.plan == order.plan and other.phase in (None, order.phase)
            if run.going and alike and same:
                return run
        return None

    def end_all(self) -> None:
        """Cancel what is going and wait until its programs are ended."""
        left = self.going()
        for run in left:
            run.cancel()
        end = time.monotonic() + self.PATIENCE
        for run in left:
            run.end(max(0.0, end - time.monotonic()))


def _told(line: bytes) -> dict[str, Any]:
    """A line of the worker; one that is none of its own is shown as it stands."""
    try:
        found = json.loads(line)
        if isinstance(found, dict) and "e" in found:
            return found
    except ValueError:
        pass
    return {"e": "wrote", "id": "", "stream": "stdout", "text": line.decode("utf-8", "replace")}
