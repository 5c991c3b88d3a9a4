"""Asking an engine to do something: what it declines, and long answers that come message by message."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from todo_manager.engines.engine import Engine, Unreachable
from todo_manager.processes.client import Cancel

_TICK = 0.1
"""Seconds between two looks at whether a long answer is still wanted."""


class Declined(Exception):
    """The engine was asked, and did not do it; its own words."""


class Unfinished(Exception):
    """It was given up before its end, and why: nobody knows what became of it."""


def do(engine: Engine, action: Callable[..., Any], *words: Any, **options: Any) -> Any:
    """Call a method of the SDK that changes something.

    Raises Declined for every answer that says no, also for what is not there; Unreachable when there
    is no answer.
    """

    def asked() -> Any:
        from docker import errors

        try:
            return action(*words, **options)
        except errors.APIError as problem:
            raise Declined(" ".join(str(problem.explanation or problem).split())[:600]) from None

    return engine.ask(asked)


def messages(
    engine: Engine,
    cancel: Cancel,
    deadline: float,
    action: Callable[..., Iterable[Any]],
    **options: Any,
) -> Iterator[dict[str, Any]]:
    """What an engine says while it builds, pushes or pulls, as it says it.

    Raises Declined, also for an error that comes inside the answer; Unreachable; Unfinished past the
    deadline (of `time.monotonic`) and when the run is interrupted: then the engine is hung up on, which
    makes it stop.
    """
    said: queue.SimpleQueue[Any] = queue.SimpleQueue()
    answers: list[Any] = []
    engine.api.timeout = max(1.0, deadline - time.monotonic())
    engine.api.hooks["response"].append(lambda answer, *_, **__: answers.append(answer))

    def read() -> None:
        try:
            stream = iter(do(engine, action, **options))
            while (message := do(engine, next, stream, None)) is not None:
                said.put(message)
            said.put(None)
        except Exception as problem:
            said.put(problem)

    threading.Thread(target=read, daemon=True).start()
    try:
        while (message := _next(said, cancel, deadline)) is not None:
            if isinstance(message, Exception):
                raise message
            if error := _error_in(message):
                raise Declined(error)
            yield message
    finally:
        for answer in answers:
            _hang_up(answer)


def _next(said: queue.SimpleQueue[Any], cancel: Cancel, deadline: float) -> Any:
    while True:
        # Also while it speaks: a build that writes without end is never silent.
        if cancel.is_set():
            raise Unfinished("it was interrupted")
        if time.monotonic() > deadline:
            raise Unfinished("it was not through in time and was given up")
        try:
            return said.get(timeout=_TICK)
        except queue.Empty:
            continue


def _error_in(message: Any) -> str:
    """The error a message tells; one that is no mapping is an error too."""
    if not isinstance(message, dict):
        return f"the engine said {message!r}"
    detail = message.get("errorDetail") or {}
    return str(message.get("error") or detail.get("message") or "")


def _hang_up(answer: Any) -> None:
    """Shut the socket of an answer: who waits for it wakes, and the engine sees that nobody listens."""
    try:
        answer.raw._fp.fp.raw._sock.shutdown(socket.SHUT_RDWR)
    except (AttributeError, OSError):
        pass  # it came to its end


def required(found: Any, what: str) -> str:
    """A text the engine has to tell; raises Unreachable when it does not."""
    if not isinstance(found, str) or not found:
        raise Unreachable(f"the engine does not tell {what}")
    return found
