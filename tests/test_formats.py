"""`verify --format junit|tap`: what CI systems read, judged by readers that are not ours."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from forked import Forked
from junitparser import Error, Failure, JUnitXml, Skipped
from support import PROGRAM
from tap_reader import Point, read_tap

from todo_manager.render.formats import FORMATS, writer
from todo_manager.render.formats.junit import junit
from todo_manager.render.formats.tap import tap

VERDICTS = ("passed", "failed", "error", "waived")


def check(verdict: str = "passed", **changes: Any) -> dict[str, Any]:
    """A check of a run as `verify` gives it."""
    return {
        "id": "v1", "kind": "command", "subject": "true", "name": "", "required": True,
        "verdict": verdict, "expected": "exits 0", "actual": "" if verdict == "passed" else "exited 1",
        "message": "", "attempts": 1, "duration_s": 0.25, "flaky": False,
    } | changes  # fmt: skip


def run(*phases: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The data of `verify`: for each phase its verdict and its checks."""
    return {
        "plan": "p",
        "phases": [
            {
                "plan": "p", "phase": n, "key": f"k{n}", "digest": "d" * 64, "state": "ready",
                "reason": "", "verdict": verdict, "does_not_count": None, "checks": checks,
            }
            for n, (verdict, checks) in enumerate(phases)
        ],
    }  # fmt: skip


def suites(data: dict[str, Any]) -> list[Any]:
    found = JUnitXml.fromstring(junit(data).encode())
    return list(found)


def kinds(data: dict[str, Any]) -> list[list[str]]:
    """For each case of the first suite, the results an independent reader finds in it."""
    return [[type(each).__name__ for each in case.result] for case in suites(data)[0]]


# JUnit


def test_a_phase_is_a_suite_and_a_check_a_case() -> None:
    data = run(("failed", [check(), check("failed", id="v2")]), ("passed", [check()]))
    first, second = suites(data)
    assert (first.name, second.name) == ("p 0 (k0)", "p 1 (k1)")
    assert [case.name for case in first] == ["v1: command true", "v2: command true"]
    assert (first.tests, first.failures, first.errors, first.skipped) == (2, 1, 0, 0)
    assert (second.tests, second.failures) == (1, 0)
    assert [case.time for case in first] == [0.25, 0.25]
    assert first.time == 0.5
    whole = JUnitXml.fromstring(junit(data).encode())
    assert (whole.tests, whole.failures, whole.errors, whole.skipped) == (3, 1, 0, 0)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_only_a_required_check_turns_it_red_and_what_was_not_verified_is_no_pass(
    verdict: str, required: bool
) -> None:
    (case,) = suites(run(("failed", [check(verdict, required=required)])))[0]
    meant: dict[tuple[str, bool], type | None] = {
        ("passed", True): None, ("passed", False): None, ("failed", True): Failure,
        ("error", True): Error, ("failed", False): Skipped, ("error", False): Skipped,
        ("waived", True): Skipped, ("waived", False): Skipped,
    }  # fmt: skip
    wanted = meant[verdict, required]
    assert [type(each) for each in case.result] == ([wanted] if wanted else [])
    if wanted:
        assert "expected exits 0; exited 1" in case.result[0].message
        assert case.result[0].message.startswith(
            {"Skipped": "waived: " if verdict == "waived" else f"not required: {verdict}: "}.get(
                wanted.__name__, "expected"
            )
        )


def test_a_phase_that_could_not_be_looked_at_is_an_error_and_one_without_checks_is_skipped() -> (
    None
):
    assert kinds(run(("error", []))) == [["Error"]]
    assert kinds(run(("no checks", []))) == [["Skipped"]]
    assert suites({"plan": "p", "phases": []}) == []


def test_what_else_there_is_to_know_is_told_too() -> None:
    data = run(("passed", [check(attempts=3, flaky=True)]))
    data["phases"][0]["does_not_count"] = "its definition was changed"
    (suite,) = suites(data)
    about = {each.name: each.value for each in suite.properties()}
    assert about["does_not_count"] == "its definition was changed"
    assert about["verdict"] == "passed"
    (case,) = suite
    assert {"attempts: 3", "flaky: true"} <= set(case.system_out.splitlines())


