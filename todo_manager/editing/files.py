"""Replacing a file whole, or not at all; and renaming several, or none."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from todo_manager.errors import EnvironmentProblem, Kind, UsageProblem
from todo_manager.project import STORE
from todo_manager.shellword import word

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOCK = "edit.lock"


@contextlib.contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """One edit of the project's plan documents at a time; others wait for the moment it takes."""
    path = root / STORE / _LOCK
    with translated(path), open(path, "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def put(path: Path, data: bytes) -> None:
    """Write a file anew, its mode kept where it exists. Raises EnvironmentProblem."""
    with translated(path), _beside(path.resolve(), data) as temporary:
        os.replace(temporary, path.resolve())


def create(path: Path, data: bytes) -> None:
    """Write a file that does not exist yet, folders included; UsageProblem when it does."""
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _beside(path, data) as temporary:
            try:
                os.link(temporary, path)
            except FileExistsError:
                raise taken(str(path)) from None


def taken(path: str) -> UsageProblem:
    return UsageProblem(f"{path} is there already", hint=f"todo_manager lint {word(path)}")


def replace(
    path: Path, before: bytes, after: bytes, renames: Sequence[tuple[Path, Path]] = ()
) -> None:
    """Replace a file by new bytes if it still holds those from before, and rename others with it.

    Whatever goes wrong, all files are as they were. Raises EnvironmentProblem, or UsageProblem when
    the file was changed meanwhile.
    """
    real = path.resolve()
    with translated(path), _beside(real, after) as temporary, _uninterrupted():
        if real.read_bytes() != before:
            raise UsageProblem(
                f"{path.name} was changed by something else at this moment; nothing was written",
                hint="repeat the command, which then begins with the file as it is",
            )
        with _renamed(renames):
            os.replace(temporary, real)


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the system refuses into words."""
    try:
        yield
    except OSError as error:
        place = error.filename or str(path)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise EnvironmentProblem(
            f"{place}: {error.strerror}; nothing was written",
            kind=Kind.DISK_FULL if full else Kind.STORE_READ_ONLY,
            hint=f"ls -ld {word(os.path.dirname(place) or '.')}",
        ) from None


@contextlib.contextmanager
def _beside(path: Path, data: bytes) -> Iterator[str]:
    """A temporary file beside `path` with the bytes, on the disk, with its mode; gone at the end."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), _mode(path))
            os.fsync(file.fileno())
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _mode(path: Path) -> int:
    try:
        return os.stat(path).st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


@contextlib.contextmanager
def _renamed(renames: Sequence[tuple[Path, Path]]) -> Iterator[None]:
    """Rename files for good if the block goes through, else not at all.

    Every file first gets a name of its own: two may take each other's place.
    """
    steps = [(old, old.with_name(f".{n}.{old.name}")) for n, (old, _) in enumerate(renames)]
    steps += [(between, new) for (_, between), (_, new) in zip(steps, renames)]
    taken: list[tuple[Path, Path]] = []
    try:
        for old, new in steps:
            if os.path.lexists(new):
                raise FileExistsError(errno.EEXIST, "is in the way", str(new))
            os.rename(old, new)
            taken.append((old, new))
        yield
    except BaseException:
        for old, new in reversed(taken):
            os.rename(new, old)
        raise


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keep Ctrl-C and its like waiting: what is in between takes no time and must not be halved."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
