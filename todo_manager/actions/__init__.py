"""The registry of actions, what steps can do. A new one is one module of this folder and one line here."""

from __future__ import annotations

from todo_manager import kinds
from todo_manager.actions.base import Action

KINDS: dict[str, str] = {
    "build": "Build",
    "container": "Container",
    "deploy": "Deploy",
    "exec": "Exec",
    "pull": "Pull",
    "push": "Push",
    "rollback": "Rollback",
    "run": "Run",
    "stop": "Stop",
    "tag": "Tag",
}
"""Kind → class, which lives in the module of the kind's name; imported only when it is used."""

LATER_KINDS = frozenset(["write", "append", "replace", "move", "promote", "clone", "fetch"])
LATER_PARAMETERS = frozenset[str]()
"""Words of the plan format that this version does not act on, and therefore refuses."""


def load(kind: str) -> type[Action]:
    """The class of a kind; KeyError for an unknown one, TypeError for one that `kinds.load` refuses."""
    return kinds.load(__name__, KINDS, LATER_KINDS, kind)
