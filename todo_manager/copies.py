"""Private copies of the scripts and helpers of a phase, and whether they still are what was copied.

The folder of a run is closed to other users, but not to the user's own programs: one that waits for it can
write there while a script runs. So what was copied is looked at again when the script has ended.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from todo_manager.coupling import BoundFile, stamp_of

_CACHE = "__pycache__"


def write(code: Path, files: Iterable[BoundFile], base: str) -> dict[str, str]:
    """Copy bound files below a new folder, at their paths from `base`; the stamp of each path.

    Where Python would keep compiled modules lies a file: what it cannot make, nobody can make for it.
    """
    for bound in files:
        copy = code / os.path.relpath(bound.path, base)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(bound.data)
        copy.chmod(0o500)
        if copy.suffix == ".py":
            (copy.parent / _CACHE).touch(0o400)
    return _stamps(code)


def touched(code: Path, before: dict[str, str]) -> list[str]:
    """Names below the folder that were written, added or removed since."""
    now = _stamps(code)
    return sorted(path for path in {*before, *now} if before.get(path) != now.get(path))


def _stamps(code: Path) -> dict[str, str]:
    found = {}
    for folder, folders, files in os.walk(code):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in (*files, *links):
            path = os.path.join(folder, name)
            found[os.path.relpath(path, code)] = stamp_of(os.lstat(path))
    return found
