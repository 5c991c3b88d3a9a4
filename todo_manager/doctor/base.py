"""What a look of `doctor` finds, and what all of them look at."""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from todo_manager import project, proof, reads
from todo_manager.errors import TodoError
from todo_manager.project import Settings


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    """Something does not work or is likely to surprise; plans can be worked on all the same."""
    PROBLEM = "problem"
    """Verbs will end without success because of it."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    said: str
    level: Level = Level.OK
    hint: str = ""
    """What to type; for warnings and problems."""
    error: TodoError | None = None
    """Of a problem: what other verbs end with when they meet it."""


def ok(name: str, said: str) -> Finding:
    return Finding(name=name, said=said)


def warning(name: str, said: str, hint: str) -> Finding:
    return Finding(name=name, said=said, level=Level.WARNING, hint=hint)


def problem(name: str, error: TodoError) -> Finding:
    return Finding(name=name, said=error.message, level=Level.PROBLEM, hint=error.hint, error=error)


class Place:
    """The project a folder is in, its settings and its store, each as far as it can be had. Close it."""

    def __init__(self, start: Path) -> None:
        self.start = start
        self.root = project.find(start)
        self.settings = Settings()
        self.settings_error: TodoError | None = None
        """Why `settings` are the defaults although there is a file."""
        self.db: sqlite3.Connection | None = None
        """The store, open for reading; None where there is none or it does not open."""
        self.store_error: TodoError | None = None
        if self.root is not None:
            self._open(self.root)

    def close(self) -> None:
        """From here on there is no store: it is over, or what it would say is not to be believed."""
        if self.db is not None:
            self.db.close()
        self.db = None

    def rows(self, query: str) -> list[sqlite3.Row]:
        """Rows of the store, none where there is no store; IntegrityProblem when they are damaged."""
        if self.db is None:
            return []
        try:
            return self.db.execute(query).fetchall()
        except sqlite3.Error as error:
            raise proof.broken(f"rows of the store cannot be read: {error}") from None

    def _open(self, root: Path) -> None:
        try:
            self.settings = project.settings(root)
        except TodoError as error:
            self.settings_error = error
        try:
            self.db = reads.open_store(str(root))
        except TodoError as error:
            self.store_error = error
