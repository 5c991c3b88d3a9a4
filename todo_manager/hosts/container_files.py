"""The files of a running container, as its engine gives them: as `files.Files`, root `/`.

What an engine gives is the container's own layer and its volumes. What only the running container sees,
`/proc` and its like and memory file systems, would be read as what lies below it: that is refused.
"""

from __future__ import annotations

import io
import os
import posixpath
import stat
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from todo_manager.engines.containers import Container, now_of
from todo_manager.engines.engine import Absent, Engine, Unreachable
from todo_manager.hosts.errands import info_of
from todo_manager.hosts.files import CHUNK, Content, Entry

_LINKS = 40
"""Symbolic links followed on one way, as Linux does."""
_UNSEEN = ("/proc", "/sys", "/dev")
_KINDS: tuple[tuple[str, int], ...] = (
    ("isdir", stat.S_IFDIR),
    ("issym", stat.S_IFLNK),
    ("isreg", stat.S_IFREG),
    ("islnk", stat.S_IFREG),
    ("isfifo", stat.S_IFIFO),
    ("ischr", stat.S_IFCHR),
    ("isblk", stat.S_IFBLK),
)


class ContainerFiles:
    """The files of one container, for so many seconds. Absence is OSError, as of any file."""

    def __init__(self, engine: Engine, container: Container, seconds: float) -> None:
        if container.status != "running":
            raise Unreachable(f"the container {container.name} is {container.status}, not running")
        self._engine = engine
        self._container = container
        self._end = time.monotonic() + seconds
        self._unseen = (*_UNSEEN, *_in_memory(container))
        # What cannot show its root cannot show that anything is absent.
        if not stat.S_ISDIR(self.info("/").st_mode):
            raise Unreachable(f"{engine.host} shows a container whose root is no folder")

    def real(self, path: str) -> str:
        links, done, parts = 0, "/", path.split("/")
        while parts:
            part = parts.pop(0)
            if part in ("", ".", ".."):
                done = posixpath.dirname(done) if part == ".." else done
                continue
            done = posixpath.join(done, part)
            try:
                member = self._member(done)
            except FileNotFoundError:
                continue
            if member.issym():
                links += 1
                if links > _LINKS:
                    raise OSError(40, "Too many levels of symbolic links", path)
                parts = member.linkname.split("/") + parts
                done = "/" if member.linkname.startswith("/") else posixpath.dirname(done)
        return done

    def info(self, path: str, *, follow: bool = True) -> os.stat_result:
        above, name = posixpath.split(path.rstrip("/") or "/")
        place = self.real(path) if follow else posixpath.join(self.real(above), name)
        return _info(self._member(place))

    def names(self, folder: str) -> list[str]:
        return [entry.name for entry in self.entries(folder)]

    def holds(self, folder: str, name: str) -> bool:
        real = self.real(folder)
        if not self._member(real).isdir():
            raise NotADirectoryError(20, "Not a directory", folder)
        try:
            self._member(posixpath.join(real, name))
        except FileNotFoundError:
            return False
        return True

    def entries(self, folder: str) -> list[Entry]:
        """The engine sends the whole tree below a folder; only its first level is kept."""
        real = self.real(folder)
        found: dict[str, Entry] = {}
        with self._archive(real) as tar:
            first = tar.next()
            if first is None or not first.isdir():
                raise NotADirectoryError(20, "Not a directory", folder)
            top = first.name.strip("/")
            for member in iter(tar.next, None):
                below = member.name.strip("/").removeprefix(top).strip("/")
                if below and "/" not in below:
                    found[below] = Entry(below, member.isdir(), member.issym())
        return [self._followed(real, entry) for entry in found.values()]

    def read(self, path: str, limit: int, *, whole: bool, seconds: float) -> Content:
        with self._archive(self.real(path)) as tar:
            member = tar.next()
            if member is None or not member.isreg():
                return Content(self.info(path), b"", 0, "")
            file = tar.extractfile(member)
            assert file is not None
            kept, size, digest = bytearray(), 0, sha256()
            while (whole or size <= limit) and (chunk := file.read(CHUNK)):
                digest.update(chunk)
                size += len(chunk)
                kept += chunk[: max(0, limit + 1 - len(kept))]
        ended = size == member.size
        if not ended and (whole or size <= limit):
            raise Unreachable(f"the engine gave {size} of {member.size} bytes of {path}")
        return Content(_info(member), bytes(kept), member.size, digest.hexdigest() if ended else "")

    def now(self) -> float:
        return now_of(self._engine) / 1e9

    def user(self, name: str) -> int:
        """By the container's own /etc/passwd."""
        text = self.read("/etc/passwd", 2**20, whole=False, seconds=self._left()).data
        for line in text.decode("utf-8", "replace").splitlines():
            words = line.split(":")
            if words[0] == name and len(words) > 2 and words[2].isdecimal():
                return int(words[2])
        raise OSError(95, f"there is no user {name} in its /etc/passwd")

    def _followed(self, folder: str, entry: Entry) -> Entry:
        if not entry.link:
            return entry
        try:
            to_folder = stat.S_ISDIR(self.info(posixpath.join(folder, entry.name)).st_mode)
        except OSError:
            to_folder = False
        return entry._replace(folder=to_folder)

    def _member(self, path: str) -> tarfile.TarInfo:
        with self._archive(path) as tar:
            member = tar.next()
        if member is None:
            raise Unreachable(f"the engine gave an empty archive for {path}")
        return member

    @contextmanager
    def _archive(self, path: str) -> Iterator[tarfile.TarFile]:
        """What lies at a path as a tar that is read while it comes; ENOENT for the engine's 404."""
        for place in self._unseen:
            if posixpath.commonpath([place, path]) == place:
                raise OSError(95, f"no engine shows what the container sees below {place}", path)
        try:
            chunks, _ = self._engine.ask(
                self._engine.api.get_archive, self._container.id, path, chunk_size=CHUNK
            )
        except Absent:
            self._still_there()
            raise FileNotFoundError(2, "No such file or directory", path) from None
        try:
            with tarfile.open(fileobj=_Stream(self._engine, chunks, self._left), mode="r|") as tar:
                yield tar
        except tarfile.TarError as problem:
            raise Unreachable(f"the engine gave no archive of {path}: {problem}") from None
        finally:
            chunks.close()

    def _still_there(self) -> None:
        """A 404 of a container that is gone says nothing of its files."""
        try:
            self._engine.container(self._container.id)
        except Absent:
            raise Unreachable(f"the container {self._container.name} was removed") from None

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise Unreachable("it took too long to read the container's files")
        return left


class _Stream(io.RawIOBase):
    """Chunks of an answer as a file for tarfile, which must come to its end in time."""

    def __init__(self, engine: Engine, chunks: Any, left: Callable[[], float]) -> None:
        self._engine, self._chunks, self._left = engine, chunks, left
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size:
            self._left()
            chunk = self._engine.ask(next, self._chunks, b"")
            if not chunk:
                break
            self._rest += chunk
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def _in_memory(container: Container) -> tuple[str, ...]:
    """Where memory file systems are mounted in it."""
    asked = list((container.host_config.get("Tmpfs") or {}).keys())
    mounts = container.attrs.get("Mounts") or []
    return tuple(asked + [str(m["Destination"]) for m in mounts if m.get("Type") == "tmpfs"])


def _info(member: tarfile.TarInfo) -> os.stat_result:
    kind = next((bits for name, bits in _KINDS if getattr(member, name)()), stat.S_IFREG)
    size, mtime = member.size, int(float(member.mtime) * 1e9)
    return info_of(kind | member.mode & 0o7777, member.uid, member.gid, size, mtime)
