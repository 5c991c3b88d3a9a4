"""What to write instead of what a reader refuses: its messages, each with its rule and an example.

The reader says what is wrong and where. Here stands how the line could look, made from the line itself
where a word in it is only misspelt, from a table (`advice_table.py`) where the message is known, and
from the kind's own documentation otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from todo_manager.canonical import Map, Tree
from todo_manager.checks.docs import docs
from todo_manager.checks.parse import kind_of
from todo_manager.documents import loader
from todo_manager.documents.names import slug
from todo_manager.lint.advice_table import ADVICE, Advice
from todo_manager.lint.base import Finding
from todo_manager.problems import Problems

_PLACE = re.compile(
    r"(?:(?P<line>[0-9]+): |(?= ))?\s*(?:(?P<path>[\w.\[\]${}<-]+): )?(?P<message>.*)"
)
_GUESS = re.compile(r"\(did you mean (.+?)\?\)")
_QUOTED = re.compile(r"'([^']+)'|\$\{([^}]+)\}")
_COMMENT = re.compile(r"\s+#\s.*")
_PLACEHOLDER = re.compile(r"<([\w-]+)[^>]*>")
_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]+)\]")


def explained(name: str, problems: Iterable[str], original: bytes, *, level: str) -> list[Finding]:
    """The findings that the lines of a reader are; `original` is the document they are about."""
    text = original.decode("utf-8-sig", "replace")
    return [_explained(name, problem, text, level) for problem in problems]


def _explained(name: str, problem: str, text: str, level: str) -> Finding:
    found = _PLACE.fullmatch(problem.removeprefix(f"{name}:").replace("\n", " "))
    assert found is not None
    line, path, message = int(found["line"] or 0), found["path"] or "", found["message"]
    lines = text.splitlines()
    written = _COMMENT.sub("", lines[line - 1].strip()) if 0 < line <= len(lines) else ""
    advice, match = _known(f"{_key(path)}: {message}" if path else message)
    example = _respelt(message, path, written)
    if not example and match:
        example = _filled(advice, match, path, written)
    return Finding(
        file=name,
        line=line,
        path=path,
        level=level,
        message=message,
        example=example or _of_the_kind(text, path),
        rule=advice.rule,
    )


def _known(message: str) -> tuple[Advice, re.Match[str] | None]:
    for advice in ADVICE:
        if match := re.search(advice.pattern, message):
            return advice, match
    return Advice("value", "", ""), None


def _respelt(message: str, path: str, written: str) -> str:
    """The line with the misspelt word put right; empty where none is guessed."""
    guess = _GUESS.search(message)
    if not guess or not written:
        return ""
    quoted = _QUOTED.search(message)
    wrong = (quoted[1] or quoted[2]) if quoted else _key(path)
    if wrong in re.findall(r"[\w-]+", written):
        return written.replace(wrong, guess[1], 1)
    near = get_close_matches(guess[1], re.findall(r"([\w-]+):(?= )", written), n=1)
    return written.replace(near[0], guess[1], 1) if near else guess[1]


def _key(path: str) -> str:
    """The key a path ends in; its list, where it ends in an item of one."""
    return re.sub(r"\[[0-9]+\]$", "", path).rpartition(".")[2]


def _filled(advice: Advice, match: re.Match[str], path: str, written: str) -> str:
    """The example of an advice with what the message names put in."""
    found = advice.example.replace("{key}", _key(path)).replace("{line}", written)
    found = _PLACEHOLDER.sub(r"my-\1", found) if advice.rule == "placeholder" else found
    found = found.replace("{slug}", slug(match[1]) if "{slug}" in found else "")
    for number, group in enumerate(match.groups(), start=1):
        found = found.replace(f"{{{number}}}", group or "")
    return found


def _of_the_kind(text: str, path: str) -> str:
    """How a check of that kind is written; a whole small plan where it is about no check."""
    tree: Tree = loader.load(text, Problems(""))
    for key, index in _STEP.findall(path):
        if isinstance(tree, Map) and (kind := kind_of(tree)):
            return docs(kind).example
        if isinstance(tree, dict):
            tree = tree.get(key)
        elif isinstance(tree, list) and index and int(index) < len(tree):
            tree = tree[int(index)]
    kind = kind_of(tree) if isinstance(tree, Map) else None
    return docs(kind).example if kind else WHOLE


WHOLE = """\
schema: todo_manager/plan@1
id: release
title: Ship it
phases:
  - title: Runbook
    verify:
      - file: docs/runbook.md"""
"""The smallest plan that can be done."""
