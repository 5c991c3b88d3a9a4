"""JSON read strictly: what a person meant to be a plan, or what is wrong with the file and where.

Python's reader takes the last of two equal keys, NaN and halves of characters without a word; each
of them would lose or corrupt something later, so each is a problem here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from todo_manager.problems import Problems

MAX_DEPTH = 60
"""Objects and lists within each other; real queues have five."""

_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: .*)?$", re.MULTILINE)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<constant>NaN|-?Infinity)', re.DOTALL)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Object(dict[str, Any]):
    """A JSON object that remembers which of its keys stood there more than once."""

    repeated: tuple[str, ...] = ()


def load(text: str, problems: Problems) -> Any:
    """The value of a JSON text; None, and a problem, when it has none that can be used."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        problems.error(0, "", "the file is empty: there is no plan in it")
        return None
    try:
        tree = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        problems.error(*_why(text, error))
    except RecursionError:
        problems.error(0, "", f"is nested too deeply: no queue needs more than {MAX_DEPTH} levels")
    except ValueError as error:
        line = _constant_line(text)
        why = str(error) if line else "a number in it is too long to be read"
        problems.error(line, "", f"is not valid JSON: {why}")
    else:
        return tree if _is_sound(tree, problems) else None
    return None


def step(path: str, key: str | int) -> str:
    """The path of a part of the value at `path`; keys are shown so that they stay on one line."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    shown = key if key.isprintable() and key else ascii(key)
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    return f"{path}.{shown}" if path else shown


def kind_of(value: Any) -> str:
    """What a JSON value is, in a sentence."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    kinds = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number"}
    return next(word for kind, word in kinds.items() if isinstance(value, kind))


def _object(pairs: list[tuple[str, Any]]) -> Object:
    value = Object(pairs)
    if len(value) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        value.repeated = tuple(key for key, count in counts.items() if count > 1)
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a value that JSON has")


def _constant_line(text: str) -> int:
    """The line of the first NaN or Infinity outside quotes; 0 when there is none."""
    for token in _TOKEN.finditer(text):
        if token["constant"]:
            return text.count("\n", 0, token.start()) + 1
    return 0


def _why(text: str, error: json.JSONDecodeError) -> tuple[int, str, str]:
    """Line, path and message for a text that is not JSON, by what most likely happened to it."""
    conflict = _CONFLICT.search(text)
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        return line, "", "a merge conflict was left in the file: keep one side, remove the markers"
    if text.lstrip()[0] not in "{[":
        begins = text.strip().split("\n", 1)[0]
        shown = begins if len(begins) <= 40 else begins[:39] + "…"
        return error.lineno, "", f"is not JSON but text: it begins with {shown!r}"
    rest = text[error.pos :].rstrip()
    begun = any(word.startswith(rest) for word in ("true", "false", "null", "-"))
    if begun or error.msg.startswith("Unterminated"):
        message = f"ends too early: the file is cut off, or something is not closed ({error.msg})"
        return error.lineno, "", message
    return error.lineno, "", f"is not valid JSON: {error.msg} (column {error.colno})"


def _is_sound(tree: Any, problems: Problems) -> bool:
    """Whether nothing in the value would be lost or could not be stored; says what would."""
    before = len(problems.errors)
    parts: list[tuple[str, Any, int]] = [("", tree, 1)]
    while parts:
        path, value, depth = parts.pop()
        if depth > MAX_DEPTH:
            problems.error(0, path[:60], f"is nested deeper than {MAX_DEPTH} levels")
            break
        _look_at(path, value, problems)
        parts += [(step(path, key), part, depth + 1) for key, part in reversed(_parts(value))]
    return len(problems.errors) == before


def _parts(value: Any) -> list[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _look_at(path: str, value: Any, problems: Problems) -> None:
    half = "holds half of a character (a lone surrogate), which cannot be stored"
    if isinstance(value, str) and _SURROGATE.search(value):
        problems.error(0, path, half)
    if isinstance(value, Object):
        for key in value.repeated:
            message = f"the key {key!r} stands here more than once: all but one would be lost"
            problems.error(0, path, message)
        for key in value:
            if _SURROGATE.search(key):
                problems.error(0, step(path, key), f"the key {half}")
