"""What a plan demands of things that are listed: the rules of the kind `inventory`, as they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import Struct

from todo_manager.canonical import Scalar, Tree
from todo_manager.checks import fields
from todo_manager.checks.expect import OPERATORS, Expectation, expectation
from todo_manager.checks.fields import Wrong
from todo_manager.checks.nested import options, several
from todo_manager.checks.sources import field_path
from todo_manager.checks.wording import in_words

EVERY = ""
"""As the name of a source or host: all of them."""
_COUNTING = ("eq", "ne", "lt", "le", "gt", "ge")
_UNITS = ("B", "kB", "MB", "GB", "KiB", "MiB", "GiB")


class Amount(NamedTuple):
    """A number, or a size in bytes."""

    number: Decimal
    is_size: bool

    def __str__(self) -> str:
        return in_words(self.number, size=self.is_size)


class Rule(Struct, frozen=True, kw_only=True):
    """Something that must hold for items together."""

    of: tuple[str, ...] = ()
    """The sources whose items are meant; all of them where none is named."""


class Unique(Rule, frozen=True, kw_only=True):
    """The values of some fields, all taken together, are different on each host."""

    field: tuple[str, ...]
    read_as: str = ""
    """`port`, `text`, or empty: a number where it is one, else text."""


class Acyclic(Rule, frozen=True, kw_only=True):
    """Following a field from item to item never leads back."""

    field: str


class Sum(Rule, frozen=True, kw_only=True):
    """The values of a field, added up on each host, stay within a limit."""

    field: str
    limit: dict[str, Amount]
    """By host; EVERY for any host."""
    unit: str = ""
    """What a bare number in the field counts, like MB."""
    resident: dict[str, tuple[str, ...]] = {}
    """Sets of keys that run together, by name; without any, all items do."""


def amount(text: str) -> Amount:
    """`24GB` in bytes or a bare decimal number; raises Wrong."""
    if re.search("[A-Za-z]", text):
        return Amount(Decimal(fields.size(_plain(text))), True)
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise Wrong(f"expected a number or a size like 24GB, not {text!r}") from None
    if not number.is_finite() or number < 0:
        raise Wrong(f"expected a number from 0, not {text!r}")
    return Amount(number, False)


def _plain(text: str) -> Tree:
    return Scalar(text, plain=True)


def names(tree: Tree) -> tuple[str, ...]:
    """One name or several different ones."""
    found = fields.texts(tree)
    if len(set(found)) < len(found):
        raise Wrong("names one twice")
    return found


def equal_sets(tree: Tree) -> tuple[tuple[str, ...], ...]:
    """A list of names, or several such lists; raises Wrong where one compares nothing."""
    nested = isinstance(tree, list) and any(isinstance(item, list) for item in tree)
    found = tuple(names(item) for item in (tree if nested else [tree]))
    if any(len(group) < 2 for group in found):
        raise Wrong("expected the names of two or more sources, like [compose, services]")
    return found


def counts(tree: Tree) -> dict[str, Expectation]:
    """A number or operator for every source, or one for each of some sources."""
    if isinstance(tree, dict) and not (len(tree) == 1 and next(iter(tree)) in OPERATORS):
        if not tree:
            raise Wrong("an empty mapping asserts nothing")
        return {str(name): _count(value) for name, value in tree.items()}
    return {EVERY: _count(tree)}


def _count(tree: Tree) -> Expectation:
    wanted = expectation(tree)
    number = wanted.value
    if (
        wanted.operator not in _COUNTING
        or not isinstance(number, int)
        or isinstance(number, bool)
        or number < 0
    ):
        raise Wrong("expected a number from 0, or one of {ne lt le gt ge}: number")
    if number == 0 and wanted.operator in ("ge", "lt"):
        raise Wrong(f"{wanted} holds always or never: it asserts nothing")
    return wanted


def _rule(kind: Callable[..., Any], readers: dict[str, Any], needed: tuple[str, ...]) -> Any:
    def read(tree: Tree) -> Any:
        values = options(tree, {"of": names} | readers, "rule")
        for key in needed:
            if key not in values:
                raise Wrong(f"a rule names its {' and '.join(f'`{each}`' for each in needed)}")
        if "as" in values:
            values["read_as"] = values.pop("as")
        return kind(**values)

    return several(read)


def _limits(tree: Tree) -> dict[str, Amount]:
    if not isinstance(tree, dict):
        return {EVERY: amount(fields.text(tree))}
    if not tree:
        raise Wrong("an empty mapping limits nothing")
    return {str(host): amount(fields.text(value)) for host, value in tree.items()}


def _resident(tree: Tree) -> dict[str, tuple[str, ...]]:
    if not tree or not isinstance(tree, (dict, list)):
        raise Wrong("expected sets of keys, like {day: [llama, whisper], night: [llama, train]}")
    if isinstance(tree, dict):
        return {str(name): names(keys) for name, keys in tree.items()}
    return {f"set {number}": names(keys) for number, keys in enumerate(tree, 1)}


unique = _rule(
    Unique,
    {"field": several(field_path), "as": fields.one_of("port", "text")},
    ("field",),
)
acyclic = _rule(Acyclic, {"field": field_path}, ("field",))
sum_by = _rule(
    Sum,
    {
        "field": field_path,
        "limit": _limits,
        "unit": fields.one_of(*_UNITS),
        "resident": _resident,
    },
    ("field", "limit"),
)


def problems_of(rule: Sum) -> Iterator[str]:
    """What is wrong between the parts of a sum."""
    sizes = {limit.is_size for limit in rule.limit.values()}
    if len(sizes) > 1:
        yield "the limits are sizes like 24GB or plain numbers, not both"
    elif rule.unit and sizes == {False}:
        yield f"unit: {rule.unit} wants a limit that is a size, like 24GB"
