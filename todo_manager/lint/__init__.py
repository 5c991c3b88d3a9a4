"""Lint: what is wrong or weak in plan documents, each with what to write instead.

The registry of its rules: a new one is one module of this folder and one line here. What the reader of
documents refuses is explained by `advice.py`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from todo_manager.binding import Bound
from todo_manager.lint import advice
from todo_manager.lint.base import WARNING, Finding, Rule, Subject

RULES = (
    "no_required_check",
    "no_text",
    "twins",
    "unpinned",
    "misnamed",
    "no_wait",
    "hardcoded_localhost",
)
"""Modules, in the order in which their findings are told."""


def look(root: Path, bound: Bound) -> list[Finding]:
    """Everything lint has to say about a plan that loads, the reader's warnings first."""
    document = bound.document
    found = advice.explained(document.name, document.warnings, document.original, level=WARNING)
    subject = Subject(root=root, bound=bound)
    for name in RULES:
        rule = cast(Rule, import_module(f"{__name__}.{name}"))
        found += [
            Finding(
                file=document.name,
                line=line,
                path=path,
                level=rule.LEVEL,
                message=message,
                example=example,
                rule=name,
            )
            for line, path, message, example in rule.look(subject)
        ]
    # What `for_each` repeats is written once, so it is told once.
    told = {(each.line, each.message): each for each in reversed(found)}
    return [each for each in found if told[each.line, each.message] is each]
