"""One attempt at a phase, by `done` or `verify`: who asks for what, and what came of it, as it is told."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

from msgspec import Struct

from todo_manager import evidence, inputs, states
from todo_manager.errors import Kind, Refused, TodoError, Unevaluated
from todo_manager.ledger import Actor
from todo_manager.model import Result, Verdict
from todo_manager.runner import Event
from todo_manager.secrets import too_short
from todo_manager.stage import Stage


class Wanted(Struct, frozen=True, kw_only=True):
    """Who asks for what."""

    plan: str
    index: int
    actor: Actor
    part: int | None = None
    """Only the checks of this part, from 1; never asked of `done`."""
    claims: dict[str, str] = {}
    """Values given with --var."""
    wait: float = 0.0
    """Seconds to wait for a phase another process holds."""


class Attempted(Struct, frozen=True, kw_only=True):
    """What came of `done` or `verify` for one phase: the data agents rely on, and the refusal."""

    data: dict[str, Any]
    refusal: TodoError | None
    notes: tuple[str, ...] = ()
    """Talk for people: ignored inputs, secrets too short to mask, files that are gone."""


Attempting = Generator[Event, None, Attempted]


def verdict_of(refused: TodoError | None, results: Iterable[Result]) -> str:
    """The verdict of a phase in a word; `waived` where it passed and not all of it was verified."""
    if refused is None:
        waived = any(each.required and each.verdict == Verdict.WAIVED for each in results)
        return "waived" if waived else "passed"
    if isinstance(refused, Refused) and refused.kind != Kind.NO_CHECKS:
        return "failed"
    return "error" if isinstance(refused, Unevaluated) else "refused"


def data_of(
    stage: Stage,
    results: tuple[Result, ...],
    standing: states.Standing,
    values: inputs.Values | None = None,
) -> dict[str, Any]:
    """The fields agents rely on."""
    digest_ = stage.definition.digest if stage.definition else stage.phase.digest
    counts = {str(verdict): 0 for verdict in Verdict}
    for result in results:
        counts[str(result.verdict)] += 1
    found: dict[str, Any] = {
        "plan": stage.plan.id,
        "phase": stage.phase.idx,
        "key": stage.phase.key,
        "digest": digest_,
        "state": standing.state,
        "reason": standing.reason,
        "already": False,
        "run": None,
        "counts": counts,
        "inputs": values.inputs if values else stage.phase.mark_inputs,
        "checks": [evidence.as_row(result) for result in results],
    }
    if values and values.ignored:
        found["inputs_ignored"] = values.ignored
    return found


def notes_of(stage: Stage, values: inputs.Values) -> tuple[str, ...]:
    found = [
        f"{name} is bound to {values.inputs[name]!r}; the environment's {value!r} is not used"
        for name, value in values.ignored.items()
    ]
    short = too_short(values.secrets)
    if short:
        found.append(f"too short to be masked in output: {', '.join(short)}")
    return (*source_notes(stage), *map(values.masker.text, found))


def source_notes(stage: Stage) -> tuple[str, ...]:
    if stage.disk.source == "gone":
        return (f"{stage.plan.source_path} is gone; the accepted definition is used",)
    return ()
