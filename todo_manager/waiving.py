"""Asking for a waiver, granting and withdrawing it: what `waive` does, each in one transaction.

Asking and withdrawing are open to all: the one changes nothing, the other only closes. Granting is a
person's, and another person's than the one who asked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from todo_manager import actors, evidence, ledger, moments, people, pins, plans, signers, waivers
from todo_manager.checks.fields import Wrong
from todo_manager.errors import Kind, Untrusted, UsageProblem
from todo_manager.ledger import Actor
from todo_manager.plans import Phase, Plan
from todo_manager.shellword import word
from todo_manager.signers import Who
from todo_manager.vouched import deciding
from todo_manager.waivers import Waiver
from todo_manager.workspace import Project

WITH_FINDINGS = ("scan", "dependency_audit")
"""Kinds of checks whose findings can be waived one by one."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What is asked for, or which request is meant: then only what was given has to be the same."""

    plan: str
    index: int
    check: str
    actor: Actor
    findings: tuple[str, ...] = ()
    subject: str = ""
    reason: str = ""
    until: str = ""
    event: int | None = None
    """The number of the request that is meant, where several wait."""

    def place(self) -> str:
        """Plan, phase and check as they are typed."""
        return f"{word(self.plan)} {self.index} {word(self.check)}"


def ask(project: Project, wanted: Wanted) -> dict[str, Any]:
    """Record a request; the waiver as it is shown. Raises UsageProblem for one that makes no sense."""
    with project.recording() as db:
        at = ledger.note_clock(db, wanted.actor)
        plan, phase = _place(db, wanted)
        kind = _check(phase, wanted)
        if wanted.findings and kind not in WITH_FINDINGS:
            raise UsageProblem(
                f"a {kind} check has no findings: --finding is for {' and '.join(WITH_FINDINGS)}",
                hint=f'todo_manager waive {wanted.place()} --reason "…" --until 30d',
            )
        until = _until(project, wanted.until, at, wanted)
        data = {
            "check": wanted.check,
            "digest": phase.digest,
            "subject": wanted.subject,
            "findings": sorted(set(wanted.findings)),
            "reason": wanted.reason,
            "until": until,
        }
        recorded = ledger.append(
            db, waivers.ASKED, wanted.actor, plan=plan.id, key=phase.key, data=data
        )
        return _shown(db, phase, plan, recorded.seq)


def _place(db: sqlite3.Connection, wanted: Wanted) -> tuple[Plan, Phase]:
    plan = plans.load(db, plans.resolve_id(db, wanted.plan))
    plans.verify_accepted(db, plan)
    phase = plan.phase(wanted.index)
    if plan.archived:
        raise UsageProblem(
            f"{plan.id} is archived",
            kind=Kind.ARCHIVED,
            hint=f"todo_manager archive {word(plan.id)} --undo",
        )
    return plan, phase


def _check(phase: Phase, wanted: Wanted) -> str:
    """The kind of the check that is named; UsageProblem where the phase has no such required check."""
    kinds = dict(deciding(phase))
    if wanted.check not in kinds:
        known = f"its required checks are {', '.join(kinds)}" if kinds else "it has none"
        raise UsageProblem(
            f"phase {phase.idx} ({phase.key}) has no required check {wanted.check}; {known}",
            kind=Kind.UNKNOWN_CHECK,
            hint=f"todo_manager show {word(wanted.plan)} {phase.idx}",
        )
    if kinds[wanted.check] == waivers.A_PERSONS_WORD:
        raise UsageProblem(
            f"{wanted.check} asks a person, and only who may approve it answers: it is not waived",
            hint=f"a person: todo_manager approve {wanted.place()}",
        )
    return kinds[wanted.check]


def _until(project: Project, text: str, at: str, wanted: Wanted) -> str:
    """The moment at which it runs out; UsageProblem for the past, and for one too far away."""
    hint = f'todo_manager waive {wanted.place()} --reason "…" --until 30d'
    try:
        found = moments.until(text, at)
    except Wrong as wrong:
        raise UsageProblem(f"--until: {wrong}", hint=hint) from None
    _in_time(project, found, at, hint)
    return found


