"""JUnit XML, as Jenkins and GitLab read it: a suite for each phase, a case for each check.

JUnit has no schema of its own. What is written here is what both read: counts in attributes, one result
element a case, its text beside its message (GitLab shows only the text), what else there is to know in
`system-out`. No host and no time of day: the same run gives the same text.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from todo_manager.render.formats.cases import Case, cases, clean, suite_name


def junit(data: dict[str, Any]) -> str:
    """The data of `verify` as one XML document."""
    root = Element("testsuites", {"name": clean(data["plan"])})
    total: Counter[str] = Counter()
    seconds = 0.0
    for phase in data["phases"]:
        found = cases(phase)
        total += _counts(found)
        seconds += sum(case.seconds for case in found)
        _suite(root, phase, found)
    _set_counts(root, total, seconds)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(root: Element, phase: dict[str, Any], found: list[Case]) -> None:
    name = suite_name(phase)
    suite = SubElement(root, "testsuite", {"name": clean(name)})
    _set_counts(suite, _counts(found), sum(case.seconds for case in found))
    about = {"verdict": phase["verdict"], "digest": phase["digest"], "state": phase["state"]}
    if phase.get("does_not_count"):
        about["does_not_count"] = phase["does_not_count"]
    kept = SubElement(suite, "properties")
    for what, value in about.items():
        SubElement(kept, "property", {"name": what, "value": clean(value)})
    for case in found:
        _case(suite, name, case)


def _case(suite: Element, phase: str, case: Case) -> None:
    # Jenkins takes what stands before the last point of `classname` for a package.
    group = clean(phase.replace(".", "_"))
    one = SubElement(suite, "testcase", {"name": clean(case.name), "classname": group})
    one.set("time", _seconds(case.seconds))
    told = "\n".join(f"{name}: {value}" for name, value in case.facts.items())
    tag = {"failed": "failure", "error": "error", "skipped": "skipped"}.get(case.counts)
    if tag:
        SubElement(one, tag, {"message": clean(case.why)}).text = clean(case.why)
    if told:
        SubElement(one, "system-out").text = clean(told)


def _counts(found: list[Case]) -> Counter[str]:
    return Counter(case.counts for case in found)


def _set_counts(element: Element, counts: Counter[str], seconds: float) -> None:
    element.set("tests", str(counts.total()))
    element.set("failures", str(counts["failed"]))
    element.set("errors", str(counts["error"]))
    element.set("skipped", str(counts["skipped"]))
    element.set("time", _seconds(seconds))


def _seconds(value: float) -> str:
    return f"{value:.3f}"
