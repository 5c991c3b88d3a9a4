"""The check kind `attestation`: a signed statement of somebody about just this file, image or commit."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from msgspec import Struct

from todo_manager.attesting import envelope, keys
from todo_manager.attesting.envelope import Envelope, Malformed, Trust
from todo_manager.attesting.keys import Trusted
from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.attested_subject import Gone, Subject, is_about, subject
from todo_manager.checks.base import Outcome, Unresolvable, World, conclude, unanswered
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.ground import Ground, Unlookable, location, shown
from todo_manager.checks.judge_file import CLOCK_SLACK, judged
from todo_manager.engines.engine import Unreachable
from todo_manager.model import Verdict

_TIMES = (
    ("timeVerified",),
    ("https://slsa.dev/verification_summary/v1", "timeVerified"),
    ("runDetails", "metadata", "finishedOn"),
    ("metadata", "buildFinishedOn"),
    ("metadata", "scanFinishedOn"),
)
"""Where predicates say when it was: of a verification, of a build, of a scan."""


def _in_project(tree: Tree) -> str:
    found = location(tree)
    if found.startswith("/"):
        raise Wrong("signer is a file of the project, so that it belongs to the definition")
    return found


class _Candidate(Struct, frozen=True, kw_only=True):
    """A statement that the signer has signed."""

    tree: dict[str, Any]

    def time(self) -> datetime | None:
        """When what it states was found, by its own signed words."""
        for path in _TIMES:
            found: Any = self.tree["predicate"]
            for key in path:
                found = found.get(key) if isinstance(found, dict) else None
            if isinstance(found, str):
                return _moment(found)
        return None


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


class Attestation(EngineCheck, frozen=True, kw_only=True):
    """Somebody who is trusted has signed a statement about just this file, image or commit.

        - attestation: dist/app.tar.intoto.jsonl
          subject: {file: dist/app.tar}
          predicate_type: "https://slsa.dev/provenance/v1"
          signer: security/builder.pub
          max_age: 7d
        - attestation: proofs/p.intoto.jsonl
          subject: {git: .}
          signer: security/allowed_signers

    The file holds DSSE envelopes with in-toto Statements v1, one, or one a line. One of them must say it
    all: signed with a key of `signer`, of that predicate type, about the digest that the subject has now,
    young enough. Attestations that lie in a registry are not fetched. Takes
    `pip install 'todo_manager[attest]'`.
    """

    kind: ClassVar[str] = "attestation"
    needs: ClassVar[tuple[str, ...]] = ("python -m securesystemslib", "python -m cryptography")
    runs_programs: ClassVar[bool] = True

    subject: Annotated[str, Convert(location)] = ""
    """The file of envelopes, below the project or absolute."""
    subject_: Annotated[Subject | None, Convert(subject)] = None
    """What it is about: `{file: PATH}` by its sha256; `{image: X}` by its ID on the engine, or a manifest
    in the registry of its name; `{registry: X}` by its manifest; `{git: PATH}` by the commit checked out.
    An input may stand in it."""
    predicate_type: Annotated[str, Convert(fields.text, expects=True)] = ""
    """The type of what is stated, a URI; without it any kind of statement will do."""
    signer: Annotated[str, Convert(_in_project, expects=True)] = ""
    """A file of the project with the public keys of who may sign: PEM, OpenSSH, or allowed signers. It is
    part of the definition."""
    max_age: Annotated[float | None, Convert(fields.timeout, expects=True)] = None
    """How old it may be, by the time that is signed with it; the file's own time says nothing."""

    def problems(self) -> list[str]:
        found = []
        if self.subject_ is None:
            found.append("say what it is about, like subject: {file: dist/app.tar}")
        if not self.signer:
            found.append(
                "anybody can sign: name the public keys that count, like signer: keys/ann.pub"
            )
        return found

    def lint(self) -> list[str]:
        if self.predicate_type:
            return []
        return ["a statement of any kind would pass: say which with predicate_type"]

    @classmethod
    def implied_pins(cls, tree: Tree) -> tuple[str, ...]:
        return (glob.escape(str(tree["signer"])),) if "signer" in tree else ()

    def expected(self) -> str:
        return (
            f"{shown(self.subject)} holds a statement about {self.subject_} signed by {self.signer}"
        )

    def attempt(self, world: World, timeout: float) -> Outcome:
        try:
            ground = Ground(world.root, timeout)
            trusted = self._trusted(ground)
            data = _content(ground, self.subject)
            return self._judge(world, data, trusted, timeout)
        except FileNotFoundError as problem:
            return conclude([judged(False, self.expected(), f"{problem.filename} does not exist")])
        except Gone as problem:
            return conclude([judged(False, self.expected(), str(problem))])
        except (Unlookable, Unresolvable, Unreachable) as problem:
            return unanswered(self.expected(), str(problem))
        except OSError as problem:
            return unanswered(self.expected(), f"could not look: {problem.strerror}")

    def _trusted(self, ground: Ground) -> dict[str, Trusted]:
        try:
            return keys.held(_content(ground, self.signer), self.signer)
        except FileNotFoundError:
            raise Unlookable(f"{self.signer} does not exist") from None
        except ImportError:
            raise Unresolvable(
                "needs securesystemslib: pip install 'todo_manager[attest]'"
            ) from None
        except ValueError as problem:
            raise Unlookable(f"{self.signer}: {problem}") from None

    def _judge(
        self, world: World, data: bytes, trusted: dict[str, Trusted], timeout: float
    ) -> Outcome:
        """The statement that comes nearest is what is told of."""
        expected = self.expected()
        try:
            candidates, others = _candidates(_envelopes(data), trusted)
        except Malformed as problem:
            return conclude([judged(False, expected, str(problem))])
        if not candidates:
            said = f"signed by {', '.join(others)}" if others else "it holds no statement"
            return conclude([judged(False, expected, said)])
        told = [self._of(world, each, timeout) for each in candidates]
        best = min(told, key=lambda each: sum(j.verdict != Verdict.PASSED for j in each))
        return conclude(best, facts={"statements": len(candidates)})

    def _of(self, world: World, found: _Candidate, timeout: float) -> list[Judgement]:
        type_ = str(found.tree.get("predicateType"))
        assert self.subject_ is not None
        so, digest = is_about(world, self.host, self.subject_, found.tree["subject"], timeout)
        actual = digest if so else f"it is {digest}, and the statement is about another"
        judgements = [judged(so, f"a signed statement is about {self.subject_}", actual)]
        if self.predicate_type:
            expected = f"its type is {self.predicate_type}"
            judgements.append(judged(type_ == self.predicate_type, expected, f"it is {type_}"))
        if self.max_age is not None:
            judgements.append(_judge_age(found.time(), self.max_age))
        return judgements


