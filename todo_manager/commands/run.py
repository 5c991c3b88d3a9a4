"""Execute the steps of a phase, or of each phase from the next on, and ask the gate after each.

It stops at the first phase that is not done. A step that fails stops its phase, but the checks still
decide whether the phase is done. With --undo the steps under `undo` are executed instead, and the
phase carries no mark any more.
"""

from __future__ import annotations

import argparse
from typing import Any

from todo_manager import running
from todo_manager.attempt import Attempted, Wanted
from todo_manager.commands import common
from todo_manager.errors import TodoError, UsageProblem
from todo_manager.plans import Plan
from todo_manager.render.output import Output
from todo_manager.render.plain import standing
from todo_manager.render.run_text import follow_steps, tell_results
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser, optional=True)
    parser.add_argument("--undo", action="store_true", help="take the phase back")
    common.run_arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 done or already so, 1 a step or check failed, 2 usage, 4 order, 5 error, 6 untrusted, 7, 9."""
    from msgspec import structs

    claims, wait = common.assignments(arguments.var), common.seconds(arguments.wait)
    if arguments.undo and arguments.phase is None:
        raise UsageProblem(
            "--undo takes back one phase, and none is named",
            hint=f"todo_manager run {word(arguments.plan)} 0 --undo",
        )
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    actor = common.actor(arguments, project)
    wanted = Wanted(plan=plan.id, index=0, actor=actor, claims=claims, wait=wait)
    rows: list[dict[str, Any]] = []
    output.data = {"plan": plan.id, "phases": rows}
    for index in _indexes(plan, arguments.phase):
        one = structs.replace(wanted, index=index)
        found = follow_steps(
            (running.undo if arguments.undo else running.run)(project, one), output
        )
        if arguments.phase is None and found.data["already"]:
            continue
        rows.append(found.data)
        _tell(found, output)
    if not rows:
        output.say(f"{plan.id}: every phase is done or attested")
    return 0


def _indexes(plan: Plan, phase: int | None) -> list[int]:
    return [each.idx for each in plan.phases] if phase is None else [plan.phase(phase).idx]


def _tell(found: Attempted, output: Output) -> None:
    """What came of one phase; raises its refusal."""
    data = found.data
    tell_results(data, output)
    where = f"{data['plan']} {data['phase']} ({data['key']})"
    said = standing(data["state"], data["reason"])
    if found.refusal is not None:
        raise _with_state(found.refusal, said, asked=bool(data["run"]))
    if data.get("undo"):
        output.say(f"{where}: undone, event {data['ran']}; {said}")
    elif data["already"]:
        output.say(f"{where}: {said} (already)")
    else:
        output.say(f"✔ {where}: {said}, event {data['run']}")


def _with_state(refusal: TodoError, said: str, *, asked: bool) -> TodoError:
    """The refusal of a step, saying what the checks made of the phase all the same."""
    if asked and refusal.kind in ("step_failed", "step_error"):
        refusal.message += f"; by its checks the phase is {said}"
    return refusal
