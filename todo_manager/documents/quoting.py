"""Scalars as YAML and JSON write them, so that our loader reads back what was meant.

Only `true`, `false`, `null` and numbers that were written as such stay bare. Text is bare where no
reader of YAML, old or new, takes it for anything else; everything else is quoted, and what YAML does
not hold as it is becomes an escape that JSON knows too.
"""

from __future__ import annotations

import json
import re

from todo_manager.canonical import Scalar

_BARE = re.compile(
    r"(?:[A-Za-z_/]|\.[A-Za-z/])(?:[\w ./+@()'\"<>;*?!&|~^$%=\\,\[\]{}-]|:(?! )|(?<! )#)*"
)
_IN_FLOW = re.compile(r"[,\[\]{}:?]")
_MEASURE = re.compile(r"[0-9]+(?:ms|[smhd]|kB|MB|GB|KiB|MiB|GiB)")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", ".inf", ".nan"})
"""Words that one reader of YAML or another takes for a value."""
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON may hold as it is and YAML may not, or would take for the end of a line."""
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f]|" + _ESCAPED.pattern)


def quoted(text: str) -> str:
    """A text in double quotes, the same in YAML and in JSON, on one line."""
    return escaped(json.dumps(text, ensure_ascii=False))


def escaped(text: str) -> str:
    """A JSON text in which the characters that YAML does not hold are escapes."""
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def json_scalar(value: Scalar) -> str:
    """A scalar in JSON: a token as it was written, else a string."""
    return str(value) if value.is_token else quoted(value)


def inline(value: str, *, flow: bool = False) -> str:
    """A scalar on one line of YAML; `flow`: within `[…]` or `{…}`."""
    if isinstance(value, Scalar) and (value.is_token or (value.plain and value in ("", "~"))):
        return str(value)
    if is_bare(value, flow=flow):
        return str(value)
    if ('"' in value or "\\" in value) and not _UNFIT.search(value) and "\n" not in value:
        return "'" + value.replace("'", "''") + "'" if "\t" not in value else quoted(value)
    return quoted(value)


def is_bare(text: str, *, flow: bool = False) -> bool:
    """Whether a text needs no quotes."""
    if _MEASURE.fullmatch(text):
        return True
    if not _BARE.fullmatch(text) or text.endswith((" ", ":")) or text.lower() in _WORDS:
        return False
    return not (_UNFIT.search(text) or (flow and _IN_FLOW.search(text)))


def literal(text: str) -> tuple[str, list[str]] | None:
    """The head (`|`, `|-`, `|+`) and the lines of a literal block, or None where quotes are needed."""
    lines = text.split("\n")
    if len(lines) < 2 or _UNFIT.search(text) or not lines[0] or lines[0][0] in " \t":
        return None
    if not text.endswith("\n"):
        return "|-", lines
    return ("|+" if text.endswith("\n\n") else "|"), lines[:-1]
