"""A plan document bound to the files it rests on: scripts, helpers, pins, read once and hashed.

A document that cannot be bound changes nothing: everything here happens before a row is written.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from todo_manager import coupling, definition, plans, policy, steps
from todo_manager.canonical import line_of
from todo_manager.definition import Definition
from todo_manager.documents.base import Document
from todo_manager.errors import InvalidDocument, file_problem
from todo_manager.model import PlanDoc
from todo_manager.problems import Problems
from todo_manager.project import Settings
from todo_manager.shellword import word
from todo_manager.steps import Steps


class Bound(Struct, frozen=True, kw_only=True):
    """A plan document with every phase bound to the files it rests on."""

    plan: PlanDoc
    definitions: tuple[Definition, ...]
    steps: tuple[Steps | None, ...]
    """What may be executed of each phase; None where nothing is said of that."""
    document: Document
    path: str | None
    """The document's path in the project; None when it lies outside and is not followed."""
    coupled: coupling.Coupled

    @property
    def digest(self) -> str:
        return definition.plan_digest(self.digests())

    def digests(self) -> list[tuple[str, str, str | None]]:
        """Key, gate digest and step digest of each phase."""
        return [
            (gate.key, gate.digest, executed.digest if executed else None)
            for gate, executed in zip(self.definitions, self.steps)
        ]


def bind(root: Path, settings: Settings, document: Document, path: str | None) -> list[Bound]:
    """Bind every plan of a document; InvalidDocument naming all files that cannot be bound."""
    found, problems = [], []
    for plan in document.plans:
        try:
            found.append(_bind_plan(root, settings, document, path, plan))
        except InvalidDocument as error:
            problems += error.problems
        except (OSError, ValueError) as error:
            problems += [f"{document.name}: {line}" for line in file_problem(error).splitlines()]
    if problems:
        raise InvalidDocument(problems, hint=f"todo_manager lint {word(document.name)}")
    return found


def _bind_plan(
    root: Path, settings: Settings, document: Document, path: str | None, plan: PlanDoc
) -> Bound:
    coupled = coupling.read_folder(root, plan.id, len(plan.phases))
    names = plans.document_names(plan)
    definitions, problems = [], Problems(document.name)
    for index, phase in enumerate(plan.phases):
        try:
            found = definition.bind(
                root,
                settings,
                coupled,
                names,
                index=index,
                key=phase.key,
                needs=phase.needs,
                verify=phase.verify,
                parts=[part.verify for part in phase.parts],
            )
            definitions.append(found)
        except definition.Unbindable as error:
            for value, place, message in error.problems:
                problems.error(line_of(value), f"phases[{index}].{place}", message)
    found_steps = _bind_steps(root, settings, plan, names, problems)
    problems.raise_if_any()
    return Bound(
        plan=plan,
        definitions=tuple(definitions),
        steps=found_steps,
        document=document,
        path=path,
        coupled=coupled,
    )


def _bind_steps(
    root: Path, settings: Settings, plan: PlanDoc, names: definition.Names, problems: Problems
) -> tuple[Steps | None, ...]:
    """What may be executed of each phase; what cannot be bound or is not allowed was reported."""
    written = [steps.written_in(plan, phase) for phase in plan.phases]
    if not any(each.anything() for each in written):
        return (None,) * len(written)
    allowed = policy.load(root)
    found: list[Steps | None] = []
    told: set[str] = set()
    for index, (phase, each) in enumerate(zip(plan.phases, written)):
        try:
            found.append(steps.bind(root, settings, allowed, names, phase.key, each))
        except definition.Unbindable as error:
            for value, place, message in error.problems:
                of_plan = place.startswith("/")
                where = place[1:] if of_plan else f"phases[{index}].{place}"
                if where not in told:
                    problems.error(line_of(value), where, message)
                if of_plan:
                    told.add(where)
    return tuple(found)


def project_path(root: Path, path: Path) -> str | None:
    """A document's path relative to the project, or None when it lies outside."""
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return None
