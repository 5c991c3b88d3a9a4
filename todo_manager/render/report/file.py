"""Writing a report where somebody wants it, whole or not at all, and over nothing but a report."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat

from todo_manager.errors import EnvironmentProblem, Kind, TodoError, UsageProblem
from todo_manager.render.report.page import FIRST_LINE


def write(path: str, text: str) -> None:
    """Write a page to a file; one that is there is replaced when it is a report too.

    Raises UsageProblem for a file that is something else, EnvironmentProblem (not_written, disk_full)
    when it cannot be written.
    """
    try:
        _write(os.path.realpath(path), text.encode())
    except (OSError, ValueError) as error:
        raise _not_written(path, error) from None


def _write(path: str, data: bytes) -> None:
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if not stat.S_ISREG(mode):  # a pipe or a device; a folder says what it is when it is opened
        with open(path, "wb") as file:
            file.write(data)
        return
    _refuse_other(path)
    temporary = os.path.join(os.path.dirname(path), f".todo_manager-{secrets.token_hex(6)}")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def _refuse_other(path: str) -> None:
    first = FIRST_LINE.encode()
    try:
        with open(path, "rb") as file:
            found = file.read(len(first))
    except FileNotFoundError:
        return
    if found and found != first:
        raise UsageProblem(
            f"{path} is there and is no report; it stays as it is",
            hint="name another file: todo_manager report PLAN --html FILE",
        )


def _not_written(path: str, error: Exception) -> TodoError:
    number = getattr(error, "errno", None)
    reason = getattr(error, "strerror", None) or error
    full = number in (errno.ENOSPC, errno.EDQUOT)
    return EnvironmentProblem(
        f"the report cannot be written to {path}: {reason}",
        kind=Kind.DISK_FULL if full else Kind.NOT_WRITTEN,
        hint="name a file that can be written: todo_manager report PLAN --html FILE, "
        "or `-` for standard output",
    )
