"""Finding and reading files for checks, so that what could not be looked at is never taken for absent.

Every problem but a plain absence comes out as an exception: `OSError`, or `Unlookable` with its reason.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong
from todo_manager.hosts.files import Entry, Files

if TYPE_CHECKING:
    from todo_manager.hosts.places import SomeFiles

CONTENT_LIMIT = 16 * 2**20
"""Bytes of one file in which something is looked for; a sha256 has no limit."""
SMALL = 2**20
"""Bytes up to which a file's sha256 is a fact although nobody asked."""
_MAGIC = re.compile(r"[*?\[]")


class Unlookable(Exception):
    """Why it could not be looked; the verdict is error."""


class Seen(Struct, frozen=True, kw_only=True):
    """What was found at a path."""

    info: os.stat_result
    size: int
    """Bytes; of a folder, how many entries it has."""
    data: bytes = b""
    """The content, or the beginning of one that is too large."""
    sha256: str = ""
    """Empty where the content was not read to its end."""


def location(tree: Tree) -> str:
    """A path below the project, or an absolute one; raises Wrong for what would leave it."""
    path = fields.text(tree)
    if not path or "\0" in path:
        raise Wrong("expected a path")
    if path.startswith("~"):
        raise Wrong("`~` is not replaced: write the whole path")
    if not path.startswith("/") and ".." in path.split("/"):
        raise Wrong("a relative path is below the project: no `..` in it")
    return path


def is_pattern(path: str) -> bool:
    """Whether a path holds a wildcard."""
    return _MAGIC.search(path) is not None


