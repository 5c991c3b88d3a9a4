"""Values of configuration files as their programs read them: `${NAME}` and sums of whole numbers.

Nothing is executed. What is neither known nor a number stays text; what cannot be known is Unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MAX_LENGTH = 200
"""Characters of a sum: one that is longer was not written by hand, and would nest without end."""

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^${}]*)?\}"
    r"|(?P<bare>[A-Za-z_][A-Za-z0-9_]*)|)"
)
_SUM = re.compile(r"[0-9 +*()-]*[0-9][0-9 +*()-]*")
_WORD = re.compile(r" *([0-9]+|[-+*()]) *")


class Unreadable(ValueError):
    """A value that cannot be known; the message says why."""


def resolve(text: str, env: Mapping[str, str]) -> str:
    """The text with `${NAME}`, `$NAME` and `${NAME:-default}` replaced, and `$$` as a dollar sign.

    A default stands where the name has no value in `env`, or an empty one, as Compose does it; a name
    without either raises Unreadable, as does any other use of a dollar sign.
    """
    return _VARIABLE.sub(lambda match: _value(match, env), text)


def _value(match: re.Match[str], env: Mapping[str, str]) -> str:
    if match["escaped"]:
        return "$"
    name = match["braced"] or match["bare"]
    if name is None:
        raise Unreadable(f"{match.string!r} holds a $ that cannot be read")
    if match["default"] is not None:
        return env.get(name) or match["default"][2:]
    if name not in env:
        raise Unreadable(f"${{{name}}} has no value here; state it, like `env: {{{name}: 0}}`")
    return env[name]


def number(text: str) -> int | None:
    """The value of a sum like `0+7140` or `(2+3)*10`; None for a text that is none.

    Whole numbers without leading zeros, `+ - *` and parentheses.
    """
    if len(text) > MAX_LENGTH or not _SUM.fullmatch(text):
        return None
    words = _WORD.findall(text)
    if any(len(word) > 1 and word.startswith("0") for word in words):
        return None
    try:
        return _Sum(words).value()
    except _NoSum:
        return None


class _NoSum(Exception):
    """The words of a sum, in an order that makes none."""


class _Sum:
    """Reads one sum from its words, from left to right."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._next = 0

    def value(self) -> int:
        found = self._added()
        if self._peek():
            raise _NoSum
        return found

    def _peek(self) -> str:
        return self._words[self._next] if self._next < len(self._words) else ""

    def _take(self) -> str:
        word = self._peek()
        self._next += 1
        return word

    def _added(self) -> int:
        found = self._multiplied()
        while self._peek() in ("+", "-"):
            sign = 1 if self._take() == "+" else -1
            found += sign * self._multiplied()
        return found

    def _multiplied(self) -> int:
        found = self._one()
        while self._peek() == "*":
            self._take()
            found *= self._one()
        return found

    def _one(self) -> int:
        word = self._take()
        if word == "-":
            return -self._one()
        if word == "(":
            found = self._added()
            if self._take() != ")":
                raise _NoSum
            return found
        if not word.isdigit():
            raise _NoSum
        return int(word)
