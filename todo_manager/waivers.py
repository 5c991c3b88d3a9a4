"""Waivers: one person asks that a check which fails be let pass for a while, another one grants it.

They live in the ledger alone, as events of their phase: `waiver_asked`, `waived`, `waiver_withdrawn`. Each
is bound to one check of one gate digest, and where it says so to findings and to a subject. `applied` is
the one place where a failure becomes `waived`; an error never does. Standard library only: `show` asks.
"""

from __future__ import annotations

from collections import namedtuple

from todo_manager import proof, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from typing import Any

    from todo_manager.model import Result

ASKED, GRANTED, WITHDRAWN = "waiver_asked", "waived", "waiver_withdrawn"
TERMS = ("check", "digest", "subject", "findings", "reason", "until")
"""What is asked for, and must be granted as it was asked for. `subject` may be empty, `findings` too."""

A_PERSONS_WORD = "manual"
"""Checks of this kind are not waived: who may not approve could have them waived instead."""

Waiver = namedtuple(
    "Waiver",
    [
        "check",
        "digest",
        "subject",
        "findings",
        "reason",
        "until",
        "event",
        "asked",
        "granted",
        "withdrawn",
        "void",
    ],
)
"""A request and what became of it. `event` is the number of the request; `asked`, `granted` and
`withdrawn` are events, the latter two None where there is none; `void` says why it was granted for nothing."""


def of_phase(db: sqlite3.Connection, plan: str, key: str) -> list[Waiver]:
    """Every waiver that was asked for in a phase, oldest first; IntegrityProblem for a forged event."""
    rows = db.execute(
        "SELECT * FROM ledger WHERE plan = ? AND key = ? AND event IN (?, ?, ?) AND seq > ? ORDER BY seq",
        (plan, key, ASKED, GRANTED, WITHDRAWN, proof.base(db)),
    ).fetchall()
    if not rows:
        return []
    events = [proof.checked(row) for row in rows]
    clock = states.clock(db)
    found = []
    for each in events:
        if each["event"] == ASKED:
            terms = [each["data"].get(name) for name in TERMS if name != "findings"]
            findings = each["data"].get("findings")
            terms += findings if isinstance(findings, list) else [None]
            if not all(isinstance(term, str) for term in terms):
                raise proof.broken(f"event {each['seq']} asks for no waiver")
            found.append(_followed(each, events, clock))
    return found


def of_plan(db: sqlite3.Connection, plan: str, keys: Iterable[str]) -> list[tuple[str, Waiver]]:
    """The same for the phases of a plan, each with the key of its phase."""
    known = db.execute(
        "SELECT DISTINCT key FROM ledger WHERE plan = ? AND event = ?", (plan, ASKED)
    )
    asked = {row[0] for row in known}
    return [(key, each) for key in keys if key in asked for each in of_phase(db, plan, key)]


def _followed(asked: Mapping[str, Any], events: Sequence[Mapping[str, Any]], clock: Any) -> Waiver:
    about = [each for each in events if each["data"].get("request") == asked["seq"]]
    granted = next((each for each in about if each["event"] == GRANTED), None)
    withdrawn = next((each for each in about if each["event"] == WITHDRAWN), None)
    data = asked["data"]
    return Waiver(
        check=data["check"],
        digest=data["digest"],
        subject=data["subject"],
        findings=data["findings"],
        reason=data["reason"],
        until=data["until"],
        event=asked["seq"],
        asked=asked,
        granted=granted,
        withdrawn=withdrawn,
        void=_void(asked, granted, clock) if granted else "",
    )


def _void(asked: Mapping[str, Any], granted: Mapping[str, Any], clock: Any) -> str:
    """Why what was granted lets nothing pass, whatever the time is; empty where it does."""
    if any(granted["data"].get(name) != asked["data"].get(name) for name in TERMS):
        return "what was granted is not what was asked for"
    if granted["data"].get("request_hash") != asked["hash"]:
        return "what was granted is another request"
    if same_person(asked["actor"], granted["actor"]):
        return "it was asked for and granted by one person"
    if clock.back > granted["seq"]:
        return f"the clock was set back at event {clock.back}, after it was granted"
    return ""


def same_person(one: str, other: str) -> bool:
    """Whether two names are spellings of one person."""
    from todo_manager import signers

    return signers.normal(one) == signers.normal(other)


def is_over(waiver: Waiver, at: str) -> bool:
    """Whether its time has run out at a moment, in any of our forms, to the second."""
    return bool(waiver.until <= f"{at[:19]}Z")


def standing(waiver: Waiver, digest: str, at: str, resting: Collection[int]) -> tuple[str, str]:
    """How a waiver stands, and why where that is not plain.

    `digest` is the accepted gate digest of its phase, `resting` the requests its mark rests on. One of:
    `withdrawn`, `expired`, `outdated` (another definition was accepted since), `waiting`, `void`,
    `used`, `unused`.
    """
    if waiver.withdrawn:
        return "withdrawn", f"by {waiver.withdrawn['actor']}"
    if is_over(waiver, at):
        return "expired", f"at {waiver.until}"
    if waiver.digest != digest:
        return "outdated", "another definition was accepted since"
    if waiver.granted is None:
        return "waiting", "nobody has granted it"
    if waiver.void:
        return "void", waiver.void
    return ("used", "") if waiver.event in resting else ("unused", "no mark rests on it")


