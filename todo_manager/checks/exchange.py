"""One exchange with a server against the clock, and what a problem of the network means."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from todo_manager.model import Verdict

if TYPE_CHECKING:
    import socket

    from todo_manager.hosts.places import SomeNetwork

T = TypeVar("T")
S = TypeVar("S", bound="socket.socket")

RESOLVING = "resolving the name"


class Exchange:
    """One conversation with a server, bound to a deadline that nothing in it can move.

    A socket's own timeout starts anew with each byte, and name resolution has none, so the work is
    done in a thread that is left behind at the deadline with its socket shut.
    """

    def __init__(
        self,
        seconds: float,
        network: SomeNetwork | None = None,
        instead: tuple[str, int] | None = None,
    ) -> None:
        """`network` is looked from, this machine's where none is given; `instead` is where to connect,
        whatever host and port are named."""
        from todo_manager.hosts.network import Network

        self.network: SomeNetwork = network or Network()
        self._instead = instead
        self.peer: tuple[str, int] = ("", 0)
        """Address and port at which the connection was made."""
        self._start = time.monotonic()
        self._seconds = seconds
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._cut = False
        self.stage = RESOLVING
        self.received = bytearray()
        """What has come of the answer so far."""

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def left(self) -> float:
        """Seconds until the deadline; raises TimeoutError when there are none."""
        seconds = self._seconds - self.elapsed()
        if self._cut or seconds <= 0:
            raise TimeoutError
        return seconds

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises; TimeoutError when it is not back at the deadline."""
        done: list[T] = []
        raised: list[BaseException] = []

        def go() -> None:
            try:
                done.append(work())
            except BaseException as error:
                raised.append(error)
            finally:
                self._close()

        thread = threading.Thread(target=go, daemon=True)
        thread.start()
        try:
            thread.join(max(0.0, self._seconds - self.elapsed()))
            late = thread.is_alive()
        finally:
            self._cut = True
            self._shut()
        if late:
            raise TimeoutError
        if raised:
            raise raised[0]
        return done[0]

    def _shut(self) -> None:
        """Wake whoever waits for the socket. Only the thread that uses it closes it."""
        import socket

        with self._lock:
            if self._socket is not None:
                try:
                    # Of the plain class: a TLS socket's own would take its state from a reader.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
                except OSError:
                    pass

    def _close(self) -> None:
        """Close the socket at once, also where a response still refers to it."""
        with self._lock:
            held, self._socket = self._socket, None
        if held is not None and (handle := held.detach()) >= 0:
            os.close(handle)

    def hold(self, sock: S) -> S:
        """Make this the socket that is shut at the deadline; one held before is closed."""
        self._close()
        self._socket = sock
        self.left()
        return sock

    def addresses(self, host: str, port: int) -> list[Any]:
        """What a name resolves to, as `getaddrinfo` gives it; raises OSError or UnicodeError."""
        self.stage = RESOLVING
        found = self.network.addresses(*(self._instead or (host, port)), self.left())
        self.stage = "connecting"
        return found

    def reach(self, address: Any, seconds: float) -> socket.socket:
        """A connection to one address within some seconds; raises OSError."""
        sock = self.network.reach(address, seconds, self.hold)
        self.peer = (str(address[4][0]), int(address[4][1]))
        self.left()
        return sock

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to the first address that answers; the clearest refusal when none does."""
        problems: list[OSError] = []
        addresses = self.addresses(host, port)
        for place, address in enumerate(addresses):
            try:
                return self.reach(address, self.left() / (len(addresses) - place))
            except OSError as problem:
                problems.append(problem)
        raise next((p for p in problems if explain(p)[0] == Verdict.FAILED), problems[0])


def explain(problem: Exception) -> tuple[Verdict, str]:
    """What a problem of the network means (DESIGN 4) and how to say it.

    Refused, reset, TLS and silence are the target's answer: failed. That a name does not resolve, or
    that this machine has no way to ask, leaves the question open: error.
    """
    import socket
    import ssl

    if isinstance(problem, TimeoutError):
        return Verdict.FAILED, "no answer in time"
    if isinstance(problem, ssl.SSLCertVerificationError):
        return Verdict.FAILED, f"its certificate is not trusted: {problem.verify_message}"
    if isinstance(problem, ssl.SSLError):
        return Verdict.FAILED, f"TLS error: {problem.reason or problem.strerror or 'broken off'}"
    if isinstance(problem, (socket.gaierror, UnicodeError)):
        reason = problem.strerror if isinstance(problem, OSError) else "it is no host name"
        return Verdict.ERROR, f"the name does not resolve: {reason}"
    if isinstance(problem, ConnectionError):
        return Verdict.FAILED, _lower(problem.strerror or str(problem) or "connection broken off")
    reason = problem.strerror if isinstance(problem, OSError) else str(problem)
    return Verdict.ERROR, f"could not ask: {_lower(reason or type(problem).__name__)}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def too_late(exchange: Exchange, seconds: float) -> tuple[Verdict, str]:
    """As `explain`, for a deadline of so many seconds that was reached."""
    if exchange.stage == RESOLVING:
        return Verdict.ERROR, f"the name did not resolve within {seconds:g} s"
    return Verdict.FAILED, f"no complete answer within {seconds:g} s (while {exchange.stage})"
