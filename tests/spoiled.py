"""A project whose store is edited by hand."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from forked import Forked
from gated import new_project
from support import Project

PLAN = """
- title: Zero
  verify: [{file: a.txt}]
- title: One
  verify: [{command: 'echo "seen $X"; test -s b.txt'}]
- title: Two
  verify: [{file: c.txt}]
"""
"""Zero is done, One was done and regressed, Two was refused: nobody may see One or Two as done."""

Db = sqlite3.Connection
Edit = Callable[[Db], Any]


def original_in(folder: Path) -> Project:
    """That project, made by its commands."""
    project = new_project(folder)
    project.write("a.txt", "a")
    project.write("b.txt", "b")
    project.plan("p", PLAN, head="inputs: [X]\n")
    project.plan("q", "- title: Other\n  verify: [{file: a.txt}]")
    project.run("done", "p", 0).ok()
    project.run("done", "p", 1, "--var", "X=1").ok()
    project.run("set", "p", "X=2").ok()
    project.run("set", "p", "X=1").ok()
    project.write("b.txt", "")
    project.ask("verify", "p", 1).refused("check_failed")
    project.write("b.txt", "b")
    project.run("done", "q", 0).ok()
    project.ask("done", "p", 2).refused("needs_not_done")
    assert project.states("p") == ["done", "regressed", "blocked"]
    project.run("audit").ok()
    return project


def copied(original: Project, folder: Path) -> Project:
    """A copy of it, to be spoiled."""
    shutil.copytree(original.root.parent, folder, dirs_exist_ok=True, symlinks=True)
    return Forked(folder / "project", folder / "home")


def database(project: Project) -> closing[Db]:
    db = sqlite3.connect(project.root / ".todo_manager/store.db", isolation_level=None)
    db.row_factory = sqlite3.Row
    return closing(db)


def untied(db: Db) -> None:
    for verb in ("update", "delete"):
        db.execute(f"DROP TRIGGER ledger_no_{verb}")


def seq_of(db: Db, event: str, key: str) -> int:
    found = db.execute("SELECT max(seq) FROM ledger WHERE event = ? AND key = ?", (event, key))
    return int(found.fetchone()[0])


def forged(db: Db, seq: int, **changes: Any) -> str:
    """Rewrite an event with a hash that fits it again; the new hash."""
    untied(db)
    body = db.execute("SELECT body FROM ledger WHERE seq = ?", (seq,)).fetchone()[0]
    event = json.loads(body) | changes
    text = json.dumps(event, sort_keys=True, separators=(",", ":"))
    hashed = hashlib.sha256(text.encode()).hexdigest()
    db.execute(
        "UPDATE ledger SET body = ?, hash = ?, event = ?, key = ?, plan = ? WHERE seq = ?",
        (text, hashed, event["event"], event["key"], event["plan"], seq),
    )
    return hashed
