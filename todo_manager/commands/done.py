"""Run the checks of a phase and mark it done if every required one passes.

Nothing else marks a phase done. What failed, what could not be evaluated, and what to type next is
said; the evidence of every attempt is kept in the ledger.
"""

from __future__ import annotations

import argparse

from todo_manager import attempts
from todo_manager.attempts import Wanted
from todo_manager.commands import common
from todo_manager.render.output import Output
from todo_manager.render.plain import standing
from todo_manager.render.run_text import follow, tell_results
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser)
    common.run_arguments(parser)


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
    found = follow(attempts.done(project, wanted), output)
    data = output.data = found.data
    tell_results(data, output)
    if found.refusal is not None:
        raise found.refusal
    where = f"{data['plan']} {data['phase']} ({data['key']})"
    if data["already"]:
        output.say(f"{where}: {standing(data['state'], data['reason'])} (already)")
    else:
        said = standing(data["state"], data["reason"])
        output.say(f"✔ {where}: {said}, event {data['run']}")
        output.say(f"  next: todo_manager next {word(data['plan'])}")
    return 0
