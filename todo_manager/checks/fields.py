"""From a scalar or tree as written to the type a field of a check wants.

Every converter takes a tree and returns a value, or raises `Wrong` with what should be written
instead. Scalars arrive as strings (`canonical.py`), so a converter alone decides what `0644` or
`30s` means.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from todo_manager.canonical import Scalar, Tree


class Wrong(ValueError):
    """The value does not fit its field; the message says what does."""


class Convert(NamedTuple):
    """How a field is read, and what may stand in it."""

    read: Callable[[Tree], Any]
    expects: bool = False
    """It states what must be so; an input there could steer the verdict, so none may stand in it."""
    secrets: bool = False
    """`${NAME}` of a declared secret may stand in it: it is handed to a program or server, not stored."""


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def scalar(tree: Tree) -> Scalar:
    """Any one scalar that is not empty and not null."""
    if not isinstance(tree, Scalar):
        raise Wrong("expected one value, not a list or mapping")
    if (tree.is_token and tree == "null") or (tree.plain and tree in ("", "~")):
        raise Wrong("has no value")
    return tree


def text(tree: Tree) -> str:
    """A string; an unquoted number is taken by its letters, true and false must be quoted."""
    value = scalar(tree)
    if value.is_token and value in ("true", "false"):
        raise Wrong(f'expected text; write "{value}" in quotes if the word is meant')
    return str(value)


def boolean(tree: Tree) -> bool:
    value = scalar(tree)
    if not value.is_token or value not in ("true", "false"):
        raise Wrong(f"expected true or false, not {str(value)!r}")
    return value == "true"


def only_true(tree: Tree) -> bool:
    """`true`: of a thing that either has to be so, or is not asked about."""
    if not boolean(tree):
        raise Wrong("expected true; leave it out where it need not be so")
    return True


def integer(tree: Tree) -> int:
    value = scalar(tree)
    if not re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", value):
        raise Wrong(f"expected a whole number, not {str(value)!r}")
    return int(value)


def count(tree: Tree) -> int:
    number = integer(tree)
    if number < 0:
        raise Wrong("must not be negative")
    return number


def positive(tree: Tree) -> int:
    number = integer(tree)
    if number < 1:
        raise Wrong("must be at least 1")
    return number


def duration(tree: Tree) -> float:
    """Seconds from `250ms`, `30s`, `10m`, `2h`, `1d`; a bare 0 needs no unit."""
    value = scalar(tree)
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)", value)
    if value == "0":
        return 0.0
    if not match:
        raise Wrong(f"expected a duration like 30s, 10m or 250ms, not {str(value)!r}")
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds > 36_500 * _UNITS["d"]:
        raise Wrong("is longer than a hundred years")
    return seconds


def timeout(tree: Tree) -> float:
    """A duration above zero."""
    seconds = duration(tree)
    if seconds <= 0:
        raise Wrong("must be longer than 0")
    return seconds


def size(tree: Tree) -> int:
    """Bytes from `120MB` (decimal), `64KiB` (binary) or a bare number."""
    value = scalar(tree)
    match = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)(B|kB|MB|GB|KiB|MiB|GiB)?", value)
    if not match:
        raise Wrong(f"expected a size like 120MB or 64KiB, not {str(value)!r}")
    found = Decimal(match[1]) * _SIZES[match[2] or "B"]
    if found != int(found):
        raise Wrong(f"{str(value)!r} is not a whole number of bytes")
    return int(found)


def mode(tree: Tree) -> int:
    """File permission bits from their octal digits: `0644`, `644` and `"0o644"` are the same."""
    value = scalar(tree)
    if not re.fullmatch(r"(0o)?[0-7]{3,5}", value):
        raise Wrong(f"expected octal permission digits like 0644, not {str(value)!r}")
    return int(value.removeprefix("0o"), 8)


def sha256(tree: Tree) -> str:
    value = text(tree).lower().removeprefix("sha256:")
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise Wrong("expected the 64 hexadecimal digits of a sha256")
    return value


def texts(tree: Tree) -> tuple[str, ...]:
    """One text or a list of texts; never empty, for an empty list would assert nothing."""
    items = tree if isinstance(tree, list) else [tree]
    if not items:
        raise Wrong("an empty list asserts nothing")
    return tuple(text(item) for item in items)


def needles(tree: Tree) -> tuple[str, ...]:
    """Texts to look for; the empty text would be found everywhere."""
    found = texts(tree)
    if any(not item.strip() for item in found):
        raise Wrong("an empty or blank text is found everywhere: it asserts nothing")
    return found


def pattern(tree: Tree) -> re.Pattern[str]:
    """A regular expression, searched with Python's `re.search` and MULTILINE."""
    try:
        compiled = re.compile(text(tree), re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        raise Wrong(f"is not a regular expression: {error}") from None
    return compiled


def patterns(tree: Tree) -> tuple[re.Pattern[str], ...]:
    """One or several regular expressions, none of which matches the empty text."""
    items = tree if isinstance(tree, list) else [tree]
    if not items:
        raise Wrong("an empty list asserts nothing")
    found = tuple(pattern(item) for item in items)
    for item in found:
        if item.search("") is not None:
            raise Wrong(f"{item.pattern!r} matches the empty text, so it asserts nothing")
    return found


def integers(tree: Tree) -> tuple[int, ...]:
    items = tree if isinstance(tree, list) else [tree]
    if not items:
        raise Wrong("an empty list asserts nothing")
    return tuple(integer(item) for item in items)


def string_map(tree: Tree) -> dict[str, str]:
    """A mapping of names to texts; numbers and booleans are taken by their letters."""
    if not isinstance(tree, dict):
        raise Wrong("expected a mapping of names to values")
    return {str(key): str(scalar(value)) for key, value in tree.items()}


def variables(tree: Tree) -> dict[str, str]:
    """Environment variables and their values, by names that every shell can use."""
    found = string_map(tree)
    for name in found:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise Wrong(f"{name!r} is not the name of a variable: letters, digits and _ only")
    return found


class OneOf(NamedTuple):
    """A converter that accepts exactly these words, and can say which."""

    words: tuple[str, ...]

    def __call__(self, tree: Tree) -> str:
        value = text(tree)
        if value not in self.words:
            raise Wrong(f"expected one of {', '.join(self.words)}, not {value!r}")
        return value


def one_of(*words: str) -> OneOf:
    """A converter that accepts exactly these words."""
    return OneOf(words)


Text = Annotated[str, Convert(text)]
Flag = Annotated[bool, Convert(boolean)]
Duration = Annotated[float, Convert(duration)]
Timeout = Annotated[float, Convert(timeout)]
Positive = Annotated[int, Convert(positive)]
Texts = Annotated[tuple[str, ...], Convert(texts)]
StringMap = Annotated[dict[str, str], Convert(string_map)]
Variables = Annotated[dict[str, str], Convert(variables, secrets=True)]
