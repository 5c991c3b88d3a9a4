"""localhost where another container is meant, in the open plans and in the project's compose files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from todo_manager import binding, documents
from todo_manager.doctor.base import Finding, Place, ok, warning
from todo_manager.errors import TodoError
from todo_manager.lint import hardcoded_localhost
from todo_manager.lint.base import Subject
from todo_manager.project import Settings
from todo_manager.shellword import word

_OPEN = "SELECT source_path FROM plans WHERE closed = 0 AND archived IS NULL ORDER BY seq DESC"
_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""Compose files as Compose itself finds them, in the folder of the project."""


def look(place: Place) -> Iterator[Finding]:
    """One line for each value by which a container would ask itself; one line where there is none."""
    if place.root is None:
        return
    looked: list[str] = []
    found: dict[str, Finding] = {}
    for path in [row["source_path"] for row in place.rows(_OPEN) if row["source_path"]]:
        looked += _of_plan(place.root, place.settings, path, found)
    for file in _FILES:
        if (place.root / file).is_file():
            looked.append(file)
            for message, example in hardcoded_localhost.in_compose_file(place.root, file):
                found.setdefault(message, _warning(message, f"write {example}"))
    yield from found.values()
    if looked and not found:
        yield ok("localhost", f"stands for no other container in {', '.join(looked)}")


def _of_plan(root: Path, settings: Settings, path: str, found: dict[str, Finding]) -> list[str]:
    """Look through a document as it is on disk; one that does not load is told by `lint`."""
    try:
        document = documents.read(root / path)
        bound = list(binding.bind(root, settings, document, path))
    except (TodoError, OSError):
        return []
    for each in bound:
        if not (each.plan.services or _looks_inside(each)):
            return []
        for line, place, message, _ in hardcoded_localhost.look(Subject(root=root, bound=each)):
            said = message if message.startswith(_FILES) else f"{path}:{line}: {place}: {message}"
            found.setdefault(said, _warning(said, f"todo_manager lint {word(path)}"))
    return [path]


def _looks_inside(bound: binding.Bound) -> bool:
    subject = Subject(root=Path(), bound=bound)
    return any("inside" in tree or "compose" in tree for _, _, tree in subject.checks())


def _warning(said: str, hint: str) -> Finding:
    return warning("localhost", said, hint)
