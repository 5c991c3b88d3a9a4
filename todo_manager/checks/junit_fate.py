"""What became of one test of a JUnit report, by its children and its attributes.

What no rule here reads is refused, for a test whose fate is unknown must not count as one that passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NOT_RUN = {"skipped", "skip", "ignored", "disabled"}
"""Children of a test that did not run."""
_FORGIVEN = {"flakyFailure", "flakyError", "rerunFailure", "rerunError"}
"""Surefire's children for attempts before the one that counts, which has a child of its own."""
_LIKE_A_FATE = re.compile(r"fail|error|broken|crash|timeout|skip|ignor|disabl", re.IGNORECASE)
_STATES = (
    dict.fromkeys(["run", "passed", "pass", "success", "ok", "completed"], "passed")
    | dict.fromkeys(["failed", "fail", "failure"], "failures")
    | dict.fromkeys(["error", "errored", "broken"], "errors")
    | dict.fromkeys(
        ["skipped", "skip", "ignored", "disabled", "suppressed", "notrun", "not_run"], "skipped"
    )
    | dict.fromkeys(["pending", "untested", "undefined"], "skipped")
)
"""What the words in the attributes of _TELLING mean."""
_TELLING = ("status", "result", "outcome", "state")
"""Attributes that tell what became of a test: CTest and behave, GoogleTest, and others."""
_DENIED = {"success": "failures", "passed": "failures", "executed": "skipped"}
"""What it means that one of these attributes of a test is false."""


class Unreadable(ValueError):
    """The report says nothing that can be relied on; the message is the reason."""


def fate_of(element: Element) -> str:
    """What became of a test: passed, failures, errors or skipped. The worst that is said counts.

    Raises Unreadable where something is said that no rule here reads.
    """
    said = {"passed", *_by_children(element), *_by_attributes(element)}
    return next(fate for fate in ("errors", "failures", "skipped", "passed") if fate in said)


def _by_children(element: Element) -> Iterator[str]:
    for child in element:
        if child.tag in ("error", "failure"):
            yield f"{child.tag}s"
            continue
        if child.tag in _NOT_RUN:
            yield "skipped"
        elif child.tag not in _FORGIVEN and _LIKE_A_FATE.search(child.tag):
            raise Unreadable(f"{title_of(element)} has a <{child.tag[:40]}>: unknown")
        _refuse_fates_inside(child, element)


def _by_attributes(element: Element) -> Iterator[str]:
    yield from (fate for name, fate in _DENIED.items() if element.get(name, "").lower() == "false")
    for attribute in _TELLING:
        if word := element.get(attribute, "").strip().lower():
            if word not in _STATES:
                raise Unreadable(f"{title_of(element)} has the {attribute} {word[:40]!r}: unknown")
            yield _STATES[word]


def _refuse_fates_inside(child: Element, element: Element) -> None:
    """A failure that stands deeper, like that of a step, is one no rule here reads."""
    for inner in child.iter():
        if inner is not child and inner.tag in ("error", "failure", *_FORGIVEN):
            raise Unreadable(
                f"{title_of(element)} has a <{inner.tag}> in a <{child.tag[:40]}>: unknown"
            )


def title_of(element: Element) -> str:
    """The name of a test with that of its class."""
    name = element.get("name") or "a test without a name"
    return ".".join(part for part in (element.get("classname"), name) if part)
