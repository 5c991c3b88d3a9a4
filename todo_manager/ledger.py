"""The append-only, hash-chained ledger and its head outside the store.

Each event is one canonical JSON text, `body`; its hash is the sha256 of that text, and the body names
the hash before it. `.todo_manager/HEAD` holds the newest sequence number and hash; it is written after
the commit, by atomic rename, never to a lower number. So a HEAD behind the ledger is a crash and is
brought up, while a ledger behind HEAD, or another hash at HEAD's number, is a break.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from todo_manager.canonical import digest
from todo_manager.crashpoints import point
from todo_manager.project import STORE
from todo_manager.proof import (
    ACCEPTING,
    BROKEN,
    MARKING,
    bind,
    broken,
    checked,
    event_at,
    last_of,
    mark_of,
    no_gaps,
)
from todo_manager.store import os_trouble

__all__ = [
    "ACCEPTING",
    "BROKEN",
    "MARKING",
    "bind",
    "broken",
    "checked",
    "event_at",
    "last_of",
    "mark_of",
]

GENESIS = "0" * 64


class Actor(NamedTuple):
    """Who does something, and whether that is `signed` or only `asserted`."""

    name: str
    how: str = "asserted"


class Recorded(NamedTuple):
    """Where an event stands in the ledger."""

    seq: int
    hash: str


def now() -> str:
    """The time as it is stored: UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def append(
    db: sqlite3.Connection,
    event: str,
    actor: Actor,
    *,
    plan: str = "",
    key: str = "",
    data: dict[str, Any] | None = None,
    after: int = 0,
    seal: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Recorded:
    """Append an event inside the caller's transaction.

    Its number is higher than `after`, too. `seal` is given the whole event as it will be read back, and
    says what is added to its data.
    """
    last = db.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    seq, before = (last["seq"] + 1, last["hash"]) if last else (1, GENESIS)
    seq = max(seq, after + 1)
    content = {
        "seq": seq,
        "prev": before,
        "at": now(),
        "event": event,
        "plan": plan,
        "key": key,
        "actor": actor.name,
        "how": actor.how,
        "data": data or {},
    }
    if seal is not None:
        content["data"] = (data or {}) | seal(json.loads(json.dumps(content)))
    body = json.dumps(content, sort_keys=True, separators=(",", ":"))
    recorded = Recorded(seq, digest(body))
    db.execute(
        "INSERT INTO ledger (seq, hash, at, event, plan, key, actor, body) VALUES (?,?,?,?,?,?,?,?)",
        (seq, recorded.hash, content["at"], event, plan, key, actor.name, body),
    )
    point("ledger-appended")
    return recorded


def output(db: sqlite3.Connection, sha256: str) -> bytes:
    """What a program wrote, as it was kept; IntegrityProblem when it is missing or was altered."""
    row = db.execute("SELECT data FROM outputs WHERE sha256 = ?", (sha256,)).fetchone()
    if row is None:
        raise broken(f"the output {sha256[:12]} it names is not in the store")
    try:
        data = zlib.decompress(row["data"])
    except (zlib.error, TypeError):
        data = b""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise broken(f"the output {sha256[:12]} was altered")
    return data


def read_head(root: Path) -> Recorded:
    """What HEAD says; IntegrityProblem when it is missing or not readable as a head."""
    try:
        words = (root / STORE / "HEAD").read_text(encoding="ascii").split()
        return Recorded(int(words[0]), words[1])
    except FileNotFoundError:
        raise broken("the file HEAD is missing") from None
    except (ValueError, IndexError):
        raise broken("the file HEAD is not a head") from None
    except OSError as error:
        raise os_trouble(error, root) from None


def verify_head(db: sqlite3.Connection, root: Path) -> None:
    """Compare HEAD with the ledger; bring a HEAD up that a crash left behind.

    HEAD is read first: it only ever advances after a commit, so the ledger read after it can not
    rightly be behind it. An event missing in the middle is found here too.
    """
    head = read_head(root)
    if head.seq > 0:
        row = db.execute("SELECT hash FROM ledger WHERE seq = ?", (head.seq,)).fetchone()
        if row is None:
            raise broken(f"it ends before event {head.seq}, which HEAD has seen")
        if row["hash"] != head.hash:
            raise broken(f"event {head.seq} is not the one HEAD has seen")
    elif head.hash != GENESIS:
        raise broken("the file HEAD is not a head")
    before = head.hash
    rows = db.execute("SELECT * FROM ledger WHERE seq > ? ORDER BY seq", (head.seq,)).fetchall()
    for row in rows:
        if checked(row)["prev"] != before:
            raise broken(f"event {row['seq']} does not follow the one before it")
        before = row["hash"]
    no_gaps(db)
    if rows:
        bring_up_head(root, Recorded(rows[-1]["seq"], rows[-1]["hash"]))


def bring_up_head(root: Path, head: Recorded) -> None:
    """Advance HEAD to an event that has been committed; a lower number is ignored.

    What is committed stands: a HEAD that cannot follow (no room, no right to write) changes nothing
    about it and is brought up by the next call that can.
    """
    with contextlib.suppress(OSError):
        _advance_head(root, head)


def _advance_head(root: Path, head: Recorded) -> None:
    folder = root / STORE
    with _head_lock(folder):
        if read_head(root).seq >= head.seq:
            return
        temporary = folder / "HEAD.new"
        with open(temporary, "w", encoding="ascii") as file:
            file.write(f"{head.seq} {head.hash}\n")
            file.flush()
            os.fsync(file.fileno())
        point("head-temporary")
        os.replace(temporary, folder / "HEAD")
    point("head-written")


@contextlib.contextmanager
def _head_lock(folder: Path) -> Iterator[None]:
    with open(folder / "HEAD.lock", "a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
