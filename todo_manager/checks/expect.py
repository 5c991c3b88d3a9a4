"""What a check expects of values and texts: equality, operators, paths into JSON, text matching.

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
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong
from todo_manager.model import Output, Verdict

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
    """The JSON value a tree stands for; numbers are int or Decimal."""
    if isinstance(tree, dict):
        return {key: value_of(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [value_of(item) for item in tree]
    if not tree.is_token:
        return str(tree)
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
    "matches": lambda actual, wanted: isinstance(actual, str) and bool(wanted.search(actual)),
}


def expectation(tree: Tree) -> Expectation:
    """A value or `{operator: value}` as written; raises Wrong for an operator that cannot work."""
    if not isinstance(tree, dict):
        return Expectation("eq", value_of(tree))
    if len(tree) != 1 or next(iter(tree)) not in OPERATORS:
        raise Wrong(f"expected a value or exactly one of {{{' '.join(OPERATORS)}}}: …")
    operator, wanted = next(iter(tree.items()))
    return Expectation(operator, _operand(operator, wanted))


def _operand(operator: str, tree: Tree) -> Any:
    if operator == "exists":
        return fields.boolean(tree)
    if operator == "matches":
        return fields.patterns(tree)[0]
    value = value_of(tree)
    if operator in ("lt", "le", "gt", "ge") and not _number(value):
        raise Wrong(f"{operator} compares numbers, not {show(value)}")
    if operator == "contains" and value == "":
        raise Wrong("the empty text is contained everywhere: it asserts nothing")
    return value


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
    return {str(path): expectation(value) for path, value in tree.items()}


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


class TextMatch(Struct, frozen=True, kw_only=True):
    """What a text (stdout, stderr, a body) must be like."""

    contains: tuple[str, ...] = ()
    matches: tuple[re.Pattern[str], ...] = ()
    lacks: tuple[str, ...] = ()
    equals: str | None = None
    json: dict[str, Expectation] = {}


_TEXT_READERS: dict[str, Any] = {
    "contains": fields.needles,
    "matches": fields.patterns,
    "lacks": fields.needles,
    "equals": lambda tree: str(tree) if isinstance(tree, Scalar) else fields.text(tree),
    "json": paths,
}


def text_match(tree: Tree, *, lacks_alone: bool = False) -> TextMatch:
    """A mapping of contains, matches, lacks, equals, json; never empty.

    A text may lack something because nothing was written at all, so `lacks` wants a positive control
    beside it: something that must be there. `lacks_alone` lifts that where silence is the normal
    case and another assertion shows that the thing ran (stderr beside an exit code).
    """
    if not isinstance(tree, dict):
        raise Wrong("expected a mapping of contains, matches, lacks, equals, json")
    if not tree:
        raise Wrong("an empty mapping asserts nothing")
    unknown = [key for key in tree if key not in _TEXT_READERS]
    if unknown:
        raise Wrong(f"unknown key {unknown[0]}; known are {', '.join(_TEXT_READERS)}")
    if set(tree) == {"lacks"} and not lacks_alone:
        raise Wrong(
            "`lacks` alone also passes on no text at all; add a contains or matches beside it"
        )
    return TextMatch(**{key: _TEXT_READERS[key](value) for key, value in tree.items()})


def judge_text(name: str, output: Output, wanted: TextMatch) -> list[Judgement]:
    """Judge a captured text; where only part of it was kept, what was not seen is an error."""
    seen = output.kept.decode("utf-8", "replace")
    found = [_positive(name, output, f"contains {n!r}", n in seen, seen) for n in wanted.contains]
    found += [
        _positive(name, output, f"matches {p.pattern!r}", p.search(seen) is not None, seen)
        for p in wanted.matches
    ]
    found += [_lacks(name, output, needle, seen) for needle in wanted.lacks]
    if wanted.equals is not None:
        equal = seen.rstrip("\n") == wanted.equals.rstrip("\n")
        found.append(_positive(name, output, f"equals {wanted.equals!r}", equal, seen))
    return found + (_json_text(name, output, seen, wanted.json) if wanted.json else [])


def _positive(name: str, output: Output, wanted: str, so: bool, seen: str) -> Judgement:
    if so and not (output.truncated and wanted.startswith("equals")):
        return Judgement(Verdict.PASSED, f"{name} {wanted}")
    verdict = Verdict.ERROR if output.truncated else Verdict.FAILED
    return Judgement(verdict, f"{name} {wanted}", _seen(name, output, seen))


def _lacks(name: str, output: Output, needle: str, seen: str) -> Judgement:
    expected = f"{name} lacks {needle!r}"
    if needle in seen:
        return Judgement(Verdict.FAILED, expected, f"{name} contains it")
    if output.truncated:
        return Judgement(Verdict.ERROR, expected, _seen(name, output, seen))
    return Judgement(Verdict.PASSED, expected)


def _json_text(
    name: str, output: Output, seen: str, wanted: dict[str, Expectation]
) -> list[Judgement]:
    expected = f"{name} is JSON with {', '.join(f'{p} = {e}' for p, e in wanted.items())}"
    if output.truncated:
        return [Judgement(Verdict.ERROR, expected, _seen(name, output, seen))]
    try:
        document = load_json(seen)
    except ValueError as error:
        return [Judgement(Verdict.FAILED, expected, f"{name} is not JSON: {error}")]
    return judge_paths(document, wanted)


def _seen(name: str, output: Output, seen: str) -> str:
    if output.truncated:
        return f"{name} is {output.size} bytes, of which only the first and last were kept and searched"
    return f"{name} = {show(seen.strip()) if seen.strip() else 'nothing'}"
