"""An engine behind ssh, asked as Docker's own client does it: `docker system dial-stdio` over there.

The SDK has its own way over ssh. It takes names, keys and commands from `~/.ssh/config`, and the plan has
no say in which host keys are known; so the SDK is given sockets that lead there instead.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

Dial = Callable[[], socket.socket]
"""Gives a new socket that leads to the engine; raises Unreachable."""

COMMAND = "docker system dial-stdio"


def mounted(client: Any, dial: Dial, timeout: float) -> Any:
    """The SDK's client, made to speak through sockets that `dial` gives."""
    import urllib3.connection
    import urllib3.connectionpool
    from docker.transport import UnixHTTPAdapter

    class Connection(urllib3.connection.HTTPConnection):
        def connect(self) -> None:
            self.sock = dial()
            self.sock.settimeout(timeout)

    class ConnectionPool(urllib3.connectionpool.HTTPConnectionPool):
        def _new_conn(self) -> Any:
            return Connection("localhost", timeout=timeout)

    class Adapter(UnixHTTPAdapter):  # type: ignore[misc]
        def get_connection(self, url: Any, proxies: Any = None) -> Any:
            with self.pools.lock:
                found = self.pools.get(url)
                if found is None:
                    found = self.pools[url] = ConnectionPool("localhost", maxsize=4)
            return found

    adapter = Adapter("http+unix:///engine", timeout)
    client.mount("http+docker://", adapter)
    client._custom_adapter = adapter
    return client
