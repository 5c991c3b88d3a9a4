"""A network to look at from some place: what a name means there, and connections made from there.

Its text also runs on other machines, so it needs the standard library of Python 3.9 only.
"""

import os
import socket
from typing import Any, Callable  # noqa: UP035 - of Python 3.9 too

from todo_manager.hosts.names import Resolver
from todo_manager.hosts.netns import within

Hold = Callable[[socket.socket], socket.socket]
"""Takes a socket into care as soon as there is one, so that a deadline can shut it."""
Address = Any
"""One entry of what `socket.getaddrinfo` gives."""

SELF_CONNECTED = "Connection refused"


class Network:
    """The network of the machine this runs on. Every problem of the target is an OSError."""

    broken = ""
    """Why nothing that was seen counts: the way to the place broke down meanwhile."""

    def addresses(self, host: str, port: int, seconds: float) -> "list[Address]":
        """What a name and port mean there; raises OSError or UnicodeError when nothing."""
        return list(dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))

    def reach(self, address: Address, seconds: float, hold: Hold) -> socket.socket:
        """A connection to one address within so many seconds."""
        sock = hold(self._opened(address[0], address[1]))
        sock.settimeout(seconds)
        sock.connect(tuple(address[4]))
        # Linux may connect a socket of a free local port to itself.
        if sock.getsockname() == sock.getpeername():
            raise ConnectionRefusedError(SELF_CONNECTED)
        return sock

    def owns(self, address: str) -> bool:
        """Whether an address is one of this place's own."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self._opened(family, socket.SOCK_STREAM) as sock:
            try:
                sock.bind((address, 0))
            except OSError:
                return False
        return True

    def machine(self) -> str:
        """What the machine calls itself."""
        return os.uname().nodename

    def silent(self) -> str:
        """Why the place itself does not answer any more; empty when it does."""
        return ""

    def close(self) -> None:
        """Nothing is asked of it any more."""

    def _opened(self, family: int, kind: int) -> socket.socket:
        return socket.socket(family, kind)


class ContainerNetwork(Network):
    """The network of one container of this machine, with the container's own name resolution."""

    def __init__(self, handle: int, resolv: str, hosts: str) -> None:
        """`handle` is from `open_network`, and closed with this; the texts are the container's files."""
        self._handle = handle
        self._resolver = Resolver(resolv, hosts, self._opened)

    def addresses(self, host: str, port: int, seconds: float) -> "list[Address]":
        found: list[Address] = []
        for each in self._resolver.addresses(host, seconds):
            found += socket.getaddrinfo(
                each, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )
        return list(dict.fromkeys(found))

    def close(self) -> None:
        os.close(self._handle)

    def _opened(self, family: int, kind: int) -> socket.socket:
        return within(self._handle, lambda: socket.socket(family, kind))
