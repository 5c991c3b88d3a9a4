"""What state each phase is in, from rows of the store; standard library only.

One function serves the fast reads and the gate. It looks at marks, digests and needs; it never
decides whether a phase may become done.
"""

from __future__ import annotations

from collections import namedtuple

from todo_manager.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing costs a read more than all of this module
    import sqlite3
    from collections.abc import Mapping, Sequence
    from typing import Any

CLOCK = "clock"
"""The event that says that the clock was set back."""
SATISFIED = ("done", "attested")
"""States on which a phase that needs this one may rest."""


Standing = namedtuple("Standing", ["state", "reason"])
"""A state and, where there is something to say, why; both are `str`."""


def derive(
    phases: Sequence[Mapping[str, Any]],
    bound: Mapping[str, str],
    *,
    running: frozenset[int] = frozenset(),
    changed: Mapping[int, str] = {},
    archived: bool = False,
) -> list[Standing]:
    """The standing of every phase of a plan, in order.

    Each phase is a mapping with idx, key, needs (list of keys), required (number of required checks),
    digest, mark, mark_digest, mark_inputs (dict), mark_rests (dict), last_verdict, last_digest. `bound`
    holds the bound inputs, `running` the indexes somebody holds, `changed` why files of a phase differ
    on disk. `mark_void` of a phase, which may be missing, is what `void` says of its mark.

    `mark_rests` says what a mark rests on beside its checks, each part only where there is one: `from`
    and `until` (UTC, to the second) with `why`, the time it holds; `waived`, a list of check id and
    date; `persons`, how many of its checks are a person's word; `self_accepted`, that who did it had
    accepted its definition.
    """
    return _Deriving(phases, bound, running, changed, archived).all()


