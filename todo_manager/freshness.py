"""What a proof rests on beside its checks, and until when: the part of a mark that time can take away.

The checks of a run say how long they hold, under `holds_until` among their facts: from `valid_for`, or
because of what their kind found. A waiver has its own term. The earliest of them is the term of the mark.
Things that were proven (images, what a registry has, which machine a host is) are remembered by their identity: a later run that
passes on another thing has not renewed the proof of this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import structs

from todo_manager import approvals, moments
from todo_manager.canonical import Tree
from todo_manager.checks.fields import duration
from todo_manager.checks.parse import kind_of
from todo_manager.definition import Definition
from todo_manager.model import Result, Verdict

HOLDS_UNTIL = "holds_until"
"""The fact that says until when a check's pass holds: UTC, to the second."""
_LONG_AGO = "0001-01-01T00:00:00Z"
BEFORE = -60.0
"""A clock that says less than so many seconds before the proof has been set back since."""


def with_term(definition: Definition, result: Result) -> Result:
    """The result of a check that has just finished, saying until when its pass holds."""
    seconds = _valid_for(dict(definition.checks)[result.id])
    if result.verdict != Verdict.PASSED or seconds is None:
        return result
    until = moments.term(seconds)
    said = _moment(result.facts.get(HOLDS_UNTIL, until))
    return structs.replace(result, facts=result.facts | {HOLDS_UNTIL: min(said, until)})


def _valid_for(tree: Tree) -> float | None:
    return duration(tree["valid_for"]) if "valid_for" in tree else None


def rests(definition: Definition, results: Sequence[Result], at: str) -> dict[str, Any]:
    """What the mark of a run that passed rests on, as `states.derive` takes it and events keep it.

    `at` is the moment of the proof as the ledger has it. Empty where the mark rests on its checks
    alone, for ever.
    """
    deciding = [result for result in results if result.required]
    used = [(each.id, waiver) for each in deciding for waiver in _waivers(each)]
    terms = [(waiver["until"], f"the waiver of {id_}") for id_, waiver in used]
    terms += [
        (_moment(each.facts[HOLDS_UNTIL]), _why(definition, each.id))
        for each in deciding
        if each.verdict == Verdict.PASSED and HOLDS_UNTIL in each.facts
    ]
    found: dict[str, Any] = {}
    if terms:
        until, why = min(terms)
        found = {"from": moments.term(BEFORE, min(at, moments.term(0))), "until": until, "why": why}
    if used:
        found["waived"] = _first_of_each(used)
        found["waivers"] = sorted({waiver["event"] for _, waiver in used})
    return found | approvals.persons(results)


def _moment(said: Any) -> str:
    """A term as a check says it; what is none has run out, whatever the time is."""
    return said if isinstance(said, str) and moments.is_moment(said) else _LONG_AGO


def _waivers(result: Result) -> list[dict[str, Any]]:
    return result.facts["waivers"] if result.verdict == Verdict.WAIVED else []


def _first_of_each(used: Iterable[tuple[str, Mapping[str, Any]]]) -> list[list[str]]:
    """Each check that is waived, with the first moment at which it no longer is."""
    first: dict[str, str] = {}
    for id_, waiver in used:
        first[id_] = min(waiver["until"], first.get(id_, waiver["until"]))
    return [[id_, until] for id_, until in first.items()]


def _why(definition: Definition, id_: str) -> str:
    tree = dict(definition.checks)[id_]
    if "valid_for" in tree:
        return f"{id_} (valid_for {tree['valid_for']})"
    return f"the approval of {id_}" if kind_of(tree) == approvals.KIND else id_


def moved(before: Mapping[str, Any], results: Sequence[Result]) -> str:
    """Why what was proven is another thing in this run, in words; empty where it is not.

    `before` is the data of the event that proved it.
    """
    known = {row["id"]: _subjects(row["kind"], row["facts"]) for row in before.get("checks", ())}
    for result in results:
        then = known.get(result.id, {})
        for name, identity in _subjects(result.kind, result.facts).items():
            if result.required and then.get(name, identity) != identity:
                was, now = _short(then[name]), _short(identity)
                return f"{result.id}: {name} of {result.subject} was {was} and is {now}"
    return ""


def _subjects(kind: str, facts: Mapping[str, Any]) -> dict[str, str]:
    """What a result is about, by what it is called: identities that stay while the thing does."""
    found = {
        "image": (facts.get("image") or {}).get("id"),
        "the image of the container": (facts.get("container") or {}).get("image"),
        "the digest": facts.get("digest") if kind == "registry" else None,
        "the machine": facts.get("machine_id") if kind == "machine" and "from" in facts else None,
        "the image that served": (facts.get("server") or {}).get("image"),
    }
    if kind == "compose":
        held = (facts.get("running") or {}).values()
        found |= {f"the image of {name}": each["image"] for of in held for name, each in of.items()}
    return {name: str(identity) for name, identity in found.items() if identity}


def _short(identity: str) -> str:
    return identity[:19] if identity.startswith("sha256:") else identity