HOSTILE = [
    "</testcase><testcase name='x'/>",
    "]]> & <!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "\x00\x01\x08\x0b\x0c\x1b[31mred\x7f\x85",
    "\ud800 alone, \ufffe \uffff",
    "two\nlines\r\nand\ttabs",
    "right to left \u202egnp.exe",
    "ok 9 - forged\n1..9\nBail out!",
    "# SKIP nothing here",
    'quotes " and \\ and \u2028 and 🚀',
    "--- \n  ...\n",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_breaks_out_of_the_xml(text: str) -> None:
    bad = check("failed", id=text, subject=text, expected=text, actual=text)
    data = run(("failed", [bad, check()])) | {"plan": text}
    data["phases"][0] |= {"plan": text, "key": text, "does_not_count": text}
    written = junit(data)
    written.encode()  # whole UTF-8
    (suite,) = JUnitXml.fromstring(written.encode())
    assert [len(case.result) for case in suite] == [1, 0]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202e]", written)
    assert "<!ENTITY" not in written


# TAP


def points(data: dict[str, Any]) -> list[Point]:
    return read_tap(tap(data))


def test_a_phase_is_a_subtest_and_a_check_a_point() -> None:
    data = run(("failed", [check(), check("failed", id="v2")]), ("passed", [check()]))
    first, second = points(data)
    assert (first.ok, first.name, second.ok) == (False, "p 0 (k0)", True)
    assert [(each.ok, each.name) for each in first.inside] == [
        (True, "v1: command true"),
        (False, "v2: command true"),
    ]
    told = yaml.safe_load(first.inside[1].block)
    assert told["severity"] == "failed"
    assert (told["expected"], told["seen"], told["duration_ms"]) == ("exits 0", "exited 1", 250)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("verdict", VERDICTS)
def test_in_tap_too_only_a_required_check_turns_it_red(verdict: str, required: bool) -> None:
    (phase,) = points(run(("passed", [check(verdict, required=required)])))
    (point,) = phase.inside
    assert point.ok == (not required or verdict in ("passed", "waived"))
    assert bool(point.skip) == (verdict == "waived" or (verdict != "passed" and not required))


def test_a_phase_without_checks_is_skipped_in_tap_and_a_broken_one_is_not_ok() -> None:
    none, broken = points(run(("no checks", []), ("error", [])))
    assert (none.ok, none.skip, broken.ok) == (True, "no checks", False)
    assert [each.ok for each in broken.inside] == [False]
    assert read_tap(tap({"plan": "p", "phases": []})) == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_breaks_out_of_the_tap(text: str) -> None:
    bad = check("failed", id=text, subject=text, expected=text, actual=text)
    data = run(("failed", [bad, check()]))
    data["phases"][0] |= {"key": text, "does_not_count": text}
    written = tap(data)
    (phase,) = read_tap(written)
    assert [(each.ok, each.skip) for each in phase.inside] == [(False, ""), (True, "")]
    assert phase.skip == ""
    told = yaml.safe_load(phase.inside[0].block)
    assert set(told) == {"message", "severity", "verdict", "expected", "seen", "duration_ms"}
    assert yaml.safe_load(phase.block)["does_not_count"]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202e]", written)


@pytest.mark.parametrize(
    "wrong",
    [
        "1..1\nok 1 - x\n",
        "TAP version 14\nok 1 - x\n",
        "TAP version 14\n1..2\nok 1 - x\n",
        "TAP version 14\n1..1\nok 2 - x\n",
        "TAP version 14\n1..1\nok 1 - x\nstray\n",
        "TAP version 14\n1..1\nok 1 - x\n  ---\n  a: 1\n",
    ],
)
def test_the_reader_of_these_tests_is_strict(wrong: str) -> None:
    with pytest.raises(AssertionError):
        read_tap(wrong)


# Both


def test_the_same_run_gives_the_same_text_with_no_trace_of_the_machine() -> None:
    data = run(("failed", [check("failed")]))
    for name in FORMATS:
        assert writer(name)(data) == writer(name)(json.loads(json.dumps(data)))
        assert "hostname" not in writer(name)(data)
        assert "timestamp" not in writer(name)(data)


def test_the_exit_code_and_the_format_agree_on_the_real_command(project: Any) -> None:
    project = Forked(project.root, Path(project.env["HOME"]))
    project.write("a", "a")
    project.plan(
        "p",
        """
        - {title: Zero, verify: [{file: a}, {file: nice, required: false}]}
        - {title: One, needs: [], verify: [{command: "echo '<b>' >&2; exit 3"}, {command: [no-such-tool]}]}
        - {title: Two}
        """,
    )
    data = project.ask("verify", "p").refused("check_failed").data
    assert [[len(case.result) for case in suite] for suite in suites(data)] == [[0, 1], [1, 1], [1]]
    whole = JUnitXml.fromstring(junit(data).encode())
    assert (whole.tests, whole.failures, whole.errors, whole.skipped) == (5, 1, 1, 2)
    assert [point.ok for point in points(data)] == [True, False, True]

    for name, of in (("junit", junit), ("tap", tap)):
        ran = project.run("verify", "p", "--format", name)
        assert ran.exit == 1
        assert timeless(ran.out) == timeless(of(data))
        assert "todo_manager verify: " in ran.err
    assert project.run("verify", "p", 0, "--format", "junit").ok().err
    assert "<" not in project.run("verify", "p", 0, "--format", "tap").ok().out
    assert project.run("verify", "p", 2, "--format", "tap").exit == 1


def timeless(text: str) -> str:
    return re.sub(r'time="[\d.]+"|duration_ms: \d+', "", text)


def test_half_a_run_and_a_refusal_leave_no_document(project: Any) -> None:
    project = Forked(project.root, Path(project.env["HOME"]))
    project.plan("p", "- {title: Zero, verify: [{file: a}]}", head="inputs: [X]\n")
    for words in (("p", 9), ("zz",), ("p", "--var", "Y=1"), ("p", "--format", "xml")):
        ran = project.run("verify", "--format", "junit", *words)
        assert (ran.exit, ran.out) == (2, "")
    project.ask("verify", "p", "--format", "tap").refused("usage")
    (project.root / "plans/p.yaml").write_text("nonsense: [\n")
    ran = project.run("verify", "p", "--format", "junit")
    assert (ran.exit, ran.out) == (2, "")


def test_a_document_that_could_not_be_written_is_no_success(project: Any) -> None:
    project.write("a", "a")
    project.plan("p", "- {title: Zero, verify: [{file: a}]}")
    words = [*PROGRAM, "verify", "p", "--format", "junit"]
    with open("/dev/full", "w") as full:
        ran = subprocess.run(words, cwd=project.root, env=project.env, stdout=full)
    assert ran.returncode == 3
