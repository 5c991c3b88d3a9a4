"""What the verbs `deploy` and `rollback` share: the one accepted step of a plan for a service, executed alone."""

from __future__ import annotations

import argparse

from todo_manager import running, steps
from todo_manager.attempt import Wanted
from todo_manager.commands import common
from todo_manager.errors import UsageProblem
from todo_manager.plans import Phase, Plan
from todo_manager.problems import did_you_mean
from todo_manager.render.output import Output
from todo_manager.render.run_text import follow_steps
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    parser.add_argument("service", help="a service of the plan")
    parser.add_argument("--phase", type=int, metavar="K", help="of which phase the step is")
    common.run_arguments(parser)


def perform(kind: str, arguments: argparse.Namespace, output: Output) -> int:
    """Execute the step as `exec --run` does its phase: trusted, in order, after its preflight, recorded."""
    claims, wait = common.assignments(arguments.var), common.seconds(arguments.wait)
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    phase = _phase(plan, kind, arguments.service, arguments.phase)
    wanted = Wanted(
        plan=plan.id,
        index=phase.idx,
        actor=common.actor(arguments, project),
        claims=claims,
        wait=wait,
    )
    executing = running.execute(project, wanted, service=(kind, arguments.service))
    found = follow_steps(executing, output)
    output.data = found.data
    if found.refusal is not None:
        raise found.refusal
    facts = found.data["steps"][0]["facts"]
    how = "ran already" if facts.get("already") else "is proven serving"
    output.say(f"✔ {facts['container']} {how}: {facts['image']}, event {found.data['ran']}")
    return 0


def _phase(plan: Plan, kind: str, service: str, index: int | None) -> Phase:
    """The phase with the accepted step for a service; UsageProblem where there is none, or several."""
    chosen = plan.phases if index is None else (plan.phase(index),)
    found, declared = [], set()
    for phase in chosen:
        written = steps.accepted(phase.step_text)
        declared |= set(written.services)
        members = tuple((id_, tree) for id_, tree, _ in written.executed())
        if running.members_of(members, kind, service):
            found.append(phase)
    if len(found) == 1:
        return found[0]
    place = f"{word(plan.id)} {word(service)}"
    if found:
        many = ", ".join(str(phase.idx) for phase in found)
        raise UsageProblem(
            f"the phases {many} of {plan.id} have a step {kind}: {service}",
            hint=f"todo_manager {kind} {place} --phase {found[0].idx}",
        )
    if service not in declared:
        raise UsageProblem(
            f"{plan.id} has no service {service!r}{did_you_mean(service, declared)}",
            hint=f"todo_manager show {word(plan.id)}",
        )
    where = plan.id if index is None else f"phase {index} of {plan.id}"
    raise UsageProblem(
        f"{where} has no step {kind}: {service}, so nobody has accepted that it may be done",
        hint=f"write it under the steps of a phase; then: todo_manager diff {word(plan.id)}",
    )
