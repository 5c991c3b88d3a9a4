"""One look at a phase: everything the decision about it rests on, from the store and from the disk."""

from __future__ import annotations

from msgspec import Struct

from todo_manager import acceptance, ledger, on_disk, plans, states, vouched
from todo_manager.definition import Definition
from todo_manager.errors import TodoError
from todo_manager.gate import Case
from todo_manager.on_disk import OnDisk
from todo_manager.plans import Phase, Plan
from todo_manager.workspace import Project


class Stage(Struct, kw_only=True):
    """A phase as it stands at one moment."""

    plan: Plan
    phase: Phase
    disk: OnDisk
    definition: Definition | None
    case: Case
    state: states.Standing
    unaccepted: TodoError | None = None
    """Why nobody whose word counts has accepted the plan; None when somebody has."""


def standing_after(project: Project, stage: Stage) -> states.Standing:
    """Where a phase stands now that something was recorded about it."""
    plan = plans.load(project.db, stage.plan.id)
    if stage.unaccepted is None:
        same = [phase for phase in plan.phases if phase.key == stage.phase.key]
        needed = plan.with_needs(same[0]) if same else []
        plan = vouched.weighed(project.db, project.root, plan, needed)
    changed = on_disk.differing(plan, stage.disk, stage.unaccepted)
    standings = states.derive(plan.rows(), plan.bound, changed=changed, archived=plan.archived)
    found = [s for p, s in zip(plan.phases, standings) if p.key == stage.phase.key]
    return found[0] if found else stage.state


def _road(
    plan: Plan, phase: Phase, standings: list[states.Standing]
) -> tuple[tuple[int, str], ...]:
    """Every phase that has to be done before this one and is not, each after those it needs, and why."""
    by_key = {other.key: other for other in plan.phases}
    found: dict[str, Phase] = {}
    waiting, met = [phase], set()
    while waiting:
        top = waiting[-1]
        needed = [by_key[key] for key in top.needs if key in by_key]
        todo = [] if top.key in met else [each for each in needed if each.key not in found]
        met.add(top.key)
        if todo:
            waiting += [each for each in todo if each.key not in met]
            continue
        waiting.pop()
        found.setdefault(top.key, top)
    return tuple(
        (each.idx, standings[each.idx].reason)
        for each in found.values()
        if each.key != phase.key and standings[each.idx].state not in states.SATISFIED
    )


def look(project: Project, wanted: str, index: int, *, disk: OnDisk | None = None) -> Stage:
    """Read everything the decision rests on; what cannot be trusted is refused first."""
    db = project.db
    id_ = plans.resolve_id(db, wanted)
    plans.load(db, id_).phase(index)  # a wrong index is told before anything is verified
    with project.snapshot():
        ledger.verify_head(db, project.root)
        plan = plans.load(db, id_)
        phase = plan.phase(index)
        plans.verify_accepted(db, plan)
        involved = plan.with_needs(phase)
        for other in involved:
            plans.verify_mark(db, plan, other)
        unaccepted = acceptance.refusal(db, project.root, project.settings, plan)
        if unaccepted is None:
            plan = vouched.weighed(db, project.root, plan, involved)
            phase = plan.phase(index)
    known = (plan.digest, plan.unaccepted)
    if disk is None or (disk.plan.digest, disk.plan.unaccepted) != known:
        disk = OnDisk(project.root, project.settings, plan)
    for other in involved:
        on_disk.untrusted(disk, other)
    changed = on_disk.differing(plan, disk, unaccepted)
    definition, untrusted = disk.looked[index]
    standings = states.derive(plan.rows(), plan.bound, changed=changed, archived=plan.archived)
    required = definition.required_count() if definition else phase.required
    case = Case(
        plan=plan.id,
        index=index,
        key=phase.key,
        required=required,
        archived=plan.archived,
        untrusted=unaccepted or untrusted,
        needs=tuple(
            (other.idx, other.key, standings[other.idx].state)
            for other in plan.phases
            if other.key in phase.needs
        ),
        road=_road(plan, phase, standings),
        void=phase.mark_void,
    )
    return Stage(
        plan=plan,
        phase=phase,
        disk=disk,
        definition=definition,
        case=case,
        state=standings[index],
        unaccepted=unaccepted,
    )
