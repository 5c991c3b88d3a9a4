"""How the files of one plan stand against what was accepted, as far as a read looks: standard library.

A file whose stat is the one at acceptance is the same; only where that differs is it hashed. The gate
does not rely on this, it reads and hashes everything.
"""

from __future__ import annotations

import os
import sqlite3

from todo_manager import lock_file
from todo_manager.proof import digest

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing costs a read more than all of this module
    from collections.abc import Iterable
    from typing import Any


_ADDED = "was added since the plan was accepted"


def look(db: sqlite3.Connection, root: str, plan: str) -> tuple[str, dict[int, str]]:
    """How the document stands (same, changed, gone, none), and why phases differ on disk, by index."""
    source = "none"
    changed: dict[int, str] = {}
    rows = db.execute("SELECT * FROM files WHERE plan = ?", (plan,)).fetchall()
    for row in rows:
        if row["role"] == "pins":
            from todo_manager.globs import matching

            wanted = row["path"].split("\n")
            found = {name for pattern in wanted for name in matching(root, pattern)}
            if names_digest(found) != row["sha256"]:
                changed[row["phase"]] = _other_files(found, row["phase"], rows)
            continue
        state = _state(root, row)
        if row["role"] == "source":
            source = state
        elif state != "same" and row["phase"] >= 0:
            what = "is gone" if state == "gone" else "was changed since it was accepted"
            changed.setdefault(row["phase"], f"{row['path']} {what}")
    return source, _added(root, plan, rows) | changed


def running(store: str, phases: list[dict[str, Any]]) -> frozenset[int]:
    """Indexes of the phases (rows with idx and lock) that some process holds."""
    held = lock_file.held_numbers(store, [phase["lock"] for phase in phases])
    return frozenset(phase["idx"] for phase in phases if phase["lock"] in held)


def names_digest(names: Iterable[str]) -> str:
    """What stands in the store for the names of the files that the pins of a phase matched."""
    return digest("\n".join(sorted(names)))


def _other_files(found: set[str], phase: int, rows: list[sqlite3.Row]) -> str:
    """Why the files that the pins of a phase match are others than at acceptance: one that says it."""
    known = {row["path"] for row in rows if row["phase"] == phase and row["role"] == "pin"}
    for name in sorted(found - known):
        return f"{name} {_ADDED}"
    for name in sorted(known - found):
        return f"{name} is gone"
    return "other files than at acceptance match its pins"


def _state(root: str, row: sqlite3.Row) -> str:
    path = os.path.join(root, row["path"])
    try:
        found = os.stat(path)
    except OSError:
        return "gone"
    stamp = f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"
    if stamp == row["stamp"]:
        return "same"
    if row["stamp"] and row["stamp"].split(":")[1] != str(found.st_size):
        return "changed"
    import hashlib
    import stat

    try:
        # Neither a pipe nor a device that took its place is waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return "changed"
            same = hashlib.file_digest(file, "sha256").hexdigest() == row["sha256"]
    except OSError:
        return "gone"
    return "same" if same else "changed"


def _added(root: str, plan: str, rows: list[sqlite3.Row]) -> dict[int, str]:
    """Scripts and helpers that were not there at acceptance."""
    folder = os.path.join(root, "phases", plan)
    if "/" in plan or plan in (".", "..") or not os.path.isdir(folder):
        return {}
    known = {row["path"] for row in rows if row["role"] in ("script", "helper")}
    with_scripts = {row["phase"] for row in rows if row["role"] == "script"}
    found: dict[int, str] = {}
    for path in _walk(folder, f"phases/{plan}"):
        if path in known:
            continue
        index = _script_index(path)
        for phase in with_scripts if index is None else {index}:
            what = "cannot be looked into" if path.endswith("/") else _ADDED
            found.setdefault(phase, f"{path} {what}")
    return found


def _walk(folder: str, prefix: str) -> list[str]:
    found = []
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return [f"{prefix}/"]
    for entry in entries:
        name = entry.name
        if name.startswith(".") or name == "__pycache__" or name.endswith(("~", ".pyc")):
            continue
        if entry.is_dir(follow_symlinks=False):
            found += _walk(entry.path, f"{prefix}/{name}")
        elif not entry.is_dir():  # a link to a folder is not followed, and so not bound
            found.append(f"{prefix}/{name}")
    return found


def _script_index(path: str) -> int | None:
    parts = path.split("/")
    number, _, rest = parts[-1][1:].partition("_")
    is_script = len(parts) == 3 and parts[-1].startswith("p") and number.isdecimal() and rest
    return int(number) if is_script and number.isascii() else None
