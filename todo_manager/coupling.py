"""Files that belong to a phase's definition: coupled scripts, their helpers, named scripts, pins.

`phases/<plan_id>/p<N>_<slug>.<ext>` is a script of phase N (0-based index, leading zeros ignored);
every other file of that folder is a helper, bound into each phase that has a script there. Files are
read once: the bytes that were hashed are the bytes that are run.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from todo_manager.documents.names import is_plain_id, unprintable
from todo_manager.globs import matching
from todo_manager.project import inside

FOLDER = "phases"
SCRIPT_NAME = re.compile(r"p([0-9]+)_(.+)", re.DOTALL)
MAX_PIN = 16 * 2**30
"""Bytes a pinned file may have: who replaces it by a file of holes must not make every look last hours."""
MAX_TOTAL = 32_000_000
"""Bytes a folder of scripts may hold: more is data, and belongs elsewhere."""


class BoundFile(Struct, frozen=True, kw_only=True):
    """One file as it was read."""

    path: str
    """Relative to the project root, with `/`."""
    data: bytes
    sha256: str
    stamp: str
    """`stamp_of` the file, taken before it was read."""


class Pin(NamedTuple):
    """A pinned file: the sha256 of its bytes, and its stamp from before it was read."""

    sha256: str
    stamp: str


class Coupled(Struct, frozen=True, kw_only=True):
    """What the folder of one plan holds."""

    scripts: dict[int, tuple[BoundFile, ...]] = {}
    helpers: tuple[BoundFile, ...] = ()


def read_file(root: Path, path: str) -> BoundFile:
    """One regular file of the project. Raises OSError or ValueError (outside, or not a file)."""
    descriptor = os.open(inside(root, path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise ValueError(f"{path!r} is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(MAX_TOTAL + 1)
    if len(data) > MAX_TOTAL:
        raise ValueError(f"{path!r} is larger than {MAX_TOTAL // 10**6} MB")
    sha256 = hashlib.sha256(data).hexdigest()
    return BoundFile(path=path, data=data, sha256=sha256, stamp=stamp_of(status))


def stamp_of(status: os.stat_result) -> str:
    """What changes when a file does; the change time cannot be set back."""
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def is_ignored(name: str) -> bool:
    """Names that are not bound, and therefore not copied either: hidden, caches, editor backups."""
    return name.startswith(".") or name == "__pycache__" or name.endswith(("~", ".pyc"))


def folder_names(root: Path, plan_id: str) -> list[str]:
    """Project paths of all bound files in the folder of a plan, sorted; empty for other ids.

    Raises OSError for a folder that cannot be looked into, for what is in it would silently not
    count, and ValueError for one outside the project.
    """
    if not is_plain_id(plan_id):
        return []
    base = inside(root, f"{FOLDER}/{plan_id}")
    found = []
    for folder, folders, files in os.walk(base, onerror=_unless_absent):
        folders[:] = sorted(name for name in folders if not is_ignored(name))
        found += [os.path.join(folder, name) for name in files if not is_ignored(name)]
    return sorted(os.path.relpath(path, root) for path in found)


def _unless_absent(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def script_index(path: str) -> int | None:
    """The phase a folder's file is a script of, or None for a helper."""
    parts = path.split("/")
    match = SCRIPT_NAME.fullmatch(parts[-1]) if len(parts) == 3 else None
    return int(match[1]) if match else None


def read_folder(root: Path, plan_id: str, phases: int) -> Coupled:
    """Everything coupled to a plan.

    Raises ValueError with a line for each file that cannot be coupled, OSError for the folder.
    """
    scripts: dict[int, tuple[BoundFile, ...]] = {}
    helpers: list[BoundFile] = []
    problems: list[str] = []
    total = 0
    for path in folder_names(root, plan_id):
        try:
            index, file = _coupled_file(root, path, phases)
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
            continue
        except ValueError as error:
            problems.append(str(error))
            continue
        total += len(file.data)
        if index is None:
            helpers.append(file)
        else:
            scripts[index] = (*scripts.get(index, ()), file)
        if total > MAX_TOTAL:
            raise ValueError(f"{FOLDER}/{plan_id} holds more than {MAX_TOTAL // 10**6} MB")
    if problems:
        raise ValueError("\n".join(problems))
    return Coupled(scripts=scripts, helpers=tuple(helpers))


def _coupled_file(root: Path, path: str, phases: int) -> tuple[int | None, BoundFile]:
    """A file of a plan's folder with the phase it is a script of, None for a helper."""
    _refuse_hidden(path)
    index = script_index(path)
    if index is not None and index >= phases:
        raise ValueError(f"{path} is for phase {index}, but the plan ends at {phases - 1}")
    file = read_file(root, path)
    if index is not None:
        interpreter_line(file)
    return index, file


def _refuse_hidden(path: str) -> None:
    if hidden := unprintable(path):
        raise ValueError(f"{path!a}: the name of a bound file may not hold {hidden}")


def interpreter_line(file: BoundFile) -> list[str]:
    """The words that start a script: its shebang, else bash for `.sh` and python3 for `.py`.

    Raises ValueError for a file that says neither.
    """
    if file.data.startswith(b"#!"):
        words = file.data.split(b"\n", 1)[0][2:].decode("utf-8", "replace").strip().split(None, 1)
        if words:
            return _without_env(words)
    if file.path.endswith(".sh"):
        return ["bash"]
    if file.path.endswith(".py"):
        return ["python3"]
    raise ValueError(
        f"{file.path} has no #! line and is neither .sh nor .py: nothing says how to run it"
    )


def _without_env(words: list[str]) -> list[str]:
    """`#!/usr/bin/env X` asks for X on the PATH; we look it up ourselves, so that it is recorded."""
    if words[0] in ("/usr/bin/env", "/bin/env") and len(words) == 2:
        rest = words[1].removeprefix("-S").split()
        if rest and not rest[0].startswith("-") and "=" not in rest[0]:
            return rest
    return words


def pinned_files(root: Path, patterns: tuple[str, ...], *, absent: bool = False) -> dict[str, Pin]:
    """Every file the globs match, by path. ValueError when one matches nothing, unless `absent`."""
    found: dict[str, Pin] = {}
    for pattern in patterns:
        inside(root, pattern)
        files = matching(str(root), pattern)
        if not files and not absent:
            raise ValueError(f"the pin {pattern!r} matches no file")
        for name in files:
            _refuse_hidden(name)
            with open(inside(root, name), "rb", opener=_without_waiting) as file:
                status = os.fstat(file.fileno())
                if status.st_size > MAX_PIN:
                    raise ValueError(f"{name!r} is larger than {MAX_PIN // 2**30} GiB")
                stamp = stamp_of(status)
                found[name] = Pin(hashlib.file_digest(file, "sha256").hexdigest(), stamp)
    return dict(sorted(found.items()))


def _without_waiting(path: str, flags: int) -> int:
    """What took the place of a file since it was found, like a pipe, is not waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def stamps(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """The stamp of each path, relative to the project or absolute; empty where there is nothing."""
    return {path: _stamp(root / path) for path in paths}


def touched(root: Path, stamped: Mapping[str, str]) -> list[str]:
    """Paths whose file was written, replaced or removed since it had this stamp, whatever it holds now."""
    return [path for path, stamp in stamped.items() if _stamp(root / path) != stamp]


def _stamp(path: Path) -> str:
    try:
        return stamp_of(os.stat(path))
    except OSError:
        return ""
