"""A person accepts the definition of a plan as its files are now; marks stay with their phases.

A phase that was done with another definition becomes stale and has to be done anew. A proposal that
waits for the plan is what is accepted, unless a FILE is named. Where signers are pinned it is signed, and
a plan that was only imported has to be accepted too.
"""

from __future__ import annotations

import argparse

from todo_manager import acceptance, actors, differences, intake, people, proposals
from todo_manager.binding import Bound
from todo_manager.commands import common, diff
from todo_manager.errors import Kind
from todo_manager.plans import Plan
from todo_manager.proposals import Proposal
from todo_manager.render.output import Output
from todo_manager.shellword import word
from todo_manager.vouched import Words
from todo_manager.workspace import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    parser.add_argument("file", nargs="?", metavar="FILE", help="make this document its source")
    parser.add_argument("--author", metavar="NAME", help="who wrote it, where that is not you")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 accepted or nothing to accept, 2 for a bad document, 6 without a person or without a yes."""
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    proposal = None if arguments.file else proposals.waiting(project.db, plan.id)
    bound = common.bound_document(project, plan, arguments.file)
    found = differences.compare(project, plan, bound)
    unaccepted = acceptance.refusal(project.db, project.root, project.settings, plan)
    if unaccepted and unaccepted.kind != Kind.UNACCEPTED:
        raise unaccepted
    if unaccepted:
        found = differences.whole(project, plan, bound)
    output.data = diff.as_data(found) | {"accepted": False, "digest": plan.digest}
    actor = common.actor(arguments, project)
    if not found.gates:
        if found.texts or bound.path != plan.source_path:
            intake.take_texts(project, bound, actor)
        output.say(f"{plan.id}: nothing to accept, no gate differs")
        return _end(project, plan, proposal, output)
    actors.ready(project, actor, verb=f"accept {word(plan.id)}")
    if proposal:
        output.say(f"{plan.id}: {proposal.said()}")
    diff.tell(found, output)
    marks = differences.standing_marks(plan) if unaccepted else []
    for line in [*marks, *_to_know(project, plan, bound)]:
        output.say(line)
    author = arguments.author or _author(project, plan, bound, proposal)
    words = Words.of(project.db, project.root, plan)
    taken_over = words.documents(anew=unaccepted is not None) if words else []
    says = {"author": author, "attested": ", ".join(taken_over)}
    said = actors.confirmed(
        people.Statement(
            verb="accept",
            plan=plan.id,
            digest=bound.digest,
            says={name: value for name, value in says.items() if value},
        ),
        f"accept this definition of {plan.id}?",
        verb=f"accept {word(plan.id)}",
        json=output.json,
        actor=actor,
        project=project,
    )
    intake.accept(project, bound, plan.digest, said)
    output.data |= {"accepted": True, "digest": bound.digest}
    output.say(f"{plan.id}: accepted by {said.actor.name} ({said.actor.how})")
    return _end(project, plan, proposal, output)


def _to_know(project: Project, plan: Plan, bound: Bound) -> list[str]:
    """What accepting means, beside the difference itself."""
    found = differences.moved_marks(plan, bound)
    found += [f"warning: {warning}" for warning in bound.document.warnings]
    return found + differences.never_failed(project, plan, bound)


def _author(project: Project, plan: Plan, bound: Bound, proposal: Proposal | None) -> str:
    """Who wrote what is accepted, as far as the store knows; empty: whoever accepts it."""
    if proposal:
        return proposal.actor
    return acceptance.author(project.db, plan).name if bound.digest == plan.digest else ""


def _end(project: Project, plan: Plan, proposal: Proposal | None, output: Output) -> int:
    """A proposal that was taken waits no longer; one that was passed over does, and that is said."""
    if proposal:
        proposals.drop(project, plan.id, proposal)
        if plan.source_path:
            output.say(f"{plan.id}: follows {plan.source_path} no longer; it lives in the store")
    elif proposals.waiting(project.db, plan.id):
        output.say(f"{plan.id}: a proposal still waits; todo_manager diff {word(plan.id)}")
    return 0
