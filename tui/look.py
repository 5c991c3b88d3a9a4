"""Looks at the world outside the store for the command center, in a process of its own.

What it finds is written as JSON lines, as it is found. Engines take seconds to answer and their client
takes long to load; neither may hold up the screen.

    look.py services    every service of the plans, and what runs for it
    look.py doctor      what `doctor` finds
    look.py engines     what of that is wrong with engines and other machines
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import structs

from todo_manager import checks, doctor, reads
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.doctor.base import Finding, Level
from todo_manager.errors import TodoError


def main() -> None:
    """Look, tell, and leave at once: threads that still wait for a machine are left behind."""
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    wanted = {"services": services, "doctor": everything, "engines": engines}[sys.argv[1]]
    try:
        for found in wanted():
            _tell(found)
    except TodoError as problem:
        _tell({"trouble": problem.message, "hint": problem.hint})
    except Exception as problem:
        what = f"this is a mistake in todo_manager: {type(problem).__name__}: {problem}"
        _tell({"trouble": what, "hint": "todo_manager doctor"})
    os._exit(0)


def _leave_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def services() -> Iterator[dict[str, Any]]:
    """Each service with what was found of it."""
    from todo_manager.deploying import standing

    root = reads.find_root(".")
    with contextlib.closing(reads.open_store(root)) as db:
        for declared, found in standing.look(db, Path(root)):
            yield structs.asdict(declared) | {"found": structs.asdict(found)}


def everything() -> Iterator[dict[str, Any]]:
    """All findings of `doctor`."""
    for finding in doctor.examine(Path.cwd()):
        yield _plain(finding)


def engines() -> Iterator[dict[str, Any]]:
    """What is wrong with engines and other machines that open plans rest on."""
    with contextlib.closing(reads.open_store(reads.find_root("."))) as db:
        if not _rest_on_machines(db):
            return
    from todo_manager.doctor import engine
    from todo_manager.doctor.base import Place

    place = Place(Path.cwd())
    try:
        for finding in engine.look(place):
            if finding.level is Level.PROBLEM:
                yield _plain(finding)
    finally:
        place.close()


_KINDS = (
    "SELECT DISTINCT json_extract(c.value, '$.kind') AS kind FROM plans AS p"
    " JOIN phases AS f ON f.plan = p.id, json_each(f.checks) AS c"
    " WHERE p.closed = 0 AND p.archived IS NULL"
)
_ELSEWHERE = (
    "SELECT 1 FROM plans AS p JOIN phases AS f ON f.plan = p.id"
    " WHERE p.closed = 0 AND p.archived IS NULL AND (f.definition LIKE '%\"host\":%'"
    " OR f.definition LIKE '%\"inside\":%' OR f.definition LIKE '%\"served_by\":%') LIMIT 1"
)


def _rest_on_machines(db: sqlite3.Connection) -> bool:
    """Whether an open plan asks an engine or another machine; most look at files, for nothing else."""
    if db.execute(_ELSEWHERE).fetchone():
        return True
    kinds = [row["kind"] for row in db.execute(_KINDS) if row["kind"] in checks.KINDS]
    return any(issubclass(checks.load(kind), EngineCheck) for kind in kinds)


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "level": str(finding.level),
        "said": finding.said,
        "hint": finding.hint,
    }


def _tell(told: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):
        sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
