"""What a check is: a frozen value with its parameters, and one attempt at finding out.

A kind is one module of this folder with one subclass of `Check`, named in the registry
(`checks/__init__.py`). Its class docstring is its documentation; each field's is its parameter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert
from todo_manager.model import Output, Verdict

if TYPE_CHECKING:
    from todo_manager.engines.archive import Archive
    from todo_manager.engines.engine import Engine
    from todo_manager.engines.subjects import Image, Subject
    from todo_manager.hosts.elsewhere import Elsewhere
    from todo_manager.processes.client import Tell


class Outcome(Struct, frozen=True, kw_only=True):
    """What one attempt found."""

    verdict: Verdict
    expected: str
    actual: str = ""
    message: str = ""
    facts: dict[str, Any] = {}
    outputs: tuple[Output, ...] = ()


class Ran(Struct, frozen=True, kw_only=True):
    """What became of a program that was started for a check."""

    exit: int | None = None
    """Its exit code; None when it has none (signal, time out, not started)."""
    signal: int | None = None
    timed_out: bool = False
    cancelled: bool = False
    problem: str = ""
    """Why it could not be started or watched; empty when it ran."""
    leaked: int = 0
    """Descendants that outlived it and were ended."""
    duration_s: float = 0.0
    stdout: Output = Output(stream="stdout", size=0, sha256="")
    stderr: Output = Output(stream="stderr", size=0, sha256="")


class Approval(Struct, frozen=True, kw_only=True):
    """A person's yes, as the ledger has it."""

    by: str
    how: str
    """`signed` or `asserted`."""
    names: frozenset[str] = frozenset()
    """All names of this person, in their normal form."""
    key: str = ""
    """The fingerprint of the key that signed it."""
    at: str
    """UTC, to the millisecond."""
    event: int
    evidence: str = ""
    """The sha256 of the file that was looked at."""
    against: str = ""
    """Why it does not count, whatever the check says; empty when nothing is against it."""


class Program(Struct, frozen=True, kw_only=True):
    """An executable file that was found, and why it may be trusted to be itself."""

    path: str
    sha256: str
    options: tuple[str, ...] = ()
    """What stands before its arguments, so that it starts nothing but what is meant."""
    env: Mapping[str, str] = {}
    """What it is given for the same reason."""


class BoundScript(Struct, frozen=True, kw_only=True):
    """A script copied into the private directory, to be run from there."""

    argv: tuple[str, ...]
    """Interpreter and private path."""
    sha256: str
    env: dict[str, str]
    """What it is handed: the names that occur in it or its helpers, and where its original lies."""
    facts: str
    """The file to which it may write facts, one JSON object a line."""
    touched: Callable[[], list[str]] = list
    """Names of its private copy, helpers too, that were written since it was made."""


class World(Protocol):
    """What a check may use to look: the project, programs, the bound scripts. Made by the runner."""

    root: Path
    """The folder that holds `.todo_manager/`."""
    elsewhere: Elsewhere
    """Other machines and the insides of containers."""
    approvals: Mapping[str, tuple[Approval, ...]] | None
    """What persons have approved in this phase, by check; None where nobody can approve anything."""
    phase_words: str
    """Plan and phase as they are typed after a verb."""
    tell: Tell | None
    """Takes what a program writes while it writes; for programs whose output is kept as evidence."""

    def telling(self, tell: Tell) -> World:
        """The same world for one check, with where its output is told."""

    def program(self, name: str) -> Program:
        """The executable of this name; raises Unresolvable when there is none that may be used."""

    def script(self, path: str) -> BoundScript:
        """A fresh private copy of a bound script; raises Unresolvable when it was not bound."""

    def strangers(self, patterns: Sequence[str]) -> list[str]:
        """Files of the project that match these globs by now and do not belong to the definition."""

    def hand_over(self, text: str) -> dict[str, str]:
        """The inputs, vars and secrets whose names occur as words in a text, with their values."""

    def engine(self, host: str, timeout: float) -> Engine:
        """The Docker engine of a host, with `timeout` seconds for each answer; raises Unreachable.

        Use it in a `with`.
        """

    def image(self, engine: Engine, reference: str) -> Image:
        """The image that a reference means in this whole run; raises Absent, Unreachable."""

    def saw(self, subject: Subject) -> None:
        """Take note that the verdict rests on this; it must be the same when all checks have ended.

        Images are noted by `image`, and containers from inside which is looked by `elsewhere`.
        """

    def attempting(self, id_: str, *, anew: bool) -> World:
        """The same world for one attempt of a check, with which the run knows what that one saw.

        `anew`: what earlier attempts of it saw does not matter any more.
        """

    def save(self, engine: Engine, image: Image, timeout: float) -> Archive:
        """The image, saved from its ID to a private file; made once for all checks of the phase.

        Raises Absent when it was removed meanwhile, Unreachable, and Unresolvable when there is no room.
        """

    def folder(self) -> Path:
        """A fresh private folder, removed with the run; a program may be run in it by its path."""

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


