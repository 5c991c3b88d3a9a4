"""Bind an input of a plan to a value. Phases that were done with another one become stale."""

from __future__ import annotations

import argparse

from todo_manager import evidence, ledger
from todo_manager.commands import common
from todo_manager.errors import UsageProblem
from todo_manager.render.output import Output
from todo_manager.render.plain import one_line


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    parser.add_argument("values", nargs="+", metavar="NAME=VALUE", help="an input and its value")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Record the binding as an event; 2 for a name the plan does not declare as an input."""
    values = common.assignments(arguments.values)
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    for name in values:
        if name not in plan.names.inputs:
            raise UsageProblem(
                f"{plan.id} declares no input {name}",
                hint=f"its inputs are: {', '.join(plan.names.inputs) or 'none'}",
            )
    actor = common.actor(arguments, project)
    changed = {name: value for name, value in values.items() if plan.bound.get(name) != value}
    stale = [
        phase.idx
        for phase in plan.phases
        if phase.mark != "open"
        and any(phase.mark_inputs.get(n, v) != v for n, v in changed.items())
    ]
    if changed:
        with project.recording() as db:
            for name, value in changed.items():
                data = {"name": name, "value": value, "before": plan.bound.get(name)}
                ledger.append(db, "set", actor, plan=plan.id, data=data)
                db.execute(
                    "INSERT OR REPLACE INTO inputs (plan, name, value) VALUES (?, ?, ?)",
                    (plan.id, name, value),
                )
            evidence.note_closed(db, plan.id)
    output.data = {"plan": plan.id, "set": changed, "bound": plan.bound | changed, "stale": stale}
    for name, value in values.items():
        output.say(f"{plan.id}: {name} = {one_line(value)}{'' if name in changed else ' already'}")
    if stale:
        output.say(f"stale now: phase {', '.join(map(str, stale))}")
    return 0
