"""Rollbacks that the ledger has seen: which image was taken back to which, where, and how long it took."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager import proof, reads


class Drill(Struct, frozen=True, kw_only=True):
    """A rollback that was performed, and proven serving."""

    seq: int
    """Its event."""
    at: str
    seconds: float
    """From the start to the moment the image that was gone back to was proven."""


def last_drill(
    root: Path, engine: str, container: str, current: str, previous: str
) -> Drill | None:
    """The newest rollback of a container of an engine from one image to another; None for none.

    Raises TodoError where the store cannot be read, or an event is not what was recorded.
    """
    wanted = {"engine": engine, "container": container, "from": current, "image": previous}
    with contextlib.closing(reads.open_store(str(root))) as db:
        rows = db.execute(
            "SELECT * FROM ledger WHERE event = 'ran' AND body LIKE ? AND seq > ? ORDER BY seq DESC",
            (f"%{current}%", proof.base(db)),
        )
        for row in rows:
            event = proof.checked(row)
            for step in event["data"].get("steps", ()):
                if _is(step, wanted):
                    seconds = float(step["facts"]["seconds"])
                    return Drill(seq=int(event["seq"]), at=str(event["at"]), seconds=seconds)
    return None


def _is(step: dict[str, Any], wanted: dict[str, str]) -> bool:
    """Whether a step is a rollback that really went from the one image to the other."""
    facts = step.get("facts") or {}
    performed = (step.get("kind"), step.get("verdict"), facts.get("already"))
    return performed == ("rollback", "passed", False) and all(
        facts.get(name) == value for name, value in wanted.items()
    )
