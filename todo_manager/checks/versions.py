"""Versions as dotted numbers: what a check demands of one, and where one stands in a program's words.

A pre-release (`24.0.0-rc1`) comes before the version it leads to. Every other addition (`-14`,
`+deb12u1`, `p1`) is a packager's and counts for nothing.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong

_NUMBERS = r"[0-9]{1,9}(?:\.[0-9]{1,9})*"
_EARLY = (
    r"[-.~_+]?(?:(?:alpha|beta|preview|pre|rc|dev|snapshot|nightly)(?![a-z])|[abc](?=[0-9]))"
    r"[-.]?[0-9]*"
)
"""What marks a pre-release; a letter without a number is a release of its own, as in `1.1.1w`."""
_BOUND = re.compile(rf"(>=|<=|>|<|=)\s*({_NUMBERS})")
_VERSION = re.compile(rf"v?({_NUMBERS})({_EARLY})?", re.IGNORECASE)

_PLACES = (
    re.compile(rf"\bversion\b[\s:=\"'(]*v?({_NUMBERS}(?:{_EARLY})?)", re.IGNORECASE),
    re.compile(rf"(?<![0-9.])([0-9]{{1,9}}(?:\.[0-9]{{1,9}})+(?:{_EARLY})?)", re.IGNORECASE),
)
"""Where a version stands on a line: after that word, else as the first number with a dot in it."""
_ALONE = re.compile(r"(?:^|\s)v?([0-9]{1,9})(?=\s|$)")
"""A number without a dot (`less 590`); believed on the first line only."""

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


class Bound(Struct, frozen=True):
    """One comparison, like `>= 24`."""

    operator: str
    numbers: tuple[int, ...]


class Requirement(Struct, frozen=True):
    """What a version must be: all of its bounds hold."""

    text: str
    """As a person reads it: `>= 24, < 26`."""
    bounds: tuple[Bound, ...]

    def allows(self, version: str) -> bool:
        """Whether a version meets every bound; ValueError for a text that does not begin with one.

        Missing numbers are zeros: 24 equals 24.0.0, and 24.0.5 is more than 24.
        """
        match = _VERSION.match(version.strip())
        if not match:
            raise ValueError(f"{version!r} is not a version of dotted numbers")
        found, early = _numbers(match[1]), bool(match[2])
        return all(
            _COMPARE[bound.operator](*_comparable(found, early, bound.numbers))
            for bound in self.bounds
        )

    def __str__(self) -> str:
        return self.text


def requirement(tree: Tree) -> Requirement:
    """Bounds like `>= 24` or `>= 1.2, < 2`; raises Wrong for everything else."""
    bounds = []
    for part in fields.text(tree).split(","):
        match = _BOUND.fullmatch(part.strip())
        if not match:
            raise Wrong(
                f'expected one of >= > <= < = and a dotted number, like ">= 24", not {part.strip()!r}'
            )
        bounds.append(match)
    return Requirement(
        ", ".join(f"{match[1]} {match[2]}" for match in bounds),
        tuple(Bound(match[1], _numbers(match[2])) for match in bounds),
    )


def find_version(text: str) -> str | None:
    """The version a program names in what it wrote, or None where it names none.

    The first line on which one stands decides: licences and libraries further down have their own.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        for place in (*_PLACES, _ALONE) if number == 0 else _PLACES:
            if match := place.search(line):
                return match[1]
    return None


def _numbers(dotted: str) -> tuple[int, ...]:
    return tuple(map(int, dotted.split(".")))


def _comparable(
    found: tuple[int, ...], early: bool, wanted: tuple[int, ...]
) -> tuple[tuple[Any, bool], tuple[Any, bool]]:
    """Both at the same length; of two equal ones the pre-release is the lesser."""
    length = max(len(found), len(wanted))
    filled = [numbers + (0,) * (length - len(numbers)) for numbers in (found, wanted)]
    return (filled[0], not early), (filled[1], True)
