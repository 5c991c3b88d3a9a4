"""What only a person may say, and how it stands in the ledger.

Every person verb has its statement confirmed by `actors.confirmed` and recorded here, so there is one place
that knows how a person is told from a program, and one form in which their word is kept.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from msgspec import Struct

from todo_manager import ledger
from todo_manager.ledger import Actor, Recorded
from todo_manager.workspace import Project


class Statement(Struct, frozen=True, kw_only=True):
    """What a person says, bound to exactly the thing it speaks of."""

    verb: str
    plan: str = ""
    key: str = ""
    """The phase; empty where it speaks of the whole plan."""
    digest: str = ""
    """The gate digest, or the digest of the plan, that was shown."""
    says: dict[str, str] = {}
    """What else was shown: reason, check, subject, expiry."""


class Said(Struct, frozen=True, kw_only=True):
    """A statement that a person has confirmed."""

    statement: Statement
    actor: Actor


def record(
    db: sqlite3.Connection,
    project: Project,
    event: str,
    said: Said,
    data: dict[str, Any],
    *,
    after: int = 0,
) -> Recorded:
    """Append what was said to the ledger, inside the caller's transaction; its number is above `after`."""
    spoken = said.statement
    return ledger.append(
        db, event, said.actor, plan=spoken.plan, key=spoken.key, data=data, after=after
    )
