"""Run the checks of a phase, or of every phase that has some, as they are on disk now.

It marks nothing done. Where definition and inputs are the accepted ones it counts: a phase that was
done is renewed by a pass, regressed by a failure, and stale where what passes is another image than the
one that was proven. With --all every plan that is not archived, and what could not be begun is an error.

--json: data.plan, data.phases[]; with --all data.plans[]{plan, phases[], error}. A phase has the fields of
`done`, `verdict` and `does_not_count`.
"""

from __future__ import annotations

import argparse
from typing import Any

from todo_manager import open_plans, usage, verifying
from todo_manager.attempt import Attempted, Wanted
from todo_manager.commands import common
from todo_manager.errors import (
    IntegrityProblem,
    Kind,
    Refused,
    TodoError,
    Unevaluated,
    UsageProblem,
)
from todo_manager.ledger import Actor
from todo_manager.on_disk import OnDisk
from todo_manager.plans import Plan
from todo_manager.render import events, formats
from todo_manager.render.followed import followed
from todo_manager.render.output import Output
from todo_manager.render.plain import GLYPHS, counted
from todo_manager.render.run_text import all_pass, follow, tell_all_passed, tell_verified
from todo_manager.shellword import word
from todo_manager.workspace import Project

Row = dict[str, Any]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", nargs="?", help="id of a plan, or the beginning of one")
    common.phase_argument(parser, optional=True, parts=True)
    parser.add_argument("--all", action="store_true", help="every plan that is not archived")
    common.run_arguments(parser)
    events.arguments(parser)
    formats.arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """By verdicts alone: 1 if a required check failed or there is none, else 5 for an error, else 0."""
    claims, wait = common.assignments(arguments.var), common.seconds(arguments.wait)
    if arguments.all:
        return _every_plan(arguments, wait, output)
    if arguments.plan is None:
        raise UsageProblem(
            "which plan?", hint="todo_manager verify PLAN, or todo_manager verify --all"
        )
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
    rows: list[Row] = []
    output.data = {"plan": plan.id, "phases": rows}
    refusals = _verify_all(project, plan, wanted, indexes, rows, output)
    if document is not None:
        output.put(document(output.data))
    ran = [row for row in rows if row["verdict"] != "no checks"]
    alone = arguments.phase is not None or not ran
    _raise_worst([error for row, error in refusals if alone or row in ran])
    if not ran:
        raise Refused(
            f"{plan.id} has no phases to verify", hint=f"todo_manager show {word(plan.id)}"
        )
    if arguments.phase is None:
        waived = sum(row["verdict"] == "waived" for row in ran)
        tell_all_passed(plan.id, len(ran), len(rows), output, waived=waived)
    return 0


def _raise_worst(found: list[TodoError]) -> None:
    """Raise the first refusal, else the first error, else whatever else kept a plan from being verified."""
    for kind in (Refused, Unevaluated, TodoError):
        for error in found:
            if isinstance(error, kind):
                raise error


def _every_plan(arguments: argparse.Namespace, wait: float, output: Output) -> int:
    """Verify all plans, one after the other; one that cannot be begun keeps no other from it."""
    if arguments.plan is not None or arguments.var or arguments.format:
        raise UsageProblem(
            "--all is every plan as it is: no PLAN, --var or --format beside it",
            hint="todo_manager verify --all",
        )
    project = common.open_project(arguments)
    actor = common.actor(arguments, project)
    found: list[Row] = []
    output.data = {"plans": found}
    problems: list[TodoError] = []
    for id_ in open_plans.ids(project.db):
        rows: list[Row] = []
        entry: Row = {"plan": id_, "phases": rows, "error": None}
        found.append(entry)
        try:
            problems += _one_of_all(project, id_, actor, wait, rows, output)
        except IntegrityProblem:
            raise
        except TodoError as problem:
            entry["error"] = {"kind": str(problem.kind), "message": problem.message}
            output.say(f"{id_}: {problem.message}")
            problems.append(_not_begun(id_, problem))
    _raise_worst(problems)
    ran = sum(row["verdict"] != "no checks" for entry in found for row in entry["phases"])
    if not ran:
        raise Refused(
            "no plan has a check, so nothing was verified",
            kind=Kind.NO_CHECKS,
            hint="todo_manager list --all",
        )
    waived = sum(row["verdict"] == "waived" for entry in found for row in entry["phases"])
    told = f"{counted(ran, 'phase')} with checks, and all of them {all_pass(waived)}"
    output.say(f"{GLYPHS['waived' if waived else 'passed']} {counted(len(found), 'plan')}: {told}")
    return 0


def _one_of_all(
    project: Project, id_: str, actor: Actor, wait: float, rows: list[Row], output: Output
) -> list[TodoError]:
    """Verify one plan of many: what its checks refuse, leaving out phases that have none."""
    plan = common.plan_of(project, id_)
    wanted = Wanted(plan=id_, index=0, actor=actor, wait=wait)
    indexes = _indexes(plan, None)
    refusals = _verify_all(project, plan, wanted, indexes, rows, output)
    return [error for row, error in refusals if row["verdict"] != "no checks"]


def _not_begun(plan: str, problem: TodoError) -> Unevaluated:
    """A plan that could not be verified is not known to hold."""
    return Unevaluated(
        f"{plan} could not be verified: {problem.message}", hint=problem.hint, person=problem.person
    )


def _indexes(plan: Plan, phase: usage.Place | None) -> list[int]:
    if phase is None:
        return [each.idx for each in plan.phases]
    return [plan.phase(phase.phase, phase.part).idx]


def _verify_all(
    project: Project,
    plan: Plan,
    wanted: Wanted,
    indexes: list[int],
    rows: list[Row],
    output: Output,
) -> list[tuple[Row, TodoError]]:
    from msgspec import structs

    disk = OnDisk(project.root, project.settings, plan)
    refusals = []
    for index in indexes:
        one = structs.replace(wanted, index=index)
        place = followed(project.db, plan.id, index, wanted.part)
        if len(indexes) > 1:
            place = place._replace(note="")  # one of many notes is no warning before what runs
        found = follow(verifying.verify(project, one, disk), output, place)
        row = found.data | {"verdict": verdict_of(found)}
        row.setdefault("does_not_count", None)
        rows.append(row)
        tell_verified(row, found.refusal, output)
        if found.refusal is not None:
            refusals.append((row, found.refusal))
    return refusals


def verdict_of(found: Attempted) -> str:
    """What a verify said of a phase, in a word."""
    if found.refusal is None:
        return "waived" if found.data["counts"]["waived"] else "passed"
    if found.refusal.kind == Kind.NO_CHECKS:
        return "no checks"
    return "failed" if isinstance(found.refusal, Refused) else "error"
