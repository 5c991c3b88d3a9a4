"""Which program a name means, and whether it may be trusted to be that program.

The search path is fixed: the system's folders, then those of the settings, then our interpreter's.
A program that lies inside the project is whatever the last edit made of it, so it is refused unless
its bytes are bound: it is pinned, named with its sha256 under `tools`, or part of our interpreter's
own environment.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pwd
import sys
from collections.abc import Mapping
from pathlib import Path

from todo_manager import python_start
from todo_manager.checks.base import Program, Unresolvable
from todo_manager.coupling import Pin, stamp_of
from todo_manager.project import Settings

SYSTEM_PATH = (
    "/usr/local/bin",
    "/usr/bin",
    "/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
)


def interpreter_bin() -> str:
    """The folder our interpreter is started from (of a virtual environment: its own bin)."""
    return os.path.dirname(os.path.abspath(sys.executable))


def search_path(root: Path, settings: Settings) -> list[str]:
    """The folders in which programs are looked for, in order."""
    return [*SYSTEM_PATH, *(str(root / path) for path in settings.path), interpreter_bin()]


def _inherited_path(root: Path, settings: Settings) -> list[str]:
    """What shell texts and scripts search: without folders of the project, whose programs nothing
    binds there. Our interpreter's own folder may lie in the project."""
    top = root.resolve()
    outside = [
        folder
        for folder in search_path(root, settings)[:-1]
        if not Path(folder).resolve().is_relative_to(top)
    ]
    return [*outside, interpreter_bin()]


def resolve(name: str, root: Path, settings: Settings, pins: Mapping[str, Pin]) -> Program:
    """The executable a name means. Raises Unresolvable: none there, or it may not be used.

    Looked at anew for each attempt: a pinned program must still be the one that was pinned.
    """
    if name in python_start.NAMES:
        return Program(
            path=sys.executable,
            sha256=sha256_of(sys.executable),
            options=python_start.OPTIONS,
            env=python_start.environment(),
        )
    if name in settings.tools:
        return _tool(name, root, settings)
    path = _find(name, root, settings)
    _refuse_unbound(name, path, root, pins)
    return Program(path=path, sha256=sha256_of(path))


def _tool(name: str, root: Path, settings: Settings) -> Program:
    tool = settings.tools[name]
    path = tool.path if os.path.isabs(tool.path) else str(root / tool.path)
    if not os.path.isfile(path):
        raise Unresolvable(f"needs {name}: {tool.path}, named under tools, is not there")
    found = sha256_of(path)
    if found != tool.sha256.removeprefix("sha256:"):
        raise Unresolvable(f"{tool.path} is not the {name} of the settings: its sha256 is {found}")
    return Program(path=path, sha256=found)


def _find(name: str, root: Path, settings: Settings) -> str:
    if "/" in name:
        candidates = [name if os.path.isabs(name) else str(root / name)]
    else:
        candidates = [os.path.join(folder, name) for folder in search_path(root, settings)]
    for path in candidates:
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    where = "no such executable file" if "/" in name else "no such program on the search path"
    raise Unresolvable(f"needs {name}: {where}")


def _refuse_unbound(name: str, path: str, root: Path, pins: Mapping[str, Pin]) -> None:
    """A link in the project may be pointed elsewhere at any time, so it counts as a file of it."""
    ours = Path(interpreter_bin()).resolve()
    names = _names_below(root, path)
    if not names or Path(path).parent.resolve() == ours:
        return
    pinned = [pins[each].sha256 for each in names if each in pins]
    if not pinned:
        raise Unresolvable(
            f"{name} is a file of the project that nothing binds; add `pins: [{names[0]}]`, "
            "or name it with its sha256 under tools in todo_manager.yaml"
        )
    if sha256_of(path) not in pinned:
        raise Unresolvable(f"{name} is no longer the file that was pinned")


def _names_below(root: Path, path: str) -> list[str]:
    """The paths in the project under which a file is reached: as it is named, as it really lies."""
    found = []
    for place, top in ((Path(os.path.abspath(path)), root), (Path(path).resolve(), root.resolve())):
        if place.is_relative_to(top):
            found.append(str(place.relative_to(top)))
    return found


def sha256_of(path: str) -> str:
    """sha256 of a program; read again only when the file is another one."""
    try:
        return _sha256_of(path, stamp_of(os.stat(path)))
    except OSError as error:
        raise Unresolvable(f"{path} cannot be read: {error.strerror}") from None


@functools.lru_cache(maxsize=256)
def _sha256_of(path: str, stamp: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def base_environment(root: Path, settings: Settings, private: Path) -> dict[str, str]:
    """The clean environment of every program: nothing of the caller's comes through but TZ."""
    found = {
        "PATH": os.pathsep.join([str(private / "bin"), *_inherited_path(root, settings)]),
        "HOME": _home(),
        "LANG": "C.UTF-8",
        "TMPDIR": str(private / "tmp"),
        "TODO_MANAGER_PROJECT": str(root),
    }
    if "TZ" in os.environ:
        found["TZ"] = os.environ["TZ"]
    return found


def _home() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"  # the user of a container often has no entry


def write_python_wrappers(folder: Path) -> None:
    """`python` and `python3` as our interpreter; a link would lose its virtual environment."""
    folder.mkdir()
    for name in python_start.NAMES:
        wrapper = folder / name
        wrapper.write_text(python_start.wrapper())
        wrapper.chmod(0o755)
