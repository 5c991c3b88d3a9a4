"""The kinds of checks: which can look from here, and which lack a program."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

from todo_manager import checks, programs
from todo_manager.checks.base import Check, Unresolvable
from todo_manager.doctor.base import Finding, Place, ok, problem, warning
from todo_manager.errors import Unevaluated
from todo_manager.project import SETTINGS
from todo_manager.shellword import word

_MODULE = "python -m "
_USED = (
    "SELECT DISTINCT json_extract(c.value, '$.kind') AS kind, p.id AS plan FROM plans AS p"
    " JOIN phases AS f ON f.plan = p.id, json_each(f.checks) AS c"
    " WHERE p.closed = 0 AND p.archived IS NULL ORDER BY p.seq"
)


def look(place: Place) -> Iterator[Finding]:
    used = {row["kind"]: row["plan"] for row in place.rows(_USED)}
    able = []
    for name in sorted(checks.KINDS):
        kind = checks.load(name)
        missing = list(filter(None, (_missing(need, place) for need in kind.needs)))
        lacking = _lacking(kind, place)
        if missing:
            yield _unable(name, "; ".join(missing), used.get(name))
        elif lacking:
            yield ok(f"kind {name}", f"can look here, but {'; '.join(lacking)}")
        else:
            able.append(name)
    yield ok("kinds", f"{', '.join(able)} can look here")


def _unable(name: str, said: str, plan: str | None) -> Finding:
    """A kind that cannot look is a problem where an open plan has such a check."""
    if plan is None:
        return warning(
            f"kind {name}", said, f"install it, or name its folder under path in {SETTINGS}"
        )
    hint = f"install it, then: todo_manager verify {word(plan)}"
    return problem(f"kind {name}", Unevaluated(f"{said}; {plan} has such a check", hint=hint))


def _lacking(kind: type[Check], place: Place) -> list[str]:
    """The parameters that lack what they alone need, by what that is."""
    parameters: dict[str, list[str]] = {}
    for parameter, need in kind.needs_for.items():
        if why := _missing(need, place):
            parameters.setdefault(why, []).append(f"`{parameter}`")
    return [f"not with {', '.join(names)}: {why}" for why, names in parameters.items()]


def _missing(need: str, place: Place) -> str:
    """Why a program cannot be used; empty when it can."""
    if need.startswith(_MODULE):
        return _missing_module(need.removeprefix(_MODULE))
    try:
        programs.resolve(need, place.root or place.start, place.settings, {})
    except Unresolvable as why:
        return str(why)
    return ""


def _missing_module(name: str) -> str:
    """A module of our interpreter's own folders; one that lies in the project does not count."""
    here = Path.cwd().resolve()
    folders = [folder for folder in sys.path if folder and Path(folder).resolve() != here]
    if PathFinder.find_spec(name, folders) is None:
        return f"needs {name}: {sys.executable} has no such module"
    return ""
