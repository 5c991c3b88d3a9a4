"""What a check expects of values: equality, operators, paths into JSON.

The rules are those of the catalogue: plain `true false null` and decimal numbers are that, quoted is
text; instead of a value one of `{ne lt le gt ge contains matches exists}`; a missing path fails.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Scalar, Tree
from todo_manager.checks import fields, searching
from todo_manager.checks.fields import Wrong
from todo_manager.model import Verdict

OPERATORS = ("ne", "lt", "le", "gt", "ge", "contains", "matches", "exists")
MISSING = object()
"""Where a path leads to nothing; distinct from null."""


class Judgement(Struct, frozen=True):
    """One comparison: what came of it, what was wanted, what was there."""

    verdict: Verdict
    expected: str
    actual: str = ""


class Expectation(Struct, frozen=True):
    """One value or operator; `operator` is `eq` for a plain value."""

    operator: str
    value: Any

    def holds(self, actual: Any) -> bool:
        """Whether a value (or MISSING) is as expected."""
        if self.operator == "exists":
            return (actual is not MISSING) is bool(self.value)
        if actual is MISSING:
            return False
        return bool(_COMPARE[self.operator](actual, self.value))

    def __str__(self) -> str:
        shown = self.value.pattern if isinstance(self.value, re.Pattern) else show(self.value)
        return shown if self.operator == "eq" else f"{self.operator} {shown}"


def value_of(tree: Tree) -> Any:
    """The JSON value a tree stands for; numbers are int or Decimal, nothing and `~` are null."""
    if isinstance(tree, dict):
        return {key: value_of(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [value_of(item) for item in tree]
    if not tree.is_token:
        return None if tree.plain and tree in ("", "~") else str(tree)
    if tree in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[str(tree)]
    try:
        return int(tree) if re.fullmatch(r"-?[0-9]+", tree) else Decimal(str(tree))
    except (ValueError, ArithmeticError):
        raise Wrong(f"{tree[:20]}… is too large a number to compare with") from None


def show(value: Any) -> str:
    """A value as a person reads it, cut where it is long."""
    if value is MISSING:
        return "nothing there"
    shown = json.dumps(value, default=str, ensure_ascii=False)
    shown = shown.encode("utf-8", "backslashreplace").decode()
    return shown if len(shown) <= 200 else shown[:197] + "..."


def same(actual: Any, wanted: Any) -> bool:
    """Equality that keeps true apart from 1 and 8080 apart from "8080", all the way down."""
    if isinstance(actual, bool) or isinstance(wanted, bool):
        return actual is wanted
    if isinstance(actual, dict) and isinstance(wanted, dict):
        return actual.keys() == wanted.keys() and all(same(actual[k], wanted[k]) for k in wanted)
    if isinstance(actual, list) and isinstance(wanted, list):
        return len(actual) == len(wanted) and all(map(same, actual, wanted))
    return bool(actual == wanted)


def _number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _ordered(actual: Any, wanted: Any, fits: Any) -> bool:
    return _number(actual) and bool(fits(Decimal(actual), Decimal(wanted)))


def _contains(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, str):
        return isinstance(wanted, str) and wanted in actual
    return isinstance(actual, list) and any(same(item, wanted) for item in actual)


_COMPARE: dict[str, Any] = {
    "eq": same,
    "ne": lambda actual, wanted: not same(actual, wanted),
    "lt": lambda actual, wanted: _ordered(actual, wanted, Decimal.__lt__),
    "le": lambda actual, wanted: _ordered(actual, wanted, Decimal.__le__),
    "gt": lambda actual, wanted: _ordered(actual, wanted, Decimal.__gt__),
    "ge": lambda actual, wanted: _ordered(actual, wanted, Decimal.__ge__),
    "contains": _contains,
    "matches": lambda actual, wanted: isinstance(actual, str) and searching.found(wanted, actual),
}


def expectation(tree: Tree) -> Expectation:
    """A value or `{operator: value}` as written; raises Wrong for an operator that cannot work."""
    if not isinstance(tree, dict):
        return Expectation("eq", _stated(tree))
    if len(tree) != 1 or next(iter(tree)) not in OPERATORS:
        raise Wrong(f"expected a value or exactly one of {{{' '.join(OPERATORS)}}}: …")
    operator, wanted = next(iter(tree.items()))
    return Expectation(operator, _operand(operator, wanted))


def _operand(operator: str, tree: Tree) -> Any:
    if operator == "exists":
        return fields.boolean(tree)
    if operator == "matches":
        return _pattern(tree)
    value = _stated(tree)
    if operator in ("lt", "le", "gt", "ge") and not _number(value):
        raise Wrong(f"{operator} compares numbers, not {show(value)}")
    if operator == "contains" and value == "":
        raise Wrong("the empty text is contained everywhere: it asserts nothing")
    return value


def _pattern(tree: Tree) -> re.Pattern[str]:
    """One regular expression; of a list only one could be the operator's."""
    if isinstance(tree, list):
        raise Wrong("matches takes one regular expression, not a list")
    return fields.patterns(tree)[0]


def _stated(tree: Tree) -> Any:
    """The value that is written; nothing and `~` are two ways of writing none, at any depth.

    Stored, they would be the texts "" and "~": another value than the one that was read.
    """
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, Scalar) and each.plain and each in ("", "~"):
            raise Wrong('has no value: write null, or "" for the empty text')
    return value_of(tree)


_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")


def path_steps(path: str) -> list[str | int]:
    """The steps of `a.b[0]`; raises Wrong for anything else, wildcards included."""
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        if path[position] == "." and steps:
            position += 1
        match = _STEP.match(path, position)
        if not match or "*" in match[0]:
            raise Wrong(f"{path!r} is not a path like a.b[0]")
        steps.append(match[1] if match[1] is not None else int(match[2]))
        position = match.end()
    if not steps:
        raise Wrong("an empty path names nothing")
    return steps


def at(document: Any, path: str) -> Any:
    """What stands at a path of a JSON value, or MISSING."""
    for step in path_steps(path):
        document = _below(document, step)
    return document


def _below(document: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return document.get(step, MISSING) if isinstance(document, dict) else MISSING
    inside = isinstance(document, list) and step < len(document)
    return document[step] if inside else MISSING


def paths(tree: Tree) -> dict[str, Expectation]:
    """A mapping of paths to expectations; never empty."""
    if not isinstance(tree, dict):
        raise Wrong("expected a mapping of paths to values")
    if not tree:
        raise Wrong("an empty mapping asserts nothing")
    for path in tree:
        path_steps(path)
    found = {str(path): expectation(value) for path, value in tree.items()}
    if all(one == Expectation("exists", False) for one in found.values()):
        raise Wrong("any other document lacks that too: add a path that is there")
    return found


def judge_paths(document: Any, wanted: dict[str, Expectation]) -> list[Judgement]:
    """One judgement for each path."""
    found = []
    for path, expected in wanted.items():
        actual = at(document, path)
        verdict = Verdict.PASSED if expected.holds(actual) else Verdict.FAILED
        found.append(Judgement(verdict, f"{path} = {expected}", f"{path} = {show(actual)}"))
    return found


def load_json(text: str) -> Any:
    """Strict JSON: a key twice, NaN and absurd nesting are refused (ValueError)."""
    try:
        return json.loads(
            text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_no_twins
        )
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except ArithmeticError:
        raise ValueError("holds a number beyond all bounds") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("holds the same key twice")
    return found
