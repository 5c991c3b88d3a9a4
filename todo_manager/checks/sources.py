"""What lists things, as a plan says it: files, where in them the list stands, how an item is known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.expect import OPERATORS, at, path_steps
from todo_manager.checks.fields import Wrong
from todo_manager.checks.ground import location
from todo_manager.checks.nested import options, several

ITSELF = "."
"""As a field: the whole value of the item."""
_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Source(Struct, frozen=True, kw_only=True):
    """Where one list of things stands."""

    files: tuple[str, ...]
    """Paths or patterns of YAML and JSON files; each pattern must match."""
    at: tuple[str, ...] = ()
    """Paths to lists or mappings, `*` for each one at that place; the whole file where none is named."""
    key: str = ""
    """The field by which an item is known; absent: see the check's `key`."""
    host: str = ""
    """The host on which all its items are."""
    host_field: str = ""
    """The field of an item that names its host."""


def sources(tree: Tree) -> dict[str, Source]:
    """A mapping of names to sources; raises Wrong for one that is none."""
    if not isinstance(tree, dict) or not tree:
        raise Wrong("expected a mapping of names to sources, like {services: {files: a.yaml}}")
    found = {}
    for name, value in tree.items():
        if not _NAME.fullmatch(name) or name in OPERATORS:
            raise Wrong(f"{name!r} cannot name a source: letters, digits, _ and -, and no operator")
        try:
            found[str(name)] = _source(value)
        except Wrong as problem:
            raise Wrong(f"{name}: {problem}") from None
    return found


def _source(tree: Tree) -> Source:
    """A mapping; a text or a list alone are its files."""
    if not isinstance(tree, dict):
        return Source(files=_files(tree))
    values = options(tree, _READERS, "source")
    if "files" not in values:
        raise Wrong("a source names its `files`")
    if "host" in values and "host_field" in values:
        raise Wrong("a source has one of host and host_field, not both")
    return Source(**values)


def field_path(tree: Tree) -> str:
    """A path like `a.b[0]` into an item, or `.` for the item itself."""
    path = fields.text(tree)
    if path != ITSELF:
        path_steps(path)
    return path


def field_of(value: Tree, path: str) -> Tree:
    """What stands in a field of an item, or MISSING."""
    return value if path == ITSELF else at(value, path)


def _place_path(tree: Tree) -> str:
    path = fields.text(tree)
    list(steps_to(path))
    return path


def steps_to(path: str) -> Iterator[str | int | None]:
    """The steps of a path like `a.*.b[0]`; None stands for each one at that place."""
    for part in path.split("."):
        yield from [None] if part == "*" else path_steps(part)


_files = several(location)
_READERS: dict[str, Callable[[Tree], Any]] = {
    "files": _files,
    "at": several(_place_path),
    "key": field_path,
    "host": fields.text,
    "host_field": field_path,
}
