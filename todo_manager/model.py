"""The values that travel between the parts: documents in, verdicts and results out. All frozen."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Tree


class Verdict(StrEnum):
    """What one check said. Only `passed`, and `waived` while unexpired, open the gate."""

    PASSED = "passed"
    FAILED = "failed"
    """It looked, and it is not so."""
    ERROR = "error"
    """It could not look."""
    WAIVED = "waived"


class State(StrEnum):
    """What a phase is, in the order in which the first match wins (`states.py`)."""

    ARCHIVED = "archived"
    RUNNING = "running"
    REGRESSED = "regressed"
    STALE = "stale"
    DONE = "done"
    ATTESTED = "attested"
    BLOCKED = "blocked"
    ERRORED = "errored"
    FAILED = "failed"
    READY = "ready"


class PartDoc(Struct, frozen=True, kw_only=True):
    """One part of a phase: some of its checks under a title of their own. It has no mark."""

    title: str
    explain: str = ""
    note: str = ""
    verify: tuple[Tree, ...] = ()
    steps: tuple[Tree, ...] = ()
    """One mapping a step; they come after those of the phase itself."""


class PhaseDoc(Struct, frozen=True, kw_only=True):
    """One phase as a document states it."""

    key: str
    """Its identity within the plan."""
    title: str
    explain: str = ""
    note: str = ""
    """The IMPORTANT NOTE."""
    text: str = ""
    """Of an imported phase: its text, to the letter."""
    needs: tuple[str, ...] = ()
    """Keys of the phases that must be done or attested first."""
    verify: tuple[Tree, ...] = ()
    """One mapping a check, as written, `for_each` expanded, vars replaced, inputs not."""
    parts: tuple[PartDoc, ...] = ()
    """Addressed K.N with N from 1; the phase is done when all of them pass in one run."""
    steps: tuple[Tree, ...] = ()
    """What `run` and `exec` execute: one mapping a step, as written, in the same way."""
    undo: tuple[Tree, ...] = ()
    """Steps that take it back."""
    preflight: tuple[Tree, ...] = ()
    """Checks that are demanded before its steps are executed."""
    tags: tuple[str, ...] = ()
    """Words to find it by; outside the definition."""
    marked: bool = False
    """Whether the document calls it done: a claim, read only at the plan's first import."""


class PlanDoc(Struct, frozen=True, kw_only=True):
    """One plan as a document states it, whatever format it came in."""

    id: str
    title: str
    phases: tuple[PhaseDoc, ...]
    format: str
    """The reader that read it: `plan@1`, `control-center`, `queue-json`."""
    description: str = ""
    tags: tuple[str, ...] = ()
    """Words to find it by; outside the definition."""
    source: str = ""
    """What the author says it is drawn from."""
    status: str = ""
    """The document's own word for where the plan stands; kept, never believed."""
    created: str = ""
    updated: str = ""
    inputs: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    hosts: dict[str, Tree] = {}
    """Machines by name, each a mapping of docker, ssh and name, vars replaced."""
    services: dict[str, Tree] = {}
    """What deployments know of services, by name, vars replaced."""
    preflight: tuple[Tree, ...] = ()
    """Checks that are demanded before anything of the plan is executed."""
    vars: dict[str, Tree] = {}
    """Scalar vars by name, already replaced within each other: what shell texts may be handed."""


class Output(Struct, frozen=True, kw_only=True):
    """One captured stream of a check."""

    stream: str
    size: int
    """Bytes the program wrote."""
    sha256: str
    """Of everything the program wrote, kept or not."""
    kept: bytes = b""
    """The head and the tail that were kept, secrets masked before it is stored."""
    truncated: bool = False


class Result(Struct, frozen=True, kw_only=True):
    """What came of one check: the last attempt's outcome, and how many it took."""

    id: str
    kind: str
    subject: str
    name: str
    required: bool
    verdict: Verdict
    expected: str
    actual: str
    message: str
    attempts: int
    duration_s: float
    flaky: bool = False
    """It passed after at least one attempt that did not."""
    never_failed: bool = False
    """No recorded run of this very check has ever failed."""
    facts: dict[str, Any] = {}
    outputs: tuple[Output, ...] = ()
