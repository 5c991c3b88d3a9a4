"""The actions as the readers of a plan know them."""

from __future__ import annotations

from todo_manager.actions import KINDS, LATER_KINDS, LATER_PARAMETERS, load
from todo_manager.actions.base import Action
from todo_manager.checks.family import Family

ACTIONS: Family[Action] = Family(
    "step", "`run: make all`", KINDS, LATER_KINDS, LATER_PARAMETERS, Action, load
)
