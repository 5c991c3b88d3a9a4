"""Lines for people about runs of checks: progress as it happens, results when they are there."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from todo_manager.attempts import Attempted
from todo_manager.render.output import Output
from todo_manager.render.plain import GLYPHS, one_line
from todo_manager.runner import AttemptMade, CheckStarted, Event

WIDTH = 100


def follow(attempting: Generator[Event, None, Attempted], output: Output) -> Attempted:
    """Consume the events of one run, telling them unless in JSON mode; what the run returns."""
    try:
        while True:
            event = next(attempting)
            if not output.json:
                _tell(event, output)
    except StopIteration as end:
        found: Attempted = end.value
    finally:
        attempting.close()
    for note in found.notes:
        output.talk(f"note: {note}")
    return found


def _tell(event: Event, output: Output) -> None:
    if isinstance(event, CheckStarted):
        output.talk(f"  ... {event.id}: {event.kind} {one_line(event.subject, 70)}")
    elif isinstance(event, AttemptMade):
        said = one_line(event.message, 60)
        output.talk(
            f"  ... {event.id}: attempt {event.attempt} {event.verdict} ({said}), "
            f"again in {event.wait_s:g}s"
        )


def tell_results(data: dict[str, Any], output: Output) -> None:
    """One block a phase: first what did not pass, with what was expected and seen."""
    order = {"failed": 0, "error": 1, "waived": 2, "passed": 3}
    for row in sorted(data["checks"], key=lambda row: order[row["verdict"]]):
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
