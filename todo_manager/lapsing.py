"""What was done on words of persons that count no more, once other signers are pinned.

Who is taken out of the signers file has waived and approved nothing any more, and no program can be sure
of a word that nobody signed before there were signers: the phases that rest on such words become stale.
"""

from __future__ import annotations

from collections.abc import Iterator

from todo_manager import approvals, evidence, ledger, pins, plans, states, waivers
from todo_manager.ledger import Actor
from todo_manager.plans import Phase, Plan
from todo_manager.signers import Pin
from todo_manager.workspace import Project


def lapse(project: Project, actor: Actor) -> list[str]:
    """End every such proof, inside the caller's transaction; the phases, as `PLAN K`.

    Raises IntegrityProblem for a mark, or for a word it rests on, that is not what was recorded.
    """
    db = project.db
    pin = pins.in_force(db, project.root, project.settings)
    found = []
    for (id_,) in db.execute("SELECT id FROM plans ORDER BY seq").fetchall() if pin else ():
        plan = plans.load(db, id_)
        for phase in plan.phases:
            if phase.mark in states.SATISFIED and pin and (why := _why(project, pin, plan, phase)):
                evidence.end_proof(db, actor, plan, phase, why)
                found.append(f"{id_} {phase.idx}")
    return found


def _why(project: Project, pin: Pin, plan: Plan, phase: Phase) -> str:
    plans.verify_mark(project.db, plan, phase)
    return next((why for why in _reasons(project, pin, plan, phase) if why), "")


def _reasons(project: Project, pin: Pin, plan: Plan, phase: Phase) -> Iterator[str]:
    resting = phase.mark_rests.get("waivers", ())
    against = approvals.of_waivers(project)
    for waiver in waivers.of_phase(project.db, plan.id, phase.key) if resting else ():
        if waiver.event in resting and (why := against(waiver)):
            yield f"the waiver of {waiver.check} counts no more: {why}"
    for check in ledger.event_at(project.db, phase.mark_seq)["data"].get("checks", ()):
        if check["kind"] == approvals.KIND and check["required"] and "event" in check["facts"]:
            event = ledger.event_at(project.db, check["facts"]["event"])
            if why := approvals.unsigned(project, event, pin):
                yield f"the approval of {check['id']} counts no more: {event['actor']} {why}"
