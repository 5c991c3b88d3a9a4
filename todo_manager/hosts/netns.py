"""The network of a container, entered by one thread at a time: setns(2), root only.

Its text also runs on other machines, so it needs the standard library of Python 3.9 only.
"""

import ctypes
import os
from typing import Callable, TypeVar  # noqa: UP035 - of Python 3.9 too

T = TypeVar("T")

_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class NotItsProcess(OSError):
    """A process that cannot be shown to be the container's."""


def open_network(pid: int, container: str) -> int:
    """A descriptor of the network of the container with this id, whose first process has this pid.

    It stays the same network whatever becomes of the process. Raises OSError, also when this machine
    shows another process under the number: the engine may count elsewhere than we do.
    """
    if pid <= 0:
        raise NotItsProcess("the engine names no process of it")
    try:
        found = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotItsProcess(f"this machine has no process {pid}: is its engine here?") from None
    for name in ("cgroup", "mountinfo"):
        with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as file:
            if container in file.read():
                return found
    os.close(found)
    raise NotItsProcess(
        f"process {pid} of this machine is not the container's: is its engine here?"
    )


def within(network: int, make: Callable[[], T]) -> T:
    """What `make` makes while this thread is in a network; sockets stay where they were made."""
    own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(network)
        try:
            return make()
        finally:
            _enter(own)
    finally:
        os.close(own)


def _enter(network: int) -> None:
    if _libc.setns(network, _NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
