"""What came of a run of checks, on a terminal: what did not pass first, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from todo_manager.errors import TodoError
from todo_manager.render.output import Output
from todo_manager.render.palette import COMMAND, DIM, STRONG, VERDICT, WARNING, Piece
from todo_manager.render.screen import Screen

_NAMES = 10
"""Columns of `expected:` and `seen:`."""


def tell_results(rows: Sequence[dict[str, Any]], output: Output) -> None:
    """The checks in the order given; what did not pass with what was expected and seen."""
    screen = Screen(output)
    for row in rows:
        screen.put(check_rows(row, screen))


def check_rows(row: dict[str, Any], screen: Screen, *, always: bool = False) -> list[str]:
    """One check with its verdict; where it did not pass, or `always`, what was expected and seen."""
    hang = 2 + VERDICT
    found = screen.rows(
        *about(row, screen), label=screen.verdict(row["verdict"]), indent=2, hang=hang
    )
    if row["verdict"] == "passed" and not always:
        return found
    indent = 4 if screen.narrow else hang
    said = row["actual"] or row["message"]
    waived = row["message"] if row["verdict"] == "waived" else ""
    for name, text in (("expected:", row["expected"]), ("seen:", said), ("waived:", waived)):
        if text:
            found += screen.rows(
                (screen.single(text), ""), label=(name, DIM), indent=indent, hang=indent + _NAMES
            )
    return found


def about(row: dict[str, Any], screen: Screen) -> list[Piece]:
    """A check that has run: its id, kind and subject, and what it took."""
    optional = " (not required)" if not row["required"] else ""
    times = f", {row['attempts']} attempts" if row["attempts"] > 1 else ""
    return [
        (f"{row['id']}: ", STRONG),
        (f"{row['kind']} ", DIM),
        (screen.single(row["subject"]), ""),
        (optional, DIM),
        (" (flaky)" if row["flaky"] else "", WARNING),
        (f" ({row['duration_s']:.1f}s{times})", DIM),
    ]


def tell_done(data: dict[str, Any], where: str, onwards: str, output: Output) -> None:
    """That a phase is done, by which event, and where to go on; or that it was so already."""
    screen = Screen(output)
    reason = f", {screen.single(data['reason'])}" if data["reason"] else ""
    after = f"{reason} (already)" if data["already"] else f"{reason}, event {data['run']}"
    screen.line((f"{where}: ", STRONG), screen.state(data["state"]), (after, ""), hang=2)
    if not data["already"]:
        screen.line((onwards, COMMAND), label=("next:", DIM), indent=2, hang=8)


def tell_head(row: dict[str, Any], output: Output) -> None:
    """What verifying one phase found."""
    screen = Screen(output)
    where = f"{row['plan']} {row['phase']} ({row['key']}): "
    screen.line((where, STRONG), screen.state(row["verdict"]), hang=2)


def tell_foot(row: dict[str, Any], refusal: TodoError | None, output: Output) -> None:
    """Why that does not count, or why there was nothing to run."""
    screen = Screen(output)
    if row["does_not_count"]:
        said = screen.single(row["does_not_count"])
        screen.line(("does not count: ", WARNING), (said, ""), indent=2, hang=4)
    if refusal is not None and not row["checks"]:
        screen.line((screen.single(refusal.message), DIM), indent=2, hang=4)


def tell_all_passed(plan: str, said: str, verdict: str, output: Output) -> None:
    """The last line of `verify` where nothing is wrong; `verdict` is passed or waived."""
    screen = Screen(output)
    screen.line((f"{plan}: ", STRONG), screen.state(verdict), (f"  {said}", ""), hang=2)
