"""A plan of any format as the tree of a `plan@1` document: what the writers write, the reader reads."""

from __future__ import annotations

from todo_manager.canonical import Map, Scalar, Seq, Tree
from todo_manager.documents.names import is_plain_id, slug
from todo_manager.documents.plan_yaml import SCHEMA
from todo_manager.model import PhaseDoc, PlanDoc


def id_for(id_: str) -> str:
    """The id a plan has in plan@1: its own, or one made of its letters, as queues give any."""
    return id_ if is_plain_id(id_) else slug(id_) or "plan"


def of(plan: PlanDoc) -> Map:
    """The tree of a plan of texts, as queues and command-center texts hold: it has no checks."""
    head = {"schema": SCHEMA, "id": id_for(plan.id), "title": plan.title}
    more = {"description": plan.description, "source": plan.source}
    found = Map((name, Scalar(text)) for name, text in (head | more).items() if text)
    found["phases"] = Seq(map(_phase, plan.phases))
    return found


def _phase(phase: PhaseDoc) -> Tree:
    views = {"key": phase.key, "title": phase.title, "explain": phase.explain, "note": phase.note}
    found = Map((name, Scalar(text)) for name, text in views.items() if text)
    if phase.text != phase.explain:
        found["text"] = Scalar(phase.text)
    found["needs"] = Seq(map(Scalar, phase.needs))
    return found
