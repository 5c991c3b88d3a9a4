"""An edit from the command line, from what it is made in to what it means for order and scripts.

A plan whose source is a YAML file of the project is edited in that file. Any other plan is edited in a
proposal that the store keeps. Either is only what a person may accept; no gate moves here.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, structs

from todo_manager import binding, coupling, proposals
from todo_manager.documents.base import Document
from todo_manager.editing import edits, files, scripts
from todo_manager.editing.edits import Edit
from todo_manager.editing.source import Source, of, parsed, plan_in
from todo_manager.errors import InvalidDocument, Kind, UsageProblem, file_problem
from todo_manager.ledger import Actor
from todo_manager.model import PhaseDoc, PlanDoc
from todo_manager.plans import Plan
from todo_manager.project import inside
from todo_manager.shellword import word
from todo_manager.workspace import Project

Wanted = Callable[[PlanDoc, str], Edit]
"""Makes the edit for the plan as its document has it; the text is what messages call that document."""
_BOM = b"\xef\xbb\xbf"


class NeedsChange(Struct, frozen=True, kw_only=True):
    """A phase that needs others than before, because its place says what it needs."""

    key: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class Edited(Struct, frozen=True, kw_only=True):
    """What an edit did."""

    plan: PlanDoc
    """As its document has it after the edit."""
    name: str
    file: str | None
    """The path that was edited; None when it is a proposal."""
    gates: bool
    """Whether what `done` means would be another thing, so that a person has to accept it."""
    needs: tuple[NeedsChange, ...] = ()
    renamed: dict[str, str] = {}
    """Scripts that went with their phases: path before and after."""


def edit(project: Project, plan: Plan, wanted: Wanted, actor: Actor) -> Edited:
    """Make an edit where the plan is edited. Raises UsageProblem or InvalidDocument; then nothing is
    written. EnvironmentProblem when the system refuses."""
    with files.exclusive(project.root):
        source = of(project, plan)
        before = plan_in(parsed(plan, source, source.data), plan)
        text = source.data.decode("utf-8-sig")
        try:
            changed = edits.apply(text, source.name, wanted(before, source.name))
        except edits.ByHand as problem:
            raise UsageProblem(problem.message, hint=_by_hand(plan, source.path)) from None
        data = (_BOM if source.data.startswith(_BOM) else b"") + changed.encode()
        try:
            document = parsed(plan, source, data)
            gates = _differs(project, plan, document, source.path)
        except InvalidDocument as problem:
            raise _refused(plan, problem) from None
        after = plan_in(document, plan)
        renamed = _renames(project, plan, source, before, after)
        _write(project, plan, source, data, renamed, actor)
        return Edited(
            plan=after,
            name=source.name,
            file=source.path,
            gates=gates or bool(renamed),
            needs=_needs(before.phases, after.phases),
            renamed=renamed,
        )


def _by_hand(plan: Plan, path: str | None) -> str:
    if path is None:
        return f"todo_manager export {word(plan.id)} -o FILE, which gives a file to edit by hand"
    return f"edit {word(path)} by hand, then: todo_manager lint {word(path)}"


def _refused(plan: Plan, problem: InvalidDocument) -> InvalidDocument:
    circle = any("goes round in a circle" in line for line in problem.problems)
    way = (
        f"write `needs:` where the order decides, or see todo_manager show {word(plan.id)}"
        if circle
        else "correct what was to be added; the lines are those it would have had"
    )
    return InvalidDocument(problem.problems, hint=f"nothing was written: {way}")


def _renames(
    project: Project, plan: Plan, source: Source, before: PlanDoc, after: PlanDoc
) -> dict[str, str]:
    """The scripts that have to go with their phases; UsageProblem where they cannot."""
    old, new = ([phase.key for phase in each.phases] for each in (before, after))
    try:
        found = scripts.moved(project.root, plan.id, old, new)
    except (OSError, ValueError) as error:
        raise InvalidDocument(
            [file_problem(error)], hint=f"ls -l {coupling.FOLDER}/{word(plan.id)}"
        ) from None
    if found and source.path is None:
        first = next(iter(found))
        raise UsageProblem(
            f"{first} belongs to a phase by its number, which would be another; a proposal "
            "renames no scripts, and nothing was kept",
            hint=f"give the plan a file: todo_manager export {plan.id} -o {plan.id}.yaml, then "
            f"todo_manager import {plan.id}.yaml, then repeat",
        )
    return found


def _differs(project: Project, plan: Plan, document: Document | None, path: str | None) -> bool:
    """Whether a gate would be another; InvalidDocument when what checks rest on is not there."""
    assert document is not None
    bounds = binding.bind(project.root, project.settings, document, path)
    return any(bound.digest != plan.digest for bound in bounds if bound.plan.id == plan.id)


def _write(
    project: Project,
    plan: Plan,
    source: Source,
    data: bytes,
    renamed: dict[str, str],
    actor: Actor,
) -> None:
    if source.path is None:
        proposals.keep(project, plan, data, source.proposal, actor)
        return
    root = project.root
    pairs = [(root / old, root / new) for old, new in renamed.items()]
    files.replace(inside(root, source.path), source.data, data, pairs)


def _needs(before: tuple[PhaseDoc, ...], after: tuple[PhaseDoc, ...]) -> tuple[NeedsChange, ...]:
    """Phases, there before and after, that need others."""
    known = {phase.key: phase.needs for phase in before}
    return tuple(
        NeedsChange(key=phase.key, before=known[phase.key], after=phase.needs)
        for phase in after
        if known.get(phase.key, phase.needs) != phase.needs
    )


def phase_of(plan: PlanDoc, index: int, name: str) -> PhaseDoc:
    """A phase of the document that is edited; UsageProblem naming the ones there are."""
    if not 0 <= index < len(plan.phases):
        known = f"its phases are 0 to {len(plan.phases) - 1}" if plan.phases else "it has none"
        raise UsageProblem(
            f"{name} has no phase {index}; {known}",
            kind=Kind.UNKNOWN_PHASE,
            hint=f"todo_manager diff {word(plan.id)}, if they are not those of show",
        )
    return plan.phases[index]


def part_of(plan: PlanDoc, index: int, part: int | None, name: str) -> None:
    """UsageProblem when the document that is edited has no such phase, or the phase no such part."""
    count = len(phase_of(plan, index, name).parts)
    if part is not None and not 1 <= part <= count:
        known = f"its parts are 1 to {count}" if count else "it has none"
        raise UsageProblem(
            f"phase {index} of {name} has no part {part}; {known}",
            kind=Kind.UNKNOWN_PHASE,
            hint=f"todo_manager show {word(plan.id)} {index}",
        )


def as_data(done: Edited) -> dict[str, object]:
    """What programs are told of an edit."""
    return {
        "plan": done.plan.id,
        "file": done.file,
        "proposal": done.file is None,
        "gates_differ": done.gates,
        "needs_changed": [structs.asdict(each) for each in done.needs],
        "renamed": done.renamed,
    }
