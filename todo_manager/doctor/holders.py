"""Processes that hold a phase at this moment, and those that were stopped while they hold one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from todo_manager import lock_file
from todo_manager.doctor.base import Finding, Place, ok, problem
from todo_manager.errors import Busy
from todo_manager.project import STORE
from todo_manager.shellword import word

_STOPPED = ("T", "t")
"""States of a process that was stopped (Ctrl-Z, SIGSTOP) or is traced: it lets nothing go."""


def look(place: Place) -> Iterator[Finding]:
    if place.root is None or place.db is None:
        return
    folder = place.root / STORE
    rows = place.rows("SELECT plan, idx, lock FROM phases")
    held = lock_file.held_numbers(str(folder), [row["lock"] for row in rows])
    phases = [f"{word(row['plan'])} {row['idx']}" for row in rows if row["lock"] in held]
    if not phases:
        yield ok("running", "no phase is held by a process")
        return
    processes = _with_open(folder / lock_file.FILE)
    stopped = [pid for pid in processes if _state(pid) in _STOPPED]
    what = (
        f"{', '.join(phases)} held by process {', '.join(map(str, processes)) or '(another user)'}"
    )
    if not stopped:
        yield ok("running", what)
        return
    ids = " ".join(map(str, stopped))
    hint = f"kill -CONT {ids}, to let it go on; or: kill -KILL {ids}"
    yield problem("running", Busy(f"{what}, which is stopped: {ids}", hint=hint))


def _with_open(file: Path) -> list[int]:
    """Ids of the processes that have a file open, as far as this user may know."""
    found = []
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(os.path.samefile(entry, file) for entry in folder.iterdir()):
                found.append(int(folder.parent.name))
        except OSError:
            continue  # it ended, or it is not ours to look into
    return sorted(set(found) - {os.getpid()})


def _state(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[0]
