"""What an action is: a frozen value with its parameters, and one attempt at doing it.

A kind is one module of this folder with one subclass of `Action`, named in the registry
(`actions/__init__.py`). Its class docstring is its documentation; each field's is its parameter's.
What came of it is an `Outcome`, as of a check: passed means done, failed that it was tried and did not
succeed, error that it could not be tried, or that nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, Program, Ran
from todo_manager.checks.fields import Convert
from todo_manager.engines.engine import Engine
from todo_manager.hosts.elsewhere import Elsewhere
from todo_manager.processes.client import Cancel, Tell

__all__ = ["Action", "Site", "Tell"]


class Site(Protocol):
    """What an action may use: the project, programs, engines. Made by `running.py`."""

    root: Path
    """The folder that holds `.todo_manager/`."""
    plan: str
    """The id of the plan whose step it is."""
    cancel: Cancel
    """Set when the run is interrupted: what was begun is to be ended, and tidied up."""

    elsewhere: Elsewhere
    """The other machines and the containers in which programs can be run."""

    def program(self, name: str) -> Program:
        """The executable of this name; raises Unresolvable when there is none that may be used."""

    def hand_over(self, text: str) -> dict[str, str]:
        """The inputs, vars and secrets whose names occur as words in a text, with their values."""

    def service(self, name: str) -> Tree:
        """A service of the plan with all names put in; raises Unresolvable when it is none, or lacks one."""

    def limit(self, kind: str) -> float:
        """Seconds that policy.yaml allows an action of a kind, also where it is part of another one."""

    def engine(self, host: str, timeout: float) -> Engine:
        """The Docker engine of a host, with `timeout` seconds for each answer; raises Unreachable."""

    def local_docker(self) -> str:
        """Where the plan says that the engine of this machine listens; empty where it says nothing."""

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        cwd: str = ".",
        env: Mapping[str, str] = {},
        user: str = "",
        tell: Tell | None = None,
    ) -> Ran:
        """Run a program in the clean environment plus `env`, and end all its descendants."""


class Action(Struct, frozen=True, kw_only=True):
    """One step with its parameters; common ones here, the rest in the kind's own class."""

    kind: ClassVar[str]
    runs_programs: ClassVar[bool] = False
    """Whether it starts programs, so that the settings `path` and `tools` are part of its meaning."""
    shell_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields in which a plain string is shell text: nothing is ever substituted into it."""
    bounds: ClassVar[dict[str, Callable[[Tree], Any]]] = {"timeout": fields.timeout}
    """What policy.yaml may say of it, and how that is read; each is enforced by `against`."""

    id: str = ""
    name: Annotated[str, Convert(fields.text)] = ""
    """A name for people; the step's id is its slug."""
    timeout: Annotated[float, Convert(fields.timeout)] = 600.0
    """Seconds it may take; policy.yaml may allow less."""
    pins: Annotated[tuple[str, ...], Convert(fields.texts)] = ()
    """Files of the project (globs) that belong to the definition of the step."""

    def label(self) -> str:
        """Its subject in one line."""
        return str(getattr(self, "subject", ""))

    def problems(self) -> list[str]:
        """What is wrong between its parameters; empty when nothing is."""
        return []

    def lint(self) -> list[str]:
        """What is allowed but weak."""
        return []

    def against(self, bounds: Mapping[str, Any], root: Path) -> list[str]:
        """What about it is outside the bounds that policy.yaml sets; `root` is the project.

        Parameters that are not known yet (an input stands in them) have their default here.
        """
        return []

    def perform(self, site: Site, tell: Tell, timeout: float) -> Outcome:
        """Do it. Must not raise for anything the world can do; `timeout` is in seconds."""
        raise NotImplementedError
