"""The check kind `manual`: a person has looked, and approved."""

from __future__ import annotations

import errno
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from todo_manager import coupling
from todo_manager.checks import fields
from todo_manager.checks.base import Approval, Check, Outcome, World, unanswered
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.ground import location, shown
from todo_manager.model import Verdict

NOWHERE = "only checks of a plan's phase can be approved"


def _question(tree: Any) -> str:
    found = fields.text(tree)
    if not found.strip():
        raise Wrong("asks nothing")
    return found


def _evidence(tree: Any) -> str:
    found = location(tree)
    if found.startswith("/"):
        raise Wrong("the evidence is a file of the project")
    return found


class Manual(Check, frozen=True, kw_only=True):
    """A person has approved what no program can tell: `todo_manager approve PLAN K`.

    An approval speaks of this very definition, of the bytes of `evidence` and of the bound inputs. It is
    never by who wrote the definition and, where signers are pinned, never by who does the work. A phase
    that rests on such checks alone ends attested, never done.

        - manual: Does the dashboard show every service in green?
          approvers: [ops@example.org]
          evidence: reports/dashboard.png
          expires: 30d
    """

    kind = "manual"

    subject: Annotated[str, Convert(_question, expects=True)] = ""
    """The question that a person answers with yes."""
    approvers: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """Who may approve: names as the signers file has them; absent: anybody who may approve at all."""
    evidence: Annotated[str, Convert(_evidence, expects=True)] = ""
    """A file of the project that is looked at; when it changes, the approval is none any more."""
    expires: Annotated[float, Convert(fields.timeout, expects=True)] = 0.0
    """How long an approval counts; for ever when absent."""

    def attempt(self, world: World, timeout: float) -> Outcome:
        expected = self._expected()
        if world.approvals is None:
            return unanswered(expected, NOWHERE)
        try:
            sha256 = evidence_of(world.root, self.evidence)
        except (OSError, ValueError) as error:
            return self._unseen(expected, error)
        now = datetime.now(UTC)
        against = []
        for each in world.approvals.get(self.id, ()):
            why = each.against or self.why_not(each, sha256, now)
            if not why:
                return self._passed(expected, each, sha256)
            against.append(f"{each.by} {why}")
        return Outcome(
            verdict=Verdict.FAILED,
            expected=expected,
            actual="; ".join(against[:3]) or "nobody has approved it",
            message=f"a person: todo_manager approve {world.phase_words} {self.id}",
        )

    def why_not(self, given: Approval, sha256: str, now: datetime) -> str:
        """Why an approval does not count for this check as things are now; empty when it does."""
        from todo_manager.signers import normal

        if self.approvers and not given.names & {normal(name) for name in self.approvers}:
            return "is none of its approvers"
        if given.evidence != sha256:
            return f"approved another {self.evidence or 'evidence'}"
        if self.expires and not given.at <= _written(now):
            return "approved it at a time that has not come yet"
        if self.expires and (until := self._until(given)) <= _written(now):
            return f"approved it, and that ran out at {until}"
        return ""

    def _until(self, given: Approval) -> str:
        moment = datetime.fromisoformat(given.at.replace("Z", "+00:00"))
        return _written(moment + timedelta(seconds=self.expires))

    def _expected(self) -> str:
        by = f" by {' or '.join(self.approvers)}" if self.approvers else ""
        on = f" on {shown(self.evidence)}" if self.evidence else ""
        return f"a person's yes{by}{on}: {self.subject}"

    def _passed(self, expected: str, given: Approval, sha256: str) -> Outcome:
        facts: dict[str, Any] = {
            "approved_by": given.by,
            "how": given.how,
            "at": given.at,
            "event": given.event,
        }
        facts |= {"key": given.key} if given.key else {}
        facts |= {"evidence_sha256": sha256} if sha256 else {}
        facts |= {"holds_until": self._until(given)} if self.expires else {}
        actual = f"approved by {given.by} ({given.how}), event {given.event}"
        return Outcome(verdict=Verdict.PASSED, expected=expected, actual=actual, facts=facts)

    def _unseen(self, expected: str, error: OSError | ValueError) -> Outcome:
        if isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ENOTDIR):
            actual = f"there is no {shown(self.evidence)}"
            return Outcome(verdict=Verdict.FAILED, expected=expected, actual=actual)
        said = error.strerror if isinstance(error, OSError) else str(error)
        return unanswered(expected, f"{shown(self.evidence)}: {said}")


def evidence_of(root: Any, path: str) -> str:
    """The sha256 of a file of evidence, empty where there is to be none; OSError or ValueError."""
    return coupling.read_file(root, path).sha256 if path else ""


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
