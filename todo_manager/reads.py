"""The fast read path: plain sqlite3, rows to dicts, standard library alone.

`list`, `show` and `next` use it, and so does every screen. It opens the store for reading only and
takes no lock. What it says of a mark it has compared with the ledger event that set it.

Most of a read is Python starting and importing, so what only errors need (`read_problems.py`) or only
one plan (`read_plan.py`, `read_files.py`) is not in here.
"""

from __future__ import annotations

import os
import sqlite3

from todo_manager import states
from todo_manager.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing costs a read more than all of this module
    from collections.abc import Sequence
    from typing import Any

STORE = ".todo_manager"
VERSION = 6
"""The store that these queries fit: `store.VERSION`."""
PAGE = 50
_FEW = 10_000
_BEHIND = 60
"""Seconds by which a clock may be behind the newest event without doubts about it."""

STATE_COLUMNS = (
    "plan", "idx", "key", "title", "needs", "required", "digest", "lock", "mark", "mark_seq",
    "mark_digest", "mark_inputs", "mark_rests", "last_verdict", "last_digest",
)  # fmt: skip
"""Of a phase: what names it, and what `states.derive` takes."""


_MARK_JOIN = (
    "LEFT JOIN ledger AS l ON l.seq = p.mark_seq AND l.hash = p.mark_hash"
    " AND l.plan = p.plan AND l.key = p.key"
    " AND l.event IN ('done', 'attested', 'regressed', 'renewed', 'moved', 'reopened')"
    " AND l.seq = (SELECT max(m.seq) FROM ledger AS m WHERE m.plan = p.plan AND m.key = p.key"
    " AND m.event IN ('done', 'attested', 'regressed', 'renewed', 'moved', 'reopened'))"
    " AND l.seq > coalesce((SELECT max(a.seq) FROM ledger AS a"
    " WHERE a.plan = '' AND a.key = '' AND a.event = 'acknowledged'), 0)"
)

_LAST_CHARACTER = "\U0010ffff"
DOUBTFUL = _LAST_CHARACTER
"""What `seen` says of a time it does not know."""


def find_root(start: str) -> str:
    """The project at or above a folder; EnvironmentProblem (store_missing) when there is none."""
    folder = first = os.path.abspath(start)
    while not os.path.isdir(os.path.join(folder, STORE)):
        above = os.path.dirname(folder)
        if above == folder:
            from todo_manager import read_problems

            raise read_problems.no_store(first, STORE)
        folder = above
    return folder


def open_store(root: str) -> sqlite3.Connection:
    """The store, for reading only; EnvironmentProblem when it is missing or cannot be read.

    A store of a newer version is read as far as it can be.
    """
    path = os.path.join(root, STORE, "store.db")
    if not os.path.exists(path):
        from todo_manager import read_problems

        raise read_problems.no_file(os.path.dirname(path))
    try:
        return _connect(path)
    except sqlite3.Error as error:
        from todo_manager import read_problems

        raise read_problems.unreadable(path, error) from None


def open_snapshot(root: str) -> sqlite3.Connection:
    """As `open_store`, and everything read from it is as of one moment."""
    db = open_store(root)
    db.execute("BEGIN")
    return db


def refuse_pipes(path: str) -> None:
    """EnvironmentProblem where a store's file is a pipe or a device: SQLite would wait for it for ever."""
    import stat

    for file in (path, f"{path}-wal", f"{path}-shm", f"{path}-journal"):
        try:
            mode = os.stat(file).st_mode
        except OSError:
            continue
        if not stat.S_ISREG(mode):
            from todo_manager import read_problems

            raise read_problems.no_regular_file(file)


def _connect(path: str) -> sqlite3.Connection:
    refuse_pipes(path)
    uri = uri_of(path)
    try:
        return _opened(uri, path)
    except sqlite3.OperationalError:
        # A reader that may not write the folder cannot make WAL's shared memory. With no WAL file
        # the database file alone is complete, and can be read as it stands.
        if os.path.exists(path + "-wal") or os.access(os.path.dirname(path), os.W_OK):
            raise
        return _opened(f"{uri}&immutable=1", path)


def uri_of(path: str) -> str:
    """How SQLite is told to open a file for reading only, whatever its name holds."""
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{quoted}?mode=ro"


def _opened(uri: str, path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=30)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            from todo_manager import read_problems

            raise read_problems.not_a_store(path)
        if version < VERSION:
            from todo_manager import read_problems

            read_problems.bring_up_to_date(path, version)
    except BaseException:
        connection.close()
        raise
    connection.row_factory = sqlite3.Row
    return connection


