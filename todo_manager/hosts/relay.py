"""Ends of far connections as sockets of this process: TLS, http and the Docker SDK want real ones."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from todo_manager.engines.engine import Unreachable
from todo_manager.hosts.errands import Errand
from todo_manager.hosts.login import in_time
from todo_manager.hosts.network import Address, Hold

_CHUNK = 2**16
_SPARE = 2.0
"""Seconds beyond those of a question: silence of the target is to be told from silence of the way."""
_LONGEST = 86_400.0
ALIVE = 10.0
"""Seconds in which the other side must show that it is still there; a busy one needs some of them."""


def pumped(channel: Any, give_back: Callable[[], None]) -> socket.socket:
    """A socket whose bytes go through a paramiko Channel and back; when it is closed so is the channel."""
    channel.settimeout(None)
    ours, theirs = socket.socketpair()

    def down() -> None:
        try:
            while data := channel.recv(_CHUNK):
                theirs.sendall(data)
        except (OSError, EOFError):
            pass
        _shut(theirs)

    _start(down)
    _start(lambda: _up(theirs, channel, lambda _: give_back()))
    return ours


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


def _up(theirs: socket.socket, channel: Any, ended: Callable[[bool], None]) -> None:
    """Pass on what we write, until our end is closed; `ended` is told whether it was that."""
    ours = False
    try:
        while data := theirs.recv(_CHUNK):
            channel.sendall(data)
        ours = True
    except (OSError, EOFError):
        pass
    ended(ours)
    theirs.close()


def _shut(theirs: socket.socket) -> None:
    try:
        theirs.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class RemoteNetwork:
    """The network of another machine, or of a container of it: as `network.Network`.

    One connection after another can be made through it. When the way there breaks down `broken` says
    so, and what was seen of the target then says nothing.
    """

    def __init__(self, errand: Errand, again: Callable[[], Errand]) -> None:
        """`again` begins another errand of the same place: one ends with the connection it made."""
        self._errand = errand
        self._again = again
        self._spent = False
        self.broken = ""

    def addresses(self, host: str, port: int, seconds: float) -> list[Address]:
        if self._spent:
            self._errand, self._spent = self._again(), False
        self._errand.extend(seconds + _SPARE)
        found = self._errand.ask("addresses", host, port, seconds)
        return [(*each[:4], tuple(each[4])) for each in found]

    def reach(self, address: Address, seconds: float, hold: Hold) -> socket.socket:
        errand = self._errand
        errand.extend(seconds + _SPARE)
        errand.ask("reach", address, seconds)
        self._spent = True
        # From now on it is the target that may be silent; how long, whoever asks it decides.
        errand.extend(_LONGEST)
        ours, theirs = socket.socketpair()
        hold(ours)
        reset = os.dup(ours.fileno())
        closed = threading.Event()

        def ended(by_us: bool) -> None:
            if by_us:
                closed.set()
            errand.channel.close()

        _start(lambda: _up(theirs, errand.channel, ended))
        _start(lambda: self._down(errand, theirs, reset, closed))
        return ours

    def owns(self, address: str) -> bool:
        return bool(self._errand.ask("owns", address))

    def machine(self) -> str:
        return str(self._errand.ask("machine"))

    def silent(self) -> str:
        # The answer does not matter: whoever says that it knows no such request is there.
        line = self._errand.channel.get_transport()
        try:
            in_time(ALIVE, lambda: line.global_request("keepalive@openssh.com", wait=True), bool)
        except (TimeoutError, OSError, EOFError):
            return f"{self._errand.place()} does not answer any more"
        return "" if line.is_active() else f"{self._errand.place()} hung up"

    def close(self) -> None:
        """The errand is ended by whoever began it."""

    def _down(
        self, errand: Errand, theirs: socket.socket, reset: int, closed: threading.Event
    ) -> None:
        """Pass on what the target says, and how it ended; where we hung up nothing broke."""
        try:
            while (frame := errand.frame())[0] == b"d":
                theirs.sendall(frame[1])
            if frame[0] == b"f":
                # A socket of a pair that is closed with bytes unread resets the other one.
                os.write(reset, b"\0")
                theirs.close()
        except Unreachable as problem:
            if not closed.is_set():
                self.broken = str(problem)
        except OSError:
            pass  # our own end was closed
        finally:
            os.close(reset)
            _shut(theirs)
