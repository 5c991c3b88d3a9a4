"""What only a person may say, and how it stands in the ledger.

Every person verb has its statement confirmed by `actors.confirmed` and recorded here, so there is one place
that knows how a person is told from a program, and one form in which their word is kept.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
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
    db: sqlite3.Connection, project: Project, event: str, said: Said, data: dict[str, Any]
) -> Recorded:
    """Append what was said to the ledger, inside the caller's transaction."""
    spoken = said.statement
    return ledger.append(db, event, said.actor, plan=spoken.plan, key=spoken.key, data=data)


def same(one: str, other: str) -> bool:
    """Whether two names are spellings of one person: case, blanks and forms of Unicode aside.

    Of `Ann <ann@example.org>` the address counts. Other names of one person are not known here.
    """
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    address = re.search(r"<([^<>]+@[^<>]+)>\s*$", name)
    text = unicodedata.normalize("NFKC", address[1] if address else name).casefold()
    return "".join(
        char
        for char in unicodedata.normalize("NFKC", text)
        if not char.isspace() and unicodedata.category(char) not in ("Cc", "Cf", "Mn")
    )
