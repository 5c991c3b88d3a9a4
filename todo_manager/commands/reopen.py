"""Take the mark of a phase away, with a reason.

Open to all, for it only closes; where signers are pinned and a key is given, it is signed.
"""

from __future__ import annotations

import argparse

from todo_manager import actors, evidence, people, plans
from todo_manager.commands import common
from todo_manager.errors import UsageProblem
from todo_manager.people import Said
from todo_manager.plans import Phase
from todo_manager.render.output import Output
from todo_manager.shellword import word
from todo_manager.workspace import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser)
    parser.add_argument("--reason", required=True, help="why it is not done after all")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0, also when it carried no mark; 2 without a reason, 6 for a signature that does not count, 9."""
    if not arguments.reason.strip():
        raise UsageProblem("--reason is empty", hint='say why: --reason "the image was pulled"')
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    phase = plan.phase(arguments.phase)
    said = actors.volunteered(
        people.Statement(
            verb="reopen",
            plan=plan.id,
            key=phase.key,
            digest=phase.digest,
            says={"reason": arguments.reason},
        ),
        actor=common.actor(arguments, project),
        project=project,
    )
    with project.recording() as db:
        plan = plans.load(db, plan.id)
        plans.verify_accepted(db, plan)
        phase = plan.phase(arguments.phase)
        plans.verify_mark(db, plan, phase)
        event = None if phase.mark == "open" else _reopen(project, phase, said)
    where = f"{word(plan.id)} {phase.idx}"
    output.data = {"plan": plan.id, "phase": phase.idx, "was": phase.mark, "run": event}
    if event is None:
        output.say(f"{where}: carries no mark")
    else:
        output.say(f"{where}: was {phase.mark}, reopened, event {event}")
        output.say(f"  next: todo_manager done {where}")
    return 0


def _reopen(project: Project, phase: Phase, said: Said) -> int:
    """Inside the caller's transaction; the number of the event."""
    db, plan = project.db, said.statement.plan
    data = evidence.reopened_data(phase, said.statement.says["reason"])
    recorded = people.record(db, project, "reopened", said, data, optional=True)
    evidence.set_mark(db, plan, phase.key, "open", recorded, phase.digest, {})
    return recorded.seq