def _content(ground: Ground, path: str) -> bytes:
    seen = ground.look(path, content=True)
    if len(seen.data) < seen.size:
        raise Unlookable(f"{shown(path)} is larger than is read")
    return seen.data


def _envelopes(data: bytes) -> list[Envelope]:
    """One envelope, or one a line; raises Malformed."""
    try:
        return [envelope.read(data)]
    except Malformed:
        lines = [line for line in data.split(b"\n") if line.strip()]
        return [envelope.read(line) for line in lines]


def _candidates(
    found: Sequence[Envelope], trusted: dict[str, Trusted]
) -> tuple[list[_Candidate], list[str]]:
    """The statements that the signer has signed, and who signed the others; raises Malformed."""
    candidates, others = [], []
    for each in found:
        trust, by = envelope.judge(each, trusted)
        if trust == Trust.BROKEN:
            raise Malformed(f"the signature by {', '.join(by)} does not verify")
        if trust != Trust.TRUSTED:
            others += [f"the key {name[:16]}" for name in by] or ["nobody"]
        elif each.payload_type == envelope.PAYLOAD_TYPE:
            candidates.append(_Candidate(tree=envelope.statement_of(each)))
    return candidates, others


def _judge_age(time: datetime | None, most: float) -> Judgement:
    expected = f"it is at most {most:g} s old"
    if time is None:
        return Judgement(Verdict.ERROR, expected, "it does not say when it was made")
    age = (datetime.now(UTC) - time).total_seconds()
    if age < -CLOCK_SLACK:
        return judged(False, expected, f"it is of {time.isoformat()}, which is to come")
    return judged(age <= most, expected, f"it is of {time.isoformat()}")
