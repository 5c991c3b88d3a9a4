"""Where a project is, its settings, and paths that must stay inside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Map, Tree
from todo_manager.errors import EnvironmentProblem, InvalidDocument, Kind, UsageProblem
from todo_manager.problems import Problems, did_you_mean

STORE = ".todo_manager"
SETTINGS = "todo_manager.yaml"
_MAX_BYTES = 1_000_000
"""A settings or env file is written by a person; what is larger is something else."""


class Tool(Struct, frozen=True):
    """A program the project vouches for although it lies inside it."""

    path: str
    sha256: str


class Waivers(Struct, frozen=True, kw_only=True):
    """Bounds of waivers."""

    max: float = 90 * 86_400.0
    """Seconds for which one may be asked at the most."""


class Watch(Struct, frozen=True, kw_only=True):
    """How `watch` works where its options do not say."""

    every: float = 600.0
    """Seconds between two looks at a phase."""
    hook: tuple[str, ...] = ()
    """The program that is told of a change, with its arguments."""


class Settings(Struct, frozen=True, kw_only=True):
    """What `todo_manager.yaml` says."""

    tools: dict[str, Tool] = {}
    path: tuple[str, ...] = ()
    """Folders searched for programs after the system's own."""
    env_file: str = ".env"
    waivers: Waivers = Waivers()
    watch: Watch = Watch()
    signers: str = ""
    """The file of persons and their SSH keys (OpenSSH's allowed signers); empty: nobody has to sign."""


def find(start: Path) -> Path | None:
    """The nearest folder at or above `start` that holds a store, as git finds its own."""
    for folder in (start, *start.parents):
        if os.path.isdir(folder / STORE):
            return folder
    return None


def require(start: Path) -> Path:
    """The project a verb works in; EnvironmentProblem (store_missing) when there is none."""
    found = find(start)
    if found is None:
        raise EnvironmentProblem(
            f"no plan store here: neither {start} nor a folder above it holds {STORE}/",
            kind=Kind.STORE_MISSING,
            hint="todo_manager init, or todo_manager import FILE, which makes one",
        )
    return found


def home_for(start: Path) -> Path:
    """Where a new store belongs: the git root above `start`, else `start` itself."""
    for folder in (start, *start.parents):
        if os.path.exists(folder / ".git"):
            return folder
    return start


def inside(root: Path, path: str) -> Path:
    """A relative path of a plan or setting, taken from the project root.

    Raises ValueError when it is absolute, climbs with `..`, or leaves through a symlink.
    """
    if not path or os.path.isabs(path) or ".." in Path(path).parts or "\0" in path:
        raise ValueError(f"{path!r} is not a path inside the project")
    found = root / path
    try:
        real = found.resolve()
    except (OSError, RuntimeError):
        raise ValueError(f"{path!r} is a symlink that leads round in a circle") from None
    if not real.is_relative_to(root.resolve()):
        raise ValueError(f"{path!r} leaves the project through a symlink")
    return found


def settings(root: Path) -> Settings:
    """The project's settings; InvalidDocument when the file does not load."""
    text = _small_text(root / SETTINGS, SETTINGS)
    if text is None:
        return Settings()
    problems = Problems(SETTINGS)
    found = _read_settings(root, text, problems)
    if problems.errors:
        raise InvalidDocument(problems.errors, hint=f"correct {SETTINGS}, then repeat")
    return found


