"""The file in which phases are held: one byte a phase, and how to see which of them are locked.

Apart from `locks.py` because reads only look, and looking needs nothing but system calls.
"""

from __future__ import annotations

import fcntl
import os
import struct

FILE = "locks"
FLOCK = "hhqqi4x"
"""struct flock: type, whence, start, length, pid."""


def held_numbers(store: str, numbers: list[int]) -> set[int]:
    """Which of these bytes some process holds at this moment; takes no lock itself."""
    try:
        descriptor = os.open(os.path.join(store, FILE), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return set()
    try:
        if not _is_locked(descriptor, 0, 0):
            return set()
        return {number for number in numbers if _is_locked(descriptor, number, 1)}
    except OSError:
        return set()  # a pipe or a device cannot be locked: nobody holds anything
    finally:
        os.close(descriptor)


def _is_locked(descriptor: int, start: int, length: int) -> bool:
    """Whether anybody holds a part of this range; a length of 0 means to the end of the file."""
    asked = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked)
    return bool(struct.unpack(FLOCK, answer)[0] != fcntl.F_UNLCK)
