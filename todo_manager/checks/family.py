"""What the readers of a plan know of a family of kinds: the checks, and the actions of steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from todo_manager.checks import KINDS, LATER_KINDS, LATER_PARAMETERS, load
from todo_manager.checks.base import Check


class Member(Protocol):
    """What every kind of every family offers to the readers."""

    kind: ClassVar[str]
    runs_programs: ClassVar[bool]
    shell_fields: ClassVar[frozenset[str]]

    def label(self) -> str:
        """Its subject in one line."""

    def problems(self) -> list[str]:
        """What is wrong between its parameters."""

    def lint(self) -> list[str]:
        """What is allowed but weak."""


M = TypeVar("M", bound=Member)


class Family(NamedTuple, Generic[M]):
    """One family of kinds."""

    noun: str
    """What one of its mappings is called in messages."""
    example: str
    kinds: dict[str, str]
    later: frozenset[str]
    """Kinds that are not in this version."""
    later_parameters: frozenset[str]
    base: type[M]
    """The class that holds the parameters common to all."""
    load: Callable[[str], type[M]]

    def kind_of(self, tree: Any) -> str | None:
        """The one kind a mapping names, or None when it names none or several."""
        found = [key for key in tree if key in self.kinds]
        return found[0] if len(found) == 1 else None

    def fields_of(self, kind: type[M]) -> tuple[str, ...]:
        """The names of all its parameters; the subject stands under the name `subject`."""
        names: tuple[str, ...] = getattr(kind, "__struct_fields__")  # noqa: B009 - no part of Member
        return names

    def shell_keys(self, tree: Any) -> list[str]:
        """The keys of a mapping under which shell text stands, in which nothing is substituted."""
        kind = self.kind_of(tree)
        shell = self.load(kind).shell_fields if kind else frozenset[str]()
        return [
            key
            for key, value in tree.items()
            if ("subject" if key == kind else key) in shell and isinstance(value, str)
        ]


CHECKS: Family[Check] = Family(
    "check", "`file: docs/plan.md`", KINDS, LATER_KINDS, LATER_PARAMETERS, Check, load
)