def _small_text(file: Path, shown: str) -> str | None:
    """The text of a settings or env file, None without one; InvalidDocument when it is something else.

    Looked at first: a named pipe would be waited for, and a device has no end.
    """
    try:
        if not file.is_file():
            if not os.path.lexists(file):
                return None
            raise InvalidDocument([f"{shown}: is not a file"], hint=f"ls -l {shown}")
        with open(file, "rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        problem = f"{shown}: cannot be read: {error.strerror}"
        raise InvalidDocument([problem], hint=f"ls -l {shown}") from None
    if len(data) > _MAX_BYTES:
        problem = f"{shown}: is larger than {_MAX_BYTES // 10**6} MB"
        raise InvalidDocument([problem], hint=f"ls -l {shown}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problem = f"{shown}:{line}: is not UTF-8 text"
        raise InvalidDocument([problem], hint=f"correct {shown}, then repeat") from None


def _read_settings(root: Path, text: str, problems: Problems) -> Settings:
    from todo_manager.checks import fields
    from todo_manager.documents import loader

    tree = loader.load(text, problems) if text.strip() and not _only_comments(text) else Map()
    if not isinstance(tree, Map):
        if tree is not None:
            problems.error(1, "", "settings are a mapping of keys to values")
        return Settings()
    found: dict[str, Any] = {}
    readers: dict[str, Callable[[Tree], Any]] = {
        "tools": _tools,
        "path": lambda value: _folders(root, value),
        "env_file": lambda value: _file(root, value),
        "waivers": _waivers,
        "watch": _watch,
        "signers": lambda value: _file(root, value),
    }
    for key, value in tree.items():
        line = tree.key_lines[key]
        if key not in readers:
            problems.error(line, key, f"unknown setting{did_you_mean(key, readers)}")
            continue
        try:
            found[key] = readers[key](value)
        except (fields.Wrong, ValueError) as wrong:
            problems.error(line, key, str(wrong))
    return Settings(**found)


def _only_comments(text: str) -> bool:
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


def _folders(root: Path, tree: Tree) -> tuple[str, ...]:
    """Folders of the search path may lie anywhere, but a relative one must be in the project."""
    from todo_manager.checks import fields

    if not isinstance(tree, list):
        raise ValueError("expected a list of folders")
    found = tuple(fields.text(folder) for folder in tree)
    for folder in found:
        if not os.path.isabs(folder):
            inside(root, folder)
    return found


def _file(root: Path, tree: Tree) -> str:
    from todo_manager.checks import fields

    found = fields.text(tree)
    inside(root, found)
    return found


def _waivers(tree: Tree) -> Waivers:
    from todo_manager.checks import fields

    return Waivers(**_read(tree, {"max": fields.timeout}))


def _watch(tree: Tree) -> Watch:
    from todo_manager.checks import fields

    return Watch(**_read(tree, {"every": fields.timeout, "hook": fields.texts}))


def _read(tree: Tree, known: dict[str, Callable[[Tree], Any]]) -> dict[str, Any]:
    """The values of a mapping of settings that are all known."""
    if not isinstance(tree, dict):
        raise ValueError(f"expected a mapping of {', '.join(known)}")
    if unknown := tree.keys() - known.keys():
        name = min(unknown)
        raise ValueError(f"{name}: unknown setting{did_you_mean(name, known)}")
    return {name: known[name](value) for name, value in tree.items()}


def _tools(tree: Tree) -> dict[str, Tool]:
    from todo_manager.checks import fields

    if not isinstance(tree, dict):
        raise ValueError("expected a mapping of names to {path, sha256}")
    found = {}
    for name, value in tree.items():
        if not isinstance(value, dict) or set(value) != {"path", "sha256"}:
            raise ValueError(f"{name}: expected {{path: …, sha256: …}}")
        found[str(name)] = Tool(fields.text(value["path"]), fields.sha256(value["sha256"]))
    return found


def env_file_values(root: Path, path: str) -> dict[str, str]:
    """The values of the project's env file, without expansion; empty when there is none.

    Raises InvalidDocument for a line that is not read: it may hold the very secret that must be
    masked, or the value somebody waits for.
    """
    try:
        file = inside(root, path)
    except ValueError as error:
        raise UsageProblem(f"the env file: {error}", hint=f"ls -l {path}") from None
    text = _small_text(file, path)
    if not text:
        return {}
    from io import StringIO

    from dotenv.parser import parse_stream

    lines = list(parse_stream(StringIO(text)))
    bad = [
        f"{path}:{line.original.line}: is not NAME=value, or a quote in it is not closed"
        for line in lines
        if line.error
    ]
    if bad:
        raise InvalidDocument(bad, hint=f"correct {path}, then repeat")
    return {line.key: line.value for line in lines if line.key and line.value is not None}
