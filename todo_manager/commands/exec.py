"""Show what would be executed of a phase, or of one of its parts (K.N), and its step digest.

With --run it is executed whole, after its preflight; no check is run and no mark changes. --only
DIGEST executes it only if it is still what was looked at.
"""

from __future__ import annotations

import argparse
from typing import Any

from todo_manager import acceptance, executable, running
from todo_manager.attempt import Wanted
from todo_manager.canonical import decode, encode
from todo_manager.commands import common
from todo_manager.definition import part_of
from todo_manager.errors import TodoError, UsageProblem
from todo_manager.on_disk import OnDisk
from todo_manager.plans import Phase, Plan
from todo_manager.render.output import Output
from todo_manager.render.plain import indent
from todo_manager.render.run_text import follow_steps
from todo_manager.shellword import word
from todo_manager.steps import Steps
from todo_manager.workspace import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    common.phase_argument(parser, parts=True)
    parser.add_argument("--run", action="store_true", help="execute it; without this it is shown")
    parser.add_argument("--only", metavar="DIGEST", default="", help="only with this step digest")
    common.run_arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 shown or executed, 1 a step failed, 2 usage, 4 order, 5 error, 6 untrusted, 7 busy, 9."""
    claims, wait = common.assignments(arguments.var), common.seconds(arguments.wait)
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    place = arguments.phase
    phase = plan.phase(place.phase, place.part)
    if not arguments.run:
        _show(project, plan, phase, place.part, arguments.only, output)
        return 0
    wanted = Wanted(
        plan=plan.id,
        index=phase.idx,
        part=place.part,
        actor=common.actor(arguments, project),
        claims=claims,
        wait=wait,
    )
    found = follow_steps(running.execute(project, wanted, arguments.only), output)
    output.data = found.data
    if found.refusal is not None:
        raise found.refusal
    count = len(found.data["steps"])
    output.say(f"✔ {plan.id} {phase.idx} ({phase.key}): {count} steps, event {found.data['ran']}")
    output.say(f"  next: todo_manager done {word(plan.id)} {phase.idx}")
    return 0


def _show(
    project: Project, plan: Plan, phase: Phase, part: int | None, only: str, output: Output
) -> None:
    """The block as it is on disk, and whether it would be executed."""
    found, untrusted = executable.look(OnDisk(project.root, project.settings, plan), phase)
    unaccepted = acceptance.refusal(project.db, project.root, project.settings, plan)
    untrusted = unaccepted or untrusted
    if found is None and untrusted is not None:
        raise untrusted
    if found is None or not running.block_of(found, part):
        raise UsageProblem(
            f"phase {phase.idx} ({phase.key}) of {plan.id} has no steps to execute",
            hint=f"todo_manager show {word(plan.id)} {phase.idx}",
        )
    if only and only.removeprefix("sha256:") != found.digest:
        raise executable.other(plan, phase, only)
    output.data = _data(plan, phase, part, found, untrusted)
    _tell(output.data, output)


def _data(
    plan: Plan, phase: Phase, part: int | None, found: Steps, untrusted: TodoError | None
) -> dict[str, Any]:
    return {
        "plan": plan.id,
        "phase": phase.idx,
        "key": phase.key,
        "part": part,
        "note": phase.note,
        "step_digest": found.digest,
        "accepted": untrusted is None,
        "differs": untrusted.message if untrusted else None,
        "preflight": _rows(found.preflight.checks),
        "steps": _rows(running.block_of(found, part)),
        "undo": _rows(found.undo),
    }


def _rows(members: tuple[tuple[str, Any], ...]) -> list[dict[str, Any]]:
    return [
        {"id": id_, "part": part_of(id_), "step": decode(encode(tree))} for id_, tree in members
    ]


def _tell(data: dict[str, Any], output: Output) -> None:
    where = f"{data['plan']} {data['phase']}"
    output.say(f"{where} ({data['key']})")
    if data["note"]:
        output.say("  IMPORTANT NOTE")
        output.say(indent(data["note"].strip("\n"), "  | "))
    for name in ("preflight", "steps", "undo"):
        if data[name]:
            output.say(f"{name}:")
        for row in data[name]:
            output.say(f"  {row['id']}:")
            for key, value in row["step"].items():
                text = value if isinstance(value, str) else encode(value)
                joint = f"\n{indent(text.rstrip(), '      | ')}" if "\n" in text else f" {text}"
                output.say(f"    {key}:{joint}")
    output.say(f"step digest: {data['step_digest']}")
    if data["differs"]:
        output.say(f"not to be executed: {data['differs']}")
        return
    part = f".{data['part']}" if data["part"] is not None else ""
    output.say(
        f"to execute exactly this: todo_manager exec {where}{part} --run --only {data['step_digest']}"
    )
