"""What is said of a test report: did all its tests pass, and did enough of them run."""

from __future__ import annotations

from typing import Annotated

from todo_manager.checks import fields
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.junit_xml import NAMED, Counts, Report

MinTests = Annotated[int, Convert(fields.positive, expects=True)]
MaxSkipped = Annotated[int | None, Convert(fields.count, expects=True)]


def judge_tests(
    name: str, report: Report, min_tests: int, max_skipped: int | None
) -> list[Judgement]:
    """All tests passed, at least `min_tests` of them ran, at most `max_skipped` did not.

    Totals that are wrong leave it open whether the report is whole; where a test failed, the answer
    is known without them.
    """
    counts = report.counts
    bad = counts.failures + counts.errors
    found = [judged(not bad, f"all tests in {name} pass", f"{tally(counts)}{_names(report, bad)}")]
    if report.disagreements and not bad:
        found.append(unclear(f"{name} is whole", "; ".join(report.disagreements[:NAMED])))
    ran = counts.tests - counts.skipped
    found.append(judged(ran >= min_tests, f"at least {tests(min_tests)} ran", tally(counts)))
    if max_skipped is not None:
        so = counts.skipped <= max_skipped
        found.append(judged(so, f"at most {max_skipped} skipped", tally(counts)))
    return found


def tests(number: int) -> str:
    """A number of tests in words."""
    return f"{number} test" if number == 1 else f"{number} tests"


def tally(counts: Counts) -> str:
    """`12 tests: 1 failed, 3 skipped`."""
    bad = counts.failures + counts.errors
    told = [f"{bad} failed"] if bad else []
    told += [f"{counts.skipped} skipped"] if counts.skipped else []
    return f"{tests(counts.tests)}: {', '.join(told)}" if told else tests(counts.tests)


def _names(report: Report, bad: int) -> str:
    if not bad:
        return ""
    more = f" | and {bad - len(report.bad)} more" if bad > len(report.bad) else ""
    return f": {' | '.join(report.bad)}{more}"
