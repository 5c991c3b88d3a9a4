"""Take in plan documents: plan@1 YAML, task queue JSON, or a command-center text.

The first import of an id accepts its definition. Importing it again takes over new texts and never
changes what `done` means: a document with another definition is 6, and a person accepts it.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from msgspec import structs

from todo_manager import actors, binding, documents, intake, store
from todo_manager.project import STORE, find, home_for, settings
from todo_manager.render.output import Output
from todo_manager.render.plain import counted
from todo_manager.shellword import word
from todo_manager.workspace import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a plan document")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Import every file or none that does not load; 0, 2 for a bad document, 6 if one differs."""
    root = find(Path.cwd()) or home_for(Path.cwd())
    bound = []
    for name in arguments.files:
        document = documents.read(Path(name))
        path = binding.project_path(root, Path(name))
        bound.append((name, binding.bind(root, settings(root), document, path)))
    created = _ensure_store(root, output)
    project = Project(root)
    actor = actors.actor(arguments.actor, root)
    taken = intake.take(project, [one for _, plans in bound for one in plans], actor)
    output.data = {
        "store": str(root / STORE),
        "store_created": created,
        "plans": [structs.asdict(one) for one in taken],
    }
    names = [name for name, plans in bound for _ in plans]
    for one in taken:
        _tell(one, output)
    for name, one in zip(names, taken):
        if one.outcome == "differs":
            raise intake.differs(one.id, name)
    return 0


def _ensure_store(root: Path, output: Output) -> bool:
    if os.path.exists(root / STORE / store.FILE):
        return False
    store.create(root)
    output.talk(f"made the store {root / STORE}")
    return True


def _tell(one: intake.Taken, output: Output) -> None:
    for warning in one.warnings:
        output.talk(f"warning: {warning}")
    marks = f", {one.attested} attested by the document" if one.attested else ""
    ignored = f", {one.marks_ignored} done marks not believed" if one.marks_ignored else ""
    output.say(f"{one.id}: {one.outcome}, {counted(one.phases, 'phase')}{marks}{ignored}")
    if one.outcome == "imported":
        output.say(f"  next: todo_manager next {word(one.id)}")
