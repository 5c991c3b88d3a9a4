"""Preflight: checks that are demanded before anything is executed, of a plan or of free arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from todo_manager import runner
from todo_manager.canonical import Scalar, Tree
from todo_manager.checks.parse import parse
from todo_manager.definition import of_no_phase
from todo_manager.errors import Kind, Refused, TodoError, Unevaluated, UsageProblem
from todo_manager.gate import line
from todo_manager.model import Result, Verdict
from todo_manager.processes.client import Cancel
from todo_manager.project import Settings
from todo_manager.secrets import masker
from todo_manager.world import RunWorld

ATTEMPT = 5.0
"""Seconds after which a target that says nothing is asked anew, until its deadline."""


def refusal(where: str, results: Sequence[Result], *, hint: str) -> TodoError | None:
    """What is missing, all of it by name; None when nothing required is. `where` is a phase, or empty."""
    required = [result for result in results if result.required]
    failed = [result for result in required if result.verdict == Verdict.FAILED]
    wrong = [result for result in required if result.verdict not in _OPENING]
    if not wrong:
        return None
    told = "; ".join(
        f"{each.kind} {line(each.subject, 60)}: {line(each.actual or each.message, 200)}"
        for each in wrong
    )
    head = f"{where}: " if where else ""
    message = f"{head}{len(wrong)} of {len(required)} that must hold before do not: {told}"
    if failed:
        return Refused(message, kind=Kind.PREFLIGHT_FAILED, hint=hint)
    return Unevaluated(message, hint=hint)


def too_little(where: str, short: str, place: str) -> TodoError:
    """The refusal for want of what policy.yaml requires of the machine."""
    return Refused(
        f"{where}: {short}",
        kind=Kind.PREFLIGHT_FAILED,
        hint=f"free some space, then: todo_manager preflight {place}",
    )


_OPENING = (Verdict.PASSED, Verdict.WAIVED)


def is_target(word: str) -> bool:
    """Whether a word names something to look at rather than a plan: an address, or a path."""
    return "://" in word or "/" in word or re.fullmatch(r".+:[0-9]+", word) is not None


def targets(words: Sequence[str], within: float, every: float) -> list[tuple[str, Tree]]:
    """A check for each word: host:port, an http URL, or a path; each has a deadline of its own.

    Raises UsageProblem naming a word that is none of these.
    """
    return [
        (f"p{n}", _target(word, within, every)) for n, word in enumerate(dict.fromkeys(words), 1)
    ]


def _target(word: str, within: float, every: float) -> Tree:
    kind = "tcp"
    if word.startswith(("http://", "https://")):
        kind = "http"
    elif "/" in word and "://" not in word:
        kind = "file"
    attempt = min(within or ATTEMPT, ATTEMPT)
    tree = {
        kind: Scalar(word),
        "within": Scalar(f"{within:f}s", plain=True),
        "every": Scalar(f"{every:f}s", plain=True),
        "timeout": Scalar(f"{attempt:f}s", plain=True),
    }
    if kind == "file":
        tree["min_size"] = Scalar("0", plain=True)  # what says `ready` is mostly empty
    problems: list[str] = []
    if parse(tree, lambda _, path, text: problems.append(f"{path} {text}".strip())) is None:
        raise UsageProblem(
            f"{word!r} cannot be looked at: {'; '.join(problems)}",
            hint="name host:port, http://host/path, or a path like ./ready; "
            "todo_manager preflight --help",
        )
    return tree


def look(root: Path, checks: Sequence[tuple[str, Tree]]) -> Iterator[runner.Event]:
    """Run the checks of free arguments, without a plan and without a store; events as they come."""
    definition = of_no_phase(checks)
    cancel = Cancel()
    world = RunWorld(root, Settings(), definition, {}, {}, cancel)
    try:
        yield from runner.run(world, definition, {}, masker({}), cancel)
    finally:
        world.close()
        cancel.close()
