"""A bundle as it is read: what trusted keys have signed of phases, and whatever makes it worth nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from todo_manager.attesting import envelope, statement
from todo_manager.attesting.envelope import Envelope, Malformed, Trust
from todo_manager.attesting.keys import Trusted
from todo_manager.errors import IntegrityProblem, Kind, Untrusted, UsageProblem
from todo_manager.shellword import word

LIMIT = 64 * 2**20
"""Bytes of a bundle that is read."""


class Stated(Struct, frozen=True, kw_only=True):
    """A statement about a phase that somebody who is trusted has signed."""

    attested: bool
    ours: dict[str, Any]
    """The extension of the predicate, as `statement` writes it."""
    subjects: tuple[dict[str, Any], ...]
    by: tuple[str, ...]
    """Whose keys signed it."""

    @property
    def at(self) -> str:
        return str(self.ours["at"])

    def commits(self) -> set[str]:
        """The commits it speaks of."""
        digests = (each["digest"] for each in self.subjects)
        return {str(each["gitCommit"]) for each in digests if "gitCommit" in each}


class Bundle(Struct, frozen=True, kw_only=True):
    """A bundle whose signatures were looked at."""

    statements: tuple[Stated, ...]
    untrusted: tuple[str, ...]
    """Who signed the envelopes that nobody trusted signed; `nobody` for unsigned ones."""

    def plans(self) -> list[str]:
        return sorted({str(each.ours["plan"]) for each in self.statements})


def read(path: str, keys: Mapping[str, Trusted]) -> Bundle:
    """Read a bundle and verify its signatures.

    Raises UsageProblem where it cannot be read, IntegrityProblem for bytes or a signature that do not
    verify, Untrusted where nothing in it is signed by a trusted key.
    """
    statements: list[Stated] = []
    untrusted: list[str] = []
    for number, line in _lines(path):
        try:
            found = envelope.read(line)
            trust, by = envelope.judge(found, keys)
            if trust == Trust.BROKEN:
                raise _broken(path, number, f"the signature by {', '.join(by)} does not verify")
            if trust == Trust.TRUSTED:
                statements += _stated(found, by)
            else:
                untrusted += by or ("nobody",)
        except Malformed as problem:
            raise _broken(path, number, str(problem)) from None
    bundle = Bundle(statements=tuple(statements), untrusted=tuple(dict.fromkeys(untrusted)))
    if untrusted and not statements:
        raise _untrusted(path, bundle.untrusted)
    return bundle


def _lines(path: str) -> Iterator[tuple[int, bytes]]:
    try:
        with open(path, "rb") as file:
            data = file.read(LIMIT + 1)
    except OSError as problem:
        raise UsageProblem(f"{path}: {problem.strerror}", hint=f"ls -l {word(path)}") from None
    if len(data) > LIMIT:
        raise UsageProblem(f"{path} is larger than {LIMIT // 2**20} MiB", hint="is it a bundle?")
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line:
            yield number, line


def _broken(path: str, number: int, why: str) -> IntegrityProblem:
    return IntegrityProblem(
        f"{path}:{number}: {why}",
        hint="get the bundle anew from where it was made; what was altered proves nothing",
    )


def _untrusted(path: str, signers: Iterable[str]) -> Untrusted:
    names = [each if each == "nobody" else f"the key {each[:16]}" for each in signers]
    return Untrusted(
        f"{path} is signed by {', '.join(names)}, and by no key you trust",
        kind=Kind.UNTRUSTED_KEY,
        hint="todo_manager status --bundle FILE --keys PUB, where PUB holds the public key of who "
        "made it; todo_manager export PLAN --bundle FILE --key KEY signs",
    )


def _stated(found: Envelope, by: tuple[str, ...]) -> list[Stated]:
    """The statement of ours in an envelope; what is of another kind is none of our business."""
    if found.payload_type != envelope.PAYLOAD_TYPE:
        return []
    tree = envelope.statement_of(found)
    if tree.get("predicateType") not in (statement.TEST_RESULT, statement.ATTESTED):
        return []
    predicate = tree["predicate"]
    if not isinstance(ours := predicate.get(statement.OURS), dict):
        return []
    attested = tree["predicateType"] == statement.ATTESTED
    if not _is_whole(ours):
        raise Malformed("it states nothing of a phase")
    if not attested and not _says_passed(predicate):
        return []
    subjects = tuple(tree["subject"])
    return [Stated(attested=attested, ours=ours, subjects=subjects, by=by)]


def _is_whole(ours: Mapping[str, Any]) -> bool:
    """Whether it has everything that is judged, in the types that are judged."""
    rests = ours.get("rests", {})
    return (
        all(isinstance(ours.get(name), str) for name in ("plan", "key", "gate", "at"))
        and isinstance(ours.get("source", ""), str)
        and isinstance(ours.get("repository", {}), dict)
        and isinstance(rests, dict)
        and all(isinstance(rests.get(name, ""), str) for name in ("from", "until", "why"))
        and isinstance(rests.get("waived", []), list)
    )


def _says_passed(predicate: Mapping[str, Any]) -> bool:
    summary = predicate.get(statement.SUMMARY)
    result = summary.get("verificationResult") if isinstance(summary, dict) else None
    return predicate.get("result") in ("PASSED", "WARNED") and result == "PASSED"
