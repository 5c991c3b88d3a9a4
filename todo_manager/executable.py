"""What may be executed of a phase, compared with what was accepted, as the gate compares its checks."""

from __future__ import annotations

from todo_manager.errors import InvalidDocument, Kind, TodoError, Untrusted, file_problem
from todo_manager.on_disk import OnDisk, accept_anew, changed
from todo_manager.plans import Phase, Plan
from todo_manager.shellword import word
from todo_manager.steps import Steps


def look(disk: OnDisk, phase: Phase) -> tuple[Steps | None, TodoError | None]:
    """What could be executed of a phase as it is on disk, and why it may not be (None: it may).

    None and None where the plan says nothing of executing it.
    """
    if disk.source == "unreadable":
        return None, changed(disk.plan, Kind.SOURCE_CHANGED, disk.problem)
    try:
        found = disk.steps(phase)
    except (OSError, ValueError, InvalidDocument) as error:
        what = f"phase {phase.idx}: {file_problem(error)}"
        return None, changed(disk.plan, Kind.DEFINITION_CHANGED, what)
    if disk.plan.unaccepted:
        return found, accept_anew(disk.plan)
    if (found.digest if found else None) == phase.step_digest:
        return found, None
    kind = Kind.SOURCE_CHANGED if disk.source == "changed" else Kind.DEFINITION_CHANGED
    what = f"what would be executed of phase {phase.idx} ({phase.key})"
    return found, changed(disk.plan, kind, f"{what} differs from what was accepted")


def other(plan: Plan, phase: Phase, wanted: str) -> Untrusted:
    """The refusal of executing other steps than those somebody has looked at."""
    return Untrusted(
        f"the steps of phase {phase.idx} ({phase.key}) are {phase.step_digest}, not {wanted}",
        hint=f"look at them: todo_manager exec {word(plan.id)} {phase.idx}; "
        "then repeat with the digest it shows",
    )
