"""What the JSON report of coverage.py says about the code that is not itself a test."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from todo_manager.checks.expect import Judgement, load_json
from todo_manager.checks.judge_file import judged, unclear

_COVERED = ("covered_lines", "covered_branches")
_THERE = ("num_statements", "num_branches")


def judge_coverage(
    data: bytes, least: Decimal, tests: tuple[str, ...]
) -> tuple[Decimal | None, Judgement]:
    """The percentage of lines (and branches, where they are measured) that ran, and whether it is enough.

    Files below the paths of the tests are left out: they all run, and would lift the figure. Nothing
    measured is an error, for a share of nothing is everything.
    """
    expected = f"the tests run at least {least} % of the code"
    try:
        covered, there = _totals(load_json(data.decode()), tests)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, unclear(expected, "the coverage report is none that can be read")
    if not there:
        return None, unclear(expected, "no code but the tests was measured; name it: --cov=PACKAGE")
    share = Decimal(100 * covered) / there
    shown = share.quantize(Decimal("0.01"), rounding="ROUND_DOWN")
    return shown, judged(share >= least, expected, f"they run {shown} %, {covered} of {there}")


def _totals(document: Any, tests: tuple[str, ...]) -> tuple[int, int]:
    """How much ran, and of how much."""
    covered = there = 0
    for path, file in document["files"].items():
        if any(path == test or path.startswith(f"{test}/") for test in tests):
            continue
        summary = file["summary"]
        covered += sum(int(summary.get(name, 0)) for name in _COVERED)
        there += sum(int(summary.get(name, 0)) for name in _THERE)
    return covered, there
