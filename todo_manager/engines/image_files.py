"""Files of an image, through a container that is created from it, never started, and always removed."""

from __future__ import annotations

import io
import posixpath
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from typing import Any

from msgspec import Struct

from todo_manager.engines import left_over
from todo_manager.engines.engine import Absent, Engine, Unreachable
from todo_manager.engines.subjects import Image

CONTENT_LIMIT = 16 * 2**20
"""Bytes of one file that are kept to be searched; a sha256 has no limit."""
_LINKS = 40
"""Symbolic links followed on one way, as Linux does."""
_CHUNK = 2**18


class Entry(Struct, frozen=True, kw_only=True):
    """One file, folder or link of an image."""

    path: str
    """Its real path in the image."""
    type: str
    """`file`, `folder`, `link` or `special`."""
    mode: int
    """Permission bits, set-uid and its like included."""
    uid: int
    gid: int
    size: int
    target: str = ""
    """Where a link leads, as the link has it."""
    data: bytes = b""
    """The beginning of a file that was read, up to CONTENT_LIMIT."""
    sha256: str = ""
    """Of a file that was read to its end."""


class Dangling(Exception):
    """A symbolic link that leads nowhere or in a circle; the message says which."""


class ImageFiles:
    """The file system of one image. Made by `opened`."""

    def __init__(self, engine: Engine, container: str, end: float) -> None:
        self._engine = engine
        self._container = container
        self._end = end
        # What cannot show its root cannot show that anything is absent.
        try:
            root = self._entry("/").type
        except Absent:
            root = "absent"
        if root != "folder":
            raise Unreachable(f"{engine.host} shows an image whose root is no folder")

    def look(self, path: str, *, content: bool = False) -> Entry:
        """What is at an absolute path, links of the image followed inside the image.

        With `content` a file is read: kept to CONTENT_LIMIT, hashed to its end. Raises Absent for what
        is not there, Dangling for a link whose target is not, Unreachable.
        """
        links: list[str] = []
        parts, done = path.split("/"), "/"
        while parts:
            part = parts.pop(0)
            if part in ("", ".", ".."):
                done = posixpath.dirname(done) if part == ".." else done
                continue
            entry = self._step(posixpath.join(done, part), links)
            if entry.type == "link":
                links.append(f"{entry.path} leads to {entry.target}")
                if len(links) > _LINKS:
                    raise Dangling(f"{path} is a link that leads round in a circle")
                parts = entry.target.split("/") + parts
                done = "/" if entry.target.startswith("/") else done
            elif entry.type == "folder" or not any(parts):
                done = entry.path
            else:
                raise Absent(f"{entry.path} is no folder")
        return self._entry(done, content=content)

    def listed(self, path: str) -> Entry:
        """What is at an absolute path, be it a link that leads nowhere; raises Absent, Unreachable."""
        above, name = posixpath.split(path)
        try:
            folder = self.look(above)
        except Dangling as problem:
            raise Absent(str(problem)) from None
        if folder.type != "folder":
            raise Absent(f"{folder.path} is no folder")
        return self._entry(posixpath.join(folder.path, name))

    def _step(self, path: str, links: list[str]) -> Entry:
        try:
            return self._entry(path)
        except Absent:
            if links:
                raise Dangling(f"{links[-1]}, which is not there") from None
            raise

    def _entry(self, path: str, *, content: bool = False) -> Entry:
        try:
            found = self._engine.ask(self._fetch, path, content)
        except Absent:
            # Only the engine's 404 for a file of a container that is still there is an absence.
            self._still_there()
            raise
        assert isinstance(found, Entry)
        return found

    def _still_there(self) -> None:
        try:
            self._engine.container(self._container)
        except Absent:
            said = "the container that was made to look was removed by somebody else"
            raise Unreachable(f"{self._engine.host}: {said}") from None

    def _fetch(self, path: str, content: bool) -> Entry:
        """The first member of the archive of a path. The rest of a folder is not waited for."""
        from docker.errors import NotFound

        api = self._engine.api
        url = f"{api.base_url}/v{api.api_version}/containers/{self._container}/archive"
        asked = {"params": {"path": path}, "headers": {"Accept-Encoding": "identity"}}
        with closing(api.get(url, timeout=self._left(), stream=True, **asked)) as answer:
            if answer.status_code == 404:
                raise NotFound(f"{path} is not there")
            if answer.status_code != 200:
                said = " ".join(answer.raw.read(300).decode("utf-8", "replace").split())
                raise ValueError(f"status {answer.status_code} for {path}: {said}")
            with tarfile.open(fileobj=_Stream(answer.raw, self._left), mode="r|") as tar:
                return self._described(path, tar, content)

    def _described(self, path: str, tar: tarfile.TarFile, content: bool) -> Entry:
        member = tar.next()
        if member is None:
            raise ValueError(f"an empty archive for {path}")
        data, digest = b"", ""
        if content and member.isreg():
            data, digest = self._read(tar, member)
        return Entry(
            path=path,
            type=_type(member),
            mode=member.mode & 0o7777,
            uid=member.uid,
            gid=member.gid,
            size=member.size,
            target=member.linkname if member.issym() else "",
            data=data,
            sha256=digest,
        )

    def _read(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[bytes, str]:
        file = tar.extractfile(member)
        assert file is not None
        kept, size, digest = bytearray(), 0, sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            kept += chunk[: max(0, CONTENT_LIMIT - len(kept))]
        if size != member.size:
            raise ValueError(f"{size} of {member.size} bytes of {member.name}")
        return bytes(kept), digest.hexdigest()

    def _left(self) -> float:
        """Seconds until the end of the attempt; TimeoutError when there are none."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("it took too long to read the image")
        return seconds


class _Stream(io.RawIOBase):
    """The body of an answer as a file for tarfile, which must come to its end in time."""

    def __init__(self, body: Any, left: Callable[[], float]) -> None:
        self._body = body
        self._left = left

    def read(self, size: int = -1) -> bytes:
        self._left()
        return bytes(self._body.read(size))


def _type(member: tarfile.TarInfo) -> str:
    if member.isdir():
        return "folder"
    if member.issym():
        return "link"
    return "file" if member.isreg() else "special"


@contextmanager
def opened(engine: Engine, image: Image, seconds: float) -> Iterator[ImageFiles]:
    """The files of an image for so many seconds; raises Absent when the image is gone, Unreachable.

    A command has to be named, for an image may have none; it is never run.
    """
    left_over.sweep(engine)
    end = time.monotonic() + seconds
    made = engine.ask(
        engine.api.create_container,
        image.id,
        command=["never-started"],
        **left_over.marks(),
        host_config=engine.api.create_host_config(network_mode="none"),
    )
    try:
        yield ImageFiles(engine, str(made["Id"]), end)
    finally:
        left_over.remove(engine, str(made["Id"]))


@contextmanager
def of_container(engine: Engine, id_: str, seconds: float) -> Iterator[ImageFiles]:
    """The same of a container that is there, running or not: its own layer, on its image; raises Unreachable."""
    yield ImageFiles(engine, id_, time.monotonic() + seconds)
