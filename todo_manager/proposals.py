"""Edits of plans that have no file to edit: kept in the store beside the plan until a person accepts.

A proposal is a plan@1 document in YAML. Nothing that decides what `done` means ever looks at it.
"""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from todo_manager import exporting, ledger, store
from todo_manager.documents.base import Document
from todo_manager.errors import InvalidDocument, UsageProblem
from todo_manager.ledger import Actor
from todo_manager.plans import Plan
from todo_manager.shellword import word
from todo_manager.workspace import Project


class Proposal(Struct, frozen=True, kw_only=True):
    """What waits for a plan."""

    data: bytes
    at: str
    """When it was last edited: UTC."""
    actor: str
    """Who edited it last."""

    def said(self) -> str:
        return f"the proposal of {self.actor}, {self.at}"


def name_of(plan_id: str) -> str:
    """What messages call the proposal for a plan."""
    return f"the proposal for {plan_id}"


def waiting(db: sqlite3.Connection, plan_id: str) -> Proposal | None:
    """The proposal for a plan, if there is one."""
    row = db.execute("SELECT data, at, actor FROM proposals WHERE plan = ?", (plan_id,)).fetchone()
    if row is None:
        return None
    return Proposal(data=bytes(row["data"]), at=row["at"] or "", actor=row["actor"] or "")


def read(plan: Plan, data: bytes) -> Document:
    """The document of a proposal; InvalidDocument when it does not load (any more)."""
    try:
        return exporting.document_of(plan, data, name_of(plan.id))
    except InvalidDocument as problem:
        throw_away = f"todo_manager diff {word(plan.id)} --drop, which throws it away"
        raise InvalidDocument(problem.problems, hint=throw_away) from None


def keep(project: Project, plan: Plan, data: bytes, before: Proposal | None, actor: Actor) -> None:
    """Keep a proposal in place of the one it was made from.

    UsageProblem when that one, or what was accepted, is another by now.
    """
    with store.transaction(project.db, project.root):
        row = project.db.execute(
            "SELECT accepted_seq FROM plans WHERE id = ?", (plan.id,)
        ).fetchone()
        if waiting(project.db, plan.id) != before or row["accepted_seq"] != plan.accepted_seq:
            raise UsageProblem(
                f"{plan.id} was edited or accepted by somebody else at this moment; nothing is kept",
                hint=f"todo_manager diff {word(plan.id)}, then repeat the command",
            )
        project.db.execute(
            "INSERT OR REPLACE INTO proposals (plan, data, at, actor) VALUES (?, ?, ?, ?)",
            (plan.id, data, ledger.now(), actor.name),
        )


def drop(project: Project, plan_id: str, proposal: Proposal) -> bool:
    """Throw a proposal away; whether it still was that one."""
    with store.transaction(project.db, project.root):
        dropped = project.db.execute(
            "DELETE FROM proposals WHERE plan = ? AND data = ?", (plan_id, proposal.data)
        )
    return dropped.rowcount == 1
