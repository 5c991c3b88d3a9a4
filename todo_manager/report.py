"""Everything a report of one plan says, as data; `render/report/` makes a page of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from todo_manager import __version__, audit, history, ledger, overview, project, read_plan, reads
from todo_manager.overview import Overview

EVENTS = 200
"""How many of the newest events a report tells; `log` has all."""


def gather(root: Path, wanted: str) -> dict[str, Any]:
    """What is known of a plan (id or prefix), nothing of it unverified.

    The whole ledger is audited first, with all outputs it names. Raises IntegrityProblem at the first
    break, UsageProblem for an unknown plan.
    """
    db = reads.open_store(str(root))
    id_ = reads.plan_id(db, wanted)
    audited = audit.audit(db, root)
    if audited.breaks or audited.head is None:
        raise ledger.broken(audited.breaks[0])
    db.execute("BEGIN")
    found = overview.look(db, root, project.settings(root), id_)
    events = history.events(db, id_)
    return {
        "plan": _plan(read_plan.show_plan(db, str(root), id_)["plan"], found),
        "counts": found.counts(),
        "done": found.done(),
        "total": len(found.standings),
        "next": found.following(),
        "evidence": history.evidence(db, events, found.plan),
        "events": history.timeline(events[-EVENTS:], found.plan),
        "earlier": max(0, len(events) - EVENTS),
        "never_failed": history.never_failed(events, found.plan),
        "flaky": history.flaky(events, found.plan),
        "waivers": history.waivers(db, found.plan),
        "accepted": history.acceptances(events),
        "ledger": {
            "events": audited.events,
            "seq": audited.head.seq,
            "hash": audited.head.hash,
        },
        "generated": ledger.now(),
        "version": __version__,
    }


def _plan(shown: dict[str, Any], found: Overview) -> dict[str, Any]:
    """A plan as `show` has it, with the states of the fuller look."""
    for phase, standing in zip(shown["phases"], found.standings):
        phase["state"], phase["reason"] = standing.state, standing.reason
    shown["status"] = found.status()
    shown["source"]["state"] = found.disk.source
    shown["inputs"] = found.plan.bound
    return shown
