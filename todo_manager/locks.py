"""One process at a time holds a phase: an OS lock, which dies with its process.

All phases share one file; each has a byte of its own in it, locked with an open-file-description
lock. Such a lock can be looked at without being taken (`lock_file.py`), so a reader never makes a
writer wait.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import time

from todo_manager.crashpoints import point
from todo_manager.errors import Busy, EnvironmentProblem, Kind
from todo_manager.lock_file import FILE, FLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing costs a read more than all of this module
    from collections.abc import Iterator


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
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise EnvironmentProblem(
            f"{os.path.join(store, FILE)}: {error.strerror}; a phase is held by a lock on it",
            kind=Kind.DISK_FULL if full else Kind.STORE_READ_ONLY,
            hint=f"ls -ld {store}; reading (list, show, next, log) works without writing",
        ) from None
    try:
        _acquire(descriptor, number, what, time.monotonic() + wait)
        point("lock-held")
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, number: int, what: str, deadline: float) -> None:
    wanted = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, number, 1, 0)
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
