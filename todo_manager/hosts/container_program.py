"""A program run inside a container through its engine: with its exit code, ended whole, kept in part."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from todo_manager.checks.base import Ran
from todo_manager.engines.containers import Container
from todo_manager.engines.engine import Absent, Engine, Unreachable
from todo_manager.processes.capture import Capture
from todo_manager.processes.client import Cancel, Tell

MARK = "TODO_MANAGER_RUN"
"""Variable by which the processes of one run are known inside the container."""
_TICK = 0.05
"""Seconds between two looks at whether the program has ended."""
_AFTERWARDS = 2.0
"""Seconds in which what a program wrote must have come after it ended."""
_SIGNALS = range(129, 193)
"""Exit codes by which an engine says that a signal ended the program."""
_END = """
n=0
while [ "$n" -lt 20 ]; do
  n=$((n + 1)) found=
  for p in /proc/[0-9]*; do
    if grep -qs "$1" "$p/environ"; then kill -9 "${p#/proc/}" && found=1 && echo x; fi
  done
  [ "$found" ] || exit 0
done
exit 1
"""


def run(
    engine: Engine,
    container: Container,
    argv: Sequence[str],
    *,
    timeout: float,
    cwd: str,
    env: Mapping[str, str],
    user: str,
    cancel: Cancel,
    tell: Tell | None = None,
) -> tuple[Ran, dict[str, Any]]:
    """Run a program in a running container, and what is known of that; raises Unreachable.

    It has the container's environment and `env`. What it writes is told as it comes. Whatever it leaves behind is ended, where the container
    has a shell and grep to find it with; the facts say when it has not. They look as the program's own
    user, for root in a container may not see what other users' processes hold.
    """
    if container.status != "running":
        raise Unreachable(f"the container {container.name} is {container.status}, not running")
    started = time.monotonic()
    found = _Exec(engine, container, dict(env), user, cwd, tell)
    found.start(argv)
    ended = found.wait(time.monotonic() + timeout, cancel)
    leaked = found.end_all(not ended)
    code = found.exit_code() if ended else None
    ran = Ran(
        exit=None if code in _SIGNALS else code,
        signal=code - 128 if code in _SIGNALS and code else None,
        timed_out=not ended and not cancel.is_set(),
        cancelled=not ended and cancel.is_set(),
        problem="" if code is not None or not ended else "the engine tells no exit code",
        leaked=leaked or 0,
        duration_s=time.monotonic() - started,
        stdout=found.streams[0].output(),
        stderr=found.streams[1].output(),
    )
    unknown = "it has no sh and grep to look for them with"
    return ran, container.facts() | ({"descendants": unknown} if leaked is None else {})


class _Exec:
    """One program in a container."""

    def __init__(
        self,
        engine: Engine,
        container: Container,
        env: dict[str, str],
        user: str,
        cwd: str,
        tell: Tell | None,
    ) -> None:
        self.streams = (Capture("stdout"), Capture("stderr"))
        self._engine = engine
        self._container = container
        self._mark = secrets.token_hex(16)
        self._user = user
        self._tell = tell
        self._options = {"user": user, "workdir": cwd or None, "environment": env}
        self._id = ""
        self._problem: Unreachable | None = None

    def start(self, argv: Sequence[str]) -> None:
        options = dict(self._options)
        options["environment"] = {**self._options["environment"], MARK: self._mark}  # type: ignore[dict-item]
        self._id = self._made(argv, options)
        chunks = self._asked(self._engine.api.exec_start, self._id, stream=True, demux=True)
        self._reader = threading.Thread(target=self._read, args=(chunks,), daemon=True)
        self._reader.start()

    def wait(self, deadline: float, cancel: Cancel) -> bool:
        """Whether the program ended before the deadline, and before the run was cancelled."""
        while self._running():
            if time.monotonic() >= deadline or cancel.wait(_TICK):
                return False
        return True

    def end_all(self, hurry: bool) -> int | None:
        """End what is left of it; how many processes that were, None when nobody could look."""
        # A survivor may hold the output open, so it comes to its end only now.
        self._reader.join(0 if hurry else _TICK)
        code, written = self._tidied()
        self._reader.join(_AFTERWARDS)
        if self._problem and not hurry:
            raise self._problem
        return written.count(b"x") if code == 0 else None

    def exit_code(self) -> int | None:
        code = self._inspected().get("ExitCode")
        return code if isinstance(code, int) else None

    def _tidied(self) -> tuple[int | None, bytes]:
        try:
            made = self._made(["sh", "-c", _END, "sh", self._mark], {"user": self._user})
            written = self._asked(self._engine.api.exec_start, made)
            code = self._asked(self._engine.api.exec_inspect, made).get("ExitCode")
        except Unreachable:
            return None, b""
        return code, bytes(written)

    def _running(self) -> bool:
        return bool(self._inspected().get("Running"))

    def _inspected(self) -> dict[str, Any]:
        return dict(self._asked(self._engine.api.exec_inspect, self._id))

    def _made(self, argv: Sequence[str], options: dict[str, Any]) -> str:
        create = self._engine.api.exec_create
        return str(self._asked(create, self._container.id, list(argv), **options)["Id"])

    def _asked(self, question: Any, *words: Any, **options: Any) -> Any:
        """Of a container that is only the way, absence is no answer either."""
        try:
            return self._engine.ask(question, *words, **options)
        except Absent as problem:
            raise Unreachable(f"the container {self._container.name} is gone: {problem}") from None

    def _read(self, chunks: Any) -> None:
        try:
            while parts := self._engine.ask(next, chunks, None):
                for capture, data in zip(self.streams, parts):
                    if data:
                        capture.add(data)
                    if data and self._tell:
                        self._tell(capture.stream, data)
        except Unreachable as problem:
            self._problem = problem
