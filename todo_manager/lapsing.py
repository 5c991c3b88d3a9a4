"""What was done on words of persons that count no more, once other signers are pinned.

Who is taken out of the signers file has vouched for, waived and approved nothing any more, and no program
can be sure of a word that nobody signed before there were signers: the phases that rest on such words
become stale. Marks of an imported document stay: who accepts its plan is shown them and takes them over.
"""

from __future__ import annotations

from todo_manager import evidence, ledger, pins, plans, states
from todo_manager.ledger import Actor
from todo_manager.vouched import Words
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
        words = Words.of(db, project.root, plan)
        for phase in plan.phases if words else ():
            if phase.mark in states.SATISFIED and words:
                plans.verify_mark(db, plan, phase)
                said = ledger.event_at(db, phase.mark_seq)["data"].get("by")
                if said != "document" and (why := words.against(phase)):
                    evidence.end_proof(db, actor, plan, phase, why)
                    found.append(f"{id_} {phase.idx}")
    return found
