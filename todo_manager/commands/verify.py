"""Run the checks of a phase, or of every phase that has some, as they are on disk now.

It marks nothing done. Where definition and inputs are the accepted ones it counts: a phase that was
done is renewed by a pass and regressed by a failure.
"""

from __future__ import annotations

import argparse
from typing import Any

from todo_manager import usage, verifying
from todo_manager.attempts import Attempted, Wanted
from todo_manager.commands import common
from todo_manager.errors import Kind, Refused, TodoError, Unevaluated
from todo_manager.plans import OnDisk, Plan
from todo_manager.render import events, formats
from todo_manager.render.followed import followed
from todo_manager.render.output import Output
from todo_manager.render.run_text import follow, tell_all_passed, tell_verified
from todo_manager.shellword import word
from todo_manager.workspace import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser, optional=True, parts=True)
    common.run_arguments(parser)
    events.arguments(parser)
    formats.arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """By verdicts alone: 1 if a required check failed or there is none, else 5 for an error, else 0."""
    claims, wait = common.assignments(arguments.var), common.seconds(arguments.wait)
    document = formats.asked(arguments.format, output)
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    wanted = Wanted(
        plan=plan.id,
        index=0,
        part=arguments.phase.part if arguments.phase else None,
        actor=common.actor(arguments, project),
        claims=claims,
        wait=wait,
    )
    indexes = _indexes(plan, arguments.phase)
    rows: list[dict[str, Any]] = []
    output.data = {"plan": plan.id, "phases": rows}
    refusals = _verify_all(project, plan, wanted, indexes, rows, output)
    if document is not None:
        output.put(document(output.data))
    ran = [row for row in rows if row["verdict"] != "no checks"]
    alone = arguments.phase is not None or not ran
    counting = [error for row, error in refusals if alone or row in ran]
    for kind in (Refused, Unevaluated):
        for error in counting:
            if isinstance(error, kind):
                raise error
    if not ran:
        raise Refused(
            f"{plan.id} has no phases to verify", hint=f"todo_manager show {word(plan.id)}"
        )
    if arguments.phase is None:
        tell_all_passed(plan.id, len(ran), len(rows), output)
    return 0


def _indexes(plan: Plan, phase: usage.Place | None) -> list[int]:
    if phase is None:
        return [each.idx for each in plan.phases]
    return [plan.phase(phase.phase, phase.part).idx]


def _verify_all(
    project: Project,
    plan: Plan,
    wanted: Wanted,
    indexes: list[int],
    rows: list[dict[str, Any]],
    output: Output,
) -> list[tuple[dict[str, Any], TodoError]]:
    from msgspec import structs

    disk = OnDisk(project.root, project.settings, plan)
    refusals = []
    for index in indexes:
        one = structs.replace(wanted, index=index)
        place = followed(project.db, plan.id, index, wanted.part)
        if len(indexes) > 1:
            place = place._replace(note="")  # one of many notes is no warning before what runs
        found = follow(verifying.verify(project, one, disk), output, place)
        row = found.data | {"verdict": _verdict(found)}
        row.setdefault("does_not_count", None)
        rows.append(row)
        tell_verified(row, found.refusal, output)
        if found.refusal is not None:
            refusals.append((row, found.refusal))
    return refusals


def _verdict(found: Attempted) -> str:
    if found.refusal is None:
        return "passed"
    if found.refusal.kind == Kind.NO_CHECKS:
        return "no checks"
    return "failed" if isinstance(found.refusal, Refused) else "error"
