"""Which phase a run is about, for whoever follows it; standard library only."""

from __future__ import annotations

import json
import sqlite3
from typing import NamedTuple


class Followed(NamedTuple):
    """A phase, or one of its parts, while its checks run."""

    plan: str
    phase: int
    key: str
    title: str
    note: str
    """The IMPORTANT NOTE: read before anything runs."""
    part: int | None
    total: int
    """How many checks its accepted definition has; those on disk may be others."""


def followed(db: sqlite3.Connection, plan: str, phase: int, part: int | None = None) -> Followed:
    """A phase of a plan as it is accepted; without words when it is not there, which the run says."""
    row = db.execute(
        "SELECT key, title, note, checks FROM phases WHERE plan = ? AND idx = ?", (plan, phase)
    ).fetchone()
    found = dict(row) if row else {}
    try:
        parts = [check.get("part") for check in json.loads(found.get("checks") or "[]")]
    except (ValueError, TypeError, AttributeError):
        parts = []  # the row was edited by hand, which the run itself tells
    return Followed(
        plan=plan,
        phase=phase,
        key=found.get("key") or "",
        title=found.get("title") or "",
        note=found.get("note") or "",
        part=part,
        total=sum(part in (None, each) for each in parts),
    )
