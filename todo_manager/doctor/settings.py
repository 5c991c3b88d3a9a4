"""The settings: each with where it comes from, the programs they vouch for, the PATH checks get."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from msgspec import structs

from todo_manager import pins, programs, signing, starter
from todo_manager.canonical import Map
from todo_manager.checks.base import Unresolvable
from todo_manager.doctor.base import Finding, Place, ok, problem, warning
from todo_manager.errors import IntegrityProblem, Unevaluated, Untrusted
from todo_manager.problems import Problems
from todo_manager.project import SETTINGS, Settings, Waivers, Watch
from todo_manager.shellword import word


def look(place: Place) -> Iterator[Finding]:
    root = place.root or place.start
    if place.settings_error is not None:
        yield problem("settings", place.settings_error)
        return
    yield _file(root)
    yield from (
        ok(name, f"{said} ({origin})") for name, said, origin in values(root, place.settings)
    )
    yield from _folders(root, place.settings)
    yield from _tools(root, place.settings)
    yield from _signing(root, place.settings)
    yield from _signers(root, place)
    yield from _editor(root)


def _file(root: Path) -> Finding:
    return ok("settings", SETTINGS if (root / SETTINGS).exists() else f"no {SETTINGS}: defaults")


def values(root: Path, settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Each setting with its value in words, and the line of the file that says so, or `default`."""
    lines = _lines(root)
    for field in structs.fields(Settings):
        origin = f"{SETTINGS}:{lines[field.name]}" if field.name in lines else "default"
        yield field.name, _shown(getattr(settings, field.name)), origin


def _shown(value: str | tuple[str, ...] | dict[str, object] | Waivers | Watch) -> str:
    if isinstance(value, Waivers):
        return f"max {value.max / 86_400:g}d"
    if isinstance(value, Watch):
        hook = f", hook {' '.join(map(word, value.hook))}" if value.hook else ", no hook"
        return f"every {value.every:g}s{hook}"
    return (value if isinstance(value, str) else ", ".join(value)) or "none"


def _lines(root: Path) -> dict[str, int]:
    from todo_manager.documents import loader

    try:
        text = (root / SETTINGS).read_text(encoding="utf-8-sig")
    except OSError:
        return {}
    # A file of comments alone is no YAML document; the settings it holds are none.
    tree = loader.load(text, Problems(SETTINGS)) if text.strip() else None
    return tree.key_lines if isinstance(tree, Map) else {}


def _folders(root: Path, settings: Settings) -> Iterator[Finding]:
    inside = [f for f in settings.path if (root / f).resolve().is_relative_to(root.resolve())]
    but = f"; shell texts and scripts do not search {', '.join(inside)}" if inside else ""
    yield ok("PATH", ":".join(programs.search_path(root, settings)) + but)
    for folder in settings.path:
        if not (root / folder).is_dir():
            hint = f"mkdir -p {word(folder)}, or take it out of path in {SETTINGS}"
            yield warning("PATH", f"{folder}, named under path, is no folder", hint)


def _tools(root: Path, settings: Settings) -> Iterator[Finding]:
    for name in settings.tools:
        try:
            found = programs.resolve(name, root, settings, {})
            yield ok(f"tool {name}", f"{found.path}, its sha256 is the one that was named")
        except Unresolvable as why:
            hint = f"sha256sum {word(settings.tools[name].path)}, then correct tools in {SETTINGS}"
            yield problem(f"tool {name}", Unevaluated(str(why), hint=hint))


def _signing(root: Path, settings: Settings) -> Iterator[Finding]:
    """Whether signatures can be made and verified, where somebody has to sign."""
    if not settings.signers:
        return
    try:
        yield ok("ssh-keygen", signing.program(root))
    except Untrusted as why:
        yield problem("ssh-keygen", why)


def _signers(root: Path, place: Place) -> Iterator[Finding]:
    """Whether the signers are as they were pinned: while they are not, nothing is done."""
    if place.db is None:
        return
    try:
        if pin := pins.in_force(place.db, root, place.settings):
            yield ok("signers", f"{pin.file} is as it was pinned in event {pin.seq}")
    except (Untrusted, IntegrityProblem) as why:
        yield problem("signers", why)
    except sqlite3.Error:
        return  # what is wrong with the store is told with the store


def _editor(root: Path) -> Iterator[Finding]:
    """Whether the schema that editors read is the one of this version."""
    from todo_manager.schema import plan_schema

    try:
        found = json.loads((root / starter.SCHEMA).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if found == plan_schema():
        yield ok("editor schema", starter.SCHEMA)
    else:
        said = f"{starter.SCHEMA} is of another version of the program"
        yield warning("editor schema", said, f"todo_manager schema > {starter.SCHEMA}")
