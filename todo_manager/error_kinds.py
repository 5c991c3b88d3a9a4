"""What each `error.kind` means to a program that reads it: exit code, meaning, whether a person acts."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from todo_manager.errors import Kind


class Meaning(Struct, frozen=True):
    """One kind of error."""

    exit: int
    text: str
    person: bool = False
    """Whether a person may have to act; `error.person` says it of each answer."""


MEANINGS: dict[Kind, Meaning] = {
    Kind.USAGE: Meaning(2, "the command line makes no sense"),
    Kind.UNKNOWN_PLAN: Meaning(2, "no plan has this id, and none begins with it"),
    Kind.AMBIGUOUS_PLAN: Meaning(2, "several plan ids begin with this"),
    Kind.UNKNOWN_PHASE: Meaning(2, "the plan has no phase of this index"),
    Kind.UNKNOWN_CHECK: Meaning(2, "the phase has no required check of this id"),
    Kind.UNKNOWN_WAIVER: Meaning(2, "no such waiver waits, or several do"),
    Kind.ARCHIVED: Meaning(2, "the plan is put away; `archive --undo` takes it back"),
    Kind.INVALID_DOCUMENT: Meaning(2, "a plan, settings or env file does not load"),
    Kind.INPUT_MISSING: Meaning(2, "an input the phase uses has no value yet"),
    Kind.STORE_MISSING: Meaning(3, "there is no store in this folder or above it"),
    Kind.STORE_UNREADABLE: Meaning(3, "the store is there and cannot be read"),
    Kind.STORE_READ_ONLY: Meaning(3, "the store cannot be written"),
    Kind.STORE_NEWER: Meaning(3, "a newer version of the program made the store"),
    Kind.DISK_FULL: Meaning(3, "the disk is full, or the answer could not be written"),
    Kind.NOT_WRITTEN: Meaning(3, "a file that was asked for could not be written"),
    Kind.NEEDS_NOT_DONE: Meaning(4, "a phase it needs is not done, or is stale or regressed"),
    Kind.CHECK_FAILED: Meaning(1, "a required check looked, and it is not so", person=True),
    Kind.STEP_FAILED: Meaning(1, "a step was executed and did not succeed"),
    Kind.PREFLIGHT_FAILED: Meaning(1, "something that must be there before steps is missing"),
    Kind.NO_CHECKS: Meaning(
        1, "the phase has no required check, so nothing could prove it", person=True
    ),
    Kind.HAS_CHECKS: Meaning(1, "the phase has checks, so nobody may vouch for it"),
    Kind.LINT_FAILED: Meaning(1, "a plan loads and can never be done"),
    Kind.NOT_DONE: Meaning(1, "`status --exit-code`: not every phase is done or attested"),
    Kind.NOT_PROVEN: Meaning(1, "`status --bundle`: the bundle does not prove it of this commit"),
    Kind.CHECK_ERROR: Meaning(5, "a required check could not look; unknown is not passed"),
    Kind.STEP_ERROR: Meaning(5, "a step could not be executed, or nobody knows what came of it"),
    Kind.NOT_RESTORED: Meaning(5, "a deployment failed, and what ran before could not be restored"),
    Kind.SOURCE_CHANGED: Meaning(6, "the plan's file differs from what was accepted", person=True),
    Kind.DEFINITION_CHANGED: Meaning(
        6, "a check, script or pinned file differs from what was accepted", person=True
    ),
    Kind.INPUTS_CHANGED: Meaning(6, "an input is bound to another value than the one claimed"),
    Kind.NOT_ALLOWED: Meaning(
        6, "policy.yaml does not allow the step, or a check not this approver", person=True
    ),
    Kind.SELF_APPROVED: Meaning(
        6, "nobody approves what they wrote, did or asked for, under no spelling", person=True
    ),
    Kind.UNTRUSTED_KEY: Meaning(6, "a bundle is signed by nobody, or by no key you trust"),
    Kind.PERSON_REQUIRED: Meaning(6, "only a person at a terminal may do this", person=True),
    Kind.DECLINED: Meaning(6, "a person was asked and did not say yes", person=True),
    Kind.UNACCEPTED: Meaning(
        6, "signers are pinned, and none of them has accepted the plan", person=True
    ),
    Kind.NOT_SIGNED: Meaning(
        6, "a signature by a key of the signers file is missing; --key names one", person=True
    ),
    Kind.SIGNATURE: Meaning(
        6,
        "a signature cannot be made, is by no key that counts, or was given for something else",
        person=True,
    ),
    Kind.SIGNERS_CHANGED: Meaning(
        6, "signers file or setting are not as they were pinned; `signers --accept`", person=True
    ),
    Kind.BUSY: Meaning(7, "another process holds the phase; --wait waits for it"),
    Kind.CLAIMED: Meaning(7, "another actor is at work on the phase and says so"),
    Kind.INTEGRITY: Meaning(9, "ledger, head, state, output, anchor or signature do not verify"),
    Kind.INTERRUPTED: Meaning(130, "a signal ended it; nothing is half recorded"),
    Kind.INTERNAL: Meaning(5, "a mistake in the program; it says where the report lies"),
}
"""Every kind, in the order of `Kind`; a test walks both."""

EXITS: dict[int, str] = {
    0: "done, or what was asked",
    1: "refused: a required check failed, or there is none; also lint that found an error",
    2: "usage: bad arguments, unknown plan or phase, invalid document, input without a value",
    3: "environment: store missing, unreadable, read-only, newer than the program; disk full",
    4: "order: a phase it needs is not done, or is stale or regressed",
    5: "error: a required check could not be evaluated",
    6: "untrusted: changed since it was accepted, or a person or a signature is missing",
    7: "busy: another process holds this phase (`--wait 60s` waits)",
    9: "integrity: ledger, output, state or signature does not verify",
    130: "interrupted; children ended, nothing half-recorded",
}
"""Exit code → what it means, whatever the verb."""

SHORT: dict[int, str] = {
    0: "done, or told",
    1: "refused",
    2: "usage",
    3: "environment",
    4: "order",
    5: "could not look",
    6: "untrusted",
    7: "busy",
    9: "integrity",
}
"""The same in a word, for the help of a verb; 130 is any verb's."""

