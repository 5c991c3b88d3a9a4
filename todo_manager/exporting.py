"""An accepted plan as a document again: the same definition and texts, in a format of choice.

What is written is read back and compared before anybody gets it: a document that says something else
than the accepted one is no export.
"""

from __future__ import annotations

from msgspec import structs

from todo_manager import documents, ledger, overview, plans, states, stored_plan
from todo_manager.canonical import Map, Scalar, encode
from todo_manager.documents import (
    loader,
    plan_json,
    plan_tree,
    plan_yaml,
    plan_yaml_writer,
    queue_json_writer,
)
from todo_manager.documents.base import Document
from todo_manager.documents.imported import Todo, task_of
from todo_manager.errors import InvalidDocument, UsageProblem
from todo_manager.model import PhaseDoc, PlanDoc
from todo_manager.plans import Plan
from todo_manager.problems import Problems
from todo_manager.shellword import word
from todo_manager.workspace import Project

FORMATS = ("yaml", "json", "queue-json")


def document_of(plan: Plan, data: bytes, shown: str) -> Document:
    """A document the store keeps for a plan.

    One in plan@1 is about that plan whatever id it names: ids of queues may not stand in plan@1.
    """
    found = documents.parse(data, shown)
    if found.format != plan_yaml.FORMAT:
        return found
    return structs.replace(found, plans=(structs.replace(found.plans[0], id=plan.id),))


def accepted(project: Project, plan: Plan) -> tuple[Document, PlanDoc]:
    """The accepted document of a plan and the plan in it.

    IntegrityProblem when it reads as another definition than the accepted one, InvalidDocument when
    this version does not read it.
    """
    shown = plan.source_path or plan.id
    try:
        document = document_of(plan, stored_plan.accepted_bytes(project, plan), shown)
    except InvalidDocument as problem:
        other = f"todo_manager export {word(plan.id)} --original gives it as it is"
        raise InvalidDocument(problem.problems, hint=other) from None
    found = next((each for each in document.plans if each.id == plan.id), None)
    if found is None or _gates(found.phases) != _gates(plan.phases):
        what = f"the accepted document of {plan.id} does not hold the definition that was accepted"
        raise ledger.broken(what)
    return document, found


def _gates(phases: tuple[PhaseDoc, ...] | tuple[plans.Phase, ...]) -> list[tuple[object, ...]]:
    return [(phase.key, phase.needs, encode(list(phase.verify))) for phase in phases]


def tree_of(document: Document, plan: PlanDoc) -> Map:
    """The tree of a plan in plan@1; of a document in that format the author's own, as written."""
    if document.format != plan_yaml.FORMAT:
        return plan_tree.of(plan)
    text = document.original.decode("utf-8-sig")
    is_json = plan_json.recognises(document.name, text)
    tree = loader.read_tree(plan_json.as_yaml(text) if is_json else text, document.name)
    assert isinstance(tree, Map)
    return tree


def as_plan(document: Document, plan: PlanDoc, *, json: bool, id_: str = "") -> str:
    """A plan as a plan@1 document; UsageProblem when the format cannot hold it."""
    tree = tree_of(document, plan)
    tree["id"] = Scalar(id_) if id_ else tree["id"]
    text = plan_json.write(tree) if json else plan_yaml_writer.write(tree)
    problems = Problems("the export")
    found = plan_yaml.read(text, problems)
    if not problems.errors and _says(found[0]) != _says(plan):
        problems.error(0, "", "the format has no way to write a part of it")
    if problems.errors:
        raise _unfit(plan, "json" if json else "yaml", problems.errors)
    return text


def _says(plan: PlanDoc) -> tuple[object, ...]:
    """All that has to come back of a plan, tokens told from text."""
    bare = structs.replace(plan, id="", format="", status="", created="", updated="", phases=())
    phases = [structs.replace(phase, marked=False) for phase in plan.phases]
    checks = [encode([*p.verify, *(part.verify for part in p.parts)]) for p in plan.phases]
    return bare, phases, checks, encode(dict(plan.vars))


def _unfit(plan: PlanDoc, format: str, problems: list[str]) -> InvalidDocument:
    return InvalidDocument(
        [f"{plan.id} cannot be written as {format}: {problem}" for problem in problems[:5]],
        hint=f"todo_manager export {word(plan.id)} --original, or --format queue-json",
    )


def as_queue(project: Project, plan: Plan, document: Document, found: PlanDoc) -> str:
    """A plan as a task queue; a todo is done where the phase is and its mark verifies.

    Raises IntegrityProblem when a mark is not what the ledger recorded.
    """
    with project.snapshot():
        seen = overview.look(project.db, project.root, project.settings, plan.id)
    # What is archived, or held just now, is as done as it was.
    standings = states.derive(seen.plan.rows(), seen.plan.bound, changed=seen.changed)
    done = [standing.state in states.SATISFIED for standing in standings]
    verbatim = document.format != plan_yaml.FORMAT
    texts = [each.text if verbatim else queue_json_writer.text_of(each) for each in found.phases]
    todos = tuple(Todo(text, mark) for text, mark in zip(texts, done))
    status = "completed" if done and all(done) else "in_progress" if any(done) else "queued"
    task = structs.replace(task_of(found), todos=todos, status=status)
    return queue_json_writer.write([task])


def require_phases(plan: PlanDoc) -> None:
    """UsageProblem for a plan without phases, which plan@1 does not have."""
    if not plan.phases:
        raise UsageProblem(
            f"{plan.id} has no phases, and a plan in plan@1 has at least one",
            hint=f"todo_manager export {word(plan.id)} --format queue-json, or --original",
        )
