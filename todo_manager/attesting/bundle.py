"""A bundle: the statements of the phases of a plan that are done, an envelope a line."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

from todo_manager import ledger, overview, states
from todo_manager.attesting import envelope, statement
from todo_manager.errors import Kind, Refused
from todo_manager.plans import Phase, Plan
from todo_manager.shellword import word
from todo_manager.workspace import Project


class Bundled(Struct, frozen=True, kw_only=True):
    """What was put into a bundle."""

    text: str
    phases: tuple[dict[str, Any], ...]
    """Of each phase of the plan: index, key, state, event (None where there is no statement)."""


def make(project: Project, plan: Plan, signer: Any | None) -> Bundled:
    """The bundle of everything that is done or attested in a plan, now, marks and files looked at.

    Raises Refused where nothing is, IntegrityProblem where a mark is not what was recorded.
    """
    with project.snapshot():
        found = overview.look(project.db, project.root, project.settings, plan.id)
        rows, lines = [], []
        for phase, standing in zip(found.plan.phases, found.standings):
            row = {"phase": phase.idx, "key": phase.key, "state": standing.state, "event": None}
            if standing.state in states.SATISFIED:
                row["event"] = phase.mark_seq
                lines.append(_line(project, phase, signer))
            rows.append(row)
    if not lines:
        raise Refused(
            f"no phase of {plan.id} is done, so there is nothing to state",
            kind=Kind.NOT_DONE,
            hint=f"todo_manager next {word(plan.id)}",
        )
    return Bundled(text="".join(lines), phases=tuple(rows))


def _line(project: Project, phase: Phase, signer: Any | None) -> str:
    event = ledger.event_at(project.db, phase.mark_seq)
    text = statement.kept(project.db, event)
    found = envelope.signed(text, signer) if signer is not None else envelope.unsigned(text)
    return json.dumps(found) + "\n"
