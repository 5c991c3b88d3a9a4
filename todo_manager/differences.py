"""How a proposal differs from the accepted definition, phase by phase, in lines people can read."""

from __future__ import annotations

import difflib
import hashlib
import json
from typing import Any

from msgspec import Struct

from todo_manager import evidence, stored_plan
from todo_manager.binding import Bound
from todo_manager.coupling import BoundFile
from todo_manager.definition import Definition
from todo_manager.plans import Phase, Plan
from todo_manager.steps import Steps
from todo_manager.workspace import Project


class PhaseDifference(Struct, frozen=True, kw_only=True):
    """What happened to one phase."""

    key: str
    change: str
    """`same`, `changed`, `added` or `removed`."""
    lines: tuple[str, ...] = ()
    """A unified diff of its definition and of the scripts it rests on."""


class Difference(Struct, frozen=True, kw_only=True):
    """A whole proposal against what was accepted."""

    plan: str
    gates: bool
    """Whether any gate differs, so that a person has to accept it."""
    texts: bool
    """Whether the document's bytes differ at all."""
    phases: tuple[PhaseDifference, ...]


def compare(project: Project, plan: Plan, bound: Bound) -> Difference:
    """Compare a bound proposal with the accepted plan; all of it is new where that is not believed."""
    believed = () if plan.unaccepted else plan.phases
    phases = [_removed_or_changed(project, phase, bound) for phase in believed]
    known = {phase.key for phase in believed}
    phases += [
        PhaseDifference(key=found.key, change="added", lines=_added(found, executed))
        for found, executed in zip(bound.definitions, bound.steps)
        if found.key not in known
    ]
    original = hashlib.sha256(bound.document.original).hexdigest()
    return Difference(
        plan=plan.id,
        gates=bound.digest != plan.digest or plan.unaccepted,
        texts=original != plan.source_sha256,
        phases=tuple(phases),
    )


def whole(plan: Plan, bound: Bound) -> Difference:
    """Everything that is proposed, where nobody whose word counts has accepted anything yet."""
    phases = [
        PhaseDifference(key=found.key, change="added", lines=_added(found, executed))
        for found, executed in zip(bound.definitions, bound.steps)
    ]
    return Difference(plan=plan.id, gates=True, texts=True, phases=tuple(phases))


def _removed_or_changed(project: Project, phase: Phase, bound: Bound) -> PhaseDifference:
    found = next((each for each in bound.definitions if each.key == phase.key), None)
    if found is None:
        lines = _unified(_pretty(phase.definition), "", phase.key)
        return PhaseDifference(key=phase.key, change="removed", lines=lines)
    executed = bound.steps[bound.definitions.index(found)]
    lines = _executed(phase, executed)
    if found.digest != phase.digest:
        gate = _unified(_pretty(phase.definition), _pretty(found.text), phase.key)
        lines = gate + _files(project, phase, found) + lines
    return PhaseDifference(key=phase.key, change="changed" if lines else "same", lines=lines)


def _added(found: Definition, executed: Steps | None) -> tuple[str, ...]:
    lines = _unified("", _pretty(found.text), found.key)
    return lines + (_unified("", _pretty(executed.text), f"{found.key}/steps") if executed else ())


def _executed(phase: Phase, found: Steps | None) -> tuple[str, ...]:
    """How what would be executed differs."""
    if (found.digest if found else None) == phase.step_digest:
        return ()
    old = _pretty(phase.step_text) if phase.step_text else ""
    return _unified(old, _pretty(found.text) if found else "", f"{phase.key}/steps")


def _files(project: Project, phase: Phase, found: Any) -> tuple[str, ...]:
    """Diffs of the scripts and helpers themselves: a changed hash says nothing to a person."""
    old = json.loads(phase.definition)
    before = {**old.get("scripts", {}), **old.get("helpers", {})}
    now: dict[str, BoundFile] = {**found.files, **{file.path: file for file in found.helpers}}
    lines: list[str] = []
    for path in sorted({*before, *now}):
        sha256 = before.get(path)
        file = now.get(path)
        if sha256 != (file.sha256 if file else None):
            was = stored_plan.content(project.db, sha256, path) if sha256 else b""
            lines += _unified(_text(was), _text(file.data if file else b""), path)
    return tuple(lines)


def _pretty(text: str) -> str:
    return json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _unified(old: str, new: str, name: str) -> tuple[str, ...]:
    return tuple(
        difflib.unified_diff(
            old.splitlines(), new.splitlines(), f"accepted/{name}", f"now/{name}", lineterm=""
        )
    )


def never_failed(project: Project, plan: Plan, bound: Bound) -> list[str]:
    """Checks of changed phases that nobody has seen failing: they may not be able to."""
    known = {phase.key: phase.digest for phase in plan.phases}
    found = []
    for index, proposed in enumerate(bound.definitions):
        if known.get(proposed.key) == proposed.digest:
            continue
        for id_, _ in proposed.checks:
            if not evidence.has_failed(project.db, plan.id, proposed, id_):
                found.append(f"never seen failing: phase {index} check {id_}")
    return found


def standing_marks(plan: Plan) -> list[str]:
    """Marks that nobody has vouched for by accepting the plan: who accepts it now takes them over."""
    return [
        f"phase {phase.idx} ({phase.key}) is {phase.mark} already"
        for phase in plan.phases
        if phase.mark != "open"
    ]


def moved_marks(plan: Plan, bound: Bound) -> list[str]:
    """What accepting a proposal does to phases that are done: for the person who is asked."""
    found = []
    proposed = {each.key: each.digest for each in bound.definitions}
    for phase in plan.phases:
        if phase.mark == "open":
            continue
        if phase.key not in proposed:
            found.append(f"phase {phase.idx} ({phase.key}) is {phase.mark} and would be gone")
        elif proposed[phase.key] != phase.mark_digest:
            found.append(f"phase {phase.idx} ({phase.key}) is {phase.mark} and would become stale")
    return found
