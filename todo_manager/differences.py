"""How a proposal differs from the accepted definition, phase by phase, in lines people can read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from msgspec import Struct

from todo_manager import difflines, evidence, pinned, stored_plan
from todo_manager.binding import Bound
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
    known_files = _known_files(believed)
    phases = [_removed_or_changed(project, phase, bound) for phase in believed]
    known = {phase.key for phase in believed}
    phases += [
        _added(project, known_files, found, executed)
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


def whole(project: Project, plan: Plan, bound: Bound) -> Difference:
    """Everything that is proposed, where nobody whose word counts has accepted anything yet."""
    phases = [
        _added(project, {}, found, executed)
        for found, executed in zip(bound.definitions, bound.steps)
    ]
    return Difference(plan=plan.id, gates=True, texts=True, phases=tuple(phases))


def _removed_or_changed(project: Project, phase: Phase, bound: Bound) -> PhaseDifference:
    found = next((each for each in bound.definitions if each.key == phase.key), None)
    if found is None:
        lines = difflines.unified(_pretty(phase.definition), "", phase.key)
        return PhaseDifference(key=phase.key, change="removed", lines=lines)
    executed = bound.steps[bound.definitions.index(found)]
    lines = _executed(phase, executed)
    if found.digest != phase.digest:
        gate = difflines.unified(_pretty(phase.definition), _pretty(found.text), phase.key)
        lines = gate + _files(project, _hashes(phase.definition), found) + lines
    return PhaseDifference(key=phase.key, change="changed" if lines else "same", lines=lines)


def _added(
    project: Project, known_files: dict[str, str], found: Definition, executed: Steps | None
) -> PhaseDifference:
    """A phase that was not there, with its files where they are not those of a phase that was."""
    lines = difflines.unified("", _pretty(found.text), found.key)
    theirs = {path: known_files[path] for path in _hashes(found.text) if path in known_files}
    lines += _files(project, theirs, found)
    if executed:
        lines += difflines.unified("", _pretty(executed.text), f"{found.key}/steps")
    return PhaseDifference(key=found.key, change="added", lines=lines)


def _known_files(phases: Iterable[Phase]) -> dict[str, str]:
    return {path: name for each in phases for path, name in _hashes(each.definition).items()}


def _executed(phase: Phase, found: Steps | None) -> tuple[str, ...]:
    """How what would be executed differs."""
    if (found.digest if found else None) == phase.step_digest:
        return ()
    old = _pretty(phase.step_text) if phase.step_text else ""
    return difflines.unified(old, _pretty(found.text) if found else "", f"{phase.key}/steps")


def _files(project: Project, before: dict[str, str], found: Definition) -> tuple[str, ...]:
    """Diffs of the files themselves, from their sha256 before: a changed hash says nothing to a person."""
    lines: list[str] = []
    bound = {file.path: file for file in (*found.files.values(), *found.helpers)}
    now = {path: file.sha256 for path, file in bound.items()}
    now |= {path: pin.sha256 for path, pin in found.pins.items()}
    for path in sorted({*before, *now}):
        if before.get(path) == now.get(path):
            continue
        was, file = stored_plan.kept(project.db, before.get(path)), bound.get(path)
        data = file.data if file else pinned.content(project.root, path, now.get(path))
        if was is None or data is None:
            lines.append(
                f"{difflines.exact(path)}: too large, or no longer there, to be shown here"
            )
        else:
            lines += difflines.unified(difflines.text_of(was), difflines.text_of(data), path)
    return tuple(lines)


def _hashes(definition: str) -> dict[str, str]:
    """The sha256 of every file a definition binds, by path."""
    tree = json.loads(definition)
    return {**tree.get("scripts", {}), **tree.get("helpers", {}), **tree.get("pins", {})}


def _pretty(text: str) -> str:
    return json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


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
