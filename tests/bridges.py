"""A bridge and addresses of its own for each engine of the tests.

Engines that share the bridge docker0 give out its addresses twice, each looks for a free range of
addresses at a moment of its own, and one that starts empties the others' chains of iptables. Here the name
of a bridge is the claim on its ranges: the kernel lets nobody make it twice. The ranges are of
198.18.0.0/15, which no network in use has (RFC 2544). The engine leaves iptables alone; what it would ask of
them, that its containers reach each other and what is outside, stands in rules of these ranges.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import Any

IP = "/usr/sbin/ip"
_PREFIX = "todo-test"
_RANGES = [*IPv4Network("198.18.0.0/15").subnets(new_prefix=23)]


class Bridge:
    """A bridge, and the ranges of which its engine makes networks."""

    def __init__(self, number: int) -> None:
        self.name = f"{_PREFIX}{number}"
        self._range = _RANGES[number]
        self._first, self._pool = self._range.subnets()

    def words(self) -> list[str]:
        """What the command line of an engine says of it."""
        pool = f"base={self._pool},size=28"
        return ["--bridge", self.name, "--default-address-pool", pool, "--iptables=false"]

    def _let(self, change: str) -> None:
        mine = str(self._range)
        for rule in (
            ("-t", "nat", change, "POSTROUTING", "-s", mine, "!", "-d", mine, "-j", "MASQUERADE"),
            (change, "FORWARD", "-s", mine, "-j", "ACCEPT"),
            (change, "FORWARD", "-d", mine, "-j", "ACCEPT"),
        ):
            subprocess.run(["/usr/sbin/iptables", "-w", *rule], capture_output=True, timeout=30)

    def make(self, held: Path) -> bool:
        """Make it, for as long as the lock on `held` is kept; False when it is there already."""
        if _ip("link", "add", self.name, "type", "bridge").returncode:
            return False
        for words in (
            ("link", "set", self.name, "alias", str(held)),
            ("addr", "add", f"{self._first[1]}/24", "dev", self.name),
            ("link", "set", self.name, "up"),
        ):
            _ip(*words).check_returncode()
        self._let("-I")
        return True

    def remove(self) -> None:
        """Remove it, and the bridges of the networks its engine has made."""
        for link in _links("addr"):
            if any(ip_address(each["local"]) in self._pool for each in link["addr_info"]):
                _ip("link", "del", link["ifname"])
        self._let("-D")
        _ip("link", "del", self.name)


def claim(held: Path) -> Bridge:
    """A bridge nobody has, for whoever keeps a lock on the file `held`. OSError where none can be made."""
    with _one_at_a_time():
        _sweep()
        for number in range(len(_RANGES)):
            found = Bridge(number)
            if found.make(held):
                return found
    raise OSError(
        f"no bridge could be made: {_ip('link', 'add', _PREFIX, 'type', 'bridge').stderr}"
    )


def claimed() -> dict[Bridge, Path]:
    """The bridges of engines there are, and on the lock of which file each depends."""
    return {
        Bridge(int(link["ifname"].removeprefix(_PREFIX))): Path(link["ifalias"])
        for link in _links("link")
        if link["ifname"].startswith(_PREFIX) and "ifalias" in link
    }


def sweep() -> None:
    """Remove what killed test runs have left."""
    with _one_at_a_time():
        _sweep()


def _sweep() -> None:
    for bridge, held in claimed().items():
        if not _locked(held):
            bridge.remove()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two that sweep at once would remove what a third one has just made under the same name."""
    with open(IP, "rb") as program:
        fcntl.flock(program, fcntl.LOCK_EX)
        yield


def _ip(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([IP, *words], capture_output=True, text=True, timeout=30)


def _links(what: str) -> list[dict[str, Any]]:
    """All bridges: `link` has the alias, `addr` the addresses."""
    ran = _ip("-json", what, "show", "type", "bridge")
    ran.check_returncode()
    return [link for link in json.loads(ran.stdout or "[]") if link]


def _locked(held: Path) -> bool:
    try:
        with open(held, encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
