"""Performs one step in a thread of its own, and tells what it writes line by line as it is written."""

from __future__ import annotations

import functools
import queue
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

from msgspec import Struct

from todo_manager.actions.base import Action, Site
from todo_manager.actions.family import ACTIONS
from todo_manager.canonical import Tree
from todo_manager.checks.base import Outcome
from todo_manager.checks.parse import member
from todo_manager.definition import shell_texts
from todo_manager.documents.substitution import resolve_tree
from todo_manager.errors import Kind, Untrusted, UsageProblem
from todo_manager.inputs import Values
from todo_manager.live_lines import Lines
from todo_manager.model import Result, Verdict
from todo_manager.processes.client import Cancel
from todo_manager.secrets import Masker
from todo_manager.steps import Steps, accepted, built_by, secrets_of

GRACE = 20.0
"""Seconds a step that was interrupted may take to tidy up before it is left to itself."""


class StepStarted(Struct, frozen=True, tag=True):
    """A step begins."""

    id: str
    kind: str
    subject: str


class StepWrote(Struct, frozen=True, tag=True):
    """A step wrote a line."""

    id: str
    stream: str
    text: str


class StepFinished(Struct, frozen=True, tag=True):
    """A step came to its end."""

    result: Result


StepEvent = StepStarted | StepWrote | StepFinished


class Prepared(Struct, frozen=True, kw_only=True):
    """A step with the values of its names put in, allowed by the policy."""

    id: str
    action: Action
    seconds: float
    """How long it may take."""
    refused: Callable[[], list[str]]
    """What policy.yaml has against it, looking at the files as they are now."""


def prepare(
    root: Path, steps: Steps, block: tuple[tuple[str, Tree], ...], values: Values
) -> list[Prepared]:
    """The steps of a block, ready; before the first is performed every one has to be.

    Raises UsageProblem for a secret without a value and for a value that does not fit, Untrusted for
    what policy.yaml does not allow.
    """
    return [_prepared(root, steps, id_, tree, values) for id_, tree in block]


def _prepared(root: Path, steps: Steps, id_: str, tree: Tree, values: Values) -> Prepared:
    for name in secrets_of(steps.preflight.names, tree):
        if name not in values.by_name:
            raise UsageProblem(
                f"step {id_}: the secret {name} has no value",
                kind=Kind.INPUT_MISSING,
                hint=f"set {name} in the environment or in the env file, then repeat",
            )
    problems: list[str] = []
    shell = shell_texts(tree, ACTIONS)
    resolved = {
        key: value
        if isinstance(value, str) and value in shell
        else resolve_tree(value, values.by_name)
        for key, value in tree.items()
    }
    action = member(resolved, lambda _, path, text: problems.append(f"{path} {text}"), ACTIONS)
    if action is None:
        told = values.masker.text("; ".join(problems))
        raise UsageProblem(f"step {id_}: {told}", hint="bind its inputs to values that fit")
    look = functools.partial(_refused, root, steps, action, tree, values)
    if refused := look():
        raise Untrusted(
            f"step {id_} ({action.kind}): {values.masker.text('; '.join(refused))}",
            kind=Kind.NOT_ALLOWED,
            hint="use what policy.yaml allows; or a person: widen it and todo_manager accept the plan",
            person=True,
        )
    seconds = steps.policy.seconds(action)
    return Prepared(id=id_, action=action, seconds=seconds, refused=look)


def _refused(root: Path, steps: Steps, action: Action, tree: Tree, values: Values) -> list[str]:
    """What policy.yaml has against a step, and against the builds of the services it deploys."""
    found = steps.policy.against(action, "timeout" in tree, root)
    for each in built_by(tree, accepted(steps.text).services):
        found += steps.policy.refuses(resolve_tree(each, values.by_name), (), (), root)
    return found


def perform(
    site: Site, step: Prepared, masker: Masker, cancel: Cancel
) -> Generator[StepEvent, None, None]:
    """Perform one step; events as they come, a StepFinished at its end.

    Closing the generator, or an exception thrown into it, ends the step and waits until it tidied up.
    """
    events: queue.SimpleQueue[StepEvent] = queue.SimpleQueue()
    subject = masker.text(step.action.label())
    yield StepStarted(step.id, step.action.kind, subject)

    def work() -> None:
        lines = Lines(masker, lambda stream, text: events.put(StepWrote(step.id, stream, text)))
        started = time.monotonic()
        outcome = _guarded(step, site, lines)
        lines.end()
        seconds = round(time.monotonic() - started, 3)
        events.put(StepFinished(masker.result(_result(step, outcome, seconds))))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    ended = False
    try:
        while not ended:
            event = events.get()
            ended = isinstance(event, StepFinished)
            yield event
    finally:
        if not ended:
            cancel.set()
            worker.join(GRACE)


def _guarded(step: Prepared, site: Site, lines: Lines) -> Outcome:
    """One attempt in which even our own mistake is an error, never a success."""
    try:
        # A step before may have put a link where a folder was.
        if refused := "; ".join(step.refused()):
            expected = "what policy.yaml allows"
            return Outcome(verdict=Verdict.FAILED, expected=expected, actual=refused)
        return step.action.perform(site, lines.add, step.seconds)
    except Exception as error:
        message = f"the action itself broke: {type(error).__name__}: {error}"
        return Outcome(verdict=Verdict.ERROR, expected="an action that works", message=message)


def _result(step: Prepared, outcome: Outcome, seconds: float) -> Result:
    return Result(
        id=step.id,
        kind=step.action.kind,
        subject=step.action.label(),
        name=step.action.name,
        required=True,
        verdict=outcome.verdict,
        expected=outcome.expected,
        actual=outcome.actual,
        message=outcome.message,
        attempts=1,
        duration_s=seconds,
        facts=outcome.facts,
        outputs=outcome.outputs,
    )
