"""Files as one machine shows them: the few questions that checks ask, answered by the system itself.

Its text also runs on other machines, so it needs the standard library of Python 3.9 only.
"""

import hashlib
import os
import pwd
import stat
import time
from typing import NamedTuple

CHUNK = 2**20


class Entry(NamedTuple):
    """One name in a folder."""

    name: str
    folder: bool
    """Whether it is a folder, or a link to one."""
    link: bool


class Content(NamedTuple):
    """What was read of a file."""

    info: os.stat_result
    data: bytes
    """Its content, or the beginning of one that is longer than the limit."""
    size: int
    sha256: str
    """Empty where it was not read to its end."""


class Files:
    """The files of the machine this runs on. Every problem is an OSError."""

    def real(self, path: str) -> str:
        """The path without any symlink; of what is not there, as far as it is there."""
        return os.path.realpath(path)

    def info(self, path: str, *, follow: bool = True) -> os.stat_result:
        """What lies at a path, or at the end of a link."""
        return os.stat(path, follow_symlinks=follow)

    def names(self, folder: str) -> "list[str]":
        """The names in a folder."""
        return os.listdir(folder)

    def holds(self, folder: str, name: str) -> bool:
        """Whether a folder that can be listed has this name."""
        return name in os.listdir(folder)

    def entries(self, folder: str) -> "list[Entry]":
        """The names in a folder with what they are."""
        with os.scandir(folder) as found:
            return [Entry(each.name, each.is_dir(), each.is_symlink()) for each in found]

    def read(self, path: str, limit: int, *, whole: bool, seconds: float) -> Content:
        """A regular file, at least to the limit; anything else comes back with its info alone.

        Raises TimeoutError when it takes longer than so many seconds.
        """
        end = time.monotonic() + seconds
        # Should it have become a FIFO since, opening does not wait; should it be a link, it fails.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode):
                return Content(info, b"", 0, "")
            kept, size, digest = bytearray(), 0, hashlib.sha256()
            while whole or size <= limit:
                chunk = os.read(handle, CHUNK)
                if not chunk:
                    break
                if time.monotonic() > end:
                    raise TimeoutError
                digest.update(chunk)
                size += len(chunk)
                if len(kept) <= limit:
                    kept += chunk
        finally:
            os.close(handle)
        ended = whole or size <= limit
        size = size if ended else max(size, info.st_size)
        return Content(info, bytes(kept), size, digest.hexdigest() if ended else "")

    def now(self) -> float:
        """Its clock, in seconds since 1970: files are compared with the clock that dated them."""
        return time.time()

    def user(self, name: str) -> int:
        """The number of a user of this name; raises OSError when it knows none."""
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            raise OSError(95, f"this machine has no user {name}") from None
