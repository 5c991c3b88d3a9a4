"""Trees of a plan as YAML that a person goes on editing: blocks, literal texts, short lists in a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from todo_manager.canonical import Tree
from todo_manager.documents.quoting import inline, literal

_SHORT = 80
"""Letters up to which a list of single values stands in one line."""
_LONGEST_KEY = 1000
"""YAML reads `key:` of at most 1024 characters; a longer one stands behind a question mark."""


def write(tree: Mapping[str, Tree]) -> str:
    """A whole document, ending in a line feed."""
    return "\n".join(block(tree)) + "\n"


def block(tree: Mapping[str, Tree] | Sequence[Tree], indent: int = 0) -> list[str]:
    """The lines of a mapping or list that is not empty, each indented by so many blanks."""
    return [line and " " * indent + line for line in _lines(tree)]


def value(key: str, tree: Tree) -> list[str]:
    """The lines of one key with its value."""
    if len(key) > _LONGEST_KEY:
        return [f"? {inline(key)}", *_entry(":", tree)]
    return _entry(f"{inline(key)}:", tree)


def flow(tree: Tree) -> str:
    """A tree in one line, as it stands within `[…]` and `{…}`."""
    if isinstance(tree, Mapping):
        return (
            "{" + ", ".join(f"{_flow_key(key)}: {flow(item)}" for key, item in tree.items()) + "}"
        )
    if isinstance(tree, list):
        return "[" + ", ".join(map(flow, tree)) + "]"
    return inline(tree, flow=True)


def _flow_key(key: str) -> str:
    found = inline(key, flow=True)
    return found if len(key) <= _LONGEST_KEY else f"? {found} "


def _lines(tree: Mapping[str, Tree] | Sequence[Tree]) -> Iterator[str]:
    if isinstance(tree, Mapping):
        for key, item in tree.items():
            yield from value(key, item)
        return
    for item in tree:
        if isinstance(item, (Mapping, list)) and item:
            first, *rest = _lines(item)
            yield f"- {first}"
            yield from (line and f"  {line}" for line in rest)
        else:
            yield from _entry("-", item)


def _entry(prefix: str, tree: Tree) -> list[str]:
    """A value behind `key:` or `-`."""
    if isinstance(tree, (Mapping, list)):
        if not tree or _is_short(tree):
            return [f"{prefix} {flow(tree)}"]
        return [prefix, *(line and f"  {line}" for line in _lines(tree))]
    found = literal(tree)
    if found is None:
        return [f"{prefix} {inline(tree)}".rstrip()]
    head, lines = found
    return [f"{prefix} {head}", *(line and f"  {line}" for line in lines)]


def _is_short(tree: Tree) -> bool:
    """Whether it is a list of few single values, which reads best in a line."""
    return (
        isinstance(tree, list)
        and all(isinstance(item, str) and str(item) not in ("", "~") for item in tree)
        and sum(len(item) + 2 for item in tree) <= _SHORT
        and not any("\n" in item for item in tree)
    )
