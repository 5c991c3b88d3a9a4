"""What the health probes of a container say: which check they make, and how the last ones ended.

A status alone says little: one success makes it healthy, and it stays so while the next ones fail.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from todo_manager.checks.expect import Judgement, show
from todo_manager.checks.image_wanted import test_of, why_no_health
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.engines.containers import SECOND, Container, nanoseconds, now_of
from todo_manager.engines.engine import Absent, Engine
from todo_manager.model import Output, Verdict
from todo_manager.processes.capture import Capture

KEPT = 5
"""How many probes an engine remembers of a container."""
LATE = 10.0
"""Seconds by which a probe may come later than it should, on a busy machine."""
_DEFAULT = 30.0
"""Seconds between probes, and for one of them, where nothing is said (Dockerfile reference)."""
_A_TEST = "it has a HEALTHCHECK that can fail"


class Probe(Struct, frozen=True, kw_only=True):
    """One probe that has ended."""

    start: int
    end: int
    exit: int
    output: str


def probes_of(found: Container) -> list[Probe]:
    """The probes since the container's last start, each of them once, the oldest first.

    An engine keeps those of earlier starts beside them.
    """
    health = found.state.get("Health") or {}
    probes = {
        start: Probe(
            start=start,
            end=nanoseconds(str(row.get("End") or "")),
            exit=int(row.get("ExitCode", -1)),
            output=str(row.get("Output") or ""),
        )
        for row in health.get("Log") or ()
        if (start := nanoseconds(str(row.get("Start") or ""))) >= found.started > 0
    }
    return [probes[start] for start in sorted(probes)]


def judge_health(engine: Engine, found: Container, status: str, successes: int) -> list[Judgement]:
    """Whether it runs and its health is of this status, and the last `successes` probes agree.

    Raises Unreachable.
    """
    if found.status != "running":
        return [judged(False, f"it is running and {status}", f"it is {found.status}")]
    try:
        of_image = engine.image(found.image).get("Config") or {}
    except Absent:
        return [unclear("its HEALTHCHECK is that of its image", "its image is no longer there")]
    judgement = _judge_test(found.config, of_image)
    if judgement.verdict != Verdict.PASSED:
        return [judgement]
    at_run = found.config.get("Healthcheck") or {}
    return [judgement, *_judge_probes(engine, found, at_run, status, successes)]


def _judge_test(at_run: dict[str, Any], of_image: dict[str, Any]) -> Judgement:
    """A test given with the container may stand in for one the image lacks, never replace one.

    Both are whole configurations.
    """
    test, original = test_of(at_run), test_of(of_image)
    there = not why_no_health(original)
    if why := why_no_health(test):
        said = f"the one of its image was replaced when it was started: {why}" if there else why
        return judged(False, _A_TEST, said)
    if there and test != original:
        expected = f"its HEALTHCHECK is that of its image, {show(original)}"
        return judged(False, expected, f"it was started with {show(test)}")
    often, asked = (
        _seconds(config.get("Healthcheck") or {}, "Interval") for config in (at_run, of_image)
    )
    if there and often > asked:
        expected = f"it is probed every {asked:g} s, as its image says"
        return judged(False, expected, f"it was started to be probed every {often:g} s")
    return judged(True, _A_TEST, f"its test is {show(test)}")


def _judge_probes(
    engine: Engine, found: Container, config: dict[str, Any], status: str, successes: int
) -> list[Judgement]:
    probes, expected = probes_of(found), f"its health is {status}"
    now = str((found.state.get("Health") or {}).get("Status") or "unknown")
    last = probes[-1].end if probes else found.started
    silent = (now_of(engine) - last) / SECOND
    patience = _pause(config) + _seconds(config, "Timeout") + LATE
    if silent > patience:
        said = f"no probe in {silent:.0f} s, though one is due within {patience - LATE:g} s"
        return [unclear(expected, f"{said}: this engine runs no health probes")]
    if not probes:
        return [judged(False, expected, f"its health is {now}: no probe has ended yet")]
    row = _row(probes, status)
    more = f"; its last probe ended with {probes[-1].exit}"
    return [
        judged(now == status, expected, f"its health is {now}{more}"),
        judged(
            row >= successes,
            f"its last {successes} probes say {status}",
            f"{row} of its last {len(probes)} probes do, in a row{more}",
        ),
    ]


def _row(probes: list[Probe], status: str) -> int:
    """How many of the last probes agree with a status, without one between that does not."""
    row = 0
    for probe in reversed(probes):
        if (probe.exit == 0) is not (status == "healthy"):
            break
        row += 1
    return row


def facts_of(found: Container) -> dict[str, Any]:
    """What is kept of the probes as evidence."""
    config = found.config.get("Healthcheck") or {}
    health = found.state.get("Health") or {}
    return {
        "health": health.get("Status"),
        "test": test_of(found.config),
        "interval_s": _seconds(config, "Interval"),
        "probes": [{"start_ns": probe.start, "exit": probe.exit} for probe in probes_of(found)],
    }


def output_of(found: Container) -> tuple[Output, ...]:
    """What the probes wrote, as one output; none where they wrote nothing."""
    capture = Capture("probes")
    for probe in probes_of(found):
        if probe.output:
            capture.add(probe.output.rstrip("\n").encode() + b"\n")
    made = capture.output()
    return (made,) if made.size else ()


def _pause(config: dict[str, Any]) -> float:
    """Seconds between two probes at the most; newer engines have another pause while it starts."""
    return max(_seconds(config, "Interval"), _seconds(config, "StartInterval"))


def _seconds(config: dict[str, Any], name: str) -> float:
    """A duration of a HEALTHCHECK, which is kept in nanoseconds; 0 stands for the default."""
    return (config.get(name) or 0) / SECOND or _DEFAULT
