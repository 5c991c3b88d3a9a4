"""The kind `junit`: test reports that something else has written."""

from __future__ import annotations

import functools
import os
import stat
import time
from datetime import UTC, datetime
from typing import Annotated

from msgspec import structs

from todo_manager.checks import fields
from todo_manager.checks.base import Check, Outcome, World, conclude
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert
from todo_manager.checks.ground import (
    CONTENT_LIMIT,
    Ground,
    Unlookable,
    is_pattern,
    location,
    shown,
)
from todo_manager.checks.judge_file import judge_time, judged
from todo_manager.checks.judge_tests import MaxSkipped, MinTests, judge_tests
from todo_manager.checks.junit_fate import Unreadable
from todo_manager.checks.junit_xml import Report, read
from todo_manager.model import Verdict

LONGEST = 43200.0
"""Seconds a run may have taken: a report says when it began, and its file when it ended."""


class Junit(Check, frozen=True, kw_only=True):
    """A test report in JUnit's XML says that all tests passed, and it is of this run.

        junit: build/reports/TEST-*.xml
        min_tests: 40
        max_skipped: 0
        newer_than: "src/**/*.java"

    Every test case is counted; a test that failed or broke fails the check, and so does a report in
    which no test ran. Skipped tests are none that ran. A report whose own totals are not what it
    holds, that is cut off or is no JUnit XML is an error. A report stays when the tests are gone, so
    `max_age` or `newer_than` must say from when on it counts; that is compared with the file's time,
    and with half a day's grace with the `timestamp` of its suites. Nothing proves who wrote it: where
    pytest can be run, `pytest` says more.
    """

    kind = "junit"

    subject: Annotated[str, Convert(location)] = ""
    """A path below the project, an absolute path, or a pattern; of several reports all must be so."""
    min_tests: MinTests = 1
    """How many tests must have run, all reports together; skipped ones did not."""
    max_skipped: MaxSkipped = None
    """How many tests may be skipped; any number where nothing is said, as long as enough ran."""
    max_age: Annotated[float | None, Convert(fields.timeout, expects=True)] = None
    """How long ago each report was written at most."""
    newer_than: Annotated[str, Convert(location, expects=True)] = ""
    """A file or a pattern, like the sources; each report was written after all of these."""

    def problems(self) -> list[str]:
        if self.max_age is None and not self.newer_than:
            return [
                "the report of an earlier run would pass too; "
                "add `newer_than` with what was tested, or `max_age`"
            ]
        return []

    def attempt(self, world: World, timeout: float) -> Outcome:
        expected = f"{shown(self.subject)} is a report of tests that passed"
        try:
            return self._look(Ground(world.root, timeout), expected)
        except (FileNotFoundError, NotADirectoryError) as problem:
            verdict, actual = Verdict.FAILED, f"{shown(str(problem.filename))} does not exist"
        except (Unlookable, Unreadable) as problem:
            verdict, actual = Verdict.ERROR, f"could not look: {problem}"
        except OSError as problem:
            place = shown(str(problem.filename or self.subject))
            verdict, actual = Verdict.ERROR, f"could not look: {problem.strerror}: {place}"
        return Outcome(verdict=verdict, expected=expected, actual=actual)

    def _look(self, ground: Ground, expected: str) -> Outcome:
        names = ground.matches(os.path.normpath(self.subject))
        ground.whole()
        if not names:
            return conclude([judged(False, expected, "there is no such file")])
        after = self._after(ground)
        reports: list[Report] = []
        found: list[Judgement] = []
        for name in names:
            report, times = self._report(ground, name, after)
            reports.append(report)
            found += times
        whole = functools.reduce(Report.plus, reports)
        found += judge_tests(shown(self.subject), whole, self.min_tests, self.max_skipped)
        facts = {"reports": len(names)} | structs.asdict(whole.counts)
        return conclude(found, facts=facts)

    def _report(
        self, ground: Ground, name: str, after: int | None
    ) -> tuple[Report, list[Judgement]]:
        """One report, and whether it is of this run. Raises OSError, Unlookable, Unreadable."""
        seen = ground.look(name, content=True)
        if not stat.S_ISREG(seen.info.st_mode):
            raise Unlookable(f"{shown(name)} is not a regular file")
        if seen.size > CONTENT_LIMIT:
            raise Unlookable(f"{shown(name)} is larger than {CONTENT_LIMIT // 2**20} MiB")
        times = judge_time(
            shown(name), seen.info, time.time(), self.max_age, self.newer_than, after
        )
        try:
            report = read(seen.data)
        except Unreadable as problem:
            raise Unreadable(f"{shown(name)}: {problem}") from None
        return report, times + self._own_time(shown(name), report, after)

    def _own_time(self, name: str, report: Report, after: int | None) -> list[Judgement]:
        """A copy, a download and a fresh clone make an old report's file new, not what it says of itself."""
        if report.begun is None:
            return []
        ended = report.begun + LONGEST
        bounds = [time.time() - self.max_age] if self.max_age is not None else []
        bounds += [after / 1e9] if after is not None else []
        said = datetime.fromtimestamp(report.begun, UTC).strftime("%Y-%m-%d %H:%M")
        actual = f"by its own account it began before {said} UTC"
        return [judged(ended >= bound, f"{name} is of this run", actual) for bound in bounds]

    def _after(self, ground: Ground) -> int | None:
        """The latest time of `newer_than` in nanoseconds; None where there is no such file."""
        if not self.newer_than:
            return None
        times = []
        for name in ground.matches(os.path.normpath(self.newer_than)):
            info = os.stat(ground.real(name))
            if stat.S_ISREG(info.st_mode):
                times.append(info.st_mtime_ns)
            elif not is_pattern(self.newer_than):
                raise Unlookable(
                    f"newer_than: {shown(name)} is a folder, whose time says nothing of the files "
                    f"in it; write {shown(name)}/**"
                )
        return max(times, default=None)
