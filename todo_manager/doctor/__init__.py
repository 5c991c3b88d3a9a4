"""The registry of what `doctor` looks at. A new topic is one module of this folder and one line here."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from todo_manager.doctor.base import Finding, Place, problem
from todo_manager.errors import EnvironmentProblem, TodoError
from todo_manager.shellword import word

TOPICS = (
    "program",
    "store",
    "holders",
    "waivers",
    "settings",
    "names",
    "kinds",
    "engine",
    "deployments",
    "localhost",
    "machine",
)
"""Modules, in the order in which they are told. Each has `look(place)`, which yields its findings."""


def examine(start: Path) -> Iterator[Finding]:
    """Everything that was looked at from a folder, as it is found; never raises for what it finds."""
    place = Place(start)
    try:
        for topic in TOPICS:
            yield from _findings(topic, place)
    finally:
        place.close()


def _findings(topic: str, place: Place) -> Iterator[Finding]:
    try:
        yield from import_module(f"todo_manager.doctor.{topic}").look(place)
    except TodoError as error:
        yield problem(topic, error)
    except OSError as error:
        yield problem(topic, _closed(error))


def _closed(error: OSError) -> TodoError:
    """The words for a file or folder that cannot be looked at."""
    return EnvironmentProblem(
        f"{error.filename}: {error.strerror}", hint=f"ls -ld {word(str(error.filename))}"
    )
