"""Places from which is looked: which one, and what can be asked of each of them."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import Struct

from todo_manager.engines.address import LOCAL
from todo_manager.hosts.network import Address, Hold


class From(Struct, frozen=True, kw_only=True):
    """Where a check looks from."""

    host: str = LOCAL
    container: str = ""

    @property
    def here(self) -> bool:
        return self.host == LOCAL and not self.container

    def __str__(self) -> str:
        return f"{self.container} on {self.host}" if self.container else self.host


class SomeFiles(Protocol):
    """What `files.Files` offers, wherever the files lie."""

    def real(self, path: str) -> str: ...
    def info(self, path: str, *, follow: bool = True) -> os.stat_result: ...
    def names(self, folder: str) -> list[str]: ...
    def holds(self, folder: str, name: str) -> bool: ...
    def entries(self, folder: str) -> Sequence[Any]: ...
    def read(self, path: str, limit: int, *, whole: bool, seconds: float) -> Any: ...
    def now(self) -> float: ...
    def user(self, name: str) -> int: ...


class SomeNetwork(Protocol):
    """What `network.Network` offers, wherever the network is."""

    broken: str

    def addresses(self, host: str, port: int, seconds: float) -> list[Address]: ...
    def reach(self, address: Address, seconds: float, hold: Hold) -> socket.socket: ...
    def owns(self, address: str) -> bool: ...
    def machine(self) -> str: ...
    def silent(self) -> str: ...
    def close(self) -> None: ...
