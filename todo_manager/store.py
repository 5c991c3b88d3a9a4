"""The store: one SQLite file, opened for reading or writing, its troubles turned into words.

Standard library alone; sqlite-utils comes in for the schema and bulk writes (`migrations.py`,
`stored_plan.py`).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from todo_manager import reads
from todo_manager.crashpoints import point
from todo_manager.errors import Busy, EnvironmentProblem, IntegrityProblem, Kind, TodoError
from todo_manager.project import STORE

FILE = "store.db"
VERSION = 6
"""`PRAGMA user_version` of a store this program writes: the number of migration steps."""

BUSY_SECONDS = 30
"""How long a writer waits for another. Decisions write a few rows, so 32 writers at once are through
in well under a second; only a process that was stopped in the middle can use this up."""


def path_of(root: Path) -> Path:
    return root / STORE / FILE


def create(root: Path) -> bool:
    """Make the store of a project, or bring an older one up to date; whether it was new.

    Safe against others doing the same at the same moment, and against dying half way.
    """
    folder = root / STORE
    with _translated(root):
        folder.mkdir(exist_ok=True)
        with _exclusive(folder / "store.lock"):
            new = not path_of(root).exists()
            if new:
                _refuse_lost(root)
            _write_if_missing(folder / ".gitignore", "*\n")
            if new:
                _write_if_missing(folder / "HEAD", "0 " + "0" * 64 + "\n")
            point("store-begun")
            connection = _connect(path_of(root))
            with contextlib.closing(connection):
                point("store-created")
                _refuse_newer(connection, root)
                if _version(connection) == 0:
                    _refuse_lost(root)
                if _version(connection) < VERSION:
                    from todo_manager import migrations

                    migrations.apply(connection, VERSION)
            point("store-migrated")
        return new


def _refuse_lost(root: Path) -> None:
    """An empty store beside a HEAD that has seen events is no new store but a lost one."""
    try:
        seen = (root / STORE / "HEAD").read_text(encoding="ascii").split()[0]
    except (FileNotFoundError, UnicodeError, IndexError):
        return
    if seen != "0":
        raise IntegrityProblem(
            f"{root / STORE}: HEAD has seen event {seen}, but {FILE} is gone or empty",
            hint=f"restore {FILE} from a backup; or, to begin anew, remove {root / STORE}",
        )


def open_for_writing(root: Path) -> sqlite3.Connection:
    """A connection in autocommit mode; use `transaction` to write. Raises EnvironmentProblem."""
    with _translated(root):
        if not path_of(root).exists():
            raise EnvironmentProblem(
                f"{root / STORE} holds no {FILE}",
                kind=Kind.STORE_MISSING,
                hint="restore it from a backup; or todo_manager init, to make an empty store",
            )
        connection = _connect(path_of(root))
        _refuse_newer(connection, root)
        if _version(connection) < VERSION:
            connection.close()
            create(root)
            connection = _connect(path_of(root))
        return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, root: Path) -> Iterator[None]:
    """One write transaction: all of it or nothing. Raises EnvironmentProblem or Busy."""
    with _translated(root):
        connection.execute("BEGIN IMMEDIATE")
        try:
            point("transaction-begun")
            yield
            point("before-commit")
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        point("after-commit")


def _connect(path: Path) -> sqlite3.Connection:
    reads.refuse_pipes(str(path))
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    # WAL: readers (a screen that is open all day) and the one writer never wait for each other.
    # It needs shared memory, so a store does not work on a network file system.
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a commit is on the disk before `done` says so, also through a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _refuse_newer(connection: sqlite3.Connection, root: Path) -> None:
    found = _version(connection)
    if found > VERSION:
        raise EnvironmentProblem(
            f"the store in {root / STORE} is of version {found}; this program knows {VERSION}",
            kind=Kind.STORE_NEWER,
            hint="use the newer todo_manager that wrote it; reading works with this one",
        )


def _write_if_missing(path: Path, text: str) -> None:
    """Whole or not at all: who dies in between must not leave an empty file for ever."""
    if path.exists():
        return
    temporary = path.with_name(path.name + ".new")
    with open_own(temporary, os.O_WRONLY | os.O_TRUNC) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def open_own(path: Path, how: int) -> TextIO:
    """A file of the store's folder for writing, made where it is missing.

    Raises OSError for a link, and for a pipe or a device, which might never let go.
    """
    how |= os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, how, 0o644)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    return open(descriptor, "w", encoding="utf-8")


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with open_own(path, os.O_WRONLY) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _translated(root: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise trouble(error, root) from error
    except OSError as error:
        raise os_trouble(error, root) from error


def os_trouble(error: OSError, root: Path) -> TodoError:
    """The words for an operating system error on the store's folder."""
    place = f"{error.filename or root / STORE}: {error.strerror}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentProblem(place, kind=Kind.DISK_FULL, hint="free some space, then repeat")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _read_only(root)
    return EnvironmentProblem(place, kind=Kind.STORE_UNREADABLE, hint=_look_at(root))


def trouble(error: sqlite3.Error, root: Path) -> TodoError:
    """The words for a database error, by SQLite's own result code."""
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith("SQLITE_FULL"):
        return EnvironmentProblem(
            f"no room left to write the store in {root / STORE}; nothing was recorded",
            kind=Kind.DISK_FULL,
            hint="free some space, then repeat",
        )
    if code.startswith(("SQLITE_READONLY", "SQLITE_PERM")) or (
        code.startswith("SQLITE_CANTOPEN") and not os.access(root / STORE, os.W_OK)
    ):
        return _read_only(root)
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Busy(
            f"another process has held the store for {BUSY_SECONDS}s",
            hint="repeat; if it stays so, look for a stopped todo_manager process",
        )
    if code.startswith("SQLITE_IOERR") and _no_space(root):
        return EnvironmentProblem(
            f"no room left to write the store in {root / STORE}; nothing was recorded",
            kind=Kind.DISK_FULL,
            hint="free some space, then repeat",
        )
    return EnvironmentProblem(
        f"the store in {root / STORE} cannot be used: {error}",
        kind=Kind.STORE_UNREADABLE,
        hint=_look_at(root),
    )


def newer(root: Path) -> TodoError | None:
    """What to say of a store that a newer program wrote; None when this one knows its version."""
    uri = reads.uri_of(str(path_of(root)))
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as found:
        try:
            _refuse_newer(found, root)
        except EnvironmentProblem as problem:
            return problem
    return None


def _look_at(root: Path) -> str:
    return f"ls -la {root / STORE}; restore it from a backup that `todo_manager audit` finds intact"


def _no_space(root: Path) -> bool:
    """SQLite reports a full disk met in the shared memory file as an I/O error."""
    try:
        space = os.statvfs(root / STORE)
    except OSError:
        return False
    return space.f_bavail * space.f_frsize < 2**18


def _read_only(root: Path) -> TodoError:
    return EnvironmentProblem(
        f"the store in {root / STORE} cannot be written by this user; nothing was recorded",
        kind=Kind.STORE_READ_ONLY,
        hint=f"ls -ld {root / STORE}; reading (list, show, next, log) works without writing",
    )
