"""The kind `junit` against reports that are old, empty, forged, cut off or none at all."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from todo_manager.checks import ground, junit
from todo_manager.checks.junit_xml import DEEPEST
from todo_manager.model import Verdict

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR

TWO = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="all">
  <testsuite name="unit" tests="2" failures="0" errors="0" skipped="0">
    <testcase classname="a.B" name="one" time="0.1"/>
    <testcase classname="a.B" name="two"><system-out>words</system-out></testcase>
  </testsuite>
</testsuites>
"""


def suite(cases: str, totals: str = "") -> str:
    return f'<testsuite name="s" {totals}>{cases}</testsuite>'


OK = '<testcase name="fine"/>'
SKIPPED = '<testcase name="s"><skipped message="no GPU"/></testcase>'
BROKEN = (
    '<testcase classname="a.B" name="x"><failure message="1 is not 2">trace</failure></testcase>'
)


@pytest.fixture
def report(world: Any) -> Any:
    """Write a report into the project, `age` seconds old."""

    def write(text: str | bytes, name: str = "r.xml", age: float = 0) -> Path:
        path = Path(world.root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        then = time.time() - age
        os.utime(path, (then, then))
        return path

    return write


@pytest.fixture
def judge(look: Any, report: Any) -> Any:
    """What is found of a report just written, with other parameters."""

    def judged(text: str | bytes, **parameters: Any) -> Any:
        report(text)
        return look({"junit": "r.xml", "max_age": "1h"} | parameters)

    return judged


def test_all_passed(judge: Any) -> None:
    found = judge(TWO)
    assert found.verdict == PASSED
    assert found.facts == {"reports": 1, "tests": 2, "failures": 0, "errors": 0, "skipped": 0}


@pytest.mark.parametrize("case", [BROKEN, '<testcase name="x"><error/></testcase>'])
def test_one_that_did_not_pass(judge: Any, case: str) -> None:
    found = judge(suite(OK + case))
    assert found.verdict == FAILED
    assert "2 tests: 1 failed" in found.actual


def test_what_failed_is_named(judge: Any) -> None:
    found = judge(suite(BROKEN * 7))
    assert found.actual.count("a.B.x: 1 is not 2") == 5
    assert "and 2 more" in found.actual


def test_a_reason_without_end_is_cut(judge: Any) -> None:
    found = judge(suite(f'<testcase name="x"><failure>{"long " * 9999}</failure></testcase>'))
    assert len(found.actual) < 400


def test_a_suite_that_broke_before_its_tests(judge: Any) -> None:
    found = judge(suite(f'<error message="no database"/>{OK}', 'tests="1" errors="1"'))
    assert found.verdict == FAILED
    assert "s: no database" in found.actual


def test_no_such_report(look: Any) -> None:
    found = look({"junit": "r.xml", "max_age": "1h"})
    assert (found.verdict, found.actual) == (FAILED, "there is no such file")
    assert look({"junit": "r/*.xml", "max_age": "1h"}).verdict == FAILED


# What would fool it


@pytest.mark.parametrize("empty", ["<testsuites/>", suite(""), suite(suite("", 'tests="0"'))])
def test_no_test_at_all(judge: Any, empty: str) -> None:
    assert judge(empty).verdict == FAILED


@pytest.mark.parametrize(
    "case",
    [
        SKIPPED,
        '<testcase name="d" status="notrun" result="suppressed"/>',
        '<testcase name="d" status="disabled"><disabled/></testcase>',
        '<testcase name="d" status="untested"/>',
    ],
)
def test_all_skipped(judge: Any, case: str) -> None:
    found = judge(suite(case * 3), min_tests=1)
    assert found.verdict == FAILED
    assert "3 tests: 3 skipped" in found.actual


def test_skipped_ones_are_none_that_ran(judge: Any) -> None:
    assert judge(suite(OK * 3 + SKIPPED), min_tests=3).verdict == PASSED
    found = judge(suite(OK * 2 + SKIPPED * 2), min_tests=3)
    assert (found.verdict, found.expected) == (FAILED, "at least 3 tests ran")


def test_more_skipped_than_may_be(judge: Any) -> None:
    assert judge(suite(OK + SKIPPED), max_skipped=1).verdict == PASSED
    assert judge(suite(OK + SKIPPED), max_skipped=0).verdict == FAILED


@pytest.mark.parametrize(
    "words",
    [
        'status="failed"',
        'status="run" result="error"',
        'outcome="failure"',
        'state="failed"',
        'success="false"',
        'passed="False"',
    ],
)
def test_a_failure_said_in_an_attribute_alone(judge: Any, words: str) -> None:
    assert judge(suite(f'{OK}<testcase name="x" {words}/>')).verdict == FAILED


def test_a_fate_no_rule_knows_is_not_passed(judge: Any) -> None:
    found = judge(suite(f'{OK}<testcase name="x" status="quarantined"/>'))
    assert found.verdict == ERROR
    assert "x has the status 'quarantined'" in found.actual


@pytest.mark.parametrize(
    "child",
    [
        "<Failure/>",
        "<failed/>",
        '<failure xmlns="urn:x"/>',
        "<crashed/>",
        "<step><failure/></step>",
        "<properties><property><error/></property></properties>",
        "<system-out><failure/></system-out>",
    ],
)
def test_a_child_no_rule_knows_is_not_passed(judge: Any, child: str) -> None:
    found = judge(suite(f'{OK}<testcase name="x">{child}</testcase>'))
    assert (found.verdict, "x has a <" in found.actual) == (ERROR, True)


def test_a_failure_somewhere_no_rule_looks(judge: Any) -> None:
    found = judge(suite(f'{OK}<test name="x"><failure/></test>'))
    assert (found.verdict, "a <test> holds a <failure>" in found.actual) == (ERROR, True)


def test_other_totals_than_the_known_ones(judge: Any) -> None:
    found = judge(suite(OK, 'aborted="0" failed="2"'))
    assert (found.verdict, found.actual) == (ERROR, "s says 2 failed")
    assert judge(suite(OK, 'aborted="0" errored="00"')).verdict == PASSED


def test_attempts_before_the_last_are_forgiven(judge: Any) -> None:
    assert judge(suite('<testcase name="x"><flakyFailure/></testcase>')).verdict == PASSED


class TestStale:
    def test_nothing_said_of_its_age_does_not_load(self, refused: Any) -> None:
        assert "an earlier run would pass too" in refused({"junit": "r.xml"})

    def test_older_than_it_may_be(self, look: Any, report: Any) -> None:
        report(TWO, age=7200)
        assert look({"junit": "r.xml", "max_age": "3h"}).verdict == PASSED
        found = look({"junit": "r.xml", "max_age": "1h"})
        assert (found.verdict, found.expected) == (
            FAILED,
            "r.xml was changed within the last 3600 s",
        )

    @pytest.mark.parametrize(
        "when", ["2026-01-02T03:04:05", "2026-01-02T03:04:05.1Z", "2026-01-02"]
    )
    def test_one_whose_file_alone_is_new(self, look: Any, report: Any, when: str) -> None:
        """As after a clone, where one was committed, or after a copy."""
        report("", "a.py", age=60)
        report(suite(OK, f'timestamp="{when}"'))
        for bound in ({"max_age": "1h"}, {"newer_than": "a.py"}):
            found = look({"junit": "r.xml", **bound})
            assert (found.verdict, "by its own account" in found.actual) == (FAILED, True)

    @pytest.mark.parametrize(
        ("hours", "zone"), [(1, "+00:00"), (11, "Z"), (1, "+14:00"), (11, ""), (20, ""), (-14, "")]
    )
    def test_one_of_a_long_run_or_another_zone(self, judge: Any, hours: float, zone: str) -> None:
        """A time without its zone may be behind ours by half a day, or ahead of it."""
        then = datetime.now(UTC) - timedelta(hours=hours)
        if zone == "+14:00":
            then = then.astimezone(timezone(timedelta(hours=14)))
        text = then.replace(tzinfo=None).isoformat() + zone
        assert judge(suite(OK, f'timestamp="{text}"')).verdict == PASSED

    def test_what_is_no_time_says_nothing(self, judge: Any) -> None:
        assert judge(suite(OK, 'timestamp="yesterday"')).verdict == PASSED

    def test_of_the_future(self, look: Any, report: Any) -> None:
        report(TWO, age=-600)
        assert look({"junit": "r.xml", "max_age": "1h"}).verdict == FAILED

    def test_older_than_one_of_the_sources(self, look: Any, report: Any) -> None:
        check = {"junit": "r.xml", "newer_than": "src/**/*.py"}
        report(TWO, age=50)
        report("", "src/a.py", age=60)
        report("", "src/deep/b.py", age=55)
        assert look(check).verdict == PASSED
        report("", "src/deep/b.py", age=40)
        assert look(check).verdict == FAILED

    def test_one_old_report_among_new_ones(self, look: Any, report: Any) -> None:
        report(TWO, "out/TEST-a.xml")
        report(TWO, "out/TEST-b.xml", age=7200)
        found = look({"junit": "out/TEST-*.xml", "max_age": "1h"})
        assert found.verdict == FAILED
        assert "TEST-b.xml" in found.expected

    def test_sources_that_are_not_there(self, look: Any, report: Any) -> None:
        report(TWO)
        assert look({"junit": "r.xml", "newer_than": "src/**/*.py"}).verdict == FAILED

    def test_the_time_of_a_folder_says_nothing(self, look: Any, report: Any) -> None:
        report("", "src/a.py", age=60)
        report(TWO)
        found = look({"junit": "r.xml", "newer_than": "src"})
        assert found.verdict == ERROR
        assert "write src/**" in found.actual


class TestWhole:
    @pytest.mark.parametrize(
        ("totals", "words"),
        [
            ('tests="3"', "s says 3 tests, holds 1"),
            ('tests="0"', "s says 0 tests, holds 1"),
            ('tests="1" failures="2"', "s says 2 failures, holds 0"),
            ('errors="1"', "s says 1 errors, holds 0"),
            ('skipped="1"', "s says 1 skipped, holds 0"),
            ('skipped="0" disabled="2"', "s says 2 skipped, holds 0"),
        ],
    )
    def test_totals_that_are_not_what_it_holds(self, judge: Any, totals: str, words: str) -> None:
        found = judge(suite(OK, totals))
        assert found.verdict == ERROR
        assert words in found.actual

    def test_a_failure_is_known_whatever_the_totals_say(self, judge: Any) -> None:
        assert judge(suite(OK + BROKEN, 'tests="1" failures="0"')).verdict == FAILED

    def test_totals_of_suites_in_suites(self, judge: Any) -> None:
        inner = suite(OK * 2, 'tests="2"')
        for outer in ('tests="3"', 'tests="1"', ""):
            assert judge(f"<testsuites>{suite(OK + inner, outer)}</testsuites>").verdict == PASSED
        assert judge(f'<testsuites tests="9">{suite(OK + inner)}</testsuites>').verdict == ERROR

    def test_disabled_ones_count_as_skipped(self, judge: Any) -> None:
        off = '<testcase name="d" status="notrun" result="suppressed"/>'
        ran = '<testcase name="r" status="run" result="completed"/>'
        totals = 'tests="2" failures="0" disabled="1" skipped="0" errors="0"'
        found = judge(f'<testsuites tests="2" disabled="1">{suite(ran + off, totals)}</testsuites>')
        assert (found.verdict, found.facts["skipped"]) == (PASSED, 1)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "all tests passed",
            TWO[:-20],
            TWO[: len(TWO) // 2],
            TWO + "<testsuite/>",
            "<html><body>please log in</body></html>",
            '<testsuite tests="many"/>',
            f'<testsuite tests="{"9" * 5000}"/>',
            "<testsuites>"
            + "<testsuite>" * DEEPEST
            + OK
            + "</testsuite>" * DEEPEST
            + "</testsuites>",
            '<?xml version="1.0" encoding="no-such"?>' + suite(OK),
            '<?xml version="1.0" encoding="euc-jp"?>' + suite(OK),
        ],
        ids=range(11),
    )
    def test_what_is_not_one_whole_report(self, judge: Any, text: str) -> None:
        found = judge(text)
        assert found.verdict == ERROR
        assert found.actual.startswith("could not look: r.xml: ")
        assert len(found.actual) < 300

    def test_bytes_that_are_no_text(self, judge: Any) -> None:
        assert judge(b"\x00\x01\xff" * 100).verdict == ERROR

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
    def test_other_encodings(self, judge: Any, encoding: str) -> None:
        name = "latin-1" if encoding == "latin-1" else "utf-8" if "8" in encoding else "utf-16"
        text = f'<?xml version="1.0" encoding="{name}"?>{suite(OK.replace("fine", "für"))}'
        assert judge(text.encode(encoding)).verdict == PASSED


