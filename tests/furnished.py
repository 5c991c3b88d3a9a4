"""A project with something in it, and what is demanded of it whatever happens to its surroundings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support import Project

PHASES = """
- title: Done ✔ größer 日本語
  verify: [{command: [cat, evidence.txt]}]
- title: To be done
  verify: [{command: [cat, evidence.txt]}]
"""
READS = [("list",), ("show", "p"), ("next", "p"), ("log",), ("log", "--run", "2")]
WRITES = [("done", "p", 1), ("verify", "p"), ("verify", "p", 0), ("set", "p", "N=1"),
          ("import", "plans/p.yaml"), ("import", "plans/q.yaml")]  # fmt: skip


def furnish(project: Project) -> Project:
    """Two phases, the first of them done with evidence; another plan that is not imported."""
    project.write("evidence.txt", "proof\n" * 3000)
    project.plan("p", PHASES, head="inputs: [N]\n")
    project.plan("q", PHASES, imported=False)
    project.run("done", "p", 0).ok()
    return project


def store(project: Project) -> Path:
    return project.root / ".todo_manager"


def demand_reads(project: Project) -> None:
    for words in READS:
        project.ask(*words).ok()
        assert project.run(*words).ok().err == ""


def demand_refused_writes(
    project: Project, kind: str, writes: list[tuple[Any, ...]] = WRITES
) -> None:
    before = project.store_bytes()
    for words in writes:
        told = project.ask(*words).refused(kind)
        assert told.error["hint"], words
        assert "Traceback" not in told.err
    assert project.store_bytes() == before
