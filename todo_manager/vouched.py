"""Whether what persons said, on which a mark rests, counts where persons sign: asked before it is relied on.

A mark is a cache of an event, and whoever writes into the store can write both. A person's word is one
only with their signature, by a key of the signers file that is pinned: what they attested, what they
approved, what they let pass, and the marks of an imported document that they took over when they accepted
the plan. A mark without that does not hold; one with a signature that never was one is a break.
"""

from __future__ import annotations

import functools
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import structs

from todo_manager import acceptance, approvals, ledger, pins, plans, states, unaccepted, waivers
from todo_manager.checks.parse import kind_of
from todo_manager.definition import is_required
from todo_manager.documents.plan_checks import numbered
from todo_manager.errors import Untrusted
from todo_manager.plans import Phase, Plan
from todo_manager.signers import Pin

Event = Mapping[str, Any]


def weighed(db: sqlite3.Connection, root: Path, plan: Plan, phases: Iterable[Phase]) -> Plan:
    """A plan of which the marks of some phases say, as `mark_void`, why they do not hold.

    Without signers every mark is left as it is. IntegrityProblem for a signature that never was one,
    Untrusted (signature) where none can be verified.
    """
    words = Words.of(db, root, plan)
    if words is None:
        return plan
    void = {phase.key: words.against(phase) for phase in phases}
    return structs.replace(
        plan,
        phases=tuple(
            structs.replace(each, mark_void=void.get(each.key) or each.mark_void)
            for each in plan.phases
        ),
    )


def read(db: sqlite3.Connection, root: Path, id_: str) -> tuple[str, dict[str, str]]:
    """For reads: why nobody who counts has accepted a plan, and why marks do not hold, by phase key.

    Where no signature can be verified, that is why. IntegrityProblem as `weighed` has it.
    """
    try:
        plan = plans.load(db, id_)
        words = Words.of(db, root, plan)
        if words is None:
            return "", {}
        if why := acceptance.against(db, root, words.pin, plan):
            return why, {}
        return "", {phase.key: words.against(phase) for phase in plan.phases}
    except Untrusted as problem:
        return problem.message, {}


def deciding(phase: Phase) -> Iterator[tuple[str, str]]:
    """Id and kind of each required check of a phase as it is accepted."""
    for id_, tree, _ in numbered(phase.verify, phase.parts):
        if is_required(tree):
            yield id_, kind_of(tree) or ""
    for path in json.loads(phase.definition).get("coupled", ()):
        yield str(path).rsplit("/", 1)[-1], "script"


class Words:
    """What persons said of one plan, held against the signers file that is pinned."""

    def __init__(self, db: sqlite3.Connection, root: Path, pin: Pin, plan: Plan) -> None:
        self.pin = pin
        self._db = db
        self._root = root
        self._plan = plan

    @classmethod
    def of(cls, db: sqlite3.Connection, root: Path, plan: Plan) -> Words | None:
        """None where nobody has to sign; IntegrityProblem for a pin that does not verify."""
        pin = pins.pinned(db, root)
        return cls(db, root, pin, plan) if pin and pin.file else None

    def against(self, phase: Phase) -> str:
        """Why the mark of a phase does not hold for what persons said; empty when it does.

        IntegrityProblem for a signature that never was one.
        """
        if phase.mark not in states.SATISFIED or phase.mark_digest != phase.digest:
            return ""
        event = ledger.event_at(self._db, phase.mark_seq)
        try:
            return self._against(phase, event)
        except (KeyError, TypeError, AttributeError):
            what = f"event {event['seq']}, or one it rests on, is not as this program writes them"
            raise ledger.broken(what) from None

    def _against(self, phase: Phase, event: Event) -> str:
        required = dict(deciding(phase))
        if not required:
            return self._of_the_phase(event)
        if event["event"] == "attested" and event["data"].get("by") != "approval":
            return f"event {event['seq']} attests it, and nobody's word replaces its checks"
        asked = [id_ for id_, kind in required.items() if kind == approvals.KIND]
        if (phase.mark == "attested") != (len(asked) == len(required)):
            return f"event {event['seq']} says {event['event']}, which its checks could not show"
        reasons = (*self._of_waivers(phase), *self._of_approvals(phase, asked, event))
        return next(filter(None, reasons), "")

    def documents(self, *, anew: bool) -> list[str]:
        """The events by which an imported document attests phases, as an acceptance takes them over.

        `anew` says that nobody who counts has accepted the plan: then all there are, for whoever
        accepts it is shown them. Else only those that hold already.
        """
        found = []
        for phase in self._plan.phases:
            if phase.mark == "attested":
                plans.verify_mark(self._db, self._plan, phase)
                event = ledger.event_at(self._db, phase.mark_seq)
                is_documents = event["data"].get("by") == "document"
                if is_documents and (anew or event["hash"] in self._taken_over):
                    found.append(str(event["hash"]))
        return found

    @functools.cached_property
    def _taken_over(self) -> frozenset[str]:
        if self._plan.unaccepted:
            return frozenset()
        return unaccepted.taken_over(ledger.event_at(self._db, self._plan.accepted_seq))

    def _of_the_phase(self, event: Event) -> str:
        """Of a phase without a required check: somebody has to have vouched for it as a whole."""
        where = f"event {event['seq']}"
        if event["event"] != "attested" or event["data"].get("by") == "approval":
            return f"{where} says {event['event']}, and there is no check that could show it"
        if why := unaccepted.not_vouched(event, self._taken_over):
            return why
        if event["data"]["by"] == "person" and (why := self._unsigned(event)):
            return f"{where}: {event['actor']}, who attested it, {why}"
        return ""

    def _unsigned(self, event: Event) -> str:
        if event["how"] == "signed":
            pins.genuine(self._db, self._root, event)
        return approvals.unsigned(self._root, event, self.pin)

    def _of_waivers(self, phase: Phase) -> Iterator[str]:
        resting = phase.mark_rests.get("waivers", ())
        for each in waivers.of_phase(self._db, self._plan.id, phase.key) if resting else ():
            if each.event in resting and (why := self._of_waiver(each)):
                yield f"the waiver of {each.check} counts no more: {why}"

    def _of_waiver(self, waiver: waivers.Waiver) -> str:
        if waiver.granted is None:
            return "nobody has granted it"
        if waiver.void or waiver.withdrawn:
            return str(waiver.void or "it was withdrawn")
        return approvals.granted_for_nothing(self._db, self._root, self.pin, waiver)

    def _of_approvals(self, phase: Phase, asked: list[str], proof: Event) -> Iterator[str]:
        """Each required question of the accepted definition was answered by a person."""
        if not asked:
            return
        used = {check["id"]: check["facts"].get("event") for check in proof["data"]["checks"]}
        standing = approvals.standing(self._db, self._plan.id, phase.key)
        known = {(event["data"].get("check"), event["seq"]): event for event in standing}
        for id_ in asked:
            event = known.get((id_, used.get(id_)))
            if event is None:
                yield f"nobody has approved {id_} of what event {proof['seq']} says"
            elif why := self._unsigned(event):
                yield f"the approval of {id_} counts no more: {event['actor']} {why}"
            elif event["data"].get("digest") != phase.digest:
                yield f"the approval of {id_} counts no more: it is of another definition"
