"""Run the checks of a phase and mark it done if every required one passes.

Nothing else marks a phase done. What failed, what could not be evaluated, and what to type next is
said; the evidence of every attempt is kept in the ledger.
"""

from __future__ import annotations

import argparse

from todo_manager import attempts, plans
from todo_manager.attempt import Wanted
from todo_manager.commands import common
from todo_manager.render import events
from todo_manager.render.followed import Followed, followed
from todo_manager.render.output import Output
from todo_manager.render.run_text import follow, tell_done, tell_results
from todo_manager.workspace import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser)
    common.run_arguments(parser)
    events.arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 done or already so, 1 refused, 2 usage, 4 order, 5 not evaluated, 6 untrusted, 7 busy, 9."""
    claims, wait = common.assignments(arguments.var), common.seconds(arguments.wait)
    project = common.open_project(arguments)
    wanted = Wanted(
        plan=arguments.plan,
        index=arguments.phase,
        actor=common.actor(arguments, project),
        claims=claims,
        wait=wait,
    )
    found = follow(attempts.done(project, wanted), output, _place(project, wanted))
    output.data = found.data
    tell_results(found.data, output)
    if found.refusal is not None:
        raise found.refusal
    tell_done(found.data, output, left=_left(project, found.data["plan"]))
    return 0


def _left(project: Project, plan: str) -> bool:
    """Whether the plan has a phase that is neither done nor attested."""
    row = project.db.execute("SELECT closed FROM plans WHERE id = ?", (plan,)).fetchone()
    return not row["closed"]


def _place(project: Project, wanted: Wanted) -> Followed:
    """Where this happens, for who follows it; UsageProblem when there is no such phase."""
    plan = plans.load(project.db, plans.resolve_id(project.db, wanted.plan))
    return followed(project.db, plan.id, plan.phase(wanted.index).idx)
