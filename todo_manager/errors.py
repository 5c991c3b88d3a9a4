"""Every way a verb can end without success, as one tree; standard library only.

    TodoError
    ├── UsageProblem        2    bad arguments, unknown plan or phase, input without a value
    │   └── InvalidDocument 2    a plan, settings or queue file that does not load; carries its problems
    ├── EnvironmentProblem  3    the store is missing, unreadable, read-only, newer; the disk is full
    ├── IntegrityProblem    9    ledger, HEAD, state row or output do not verify
    ├── Untrusted           6    something changed since it was accepted, or a person is missing
    ├── OutOfOrder          4    a phase it needs is not done, or is stale or regressed
    ├── Busy                7    another process holds the phase
    ├── Refused             1    a required check failed, or there is none
    ├── Unevaluated         5    a required check could not be evaluated
    └── Interrupted       130    stopped by a signal; nothing was recorded

`cli.py` is the one place that turns an error into an exit code.
"""

from __future__ import annotations

from enum import StrEnum

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing costs a read more than all of this module
    from typing import Any, ClassVar


class Kind(StrEnum):
    """The closed set of `error.kind`; names are only ever added within `todo_manager/1`."""

    USAGE = "usage"
    UNKNOWN_PLAN = "unknown_plan"
    AMBIGUOUS_PLAN = "ambiguous_plan"
    UNKNOWN_PHASE = "unknown_phase"
    UNKNOWN_CHECK = "unknown_check"
    UNKNOWN_WAIVER = "unknown_waiver"
    ARCHIVED = "archived"
    INVALID_DOCUMENT = "invalid_document"
    INPUT_MISSING = "input_missing"
    STORE_MISSING = "store_missing"
    STORE_UNREADABLE = "store_unreadable"
    STORE_READ_ONLY = "store_read_only"
    STORE_NEWER = "store_newer"
    DISK_FULL = "disk_full"
    NOT_WRITTEN = "not_written"
    NEEDS_NOT_DONE = "needs_not_done"
    CHECK_FAILED = "check_failed"
    STEP_FAILED = "step_failed"
    PREFLIGHT_FAILED = "preflight_failed"
    NO_CHECKS = "no_checks"
    HAS_CHECKS = "has_checks"
    LINT_FAILED = "lint_failed"
    NOT_DONE = "not_done"
    NOT_PROVEN = "not_proven"
    CHECK_ERROR = "check_error"
    STEP_ERROR = "step_error"
    NOT_RESTORED = "not_restored"
    SOURCE_CHANGED = "source_changed"
    DEFINITION_CHANGED = "definition_changed"
    INPUTS_CHANGED = "inputs_changed"
    NOT_ALLOWED = "not_allowed"
    SELF_APPROVED = "self_approved"
    UNTRUSTED_KEY = "untrusted_key"
    PERSON_REQUIRED = "person_required"
    DECLINED = "declined"
    UNACCEPTED = "unaccepted"
    NOT_SIGNED = "not_signed"
    SIGNATURE = "signature"
    SIGNERS_CHANGED = "signers_changed"
    BUSY = "busy"
    CLAIMED = "claimed"
    INTEGRITY = "integrity"
    INTERRUPTED = "interrupted"
    INTERNAL = "internal"


class TodoError(Exception):
    """What went wrong, for a person (`message`, `hint`) and for a program (`kind`, `exit`, `data`).

    `hint` is the next command to type. `person` is true where only a person can type it. `data` is
    shown under `data` in JSON: whatever was found out before the refusal.
    """

    exit: ClassVar[int] = 5
    default_kind: ClassVar[Kind] = Kind.INTERNAL

    def __init__(
        self,
        message: str,
        *,
        kind: Kind | None = None,
        hint: str = "",
        person: bool = False,
        data: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind or self.default_kind
        self.hint = hint
        self.person = person
        self.data = data


class UsageProblem(TodoError):
    exit = 2
    default_kind = Kind.USAGE


class InvalidDocument(UsageProblem):
    """A document that does not load: all its problems at once, one a line."""

    default_kind = Kind.INVALID_DOCUMENT

    def __init__(self, problems: list[str], *, hint: str = "") -> None:
        super().__init__("\n".join(problems), hint=hint, data={"problems": problems})
        self.problems = problems


class EnvironmentProblem(TodoError):
    exit = 3
    default_kind = Kind.STORE_UNREADABLE


class IntegrityProblem(TodoError):
    exit = 9
    default_kind = Kind.INTEGRITY


class Untrusted(TodoError):
    exit = 6
    default_kind = Kind.DEFINITION_CHANGED


class OutOfOrder(TodoError):
    exit = 4
    default_kind = Kind.NEEDS_NOT_DONE


class Busy(TodoError):
    exit = 7
    default_kind = Kind.BUSY


class Refused(TodoError):
    exit = 1
    default_kind = Kind.CHECK_FAILED


class Unevaluated(TodoError):
    exit = 5
    default_kind = Kind.CHECK_ERROR


class Interrupted(TodoError):
    exit = 130
    default_kind = Kind.INTERRUPTED


def file_problem(error: Exception) -> str:
    """What went wrong with a file, in words; several problems are several lines."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)
