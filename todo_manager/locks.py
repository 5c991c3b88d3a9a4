"""One process at a time holds a phase: an OS lock, which dies with its process.

All phases share one file; each has a byte of its own in it, locked with an open-file-description
lock. Such a lock can be looked at without being taken, so a reader never makes a writer wait.
Standard library only: the read path looks here to say that a phase is running.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import time

from todo_manager.crashpoints import point
from todo_manager.errors import Busy, EnvironmentProblem, Kind

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing costs a read more than all of this module
    from collections.abc import Iterator

FILE = "locks"
_FLOCK = "hhqqi4x"
"""struct flock: type, whence, start, length, pid."""


def number_of(plan: str, key: str) -> int:
    """The byte that stands for a phase; ids may hold anything, so it comes from a hash of them."""
    import hashlib

    hashed = hashlib.sha256(f"{plan}\0{key}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(hashed[:7], "big") >> 1


@contextlib.contextmanager
def held(store: str, plan: str, key: str, *, what: str, wait: float) -> Iterator[None]:
    """Hold a phase for as long as the block runs.

    `store` is the store's folder, `what` goes into the message others get, `wait` is how many
    seconds to wait for a phase somebody else holds. Raises Busy, or EnvironmentProblem.
    """
    number = number_of(plan, key)
    try:
        descriptor = os.open(
            os.path.join(store, FILE), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
    except OSError as error:
        raise EnvironmentProblem(
            f"{os.path.join(store, FILE)}: {error.strerror}; a phase is held by a lock on it",
            kind=Kind.STORE_READ_ONLY,
        ) from None
    try:
        _acquire(descriptor, number, what, time.monotonic() + wait)
        point("lock-held")
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, number: int, what: str, deadline: float) -> None:
    wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, number, 1, 0)
    while True:
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)
            return
        except (BlockingIOError, PermissionError):
            if time.monotonic() >= deadline:
                raise Busy(
                    f"{what} is being run by another process",
                    hint="wait for it with --wait 60s, or look at it with: todo_manager show",
                ) from None
        time.sleep(0.05)


def held_numbers(store: str, numbers: list[int]) -> set[int]:
    """Which of these bytes some process holds at this moment; takes no lock itself."""
    try:
        descriptor = os.open(os.path.join(store, FILE), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return set()
    try:
        if not _is_locked(descriptor, 0, 0):
            return set()
        return {number for number in numbers if _is_locked(descriptor, number, 1)}
    finally:
        os.close(descriptor)


def _is_locked(descriptor: int, start: int, length: int) -> bool:
    """Whether anybody holds a part of this range; a length of 0 means to the end of the file."""
    asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked)
    return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
