"""Ports of the loopback that stay free until they are used, also where test runs go side by side."""

from __future__ import annotations

import random
import socket
from contextlib import suppress
from itertools import count

_FIRST, _MANY = 20_000, 12_000
"""Below those the system gives to whoever asks for any port, so nobody is given one of these."""

_tries = count(random.SystemRandom().randrange(_MANY))


def free_port() -> int:
    """A port nobody listens on. Each process begins at another one, and gives none out twice in a row."""
    while True:
        port = _FIRST + next(_tries) % _MANY
        with suppress(OSError), socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            return port
