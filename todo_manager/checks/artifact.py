"""What scanners and SBOMs are about: an image of an engine, or a path; and the booth they work in.

A subject that begins with `/` or `.`, ends with `/`, or ends with `.json` is a path; all else is an image.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Program, Ran, Unresolvable, World
from todo_manager.checks.command import run_facts, tail_of, why_no_exit_code
from todo_manager.checks.ground import Ground, Unlookable, location, shown
from todo_manager.engines.archive import Archive
from todo_manager.engines.engine import Absent, Engine, Unreachable
from todo_manager.engines.reference import image_reference
from todo_manager.engines.subjects import Image
from todo_manager.model import Output
from todo_manager.processes.capture import Capture

LIMIT = 256 * 2**20
"""Bytes of a report or SBOM that is read; those of the largest images have some tens of MiB."""


class Missing(Exception):
    """The subject is not there; the verdict is failed."""


def artifact(tree: Tree) -> str:
    """A reference of an image, or a path; raises Wrong for what is neither."""
    found = fields.text(tree)
    return location(tree) if is_path(found) else image_reference(tree)


def is_path(subject: str) -> bool:
    """Whether a subject is a path, and no image."""
    return subject.startswith(("/", ".")) or subject.endswith(("/", ".json"))


class Held(Struct, frozen=True, kw_only=True):
    """An image with its archive."""

    image: Image
    archive: Archive
    engine: str
    """What the engine calls its machine."""

    def facts(self) -> dict[str, Any]:
        return self.image.facts() | {"engine": self.engine}


def hold(world: World, engine: Engine, reference: str, timeout: float) -> Held:
    """An image of an engine, saved. Raises Missing, Unreachable, Unresolvable."""
    try:
        image = world.image(engine, reference)
    except Absent:
        hint = ""
        if os.path.exists(world.root / reference):
            hint = f" (the file or folder of that name is written ./{reference})"
        raise Missing(f"{engine.host} has no image {reference}{hint}") from None
    try:
        archive = world.save(engine, image, timeout)
    except Absent:
        raise Unreachable(f"{reference} was removed while it was being checked") from None
    return Held(image=image, archive=archive, engine=engine.name.name)


def folder_or_file(world: World, path: str, timeout: float) -> tuple[str, bytes | None]:
    """The real path of a folder, or of a file with its content; raises Missing, Unlookable, OSError."""
    ground = Ground(world.root, timeout)
    real = ground.real(path)
    try:
        info = os.stat(real)
        if stat.S_ISDIR(info.st_mode):
            return real, None
        return real, _content(real)
    except (FileNotFoundError, NotADirectoryError):
        raise Missing(f"{shown(path)} does not exist") from None


def _content(real: str) -> bytes:
    """The content of a regular file; should it have become a pipe or a link since, nothing waits."""
    with open(os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Unlookable(f"{shown(real)} is not a regular file")
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise Unlookable(f"{shown(real)} is larger than {LIMIT // 2**20} MiB and was not read")
    return data


class Booth:
    """A private folder in which a program runs that must see nothing of the project or the user.

    Use it in a `with`. Its working folder, its home and what it writes lie there; neither ignore files nor settings of the
    project reach it, and no report of an earlier run is there to be mistaken for its own.
    """

    def __init__(self, world: World, name: str, timeout: float) -> None:
        """Find the program `name`; raises Unresolvable. All its runs have `timeout` seconds together."""
        self.program: Program = world.program(name)
        self.name = name
        self._world = world
        self._end = time.monotonic() + timeout
        self._folder = world.folder()
        for each in ("home", "work", "out"):
            (self._folder / each).mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def path(self, name: str) -> str:
        """Where a file of that name lies, or will be written."""
        return str(self._folder / "out" / name)

    def write(self, name: str, data: bytes) -> str:
        """Put a file there before the program runs; its path."""
        with open(self.path(name), "xb") as file:
            file.write(data)
        return self.path(name)

    def left(self) -> float:
        """Seconds that are left for its runs."""
        return max(0.1, self._end - time.monotonic())

    def run(self, *words: str, env: Mapping[str, str] = {}) -> Ran:
        """Run the program. Raises Unresolvable where it did not end well: then it says nothing."""
        home = str(self._folder / "home")
        homes = dict.fromkeys(
            ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_CACHE_HOME"), home
        )
        seconds = self.left()
        ran = self._world.run(
            [self.program.path, *words],
            timeout=seconds,
            cwd=str(self._folder / "work"),
            env=homes | dict(env),
        )
        if problem := why_no_exit_code(ran, seconds, self.name):
            raise Silent(f"{self.name}: {problem}", ran)
        if ran.exit != 0:
            raise Silent(f"{self.name} exited {ran.exit}{tail_of(ran)}", ran)
        return ran

    def read(self, name: str) -> bytes:
        """What the program wrote under that name; raises Unresolvable where it wrote nothing."""
        try:
            data = _content(self.path(name))
        except FileNotFoundError:
            raise Unresolvable(f"{self.name} ended well and wrote no {name}") from None
        except (OSError, Unlookable) as problem:
            raise Unresolvable(f"what {self.name} wrote cannot be read: {problem}") from None
        if not data.strip():
            raise Unresolvable(f"{self.name} ended well and left {name} empty")
        return data

    def facts(self, ran: Ran) -> dict[str, Any]:
        return {"program": self.program.path, "sha256": self.program.sha256} | run_facts(ran)


class Silent(Unresolvable):
    """A program ran and its run says nothing; with what it wrote on its streams."""

    def __init__(self, why: str, ran: Ran) -> None:
        super().__init__(why)
        self.outputs = (ran.stdout, ran.stderr)


def kept(name: str, data: bytes) -> Output:
    """A report as evidence, under the name of a stream."""
    found = Capture(name)
    found.add(data)
    return found.output()
