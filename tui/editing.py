"""Edits the settings of a project in the editor of the user, and keeps the result if it loads."""

from __future__ import annotations

import difflib
import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from todo_manager.errors import TodoError
from todo_manager.project import SETTINGS, settings


class Edited(NamedTuple):
    """What an editor made of a file."""

    name: str
    old: str
    new: str
    problem: str = ""
    """Why it cannot be kept; empty when it can."""

    def difference(self) -> list[str]:
        """The difference in lines; those that begin with + and - say it."""
        found = difflib.unified_diff(
            self.old.splitlines(), self.new.splitlines(), "now", "to be written", lineterm=""
        )
        return list(found)


def tone(line: str) -> str:
    """The tone of a line of a difference."""
    if line.startswith(("+++", "---", "@")):
        return "muted"
    return {"+": "done", "-": "failed"}.get(line[:1], "")


def edited(root: str) -> Edited:
    """Open a copy of the settings in $VISUAL or $EDITOR; the project itself is not touched."""
    old = _text(root)
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="todo_manager-edit-") as folder:
        copy = Path(folder) / SETTINGS
        copy.write_text(old, encoding="utf-8")
        try:
            subprocess.run([*shlex.split(editor), str(copy)], cwd=root, check=True)
            new = copy.read_text(encoding="utf-8")
            settings(Path(folder))  # what does not load is not kept
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return Edited(SETTINGS, old, old, f"{editor}: {error}")
        except TodoError as problem:
            return Edited(SETTINGS, old, new, problem.message)
    return Edited(SETTINGS, old, new)


def _text(root: str) -> str:
    try:
        return (Path(root) / SETTINGS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def keep(root: str, found: Edited) -> str:
    """Write what was edited, unless the file has been changed by others; what went wrong, or nothing."""
    file = Path(root) / SETTINGS
    try:
        if _text(root) != found.old:
            return f"{SETTINGS} was changed meanwhile; nothing was written"
        fresh = file.with_name(f".{SETTINGS}.new")
        fresh.write_text(found.new, encoding="utf-8")
        os.replace(fresh, file)
    except (OSError, ValueError) as error:
        return f"{SETTINGS}: {error}"
    return ""
