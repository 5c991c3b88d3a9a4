"""What a reader of plan documents is: bytes in, plans out, problems collected."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from todo_manager.model import PlanDoc
from todo_manager.problems import Problems

MAX_BYTES = 2_000_000
"""A plan document is text a person wrote; what is larger is something else."""


class Document(Struct, frozen=True, kw_only=True):
    """A file that was read: its plans, its bytes as they were, and what was worth a warning."""

    name: str
    """The path as the user gave it; messages use it."""
    original: bytes
    format: str
    plans: tuple[PlanDoc, ...]
    warnings: tuple[str, ...] = ()


class Reader(Protocol):
    """One plan format. Members are modules of this folder that define these two functions."""

    FORMAT: str
    """Its name in the store and in messages."""

    def recognises(self, name: str, text: str) -> bool:
        """Whether a document of this name and decoded text is meant to be of this format."""

    def read(self, text: str, problems: Problems) -> tuple[PlanDoc, ...]:
        """The plans of a document; what is wrong goes into `problems`, nothing is raised for it."""
