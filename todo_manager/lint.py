"""What is allowed in a plan but proves little: said before anybody relies on it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from todo_manager.binding import Bound
from todo_manager.canonical import Tree, line_of
from todo_manager.coupling import SCRIPT_NAME, folder_names


class Findings(Struct, frozen=True, kw_only=True):
    """Errors (lint fails) and warnings of one plan, each one line."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def look(root: Path, bound: Bound) -> Findings:
    """Everything lint has to say about a plan that loads."""
    name = bound.document.name
    errors = [
        f"{name}: phases[{index}]: {phase.key}: no required check, so `done` always refuses it; "
        f"add one under verify, or write phases/{bound.plan.id}/p{index}_check.sh"
        for index, phase in enumerate(bound.plan.phases)
        if not bound.definitions[index].required_count()
    ]
    warnings = [*bound.document.warnings]
    for index, phase in enumerate(bound.plan.phases):
        pins = bound.definitions[index].pins
        for position, tree in enumerate(phase.verify):
            where = f"{name}:{line_of(tree)}: phases[{index}].verify[{position}]"
            warnings += [
                f"{where}: {file} is a file of the project that nothing binds; "
                f"add `pins: [{file}]` so that changing it changes the definition"
                for file in _unpinned(root, tree)
                if file not in pins
            ]
    warnings += [f"{path}: {what}" for path, what in _misnamed(root, bound)]
    return Findings(errors=tuple(errors), warnings=tuple(warnings))


def _unpinned(root: Path, tree: Tree) -> Iterator[str]:
    """Files of the project among a command's words."""
    command = tree.get("command") if isinstance(tree, dict) else None
    if command is None:
        return
    words = command if isinstance(command, list) else _words(str(command))
    for word in dict.fromkeys(str(word) for word in words):
        path = word.removeprefix("./")
        plain = path and not path.startswith(("/", "-")) and ".." not in path.split("/")
        if plain and os.path.isfile(root / path):
            yield path


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def _misnamed(root: Path, bound: Bound) -> Iterator[tuple[str, str]]:
    """Files that look as if they were meant for a phase and are only helpers."""
    for path in folder_names(root, bound.plan.id):
        last = path.rsplit("/", 1)[-1]
        looks = last[:1] in "pP" and last[1:2].isdigit()
        if looks and (not SCRIPT_NAME.fullmatch(last) or path.count("/") > 2):
            yield path, "is a helper, not a script of a phase; scripts are named p<N>_<slug>.<ext>"
