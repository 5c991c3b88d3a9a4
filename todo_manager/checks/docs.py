"""The documentation of each kind, from its class and its fields as they are written.

A class keeps its docstring, but Python throws those of fields away: they are read from the source,
only where somebody asks.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any, get_type_hints

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields as struct_fields

from todo_manager.canonical import Scalar, Tree
from todo_manager.checks import load
from todo_manager.checks.base import Check
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.parse import converters, word_of
from todo_manager.checks.shapes import Shape, shape

_INDENT = "    "


class ParameterDoc(Struct, frozen=True, kw_only=True):
    """One parameter of a kind."""

    name: str
    """As it is written; the subject's is the kind."""
    doc: str
    shape: Shape
    default: str
    """As it would be written; empty where nothing is the default."""
    common: bool
    """Whether every kind has it, and with this default."""

    @property
    def words(self) -> str:
        """What its value looks like."""
        return self.shape.words


class KindDoc(Struct, frozen=True, kw_only=True):
    """One kind: what it asserts, an example, and its parameters, the subject first."""

    kind: str
    summary: str
    """One sentence."""
    text: str
    """The rest of its docstring without the example; paragraphs, may be empty."""
    example: str
    """YAML: one mapping, or a list of them."""
    parameters: tuple[ParameterDoc, ...]


def docs(kind: str) -> KindDoc:
    """The documentation of a registered kind of check; KeyError for another."""
    return documented(load(kind), Check)


def documented(found: Any, base: type[Struct]) -> KindDoc:
    """The documentation of a class of a family; `base` is what all of the family are made from."""
    prose, example = _taken_apart(inspect.cleandoc(found.__doc__ or ""))
    summary, _, text = prose.partition("\n\n")
    return KindDoc(
        kind=found.kind,
        summary=" ".join(summary.split()),
        text=text.strip(),
        example=example,
        parameters=_parameters(found, base),
    )


def examples(found: KindDoc) -> list[Tree]:
    """The checks its example shows."""
    from todo_manager.documents import loader

    if not found.example.strip():
        return []
    tree = loader.read_tree(found.example, found.kind)
    return tree if isinstance(tree, list) else [tree]


def _taken_apart(text: str) -> tuple[str, str]:
    """The paragraphs of a docstring, and its indented block."""
    lines = text.splitlines()
    indented = [line for line in lines if line.startswith(_INDENT)]
    first = next((n for n, line in enumerate(lines) if line.startswith(_INDENT)), len(lines))
    rest = [line for line in lines if not line.startswith(_INDENT)]
    prose = "\n".join(rest[:first]).rstrip() + "\n\n" + "\n".join(rest[first:]).strip()
    return re.sub(r"\n{3,}", "\n\n", prose).strip(), textwrap.dedent("\n".join(indented))


def _parameters(kind: type[Struct], base: type[Struct]) -> tuple[ParameterDoc, ...]:
    hints = get_type_hints(kind, include_extras=True)
    marks: dict[str, Convert] = converters(kind)
    common = converters(base)
    said = _field_docs(kind, base)
    defaults = {field.name: field.default for field in struct_fields(kind)}
    own = [name for name in marks if name != "subject" and name not in common]
    names = ["subject", *own, *common]
    return tuple(
        ParameterDoc(
            name=str(getattr(kind, "kind", "")) if name == "subject" else word_of(name),
            doc=said.get(name, ""),
            shape=shape(hints[name], marks[name]),
            default="" if name == "subject" else _default(defaults[name], marks[name].read),
            common=name in common and name not in kind.__annotations__,
        )
        for name in names
    )


def _default(default: Any, read: Callable[[Tree], Any]) -> str:
    """A default as an author would write it; empty where nobody could."""
    text = _written(default, getattr(read, "__name__", "") in ("duration", "timeout"))
    try:
        read(Scalar(text, plain=True))
    except Wrong:
        return ""
    return text


def _written(default: Any, is_duration: bool) -> str:
    if default is NODEFAULT or default is None or default in ("", (), {}):
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float) and is_duration:
        return _duration(default)
    if isinstance(default, tuple):
        return ", ".join(map(str, default))
    return str(default) if isinstance(default, (str, int, float)) else ""


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s" if seconds else "0"


def _field_docs(kind: type[Struct], base: type[Struct]) -> dict[str, str]:
    """Field → its docstring, those of a subclass before those of what it is made from."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if issubclass(each, base) and (file := inspect.getsourcefile(each)):
            found |= _docs_in(file).get(each.__name__, {})
    return found


@functools.cache
def _docs_in(file: str) -> dict[str, dict[str, str]]:
    """Class → field → docstring, of one source file."""
    with open(file, encoding="utf-8") as source:
        tree = ast.parse(source.read())
    return {node.name: _said(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _said(node: ast.ClassDef) -> dict[str, str]:
    found = {}
    for field, after in zip(node.body, node.body[1:]):
        text = after.value if isinstance(after, ast.Expr) else None
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Constant):
            assert isinstance(field.target, ast.Name)
            found[field.target.id] = " ".join(str(text.value).split())
    return found
