"""Whether the way to a file stayed what it was: the folders it lies in, and the links that lead there.

A file's own stamp (`coupling.stamp_of`) tells when it was written or replaced. It does not tell when a folder
on the way is renamed, another put in its place for a while, and the first one put back: all that is left of
that are events of the folder itself, which the kernel reports to whoever asked before (inotify(7)).
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_DELETE_SELF, _MOVE_SELF, _UNMOUNT, _OVERFLOW = 0x400, 0x800, 0x2000, 0x4000
_ONLY_FOLDERS, _NO_LINKS = 0x0100_0000, 0x0200_0000
_EVENT = struct.Struct("iIII")
_PATIENCE = 10.0
"""Seconds to wait for others that watch: users have a limit together."""
_TOO_MANY = (
    "the folders on the way to what is bound cannot be watched, too much is watched already: end programs "
    "that do, or raise fs.inotify.max_user_{}"
)
_MAX_LINKS = 40
"""How many links the kernel follows on one way."""


class PathWatch:
    """Watches the ways to some files, for any number of threads. Close it, which ends the watching."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._numbers: dict[int, str] = {}
        """The folders that are watched, by the kernel's number for the watch."""
        self._stamps: dict[str, str] = {}
        """Links, and folders that may not be watched, and how they were."""
        self._ways: dict[str, tuple[list[str], list[str]]] = {}
        """Files, and the folders and links on the way to each."""
        self._moved: set[str] = set()
        self.problem = ""
        """Why nothing can be watched, in words: what cannot be told apart from a forgery is one."""
        self._lock = threading.Lock()

    def add(self, paths: Iterable[Path]) -> None:
        """Watch the ways to more files, from now on; a file need not be there."""
        with self._lock:
            for path in map(str, paths):
                if path not in self._ways:
                    self._ways[path] = folders, links = _way(path)
                    for folder in folders:
                        self._watch(folder)
                    for link in links:
                        self._stamps.setdefault(link, _stamp(link))

    def moved(self, below: str = "") -> list[str]:
        """Files the way to which was another one for a while, or is now; only those below a folder."""
        with self._lock:
            self._read_events()
            return [path for path in self._ways if path.startswith(below) and self._is_moved(path)]

    def _is_moved(self, path: str) -> bool:
        folders, links = self._ways[path]
        if self._moved.intersection(folders) or _way(path) != (folders, links):
            return True
        stamped = [each for each in (*folders, *links) if each in self._stamps]
        return any(_stamp(each) != self._stamps[each] for each in stamped)

    def close(self) -> None:
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _watch(self, folder: str) -> None:
        if folder in self._numbers.values() or folder in self._stamps:
            return
        import ctypes  # most runs have nothing to watch

        libc = ctypes.CDLL(None, use_errno=True)
        if self._descriptor < 0 and not self.problem:
            self._descriptor = self._begin(libc.inotify_init1)
        mask = _MOVE_SELF | _DELETE_SELF | _ONLY_FOLDERS | _NO_LINKS
        number = libc.inotify_add_watch(self._descriptor, os.fsencode(folder), mask)
        if number >= 0:
            self._numbers[number] = folder
        else:
            # It may not be read: any change of it counts, then.
            self._stamps[folder] = _stamp(folder)
            if ctypes.get_errno() == errno.ENOSPC:
                self.problem = _TOO_MANY.format("watches")

    def _begin(self, inotify_init1: Callable[[int], int]) -> int:
        """A descriptor; -1 and `problem` where there is none, also not after others have ended."""
        end = time.monotonic() + _PATIENCE
        while (found := inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)) < 0:
            if time.monotonic() > end:
                self.problem = _TOO_MANY.format("instances")
                break
            time.sleep(0.05)
        return found

    def _read_events(self) -> None:
        while self._descriptor >= 0:
            try:
                data = os.read(self._descriptor, 65_536)
            except BlockingIOError:
                return
            while data:
                number, mask, _, length = _EVENT.unpack_from(data)
                data = data[_EVENT.size + length :]
                if mask & _OVERFLOW:
                    self._moved.update(self._numbers.values())
                elif mask & (_MOVE_SELF | _DELETE_SELF | _UNMOUNT):
                    self._moved.add(self._numbers[number])


def _way(path: str) -> tuple[list[str], list[str]]:
    """The folders through which the kernel comes to a file, and the links; all absolute."""
    folders, links = ["/"], []
    todo, here = list(reversed(os.path.abspath(path).strip("/").split("/"))), "/"
    while todo:
        name = todo.pop()
        if name in ("", "."):
            continue
        if name == "..":
            here = os.path.dirname(here)
            continue
        found = os.path.join(here, name)
        try:
            mode = os.lstat(found).st_mode
        except OSError:
            links.append(found)  # what comes to be there is a change
            break
        if stat.S_ISLNK(mode) and len(links) < _MAX_LINKS:
            links.append(found)
            target = os.readlink(found)
            todo += reversed(target.split("/"))
            here = "/" if target.startswith("/") else here
        elif stat.S_ISDIR(mode):
            folders.append(found)
            here = found
        else:
            break
    return folders, links


def _stamp(path: str) -> str:
    try:
        found = os.lstat(path)
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}:{found.st_mtime_ns}:{found.st_ctime_ns}"
