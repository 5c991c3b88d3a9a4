"""What a plan may demand of a machine, as it is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Scalar, Tree
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong
from todo_manager.checks.ground import location
from todo_manager.checks.nested import options
from todo_manager.checks.versions import Requirement, requirement


class Gpu(Struct, frozen=True, kw_only=True):
    """The graphics cards that are wanted."""

    name: str = ""
    """A text in the name of each, in any case of letters."""
    count: int = 1
    """How many such cards at least."""
    memory: int = 0
    """Bytes of memory each has at least."""


class Os(Struct, frozen=True, kw_only=True):
    """The operating system that is wanted."""

    id: str
    version: Requirement | None = None


def id_of(tree: Tree) -> str:
    """A machine id as machine-id(5) has it."""
    value = fields.text(tree).lower().replace("-", "")
    if not re.fullmatch(r"[0-9a-f]{32}", value):
        raise Wrong("expected the 32 hexadecimal digits of /etc/machine-id")
    return value


def disks(tree: Tree) -> dict[str, int]:
    """Paths and the bytes that must be free there."""
    if not isinstance(tree, dict) or not tree:
        raise Wrong("expected a mapping of paths to sizes, like {/var/lib/docker: 40GB}")
    return {location(Scalar(path)): size(least) for path, least in tree.items()}


def size(tree: Tree) -> int:
    """A size above zero."""
    found = fields.size(tree)
    if not found:
        raise Wrong("0 is there always: it asserts nothing")
    return found


def gpu(tree: Tree) -> Gpu:
    """A number of cards, a part of their name, or a mapping."""
    if not isinstance(tree, dict):
        bare = fields.text(tree)
        return Gpu(count=fields.positive(tree)) if bare.isdigit() else Gpu(name=_name(tree))
    if not tree:
        raise Wrong("an empty mapping asserts nothing")
    return Gpu(**options(tree, _OF_GPU, "gpu"))


def _name(tree: Tree) -> str:
    return fields.needles(tree if isinstance(tree, Scalar) else Scalar(""))[0]


def system(tree: Tree) -> Os:
    """An id, or a mapping of id and version."""
    if not isinstance(tree, dict):
        return Os(id=_name(tree))
    values = options(tree, {"id": _name, "version": requirement}, "os")
    if "id" not in values:
        raise Wrong("expected its id, like {id: debian, version: '>= 12'}")
    return Os(**values)


_OF_GPU: dict[str, Callable[[Tree], Any]] = {
    "name": _name,
    "count": fields.positive,
    "memory": size,
}
