"""Accepted plans as they are on disk right now, and where that is not what was accepted.

The store holds the accepted definition; the document is only a proposal. Whatever a phase rests on is read
anew, at most once for each `OnDisk`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from todo_manager import coupling, definition, documents, plans, policy, proof, steps
from todo_manager.canonical import Tree
from todo_manager.definition import Definition, Names
from todo_manager.errors import InvalidDocument, Kind, TodoError, Untrusted, file_problem
from todo_manager.model import PhaseDoc, PlanDoc
from todo_manager.plans import Phase, Plan
from todo_manager.project import Settings, inside
from todo_manager.shellword import word
from todo_manager.steps import Steps


class OnDisk:
    """A plan as its files are now, read at most once each."""

    def __init__(self, root: Path, settings: Settings, plan: Plan) -> None:
        self._root = root
        self._settings = settings
        self.plan = plan
        self.source = self._source()
        """`same`, `gone`, `changed`, `unreadable`, or `none` when the plan has no file."""
        self.problem = ""
        self.document: PlanDoc | None = None
        self.looked: dict[int, tuple[Definition | None, TodoError | None]] = {}
        """What `untrusted` found, by phase index."""
        self._policy: policy.Policy | None = None
        self._coupled: coupling.Coupled | None = None
        if self.source == "changed":
            self._read_proposal()

    def _source(self) -> str:
        if not self.plan.source_path:
            return "none"
        try:
            data = coupling.read_file(self._root, self.plan.source_path).data
        except FileNotFoundError:
            return "gone"
        except (OSError, ValueError):
            return "changed"
        same = hashlib.sha256(data).hexdigest() == self.plan.source_sha256
        return "same" if same else "changed"

    def _read_proposal(self) -> None:
        try:
            path = inside(self._root, self.plan.source_path or "")
            found = documents.read(path, self.plan.source_path)
            self.document = next((p for p in found.plans if p.id == self.plan.id), None)
            if self.document is None:
                self.problem = f"{self.plan.source_path} no longer holds the plan {self.plan.id}"
        except (InvalidDocument, ValueError, OSError) as error:
            self.problem = str(error)
        if self.problem:
            self.source = "unreadable"

    def coupled(self) -> coupling.Coupled:
        """Scripts and helpers of the plan. Raises ValueError or OSError."""
        if self._coupled is None:
            phases = self.document.phases if self.document else self.plan.phases
            self._coupled = coupling.read_folder(self._root, self.plan.id, len(phases))
        return self._coupled

    def accepted(self, phase: Phase) -> Definition:
        """A phase as accepted in its document, on the files it rests on as they are now.

        Raises ValueError or OSError when one of them is gone or cannot be bound.
        """
        return self._bind(
            self.plan.names, phase.idx, phase.key, phase.needs, phase.verify, phase.parts
        )

    def proposed(self, phase: Phase) -> Definition | None:
        """A phase as the changed document states it; None when it has no such phase any more."""
        if self.document is None:
            return self.accepted(phase)
        found = phase_of(self.document, phase.key)
        if found is None:
            return None
        index, doc = found
        parts = [part.verify for part in doc.parts]
        names = plans.document_names(self.document)
        return self._bind(names, index, doc.key, doc.needs, doc.verify, parts)

    def steps(self, phase: Phase) -> Steps | None:
        """What may be executed of a phase, as document, policy and files are now.

        None where nothing is said of that. Raises ValueError, OSError or InvalidDocument.
        """
        if self._policy is None:
            self._policy = policy.load(self._root)
        written, names = steps.accepted(phase.step_text), self.plan.names
        if self.document is not None:
            found = phase_of(self.document, phase.key)
            if found is None:
                raise ValueError(f"{self.plan.source_path} no longer has the phase {phase.key}")
            written = steps.written_in(self.document, found[1])
            names = plans.document_names(self.document)
        settings = self._settings
        return steps.bind(self._root, settings, self._policy, names, phase.key, written)

    def _bind(
        self,
        names: Names,
        index: int,
        key: str,
        needs: Iterable[str],
        verify: Sequence[Tree],
        parts: Sequence[Sequence[Tree]],
    ) -> Definition:
        return definition.bind(
            self._root,
            self._settings,
            self.coupled(),
            names,
            index=index,
            key=key,
            needs=tuple(needs),
            verify=verify,
            parts=parts,
        )


def phase_of(document: PlanDoc, key: str) -> tuple[int, PhaseDoc] | None:
    """The phase of a document with this key, and its index."""
    return next(((n, phase) for n, phase in enumerate(document.phases) if phase.key == key), None)


def untrusted(disk: OnDisk, phase: Phase) -> tuple[Definition | None, TodoError | None]:
    """A phase's definition as it is on disk, and why it may not be done with it (None: it may).

    Files are read once for each OnDisk; a new one looks anew.
    """
    if phase.idx not in disk.looked:
        disk.looked[phase.idx] = _look(disk.plan, disk, phase)
    return disk.looked[phase.idx]


def _look(plan: Plan, disk: OnDisk, phase: Phase) -> tuple[Definition | None, TodoError | None]:
    if disk.source == "unreadable":
        return None, changed(plan, Kind.SOURCE_CHANGED, disk.problem)
    try:
        found = disk.proposed(phase)
    except (OSError, ValueError) as error:
        return None, changed(
            plan, Kind.DEFINITION_CHANGED, f"phase {phase.idx}: {file_problem(error)}"
        )
    if found is None:
        what = f"{plan.source_path} no longer has the phase {phase.key}"
        return None, changed(plan, Kind.SOURCE_CHANGED, what)
    if plan.unaccepted:
        return found, accept_anew(plan)
    if found.digest != phase.digest:
        kind, what = _difference(plan, disk, phase, found)
        return found, changed(plan, kind, what)
    return found, None


def differing(plan: Plan, disk: OnDisk, unaccepted: TodoError | None) -> dict[int, str]:
    """Why phases do not stand as they were accepted, by index: what was looked at on disk differs.

    All of them where nobody whose word counts has accepted the plan.
    """
    if unaccepted:
        return {phase.idx: unaccepted.message for phase in plan.phases}
    return {idx: error.message for idx, (_, error) in disk.looked.items() if error is not None}


def accept_anew(plan: Plan) -> Untrusted:
    """The refusal of a definition that was accepted before a break only."""
    return Untrusted(
        f"{proof.UNACCEPTED}, so nobody knows what {plan.id} demands",
        hint=f"a person: todo_manager accept {word(plan.id)}, which shows all of it",
        person=True,
    )


def _difference(plan: Plan, disk: OnDisk, phase: Phase, found: Definition) -> tuple[Kind, str]:
    old, new = json.loads(phase.definition), json.loads(found.text)
    files = [
        path
        for part in ("scripts", "helpers", "pins")
        for path in {**old.get(part, {}), **new.get(part, {})}
        if old.get(part, {}).get(path) != new.get(part, {}).get(path)
    ]
    if files:
        verb = "differ" if len(files) > 1 else "differs"
        return Kind.DEFINITION_CHANGED, f"{', '.join(sorted(files))} {verb} from what was accepted"
    if disk.source == "changed":
        what = (
            f"phase {phase.idx} ({phase.key}) in {plan.source_path} differs from what was accepted"
        )
        return Kind.SOURCE_CHANGED, what
    return (
        Kind.DEFINITION_CHANGED,
        f"phase {phase.idx} ({phase.key}) differs from what was accepted",
    )


def changed(plan: Plan, kind: Kind, what: str) -> Untrusted:
    """The refusal of a definition that is not the accepted one, and the ways out."""
    return Untrusted(
        what,
        kind=kind,
        hint=f"restore it (todo_manager diff {word(plan.id)} shows how it differs); "
        f"or a person: todo_manager accept {word(plan.id)}",
        person=True,
    )
