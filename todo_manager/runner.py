"""Runs the checks of one phase side by side and tells what happens as it happens.

`run` is a generator: text, JSON, screens and the gate consume the same events. It never decides.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterator, Mapping

from msgspec import Struct, structs

from todo_manager.canonical import Tree
from todo_manager.checks.base import Check, Outcome, World
from todo_manager.checks.parse import kind_of, parse
from todo_manager.checks.searching import Unsettled
from todo_manager.crashpoints import point
from todo_manager.definition import Definition, is_required, secrets_of
from todo_manager.documents.substitution import resolve_tree
from todo_manager.live_lines import MORE, Lines
from todo_manager.model import Result, Verdict
from todo_manager.processes.client import Cancel
from todo_manager.secrets import Masker

SHORTEST_PAUSE = 0.05
"""Seconds between attempts at the least: `every: 0` must not keep a processor busy."""
GRACE = 2.0
"""Seconds beyond those it may last after which an attempt that cannot be stopped is given up."""


class CheckStarted(Struct, frozen=True, tag=True):
    """A check begins."""

    id: str
    kind: str
    subject: str


class CheckWrote(Struct, frozen=True, tag=True):
    """The program of a check wrote a line."""

    id: str
    stream: str
    text: str
    last: bool = False
    """Whether no more of this attempt is told, however much is written."""


class AttemptMade(Struct, frozen=True, tag=True):
    """An attempt did not settle it; the next one comes in `wait_s` seconds."""

    id: str
    attempt: int
    verdict: Verdict
    message: str
    wait_s: float


class CheckFinished(Struct, frozen=True, tag=True):
    """A check has its verdict."""

    result: Result


Event = CheckStarted | CheckWrote | AttemptMade | CheckFinished


TOLD = 2**18
"""Bytes an attempt may tell of what it writes; the evidence keeps more."""
UNHEARD = 20_000
"""Events that may wait for whoever follows the run; beyond them no line is told. A check waits for nobody."""
WAITING_JOBS = 64
"""How many checks that start no program run at once: they only wait for answers."""


def jobs() -> int:
    """How many checks that start programs run at once: they mostly wait, so more than there are cores."""
    return min(32, 4 * (os.cpu_count() or 1))


def build(definition: Definition, values: Mapping[str, str]) -> list[_Job]:
    """The checks of a definition with inputs and secrets put in; what cannot be read becomes an error."""
    return [
        _unfit(id_, tree, definition, values) or _job(id_, tree, values)
        for id_, tree in definition.checks
    ]


def _unfit(id_: str, tree: Tree, definition: Definition, values: Mapping[str, str]) -> _Job | None:
    """A check that lacks a secret: run without it, it would look at something else."""
    for name in secrets_of(definition, tree):
        if name not in values:
            how = "set it in the environment or in the env file"
            return _Job(id_, tree, None, f"the secret {name} has no value; {how}")
    return None


def _job(id_: str, tree: Tree, values: Mapping[str, str]) -> _Job:
    problems: list[str] = []

    def report(line: int, path: str, message: str) -> None:
        problems.append(f"{path} {message}".strip())

    check = parse(_resolved(tree, values), report)
    return _Job(id_, tree, structs.replace(check, id=id_) if check else None, "; ".join(problems))


def _resolved(tree: Tree, values: Mapping[str, str]) -> Tree:
    """Shell text stays as it is: names reach it as environment variables."""
    from todo_manager.definition import shell_texts

    shell = shell_texts(tree)
    return {
        key: value if isinstance(value, str) and value in shell else resolve_tree(value, values)
        for key, value in tree.items()
    }


class _Job:
    """One check on its way to a result."""

    def __init__(self, id_: str, tree: Tree, check: Check | None, problem: str) -> None:
        self.id = id_
        self.check = check
        self.problem = problem
        self.kind = kind_of(tree) or "unknown"
        self.required = is_required(tree)
        self.serial = check.serial if check else False
        subject = tree.get(self.kind, "")
        self.subject = check.label() if check else str(subject)
        self.name = check.name if check else ""


def run(
    world: World, definition: Definition, values: Mapping[str, str], masker: Masker, cancel: Cancel
) -> Iterator[Event]:
    """Run every check; events as they come, one CheckFinished a check, in no fixed order.

    Closing the generator, or an exception thrown into it, cancels: programs are ended first.
    """
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    work = build(definition, values)
    together = [job for job in work if not job.serial]
    alone = [job for job in work if job.serial]
    left = len(work)
    try:
        for batch in [together, *([job] for job in alone)]:
            starting = [job for job in batch if job.check and job.check.runs_programs]
            others = [job for job in batch if job not in starting]
            for some, most in ((starting, jobs()), (others, WAITING_JOBS)):
                todo: queue.SimpleQueue[_Job] = queue.SimpleQueue()
                for job in some:
                    todo.put(job)
                for _ in range(min(most, len(some))):
                    worker = _Worker(world, todo, events, masker, cancel)
                    threading.Thread(target=worker.run, daemon=True).start()
            waiting = len(batch)
            while waiting:
                event = events.get()
                if isinstance(event, CheckFinished):
                    waiting -= 1
                    left -= 1
                    point("check-finished")
                yield event
    finally:
        if left:
            cancel.set()


class _Worker:
    """One thread: takes checks until none is left."""

    def __init__(
        self,
        world: World,
        todo: queue.SimpleQueue[_Job],
        events: queue.SimpleQueue[Event],
        masker: Masker,
        cancel: Cancel,
    ) -> None:
        self._world = world
        self._todo = todo
        self._events = events
        self._masker = masker
        self._cancel = cancel

    def run(self) -> None:
        while True:
            try:
                job = self._todo.get_nowait()
            except queue.Empty:
                return
            self._events.put(CheckStarted(job.id, job.kind, self._masker.text(job.subject)))
            self._events.put(CheckFinished(self._masker.result(self._result(job))))

    def _told(self, id_: str) -> Lines:
        """Takes what the programs of a check write, and tells it line by line."""

        def put(stream: str, text: str) -> None:
            if self._events.qsize() >= UNHEARD:
                lines.cut, text = True, MORE
            self._events.put(CheckWrote(id_, stream, text, lines.cut))

        lines = Lines(self._masker, put, TOLD)
        return lines

    def _result(self, job: _Job) -> Result:
        started = time.monotonic()
        attempts, flaky = 1, False
        if job.check is None:
            outcome = Outcome(
                verdict=Verdict.ERROR,
                expected="a check that can be run",
                message=job.problem or "cannot be read",
            )
        else:
            outcome, attempts, flaky = self._until_settled(job.id, job.check)
        return Result(
            id=job.id,
            kind=job.kind,
            subject=job.subject,
            name=job.name,
            required=job.required,
            verdict=outcome.verdict,
            expected=outcome.expected,
            actual=outcome.actual,
            message=outcome.message,
            attempts=attempts,
            duration_s=round(time.monotonic() - started, 3),
            flaky=flaky,
            facts=outcome.facts,
            outputs=outcome.outputs,
        )

    def _until_settled(self, id_: str, check: Check) -> tuple[Outcome, int, bool]:
        """Attempt until `successes` in a row pass, or `within` is over: then the last verdict counts."""
        deadline = time.monotonic() + check.within
        attempts, row, failed = 0, 0, False
        lines = self._told(id_)
        world = self._world.telling(lines.add)
        while True:
            outcome = bounded(check, world.attempting(id_, anew=not row))
            lines.end()
            attempts += 1
            passed = outcome.verdict == Verdict.PASSED
            row, failed = (row + 1, failed) if passed else (0, True)
            pause = max(check.every, SHORTEST_PAUSE)
            over = time.monotonic() + pause > deadline
            if row >= check.successes or (not passed and over) or self._cancel.is_set():
                return _short_of(check, outcome, row), attempts, passed and failed
            message = outcome.message or outcome.actual or outcome.expected
            self._events.put(
                AttemptMade(id_, attempts, outcome.verdict, self._masker.text(message), pause)
            )
            self._cancel.wait(pause)


def _short_of(check: Check, outcome: Outcome, row: int) -> Outcome:
    """A run that was cut short must not pass on fewer successes than were asked for."""
    if outcome.verdict != Verdict.PASSED or row >= check.successes:
        return outcome
    return structs.replace(
        outcome, verdict=Verdict.ERROR, message=f"interrupted after {row} of {check.successes}"
    )


def bounded(check: Check, world: World) -> Outcome:
    """One attempt that always comes back: past the time it may last and a grace it is given up.

    Programs are ended at their timeout by their supervisor, which may take its own time; kinds that
    look from inside this process run in a thread of their own that can be left behind.
    """
    if check.runs_programs:
        return guarded(check, world)
    answer: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
    threading.Thread(target=lambda: answer.put(guarded(check, world)), daemon=True).start()
    try:
        return answer.get(timeout=check.lasts + GRACE)
    except queue.Empty:
        whose = f" of {check.asked}" if check.asked else ""
        message = f"no answer{whose} within {check.lasts:g}s"
        return Outcome(
            verdict=check.given_up, expected="an answer", actual=message, message=message
        )


def guarded(check: Check, world: World) -> Outcome:
    """One attempt in which even our own mistake is an error, never a pass."""
    try:
        found = check.attempt(world, check.timeout)
        if found.verdict == Verdict.WAIVED:
            raise ValueError("a check cannot waive itself")
        return found
    except Unsettled as problem:
        return Outcome(
            verdict=Verdict.ERROR, expected="a pattern that can be decided", message=str(problem)
        )
    except Exception as error:
        return Outcome(
            verdict=Verdict.ERROR,
            expected="a check that works",
            message=f"the check itself broke: {type(error).__name__}: {error}",
        )