DTD = '<!DOCTYPE testsuite [<!ENTITY a "aaaaaaaaaa">%s]>'


class TestHostile:
    @pytest.mark.parametrize(
        "head",
        [
            DTD
            % "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi")),
            DTD % '<!ENTITY x SYSTEM "file:///etc/passwd">',
            '<!DOCTYPE testsuite SYSTEM "http://127.0.0.1:9/x.dtd">',
        ],
        ids=["bomb", "file", "net"],
    )
    def test_entities_and_doctypes(self, judge: Any, head: str) -> None:
        found = judge(head + suite(OK))
        assert found.verdict == ERROR
        assert "DTD or entities" in found.actual

    def test_a_report_too_large_to_read(self, judge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (ground, junit):
            monkeypatch.setattr(module, "CONTENT_LIMIT", 1000)
        assert judge(suite(OK * 10)).verdict == PASSED
        found = judge(suite(OK * 100))
        assert (found.verdict, "larger than" in found.actual) == (ERROR, True)

    def test_a_pipe_in_its_place(self, look: Any, world: Any) -> None:
        os.mkfifo(world.root / "r.xml")
        found = look({"junit": "r.xml", "max_age": "1h"})
        assert (found.verdict, "not a regular file" in found.actual) == (ERROR, True)

    def test_a_link_out_of_the_project(self, look: Any, world: Any, tmp_path: Path) -> None:
        (tmp_path / "other.xml").write_text(TWO)
        (world.root / "r.xml").symlink_to(tmp_path / "other.xml")
        assert look({"junit": "r.xml", "max_age": "1h"}).verdict == ERROR
        assert look({"junit": str(tmp_path / "other.xml"), "max_age": "1h"}).verdict == PASSED


def test_several_reports_are_one(look: Any, report: Any) -> None:
    report(TWO, "out/TEST-a.xml")
    report(suite(OK + SKIPPED), "out/TEST-b.xml")
    check = {"junit": "out/TEST-*.xml", "max_age": "1h"}
    found = look(check | {"min_tests": 3, "max_skipped": 1})
    assert found.verdict == PASSED
    assert found.facts == {"reports": 2, "tests": 4, "failures": 0, "errors": 0, "skipped": 1}
    assert look(check | {"min_tests": 4}).verdict == FAILED
    report(suite(BROKEN), "out/TEST-c.xml")
    assert look(check).verdict == FAILED
    report(TWO[:-20], "out/TEST-c.xml")
    assert look(check).verdict == ERROR


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"min_tests": 0}, "at least 1"),
        ({"max_skipped": -1}, "must not be negative"),
        ({"max_age": "0"}, "longer than 0"),
        ({"newer_than": "../x"}, "no `..`"),
        ({"min_tests": "${N}"}, "may not stand in an expectation"),
    ],
)
def test_what_does_not_load(refused: Any, parameters: dict[str, Any], words: str) -> None:
    assert words in refused({"junit": "r.xml", "max_age": "1h"} | parameters, inputs=["N"])


def test_through_the_command(project: Any) -> None:
    project.plan("p", "- title: T\n  verify: [{junit: r.xml, newer_than: src.py, min_tests: 2}]")
    project.write("src.py", "")
    os.utime(project.root / "src.py", (1, 1))
    project.write("r.xml", suite(OK + BROKEN))
    error = project.ask("done", "p", 0).refused("check_failed").error
    assert "a.B.x: 1 is not 2" in error["message"]
    project.write("r.xml", TWO[:-20])
    project.ask("done", "p", 0).refused("check_error")
    project.write("r.xml", TWO)
    project.run("done", "p", 0).ok()