def plan_id(db: sqlite3.Connection, wanted: str) -> str:
    """The plan an id or an unambiguous prefix means; UsageProblem with a suggestion otherwise."""
    if db.execute("SELECT 1 FROM plans WHERE id = ?", (wanted,)).fetchone():
        return wanted
    rows = db.execute(
        "SELECT id FROM plans WHERE id >= ? AND id < ? ORDER BY id LIMIT 6",
        (wanted, wanted + _LAST_CHARACTER),
    )
    found = [row["id"] for row in rows] if wanted else []
    if len(found) == 1:
        return str(found[0])
    from todo_manager import read_problems

    if found:
        raise read_problems.ambiguous(wanted, found)
    raise read_problems.unknown_plan(db, wanted)


def list_plans(
    db: sqlite3.Connection, root: str, *, everything: bool = False, after: str = ""
) -> dict[str, Any]:
    """The newest open plans, at most 50 (`everything`: all, closed ones too), after a plan's id.

    Returns `{plans: [{id, title, status, done, total, next}], more, signers}`. States are those the
    store knows; `show` also looks at the files of its one plan, and verifies what persons signed.
    `signers` says that the signers file is not the pinned one, so that nothing counts; null when it is.
    """
    below = "1"
    if after:
        row = db.execute("SELECT seq FROM plans WHERE id = ?", (plan_id(db, after),)).fetchone()
        below = f"seq < {row['seq']}"
    columns, moment = "SELECT seq, id, title, archived FROM plans", seen(db)
    if everything:
        query = f"{columns} WHERE {below} ORDER BY seq DESC"
    else:
        # Each half has an index of its own; together they are sorted, for they are few.
        query = (
            f"SELECT * FROM ({columns} WHERE closed = 0 AND {below} ORDER BY seq DESC LIMIT {PAGE})"
            f" UNION ALL {columns} WHERE {_ran_out(moment)} AND {below}"
            f" ORDER BY seq DESC LIMIT {PAGE}"
        )
    rows = db.execute(query).fetchall()
    more = 0
    if not everything and len(rows) == PAGE:
        more = _more(db, rows[-1]["seq"], moment, first=not after)
    plans: list[dict[str, Any]] = []
    for first in range(0, len(rows), PAGE):
        plans += summaries(db, root, rows[first : first + PAGE])
    return {"plans": plans, "more": more, "signers": signers_problem(db, root)}


def seen(db: sqlite3.Connection) -> str:
    """The time, to the second, in UTC, by which closed plans are looked at again: proofs run out.

    It is never before the newest event. Where the clock is far behind that, it is DOUBTFUL, which is
    after every term: all of them are looked at.
    """
    import time

    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + _BEHIND))
    newest = str(states.clock(db).newest)
    return max(now, newest) if newest <= ago else DOUBTFUL


def _ran_out(moment: str) -> str:
    """The condition for plans that were closed and rest on something that has run out by then."""
    return f"closed = 1 AND closed_until <= '{moment}'"


def open_condition(db: sqlite3.Connection) -> str:
    """The condition for plans (as `p`) that have something left to do, as far as the store knows."""
    return f"(p.closed = 0 OR coalesce(p.closed_until <= '{seen(db)}', 0))"


def _more(db: sqlite3.Connection, seq: int, moment: str, *, first: bool) -> int:
    """How many open plans come after a full page that ends with this one.

    After the first page: all but the page and the closed ones. SQLite counts a whole table without
    going through it, so while few plans are closed, this takes no longer however many are open.
    """
    if first:
        some = "SELECT count(*) FROM (SELECT 1 FROM plans WHERE closed = 1 LIMIT ?)"
        closed = _number(db, some, _FEW)
        if closed < _FEW:
            closed -= _number(db, f"SELECT count(*) FROM plans WHERE {_ran_out(moment)}")
            return _number(db, "SELECT count(*) FROM plans") - closed - PAGE
    return sum(
        _number(db, f"SELECT count(*) FROM plans WHERE {condition} AND seq < ?", seq)
        for condition in ("closed = 0", _ran_out(moment))
    )


def _number(db: sqlite3.Connection, query: str, *values: int) -> int:
    return int(db.execute(query, values).fetchone()[0])


def summaries(db: sqlite3.Connection, root: str, rows: list[sqlite3.Row]) -> list[dict[str, Any]]:
    """What `list` says of plans, by their rows (seq, id, title, archived); at most a page at once."""
    ids = [row["id"] for row in rows]
    phases, bound = phases_of(db, ids), bound_inputs(db, ids)
    why = unbelieved(db, root, phases)
    return [
        _summary(row, phases[row["id"]], bound[row["id"]], why.get(row["id"], "")) for row in rows
    ]


