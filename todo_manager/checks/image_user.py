"""Whom an image or a container runs as, and whether that is root under any name."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

from todo_manager.checks import searching
from todo_manager.checks.expect import Expectation, Judgement
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.engines.engine import Absent
from todo_manager.engines.image_files import Dangling, ImageFiles
from todo_manager.model import Verdict

ROOT = "root"
_USERS = "/etc/passwd"
_NUMBER = re.compile("[+-]?[0-9]+")

Opened = Callable[[], AbstractContextManager[ImageFiles]]
"""Opens the files by which the engine tells what number a name has."""


def judge_user(actual: str, wanted: Expectation, opened: Opened) -> Judgement:
    """Compared by what it means: no user, 0 and root are the same user.

    A name that must not be root is looked up, for a name is given the number 0 easily. May raise
    Unreachable.
    """
    meant, expected = _plain(actual), f"its user is {wanted}"
    said = f"it runs as {actual or 'root (it names no user)'}"
    if wanted.operator == "matches":
        return judged(bool(actual) and searching.found(wanted.value, actual), expected, said)
    other = _plain(str(wanted.value))
    if wanted.operator == "eq":
        return judged(meant == other, expected, said)
    if other != ROOT:
        return judged(meant != other, expected, said)
    name = meant.partition(":")[0]
    if name == ROOT or _NUMBER.fullmatch(name):
        return judged(name != ROOT, expected, said)
    with opened() as files:
        return _judge_name(name, Judgement(Verdict.PASSED, expected, said), files)


def _judge_name(name: str, so_far: Judgement, files: ImageFiles) -> Judgement:
    """The same once the number of a name is known; its engine takes the first line of that name."""
    try:
        text = files.look(_USERS, content=True).data.decode("utf-8", "replace")
    except (Absent, Dangling):
        return unclear(so_far.expected, f"{so_far.actual}: there is no {_USERS} to say who that is")
    lines = (line.split(":") for line in text.splitlines())
    number = next((words[2] for words in lines if words[0] == name and len(words) > 2), "")
    if not _NUMBER.fullmatch(number):
        return unclear(so_far.expected, f"{so_far.actual}: {_USERS} does not say who that is")
    if int(number) == 0:
        return judged(
            False, so_far.expected, f"{so_far.actual}, to whom {_USERS} gives the number 0"
        )
    return so_far


def _plain(text: str) -> str:
    """`10001:10001` as it is; every way to write root as `root`, with its group where one is named."""
    name, colon, group = text.partition(":")
    name = ROOT if name in ("", ROOT) or re.fullmatch("[+-]?0+", name) else name
    return name + (colon + group if group and group not in ("0", ROOT) else "")
