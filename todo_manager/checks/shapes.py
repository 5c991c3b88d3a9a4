"""What a parameter may look like in a document: in words for people, as JSON Schema for editors.

A shape is found by the field's converter, else by the field's type. It is never stricter than the
converter: what an editor marks as wrong, the reader refuses too. Scalars are taken as JSON Schema sees
YAML: an unquoted `true` or number is that, everything else text; where a var may stand, `${name}` fits.
"""

from __future__ import annotations

import functools
import re
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from msgspec import Struct

from todo_manager.checks import expect, fields, ground, textmatch, urls
from todo_manager.checks.expect import OPERATORS, Expectation
from todo_manager.checks.fields import Convert, OneOf
from todo_manager.checks.textmatch import TextMatch

HOLDS_NAME = r"\$\{"
"""A `${name}` in a text: what it stands for is only known when it is put in."""


class Shape(Struct, frozen=True):
    """One way a value may look."""

    name: str
    """What it is called among the definitions of a schema."""
    words: str
    schema: dict[str, Any]


def _scalar(words: str, name: str, kinds: list[str], pattern: str = "", **more: Any) -> Shape:
    schema: dict[str, Any] = {"type": kinds if len(kinds) > 1 else kinds[0], **more}
    if pattern:
        schema["pattern"] = f"^(?:{pattern})$|{HOLDS_NAME}"
    return Shape(name, words, schema)


def _object(name: str, words: str, **more: Any) -> Shape:
    return Shape(name, words, {"type": "object", **more})


def _several(one: Shape, name: str, words: str) -> Shape:
    many = {"type": "array", "items": _ref(one), "minItems": 1}
    return Shape(name, words, {"anyOf": [_ref(one), many]})


def _ref(shape: Shape) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{shape.name}"}


_WHOLE = r"-?(?:0|[1-9][0-9]{0,17})"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"

TEXT = Shape("text", "text", {"type": ["string", "number"]})
FLAG = Shape("flag", "true or false", {"type": "boolean"})
INTEGER = _scalar("whole number", "integer", ["integer", "string"], _WHOLE)
COUNT = _scalar("whole number from 0", "count", ["integer", "string"], _WHOLE, minimum=0)
POSITIVE = _scalar("whole number from 1", "positive", ["integer", "string"], _WHOLE, minimum=1)
DURATION = _scalar(
    "duration like 30s, 10m, 250ms",
    "duration",
    ["string", "integer"],
    r"0|[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d)",
    minimum=0,
    maximum=0,
)
TIMEOUT = _scalar(
    "duration like 30s, 10m, 250ms", "timeout", ["string"], r"[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d)"
)
SIZE = _scalar(
    "size like 120MB, 64KiB or a number of bytes",
    "size",
    ["string", "number"],
    r"[0-9]{1,18}(?:\.[0-9]{1,18})?(?:B|kB|MB|GB|KiB|MiB|GiB)?",
    minimum=0,
)
MODE = _scalar(
    "octal permission digits like 0644", "mode", ["string", "integer"], r"(?:0o)?[0-7]{3,5}"
)
SHA256 = _scalar(
    "sha256 in hexadecimal", "sha256", ["string", "number"], r"(?:sha256:)?[0-9a-fA-F]{64}"
)
TEXTS = _several(TEXT, "texts", "text, or a list of texts")
INTEGERS = _several(INTEGER, "integers", "whole number, or a list of them")
PATTERN = Shape("pattern", "regular expression", TEXT.schema)
PATTERNS = _several(PATTERN, "patterns", "regular expression, or a list of them")
STRING_MAP = _object(
    "string_map",
    "mapping of names to texts",
    additionalProperties={"type": ["string", "number", "boolean"]},
)
VARIABLES = _object(
    "variables",
    "mapping of variables to texts",
    additionalProperties={"type": ["string", "number", "boolean"]},
    propertyNames={"pattern": f"^{_VARIABLE}$"},
)
EXPECTATION = Shape(
    "expectation",
    f"value, or one of {{{' '.join(OPERATORS)}}}: value",
    {
        "if": {"type": "object"},
        "then": {"minProperties": 1, "maxProperties": 1, "propertyNames": {"enum": [*OPERATORS]}},
    },
)
PATHS = _object(
    "paths",
    "mapping of paths like a.b[0] to values or operators",
    minProperties=1,
    additionalProperties=_ref(EXPECTATION),
)
TEXT_MATCH = _object(
    "text_match",
    "mapping of contains, matches, lacks, equals, json",
    minProperties=1,
    additionalProperties=False,
    properties={
        "contains": _ref(TEXTS),
        "matches": _ref(PATTERNS),
        "lacks": _ref(TEXTS),
        "equals": {"type": ["string", "number", "boolean"]},
        "json": _ref(PATHS),
    },
)
ANSWER = Shape(
    "answer",
    "text, list of texts, or mapping of contains, matches, lacks, equals, json",
    {"anyOf": [_ref(TEXTS), {"type": "object", "minProperties": 1}]},
)
URL = _scalar("http or https URL", "url", ["string"], r"https?://\S+")
PATH = _scalar("path", "path", ["string", "number"])
SCALAR = Shape("scalar", "one value", {"type": ["string", "number", "boolean"]})
WORD = Shape("word", "text", SCALAR.schema)
ANYTHING = Shape("anything", "see its description", {})
NOTHING = Shape("nothing", "nothing", {"type": "null"})

