"""A tree as YAML that reads back as that very tree: for pasting into a plan."""

from __future__ import annotations

import json
import re
from typing import Any

from todo_manager.canonical import Scalar, Tree

_PLAIN = re.compile(r"[A-Za-z0-9_./$][A-Za-z0-9_./$-]*(?: [A-Za-z0-9_./$-]+)*")
"""Texts that need no quotes wherever they stand, also within `[a, b]` and `{a: b}`."""
_WORDS = re.compile(r"(?:null|true|false|yes|no|on|off|y|n|[-+.]?[0-9].*|\.inf|\.nan)", re.I)
"""Texts that some reader of YAML takes for another thing than their letters."""


def item(tree: dict[str, Tree]) -> str:
    """A mapping as one item of a list, a line a key; every line ends with a newline."""
    found = ""
    for key, value in tree.items():
        start = "  " if found else "- "
        found += f"{start}{_key(key)}: {_value(value)}\n"
    return found


def flow(tree: Tree) -> str:
    """A tree on one line: `{status: ok, replicas: {ge: 2}}`."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{_key(key)}: {flow(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(flow, tree)) + "]"
    return _scalar(tree)


def _value(tree: Tree) -> str:
    """A value after its key; text of several lines stands as a block."""
    if isinstance(tree, str) and _fits_a_block(tree):
        end = "" if tree.endswith("\n") else "-"
        lines = tree.removesuffix("\n").split("\n")
        return f"|{end}\n" + "\n".join(f"    {line}" if line else "" for line in lines)
    return flow(tree)


def _fits_a_block(text: str) -> bool:
    """Whether a literal block gives this text back to the letter."""
    lines = text.removesuffix("\n").split("\n")
    return (
        len(lines) > 1
        and not lines[0].startswith(" ")
        and bool(lines[0] and lines[-1])
        and all(line.isprintable() for line in lines)
    )


def _key(key: str) -> str:
    return _scalar(Scalar(key))


def _scalar(value: Any) -> str:
    if isinstance(value, Scalar) and value.is_token:
        return str(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and not _WORDS.fullmatch(text):
        return text
    return _escaped(text)


def _escaped(text: str) -> str:
    """A text in double quotes; JSON's escapes are YAML's, but not for what is no printable text."""
    shown = json.dumps(text, ensure_ascii=False)
    return shown if shown.isprintable() else json.dumps(text)