def _in_time(project: Project, until: str, at: str, hint: str) -> None:
    if until <= f"{at[:19]}Z":
        raise UsageProblem(f"--until: {until} is over", hint=hint)
    longest = project.settings.waivers.max
    if until > moments.term(longest, at):
        raise UsageProblem(
            f"--until: {until} is more than {longest / 86_400:g}d away, the most a waiver may last",
            hint=f"{hint}; the most stands under waivers: {{max: …}} in todo_manager.yaml",
        )


def grant(project: Project, wanted: Wanted, *, json: bool) -> dict[str, Any]:
    """Have another person grant a request that waits; the waiver as it is shown.

    Raises UsageProblem (`unknown_waiver`) where not exactly one waits, Untrusted `self_approved`,
    `person_required` or `declined`.
    """
    plan, phase, waiver = _waiting(project.db, wanted)
    _may_grant(project, phase, waiver, wanted)
    _another(project, waiver, Who(wanted.actor.name))
    said = actors.confirmed(
        people.Statement(
            verb="waive",
            plan=plan.id,
            key=phase.key,
            digest=waiver.digest,
            says={
                "check": waiver.check,
                "findings": ", ".join(waiver.findings),
                "subject": waiver.subject,
                "until": waiver.until,
                "reason": waiver.reason,
                "request": str(waiver.event),
                "request_hash": waiver.asked["hash"],
            },
        ),
        _question(plan, phase, waiver),
        verb=f"waive {wanted.place()} --approve",
        json=json,
        actor=wanted.actor,
        project=project,
    )
    with project.recording() as db:
        ledger.note_clock(db, said.actor)
        _, phase, waiver = _waiting(db, wanted, waiver.event)
        _may_grant(project, phase, waiver, wanted)
        _another(project, waiver, Who(said.actor.name, said.key))
        data = {name: getattr(waiver, name) for name in waivers.TERMS}
        data |= {"request": waiver.event, "request_hash": waiver.asked["hash"]}
        people.record(db, project, waivers.GRANTED, said, data)
        return _shown(db, phase, plan, waiver.event)


def _question(plan: Plan, phase: Phase, waiver: Waiver) -> str:
    what = ", ".join(waiver.findings) or "all of it, also what it finds later"
    return (
        f"{plan.id} {phase.idx} ({phase.key}), check {waiver.check}\n"
        f"  lets pass: {what}\n"
        f"  of:        {waiver.subject or 'whatever it looks at'}\n"
        f"  until:     {waiver.until}\n"
        f"  because:   {waiver.reason}\n"
        f"  asked by:  {waiver.asked['actor']} ({waiver.asked['how']}), event {waiver.event}\n"
        f"  gate:      {waiver.digest}\n"
        "While it lasts, this phase can be done although the check fails. It is shown as waived, never "
        "as verified."
    )


def _may_grant(project: Project, phase: Phase, waiver: Waiver, wanted: Wanted) -> None:
    again = f'todo_manager waive {wanted.place()} --reason "…" --until 30d'
    if waiver.digest != phase.digest:
        raise Untrusted(
            f"another definition of phase {phase.idx} was accepted after the waiver was asked for",
            hint=f"ask again: {again}",
        )
    _check(phase, wanted)
    _in_time(project, waiver.until, ledger.now(), again)


def _another(project: Project, waiver: Waiver, actor: Who) -> None:
    pin = pins.pinned(project.db, project.root)
    if signers.same_person(pin.data if pin else b"", signers.who(dict(waiver.asked)), actor):
        raise Untrusted(
            f"{actor.name} asked for this waiver (event {waiver.event}) and may not approve it",
            kind=Kind.SELF_APPROVED,
            hint="put right what fails; or another person approves it",
            person=True,
        )


