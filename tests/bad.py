"""What the tests of bad input share: a plan that loads, things that are no files, what a refusal is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support import Project, Ran

GOOD = """\
schema: todo_manager/plan@1
id: good
title: A plan that loads
phases:
  - title: One
    verify: [{file: one.txt}]
"""


def refused(project: Project, *words: object, kind: str = "invalid_document") -> Ran:
    """The command refuses with this kind, nothing is recorded, and a store is not made either."""
    before = project.store_bytes()
    ran = project.ask(*words).refused(kind)
    assert project.store_bytes() == before
    assert (project.root / ".todo_manager").exists() == bool(before)
    for text in (ran.err, ran.error["message"], ran.error["hint"]):
        assert "Traceback" not in text
        assert "mistake in todo_manager" not in text
    assert ran.error["hint"], "no next command"
    return ran


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


NOT_FILES: dict[str, Callable[[Path], Any]] = {
    "a folder": Path.mkdir,
    "a named pipe": make_fifo,
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "a device": lambda path: path.symlink_to("/dev/null"),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": make_loop,
    "not there": lambda path: None,
}
