"""Which files of a project a pattern means: pins, and what a check may read. Standard library only."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase


def matching(root: str, pattern: str) -> list[str]:
    """The files of a project that a pin names or matches, as relative paths.

    `**` goes through links to folders, too, but so into each folder once: two links to the folder they lie
    in would otherwise be endless ways.
    """
    if pattern.endswith("/"):
        return []
    wanted = [part for part in pattern.split("/") if part not in ("", ".")]
    if "**" not in wanted:
        names = glob.glob(pattern, root_dir=root, include_hidden=True)
    else:
        start = "./" if pattern.startswith("./") else ""
        names = [start + name for name in _below(root, wanted) if _matches(name.split("/"), wanted)]
    return [name for name in names if os.path.isfile(os.path.join(root, name))]


def _below(root: str, wanted: list[str]) -> Iterator[str]:
    """All files in folders that the pattern may lead into."""
    entered: set[tuple[int, int]] = set()
    todo = [("", False)]
    while todo:
        prefix, through_link = todo.pop()
        folder = os.path.join(root, prefix)
        try:
            status = os.stat(folder)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name, reverse=True)
        except OSError:
            continue
        if through_link and (status.st_dev, status.st_ino) in entered:
            continue
        if through_link:
            entered.add((status.st_dev, status.st_ino))
        for entry in entries:
            path = prefix + entry.name
            if not entry.is_dir():
                yield path
            elif _leads(path.split("/"), wanted):
                todo.append((f"{path}/", through_link or entry.is_symlink()))


def _matches(names: list[str], wanted: list[str]) -> bool:
    if not names or not wanted:
        return not names and not wanted
    if wanted[0] == "**":
        rest = wanted[1:]
        return not rest or _matches(names, rest) or _matches(names[1:], wanted)
    return fnmatchcase(names[0], wanted[0]) and _matches(names[1:], wanted[1:])


def _leads(names: list[str], wanted: list[str]) -> bool:
    """Whether what matches may lie below this folder."""
    for name, part in zip(names, wanted):
        if part == "**":
            return True
        if not fnmatchcase(name, part):
            return False
    return len(names) < len(wanted)
