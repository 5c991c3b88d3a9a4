"""The one loader for all YAML: plans, settings, files a check looks into.

It is built on libyaml's events and keeps every scalar as the string that was written, with its style
and line. What makes YAML surprising is refused: anchors and aliases (bombs, action at a distance),
tags, duplicate keys, several documents, keys that are not plain text, depth over 40, more than 2 MB.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from todo_manager.canonical import Map, Scalar, Seq, Tree
from todo_manager.documents.base import MAX_BYTES
from todo_manager.errors import InvalidDocument
from todo_manager.problems import Problems

MAX_DEPTH = 40
_TOO_DEEP = f"is nested more than {MAX_DEPTH} deep"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Stop(Exception):
    """The document cannot be read any further; the problem has been reported."""


def read_tree(text: str, source: str) -> Tree:
    """The tree of a YAML text; raises InvalidDocument with all its problems.

    A merge key is one of them: other readers of the file put what it names into the mapping.
    """
    problems = Problems(source)
    tree = load(text, problems, merge_keys=False)
    problems.raise_if_any()
    return tree


def load(text: str, problems: Problems, *, merge_keys: bool = True) -> Tree:
    """The tree of a YAML text, or None after what is wrong with it went to `problems`.

    With `merge_keys` a `<<` is a key like any other, which a reader of plans refuses by its name.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        problems.error(0, "", f"is larger than {MAX_BYTES // 1_000_000} MB; a plan is not")
        return None
    try:
        return _Builder(yaml.parse(text, Loader=_Loader), problems, merge_keys).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # libyaml has a bound of its own, and looks far ahead of what it hands over.
        deep = "maximum nesting" in str(error.problem)
        what = _TOO_DEEP if deep else f"is not YAML: {error.problem}"
        problems.error(mark.line + 1 if mark else 0, "", what)
    except (yaml.YAMLError, UnicodeError) as error:
        problems.error(0, "", f"is not YAML text: {str(error).splitlines()[0]}")
    except _Stop:
        pass
    return None


class _Builder:
    """Builds the tree from parser events, one level of recursion a level of depth."""

    def __init__(self, events: Iterator[Any], problems: Problems, merge_keys: bool) -> None:
        self._merge_keys = merge_keys
        self._events = events
        self._problems = problems

    def document(self) -> Tree:
        next(self._events)
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            self._stop(0, "is empty")
        tree = self._node(next(self._events), 0)
        next(self._events)
        more = next(self._events)
        if not isinstance(more, yaml.StreamEndEvent):
            self._stop(
                more.start_mark.line + 1, "holds a second document; one file is one document"
            )
        if isinstance(tree, Scalar) and tree.plain and tree == "":
            self._stop(0, "is empty")
        return tree

    def _stop(self, line: int, message: str) -> None:
        self._problems.error(line, "", message)
        raise _Stop

    def _node(self, event: Any, depth: int) -> Tree:
        line = event.start_mark.line + 1
        if depth > MAX_DEPTH:
            self._stop(line, _TOO_DEEP)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            self._stop(line, "anchors and aliases are not allowed: write the value out")
        if event.tag:
            self._problems.error(line, "", f"the tag {event.tag} is not allowed: write it plainly")
        if isinstance(event, yaml.ScalarEvent):
            if "\0" in event.value:
                self._problems.error(line, "", "a value may not hold a NUL character")
            return Scalar(event.value, plain=not event.style, line=line)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(line, depth)
        return self._mapping(line, depth)

    def _sequence(self, line: int, depth: int) -> Seq:
        found = Seq()
        found.line = line
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._node(event, depth + 1))
        return found

    def _mapping(self, line: int, depth: int) -> Map:
        found = Map()
        found.line = line
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            self._put(found, key, value, event.start_mark.line + 1)
        return found

    def _put(self, found: Map, key: Tree, value: Tree, line: int) -> None:
        if not isinstance(key, Scalar):
            self._problems.error(line, "", "a key must be one word, not a list or mapping")
        elif key.plain and key == "<<" and not self._merge_keys:
            self._problems.error(
                line, "", "the merge key << is not read; write the keys themselves"
            )
        elif key in found:
            first = found.key_lines[key]
            self._problems.error(line, "", f"the key {key} stands twice (first in line {first})")
        else:
            found[str(key)] = value
            found.key_lines[str(key)] = line


def require_mapping(tree: Tree, problems: Problems, what: str) -> Map | None:
    """The tree as a mapping, or None after saying that `what` has to be one."""
    if isinstance(tree, Map):
        return tree
    if tree is not None:
        problems.error(getattr(tree, "line", 0), "", f"{what} is a mapping of keys to values")
    return None


__all__ = ["InvalidDocument", "load", "read_tree", "require_mapping"]
