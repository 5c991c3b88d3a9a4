"""A strict reader of TAP 14 as testanything.org describes it, as far as subtests and YAML blocks go."""

from __future__ import annotations

import re
from typing import NamedTuple

_POINT = re.compile(r"(ok|not ok) (\d+) - ((?:[^#\\]|\\.)*)(?:# SKIP (.*))?")


class Point(NamedTuple):
    """One test point, with the subtest before it and the YAML block after it."""

    ok: bool
    name: str
    skip: str
    inside: list[Point]
    block: str


def read_tap(text: str) -> list[Point]:
    """The points of a document; AssertionError for anything that is not as described."""
    lines = text.split("\n")
    assert lines.pop() == "", "the last line is not ended"
    assert lines[0] == "TAP version 14"
    return _points(lines[1:])


def _points(lines: list[str]) -> list[Point]:
    assert lines, "no plan"
    plan = re.fullmatch(r"1\.\.(\d+)(?: # SKIP .+)?", lines[0])
    assert plan, lines[0]
    found: list[Point] = []
    inside: list[Point] = []
    rest = lines[1:]
    while rest:
        if rest[0].startswith("# Subtest: "):
            below = [line for line in _run(rest[1:], "    ")]
            inside, rest = _points(below), rest[1 + len(below) :]
            continue
        point = _POINT.fullmatch(rest.pop(0))
        assert point, "neither a point nor a subtest"
        assert int(point[2]) == len(found) + 1, "not the next number"
        block = ""
        if rest and rest[0] == "  ---":
            end = rest.index("  ...") if "  ..." in rest else -1
            assert end > 0, "a block without an end"
            block = "\n".join(line.removeprefix("  ") for line in rest[1:end])
            rest = rest[end + 1 :]
        name = re.sub(r"\\(.)", r"\1", point[3]).strip()
        found.append(Point(point[1] == "ok", name, point[4] or "", inside, block))
        inside = []
    assert len(found) == int(plan[1]), "not as many points as planned"
    return found


def _run(lines: list[str], indent: str) -> list[str]:
    """The lines at the beginning that are indented, without the indentation."""
    found = []
    for line in lines:
        if not line.startswith(indent):
            break
        found.append(line.removeprefix(indent))
    return found
