"""How the files of a plan differ from what was accepted: its document, scripts, helpers, pins.

A plan that was edited without a file of its own has a proposal instead, which is shown the same way.
"""

from __future__ import annotations

import argparse

from todo_manager import differences, proposals
from todo_manager.commands import common
from todo_manager.differences import Difference
from todo_manager.errors import UsageProblem
from todo_manager.plans import Plan
from todo_manager.proposals import Proposal
from todo_manager.render.output import Output
from todo_manager.shellword import word
from todo_manager.workspace import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    parser.add_argument("file", nargs="?", metavar="FILE", help="compare this document instead")
    parser.add_argument(
        "--drop", action="store_true", help="throw the proposal away that waits for the plan"
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print the difference; 0 whether or not there is one, 2 when the document does not load."""
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    proposal = proposals.waiting(project.db, plan.id)
    if arguments.drop:
        return _drop(project, plan, proposal, arguments, output)
    found = differences.compare(project, plan, common.bound_document(project, plan, arguments.file))
    output.data = as_data(found) | {"proposal": proposal is not None}
    if proposal and not arguments.file:
        output.say(f"{plan.id}: {proposal.said()}")
    tell(found, output)
    _tell_next(found, arguments, proposal, output)
    return 0


def _drop(
    project: Project,
    plan: Plan,
    proposal: Proposal | None,
    arguments: argparse.Namespace,
    output: Output,
) -> int:
    """Throw the proposal away, also one that does not load; programs get its text a last time."""
    if proposal is None or arguments.file:
        raise UsageProblem(
            "--drop is about a proposal, not a FILE"
            if arguments.file
            else f"{plan.id} has no proposal to throw away",
            hint=f"todo_manager diff {word(plan.id)}",
        )
    dropped = proposals.drop(project, plan.id, proposal)
    output.data = {"plan": plan.id, "dropped": dropped, "document": proposal.data.decode()}
    output.say(
        f"{plan.id}: {proposal.said()}, is {'thrown away' if dropped else 'there no longer'}"
    )
    return 0


def _tell_next(
    found: Difference, arguments: argparse.Namespace, proposal: Proposal | None, output: Output
) -> None:
    id_ = word(found.plan)
    if proposal and not arguments.file:
        person = "a person: " if found.gates else ""
        output.say(f"{person}todo_manager accept {id_}; or todo_manager diff {id_} --drop")
    elif found.gates:
        file = f" {word(arguments.file)}" if arguments.file else ""
        output.say(f"restore it, or a person: todo_manager accept {id_}{file}")


def as_data(found: Difference) -> dict[str, object]:
    return {
        "plan": found.plan,
        "gates_differ": found.gates,
        "texts_differ": found.texts,
        "phases": [
            {"key": each.key, "change": each.change, "diff": "\n".join(each.lines)}
            for each in found.phases
        ],
    }


def tell(found: Difference, output: Output) -> None:
    """Print a difference for people."""
    for each in found.phases:
        if each.change != "same":
            output.say(f"phase {each.key}: {each.change}")
            for line in each.lines:
                output.say(f"  {line}")
    if not found.gates:
        texts = "only texts differ, no gate" if found.texts else "nothing differs"
        output.say(f"{found.plan}: {texts} from what was accepted")
