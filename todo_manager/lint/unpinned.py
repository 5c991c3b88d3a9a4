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
        if found := _makefile(subject.root, tree):
            message = (
                f"make reads a GNUmakefile or makefile before a Makefile, and any may be put beside it; "
                f"name the one that is meant: make -f {found}"
            )
            yield line_of(tree), path, message, f"command: [make, -f, {found}]"


def _files(root: Path, tree: Tree) -> Iterator[str]:
    for word in dict.fromkeys(_of_command(tree)):
        path = word.removeprefix("./")
        plain = path and not path.startswith(("/", "-")) and ".." not in path.split("/")
        if plain and os.path.isfile(root / path):
            yield path


def _makefile(root: Path, tree: Tree) -> str:
    """What `make` would read, where it is not told which file; empty where it is, or nothing runs it."""
    words = _of_command(tree)
    makes = [at for at, word in enumerate(words) if os.path.basename(word) in ("make", "gmake")]
    said = any(
        word.startswith(("-f", "--file", "--makefile", "-C", "--directory")) for word in words
    )
    if not makes or (makes[0] > 0 and words[makes[0] - 1] not in (";", "&&", "||", "|", "exec")):
        return ""
    names = ("GNUmakefile", "makefile", "Makefile")
    return "" if said else next((name for name in names if os.path.isfile(root / name)), "")


def _of_command(tree: Tree) -> list[str]:
    command = tree.get("command") or []
    words = command if isinstance(command, list) else _words(str(command))
    return [str(word) for word in words]


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()
