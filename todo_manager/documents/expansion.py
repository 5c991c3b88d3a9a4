"""`for_each`: one written check that stands for several, expanded when a plan is loaded.

`for_each: {s: "${apps}"}` repeats a check for every item of a list; `${s}` is the item, `${s.port}` a
field of it. Several names give every combination. What an input holds is known only when a check runs,
so none may decide how many checks there are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import product

from todo_manager.canonical import Map, Scalar, Seq, Tree, encode, line_of
from todo_manager.checks.parse import REFERENCE, references
from todo_manager.documents.names import slug
from todo_manager.documents.substitution import NAME, Names
from todo_manager.problems import Problems

MOST = 1000
"""Checks that one written check may become."""

_WHOLE = re.compile(r"\$\{([^{}]*)\}")
_LABELS = ("name", "key", "id")
"""Fields by which an item that is a mapping is called, the first it has."""


class Loop:
    """The `for_each` of one check: what it goes through, and what is wrong with it."""

    def __init__(self, tree: Tree, path: str, names: Names, problems: Problems) -> None:
        self._path = f"{path}.for_each"
        self._names = names
        self._problems = problems
        self._lists: dict[str, list[Tree]] = {}
        self.wrong = not self._read(tree)
        """Whether it cannot be gone through; every reason was reported."""

    def names(self) -> tuple[str, ...]:
        return tuple(self._lists)

    def rounds(self) -> Iterator[tuple[str, dict[str, Tree]]]:
        """The label and the items of each round, in order: `registry`, {s: {name: registry, …}}."""
        choices = [list(enumerate(items, start=1)) for items in self._lists.values()]
        for chosen in product(*choices):
            label = ",".join(_label(position, item) for position, item in chosen)
            yield label, {name: item for name, (_, item) in zip(self._lists, chosen)}

    def _read(self, tree: Tree) -> bool:
        if not isinstance(tree, Map) or not tree:
            what = (
                'expected a mapping of a name to a list, like {app: "${apps}"} or {port: [80, 81]}'
            )
            return self._refuse(line_of(tree), "", what)
        for name, value in tree.items():
            line = tree.key_lines.get(name, tree.line)
            if not NAME.fullmatch(name) or name in self._names.known:
                why = "declared already" if name in self._names.known else "not a name"
                return self._refuse(line, f".{name}", f"the name {name} is {why}; choose another")
            items = self._items(value, name)
            if not items:
                return False
            self._lists[name] = items
        count = math.prod(map(len, self._lists.values()))
        return count <= MOST or self._refuse(
            line_of(tree), "", f"makes {count} checks of one; {MOST} at most"
        )

    def _items(self, value: Tree, name: str) -> list[Tree]:
        """The list a value is, or the one it names; empty after a problem was reported."""
        line, before = line_of(value), len(self._problems.errors)
        if unknown := references(value) & {*self._names.inputs, *self._names.secrets}:
            what = f"{min(unknown)} has its value only when a check runs; use vars or a list"
            self._refuse(line, f".{name}", what)
            return []
        whole = _WHOLE.fullmatch(value) if isinstance(value, Scalar) else None
        if whole and whole[1] in self._names.known:
            found = self._names.value(whole[1])
        else:
            found = self._names.replace(value, f"{self._path}.{name}")
        if len(self._problems.errors) > before:
            return []
        if not isinstance(found, list):
            what = "expected a list, or ${name} where vars has a list of that name"
            self._refuse(line, f".{name}", what)
            return []
        if inner := references(found) & {*self._names.inputs, *self._names.secrets}:
            self._refuse(line, f".{name}", f"the list holds {min(inner)}, known only at the run")
            return []
        if not found or not all(isinstance(item, (Scalar, dict)) for item in found):
            what = "the list is empty" if not found else "items are single values or mappings"
            self._refuse(line, f".{name}", what)
            return []
        return found

    def _refuse(self, line: int, below: str, message: str) -> bool:
        self._problems.error(line, self._path + below, message)
        return False


def _label(position: int, item: Tree) -> str:
    """What an item is called in ids: itself, its name, or its position from 1."""
    named = [item[key] for key in _LABELS if key in item] if isinstance(item, dict) else [item]
    text = str(named[0]) if named and isinstance(named[0], Scalar) else ""
    return slug(text) or str(position)


class Filling:
    """Puts the items of one round into a check; what is wrong is kept in `problem`, `used` counts."""

    def __init__(self, items: Mapping[str, Tree]) -> None:
        self._items = items
        self.used = 0
        self.problem = ""

    def tree(self, tree: Tree) -> Tree:
        """The tree with its `${s}` and `${s.field}` replaced; lines stay."""
        if isinstance(tree, dict):
            found = Map((key, self.tree(item)) for key, item in tree.items())
            found.line, found.key_lines = line_of(tree), getattr(tree, "key_lines", {})
            return found
        if isinstance(tree, list):
            items = Seq(self.tree(item) for item in tree)
            items.line = line_of(tree)
            return items
        return tree.replaced(REFERENCE.sub(self._replaced, tree))

    def _replaced(self, match: re.Match[str]) -> str:
        name, *fields = match[2].split(".")
        if match[1] or name not in self._items:
            return match[0]
        self.used += 1
        value = self._items[name]
        for field in fields:
            value = value.get(field) if isinstance(value, dict) else None
        if isinstance(value, Scalar):
            return str(value)
        shown = encode(self._items[name])
        shown = shown if len(shown) < 80 else shown[:77] + "..."
        self.problem = f"{match[0]} is no single value of the item {shown}"
        return match[0]


def mentions(text: str, names: tuple[str, ...]) -> str:
    """The first of the names that a shell text would read as a variable; empty when it reads none."""
    return next((name for name in names if re.search(rf"\$\{{?{name}\b", text)), "")