_BY_CONVERTER: dict[Any, Shape] = {
    fields.text: TEXT,
    fields.boolean: FLAG,
    fields.integer: INTEGER,
    fields.count: COUNT,
    fields.positive: POSITIVE,
    fields.duration: DURATION,
    fields.timeout: TIMEOUT,
    fields.size: SIZE,
    fields.mode: MODE,
    fields.sha256: SHA256,
    fields.texts: TEXTS,
    fields.needles: TEXTS,
    fields.pattern: PATTERN,
    fields.patterns: PATTERNS,
    fields.integers: INTEGERS,
    fields.string_map: STRING_MAP,
    fields.variables: VARIABLES,
    expect.expectation: EXPECTATION,
    expect.paths: PATHS,
    textmatch.text_match: TEXT_MATCH,
    ground.location: PATH,
    urls.plain_url: URL,
}
_BY_TYPE: dict[Any, Shape] = {
    type(None): NOTHING,
    str: WORD,
    bool: SCALAR,
    int: SCALAR,
    float: SCALAR,
    re.Pattern: PATTERN,
    Expectation: EXPECTATION,
    TextMatch: ANSWER,
}
"""For converters of a kind's own: no stricter than the type, because they may read more than it says."""

PARTS = (TEXT, INTEGER, PATTERN, TEXTS, PATTERNS, EXPECTATION, PATHS)
"""Shapes that others refer to, so every schema holds them."""


def shape(hint: Any, convert: Convert) -> Shape:
    """The shape of a field with this annotation and converter."""
    read = convert.read
    while isinstance(read, functools.partial):
        read = read.func
    if isinstance(read, OneOf):
        return _words(read)
    return _BY_CONVERTER[read] if read in _BY_CONVERTER else _of_type(hint)


def _words(read: OneOf) -> Shape:
    listed = {"anyOf": [{"enum": [*read.words]}, {"type": "string", "pattern": HOLDS_NAME}]}
    return Shape("", f"one of {', '.join(read.words)}", listed)


def _of_type(hint: Any) -> Shape:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _of_type(inner[0])
    if origin in (Union, UnionType):
        shapes = {each.name: each for each in map(_of_type, inner) if each is not NOTHING}
        if shapes.keys() == {WORD.name, TEXTS.name}:
            return TEXTS
        return next(iter(shapes.values())) if len(shapes) == 1 else ANYTHING
    if origin is tuple and inner[0] in (str, int, re.Pattern):
        return {str: TEXTS, int: INTEGERS, re.Pattern: PATTERNS}[inner[0]]
    if origin is dict and inner[1] is str:
        return STRING_MAP
    return _BY_TYPE.get(origin or hint, ANYTHING)
