"""The project's policy.yaml: which actions its steps may use, and within which bounds.

Without the file every action of this version is allowed. With it only those it names are, and every
bound it sets is held to; one that this version cannot hold to is refused, never passed over.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager.actions import KINDS, LATER_KINDS
from todo_manager.actions import load as load_action
from todo_manager.actions.base import Action
from todo_manager.actions.family import ACTIONS
from todo_manager.canonical import Map, Tree
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong
from todo_manager.checks.parse import member
from todo_manager.errors import InvalidDocument
from todo_manager.problems import Problems, did_you_mean

FILE = "policy.yaml"
_REQUIRES = {"free_disk": fields.size}


class Policy(Struct, frozen=True, kw_only=True):
    """What the project allows; `actions` is None without a policy file."""

    actions: dict[str, dict[str, Any]] | None = None
    """The bounds of each allowed action, read."""
    free_disk: int = 0
    """Bytes that must be free where the project lies before anything is executed."""
    written: Tree = {}
    """The file as it was written, for the step digest."""

    def bounds(self, kind: str) -> dict[str, Any]:
        return (self.actions or {}).get(kind, {})

    def refuses(
        self, tree: Tree, inputs: Collection[str], secrets: Collection[str], root: Path
    ) -> list[str]:
        """Why a step may not be executed, in words; empty when it may.

        What an input decides is not known before it has a value: then this is asked again.
        """
        kind = ACTIONS.kind_of(tree)
        if kind is None:
            return []
        if self.actions is not None and kind not in self.actions:
            return [f"{FILE} does not allow the action {kind}"]
        action = member(tree, lambda *_: None, ACTIONS, inputs=inputs, secrets=secrets)
        return self.against(action, "timeout" in tree, root) if action else []

    def against(self, action: Action, timed: bool, root: Path) -> list[str]:
        """What of an action is out of bounds; `timed`: its timeout was written, not the default."""
        bounds = self.bounds(action.kind)
        found = action.against(bounds, root)
        if timed and action.timeout > bounds.get("timeout", action.timeout):
            found.append(f"timeout: {FILE} allows {bounds['timeout']:g}s")
        return found

    def limits(self) -> dict[str, float]:
        """The seconds that it sets for kinds of actions."""
        actions = self.actions or {}
        return {kind: float(each["timeout"]) for kind, each in actions.items() if "timeout" in each}

    def seconds(self, action: Action) -> float:
        """How long an action may take."""
        return float(min(action.timeout, self.bounds(action.kind).get("timeout", action.timeout)))

    def short_of(self, root: Path) -> str:
        """What the machine lacks for anything to be executed, in words; empty when nothing."""
        try:
            free = shutil.disk_usage(root).free
        except OSError as error:
            return f"free space cannot be looked up: {error.strerror}" if self.free_disk else ""
        if free >= self.free_disk:
            return ""
        return f"{FILE} requires {self.free_disk} bytes of free disk; {free} are free"


def load(root: Path) -> Policy:
    """The policy of a project; InvalidDocument with everything wrong in its file."""
    path = root / FILE
    if not os.path.lexists(path):
        return Policy()
    from todo_manager import documents
    from todo_manager.documents import loader

    problems = Problems(FILE)
    text = documents.decoded(documents.read_bytes(path, FILE), problems)
    tree = loader.require_mapping(loader.load(text, problems), problems, "a policy")
    found = _read(tree, problems) if tree is not None else Policy()
    if problems.errors:
        raise InvalidDocument(problems.errors, hint=f"correct {FILE}, then repeat")
    return found


def _read(tree: Map, problems: Problems) -> Policy:
    for key in tree:
        if key not in ("actions", "requires"):
            known = did_you_mean(key, ("actions", "requires"))
            problems.error(tree.key_lines[key], key, f"unknown key{known}")
    actions = {}
    for kind, value in _mapping(tree, "actions", problems).items():
        line, path = tree["actions"].key_lines[kind], f"actions.{kind}"
        if kind in LATER_KINDS:
            problems.error(line, path, "is allowed here, but this action is not in this version")
        elif kind not in KINDS:
            problems.error(line, path, f"there is no such action{did_you_mean(kind, KINDS)}")
        else:
            actions[kind] = _bounds(kind, value, line, path, problems)
    requires: dict[str, Any] = {}
    for key, value in _mapping(tree, "requires", problems).items():
        line = tree["requires"].key_lines[key]
        _convert(requires, _REQUIRES, key, value, line, f"requires.{key}", problems)
    return Policy(
        actions=actions if "actions" in tree else None,
        free_disk=requires.get("free_disk", 0),
        written=tree,
    )


def _mapping(tree: Map, key: str, problems: Problems) -> dict[str, Tree]:
    found = tree.get(key, Map())
    if isinstance(found, Map):
        return found
    problems.error(tree.key_lines[key], key, "expected a mapping")
    return {}


def _bounds(kind: str, tree: Tree, line: int, path: str, problems: Problems) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if not isinstance(tree, Map):
        problems.error(line, path, "expected a mapping of bounds; {} allows it without any")
        return found
    readers = load_action(kind).bounds
    for key, value in tree.items():
        _convert(found, readers, key, value, tree.key_lines[key], f"{path}.{key}", problems)
    return found


def _convert(
    found: dict[str, Any],
    readers: dict[str, Any],
    key: str,
    value: Tree,
    line: int,
    path: str,
    problems: Problems,
) -> None:
    if key not in readers:
        what = f"this version cannot hold to it{did_you_mean(key, readers)}"
        problems.error(line, path, f"{what}; here it knows {', '.join(readers)}")
        return
    try:
        found[key] = readers[key](value)
    except Wrong as wrong:
        problems.error(line, path, str(wrong))
