"""Reads test reports in JUnit's XML, of whatever producer, and counts for itself.

There is no one schema: `testsuites` and `testsuite` nest, totals are optional attributes, a test that
did not run has a child `skipped` or a status that says so; `junit_fate.py` reads that.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from io import BytesIO
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from todo_manager.checks.junit_fate import Unreadable, fate_of, title_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DEEPEST = 50
"""Levels of elements; suites nest by folder, and nobody's folders are deeper."""
NAMED = 5
"""How many tests that did not pass are kept by name."""

_SUITES = ("testsuites", "testsuite")
_OTHER_TOTAL = re.compile(r"fail|error|broken|crash|abort", re.IGNORECASE)

_NO_IMPORT = "collection failure"
"""pytest's message for a module that cannot be imported; the reason stands in the text below it."""


class Counts(Struct, frozen=True, kw_only=True):
    """How many test cases there are, and what became of them."""

    tests: int = 0
    failures: int = 0
    errors: int = 0
    skipped: int = 0

    def plus(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(
            tests=self.tests + other.tests,
            failures=self.failures + other.failures,
            errors=self.errors + other.errors,
            skipped=self.skipped + other.skipped,
        )


class Report(Struct, frozen=True, kw_only=True):
    """What a report holds, counted."""

    counts: Counts
    claims: Counts
    """What its own totals say; where there are none, what it holds."""
    bad: tuple[str, ...] = ()
    """The first tests that failed or broke, with the first line of the reason."""
    disagreements: tuple[str, ...] = ()
    """Where its own totals are not what it holds."""
    begun: float | None = None
    """When the newest suite began by its own account, in seconds since 1970, at the latest that may be
    meant; None where no suite says it."""

    def plus(self, other: Report) -> Report:
        """Both as one."""
        return Report(
            counts=self.counts.plus(other.counts),
            claims=self.claims.plus(other.claims),
            bad=(self.bad + other.bad)[:NAMED],
            disagreements=self.disagreements + other.disagreements,
        )

    def cautious(self) -> Report:
        """The same with the worse of count and claim: fewer tests, more of everything else.

        For reports of pytest: it counts subtests, which have no test case, and not a test that was
        run again, which has two.
        """
        worst = Counts(
            tests=min(self.counts.tests, self.claims.tests),
            failures=max(self.counts.failures, self.claims.failures),
            errors=max(self.counts.errors, self.claims.errors),
            skipped=max(self.counts.skipped, self.claims.skipped),
        )
        return Report(counts=worst, claims=self.claims, bad=self.bad)


def read(data: bytes) -> Report:
    """The report in these bytes; raises Unreadable for anything that is not one whole report.

    Entities, DTDs and outside references are refused before anything is expanded.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, iterparse

    reader = _Reader()
    try:
        for event, element in iterparse(BytesIO(data), events=("start", "end"), forbid_dtd=True):
            if event == "start":
                reader.start(element)
            else:
                reader.end(element)
    except Unreadable:
        raise
    except DefusedXmlException:
        raise Unreadable("it declares a DTD or entities, which no report needs") from None
    except ParseError as problem:
        raise Unreadable(f"it is not whole XML: {problem}") from None
    except (LookupError, ValueError):
        raise Unreadable("it is written in an encoding that cannot be read") from None
    return Report(
        counts=reader.root.total,
        claims=reader.root.claims,
        bad=tuple(reader.bad),
        disagreements=tuple(reader.disagreements),
        begun=max(reader.begun, default=None),
    )


class _Suite:
    """One `testsuite` or `testsuites` while it is read."""

    def __init__(self, element: Element) -> None:
        self.label = element.get("name") or element.tag
        self.said = {name: _number(element, name) for name in Counts.__struct_fields__}
        if self.said["skipped"] is not None:
            self.said["skipped"] += _number(element, "disabled") or 0
        self.others = [
            f"{self.label} says {value} {name}"
            for name, value in element.items()
            if name not in self.said
            and _OTHER_TOTAL.search(name)
            and value.strip().lstrip("0").isdigit()
        ]
        self.own = Counts()
        self.total = Counts()
        self.claims = Counts()

    def close(self) -> None:
        """All of it was read."""
        stated = {name: said for name, said in self.said.items() if said is not None}
        self.total = self.total.plus(self.own)
        self.claims = structs.replace(self.claims.plus(self.own), **stated)

    def disagreements(self) -> list[str]:
        """Totals that hold neither for the suite with its sub-suites nor for itself alone."""
        return self.others + [
            f"{self.label} says {said} {name}, holds {getattr(self.total, name)}"
            for name, said in self.said.items()
            if said is not None and said not in (getattr(self.total, name), getattr(self.own, name))
        ]


class _Reader:
    """Takes the elements as they open and close."""

    def __init__(self) -> None:
        self.bad: list[str] = []
        self.disagreements: list[str] = []
        self.begun: list[float] = []
        self.root: _Suite
        self._open: list[str] = []
        self._suites: list[_Suite] = []

    def start(self, element: Element) -> None:
        if not self._open and element.tag not in _SUITES:
            raise Unreadable(f"it is no JUnit report: it begins with <{element.tag[:40]}>")
        self._open.append(element.tag)
        if len(self._open) > DEEPEST:
            raise Unreadable(f"its elements are nested more than {DEEPEST} deep")
        if element.tag in _SUITES:
            self._suites.append(_Suite(element))
            self.begun += _begun(element)

    def end(self, element: Element) -> None:
        self._open.pop()
        if element.tag in _SUITES:
            self._close_suite()
        elif element.tag == "testcase":
            self._count(fate_of(element), element)
            element.clear()
        elif element.tag in ("error", "failure") and "testcase" not in self._open:
            if self._open[-1] not in _SUITES:
                raise Unreadable(f"a <{self._open[-1][:40]}> holds a <{element.tag}>: unknown")
            # A suite that broke before its first test.
            self._count("errors", element)

    def _close_suite(self) -> None:
        suite = self._suites.pop()
        suite.close()
        self.disagreements += suite.disagreements()
        if self._suites:
            above = self._suites[-1]
            above.total = above.total.plus(suite.total)
            above.claims = above.claims.plus(suite.claims)
        else:
            self.root = suite

    def _count(self, fate: str, element: Element) -> None:
        suite = self._suites[-1]
        worse = {} if fate == "passed" else {fate: 1}
        suite.own = suite.own.plus(Counts(tests=int(element.tag == "testcase"), **worse))
        if fate in ("failures", "errors") and len(self.bad) < NAMED:
            self.bad.append(_named(element, suite.label))


def _begun(element: Element) -> list[float]:
    """When a suite says it began. A time without its zone is taken for the latest it may be."""
    try:
        found = datetime.fromisoformat(element.get("timestamp", ""))
    except ValueError:
        return []
    if found.tzinfo is None:
        found = found.replace(tzinfo=timezone(-timedelta(hours=12)))
    return [found.timestamp()]


def _number(element: Element, name: str) -> int | None:
    value = element.get(name)
    if value is None or not value.strip():
        return None
    if not re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        raise Unreadable(f"{name}={value[:20]!r} is not a number of tests")
    return int(value)


def _named(element: Element, suite: str) -> str:
    """A test and the first line of why it did not pass."""
    reasons = [element] if element.tag != "testcase" else list(element)
    reason = next((each for each in reasons if each.tag in ("error", "failure")), element)
    title = title_of(element) if element.tag == "testcase" else suite
    line = ": ".join(part for part in (title, _first_words(reason)) if part)
    return line if len(line) <= 200 else f"{line[:197]}..."


def _first_words(reason: Element) -> str:
    message, lines = reason.get("message", ""), (reason.text or "").splitlines()
    if message == _NO_IMPORT:
        message = next((line[1:] for line in lines if line.startswith("E ")), message)
    said = [line.strip() for line in (message.splitlines() or lines) if line.strip()]
    return said[0] if said else ""
