"""Reading the small mappings and lists that stand within one parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from todo_manager.canonical import Tree
from todo_manager.checks.fields import Wrong


def options(tree: Tree, readers: dict[str, Callable[[Tree], Any]], what: str) -> dict[str, Any]:
    """The values of a small mapping, read key by key; raises Wrong for an unknown key."""
    if not isinstance(tree, dict):
        raise Wrong(f"expected a mapping with {', '.join(readers)}")
    for key in tree:
        if key not in readers:
            raise Wrong(f"a {what} has no {key}; known are {', '.join(readers)}")
    return {str(key): readers[key](value) for key, value in tree.items()}


def several(read: Callable[[Tree], Any]) -> Callable[[Tree], tuple[Any, ...]]:
    """A converter for one value or a list of them, of which there must be one."""

    def many(tree: Tree) -> tuple[Any, ...]:
        items = tree if isinstance(tree, list) else [tree]
        if not items:
            raise Wrong("an empty list asserts nothing")
        return tuple(read(item) for item in items)

    return many
