"""Scripts follow their phase: they are coupled by its index, which an edit of the order changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from todo_manager.coupling import SCRIPT_NAME, folder_names, script_index


def moved(root: Path, plan_id: str, before: Sequence[str], after: Sequence[str]) -> dict[str, str]:
    """The scripts of phases that get another index, by path, each with the path that goes with it.

    `before` and `after` are the keys of all phases, in order. Raises ValueError or OSError.
    """
    places = {key: index for index, key in enumerate(after)}
    found = {}
    for path in folder_names(root, plan_id):
        index = script_index(path)
        if index is None or index >= len(before):
            continue
        place = places[before[index]]
        if place != index:
            found[path] = _renumbered(path, place)
    return found


def _renumbered(path: str, index: int) -> str:
    file = PurePosixPath(path)
    match = SCRIPT_NAME.fullmatch(file.name)
    assert match is not None
    return str(file.with_name(f"p{index:0{len(match[1])}d}_{match[2]}"))
