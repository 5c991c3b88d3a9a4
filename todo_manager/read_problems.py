"""What a read says when it cannot answer: the words, made only when they are needed.

The error types cost as much to import as a small read, so `reads.py` fetches them from here.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence

from todo_manager.errors import (
    EnvironmentProblem,
    IntegrityProblem,
    Kind,
    TodoError,
    UsageProblem,
)
from todo_manager.problems import did_you_mean
from todo_manager.shellword import word

_GUESSES = 1000
"""How many of the newest ids a mistyped one is compared with."""


def no_store(start: str, name: str) -> TodoError:
    """Neither a folder nor one above it holds a store of this name."""
    return EnvironmentProblem(
        f"no plan store here: neither {start} nor a folder above it holds {name}/",
        kind=Kind.STORE_MISSING,
        hint="todo_manager init, or todo_manager import FILE, which makes one",
    )


def no_file(folder: str) -> TodoError:
    """The store's folder is there, its database is not, or this user may not see it."""
    if _may_not_enter(folder):
        return EnvironmentProblem(
            f"{folder} may not be entered by this user",
            kind=Kind.STORE_UNREADABLE,
            hint=f"ls -ld {folder}",
        )
    return EnvironmentProblem(
        f"{folder} holds no store.db",
        kind=Kind.STORE_MISSING,
        hint="restore it from a backup; or todo_manager init, to make an empty store",
    )


def _may_not_enter(folder: str) -> bool:
    try:
        os.stat(folder)
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(folder, os.X_OK)


def not_a_store(path: str) -> TodoError:
    """A database, but none of ours."""
    return EnvironmentProblem(
        f"{path} is not a store, or one whose making was interrupted",
        kind=Kind.STORE_UNREADABLE,
        hint="todo_manager init, which finishes making it",
    )


def bring_up_to_date(path: str, version: int) -> None:
    """Bring a store of an older version up to what the reads ask for; EnvironmentProblem if it can't be.

    It happens once in the life of a store, and adds to it without changing what is there.
    """
    from pathlib import Path

    from todo_manager import store

    root = Path(path).parent.parent
    if not os.access(path, os.W_OK):
        raise EnvironmentProblem(
            f"the store {path} is of the older version {version}, and this user may not write it",
            kind=Kind.STORE_READ_ONLY,
            hint="as a user who may write it: todo_manager init --bare, which brings it up to date",
        )
    store.create(root)


def unreadable(path: str, error: sqlite3.Error) -> TodoError:
    """SQLite cannot read the file."""
    return EnvironmentProblem(
        f"the store {path} cannot be read: {error}",
        kind=Kind.STORE_UNREADABLE,
        hint=f"ls -l {os.path.dirname(path)}",
    )


def no_regular_file(path: str) -> TodoError:
    """A pipe, a device or a folder where a file of the store belongs."""
    return EnvironmentProblem(
        f"{path} is not a regular file, so the store cannot be read",
        kind=Kind.STORE_UNREADABLE,
        hint=f"ls -l {os.path.dirname(path)}; take it away, or restore the store from a backup",
    )


def closed(path: str) -> TodoError:
    """A file of the store that this user may not read."""
    return EnvironmentProblem(
        f"{path} cannot be read by this user",
        kind=Kind.STORE_UNREADABLE,
        hint=f"ls -l {path}",
    )


def ambiguous(wanted: str, found: Sequence[str]) -> TodoError:
    """Several plan ids begin like this."""
    return UsageProblem(
        f"{wanted!r} begins several plan ids: {', '.join(found)}",
        kind=Kind.AMBIGUOUS_PLAN,
        hint=f"todo_manager show {word(found[0])}",
    )


def unknown_plan(db: sqlite3.Connection, wanted: str) -> TodoError:
    """No plan id begins like this; suggests a near one."""
    rows = db.execute("SELECT id FROM plans ORDER BY seq DESC LIMIT ?", (_GUESSES,))
    return UsageProblem(
        f"there is no plan {wanted!r}{did_you_mean(wanted, [row[0] for row in rows])}",
        kind=Kind.UNKNOWN_PLAN,
        hint=_road_to(db, wanted),
    )


def _road_to(db: sqlite3.Connection, wanted: str) -> str:
    """Take the document in where one of that name lies in plans/; else look at what there is."""
    store = str(db.execute("PRAGMA database_list").fetchone()["file"])
    root, file = os.path.dirname(os.path.dirname(store)), f"plans/{wanted}.yaml"
    there = "/" not in wanted and os.path.isfile(os.path.join(root, file))
    return f"todo_manager import {word(file)}" if there else "todo_manager list"


def unknown_phase(plan: str, index: int, count: int) -> TodoError:
    """The plan has no phase with this index."""
    known = f"its phases are 0 to {count - 1}" if count else "it has none at all"
    return UsageProblem(
        f"{plan} has no phase {index}; {known}",
        kind=Kind.UNKNOWN_PHASE,
        hint=f"todo_manager show {word(plan)}",
    )


def unfounded_mark(plan: str, index: int, mark: str) -> TodoError:
    """A phase is marked, and no event in the ledger says so."""
    return IntegrityProblem(
        f"the ledger does not verify: the mark of {plan} {index} ({mark}) rests on no event",
        hint="todo_manager audit, which names the first break",
    )