def _summary(
    row: sqlite3.Row, phases: list[dict[str, Any]], bound: dict[str, str], unaccepted: str
) -> dict[str, Any]:
    changed = {phase["idx"]: unaccepted for phase in phases} if unaccepted else {}
    standings = states.derive(phases, bound, changed=changed)
    done = count_done(standings)
    return {
        "id": row["id"],
        "title": row["title"] or "",
        "status": status(row, done, len(phases)),
        "done": done,
        "total": len(phases),
        "next": None if row["archived"] else next_of(phases, standings),
    }


def count_done(standings: list[states.Standing]) -> int:
    return sum(standing.state in states.SATISFIED for standing in standings)


def status(row: sqlite3.Row, done: int, total: int) -> str:
    if row["archived"]:
        return "archived"
    return "done" if done == total and total else "open"


def next_of(
    phases: list[dict[str, Any]], standings: list[states.Standing]
) -> dict[str, Any] | None:
    for phase, standing in zip(phases, standings):
        if standing.state not in states.SATISFIED:
            return {
                "phase": phase["idx"],
                "key": phase["key"],
                "title": phase["title"],
                "state": standing.state,
                "reason": standing.reason,
            }
    return None


def persons_sign(db: sqlite3.Connection) -> bool:
    """Whether signers were ever pinned; most projects have none, and pay for nothing below."""
    pin = "SELECT 1 FROM ledger WHERE plan = '' AND key = '' AND event = 'signers' LIMIT 1"
    return db.execute(pin).fetchone() is not None


def signers_problem(db: sqlite3.Connection, root: str) -> str | None:
    """That the signers file on disk is not the one that is pinned; None when it is, or none is."""
    if not persons_sign(db):
        return None
    from todo_manager import unaccepted

    return unaccepted.other_signers(db, root) or None


def unbelieved(
    db: sqlite3.Connection, root: str, phases: dict[str, list[dict[str, Any]]]
) -> dict[str, str]:
    """Plans (of these, with their phases) that nobody has accepted who counts, and why; {} without signers.

    Marks that nobody who counts has vouched for say so, as `mark_void`. No signature is verified.
    """
    if not persons_sign(db):
        return {}
    from todo_manager import unaccepted

    void = unaccepted.void_marks(db, list(phases))
    for plan, key in void:
        for phase in phases[plan]:
            if phase["key"] == key:
                phase["mark_void"] = void[plan, key]
    return unaccepted.reasons(db, list(phases), root)


def phases_of(
    db: sqlite3.Connection, plans: Sequence[str], columns: Sequence[str] = STATE_COLUMNS
) -> dict[str, list[dict[str, Any]]]:
    """Phases by plan, in order; IntegrityProblem for a mark without its event in the ledger."""
    cursor = db.cursor()
    cursor.row_factory = None  # a tuple is made into a dict much faster than a Row
    cursor.execute(
        f"SELECT l.event, p.{', p.'.join(columns)} FROM phases AS p {_MARK_JOIN}"
        f" WHERE p.plan IN ({_marks(plans)}) ORDER BY p.plan, p.idx",
        plans,
    )
    found: dict[str, list[dict[str, Any]]] = {plan: [] for plan in plans}
    clock = None
    for event, *values in cursor:
        phase = dict(zip(columns, values))
        if phase["mark"] != "open" and phase["mark"] != ("done" if event == "renewed" else event):
            from todo_manager import read_problems

            raise read_problems.unfounded_mark(phase["plan"], phase["idx"], phase["mark"])
        try:
            phase["needs"] = loads(phase["needs"])
            phase["mark_inputs"], phase["mark_rests"] = states.of_columns(
                phase["mark_inputs"], phase["mark_rests"]
            )
        except (ValueError, TypeError):
            from todo_manager import proof

            raise proof.broken(f"the row of {phase['plan']} {phase['idx']} is damaged") from None
        if phase["mark_rests"].get("until"):
            clock = clock or states.clock(db)
            phase["mark_void"] = states.void(clock, phase["mark_seq"], phase["mark_rests"])
        found[phase["plan"]].append(phase)
    return found


def bound_inputs(db: sqlite3.Connection, plans: Sequence[str]) -> dict[str, dict[str, str]]:
    """Bound inputs by plan."""
    found: dict[str, dict[str, str]] = {plan: {} for plan in plans}
    query = f"SELECT plan, name, value FROM inputs WHERE plan IN ({_marks(plans)})"
    for plan, name, value in db.execute(query, plans):
        found[plan][name] = value
    return found


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
