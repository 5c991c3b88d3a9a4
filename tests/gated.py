"""What tests of the gate share: many checks in one plan, and commands caught while they run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from forked import Forked
from support import Project, Ran

WAITS = '{command: "echo > started && read -r _ < go"}'
"""A check that says when it runs (in the pipe `started`) and ends when told to (in the pipe `go`)."""


def new_project(folder: Path) -> Project:
    """A project for a whole module; its commands run in forks."""
    (folder / "project").mkdir()
    (folder / "home").mkdir()
    return Forked(folder / "project", folder / "home")


def phases_of(checks: Iterable[str]) -> str:
    """One phase for each check, with the keys k0, k1, …; none needs another."""
    return "\n".join(
        f"- {{key: k{n}, title: T, needs: [], verify: [{check}]}}" for n, check in enumerate(checks)
    )


def edit(file: Path, old: str, new: str) -> None:
    """Replace a text that is there."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@contextmanager
def while_it_runs(project: Project, *words: object) -> Iterator[list[Ran]]:
    """Run a command up to its waiting check, then the block, then let it end: the list holds its end."""
    for name in ("started", "go"):
        if not (project.root / name).exists():
            os.mkfifo(project.root / name)
    process = project.start(*words, "--json")
    ended: list[Ran] = []
    try:
        (project.root / "started").read_text()
        yield ended
        (project.root / "go").write_text("on\n")
        out, err = process.communicate(timeout=60)
        ended.append(Ran(process.returncode, out, err))
    finally:
        process.kill()
        process.wait()


BOUND = """
- key: plain
  title: Plain
  explain: Old words.
  verify: [{file: a}]
- key: bound
  title: Bound
  needs: []
  verify: [{file: a, pins: "pins/*.txt"}]
- key: script
  title: Script
  needs: []
"""


def bound_plan(project: Project) -> Path:
    """A plan `p` with a document, a pin, a script and a helper; nothing is done. Its document."""
    project.write("a", "a")
    project.write("pins/one.txt", "1")
    project.write("phases/p/p2_check.sh", '. "$(dirname "$0")/lib.sh"\n')
    project.write("phases/p/lib.sh", "exit 0\n")
    return project.plan("p", BOUND)
