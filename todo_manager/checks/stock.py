"""Everything an inventory read, and the values of a field, item by item."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from todo_manager.canonical import Scalar, Tree
from todo_manager.checks import fields
from todo_manager.checks.arithmetic import resolve
from todo_manager.checks.expect import MISSING
from todo_manager.checks.listing import Item, Listing
from todo_manager.checks.rules import Rule
from todo_manager.checks.sources import ITSELF, field_of
from todo_manager.checks.wording import cited


class Stock(Struct, frozen=True):
    """Everything that was read, and how its values are to be understood."""

    listings: Mapping[str, Listing]
    env: Mapping[str, str] = {}
    missing_ok: Collection[str] = ()

    def items(self, of: Iterable[str]) -> Iterator[Item]:
        for name in of or self.listings:
            yield from self.listings[name].items


class Values:
    """The values of a field, item by item; remembers who has none."""

    def __init__(self, stock: Stock, rule: Rule, path: str) -> None:
        self._stock = stock
        self._path = path
        self.found = [
            (item, value)
            for item in stock.items(rule.of)
            if (value := field_of(item.value, path)) is not MISSING
        ]
        having = {id(item) for item, _ in self.found}
        self.without = [item for item in stock.items(rule.of) if id(item) not in having]

    def problem(self) -> str:
        """Why nothing can be said; an item without the field is excused by `missing_ok`."""
        if not self.found:
            return f"no item has {self._path}"
        excused = self._stock.missing_ok
        lacking = [
            f"{item.key} ({item.place})"
            for item in self.without
            if f"{item.source}.{self._path}" not in excused
        ]
        name = f"{self.without[0].source}.{self._path}" if lacking else ""
        advice = f"; where that is right, say missing_ok: [{name}]" if lacking else ""
        return f"without {self._path}: {cited(lacking)}{advice}" if lacking else ""


def on_host(host: str) -> str:
    """Where something is, behind its name."""
    return f" on {host}" if host else ""


def dotted(key: str, path: str) -> str:
    """A field of an item in a message."""
    return key if path == ITSELF else f"{key}.{path}"


def is_nothing(tree: Tree) -> bool:
    """Whether a field is there and has no value."""
    return isinstance(tree, Scalar) and tree.plain and tree in ("", "~", "null")


def text_of(tree: Tree, env: Mapping[str, str]) -> str:
    """The one value of a field with its variables replaced; raises Wrong, Unreadable."""
    return resolve(fields.text(tree), env)
