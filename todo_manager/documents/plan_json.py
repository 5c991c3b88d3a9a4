"""The plan format `todo_manager/plan@1` as JSON: the same document, for programs.

JSON is read by the one YAML loader, which gives lines and the same strictness. The two differ in a few
characters: JSON writes an emoji as two escapes and may hold others as they are; these are put right
first. Nothing of it changes the number of a line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from todo_manager.canonical import Tree
from todo_manager.documents import plan_yaml
from todo_manager.documents.quoting import escaped, json_scalar, quoted
from todo_manager.model import PlanDoc
from todo_manager.problems import Problems

FORMAT = plan_yaml.FORMAT

_SCHEMA = re.compile(r'"schema"\s*:\s*"todo_manager/plan@')
_ESCAPE = re.compile(
    r"\\(?:u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})|.)", re.DOTALL
)


def recognises(name: str, text: str) -> bool:
    """Whether the document is a JSON object that names the schema."""
    begins = text.removeprefix("\ufeff").lstrip()[:1]
    return (
        begins == "{" and not name.endswith((".yaml", ".yml")) and _SCHEMA.search(text) is not None
    )


def read(text: str, problems: Problems) -> tuple[PlanDoc, ...]:
    """The one plan of a JSON document, or nothing after its problems were reported."""
    return plan_yaml.read(as_yaml(text), problems)


def as_yaml(text: str) -> str:
    """A JSON text as YAML reads it."""
    return escaped(_ESCAPE.sub(_joined, text.removeprefix("\ufeff")))


def write(tree: Mapping[str, Tree]) -> str:
    """A plan as JSON, tokens spelt as they were written, ending in a line feed."""
    return _text(tree, "") + "\n"


def _joined(found: re.Match[str]) -> str:
    """Two escapes that stand for one character, as that character."""
    if not found[1]:
        return found[0]
    high, low = int(found[1], 16), int(found[2], 16)
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _text(tree: Tree, indent: str) -> str:
    inner = indent + "  "
    if isinstance(tree, Mapping):
        items = [f"{inner}{quoted(key)}: {_text(item, inner)}" for key, item in tree.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}" if items else "{}"
    if isinstance(tree, list):
        items = [inner + _text(item, inner) for item in tree]
        return "[\n" + ",\n".join(items) + f"\n{indent}]" if items else "[]"
    return json_scalar(tree)
