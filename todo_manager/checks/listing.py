"""Reading what lists things: the items of a source, each with its key, its host and its place.

Scalars stay as they were written; `arithmetic.py` says what they mean. What cannot be read is an
exception, so that it is never taken for a list with nothing in it.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping

from msgspec import Struct

from todo_manager.canonical import Map, Scalar, Tree, decode, line_of
from todo_manager.checks import fields
from todo_manager.checks.arithmetic import Unreadable, resolve
from todo_manager.checks.expect import MISSING, load_json
from todo_manager.checks.fields import Wrong
from todo_manager.checks.ground import CONTENT_LIMIT, Ground, Unlookable, shown
from todo_manager.checks.sources import Source, field_of, steps_to
from todo_manager.documents.loader import read_tree
from todo_manager.errors import InvalidDocument


class Item(Struct, frozen=True, kw_only=True):
    """One thing that is listed."""

    source: str
    key: str
    value: Tree
    host: str
    """Empty where the source names none."""
    place: str
    """Where it stands: `file:line`, or the file alone where lines are not known."""


class Listing(Struct, frozen=True, kw_only=True):
    """What a source holds."""

    items: tuple[Item, ...]
    files: dict[str, str]
    """The sha256 of each file that was read."""
    missing: tuple[str, ...]
    """Which files, places and lists are not there or empty."""


Entry = tuple[Scalar | None, Tree, int]
"""The key under which something stands in a mapping, the thing, and its line."""


def read(ground: Ground, name: str, source: Source, key: str, env: Mapping[str, str]) -> Listing:
    """Everything a source lists; `key` is the field by which items of a list are known.

    Raises Unlookable or OSError for a file that cannot be read, and for an item without key or host.
    """
    reader = _Reader(name, source, key, env)
    items: list[Item] = []
    files: dict[str, str] = {}
    for pattern in source.files:
        paths = ground.matches(pattern)
        ground.whole()
        if not paths:
            reader.missing.append(f"there is no file {shown(pattern)}")
        for path in paths:
            tree, files[shown(path)] = _load(ground, path)
            items += reader.items(tree, shown(path))
    return Listing(items=tuple(items), files=files, missing=tuple(reader.missing))


def _load(ground: Ground, path: str) -> tuple[Tree, str]:
    seen = ground.look(path, content=True)
    if not stat.S_ISREG(seen.info.st_mode) or seen.size > CONTENT_LIMIT:
        raise Unlookable(f"{shown(path)} is not a file of at most {CONTENT_LIMIT // 2**20} MiB")
    try:
        text = seen.data.decode("utf-8-sig")
        return _tree(text, path) if text.strip() else Scalar("", plain=True), seen.sha256
    except InvalidDocument as problem:
        raise Unlookable(problem.problems[0]) from None
    except (ValueError, RecursionError) as problem:
        raise Unlookable(f"{shown(path)} cannot be read: {problem}") from None


def _tree(text: str, path: str) -> Tree:
    if not path.endswith(".json"):
        return read_tree(text, shown(path))
    load_json(text)
    return decode(text)


class _Reader:
    """Finds the items of one source in the trees of its files."""

    def __init__(self, name: str, source: Source, key: str, env: Mapping[str, str]) -> None:
        self.missing: list[str] = []
        """What was not there or empty: noted, so that the rest is read all the same."""
        self._name = name
        self._source = source
        self._key = key
        self._env = env

    def items(self, tree: Tree, file: str) -> list[Item]:
        """All items of one file."""
        found = []
        for path in self._source.at or ("",):
            place = f"{file}: {path}" if path else file
            there = self._below(tree, list(steps_to(path)) if path else [], place)
            entries = [entry for part in there for entry in _entries(part, place)]
            if there and not entries:
                self.missing.append(f"{place} lists nothing")
            found += [self._item(entry, file) for entry in entries]
        return found

    def _below(self, tree: Tree, steps: list[str | int | None], place: str) -> list[Tree]:
        """Everything that stands at a path."""
        if not steps:
            return [tree]
        if steps[0] is None:
            parts = [part for _, part, _ in _entries(tree, place)]
        else:
            parts = _step(tree, steps[0])
        if not parts:
            line = line_of(tree)
            where = f" (looked in line {line})" if line > 1 else ""
            self.missing.append(f"{place} is not there{where}")
        return [found for part in parts for found in self._below(part, steps[1:], place)]

    def _item(self, entry: Entry, file: str) -> Item:
        key, value, line = entry
        place = f"{file}:{line}" if line else file
        try:
            known = resolve(fields.text(self._identity(key, value)), self._env)
            host = resolve(self._host(value), self._env)
        except (Wrong, Unreadable) as problem:
            raise Unlookable(f"{place}: {problem}") from None
        if not known.isprintable() or not known or not host.isprintable():
            raise Unlookable(f"{place}: {known!r}{host and f' on {host!r}'} is no name")
        return Item(source=self._name, key=known, value=value, host=host, place=place)

    def _identity(self, key: Scalar | None, value: Tree) -> Tree:
        if self._source.key:
            return _stated(value, self._source.key)
        if key is not None:
            return key
        return _stated(value, self._key) if isinstance(value, dict) else value

    def _host(self, value: Tree) -> str:
        if self._source.host_field:
            return fields.text(_stated(value, self._source.host_field))
        return self._source.host


def _stated(value: Tree, path: str) -> Tree:
    found = field_of(value, path)
    if found is MISSING:
        raise Wrong(f"the item has no {path}")
    return found


def _step(tree: Tree, step: str | int) -> list[Tree]:
    """What stands one step below, or nothing."""
    if isinstance(step, str) and isinstance(tree, dict):
        return [tree[step]] if step in tree else []
    if isinstance(step, int) and isinstance(tree, list):
        return tree[step : step + 1]
    return []


def _entries(tree: Tree, place: str) -> list[Entry]:
    if isinstance(tree, dict):
        lines = tree.key_lines if isinstance(tree, Map) else {}
        return [(Scalar(key), value, lines.get(key, 0)) for key, value in tree.items()]
    if isinstance(tree, list):
        return [(None, value, line_of(value)) for value in tree]
    if tree.plain and tree in ("", "~", "null"):
        return []
    raise Unlookable(f"{place} is neither a list nor a mapping")
