"""What persons have approved, for the checks of kind `manual`: which approvals there are, and which count.

An approval is one event. It speaks of one check of one definition, of the evidence a person looked at and
of the inputs that were bound; for anything else it is none. Nobody approves what they wrote or did.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager import acceptance, ledger, people, pins, signers
from todo_manager.canonical import encode
from todo_manager.checks.base import Approval
from todo_manager.checks.parse import kind_of
from todo_manager.definition import Definition, is_required
from todo_manager.errors import Untrusted
from todo_manager.model import Result, Verdict
from todo_manager.plans import Plan
from todo_manager.signers import Pin, Who
from todo_manager.waivers import Waiver
from todo_manager.workspace import Project

EVENTS = ("approved", "withdrawn")
KIND = "manual"


class Ground(Struct, frozen=True, kw_only=True):
    """What approvals of one phase are held against."""

    pin: Pin | None
    digest: str
    inputs: str
    """The values of the inputs it uses, as `inputs_text` writes them."""
    barred: tuple[tuple[Who, str], ...]
    """Persons who may not approve, and why."""


def inputs_text(values: Mapping[str, str], used: Sequence[str]) -> str:
    """The inputs of a phase as an approval names them."""
    return encode({name: values.get(name, "") for name in sorted(used)})


def manual_checks(definition: Definition) -> list[str]:
    """Ids of the checks that a person approves."""
    return [id_ for id_, tree in definition.checks if kind_of(tree) == KIND]


def rests_on_persons(definition: Definition) -> bool:
    """Whether every check that decides is a person's word: then the phase is attested, never done."""
    deciding = [tree for _, tree in definition.checks if is_required(tree)]
    return bool(deciding) and all(kind_of(tree) == KIND for tree in deciding)


def mark(definition: Definition) -> str:
    """The mark of a phase whose checks pass: what rests on persons alone is attested, never done."""
    return "attested" if rests_on_persons(definition) else "done"


def for_run(
    project: Project,
    plan: Plan,
    definition: Definition,
    values: Mapping[str, str],
    worker: str = "",
) -> dict[str, tuple[Approval, ...]]:
    """The approvals that a run of a phase's checks is shown, by check.

    None where it is not known whose word counts. Raises IntegrityProblem for one that was forged.
    """
    if not manual_checks(definition):
        return {}
    try:
        found = ground(project, plan, definition, values, worker)
    except Untrusted:
        return {}
    return given(project, plan, definition.key, found)


def ground(
    project: Project,
    plan: Plan,
    definition: Definition,
    values: Mapping[str, str],
    worker: str = "",
) -> Ground:
    """What approvals of a phase are held against now; `worker` is who asks for it to be done.

    Raises Untrusted when the signers file is not the pinned one.
    """
    db = project.db
    pin = pins.in_force(db, project.root, project.settings)
    barred = [(acceptance.author(db, plan), "wrote the definition")]
    if pin is not None:
        barred += [(each, "does the work") for each in _workers(db, plan.id, definition, worker)]
    return Ground(
        pin=pin,
        digest=definition.digest,
        inputs=inputs_text(values, definition.inputs),
        barred=tuple(barred),
    )


def _workers(
    db: sqlite3.Connection, plan: str, definition: Definition, worker: str
) -> Iterator[Who]:
    """Who works on a phase: who asks for it, who claims it, who executed its steps.

    As far as the ledger is believed: what a break has spoiled would bar everybody for ever.
    """
    if worker:
        yield Who(worker)
    claim = db.execute(
        "SELECT claim_by FROM phases WHERE plan = ? AND key = ?", (plan, definition.key)
    ).fetchone()
    if claim and claim["claim_by"]:
        yield Who(claim["claim_by"])
    rows = db.execute(
        "SELECT * FROM ledger WHERE plan = ? AND key = ? AND event IN ('ran', 'done', 'attested')"
        " AND seq > ?",
        (plan, definition.key, ledger.base(db)),
    )
    for event in map(ledger.checked, rows.fetchall()):
        if event["event"] != "attested" or event["data"].get("by") == "approval":
            yield signers.who(event)


def may_not(found: Ground, person: Who) -> str:
    """Why a person may not approve; empty when nothing is against it."""
    data = found.pin.data if found.pin else b""
    for other, why in found.barred:
        if signers.same_person(data, other, person):
            also = "" if other.name == person.name else f" as {other.name}"
            return f"{person.name} {why}{also}"
    return ""


