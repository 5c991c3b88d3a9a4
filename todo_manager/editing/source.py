"""What is edited when a plan is: its YAML file, or the proposal that stands for one."""

from __future__ import annotations

from msgspec import Struct

from todo_manager import coupling, documents, exporting, proposals
from todo_manager.documents import plan_json, plan_yaml, plan_yaml_writer
from todo_manager.documents.base import Document
from todo_manager.errors import InvalidDocument, UsageProblem, file_problem
from todo_manager.model import PlanDoc
from todo_manager.plans import Plan
from todo_manager.proposals import Proposal
from todo_manager.shellword import word
from todo_manager.workspace import Project


class Source(Struct, frozen=True, kw_only=True):
    """A document to edit: a file of the project where it has a path, else a proposal."""

    name: str
    data: bytes
    path: str | None = None
    proposal: Proposal | None = None


def of(project: Project, plan: Plan) -> Source:
    """The proposal that waits, else the plan's file, else what a first proposal begins with."""
    if proposal := proposals.waiting(project.db, plan.id):
        name = proposals.name_of(plan.id)
        return Source(name=name, data=proposal.data, proposal=proposal)
    return _file(project, plan) or Source(
        name=proposals.name_of(plan.id), data=_first_proposal(project, plan)
    )


def _file(project: Project, plan: Plan) -> Source | None:
    """The plan's file, if it is one that is edited as it stands."""
    if not plan.source_path:
        return None
    try:
        data = coupling.read_file(project.root, plan.source_path).data
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise InvalidDocument(
            [f"{plan.source_path}: {file_problem(error)}"], hint=f"ls -l {word(plan.source_path)}"
        ) from None
    document = documents.parse(data, plan.source_path)
    if document.format != plan_yaml.FORMAT:
        return None
    if plan_json.recognises(plan.source_path, data.decode("utf-8-sig")):
        raise UsageProblem(
            f"{plan.source_path} is JSON, which is written by programs and not edited from here",
            hint=f"edit it, then: todo_manager diff {word(plan.id)}",
        )
    return Source(name=plan.source_path, data=data, path=plan.source_path)


def _first_proposal(project: Project, plan: Plan) -> bytes:
    """The accepted plan in plan@1: as its author wrote it where that is YAML."""
    document, found = exporting.accepted(project, plan)
    text = document.original.decode("utf-8-sig")
    if document.format == plan_yaml.FORMAT and not plan_json.recognises(document.name, text):
        return document.original
    if not found.phases:
        return plan_yaml_writer.write(exporting.tree_of(document, found)).encode()
    return exporting.as_plan(document, found, json=False).encode()


def parsed(plan: Plan, source: Source, data: bytes) -> Document | None:
    """A document as it reads; None for a proposal that has no phase to begin with."""
    if source.path:
        return documents.parse(data, source.name)
    if data is source.data and not plan.phases and not source.proposal:
        return None
    return proposals.read(plan, data)


def plan_in(document: Document | None, plan: Plan) -> PlanDoc:
    """The plan in its document; UsageProblem when it is not there any more."""
    if document is None:
        return PlanDoc(id=plan.id, title=plan.title, phases=(), format=plan_yaml.FORMAT)
    found = next((each for each in document.plans if each.id == plan.id), None)
    if found is None:
        raise UsageProblem(
            f"{document.name} no longer holds the plan {plan.id}",
            hint=f"todo_manager lint {word(document.name)}",
        )
    return found
