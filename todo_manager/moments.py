"""Moments as terms have them: UTC, to the second, `2026-12-01T00:00:00Z`. As texts they sort as in time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from todo_manager.canonical import Scalar
from todo_manager.checks.fields import Wrong, duration

FORM = "%Y-%m-%dT%H:%M:%SZ"
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def term(seconds: float, start: str = "") -> str:
    """The moment so many seconds after `start`, a moment as the ledger has it, or after this one."""
    begin = datetime.fromisoformat(start) if start else datetime.now(UTC)
    try:
        return (begin + timedelta(seconds=seconds)).strftime(FORM)
    except OverflowError:
        return _LAST.strftime(FORM)


def is_moment(text: str) -> bool:
    """Whether a text is a moment of this form."""
    return _MOMENT.fullmatch(text) is not None


def until(text: str, start: str) -> str:
    """The moment a person means: `30d` after `start`, the begin of a day, or a moment in UTC.

    Raises Wrong for anything else.
    """
    if re.fullmatch(r"[0-9.]+(ms|s|m|h|d)", text):
        return term(duration(Scalar(text, plain=True)), start)
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return datetime.fromisoformat(text).strftime(FORM)
        if is_moment(text):
            return datetime.fromisoformat(text).strftime(FORM)
    except ValueError:
        pass
    raise Wrong(f"expected 30d, 2026-12-01 or 2026-12-01T12:00:00Z (UTC), not {text!r}")