class Ground:
    """The project as it is looked at: its root, until when, and whose files they are."""

    def __init__(self, root: Path, seconds: float, files: SomeFiles | None = None) -> None:
        """`files` are those of another place, whose root is then looked at by absolute paths."""
        self.files: SomeFiles = files or Files()
        self.root = self.files.real(str(root))
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._base = ""
        self._links: list[tuple[str, str]] = []
        """Links to folders that `**` did not follow, each with the folder the pattern begins in."""
        if not self._is_folder(self.root):
            raise Unlookable(f"the project folder {shown(str(root))} is not there")

    def tick(self) -> None:
        if time.monotonic() > self._end:
            raise Unlookable(f"not looked through within {self._seconds:g} s")

    def real(self, path: str) -> str:
        """The real path; a relative one must not leave the project through a symlink."""
        real = self.files.real(os.path.join(self.root, path))
        if not os.path.isabs(path) and os.path.commonpath([self.root, real]) != self.root:
            raise Unlookable(f"{shown(path)} leaves the project through a symlink")
        return real

    def has(self, path: str) -> bool:
        """Whether there is anything of this name, be it a broken link; raises OSError if unclear."""
        try:
            self.files.info(os.path.join(self.root, path), follow=False)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def is_link(self, path: str) -> bool:
        """Whether a name that is there is a symlink."""
        info = self.files.info(os.path.join(self.root, path), follow=False)
        return stat.S_ISLNK(info.st_mode)

    def matches(self, pattern: str) -> list[str]:
        """The paths a pattern matches, in order; a name with `[` in it also matches itself."""
        self.real(os.path.dirname(pattern) if not is_pattern(pattern) else self.base(pattern)[0])
        found = {pattern} if self.has(pattern) else set()
        if is_pattern(pattern):
            found.update(self._walk(*self.base(pattern)))
        return sorted(found)

    def passed_over(self) -> list[str]:
        """Links that `**` met and did not follow, and that lead to what it did not see otherwise."""
        return sorted({path for path, base in self._links if not self._is_seen(path, base)})

    def whole(self) -> None:
        """Raises Unlookable where a pattern means more than was seen of it."""
        if links := self.passed_over():
            raise Unlookable(f"`**` follows no link to a folder: {shown(links[0])}")

    def _is_seen(self, path: str, base: str) -> bool:
        """Whether the target of a link is below the folder a pattern begins in, and is no hidden one."""
        try:
            whole, real = (self.files.real(os.path.join(self.root, each)) for each in (base, path))
        except OSError:
            return False
        inner = os.path.relpath(real, whole)
        return inner == "." or not any(part.startswith(".") for part in inner.split("/"))

    def base(self, pattern: str) -> tuple[str, list[str]]:
        """The folder in which a pattern begins, and the parts from its first wildcard on."""
        parts = pattern.split("/")
        first = next(i for i, part in enumerate(parts) if is_pattern(part))
        return "/".join(parts[:first]) or ("/" if pattern.startswith("/") else ""), parts[first:]

    def _walk(self, base: str, wanted: list[str]) -> Iterator[str]:
        """As the shell does: `*` and `**` leave out names with a leading dot, `**` follows no link."""
        waiting = [(base, wanted)] if self._is_folder(base) else []
        self._base = base
        while waiting:
            folder, (part, *rest) = waiting.pop()
            if part == "**" and rest:
                waiting.append((folder, rest))
            for path, entry in self._entries(folder):
                if not _fits(entry.name, part):
                    continue
                if not rest:
                    yield path
                if onward := self._onward(path, entry, part, rest):
                    waiting.append((path, onward))

    def _onward(self, path: str, entry: Entry, part: str, rest: list[str]) -> list[str]:
        """The parts still to be found below an entry; none where it is not gone into."""
        if part == "**":
            if entry.folder and entry.link:
                self._links.append((path, self._base))
            return [part, *rest] if entry.folder and not entry.link else []
        if not rest or not entry.folder:
            return []
        if entry.link:
            self.real(path)
        return rest

    def _is_folder(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(self.files.info(os.path.join(self.root, path)).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _entries(self, folder: str) -> Iterator[tuple[str, Entry]]:
        for entry in self.files.entries(os.path.join(self.root, folder)):
            self.tick()
            yield os.path.join(folder, entry.name), entry

    def control(self, path: str) -> str:
        """The nearest folder that exists, after listing it: the proof that absence can be seen."""
        child = os.path.join(self.root, path)
        while True:
            folder = os.path.dirname(child)
            try:
                listed = self.files.holds(folder, os.path.basename(child))
                break
            except (FileNotFoundError, NotADirectoryError):
                child = folder
        if listed and not self.has(child):
            raise Unlookable(f"{shown(path)} is listed in its folder, but cannot be looked at")
        return folder

    def look(self, path: str, *, content: bool = False, digest: bool = False) -> Seen:
        """What is at a path. Only regular files are ever opened; raises OSError, Unlookable."""
        real = self.real(path)
        info = self.files.info(real)
        if stat.S_ISDIR(info.st_mode):
            return Seen(info=info, size=len(self.files.names(real)))
        if not stat.S_ISREG(info.st_mode):
            return Seen(info=info, size=0)
        # Files of /proc have a size of 0 and a content.
        must = content or digest or info.st_size == 0
        if not must and info.st_size > SMALL:
            return Seen(info=info, size=info.st_size)
        try:
            return self._read(real, whole=digest)
        except PermissionError:
            if must:
                raise
            return Seen(info=info, size=info.st_size)

    def _read(self, real: str, *, whole: bool) -> Seen:
        left = max(0.001, self._end - time.monotonic())
        try:
            found = self.files.read(real, CONTENT_LIMIT, whole=whole, seconds=left)
        except TimeoutError:
            raise Unlookable(f"not looked through within {self._seconds:g} s") from None
        if not stat.S_ISREG(found.info.st_mode):
            raise Unlookable(f"{shown(real)} was replaced while it was looked at")
        return Seen(info=found.info, size=found.size, data=found.data, sha256=found.sha256)


def _fits(name: str, part: str) -> bool:
    if name.startswith(".") and not part.startswith("."):
        return False
    return part == "**" or fnmatchcase(name, part)


def shown(path: str) -> str:
    """A path on one line, whatever bytes its name is made of."""
    return path if path.isprintable() else repr(path)
