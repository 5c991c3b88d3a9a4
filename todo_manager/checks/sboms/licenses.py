"""License expressions of SPDX, and whether they keep to what is allowed.

The grammar: https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/. `OR` leaves a choice, so one
side that is allowed is enough; `AND` does not. What is no expression is the name of one license.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong
from todo_manager.checks.sboms.base import Package

_UNSTATED = "NOASSERTION"
_TOKEN = re.compile(r"\(|\)|[^\s()]+")


class Licenses(Struct, frozen=True, kw_only=True):
    """Which licenses are wanted: only those of `allow`, or none of `deny`."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def __str__(self) -> str:
        word = "only" if self.allow else "none of"
        return f"{word} {', '.join(self.allow or self.deny)}"

    def keeps(self, package: Package) -> bool | None:
        """Whether a package keeps to it; None where some are denied and it is not clear which it has.

        A package that states none is allowed where NOASSERTION is.
        """
        stated = package.licenses or (_UNSTATED,)
        if not all(holds(each, self._may) for each in stated):
            return False
        unclear = any(each == _UNSTATED or not _is_expression(each) for each in stated)
        return None if self.deny and unclear else True

    def _may(self, license_: str) -> bool:
        if self.allow:
            return _among(license_, self.allow)
        return not _among(license_, self.deny)


def licenses(tree: Tree) -> Licenses:
    """A list of what is allowed, or one of `{allow: …}` and `{deny: …}`."""
    stated = tree if isinstance(tree, dict) else {"allow": tree}
    if len(stated) != 1 or not set(stated) <= {"allow", "deny"}:
        raise Wrong("expected a list of licenses, or exactly one of {allow deny}: list")
    found = Licenses(**{str(key): fields.needles(value) for key, value in stated.items()})
    if any(not name.strip("*") for name in found.allow):
        raise Wrong("* allows every license: it asserts nothing")
    return found


def holds(expression: str, may: Callable[[str], bool]) -> bool:
    """Whether an expression can be kept with the licenses that may be used."""
    found = _evaluated(expression, may)
    return may(expression.strip()) if found is None else found


def _is_expression(text: str) -> bool:
    return _evaluated(text, lambda _: True) is not None


def _evaluated(expression: str, may: Callable[[str], bool]) -> bool | None:
    """What an expression comes to; None where it is none, but a name in free words."""
    try:
        found, rest = _either(_TOKEN.findall(expression), may)
    except (IndexError, RecursionError):
        return None
    return None if rest else found


def _either(words: list[str], may: Callable[[str], bool]) -> tuple[bool, list[str]]:
    found, rest = _both(words, may)
    while rest and rest[0] == "OR":
        more, rest = _both(rest[1:], may)
        found = found or more
    return found, rest


def _both(words: list[str], may: Callable[[str], bool]) -> tuple[bool, list[str]]:
    found, rest = _one(words, may)
    while rest and rest[0] == "AND":
        more, rest = _one(rest[1:], may)
        found = found and more
    return found, rest


def _one(words: list[str], may: Callable[[str], bool]) -> tuple[bool, list[str]]:
    """One license with its exception, or what stands in parentheses. IndexError where nothing does."""
    if words[0] == "(":
        found, rest = _either(words[1:], may)
        if rest[0] != ")":
            raise IndexError
        return found, rest[1:]
    if words[0] == ")":
        raise IndexError
    if len(words) > 2 and words[1] == "WITH":
        # An exception only adds permissions to its license.
        return may(words[0]) or may(" ".join(words[:3])), words[3:]
    return may(words[0]), words[1:]


def _among(license_: str, names: tuple[str, ...]) -> bool:
    """By letters, whatever their case, with `*` for any."""
    return any(fnmatchcase(license_.lower(), name.lower()) for name in names)