def of_columns(inputs: Any, rests: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """`mark_inputs` and `mark_rests` as the store has them; ValueError or TypeError for anything else."""
    used, resting = loads(inputs) if inputs else {}, loads(rests) if rests else {}
    if not isinstance(used, dict) or not isinstance(resting, dict):
        raise TypeError("they are no mappings")
    if not resting:
        return used, resting
    texts = [resting.get(name, "") for name in ("from", "until", "why")]
    texts += [text for id_, until in resting.get("waived", ()) for text in (id_, until)]
    if not all(isinstance(each, str) for each in texts):
        raise TypeError("a term is no text")
    if not all(isinstance(each, int) for each in resting.get("waivers", ())):
        raise TypeError("a waiver is no number")
    return used, resting


class _Deriving:
    def __init__(
        self,
        phases: Sequence[Mapping[str, Any]],
        bound: Mapping[str, str],
        running: frozenset[int],
        changed: Mapping[int, str],
        archived: bool,
    ) -> None:
        self._phases = phases
        self._by_key = {phase["key"]: phase for phase in phases}
        self._bound = bound
        self._running = running
        self._changed = changed
        self._archived = archived
        self._known: dict[int, Standing] = {}
        self._below: dict[int, frozenset[int]] = {}

    def all(self) -> list[Standing]:
        for phase in self._phases:
            self._settle(phase)
        return [self._known[phase["idx"]] for phase in self._phases]

    def _settle(self, phase: Mapping[str, Any]) -> None:
        """Needs first, without recursion: a plan may have more phases than Python has stack."""
        waiting, met = [phase], set()
        while waiting:
            top = waiting[-1]
            todo = [need for need in self._needed(top) if need["idx"] not in self._known]
            if todo and top["idx"] not in met:
                met.add(top["idx"])
                waiting += todo
                continue
            waiting.pop()
            if top["idx"] not in self._known:
                # Needs that are not settled by now are a circle, which only edited rows can hold.
                self._known[top["idx"]] = (
                    Standing("blocked", "its needs form a circle")
                    if todo
                    else self._first_match(top)
                )
                self._below[top["idx"]] = self._attested_below(top)

    def _first_match(self, phase: Mapping[str, Any]) -> Standing:
        if self._archived:
            return Standing("archived", "")
        if phase["idx"] in self._running:
            return Standing("running", "another process holds it")
        if phase["mark"] == "regressed":
            return Standing("regressed", "a later verify failed")
        if phase["mark"] == "moved":
            return Standing(
                "stale", phase["mark_rests"].get("why", "what was proven is another thing")
            )
        if phase["mark"] in SATISFIED:
            if stale := self._stale(phase):
                return Standing("stale", stale)
            return Standing(phase["mark"], self._rests_on(phase) if phase["mark"] == "done" else "")
        if blocked := self._blocked(phase):
            return Standing("blocked", blocked)
        return self._attempted(phase)

    def _stale(self, phase: Mapping[str, Any]) -> str:
        if phase["mark_digest"] != phase["digest"]:
            return "its definition was changed and accepted after it was done"
        if reason := self._changed.get(phase["idx"]):
            return reason
        for name, value in phase["mark_inputs"].items():
            if self._bound.get(name) != value:
                return f"the input {name} was {value!r} then and is {self._bound.get(name)!r} now"
        if out := phase.get("mark_void") or _out_of_time(phase["mark_rests"]):
            return str(out)
        for need, standing in self._needs(phase):
            if standing.state not in (*SATISFIED, "running"):
                return f"it needs phase {need['idx']}, which is {standing.state}"
        return ""

    def _rests_on(self, phase: Mapping[str, Any]) -> str:
        """A proof is worth no more than what it stands on: say where that is a person's word."""
        found = _rests(phase["mark_rests"])
        if attested := self._attested_below(phase):
            found.append(f"rests on attested {', '.join(map(str, sorted(attested)))}")
        if phase["mark_rests"].get("self_accepted"):
            found.append("self-accepted")
        return ", ".join(found)

    def _attested_below(self, phase: Mapping[str, Any]) -> frozenset[int]:
        """Indexes of the attested phases it needs, directly or through them."""
        found: set[int] = set()
        for need, standing in self._needs(phase):
            found |= self._below.get(need["idx"], frozenset())
            if standing.state == "attested":
                found.add(need["idx"])
        return frozenset(found)

    def _blocked(self, phase: Mapping[str, Any]) -> str:
        for need, standing in self._needs(phase):
            if standing.state not in SATISFIED:
                return f"it needs phase {need['idx']}, which is {standing.state}"
        return "" if phase["required"] else "it has no required check"

    def _attempted(self, phase: Mapping[str, Any]) -> Standing:
        if phase["last_digest"] == phase["digest"] and not self._changed.get(phase["idx"]):
            if phase["last_verdict"] == "error":
                return Standing("errored", "at the last attempt a check could not be evaluated")
            if phase["last_verdict"] == "failed":
                return Standing("failed", "a check failed at the last attempt")
        return Standing("ready", self._changed.get(phase["idx"], ""))

    def _needs(self, phase: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Standing]]:
        known = [need for need in self._needed(phase) if need["idx"] in self._known]
        return [(need, self._known[need["idx"]]) for need in known]

    def _needed(self, phase: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return [self._by_key[key] for key in phase["needs"] if key in self._by_key]


def _out_of_time(rests: Mapping[str, Any]) -> str:
    """Why a mark no longer holds, or not yet, by the clock; empty when it does or has no term."""
    if not rests.get("until"):
        return ""
    import time  # most marks have no term

    # `gmtime` by itself asks a coarser clock, which lags: who waited until the end would be early.
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time()))
    if rests["until"] <= now:
        return _ran_out(rests)
    if now < rests.get("from", ""):
        return f"the clock says {now}, which is before it was proven"
    return ""


def _ran_out(rests: Mapping[str, Any]) -> str:
    return f"{rests.get('why', 'what it rests on')} ran out at {rests['until']}"


Clock = namedtuple("Clock", ["newest", "back"])
"""What the ledger knows of time: when its newest event was, to the second, and the number of the newest
event that says that the clock was set back (0: never)."""


def clock(db: sqlite3.Connection) -> Clock:
    """What the ledger of a store knows of time."""
    newest = db.execute(
        "SELECT at FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)"
    ).fetchone()
    back = db.execute(
        "SELECT max(seq) FROM ledger WHERE plan = '' AND key = '' AND event = ?", (CLOCK,)
    ).fetchone()
    return Clock(f"{newest[0][:19]}Z" if newest else "", back[0] or 0)


def void(seen: Clock, seq: int | None, rests: Mapping[str, Any]) -> str:
    """Why a mark set by event `seq` has no term any more by what the ledger has seen; empty when it has.

    The clock of the machine is asked elsewhere. This is what setting that one back can not undo.
    """
    if not rests.get("until"):
        return ""
    if seen.back > (seq or 0):
        return f"the clock was set back at event {seen.back}, after it was proven"
    return _ran_out(rests) if rests["until"] <= seen.newest else ""


def _rests(rests: Mapping[str, Any]) -> list[str]:
    found = []
    if waived := rests.get("waived"):
        first = min(until for _, until in waived)
        found.append(f"{len(waived)} waived until {first[:10]}")
    if persons := rests.get("persons"):
        found.append(f"persons: {persons}")
    return found
