"""Where a project is, its settings, and paths that must stay inside it."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from todo_manager.errors import EnvironmentProblem, InvalidDocument, Kind, UsageProblem
from todo_manager.problems import Problems, did_you_mean

STORE = ".todo_manager"
SETTINGS = "todo_manager.yaml"
_KNOWN = ("tools", "path", "env_file")


class Tool(Struct, frozen=True):
    """A program the project vouches for although it lies inside it."""

    path: str
    sha256: str


class Settings(Struct, frozen=True, kw_only=True):
    """What `todo_manager.yaml` says."""

    tools: dict[str, Tool] = {}
    path: tuple[str, ...] = ()
    """Folders searched for programs after the system's own."""
    env_file: str = ".env"


def find(start: Path) -> Path | None:
    """The nearest folder at or above `start` that holds a store, as git finds its own."""
    for folder in (start, *start.parents):
        if (folder / STORE).is_dir():
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
        if (folder / ".git").exists():
            return folder
    return start


def inside(root: Path, path: str) -> Path:
    """A relative path of a plan or setting, taken from the project root.

    Raises ValueError when it is absolute, climbs with `..`, or leaves through a symlink.
    """
    if not path or os.path.isabs(path) or ".." in Path(path).parts or "\0" in path:
        raise ValueError(f"{path!r} is not a path inside the project")
    found = root / path
    if not found.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{path!r} leaves the project through a symlink")
    return found


def settings(root: Path) -> Settings:
    """The project's settings; InvalidDocument when the file does not load."""
    file = root / SETTINGS
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeError) as error:
        raise InvalidDocument([f"{SETTINGS}: cannot be read: {error}"]) from None
    problems = Problems(SETTINGS)
    found = _read_settings(text, problems)
    for folder in found.path:
        _check_folder(root, folder, problems)
    problems.raise_if_any()
    return found


def _read_settings(text: str, problems: Problems) -> Settings:
    from todo_manager.canonical import Scalar, line_of
    from todo_manager.documents import loader

    tree = loader.load(text, problems) if text.strip() and not _only_comments(text) else {}
    if not isinstance(tree, dict):
        if tree is not None:
            problems.error(line_of(tree), "", "settings are a mapping of keys to values")
        return Settings()
    for key in tree:
        if key not in _KNOWN:
            problems.error(line_of(tree[key]), key, f"unknown setting{did_you_mean(key, _KNOWN)}")
    env_file = tree.get("env_file", Scalar(".env"))
    path = tree.get("path", [])
    if not isinstance(env_file, Scalar) or not isinstance(path, list):
        problems.error(line_of(tree), "", "env_file is one path, path is a list of folders")
        return Settings()
    return Settings(
        tools=_tools(tree.get("tools", {}), problems),
        path=tuple(str(folder) for folder in path),
        env_file=str(env_file),
    )


def _check_folder(root: Path, folder: str, problems: Problems) -> None:
    """A folder of the search path may lie anywhere, but a relative one must be in the project."""
    if not os.path.isabs(folder):
        try:
            inside(root, folder)
        except ValueError as error:
            problems.error(0, "path", str(error))


def _only_comments(text: str) -> bool:
    return all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines())


def _tools(tree: object, problems: Problems) -> dict[str, Tool]:
    from todo_manager.canonical import line_of

    if not isinstance(tree, dict):
        problems.error(line_of(tree), "tools", "expected a mapping of names to {path, sha256}")
        return {}
    found = {}
    for name, value in tree.items():
        if not isinstance(value, dict) or set(value) != {"path", "sha256"}:
            problems.error(line_of(value), f"tools.{name}", "expected {path: …, sha256: …}")
        else:
            found[str(name)] = Tool(str(value["path"]), str(value["sha256"]).lower())
    return found


def env_file_values(root: Path, path: str) -> dict[str, str]:
    """The values of the project's env file, without expansion; empty when there is none."""
    try:
        file = inside(root, path)
    except ValueError as error:
        raise UsageProblem(f"{SETTINGS}: env_file: {error}") from None
    if not file.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        values = dotenv_values(file, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise UsageProblem(f"{path}: cannot be read: {error}") from None
    return {name: value for name, value in values.items() if value is not None}
