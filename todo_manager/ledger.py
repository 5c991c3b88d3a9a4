"""The append-only, hash-chained ledger and its head outside the store.

Each event is one canonical JSON text, `body`; its hash is the sha256 of that text, and the body names
the hash before it. `.todo_manager/HEAD` holds the newest sequence number and hash; it is written after
the commit, by atomic rename, never to a lower number. So a HEAD behind the ledger is a crash and is
brought up, while a ledger behind HEAD, or another hash at HEAD's number, is a break.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from todo_manager.canonical import digest
from todo_manager.crashpoints import point
from todo_manager.errors import IntegrityProblem
from todo_manager.project import STORE
from todo_manager.store import os_trouble

GENESIS = "0" * 64
MARKING = ("done", "attested", "regressed", "renewed")
"""Events that set the mark of a phase."""
ACCEPTING = ("imported", "accepted")
"""Events that set the accepted definition of a plan."""


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
) -> Recorded:
    """Append an event inside the caller's transaction."""
    last = db.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    seq, before = (last["seq"] + 1, last["hash"]) if last else (1, GENESIS)
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
    body = json.dumps(content, sort_keys=True, separators=(",", ":"))
    recorded = Recorded(seq, digest(body))
    db.execute(
        "INSERT INTO ledger (seq, hash, at, event, plan, key, actor, body) VALUES (?,?,?,?,?,?,?,?)",
        (seq, recorded.hash, content["at"], event, plan, key, actor.name, body),
    )
    point("ledger-appended")
    return recorded


def event_at(db: sqlite3.Connection, seq: int | None) -> dict[str, Any]:
    """The event with this number, its hash and columns checked; IntegrityProblem when they lie."""
    row = db.execute("SELECT * FROM ledger WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        raise broken(f"event {seq} is not in the ledger")
    return checked(row)


def checked(row: sqlite3.Row) -> dict[str, Any]:
    """A ledger row as an event, after comparing its hash and columns with its body."""
    body: dict[str, Any] = {}
    with contextlib.suppress(ValueError):
        body = json.loads(row["body"])
    if digest(row["body"]) != row["hash"]:
        raise broken(f"event {row['seq']} does not have the hash it carries")
    for column in ("seq", "at", "event", "plan", "key", "actor"):
        if body.get(column) != row[column]:
            raise broken(f"event {row['seq']}: its {column} is not the one that was hashed")
    return body | {"hash": row["hash"]}


def last_of(db: sqlite3.Connection, events: tuple[str, ...], plan: str, key: str) -> int | None:
    """The number of the newest event of these kinds for a plan and phase key."""
    marks = ",".join("?" * len(events))
    row = db.execute(
        f"SELECT max(seq) FROM ledger WHERE plan = ? AND key = ? AND event IN ({marks})",
        (plan, key, *events),
    ).fetchone()
    return row[0] if row else None


def broken(what: str) -> IntegrityProblem:
    return IntegrityProblem(
        f"the ledger does not verify: {what}",
        hint="todo_manager audit, which names the first break; nothing was changed",
    )


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
    rightly be behind it.
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
    if rows and os.access(root / STORE, os.W_OK):
        write_head(root, Recorded(rows[-1]["seq"], rows[-1]["hash"]))


def write_head(root: Path, head: Recorded) -> None:
    """Advance HEAD to an event that has been committed; a lower number is ignored."""
    folder = root / STORE
    try:
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
    except OSError as error:
        raise os_trouble(error, root) from error


@contextlib.contextmanager
def _head_lock(folder: Path) -> Iterator[None]:
    with open(folder / "HEAD.lock", "a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
