"""Containers we make to look into images, and how a later run knows those that an earlier one left.

What a killed run could not remove has a label that names the process which made it. Whoever looks next on
the same engine removes it, if that process is gone.
"""

from __future__ import annotations

import os
import secrets
import time
from typing import Any

from todo_manager.engines.engine import Absent, Engine, Unreachable

LABEL = "todo_manager.look"
"""Its value names the machine, the process, and when that was started."""
NAME = "todo_manager-look-"
_STALE = 3600
"""Seconds after which a container made by another machine, whose processes we cannot see, is left over."""


def marks() -> dict[str, Any]:
    """The name and the label under which this process makes a container."""
    return {"name": NAME + secrets.token_hex(8), "labels": {LABEL: owner()}}


def sweep(engine: Engine) -> list[str]:
    """Remove containers of ours whose makers are gone; their names. Raises Unreachable."""
    rows = engine.ask(engine.api.containers, all=True, filters={"label": [LABEL]})
    found = [row for row in rows if _is_left_over(str((row.get("Labels") or {}).get(LABEL)), row)]
    for row in found:
        remove(engine, str(row["Id"]))
    return [str((row.get("Names") or ["?"])[0]).lstrip("/") for row in found]


def remove(engine: Engine, container: str) -> None:
    """Remove a container with its volumes, if it is still there; raises Unreachable."""
    try:
        engine.ask(engine.api.remove_container, container, v=True, force=True)
    except Absent:
        pass
    except Unreachable as problem:
        # Another run removes the same one at this moment.
        if "already in progress" not in str(problem):
            raise


def owner() -> str:
    """This process, so that no other one of this or another machine can be taken for it."""
    return f"{_machine()} {os.getpid()} {_started(os.getpid())}"


def _machine() -> str:
    """This boot of this machine, and the space in which the numbers of processes count."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"


def _started(pid: int) -> str:
    """When a process was started, in ticks since the boot; empty when there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_left_over(owner: str, row: dict[str, Any]) -> bool:
    machine, _, process = owner.rpartition(" ")[0].rpartition(" ")
    started = owner.rpartition(" ")[2]
    if machine == _machine() and process.isdecimal():
        return _started(int(process)) != started
    return time.time() - float(row.get("Created") or time.time()) > _STALE
