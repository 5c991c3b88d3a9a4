"""Is a phase of this commit proven? Answered from a bundle and a checkout, without a store.

What the bundle says counts where a trusted key signed it, and where it speaks of the very definition that
is checked out (its gate digest is computed anew from plan, scripts and pins) and of the very commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from todo_manager import approvals, binding, documents, project
from todo_manager.attesting.stated import Bundle, Stated
from todo_manager.binding import Bound
from todo_manager.definition import Definition
from todo_manager.errors import UsageProblem


class Proven(Struct, frozen=True, kw_only=True):
    """What a bundle proves of one phase."""

    index: int
    key: str
    state: str
    """`proven`, `attested` (a person's word), or `not proven`."""
    reason: str
    """Why it is not proven; on what it rests, where it is."""
    at: str = ""
    """When it was proven; a bundle knows nothing of what came later."""
    by: tuple[str, ...] = ()
    event: int | None = None
    gate: str = ""


def bound(root: Path, found: Bundle, plan: str) -> Bound:
    """The plan as it is checked out: its document is where the statements say it lay.

    Raises UsageProblem where there is no such document, InvalidDocument where it does not load.
    """
    about = [each for each in found.statements if each.ours["plan"] == plan]
    sources = {each.ours.get("source") for each in about} - {None}
    for source in sorted(map(str, sources)):
        try:
            path = project.inside(root, source)
        except ValueError:
            continue
        if path.is_file():
            settings = project.settings(root)
            plans = binding.bind(root, settings, documents.read(path, source), source)
            for each in plans:
                if each.plan.id == plan:
                    return each
    where = ", ".join(sorted(map(str, sources))) or "no file"
    raise UsageProblem(
        f"the plan {plan} is not here: it lay in {where} when it was proven",
        hint="go to the top of a checkout of the project, then repeat",
    )


def judge(found: Bundle, plan: Bound, wanted: Sequence[int], commit: str) -> list[Proven]:
    """What the bundle proves of some phases and of all they need, in the order of the plan."""
    judged = _Judging(found, plan, commit)
    indexes = {index for each in wanted for index in judged.with_needs(each)}
    return [judged.phase(index) for index in sorted(indexes)]


class _Judging:
    def __init__(self, found: Bundle, plan: Bound, commit: str) -> None:
        self._plan = plan
        self._commit = commit
        self._now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._about: dict[str, list[Stated]] = {}
        for each in found.statements:
            if each.ours["plan"] == plan.plan.id:
                self._about.setdefault(each.ours["key"], []).append(each)
        self._index = {phase.key: n for n, phase in enumerate(plan.plan.phases)}
        self._done: dict[int, Proven] = {}

    def with_needs(self, index: int) -> set[int]:
        found, waiting = set(), [index]
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting += [self._index[key] for key in self._plan.plan.phases[current].needs]
        return found

    def phase(self, index: int) -> Proven:
        """What is proven of one phase, its needs included."""
        alone = self._alone(index)
        if alone.state == "not proven":
            return alone
        words = [alone.reason] if alone.reason else []
        for other in sorted(self.with_needs(index) - {index}):
            need = self._alone(other)
            if need.state == "not proven":
                reason = f"it needs phase {other} ({need.key}): {need.reason}"
                return Proven(index=index, key=alone.key, state="not proven", reason=reason)
            if need.state == "attested":
                words.append(f"rests on attested {other}")
        return Proven(
            index=index,
            key=alone.key,
            state=alone.state,
            reason=", ".join(words),
            at=alone.at,
            by=alone.by,
            event=alone.event,
            gate=alone.gate,
        )

    def _alone(self, index: int) -> Proven:
        if index not in self._done:
            self._done[index] = self._look(index)
        return self._done[index]

    def _look(self, index: int) -> Proven:
        """The newest statement that is about this definition and commit decides."""
        phase, gate = self._plan.plan.phases[index], self._plan.definitions[index]
        about = sorted(self._about.get(phase.key, ()), key=lambda each: each.at)
        fitting = [each for each in about if not self._unfit(each, gate)]
        if not about:
            reason = "the bundle says nothing of it that a trusted key has signed"
        elif not fitting:
            reason = self._unfit(about[-1], gate)
        else:
            newest = fitting[-1]
            reason = self._out_of_time(newest)
            if not reason:
                return self._proven(index, newest)
        return Proven(index=index, key=phase.key, state="not proven", reason=reason)

    def _proven(self, index: int, found: Stated) -> Proven:
        seq = found.ours.get("seq")
        return Proven(
            index=index,
            key=found.ours["key"],
            state="attested" if found.attested else "proven",
            reason=_rests(found),
            at=found.at,
            by=found.by,
            event=seq if isinstance(seq, int) else None,
            gate=found.ours["gate"],
        )

    def _unfit(self, found: Stated, gate: Definition) -> str:
        """Why a statement is about something else; empty when it is about just this."""
        required = gate.required_count()
        if found.ours["gate"] != gate.digest:
            return "it was proven with another definition than the one checked out"
        if found.attested and not required:
            return ""
        # Checks that all ask a person are looked at like others, and say attested when they pass.
        if found.attested != approvals.rests_on_persons(gate):
            return "it has checks, and a person only vouched for it"
        if not required:
            return "nothing of it could be proven: it has no required check"
        if self._commit in found.commits():
            return ""
        repository = found.ours.get("repository")
        if not isinstance(repository, dict):
            return "it was proven outside of any git repository"
        if repository.get("clean") is not True:
            why = repository.get("why") or "unknown"
            return f"it was proven in a work tree that is not just a commit: {why}"
        return f"it was proven of the commit {str(repository.get('commit'))[:12]}, not of {self._commit[:12]}"

    def _out_of_time(self, found: Stated) -> str:
        rests = found.ours.get("rests") or {}
        until, since = str(rests.get("until") or ""), str(rests.get("from") or found.at)
        if until and until <= self._now:
            return f"{rests.get('why', 'what it rests on')} ran out at {until}"
        if since[:19] > self._now[:19]:
            return f"the clock says {self._now}, which is before it was proven"
        return ""


def _rests(found: Stated) -> str:
    rests = found.ours.get("rests") or {}
    words = []
    if until := rests.get("until"):
        words.append(f"until {until}")
    if waived := rests.get("waived"):
        words.append(f"{len(waived)} waived")
    if persons := rests.get("persons"):
        words.append(f"persons: {persons}")
    if rests.get("self_accepted"):
        words.append("self-accepted")
    return ", ".join(words)
