"""Services whose last deployment did not come to its end: what is left of it, and putting it right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from todo_manager import ledger, plans
from todo_manager.deploying import left_behind
from todo_manager.deploying.left_behind import PROBLEMS, Placed
from todo_manager.doctor.base import Finding, Place, ok, problem, warning
from todo_manager.errors import Kind, TodoError, Unevaluated
from todo_manager.ledger import Actor
from todo_manager.shellword import word
from todo_manager.workspace import Project

_DEPLOYING = (
    "SELECT id FROM plans WHERE archived IS NULL AND id IN"
    """ (SELECT plan FROM phases WHERE step_text LIKE '%"services":%') ORDER BY seq DESC"""
)
"""Also plans that are done: what they deployed goes on."""
REPAIR = "todo_manager doctor --repair"
_ANSWER = 30.0
"""Seconds an engine may take for an answer while something is put right."""


def look(place: Place) -> Iterator[Finding]:
    """One line for each service that is not whole, or cannot be looked at; one for all others."""
    if place.db is None or place.root is None:
        return
    opened = [plans.load(place.db, row["id"]) for row in place.rows(_DEPLOYING)]
    whole = []
    for each in left_behind.placed(opened):
        finding = _looked(place.root, each)
        if finding is None:
            whole.append(f"{each.plan}/{each.name}")
        else:
            yield finding
    if whole:
        yield ok("deployments", f"nothing was left unfinished of {', '.join(whole)}")


def repair(project: Project, actor: Actor) -> Iterator[Finding]:
    """Put right what deployments have left behind, and keep what was done; a finding a service."""
    with project.snapshot():
        rows = project.db.execute(_DEPLOYING).fetchall()
        opened = [plans.load(project.db, row["id"]) for row in rows]
    for each in left_behind.placed(opened):
        if each.container:
            yield _repaired(project, actor, each)


def _looked(root: Path, wanted: Placed) -> Finding | None:
    name = f"service {wanted.name}"
    if not wanted.container:
        said = f"of {wanted.plan}: an input in the name of its container has no value yet"
        return ok(name, said)
    try:
        with left_behind.working(root, wanted, _silently) as work:
            found = left_behind.unfinished(work)
    except PROBLEMS as why:
        return warning(name, f"of {wanted.plan}: {why}", f"todo_manager show {word(wanted.plan)}")
    return warning(name, f"of {wanted.plan}: {found}", REPAIR) if found else None


def _repaired(project: Project, actor: Actor, wanted: Placed) -> Finding:
    name, said = f"service {wanted.name}", _Said()
    try:
        with left_behind.working(project.root, wanted, said.add, _ANSWER) as work:
            before = left_behind.unfinished(work)
            why = left_behind.put_right(project.root, work) if before else ""
    except TodoError as error:
        return problem(name, error)
    except PROBLEMS as trouble:
        before, why = "unknown", str(trouble)
    if before:
        _keep(project, actor, wanted, f"{before}; {why or 'put right'}", said.lines())
    if not before:
        return ok(name, f"of {wanted.plan}: nothing was left unfinished")
    told = "; ".join(said.lines()) or before
    if why:
        hint = f"todo_manager log {word(wanted.plan)}, then put it right and repeat: {REPAIR}"
        return problem(
            name,
            Unevaluated(f"of {wanted.plan}: {why}; {told}", kind=Kind.NOT_RESTORED, hint=hint),
        )
    return ok(name, f"of {wanted.plan}: {told}")


def _keep(project: Project, actor: Actor, wanted: Placed, message: str, lines: list[str]) -> None:
    data = {
        "service": wanted.name,
        "host": wanted.host,
        "container": wanted.container,
        "message": message,
        "said": lines,
    }
    with project.recording() as db:
        ledger.append(db, "repaired", actor, plan=wanted.plan, data=data)


class _Said:
    """What was told, in lines."""

    def __init__(self) -> None:
        self._text = b""

    def add(self, stream: str, data: bytes) -> None:
        self._text += data

    def lines(self) -> list[str]:
        return self._text.decode("utf-8", "replace").splitlines()


_silently: Callable[[str, bytes], None] = lambda stream, data: None  # noqa: E731
