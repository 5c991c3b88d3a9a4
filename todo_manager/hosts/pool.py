"""The ssh connections of one run: shared by its checks, as many as the other side's limits ask for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from todo_manager.engines.engine import Unreachable
from todo_manager.hosts.login import Login, import_paramiko, transport

SESSIONS = 8
"""Sessions of one connection: OpenSSH allows 10 (`MaxSessions`)."""
BEGIN = 30.0
"""Seconds a machine may take to let us in, and those it may then take to begin what it is asked to do.

A machine that has let us in is slow, not down: what is asked of it has a clock of its own, which starts
when it begins.
"""


class Pool:
    """Connections by login. Safe for several threads; close it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[Login, _Line] = {}

    def open(self, login: Login, seconds: float) -> tuple[Any, Callable[[], None]]:
        """A new paramiko Channel for one program, and what gives it back.

        Raises Unreachable, naming the host.
        """
        with self._lock:
            line = self._lines.setdefault(login, _Line(login))
        return line.open(seconds)

    @contextmanager
    def session(self, login: Login, seconds: float) -> Iterator[Any]:
        """The same for a `with`."""
        channel, give_back = self.open(login, seconds)
        try:
            yield channel
        finally:
            give_back()

    def close(self) -> None:
        with self._lock:
            for line in self._lines.values():
                line.close()


class _Line:
    """The connections to one login."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._connecting = threading.Lock()
        self._refused: tuple[float, str] = (0.0, "")
        """When the last login failed, and what was said."""
        self._counting = threading.Lock()
        self._used: dict[Any, int] = {}

    def open(self, seconds: float) -> tuple[Any, Callable[[], None]]:
        found = self._connection(seconds)
        try:
            channel = self._opened(found)
        except BaseException:
            self._leave(found)
            raise

        def give_back() -> None:
            channel.close()
            self._leave(found)

        return channel, give_back

    def _leave(self, connection: Any) -> None:
        with self._counting:
            self._used[connection] -= 1

    def close(self) -> None:
        for each in list(self._used):
            each.close()

    def _opened(self, found: Any) -> Any:
        paramiko = import_paramiko()
        try:
            return found.open_session(timeout=BEGIN)
        except (paramiko.SSHException, EOFError, OSError) as problem:
            # Whoever comes next is not to wait for the same dead connection.
            found.close()
            reason = str(problem) or type(problem).__name__
            raise Unreachable(f"{self._login.place()} starts no session: {reason}") from None

    def _connection(self, seconds: float) -> Any:
        """A connection with room for a session, counted as used.

        One at a time is made, for OpenSSH turns away many that log in at once (`MaxStartups`). Who waited
        while that one was refused is refused, too: a machine may lock out who knocks again and again.
        """
        started = time.monotonic()
        if found := self._with_room():
            return found
        while not self._connecting.acquire(timeout=max(0.0, self._left(started, seconds))):
            if self._left(started, seconds) <= 0:
                raise Unreachable(f"{self._login.place()} does not answer within {seconds:g} s")
        try:
            if found := self._with_room():
                return found
            when, why = self._refused
            if when > started:
                raise Unreachable(why)
            made = self._made(max(0.1, self._left(started, seconds)))
            with self._counting:
                self._used[made] = 1
            return made
        finally:
            self._connecting.release()

    def _made(self, seconds: float) -> Any:
        try:
            return transport(self._login, seconds)
        except Unreachable as problem:
            self._refused = time.monotonic(), str(problem)
            raise

    def _left(self, started: float, seconds: float) -> float:
        """Seconds that are left for a login: more where the machine has let others of ours in."""
        with self._counting:
            there = any(each.is_active() for each in self._used)
        return started + (max(seconds, BEGIN) if there else seconds) - time.monotonic()

    def _with_room(self) -> Any:
        with self._counting:
            for each, used in self._used.items():
                if each.is_active() and used < SESSIONS:
                    self._used[each] += 1
                    return each
        return None
