"""From a mapping of a plan to a check: the one place where parameters are read.

It is used twice with the same rules: when a document is loaded, to refuse what cannot work, and when
a check is run, on the very mapping that was hashed. A field in which an input still stands unresolved
is only read the second time.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection
from typing import Any, Generic, get_type_hints

from todo_manager.canonical import Tree, line_of
from todo_manager.checks.base import Check
from todo_manager.checks.family import CHECKS, Family, M
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.problems import did_you_mean

ELSEWHERE = ("host", "inside", "served_by")
"""Parameters of kinds that can look from, or at, another place."""

Report = Callable[[int, str, str], None]
"""Takes a line, a path below the check (`.timeout`) and what is wrong."""

REFERENCE = re.compile(r"(\$?)\$\{([^{}]*)\}")
"""`${name}`, or `$${name}` where the text itself is meant. What is no name was never declared."""


def references(tree: Tree) -> set[str]:
    """The names that stand as `${name}` anywhere in a tree."""
    if isinstance(tree, dict):
        return set().union(*(references(item) for item in tree.values()))
    if isinstance(tree, list):
        return set().union(*(references(item) for item in tree))
    return {match[2] for match in REFERENCE.finditer(str(tree)) if not match[1]}


def kind_of(tree: Tree) -> str | None:
    """The one kind a check mapping names, or None when it names none or several."""
    return CHECKS.kind_of(tree)


@functools.cache
def converters(kind: type[Any]) -> dict[str, Convert]:
    """How each parameter of a kind is read; the subject stands under the name `subject`."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        name: mark
        for name, hint in hints.items()
        for mark in getattr(hint, "__metadata__", ())
        if isinstance(mark, Convert)
    }


def word_of(field: str) -> str:
    """The word for a field in a plan: `with` for `with_`, where Python or `Check` has the word itself."""
    return field.removesuffix("_")


def field_of(word: str, fields: Collection[str]) -> str:
    """The field of these that a word of a plan stands for, or a name that none of them has."""
    return f"{word}_" if f"{word}_" in fields else word_of(word)


def parse(
    tree: Tree, report: Report, *, inputs: Collection[str] = (), secrets: Collection[str] = ()
) -> Check | None:
    """The check a mapping describes, or None after everything wrong with it went to `report`.

    `inputs` and `secrets` are names that may stand unresolved in it. Fields that hold one keep their
    default in the check returned: it is good for its label and its lint, not for running.
    """
    return member(tree, report, CHECKS, inputs=inputs, secrets=secrets)


def member(
    tree: Tree,
    report: Report,
    family: Family[M],
    *,
    inputs: Collection[str] = (),
    secrets: Collection[str] = (),
) -> M | None:
    """The same for a mapping of any family of kinds."""
    if not isinstance(tree, dict):
        what = f"a {family.noun} is a mapping with one kind, like {family.example}"
        report(line_of(tree), "", what)
        return None
    kind = _kind(tree, report, family)
    if kind is None:
        return None
    reader = _Reader(family, kind, report, frozenset(inputs), frozenset(secrets))
    values = reader.values(tree)
    return None if reader.wrong else reader.build(values, line_of(tree))


def _kind(tree: dict[str, Tree], report: Report, family: Family[M]) -> str | None:
    kinds = [key for key in tree if key in family.kinds]
    later = [key for key in tree if key in family.later]
    if len(kinds) == 1 and not later:
        return kinds[0]
    line, noun = line_of(tree), family.noun
    if later:
        what = f"this kind of {noun} is not in this version"
        report(_key_line(tree, later[0]), f".{later[0]}", what)
    elif kinds:
        report(line, "", f"names {len(kinds)} kinds ({', '.join(kinds)}); a {noun} has exactly one")
    else:
        guess = next((hint for key in tree if (hint := did_you_mean(key, family.kinds))), "")
        report(line, "", f"names no kind of {noun}{guess}; known are {', '.join(family.kinds)}")
    return None


