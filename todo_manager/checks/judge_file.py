"""What is said of one file that was found: its owner, its times, its content."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from todo_manager.checks import searching
from todo_manager.checks.expect import Expectation, Judgement, judge_paths, load_json, value_of
from todo_manager.checks.ground import shown
from todo_manager.checks.textmatch import not_text
from todo_manager.model import Verdict

if TYPE_CHECKING:
    from todo_manager.hosts.places import SomeFiles

CLOCK_SLACK = 2.0
"""Seconds by which a file's time may lie ahead of ours (coarse and remote file systems)."""


def judged(so: bool, expected: str, actual: str) -> Judgement:
    """Passed or failed."""
    return Judgement(Verdict.PASSED if so else Verdict.FAILED, expected, actual)


def unclear(expected: str, actual: str) -> Judgement:
    """An error: it could not be looked."""
    return Judgement(Verdict.ERROR, expected, actual)


def judge_mode(name: str, wanted: int, info: os.stat_result) -> Judgement:
    """The permission bits, exactly."""
    mode = stat.S_IMODE(info.st_mode)
    return judged(mode == wanted, f"{name} has the mode {wanted:04o}", f"it has {mode:04o}")


def judge_owner(name: str, owner: str, info: os.stat_result, files: SomeFiles) -> Judgement:
    """The user it belongs to, by name or number; a name that is not known there is an error."""
    try:
        wanted = int(owner) if re.fullmatch(r"[0-9]{1,10}", owner) else files.user(owner)
    except OSError as problem:
        return unclear(f"{name} belongs to {owner}", problem.strerror or str(problem))
    uid = info.st_uid
    return judged(uid == wanted, f"{name} belongs to {owner}", f"it belongs to user {uid}")


def judge_time(
    name: str,
    info: os.stat_result,
    now: float,
    max_age: float | None,
    newer_than: str,
    reference: int | None,
) -> list[Judgement]:
    """When it was changed, by the clock that dated it: within `max_age` seconds, and after `reference` (ns), which `newer_than` has.

    A time in the future is neither young nor new.
    """
    found = []
    age = now - info.st_mtime
    if max_age is not None:
        expected = f"{name} was changed within the last {max_age:g} s"
        found.append(judged(age <= max_age, expected, f"it was changed {age:.0f} s ago"))
    if newer_than:
        expected = f"{name} is newer than {shown(newer_than)}"
        newer = reference is not None and info.st_mtime_ns > reference
        otherwise = "it is not" if reference is not None else f"{shown(newer_than)} does not exist"
        found.append(judged(newer, expected, "it is" if newer else otherwise))
    if found and age < -CLOCK_SLACK:
        return [judged(False, j.expected, "its time is in the future") for j in found]
    return found


def judge_words(
    name: str,
    data: bytes,
    contains: tuple[str, ...],
    matches: tuple[re.Pattern[str], ...],
    lacks: tuple[str, ...],
) -> list[Judgement]:
    """Texts and patterns in a content. What stands in it is not repeated: it may be a secret."""
    text = data.decode("utf-8", "replace")
    found = []
    for needle in contains:
        so = needle in text
        found.append(judged(so, f"{name} contains {needle!r}", "in it" if so else "not in it"))
    for pattern in matches:
        so = searching.found(pattern, text)
        expected = f"{name} matches {pattern.pattern!r}"
        found.append(judged(so, expected, "a match in it" if so else "no match in it"))
    for needle in lacks:
        expected = f"{name} lacks {needle!r}"
        if needle in text or not text.strip():
            found.append(judged(False, expected, "in it" if text.strip() else "it is blank"))
        elif reason := not_text(data):
            found.append(unclear(expected, reason))
        else:
            found.append(judged(True, expected, "not in it"))
    return found


def judge_json(name: str, text: str, wanted: dict[str, Expectation]) -> list[Judgement]:
    """Paths into a JSON text; a text that is not JSON fails."""
    try:
        return judge_paths(load_json(text), wanted)
    except ValueError as problem:
        return [judged(False, f"{name} is JSON", f"it is not: {problem}")]


def judge_yaml(name: str, text: str, wanted: dict[str, Expectation]) -> list[Judgement]:
    """Broken YAML fails; YAML that is merely refused by the strict reading leaves it open."""
    from todo_manager.documents.loader import read_tree
    from todo_manager.errors import InvalidDocument

    try:
        return judge_paths(value_of(read_tree(text, name)), wanted)
    except InvalidDocument as problem:
        verdict = Verdict.ERROR if _is_yaml(text) else Verdict.FAILED
        return [Judgement(verdict, f"{name} is YAML that can be read", problem.problems[0])]
    except ValueError as problem:
        return [unclear(f"{name} is YAML that can be read", str(problem))]


def _is_yaml(text: str) -> bool:
    import yaml

    try:
        return all(True for _ in yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        return False
