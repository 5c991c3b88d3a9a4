"""TAP 14 (testanything.org): a subtest for each phase, a test point for each check."""

from __future__ import annotations

import json
from typing import Any

from todo_manager.render.formats.cases import Case, cases, clean, suite_name
from todo_manager.render.plain import one_line


def tap(data: dict[str, Any]) -> str:
    """The data of `verify` as one TAP document; its points are the phases.

    A phase is `not ok` exactly when its verdict is failed or error, whatever its checks say.
    """
    phases = data["phases"]
    lines = ["TAP version 14", _plan(len(phases))]
    for number, phase in enumerate(phases, start=1):
        found = cases(phase)
        name = _escaped(suite_name(phase))
        lines += [f"# Subtest: {name}", f"    {_plan(len(found))}"]
        for n, case in enumerate(found, start=1):
            lines += [f"    {line}" for line in _point(n, case)]
        if phase["verdict"] == "no checks":
            lines.append(f"ok {number} - {name} # SKIP no checks")
        else:
            passed = phase["verdict"] in ("passed", "waived")
            skip = " # SKIP in part waived" if phase["verdict"] == "waived" else ""
            lines.append(f"{_ok(passed)} {number} - {name}{skip}")
        if phase.get("does_not_count"):
            lines += _diagnostics({"does_not_count": phase["does_not_count"]})
    return "\n".join(lines) + "\n"


def _plan(count: int) -> str:
    return f"1..{count}" if count else "1..0 # SKIP nothing to verify"


def _ok(passed: bool) -> str:
    return "ok" if passed else "not ok"


def _point(number: int, case: Case) -> list[str]:
    passed = case.counts in ("passed", "skipped")
    line = f"{_ok(passed)} {number} - {_escaped(case.name)}"
    if case.counts == "skipped":
        line += f" # SKIP {_escaped(case.why)}"
    values: dict[str, Any] = {} if passed else {"message": case.why, "severity": case.counts}
    values |= {**case.facts, "duration_ms": round(case.seconds * 1000)}
    return [line, *_diagnostics(values)]


def _diagnostics(values: dict[str, Any]) -> list[str]:
    """A YAML block; its texts are in double quotes, which YAML reads as JSON does."""
    return ["  ---", *(f"  {name}: {_quoted(value)}" for name, value in values.items()), "  ..."]


def _quoted(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    text = json.dumps(clean(value), ensure_ascii=False)
    # To YAML these two end a line.
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _escaped(text: str) -> str:
    """A description in which no directive can hide: TAP 14 reads a bare `#` as the start of one."""
    return clean(one_line(text)).replace("\\", "\\\\").replace("#", "\\#")
