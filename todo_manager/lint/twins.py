"""Two checks of a phase that are the same: one of them was meant to look at something else."""

from __future__ import annotations

from collections.abc import Iterator

from todo_manager.canonical import encode, line_of
from todo_manager.checks.parse import kind_of
from todo_manager.lint.base import WARNING, Subject

LEVEL = WARNING
_APART = ("name", "for_each")
"""Keys that tell checks apart and change nothing of what they look at."""


def look(subject: Subject) -> Iterator[tuple[int, str, str, str]]:
    """Checks that look at the very thing an earlier one of their phase looks at."""
    seen: dict[tuple[int, str], str] = {}
    for index, path, tree in subject.checks():
        what = encode({key: value for key, value in tree.items() if key not in _APART})
        first = seen.setdefault((index, what), path)
        if first != path:
            message = f"is the same check as {first.partition('.')[2]}; leave one of them out"
            kind = kind_of(tree)
            yield line_of(tree), path, message, f"{kind}: …   # another {kind}, or nothing"
