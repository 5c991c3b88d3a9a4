"""Scalars as they were written, and the one JSON text that is hashed and executed.

A plan's scalars stay strings until the field they fill converts them, so that `22:22`, `0644`, `on`
and `1.0` mean what the author typed. Only one distinction of style survives: an unquoted `true`,
`false`, `null` or decimal number is a *token* (`is_token`), everything else is text. Canonical JSON
writes a token as the JSON token with its own spelling and text as a JSON string, so a definition can
be stored, hashed and read back without losing or changing anything.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

_TOKEN = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

Tree = Any
"""A scalar, a list of trees or a dict of trees (keys are plain `str`)."""


class Scalar(str):
    """A string with its style (`plain`: written without quotes) and its place (`line`, 0 if unknown)."""

    plain: bool
    line: int

    def __new__(cls, text: str, *, plain: bool = False, line: int = 0) -> Scalar:
        self = super().__new__(cls, text)
        self.plain = plain
        self.line = line
        return self

    @property
    def is_token(self) -> bool:
        """Whether it stands for true, false, null or a number rather than for its own letters."""
        return self.plain and _TOKEN.fullmatch(self) is not None

    def replaced(self, text: str) -> Scalar:
        """Another text in the same place; what came from a substitution is text, never a token."""
        return Scalar(text, plain=self.plain and text == self, line=self.line)


class Seq(list[Tree]):
    """A list that knows its line."""

    line: int = 0


class Map(dict[str, Tree]):
    """A mapping that knows its line and the line of each of its keys."""

    line: int = 0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.key_lines: dict[str, int] = {}


def line_of(tree: Tree) -> int:
    """The 1-based line where this part of a document begins; 0 when it came from no file."""
    return int(getattr(tree, "line", 0))


def encode(tree: Tree) -> str:
    """The canonical JSON of a tree: sorted keys, no blanks, ASCII, tokens as written."""
    if isinstance(tree, Scalar):
        return str(tree) if tree.is_token else json.dumps(str(tree))
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return json.dumps(tree)
    if isinstance(tree, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{encode(tree[k])}" for k in sorted(tree)) + "}"
    return "[" + ",".join(encode(item) for item in tree) + "]"


def decode(text: str) -> Tree:
    """The tree of a canonical JSON text, with its tokens as plain scalars: `encode` gives it back."""
    return _scalars(json.loads(text, parse_int=_token, parse_float=_token))


def _token(text: str) -> Scalar:
    return Scalar(text, plain=True)


def _scalars(value: Any) -> Tree:
    if isinstance(value, dict):
        return {key: _scalars(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_scalars(item) for item in value]
    if value is None or isinstance(value, bool):
        return _token({None: "null", True: "true", False: "false"}[value])
    return value if isinstance(value, Scalar) else Scalar(value)


def digest(text: str) -> str:
    """sha256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
