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
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Any, NamedTuple

from todo_manager import states
from todo_manager.canonical import digest
from todo_manager.crashpoints import point
from todo_manager.errors import IntegrityProblem
from todo_manager.project import STORE
from todo_manager.proof import (
    ACCEPTING,
    BROKEN,
    MARKING,
    base,
    bind,
    broken,
    checked,
    event_at,
    last_of,
    mark_of,
    no_gaps,
    read_small,
)
from todo_manager.store import open_own, os_trouble

__all__ = [
    "ACCEPTING",
    "BROKEN",
    "MARKING",
    "base",
    "bind",
    "broken",
    "checked",
    "event_at",
    "last_of",
    "mark_of",
]

GENESIS = "0" * 64
CLOCK_SLACK = 300.0
"""Seconds by which a clock may be behind the newest event before that is an event of its own."""


class Actor(NamedTuple):
    """Who does something, and whether that is `signed` or only `asserted`."""

    name: str
    how: str = "asserted"
    key: str = ""
    """The file of the SSH key with which they would sign; never stored."""


class Recorded(NamedTuple):
    """Where an event stands in the ledger."""

    seq: int
    hash: str


def now() -> str:
    """The time as it is stored: UTC, to the millisecond."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """A moment as it is stored."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def note_clock(db: sqlite3.Connection, actor: Actor) -> str:
    """The time, as an event that is appended next will carry it, inside the caller's transaction.

    The ledger's time never runs backwards unseen. Where the clock is a little behind the newest event,
    that event's time stands. Where it is further behind, an event of its own says so: whatever was given
    a term before is void from then on (`states.void`), for nobody knows how long ago that was.
    """
    at = now()
    row = db.execute("SELECT at FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    if row is None or at >= row["at"]:
        return at
    if _seconds_between(at, row["at"]) <= CLOCK_SLACK:
        return str(row["at"])
    _write(db, states.CLOCK, actor, "", "", {"was": row["at"], "is": at}, at)
    db.execute("UPDATE plans SET closed = 0 WHERE closed_until IS NOT NULL")
    return at


def _seconds_between(first: str, last: str) -> float:
    """Seconds from one stored moment to another; infinite where one cannot be read."""
    try:
        return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
    except ValueError:
        return float("inf")


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
    at = note_clock(db, actor)
    return _write(db, event, actor, plan, key, data or {}, at, after, seal)


def _write(
    db: sqlite3.Connection,
    event: str,
    actor: Actor,
    plan: str,
    key: str,
    data: dict[str, Any],
    at: str,
    after: int = 0,
    seal: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Recorded:
    last = db.execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    seq, before = (last["seq"] + 1, last["hash"]) if last else (1, GENESIS)
    seq = max(seq, after + 1)
    content = {
        "seq": seq,
        "prev": before,
        "at": at,
        "event": event,
        "plan": plan,
        "key": key,
        "actor": actor.name,
        "how": actor.how,
        "data": data,
    }
    if seal is not None:
        content["data"] = data | seal(json.loads(json.dumps(content)))
    body = json.dumps(content, sort_keys=True, separators=(",", ":"))
    recorded = Recorded(seq, digest(body))
    db.execute(
        "INSERT INTO ledger (seq, hash, at, event, plan, key, actor, body) VALUES (?,?,?,?,?,?,?,?)",
        (seq, recorded.hash, at, event, plan, key, actor.name, body),
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
        words = read_small(str(root / STORE / "HEAD")).decode("ascii").split()
        return Recorded(int(words[0]), words[1])
    except FileNotFoundError:
        raise broken("the file HEAD is missing") from None
    except (ValueError, IndexError):
        raise broken("the file HEAD is not a head") from None
    except OSError as error:
        raise os_trouble(error, root) from None


def verify_head(db: sqlite3.Connection, root: Path, *, deciding: bool = False) -> None:
    """Compare HEAD with the ledger; bring a HEAD up that a crash left behind.

    Who is `deciding` may not go on with a HEAD that cannot be brought up: what is not in it could be cut
    off later without anybody noticing. Raises EnvironmentProblem then.

    HEAD is read first: it only ever advances after a commit, so the ledger read after it can not
    rightly be behind it. An event missing in the middle is found here too.
    """
    try:
        head = read_head(root)
        _hold(db, head)
    except IntegrityProblem:
        if not _resumed(db, root):
            raise
        head = read_head(root)
    before = head.hash
    rows = db.execute("SELECT * FROM ledger WHERE seq > ? ORDER BY seq", (head.seq,)).fetchall()
    for row in rows:
        if checked(row)["prev"] != before:
            raise broken(f"event {row['seq']} does not follow the one before it")
        before = row["hash"]
    no_gaps(db)
    if rows:
        bring_up_head(root, Recorded(rows[-1]["seq"], rows[-1]["hash"]), demanded=deciding)


def _hold(db: sqlite3.Connection, head: Recorded) -> None:
    """The ledger holds the event that HEAD has seen."""
    if head.seq > 0:
        row = db.execute("SELECT hash FROM ledger WHERE seq = ?", (head.seq,)).fetchone()
        if row is None:
            raise broken(f"it ends before event {head.seq}, which HEAD has seen")
        if row["hash"] != head.hash:
            raise broken(f"event {head.seq} is not the one HEAD has seen")
    elif head.hash != GENESIS:
        raise broken("the file HEAD is not a head")


def _resumed(db: sqlite3.Connection, root: Path) -> bool:
    """Write HEAD anew where a crash came between an acknowledged break and that; whether it did.

    It did where the newest event is the acknowledging one, and names just the HEAD that is there.
    """
    row = db.execute("SELECT * FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
    if row is None or row["seq"] != base(db):
        return False
    if checked(row)["data"].get("head", "") != seen_head(root):
        return False
    new_head(root, Recorded(row["seq"], row["hash"]))
    return True


def seen_head(root: Path) -> list[Any] | None:
    """HEAD as an acknowledging event names it; None when it is missing or no head."""
    try:
        return list(read_head(root))
    except IntegrityProblem:
        return None


def verify_chain(db: sqlite3.Connection) -> None:
    """Every event since the newest acknowledged break has its hash and follows the one before it.

    What is written goes on from a ledger that verifies as a whole, not only at its end.
    """
    before = GENESIS
    start = base(db)
    for row in db.execute("SELECT * FROM ledger WHERE seq >= ? ORDER BY seq", (start,)):
        # The acknowledging event follows what is broken; its hash is its own.
        if not _follows(row, before) and checked(row)["prev"] != before and row["seq"] != start:
            raise broken(f"event {row['seq']} does not follow the one before it")
        before = row["hash"]


def _follows(row: sqlite3.Row, before: str) -> bool:
    """Whether an event is just as `append` writes one after `before`, without parsing it.

    Parsing a ledger of ten thousand events takes seconds, hashing it less than a tenth of one.
    """
    body, text = row["body"], encode_basestring_ascii
    try:
        begin = f'{{"actor":{text(row["actor"])},"at":{text(row["at"])},"data":{{'
        end = f',"key":{text(row["key"])},"plan":{text(row["plan"])},"prev":"{before}","seq":{row["seq"]}}}'
        event = f',"event":{text(row["event"])},"how":'
        if not (body.startswith(begin) and body.endswith(end) and digest(body) == row["hash"]):
            return False
    except (TypeError, AttributeError):
        return False
    # Quotes within texts are escaped, and keys of `data` stand before: the last such key is the event's.
    rest = body.removesuffix(end)
    return bool(rest.startswith(event, rest.rfind(',"event":')))


def bring_up_head(root: Path, head: Recorded, *, demanded: bool = False) -> None:
    """Advance HEAD to an event that has been committed; a lower number is ignored.

    What is committed stands: a HEAD that cannot follow (no room, no right to write) changes nothing
    about it and is brought up by the next call that can. Raises EnvironmentProblem where that is
    `demanded` and cannot be done.
    """
    try:
        _advance_head(root, head)
    except OSError as error:
        if demanded:
            raise os_trouble(error, root) from None


def _advance_head(root: Path, head: Recorded) -> None:
    with _head_lock(root / STORE):
        if read_head(root).seq >= head.seq:
            return
        _write_head(root / STORE, head)
    point("head-written")


def new_head(root: Path, head: Recorded) -> None:
    """Write HEAD whatever it says: a person has acknowledged that it was broken."""
    with _head_lock(root / STORE):
        _write_head(root / STORE, head)
    point("head-written")


def _write_head(folder: Path, head: Recorded) -> None:
    temporary = folder / "HEAD.new"
    with open_own(temporary, os.O_WRONLY | os.O_TRUNC) as file:
        file.write(f"{head.seq} {head.hash}\n")
        file.flush()
        os.fsync(file.fileno())
    point("head-temporary")
    os.replace(temporary, folder / "HEAD")


@contextlib.contextmanager
def _head_lock(folder: Path) -> Iterator[None]:
    with open_own(folder / "HEAD.lock", os.O_WRONLY) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
