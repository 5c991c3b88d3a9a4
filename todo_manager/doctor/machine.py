"""What is around the program: room on the disks, running programs, the terminal."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from todo_manager.doctor.base import Finding, Place, ok, problem, warning
from todo_manager.errors import EnvironmentProblem, Kind, TodoError, Unevaluated
from todo_manager.processes.client import Cancel, Nanny
from todo_manager.project import STORE
from todo_manager.shellword import word

_LITTLE = 100 * 10**6
"""Bytes free below which it is said: outputs of checks are kept, a scan or a test run wants more."""
_NOTHING = 10**6
"""Bytes free below which a decision may find no room to be recorded."""
_ANSWER_SECONDS = 10.0


def look(place: Place) -> Iterator[Finding]:
    if place.root is not None:
        yield _room("disk", place.root / STORE)
    try:
        temporary = Path(tempfile.gettempdir())
    except OSError as error:
        yield problem("temporary files", _no_temporary(error))
    else:
        yield _room("temporary files", temporary)
        yield _programs(temporary)
    yield _terminal()


def _room(name: str, folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return warning(name, f"{folder}: {error.strerror}", f"ls -ld {word(str(folder))}")
    said = f"{free / 1e9:.1f} GB free for {folder}"
    if free < _NOTHING:
        error_ = EnvironmentProblem(said, kind=Kind.DISK_FULL, hint="free some space")
        return problem(name, error_)
    return warning(name, said, "free some space") if free < _LITTLE else ok(name, said)


def _no_temporary(error: OSError) -> TodoError:
    return EnvironmentProblem(
        f"no folder for temporary files: {error.strerror}",
        kind=Kind.DISK_FULL,
        hint="free some space, or set TMPDIR to a folder that has some",
    )


def _programs(temporary: Path) -> Finding:
    """Start a program as checks do, and see it end."""
    cancel = Cancel()
    private = temporary / f"todo_manager-{secrets.token_hex(8)}"
    nanny = Nanny(private, cancel)
    try:
        nanny.start()
        ran = nanny.run([sys.executable, "-c", ""], cwd="/", env={}, timeout=_ANSWER_SECONDS)
    except (TodoError, OSError) as error:
        return problem("programs", Unevaluated(f"none can be started: {error}", hint="ulimit -a"))
    finally:
        nanny.close()
        cancel.close()
        shutil.rmtree(private, ignore_errors=True)
    if ran.exit == 0:
        return ok("programs", f"can be started and ended, {os.cpu_count()} cores")
    why = ran.problem or f"{sys.executable} ended with {ran.exit}"
    return problem("programs", Unevaluated(f"none can be started: {why}", hint="ulimit -a"))


def _terminal() -> Finding:
    """What standard output is; a screen, colours and glyphs depend on it."""
    encoding = (sys.stdout.encoding or "none").lower()
    if not sys.stdout.isatty():
        return ok("terminal", f"none: standard output is a pipe or a file, {encoding}")
    size = os.get_terminal_size(sys.stdout.fileno())
    term = os.environ.get("TERM", "")
    colour = "no colour" if "NO_COLOR" in os.environ or term in ("", "dumb") else "colour"
    said = f"{size.columns} x {size.lines}, {term or 'TERM is not set'}, {colour}, {encoding}"
    if "utf" not in encoding:
        return warning("terminal", f"{said}: glyphs are shown in ASCII", "export LANG=C.UTF-8")
    return ok("terminal", said)
