"""The gate: may this phase be done?

`refusal` is the one function that decides. `done` and `verify` bring a case before it and record what
came of it; every surface (command line, screen, agents) goes through them. It fails closed: what is
not known to be so keeps the phase open.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from todo_manager.documents.names import is_plain_id
from todo_manager.errors import Kind, OutOfOrder, Refused, TodoError, Unevaluated, UsageProblem
from todo_manager.model import Result, Verdict
from todo_manager.shellword import word

_STEPS = 5
"""How many phases of the road back a refusal names."""


class Case(Struct, frozen=True, kw_only=True):
    """Everything the decision about one phase rests on."""

    plan: str
    index: int
    key: str
    required: int
    """How many required checks the definition has."""
    archived: bool
    """Whether the plan was put away."""
    untrusted: TodoError | None
    """Why its definition or inputs are not the accepted ones; None when they are."""
    needs: tuple[tuple[int, str, str], ...]
    """Index, key and state of each phase it needs."""
    road: tuple[tuple[int, str], ...] = ()
    """Index and reason of every phase to be done first, directly needed or not, in the order to do them."""
    void: str = ""
    """Why the mark that it has does not hold; empty where it has none, or holds."""
    results: tuple[Result, ...] | None = None
    """What the checks said; None before they ran."""


def refusal(case: Case) -> TodoError | None:
    """Why the phase may not be done; None opens the gate.

    Before anything runs, a plan that was put away wins over a change since acceptance, that over a
    wrong order, and that over a missing check. After the run a failed check wins, then one that could not be evaluated, then a change or
    a need that came undone meanwhile.
    """
    beforehand = _archived(case) or case.untrusted or _order(case) or _no_checks(case)
    if case.results is None:
        return beforehand
    return _verdicts(case, case.results) or beforehand


def satisfied(state: str) -> bool:
    """Whether a phase in this state is one that others may rest on."""
    return state in ("done", "attested")


def _archived(case: Case) -> TodoError | None:
    if not case.archived:
        return None
    return UsageProblem(
        f"{case.plan} is archived",
        kind=Kind.ARCHIVED,
        hint=f"todo_manager archive {word(case.plan)} --undo",
    )


def _order(case: Case) -> TodoError | None:
    for index, key, state in case.needs:
        if not satisfied(state):
            plan = word(case.plan)
            road = case.road or ((index, ""),)
            why = dict(road).get(index, "") if state in ("stale", "regressed") else ""
            steps = [f"todo_manager done {plan} {step}" for step, _ in road[:_STEPS]]
            more = f", and {len(road) - _STEPS} more" if len(road) > _STEPS else ""
            return OutOfOrder(
                f"phase {case.index} ({case.key}) needs phase {index} ({key}), which is {state}"
                + (f": {why}" if why else ""),
                hint=f"todo_manager show {plan}, then: {', then: '.join(steps)}{more}",
            )
    return None


def _no_checks(case: Case) -> TodoError | None:
    if case.required:
        return None
    plan, k = word(case.plan), case.index
    attest = f'on a person\'s word: todo_manager attest {plan} {k} --reason "…"'
    hint = (
        f"write phases/{plan}/p{k}_check.sh (exit 0 passed, 1 not so) · "
        f"try: todo_manager verify {plan} {k} · a person: todo_manager accept {plan} · "
        f"then: todo_manager done {plan} {k} · or, {attest}"
    )
    if not is_plain_id(case.plan):
        hint = f"write it as a plan in YAML, whose id can name a folder of scripts · or, {attest}"
    return Refused(
        f"phase {k} ({case.key}) has no required check, so nothing can show that it is done"
        + (f"; {case.void}" if case.void else ""),
        kind=Kind.NO_CHECKS,
        hint=hint,
        person=True,
    )


def _verdicts(case: Case, results: Iterable[Result]) -> TodoError | None:
    """Passing means: as many required results as required checks, and every one passed or waived."""
    required = [result for result in results if result.required]
    if not required and not case.required:
        return _no_checks(case)
    for verdict, error in ((Verdict.FAILED, Refused), (Verdict.ERROR, Unevaluated)):
        found = [result for result in required if result.verdict == verdict]
        if found:
            return error(_told(case, found), hint=_road(case, found[0]), person=_by_person(found))
    opening = [r for r in required if r.verdict in (Verdict.PASSED, Verdict.WAIVED)]
    if len(opening) != len(required) or len(required) < max(case.required, 1):
        return Unevaluated(
            f"phase {case.index}: {case.required} required checks, {len(opening)} verdicts that pass",
            hint=_again(case),
        )
    return None


def _again(case: Case) -> str:
    return f"todo_manager done {word(case.plan)} {case.index}"


def _by_person(found: list[Result]) -> bool:
    return found[0].kind == "manual" and found[0].verdict == Verdict.FAILED


def _road(case: Case, first: Result) -> str:
    if not _by_person([first]):
        return f"put it right, then: {_again(case)}"
    approve = f"todo_manager approve {word(case.plan)} {case.index} {word(first.id)}"
    return f"a person: {approve}, then: {_again(case)}"


def _told(case: Case, found: list[Result]) -> str:
    first = found[0]
    said = first.actual or first.message
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return (
        f"phase {case.index} ({case.key}): check {first.id} ({first.kind} {line(first.subject, 60)}) "
        f"expected {line(first.expected)}" + (f"; {line(said)}" if said else "") + more
    )


def line(text: str, width: int = 600) -> str:
    """A text on one line: what a program or a plan says must not look like lines of ours."""
    found = " ".join(text.split())
    return found if len(found) <= width else found[: width - 3] + "..."
