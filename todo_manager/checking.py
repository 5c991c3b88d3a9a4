"""Running all checks of a phase once, in a world of their own."""

from __future__ import annotations

from collections.abc import Collection, Generator

from msgspec import Struct, structs

from todo_manager import (
    approvals,
    coupling,
    evidence,
    freshness,
    inputs,
    runner,
)
from todo_manager.crashpoints import point
from todo_manager.definition import Definition
from todo_manager.model import Result, Verdict
from todo_manager.processes.client import Cancel
from todo_manager.runner import CheckFinished, Event
from todo_manager.stage import Stage
from todo_manager.workspace import Project
from todo_manager.world import RunWorld


class Checked(Struct, frozen=True, kw_only=True):
    """What came of running all checks of a phase once."""

    results: tuple[Result, ...]
    """In the order of the definition."""
    displaced: tuple[str, ...]
    """Bound files in whose place another one may have stood for a while."""


def run_checks(
    project: Project,
    stage: Stage,
    definition: Definition,
    values: inputs.Values,
    *,
    worker: str = "",
) -> Generator[Event, None, Checked]:
    """Run the checks in a world of their own.

    `worker` is who asks for the phase to be done: nobody approves their own work.
    """
    given = approvals.for_run(project, stage.plan, definition, values.inputs, worker)
    cancel = Cancel()
    place = {
        "TODO_MANAGER_PLAN": stage.plan.id,
        "TODO_MANAGER_PHASE": str(stage.phase.idx),
        "TODO_MANAGER_KEY": stage.phase.key,
    }
    world = RunWorld(
        project.root,
        project.settings,
        definition,
        values.by_name,
        place,
        cancel,
        approvals=given,
    )
    found: dict[str, Result] = {}
    try:
        point("before-run")
        for event in runner.run(world, definition, values.by_name, values.masker, cancel):
            if isinstance(event, CheckFinished):
                result = freshness.with_term(definition, event.result)
                event = CheckFinished(
                    evidence.with_history(project.db, stage.plan.id, definition, result)
                )
                found[event.result.id] = event.result
            yield event
        found = _with_moved(found, world.moved())
        displaced = tuple(world.displaced())
        point("after-run")
    finally:
        world.close()
        cancel.close()
    results = tuple(found[id_] for id_, _ in definition.checks)
    return Checked(results=results, displaced=displaced)


def _with_moved(found: dict[str, Result], moved: dict[str, str]) -> dict[str, Result]:
    """What was said of a thing that is another one by the end of the run was said of nothing."""
    changed = {}
    for id_, result in found.items():
        why = moved.get(id_)
        if why and result.verdict in (Verdict.PASSED, Verdict.FAILED):
            result = structs.replace(result, verdict=Verdict.ERROR, actual=why, message=why)
        changed[id_] = result
    return changed


def touched(project: Project, definition: Definition, displaced: Collection[str]) -> str:
    """Which bound files were written or displaced while the checks ran, in words.

    What ran may not be what was bound.
    """
    pins = {path: pin.stamp for path, pin in definition.pins.items()}
    for how, stamped in (("pinned", pins), ("named under tools", definition.tools)):
        if found := coupling.touched(project.root, stamped):
            return f"{', '.join(found)}: {how}, and written while it was being checked"
        if found := [path for path in stamped if path in displaced]:
            names = ", ".join(found)
            return f"{names}: {how}, and the way there was moved while it was being checked"
    return ""
