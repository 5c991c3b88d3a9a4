"""Whether what must be there before anything is executed is there.

  todo_manager preflight PLAN [K]      what the plan, or one phase of it, demands before its steps
  todo_manager preflight TARGET ...    free targets: host:port, http://host/path, or a path with a /

Each free target has a deadline of its own; it needs neither a plan nor a project, so it can stand
in the entrypoint of a container. What is missing is named.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from todo_manager import demands, evidence, executable, inputs, usage
from todo_manager import project as projects
from todo_manager.commands import common
from todo_manager.errors import TodoError, UsageProblem
from todo_manager.model import Result
from todo_manager.on_disk import OnDisk
from todo_manager.plans import Phase
from todo_manager.processes.client import Cancel
from todo_manager.render.output import Output
from todo_manager.render.run_text import tell_event, tell_results
from todo_manager.runner import CheckFinished, Event
from todo_manager.runner import run as run_checks
from todo_manager.shellword import word
from todo_manager.steps import needing
from todo_manager.workspace import Project
from todo_manager.world import RunWorld


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="+", metavar="PLAN [K] | TARGET ...")
    parser.add_argument(
        "--timeout", default="0", metavar="TIME", help="wait this long for each target, like 30"
    )
    parser.add_argument("--every", default="1", metavar="TIME", help="look this often (default 1)")
    parser.add_argument("--warn", action="store_true", help="say what is missing, and exit 0")
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE", help="an input")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 all there (or --warn), 1 something is missing, 2 usage, 5 it could not be looked at, 6, 9."""
    words = arguments.what
    within, every = _seconds(arguments.timeout), _seconds(arguments.every)
    output.data = {"plan": None, "preflight": []}
    if any(map(demands.is_target, words)):
        root = projects.find(Path.cwd()) or Path.cwd()
        targets = demands.targets(words, within, every)
        order = [id_ for id_, _ in targets]
        results = _follow(demands.look(root, targets), order, output)
        refused = demands.refusal("", results, hint=_again(arguments))
    else:
        refused = _of_plan(arguments, output)
    if refused is not None and not arguments.warn:
        raise refused
    if refused is not None:
        output.talk(f"warning: {refused.message}")
    return 0


def _of_plan(arguments: argparse.Namespace, output: Output) -> TodoError | None:
    plan_word, *index = arguments.what
    if len(index) > 1 or not all(part.isdecimal() for part in index):
        raise UsageProblem(
            f"{' '.join(arguments.what)!r} is neither a plan with a phase nor targets",
            hint="todo_manager preflight --help",
        )
    project = common.open_project(arguments)
    plan = common.plan_of(project, plan_word)
    output.data["plan"] = plan.id
    disk = OnDisk(project.root, project.settings, plan)
    chosen = [plan.phase(usage.index(index[0]))] if index else list(plan.phases)
    claims = common.assignments(arguments.var)
    first: TodoError | None = None
    for phase in chosen:
        refused = _of_phase(project, disk, phase, claims, output)
        first = first or refused
    return first


def _of_phase(
    project: Project, disk: OnDisk, phase: Phase, claims: dict[str, str], output: Output
) -> TodoError | None:
    """Run what one phase demands, as it was accepted; what is missing."""
    steps, untrusted = executable.look(disk, phase)
    if untrusted is not None:
        raise untrusted
    where = f"{word(disk.plan.id)} {phase.idx}"
    if steps is None:
        output.say(f"{where} ({phase.key}): demands nothing")
        return None
    output.say(f"{where} ({phase.key})")
    definition = needing(steps, ())
    values = inputs.gather(
        project.root, project.settings, disk.plan, definition, claims, try_claims=True
    )
    cancel = Cancel()
    world = RunWorld(project.root, project.settings, definition, values.by_name, {}, cancel)
    try:
        events = run_checks(world, definition, values.by_name, values.masker, cancel)
        order = [id_ for id_, _ in definition.checks]
        results = _follow(events, order, output, phase)
    finally:
        world.close()
        cancel.close()
    if short := steps.policy.short_of(project.root):
        return demands.too_little(f"phase {phase.idx} ({phase.key})", short, where)
    return demands.refusal(
        f"phase {phase.idx} ({phase.key})", results, hint=f"todo_manager preflight {where}"
    )


def _follow(
    events: Iterator[Event],
    order: list[str],
    output: Output,
    phase: Phase | None = None,
) -> list[Result]:
    """Consume the events of one run, telling them; its results by `order`, also put into the data."""
    found: list[Result] = []
    for event in events:
        if isinstance(event, CheckFinished):
            found.append(event.result)
        if not output.json:
            tell_event(event, output)
    found.sort(key=lambda result: order.index(result.id))
    rows: list[dict[str, Any]] = [evidence.as_row(result) for result in found]
    tell_results({"checks": rows}, output)
    place = {"phase": phase.idx if phase else None}
    output.data["preflight"] += [row | place for row in rows]
    return found


def _seconds(text: str) -> float:
    """A duration; bare numbers are seconds, as other tools that wait for services have it."""
    return float(text) if text.isdecimal() and len(text) < 8 else common.seconds(text, option="30s")


def _again(arguments: argparse.Namespace) -> str:
    words = " ".join(map(word, arguments.what))
    return f"start what is missing, then: todo_manager preflight {words} --timeout 30"