def _key_line(tree: Tree, key: str) -> int:
    return int(getattr(tree, "key_lines", {}).get(key, line_of(tree)))


class _Reader(Generic[M]):
    """Reads the values of one mapping, reporting each problem under its own line."""

    def __init__(
        self,
        family: Family[M],
        kind: str,
        report: Report,
        inputs: frozenset[str],
        secrets: frozenset[str],
    ) -> None:
        self.kind = family.load(kind)
        self.wrong = False
        self._family = family
        # Of every check: how often, how long, whether it decides.
        self._judging = converters(family.base).keys() - {"name"}
        self._report = report
        self._inputs = inputs
        self._secrets = secrets
        self._fields = converters(self.kind)

    def values(self, tree: dict[str, Tree]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in tree.items():
            if key == "for_each" and isinstance(value, str):
                continue  # the id of a check that was expanded; as written it is a mapping
            name = "subject" if key == self.kind.kind else field_of(key, self._fields)
            if name == "id" or name not in self._fields or (key == "subject" and name == key):
                self._unknown(tree, key)
            elif self._may_stand(name, key, value) and not self._unresolved(name, value):
                self._convert(found, name, key, value)
        return found

    def build(self, values: dict[str, Any], line: int) -> M | None:
        check = self.kind(**values)
        for problem in (*check.problems(), *_idle(check)):
            self._fail(line, "", problem)
        return None if self.wrong else check

    def _fail(self, line: int, path: str, message: str) -> None:
        self.wrong = True
        self._report(line, path, message)

    def _unknown(self, tree: dict[str, Tree], key: str) -> None:
        if key in self._family.later_parameters:
            message = "not in this version"
        elif key in ELSEWHERE:
            message = self._looks_from(key)
        else:
            known = [word_of(name) for name in self._fields if name != "subject"]
            guess = did_you_mean(key, known) or f"; {self.kind.kind} has {', '.join(known)}"
            message = f"unknown parameter{guess}"
        self._fail(_key_line(tree, key), f".{key}", message)

    def _looks_from(self, key: str) -> str:
        """Why a kind does not have a parameter that says from where is looked."""
        kind = self.kind.kind
        if getattr(self.kind, "names_host", False):
            return f"unknown parameter: a {kind} is named by its subject, like {kind}: pc2"
        if key == "inside" and "host" in self._fields:
            return f"{kind} does not look from inside a container"
        return f"{kind} looks from this machine only"

    def _is_shell(self, name: str, value: Tree) -> bool:
        return name in self.kind.shell_fields and isinstance(value, str)

    def _unresolved(self, name: str, value: Tree) -> bool:
        return not self._is_shell(name, value) and bool(
            references(value) & (self._inputs | self._secrets)
        )

    def _may_stand(self, name: str, key: str, value: Tree) -> bool:
        """Inputs must not steer what is expected, secrets go only where nothing is stored."""
        if self._is_shell(name, value):
            return True
        names, field = references(value), self._fields[name]
        problem = ""
        if field.expects and names & self._inputs:
            problem = f"the input {min(names & self._inputs)} may not stand in an expectation"
        elif name in self._judging and names & self._inputs:
            steered = f"how a {self._family.noun} is judged"
            problem = f"the input {min(names & self._inputs)} may not steer {steered}"
        elif names & self._secrets and not field.secrets:
            problem = (
                f"the secret {min(names & self._secrets)} may not stand here: "
                "secrets are handed to shell texts, scripts, `env` and `headers` only"
            )
        if problem:
            self._fail(line_of(value), f".{key}", problem)
        return not problem

    def _convert(self, found: dict[str, Any], name: str, key: str, value: Tree) -> None:
        try:
            found[name] = self._fields[name].read(value)
        except Wrong as problem:
            self._fail(line_of(value), f".{key}", str(problem))


def _idle(member: object) -> list[str]:
    """What is wrong with a term that can end nothing."""
    if getattr(member, "valid_for", None) is None or getattr(member, "required", True):
        return []
    return ["valid_for beside `required: false`: it decides nothing, so nothing would run out"]