_READS = (0, 2, 3, 9)
_EDITS = (0, 2, 3, 6, 9)
BY_VERB: dict[str, tuple[int, ...]] = {
    "new": _EDITS,
    "import": _EDITS,
    "export": (0, 1, 2, 3, 9),
    "add": _EDITS,
    "move": _EDITS,
    "show": _READS,
    "next": (0, 2, 3, 7, 9),
    "verify": (0, 1, 2, 3, 5, 7, 9),
    "done": (0, 1, 2, 3, 4, 5, 6, 7, 9),
    "run": (0, 1, 2, 3, 4, 5, 6, 7, 9),
    "exec": (0, 1, 2, 3, 4, 5, 6, 7, 9),
    "deploy": (0, 1, 2, 3, 4, 5, 6, 7, 9),
    "rollback": (0, 1, 2, 3, 4, 5, 6, 7, 9),
    "preflight": (0, 1, 2, 3, 5, 6, 9),
    "diff": _READS,
    "accept": _EDITS,
    "approve": _EDITS,
    "signers": _EDITS,
    "attest": (0, 1, 2, 3, 4, 6, 7, 9),
    "waive": (0, 2, 3, 6, 9),
    "watch": (0, 1, 2, 3, 5, 9),
    "reopen": _EDITS,
    "claim": (0, 2, 3, 7, 9),
    "release": (0, 2, 3, 7, 9),
    "archive": _READS,
    "set": _READS,
    "log": _READS,
    "audit": (0, 2, 3, 6, 9),
    "status": (0, 1, 2, 3, 6, 9),
    "tree": _READS,
    "report": _READS,
    "tui": (0, 2, 3),
    "demo": (0, 5),
}
"""Verb → the exit codes it ends with, where its own help does not say what each means."""


def of_verb(verb: str) -> str:
    """The exit codes of a verb in one line; empty for a verb that is not known here."""
    codes = BY_VERB.get(verb, ())
    return "exit: " + " · ".join(f"{code} {SHORT[code]}" for code in codes) if codes else ""


def rows() -> list[dict[str, Any]]:
    """The kinds as `schema --errors` gives them."""
    return [
        {"kind": str(kind), "exit": found.exit, "meaning": found.text, "person": found.person}
        for kind, found in MEANINGS.items()
    ]
