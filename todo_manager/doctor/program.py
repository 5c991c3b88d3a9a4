"""The program itself: its Python, its libraries, where it lies and what its name starts."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import todo_manager
from todo_manager.doctor.base import Finding, Place, ok, problem, warning
from todo_manager.errors import EnvironmentProblem, Kind

_COMMAND = "todo_manager"


def look(place: Place) -> Iterator[Finding]:
    yield ok("python", f"{platform.python_version()}, {sys.executable}")
    yield ok("program", f"todo_manager {todo_manager.__version__}, {_folder()}")
    yield _libraries()
    yield _command()


def _folder() -> Path:
    return Path(todo_manager.__file__).resolve().parent


def _libraries() -> Finding:
    """The distributions the program requires, by its own metadata; without it (a bare checkout), none."""
    try:
        required = importlib.metadata.requires("todo_manager") or []
    except importlib.metadata.PackageNotFoundError:
        return ok("libraries", "not installed as a package, so none is demanded")
    names = [line for line in required if "extra ==" not in line]
    versions = {name: _version(name) for name in (re.split(r"[^\w.-]", n)[0] for n in names)}
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        error = EnvironmentProblem(
            f"not installed: {', '.join(missing)}",
            kind=Kind.INTERNAL,
            hint=f"{sys.executable} -m pip install {' '.join(missing)}",
        )
        return problem("libraries", error)
    return ok("libraries", ", ".join(f"{name} {version}" for name, version in versions.items()))


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _command() -> Finding:
    """What the shell starts under our name: mostly us, sometimes the one of another environment."""
    found = shutil.which(_COMMAND)
    ours = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), _COMMAND)
    if found is None:
        hint = f"export PATH={os.path.dirname(ours)}:$PATH"
        return warning(
            "command", f"no {_COMMAND} on your PATH; this one was started otherwise", hint
        )
    if os.path.exists(ours) and not os.path.samefile(found, ours):
        return warning("command", f"{_COMMAND} starts {found}, which is not this one", ours)
    return ok("command", found)
