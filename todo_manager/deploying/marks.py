"""The labels by which a deployment knows its own containers, and what they record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from todo_manager.canonical import Tree, decode
from todo_manager.engines.containers import Container

OURS = "todo_manager"
SERVICE = "todo_manager.service"
PLAN = "todo_manager.plan"
ROLE = "todo_manager.role"
NAME = "todo_manager.container"
"""The name of the container that serves, whatever this one is called."""
REFERENCE = "todo_manager.reference"
"""The name of the image it was made from."""
PREVIOUS = "todo_manager.previous"
"""The ID of the image that ran before; empty where there is none."""
ROLLED_BACK = "todo_manager.rolled_back_from"
"""The ID of the image from which it was taken back; empty where it was deployed."""
SPEC = "todo_manager.spec"
"""A digest of all that makes it what it is."""
OUTSIDE = "todo_manager.outside"
"""The check by which the world outside sees it, as canonical text."""

SERVING, TRIED = "serving", "candidate"
"""Roles: one that has, or is to get, the name of its service; one that is only tried."""
BEHIND = "-prev"
"""What is put behind an image's tag to name the image that ran before it."""


def of(found: Container) -> dict[str, str]:
    """The labels of a container."""
    return {str(key): str(value) for key, value in (found.config.get("Labels") or {}).items()}


def outside_of(found: Container) -> Tree:
    """The outside check a container was deployed with; None where it had none."""
    try:
        return decode(of(found).get(OUTSIDE) or "{}") or None
    except ValueError:
        return None


def previous_name(found: Container) -> str:
    """The name under which the image is kept that ran before."""
    return of(found).get(REFERENCE, "") + BEHIND


def serving_name(row: Mapping[str, Any], service: str, plan: str) -> str:
    """The name of a listed container if it serves a service, of any plan where none is named."""
    marks = row.get("Labels") or {}
    name = str(marks.get(NAME) or "")
    right = marks.get(SERVICE) == service and marks.get(ROLE) == SERVING
    if right and plan in ("", marks.get(PLAN)) and f"/{name}" in (row.get("Names") or ()):
        return name
    return ""
