"""What both formats say of a check: how it counts, and the words for it.

A check that opens or closes nothing must not turn CI red, and one that was not verified must not turn
it green: a check that is not required and did not pass is skipped, and so is a waived one.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from todo_manager.render.plain import one_line, visible

_NOT_CHARACTERS = {0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}
"""What no document may hold besides control characters and surrogates, which `visible` writes out."""


class Case(Struct, frozen=True, kw_only=True):
    """One check of a run as a test case."""

    name: str
    """Its id, kind and subject, on one line."""
    counts: str
    """`passed`, `failed`, `error` or `skipped`."""
    why: str
    """In words, where it is not simply passed."""
    seconds: float
    facts: dict[str, str]
    """What else there is to know: verdict, expected, seen, attempts."""


def clean(text: str) -> str:
    """A text as XML 1.0 (section 2.2) and YAML 1.2 (section 5.1) can hold it.

    Control characters are written out, not dropped: they may be what somebody has to see.
    """
    return visible(text).translate(_NOT_CHARACTERS)


def suite_name(phase: dict[str, Any]) -> str:
    """What a phase is called: plan, index and key."""
    return one_line(f"{phase['plan']} {phase['phase']} ({phase['key']})")


def cases(phase: dict[str, Any]) -> list[Case]:
    """The cases of one phase. One without checks has a single case, which says so.

    A phase whose checks could not even be run (its files are gone) has a single case too: an empty
    suite would look clean.
    """
    if phase["checks"]:
        return [_case(check) for check in phase["checks"]]
    none = phase["verdict"] == "no checks"
    why = "no checks" if none else f"could not be verified: {_state(phase)}"
    counts = "skipped" if none else "passed" if phase["verdict"] == "passed" else "error"
    return [Case(name="checks", counts=counts, why=why, seconds=0.0, facts={})]


def _state(phase: dict[str, Any]) -> str:
    return one_line(f"{phase['state']}: {phase['reason']}" if phase["reason"] else phase["state"])


def _case(check: dict[str, Any]) -> Case:
    verdict, seen = check["verdict"], check["actual"] or check["message"]
    said = one_line(f"expected {check['expected']}; {seen or 'nothing was seen'}")
    counts, why = verdict, "" if verdict == "passed" else said
    if verdict == "waived":
        counts, why = "skipped", f"waived: {said}"
    elif verdict != "passed" and not check["required"]:
        counts, why = "skipped", f"not required: {verdict}: {said}"
    facts = {"verdict": verdict, "expected": check["expected"], "seen": seen}
    if check["attempts"] > 1:
        facts["attempts"] = str(check["attempts"])
    if check.get("flaky"):
        facts["flaky"] = "true"
    return Case(
        name=one_line(f"{check['id']}: {check['kind']} {check['subject']}"),
        counts=counts,
        why=why,
        seconds=check["duration_s"],
        facts={name: value for name, value in facts.items() if value},
    )
