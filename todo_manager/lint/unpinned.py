"""A command that is given a file of the project which nothing binds: editing it moves the gate unseen."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from todo_manager.canonical import Tree, line_of
from todo_manager.documents import yaml_text
from todo_manager.lint.base import WARNING, Subject

LEVEL = WARNING


def look(subject: Subject) -> Iterator[tuple[int, str, str, str]]:
    """Files among a command's words that its phase does not pin."""
    for index, path, tree in subject.checks():
        pins = subject.bound.definitions[index].pins
        for file in _files(subject.root, tree):
            if file not in pins:
                message = (
                    f"{file} is a file of the project that nothing binds; "
                    f"add `pins: [{file}]` so that changing it changes the definition"
                )
                yield line_of(tree), path, message, f"pins: {yaml_text.flow([file])}"


def _files(root: Path, tree: Tree) -> Iterator[str]:
    command = tree.get("command")
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