def withdraw(project: Project, wanted: Wanted) -> dict[str, Any]:
    """Take back a request or a waiver; a phase whose mark rests on it is stale from then on."""
    with project.recording() as db:
        plan, phase = _place(db, wanted)
        found = [
            each
            for each in _meant(db, plan, phase, wanted)
            if each.withdrawn is None and not waivers.is_over(each, ledger.now())
        ]
        waiver = _one(found, wanted, "to be withdrawn")
        data = {"request": waiver.event, "reason": wanted.reason}
        ledger.append(db, waivers.WITHDRAWN, wanted.actor, plan=plan.id, key=phase.key, data=data)
        if phase.mark == "done" and waiver.event in phase.mark_rests.get("waivers", ()):
            plans.verify_mark(db, plan, phase)
            why = f"the waiver of {waiver.check} was withdrawn by {wanted.actor.name}"
            evidence.end_proof(db, wanted.actor, plan, phase, why)
        phase = plans.load(db, plan.id).phase(phase.idx)
        return _shown(db, phase, plan, waiver.event)


def _waiting(
    db: sqlite3.Connection, wanted: Wanted, event: int | None = None
) -> tuple[Plan, Phase, Waiver]:
    """The one request that is meant and waits to be granted."""
    plan, phase = _place(db, wanted)
    found = [
        each
        for each in _meant(db, plan, phase, wanted)
        if each.granted is None
        and each.withdrawn is None
        and not waivers.is_over(each, ledger.now())
        and event in (None, each.event)
    ]
    return plan, phase, _one(found, wanted, "to be approved")


def _meant(db: sqlite3.Connection, plan: Plan, phase: Phase, wanted: Wanted) -> Iterator[Waiver]:
    for each in waivers.of_phase(db, plan.id, phase.key):
        findings = set(wanted.findings) or set(each.findings)
        if (
            each.check == wanted.check
            and set(each.findings) == findings
            and wanted.subject in ("", each.subject)
            and wanted.event in (None, each.event)
        ):
            yield each


def _one(found: list[Waiver], wanted: Wanted, purpose: str) -> Waiver:
    if len(found) == 1:
        return found[0]
    hint = f"todo_manager waive {word(wanted.plan)} --list"
    if found:
        events = ", ".join(str(each.event) for each in found)
        what = f"{len(found)} waivers of {wanted.check} wait {purpose}: events {events}"
        hint = f"name one with --event {found[0].event}; {hint}"
    else:
        what = f"no waiver of {wanted.check} in phase {wanted.index} waits {purpose}"
    raise UsageProblem(what, kind=Kind.UNKNOWN_WAIVER, hint=hint)


def listed(project: Project, ids: Sequence[str]) -> list[dict[str, Any]]:
    """All waivers of some plans as they are shown, each with its plan.

    Raises IntegrityProblem for a plan that does not verify.
    """
    found = []
    with project.snapshot():
        ledger.verify_head(project.db, project.root)
        for id_ in ids:
            plan = plans.load(project.db, id_)
            for phase in plan.phases:
                plans.verify_mark(project.db, plan, phase)
            rows = waivers.rows(project.db, id_, list(map(_facts, plan.phases)))
            found += [{"plan": id_} | row for row in rows]
    return found


def plans_with_waivers(project: Project) -> list[str]:
    """Ids of the plans of which a waiver was ever asked for, in the order they came in."""
    query = (
        "SELECT id FROM plans WHERE id IN (SELECT plan FROM ledger WHERE event = ?) ORDER BY seq"
    )
    return [row["id"] for row in project.db.execute(query, (waivers.ASKED,))]


def _shown(db: sqlite3.Connection, phase: Phase, plan: Plan, event: int) -> dict[str, Any]:
    rows = waivers.rows(db, plan.id, [_facts(phase)])
    return next(row for row in rows if row["event"] == event)


def _facts(phase: Phase) -> dict[str, Any]:
    """What `waivers.rows` wants to know of a phase."""
    return {name: getattr(phase, name) for name in ("key", "idx", "digest", "mark", "mark_rests")}
