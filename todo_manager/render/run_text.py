"""Lines for people about runs of checks: progress as it happens, results when they are there.

Who listens decides how: a person at a terminal sees the run move (`live.py`), a program that asked for
events gets a line for each (`events.py`), one that asked for JSON hears nothing until the end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

from todo_manager.attempt import Attempted
from todo_manager.errors import TodoError
from todo_manager.executing import Event as Executed
from todo_manager.executing import PhaseBegun
from todo_manager.render.followed import Followed
from todo_manager.render.output import Output
from todo_manager.render.plain import GLYPHS, indent, one_line, standing
from todo_manager.runner import AttemptMade, CheckStarted, Event
from todo_manager.shellword import word
from todo_manager.stepping import StepFinished, StepStarted, StepWrote

E = TypeVar("E")

WIDTH = 100
_ORDER = {"failed": 0, "error": 1, "waived": 2, "passed": 3}
"""What did not pass comes first."""


def follow(
    attempting: Generator[Event, None, Attempted], output: Output, place: Followed
) -> Attempted:
    """Consume the events of one run, telling them to whoever listens; what the run returns."""
    with _listener(output, place) as tell:
        found = _consumed(attempting, tell)
    return _noted(found, output)


def follow_steps(executing: Generator[Executed, None, Attempted], output: Output) -> Attempted:
    """Consume the events of steps and of the checks after them; what the run returns."""
    found = _consumed(executing, lambda event: None if output.json else tell_event(event, output))
    return _noted(found, output)


def _consumed(running: Generator[E, None, Attempted], tell: Callable[[E], None]) -> Attempted:
    """Tell every event of a run to its end; what the run returns. It is closed however it ends."""
    try:
        while True:
            tell(next(running))
    except StopIteration as end:
        found: Attempted = end.value
    finally:
        running.close()
    return found


def _noted(found: Attempted, output: Output) -> Attempted:
    for note in found.notes:
        output.talk(f"note: {note}")
    return found


@contextlib.contextmanager
def _listener(output: Output, place: Followed) -> Iterator[Callable[[Event], None]]:
    if output.events:
        from todo_manager.render import events

        yield lambda event: output.tell(events.line(event, place))
    elif output.json:
        yield lambda event: None
    elif output.live and _can_move():
        from todo_manager.render.live import Progress

        with Progress(output, place) as progress:
            yield progress.tell
    else:
        yield lambda event: tell_event(event, output)


def _can_move() -> bool:
    from todo_manager.render import terminal

    return terminal.can_move()


def tell_event(event: Executed, output: Output) -> None:
    """One event of a run as a line about the work."""
    if isinstance(event, CheckStarted):
        output.talk(f"  ... {event.id}: {event.kind} {one_line(event.subject, 70)}")
    elif isinstance(event, AttemptMade):
        said = one_line(event.message, 60)
        output.talk(
            f"  ... {event.id}: attempt {event.attempt} {event.verdict} ({said}), "
            f"again in {event.wait_s:g}s"
        )
    else:
        _tell_step(event, output)


def _tell_step(event: Executed, output: Output) -> None:
    if isinstance(event, PhaseBegun):
        output.talk(f"{event.plan} {event.phase}. {one_line(event.title)}")
        if event.note:
            output.talk("  IMPORTANT NOTE")
            output.talk(indent(event.note.strip("\n"), "  | "))
    elif isinstance(event, StepStarted):
        output.talk(f"  ▶ {event.id}: {event.kind} {one_line(event.subject, 70)}")
    elif isinstance(event, StepWrote):
        output.talk(f"    | {event.text}")
    elif isinstance(event, StepFinished):
        row = event.result
        said = "" if row.verdict == "passed" else f": {one_line(row.actual or row.message, WIDTH)}"
        output.talk(
            f"  {GLYPHS[row.verdict]} {row.verdict}  {row.id}: {row.kind} ({row.duration_s:.1f}s){said}"
        )


def tell_results(data: dict[str, Any], output: Output) -> None:
    """One block a phase: first what did not pass, with what was expected and seen."""
    rows = sorted(data["checks"], key=lambda row: _ORDER[row["verdict"]])
    if output.screen:
        from todo_manager.render import run_screen

        return run_screen.tell_results(rows, output)
    for row in rows:
        optional = "" if row["required"] else " (not required)"
        extra = " (flaky)" if row["flaky"] else ""
        times = f", {row['attempts']} attempts" if row["attempts"] > 1 else ""
        subject = one_line(row["subject"], 60)
        output.say(
            f"  {GLYPHS[row['verdict']]} {row['verdict']}  {row['id']}: {row['kind']} {subject}"
            f"{optional}{extra} ({row['duration_s']:.1f}s{times})"
        )
        if row["verdict"] != "passed":
            output.say(f"      expected: {one_line(row['expected'], WIDTH)}")
            said = row["actual"] or row["message"]
            if said:
                output.say(f"      seen:     {one_line(said, WIDTH)}")
        if row["verdict"] == "waived":
            output.say(f"      waived:   {one_line(row['message'], 3 * WIDTH)}")


def tell_done(data: dict[str, Any], output: Output, *, left: bool) -> None:
    """That a phase is done, by which event, and where to go on; or that it was so already.

    `left`: whether the plan has another phase to be done.
    """
    where = f"{data['plan']} {data['phase']} ({data['key']})"
    said = standing(data["state"], data["reason"])
    if output.screen:
        from todo_manager.render import run_screen

        return run_screen.tell_done(data, where, onwards(data["plan"], left=left), output)
    if data["already"]:
        output.say(f"{where}: {said} (already)")
        return
    output.say(f"✔ {where}: {said}, event {data['run']}")
    output.say(f"  next: {onwards(data['plan'], left=left)}")


def onwards(plan: str, *, left: bool) -> str:
    """What to type after a phase is done: the page with all the evidence when none is left."""
    return f"todo_manager next {word(plan)}" if left else f"todo_manager report {word(plan)} --html"


def tell_verified(row: dict[str, Any], refusal: TodoError | None, output: Output) -> None:
    """What verifying one phase found: the verdict, its checks, and why it does not count."""
    if output.screen:
        from todo_manager.render import run_screen

        run_screen.tell_head(row, output)
        tell_results(row, output)
        return run_screen.tell_foot(row, refusal, output)
    output.say(f"{row['plan']} {row['phase']} ({row['key']}): {row['verdict']}")
    tell_results(row, output)
    if row["does_not_count"]:
        output.say(f"      does not count: {row['does_not_count']}")
    if refusal is not None and not row["checks"]:
        output.say(f"      {refusal.message}")


def all_pass(waived: int) -> str:
    """That everything passes, and how much of it only because it is waived."""
    return f"pass, {waived} of them waived" if waived else "pass"


def tell_all_passed(plan: str, ran: int, total: int, output: Output, *, waived: int = 0) -> None:
    """The last line of `verify` where nothing is wrong; `waived` phases were not wholly verified."""
    said = f"{ran} of {total} phases have checks, and all of them {all_pass(waived)}"
    verdict = "waived" if waived else "passed"
    if output.screen:
        from todo_manager.render import run_screen

        return run_screen.tell_all_passed(plan, said, verdict, output)
    output.say(f"{GLYPHS[verdict]} {plan}: {said}")