class Unresolvable(Exception):
    """A program or script that may not or cannot be used; the verdict is error."""


class Check(Struct, frozen=True, kw_only=True):
    """One check with its parameters; common ones here, the rest in the kind's own class."""

    kind: ClassVar[str]
    runs_programs: ClassVar[bool] = False
    """Whether it starts programs, so that the settings `path` and `tools` are part of its meaning."""
    asks_engine: ClassVar[bool] = False
    """Whether it asks the engine of its host, whatever its parameters are."""
    names_host: ClassVar[bool] = False
    """Whether its subject is a host, of those under `hosts`."""
    timeout_verdict: ClassVar[Verdict] = Verdict.ERROR
    """What it means when an attempt does not come back within `timeout`."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Programs without which it cannot look; `python -m NAME` is a module of our interpreter."""
    needs_for: ClassVar[Mapping[str, str]] = {}
    """The same for single parameters: what only a check with this parameter needs."""
    shell_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields in which a plain string is shell text: nothing is ever substituted into it."""

    id: str = ""
    name: Annotated[str, Convert(fields.text)] = ""
    """A name for people; the check's id is its slug."""
    timeout: Annotated[float, Convert(fields.timeout)] = 30.0
    """Seconds one attempt may take."""
    within: Annotated[float, Convert(fields.duration)] = 0.0
    """Seconds during which an attempt that does not pass is repeated."""
    every: Annotated[float, Convert(fields.duration)] = 1.0
    """Seconds between attempts."""
    successes: Annotated[int, Convert(fields.positive)] = 1
    """How many attempts in a row must pass."""
    required: Annotated[bool, Convert(fields.boolean)] = True
    """Whether it decides; false: it is run and shown only."""
    valid_for: Annotated[float | None, Convert(fields.timeout)] = None
    """How long its pass holds; then the phase is stale until it is verified anew. For ever, if unsaid."""
    pins: Annotated[tuple[str, ...], Convert(fields.texts)] = ()
    """Files of the project (globs) that belong to the definition."""
    serial: Annotated[bool, Convert(fields.boolean)] = False
    """Whether it must run alone, after the others."""

    @property
    def lasts(self) -> float:
        """Seconds after which an attempt must be back: its timeout, and what the way to where it looks takes."""
        return self.timeout

    @property
    def asked(self) -> str:
        """Who is asked, for when no answer comes; empty where its subject says so."""
        return ""

    @property
    def given_up(self) -> Verdict:
        """What it means when it is not back then."""
        return self.timeout_verdict

    def label(self) -> str:
        """Its subject in one line."""
        return str(getattr(self, "subject", ""))

    def problems(self) -> list[str]:
        """What is wrong between its parameters; empty when nothing is."""
        return []

    def lint(self) -> list[str]:
        """What is allowed but asserts little."""
        return []

    @classmethod
    def implied_pins(cls, tree: Tree) -> tuple[str, ...]:
        """Globs of project files that belong to the definition although nobody pinned them.

        Such a glob may match nothing: then a file that appears later is a change.
        """
        return ()

    def attempt(self, world: World, timeout: float) -> Outcome:
        """Look once. Must not raise for anything the world can do; `timeout` is in seconds."""
        raise NotImplementedError


def unanswered(
    expected: str,
    why: str,
    *,
    facts: dict[str, Any] | None = None,
    outputs: tuple[Output, ...] = (),
) -> Outcome:
    """The outcome of an attempt that could not look, and why it could not."""
    return Outcome(
        verdict=Verdict.ERROR,
        expected=expected,
        actual=why,
        message=why,
        facts=facts or {},
        outputs=outputs,
    )


def conclude(
    judgements: list[Judgement],
    *,
    facts: dict[str, Any] | None = None,
    outputs: tuple[Output, ...] = (),
    message: str = "",
) -> Outcome:
    """One outcome from several comparisons: any error, else any failure, else passed.

    Expected and actual name what did not hold; where all held, everything that was expected.
    An empty list is an error: nothing was looked at.
    """
    verdicts = {judgement.verdict for judgement in judgements}
    for verdict in (Verdict.ERROR, Verdict.FAILED):
        if verdict in verdicts or not judgements:
            break
    else:
        verdict = Verdict.PASSED
    told = [j for j in judgements if j.verdict == verdict] or judgements
    return Outcome(
        verdict=verdict,
        expected="; ".join(j.expected for j in told) or "something to look at",
        actual="; ".join(dict.fromkeys(j.actual for j in told if j.actual)),
        message=message,
        facts=facts or {},
        outputs=outputs,
    )