def given(project: Project, plan: Plan, key: str, found: Ground) -> dict[str, tuple[Approval, ...]]:
    """The approvals of a phase by check, the newest first, each with why it does not count.

    Raises IntegrityProblem for one that is said to be signed and is not.
    """
    by_check: dict[str, list[Approval]] = {}
    for event in standing(project.db, plan.id, key):
        check = str(event["data"].get("check", ""))
        by_check.setdefault(check, []).append(_approval(project, event, found))
    return {check: tuple(reversed(each)) for check, each in by_check.items()}


def standing(db: sqlite3.Connection, plan: str, key: str) -> list[dict[str, Any]]:
    """The approvals that were not withdrawn, oldest first."""
    rows = db.execute(
        "SELECT * FROM ledger WHERE plan = ? AND key = ? AND event IN (?, ?) AND seq > ? ORDER BY seq",
        (plan, key, *EVENTS, ledger.base(db)),
    )
    found: list[dict[str, Any]] = []
    for event in map(ledger.checked, rows.fetchall()):
        if event["event"] == "approved":
            found.append(event)
        else:
            check = event["data"].get("check")
            found = [each for each in found if each["data"].get("check") != check]
    return found


def _approval(project: Project, event: Mapping[str, Any], found: Ground) -> Approval:
    data = event["data"]
    file = found.pin.data if found.pin else b""
    return Approval(
        by=str(event["actor"]),
        how=str(event["how"]),
        names=signers.spellings(file, signers.who(dict(event)))[0],
        key=signers.who(dict(event)).key,
        at=(event["how"] == "signed" and people.said(event, "at")) or str(event["at"]),
        event=int(event["seq"]),
        evidence=str(data.get("evidence", "")),
        against=_against(project, event, found),
    )


def _against(project: Project, event: Mapping[str, Any], found: Ground) -> str:
    data = event["data"]
    if event["how"] == "signed":
        pins.genuine(project.db, project.root, event)
    if found.pin is not None and (why := unsigned(project.root, event, found.pin)):
        return why
    if data.get("digest") != found.digest:
        return "approved another definition"
    if data.get("inputs") != found.inputs:
        return "approved it with other inputs"
    return may_not(found, signers.who(dict(event)))


def of_waivers(project: Project) -> Callable[[Waiver], str]:
    """What says why a granted waiver does not count: who granted it had to sign, and is nobody who asked.

    Raises IntegrityProblem, when it is asked, for one that is said to be signed and is not.
    """

    def against(waiver: Waiver) -> str:
        try:
            pin = pins.in_force(project.db, project.root, project.settings)
        except Untrusted as changed:
            return changed.message
        return granted_for_nothing(project.db, project.root, pin, waiver)

    return against


def granted_for_nothing(db: sqlite3.Connection, root: Path, pin: Pin | None, waiver: Waiver) -> str:
    """Why a granted waiver does not count by a pinned signers file; empty when it does.

    Raises IntegrityProblem for one that is said to be signed and is not.
    """
    event = waiver.granted
    if event["how"] == "signed":
        pins.genuine(db, root, event)
    if pin is not None and (why := unsigned(root, event, pin)):
        return f"{event['actor']} {why}"
    one, other = signers.who(dict(waiver.asked)), signers.who(dict(event))
    if signers.same_person(pin.data if pin else b"", one, other):
        return "it was asked for and granted by one person"
    return ""


def unsigned(root: Path, event: Mapping[str, Any], pin: Pin) -> str:
    """Why an event is not signed by a key of the signers file in force; empty when it is."""
    from todo_manager import signing

    data = event["data"]
    if event["how"] != "signed":
        return "did not sign it"
    try:
        signing.verify(root, pin.data, data["statement"], data["signature"], event["at"])
    except signing.BadSignature:
        return "has no key in the signers file any more"
    return ""


def persons(results: Sequence[Result]) -> dict[str, Any]:
    """How many required checks are a person's word; empty where none is."""
    found = len(_approved(results))
    return {"persons": found} if found else {}


def _approved(results: Sequence[Result]) -> list[Result]:
    return [
        each
        for each in results
        if each.kind == KIND and each.required and each.verdict == Verdict.PASSED
    ]


def undone(
    project: Project,
    plan: Plan,
    definition: Definition,
    values: Mapping[str, str],
    results: Sequence[Result],
    worker: str = "",
) -> str:
    """Which approval that checks rest on counts no more since they ran, in words; empty when all do."""
    used = {
        each.facts["event"]: each for each in results if each.kind == KIND and "event" in each.facts
    }
    now = for_run(project, plan, definition, values, worker) if used else {}
    known = {each.event: each for given in now.values() for each in given}
    for seq, result in sorted(used.items()):
        if seq not in known:
            return f"the approval of {result.id} was withdrawn while it was being checked"
        if why := known[seq].against:
            return f"the approval of {result.id} counts no more: {known[seq].by} {why}"
    return ""