def row(key: str, waiver: Waiver, phase: Mapping[str, Any], at: str) -> dict[str, Any]:
    """A waiver as it is shown; `phase` has idx, digest, mark, mark_rests."""
    resting = phase["mark_rests"].get("waivers", ()) if phase["mark"] == "done" else ()
    state, why = standing(waiver, phase["digest"], at, resting)
    granted = waiver.granted or {}
    return {
        "event": waiver.event,
        "phase": phase["idx"],
        "key": key,
        "check": waiver.check,
        "findings": list(waiver.findings),
        "subject": waiver.subject,
        "reason": waiver.reason,
        "until": waiver.until,
        "state": state,
        "why": why,
        "asked_by": waiver.asked["actor"],
        "asked_how": waiver.asked["how"],
        "approved_by": granted.get("actor"),
        "approved_how": granted.get("how"),
        "approved": granted.get("seq"),
    }


def rows(
    db: sqlite3.Connection, plan: str, phases: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Every waiver of a plan as it is shown, in the order of its phases (key, idx, digest, mark, mark_rests)."""
    by_key = {phase["key"]: phase for phase in phases}
    found = of_plan(db, plan, by_key)
    if not found:
        return []
    moment = _now(db)
    return [row(key, waiver, by_key[key], moment) for key, waiver in found]


def _now(db: sqlite3.Connection) -> str:
    """This moment, or that of the newest event where the clock is behind it."""
    import time

    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return max(now, str(states.clock(db).newest))


def applied(
    db: sqlite3.Connection,
    plan: str,
    key: str,
    digest: str,
    results: tuple[Result, ...],
    at: str,
    against: Callable[[Waiver], str],
) -> tuple[Result, ...]:
    """The results of a run with the waivers that are in force at a moment: the one place that applies them.

    `digest` is the gate digest of what ran. Only a required check that failed becomes `waived`. `against`
    says why the word of whoever granted a waiver does not count; empty where it does.
    """
    if not any(_may_be_waived(result) for result in results):
        return results
    in_force = [
        waiver
        for waiver in of_phase(db, plan, key)
        if standing(waiver, digest, at, ())[0] == "unused" and not against(waiver)
    ]
    for waiver in in_force:
        proof.event_at(db, waiver.event)
        proof.event_at(db, waiver.granted["seq"])
    return tuple(_waived(result, in_force) for result in results)


def _may_be_waived(result: Result) -> bool:
    return bool(result.required and result.verdict == "failed" and result.kind != A_PERSONS_WORD)


def _waived(result: Result, in_force: Sequence[Waiver]) -> Result:
    if not _may_be_waived(result):
        return result
    used = _covering(result, [each for each in in_force if _is_about(each, result)])
    if not used:
        return result
    from msgspec import structs

    from todo_manager.model import Verdict

    told = "; ".join(words(each) for each in used)
    facts = result.facts | {"waivers": [_fact(each) for each in used]}
    return structs.replace(result, verdict=Verdict.WAIVED, message=told, facts=facts)


def words(waiver: Waiver) -> str:
    """Who let it pass until when, and why."""
    return (
        f"waived until {waiver.until} (asked by {waiver.asked['actor']}, "
        f"approved by {waiver.granted['actor']}): {waiver.reason}"
    )


def _fact(waiver: Waiver) -> dict[str, Any]:
    return {
        "event": waiver.event,
        "approved": waiver.granted["seq"],
        "until": waiver.until,
        "reason": waiver.reason,
        "findings": list(waiver.findings),
        "subject": waiver.subject,
        "asked_by": waiver.asked["actor"],
        "approved_by": waiver.granted["actor"],
    }


def _is_about(waiver: Waiver, result: Result) -> bool:
    """Whether it names this check, and its subject where it names one."""
    if waiver.check != result.id:
        return False
    return waiver.subject in ("", result.subject, *identities(result.facts))


def identities(facts: Mapping[str, Any]) -> list[str]:
    """What the facts of a result say its subject is: IDs of images, digests of a registry."""
    found = [
        (facts.get("image") or {}).get("id"),
        (facts.get("container") or {}).get("image"),
        facts.get("digest"),
    ]
    return [each for each in found if isinstance(each, str) and each]


def _covering(result: Result, about: Sequence[Waiver]) -> list[Waiver]:
    """The waivers that let this failure pass, of those about it; empty where they do not.

    One for the whole check will do. Those for findings must together name every one that counted, of a
    check that failed for nothing else.
    """
    whole = [each for each in about if not each.findings]
    if whole:
        return [max(whole, key=lambda each: each.until)]
    counting = result.facts.get("counting")
    if not isinstance(counting, list) or not counting:
        return []
    used: list[Waiver] = []
    for finding in counting:
        naming = [each for each in about if finding in each.findings]
        if not naming:
            return []
        best = max(naming, key=lambda each: each.until)
        used += [best] if best not in used else []
    return used
