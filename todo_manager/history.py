"""What the ledger tells of one plan: what happened, and the evidence for where each phase stands.

Every event and every output is compared with its own sha256 before anything of it is told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from todo_manager import approvals, ledger, states
from todo_manager import waivers as waiving
from todo_manager.plans import Phase, Plan

HEAD = 2000
"""Characters of an output that are told."""

Event = dict[str, Any]
"""An event as `proof.checked` gives it."""


def events(db: sqlite3.Connection, plan: str) -> list[Event]:
    """All events of a plan since the newest acknowledged break, oldest first.

    IntegrityProblem for one that is not what was recorded.
    """
    query = "SELECT * FROM ledger WHERE plan = ? AND seq > ? ORDER BY seq"
    rows = db.execute(query, (plan, ledger.base(db)))
    return [ledger.checked(row) for row in rows]


def timeline(found: Iterable[Event], plan: Plan) -> list[dict[str, Any]]:
    """One row an event: when, who, what, and how long its checks took together."""
    indexes = {phase.key: phase.idx for phase in plan.phases}
    return [_told(event) | {"phase": indexes.get(event["key"])} for event in found]


def _told(event: Event) -> dict[str, Any]:
    data = event["data"]
    checks = data.get("checks", ())
    verdicts = [check["verdict"] for check in checks]
    return {
        "seq": event["seq"],
        "at": event["at"],
        "event": event["event"],
        "key": event["key"],
        "actor": event["actor"],
        "how": event["how"],
        "said": _said(event),
        "counts": {verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)},
        "check_s": round(sum(check["duration_s"] for check in checks), 3),
    }


def _said(event: Event) -> str:
    data = event["data"]
    if event["event"] == "set":
        return f"{data.get('name')} = {data.get('value')}"
    if event["event"] == states.CLOCK:
        return f"the clock was set back from {data.get('was')} to {data.get('is')}"
    found = data.get("message") or data.get("reason") or data.get("does_not_count") or ""
    if not found and event["event"] in (*ledger.ACCEPTING, "texts"):
        return f"from {data.get('source')}"
    return str(found)


def evidence(db: sqlite3.Connection, found: Sequence[Event], plan: Plan) -> list[dict[str, Any]]:
    """For each phase, in order: the event its mark rests on and its last attempt, oldest first."""
    by_key: dict[str, list[Event]] = {}
    for event in found:
        by_key.setdefault(event["key"], []).append(event)
    return [
        _attempt(db, plan, phase, event)
        for phase in plan.phases
        for event in _kept(phase, by_key.get(phase.key, []))
    ]


def _kept(phase: Phase, found: list[Event]) -> list[Event]:
    marked = [event for event in found if event["seq"] == phase.mark_seq]
    attempts = [event for event in found if "checks" in event["data"]]
    refused = [event for event in found if event["event"] == "refused"]
    kept = {event["seq"]: event for event in (*marked, *attempts[-1:], *refused[-1:])}
    newest = max((event["seq"] for event in (*marked, *attempts[-1:])), default=0)
    # A refusal without a look (a need was not done) matters while nothing came after it.
    return [kept[seq] for seq in sorted(kept) if "checks" in kept[seq]["data"] or seq >= newest]


def _attempt(db: sqlite3.Connection, plan: Plan, phase: Phase, event: Event) -> dict[str, Any]:
    data = event["data"]
    checks = data.get("checks", ())
    asked = any(check["kind"] == approvals.KIND for check in checks)
    standing = approvals.standing(db, plan.id, phase.key) if asked else []
    approved = {each["seq"] for each in standing}
    return _told(event) | {
        "phase": phase.idx,
        "verdict": data.get("verdict"),
        "does_not_count": data.get("does_not_count"),
        "digest": data.get("digest"),
        "current": data.get("digest") == phase.digest,
        "marks": event["seq"] == phase.mark_seq,
        "inputs": data.get("inputs", {}),
        "checks": [_check(db, check, approved) for check in checks],
    }


def _check(db: sqlite3.Connection, check: dict[str, Any], approved: set[int]) -> dict[str, Any]:
    """A result; `withdrawn` says that the approval it rests on was taken back since."""
    outputs = [each | {"head": _head(db, each["kept"])} for each in check["outputs"]]
    rests_on = check["facts"].get("event") if check["kind"] == approvals.KIND else None
    withdrawn = rests_on is not None and rests_on not in approved
    return check | {"outputs": outputs, "withdrawn": withdrawn}


def _head(db: sqlite3.Connection, sha256: str) -> str:
    return ledger.output(db, sha256)[: 4 * HEAD].decode("utf-8", "replace")[:HEAD]


def flaky(found: Iterable[Event], plan: Plan) -> list[dict[str, Any]]:
    """Checks that passed after attempts that did not, each with the newest run where it was so."""
    kept = {}
    for index, event, check in _results(found, plan):
        if check.get("flaky"):
            row = {"phase": index, "check": check["id"], "attempts": check["attempts"]}
            kept[index, check["id"]] = row | {"seq": event["seq"], "at": event["at"]}
    return [kept[place] for place in sorted(kept)]


def never_failed(found: Iterable[Event], plan: Plan) -> list[dict[str, Any]]:
    """Checks that ran and were never seen failing, so nobody knows whether they can."""
    newest = {(index, check["id"]): check for index, _, check in _results(found, plan)}
    return [
        {"phase": index, "check": id_, "kind": check["kind"], "subject": check["subject"]}
        for (index, id_), check in sorted(newest.items())
        if check.get("never_failed")
    ]


def waivers(db: sqlite3.Connection, plan: Plan) -> list[dict[str, Any]]:
    """Every waiver of a plan: those that were used, that wait, that nobody uses, that are over."""
    phases = [
        {name: getattr(each, name) for name in ("key", "idx", "digest", "mark", "mark_rests")}
        for each in plan.phases
    ]
    found = waiving.rows(db, plan.id, phases)
    return [row | {"message": _message(row)} for row in found]


def _message(row: dict[str, Any]) -> str:
    what = f" {', '.join(row['findings'])}" if row["findings"] else ""
    of = f" of {row['subject']}" if row["subject"] else ""
    why = f" ({row['why']})" if row["why"] else ""
    by = f", approved by {row['approved_by']} ({row['approved_how']})" if row["approved_by"] else ""
    asked = f"asked by {row['asked_by']} ({row['asked_how']}){by}"
    return f"{row['state']}{why},{what}{of} until {row['until']}: {row['reason']} ({asked})"


def _results(found: Iterable[Event], plan: Plan) -> Iterator[tuple[int, Event, dict[str, Any]]]:
    """Every recorded result of the phases there are, oldest first."""
    indexes = {phase.key: phase.idx for phase in plan.phases}
    for event in found:
        if event["key"] in indexes:
            for check in event["data"].get("checks", ()):
                yield indexes[event["key"]], event, check


def acceptances(found: Iterable[Event]) -> list[dict[str, Any]]:
    """Who took the definition in or accepted it, when, and which one; the newest is in force."""
    return [
        {name: event[name] for name in ("seq", "at", "event", "actor", "how")}
        | {"digest": event["data"].get("digest"), "source": event["data"].get("source")}
        for event in found
        if event["event"] in ledger.ACCEPTING
    ]
