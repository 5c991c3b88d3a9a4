"""The registry of actions, what steps can do. A new one is one module of this folder and one line here."""

from __future__ import annotations

from importlib import import_module

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
    """The class of a kind; KeyError for an unknown one.

    Raises TypeError for a class that would make the mappings of steps ambiguous, as for checks.
    """
    name = KINDS[kind]
    found: type[Action] = getattr(import_module(f"todo_manager.actions.{kind}"), name)
    parameters = set(found.__struct_fields__)
    if found.kind != kind or "subject" not in parameters:
        raise TypeError(f"{found.__name__} is registered as the kind {kind} and is not one")
    if taken := parameters & (KINDS.keys() | LATER_KINDS):
        raise TypeError(f"the kind {kind} has a parameter named like the kind {min(taken)}")
    return found
