"""The files of a starter project, and writing those that are missing.

They lie in `files/` as they will stand in the project. What is there already is never written over;
`.gitignore` alone is added to, by lines that it lacks.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from todo_manager.errors import EnvironmentProblem, Kind
from todo_manager.project import SETTINGS, STORE, home_for
from todo_manager.shellword import word

PLAN = "plans/first.yaml"
"""The starter plan; a script of its second phase comes with it."""
SCHEMA = "plans/.schema.json"
"""What the first line of a plan names, so that an editor knows the format."""
EDITOR_LINE = "# yaml-language-server: $schema=.schema.json\n"

_FILES = Path(__file__).parent / "files"
_IGNORED = (f"{STORE}/", ".env")
"""The store is this machine's own, and an env file may hold secrets."""


class Outcome(StrEnum):
    """What became of a file."""

    WROTE = "wrote"
    KEPT = "kept"
    ADDED = "added to"


class Placed(Struct, frozen=True):
    """A file of the starter project, by its path in it."""

    path: str
    outcome: Outcome


def place(root: Path, *, plan: bool) -> list[Placed]:
    """Write what a project lacks: the plan with its script (where `plan`), editor schema, settings.

    In a git repository also the lines of `.gitignore`. Raises EnvironmentProblem when the system
    refuses one; what was written before stays, and the next call goes on from there.
    """
    texts = {SCHEMA: _schema(), SETTINGS: _text(SETTINGS)}
    if plan:
        script = "phases/first/p1_notes.sh"
        texts = {PLAN: EDITOR_LINE + _text(PLAN), script: _text(script)} | texts
    with _translated(root):
        placed = [Placed(path, _write(root / path, text)) for path, text in texts.items()]
        if (home_for(root) / ".git").exists():
            placed.append(Placed(".gitignore", _ignore(root / ".gitignore")))
    return placed


def plans_in(root: Path) -> list[str]:
    """The plan documents that lie in `plans/` already, as paths in the project."""
    folder = root / "plans"
    found = [file for file in folder.glob("*.y*ml") if not file.name.startswith(".")]
    return sorted(str(file.relative_to(root)) for file in found if file.is_file())


def _text(path: str) -> str:
    return (_FILES / path).read_text(encoding="utf-8")


def _schema() -> str:
    from todo_manager.schema import plan_schema

    return json.dumps(plan_schema(), indent=1, ensure_ascii=False) + "\n"


def _write(file: Path, text: str) -> Outcome:
    """A link counts as there, also one that leads nowhere: what it stands for is not ours."""
    if os.path.lexists(file):
        return Outcome.KEPT
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(file, "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        return Outcome.KEPT
    except OSError:
        file.unlink(missing_ok=True)  # half a file would be kept for ever
        raise
    return Outcome.WROTE


def _ignore(file: Path) -> Outcome:
    if not os.path.lexists(file):
        return _write(file, "".join(f"{line}\n" for line in _IGNORED))
    data = file.read_bytes()
    known = {line.strip().rstrip(b"/") for line in data.splitlines()}
    lacking = [line for line in _IGNORED if line.rstrip("/").encode() not in known]
    if not lacking:
        return Outcome.KEPT
    joint = "" if not data or data.endswith(b"\n") else "\n"
    with open(file, "a", encoding="utf-8") as stream:
        stream.write(joint + "".join(f"{line}\n" for line in lacking))
    return Outcome.ADDED


@contextlib.contextmanager
def _translated(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise EnvironmentProblem(
            f"{error.filename or root}: {error.strerror}; the store is made, not all files are",
            kind=Kind.DISK_FULL if full else Kind.NOT_WRITTEN,
            hint=f"ls -ld {word(str(error.filename or root))}, then again: todo_manager init; "
            "or, for the store alone: todo_manager init --bare",
        ) from None
