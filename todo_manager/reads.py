"""The fast read path: plain sqlite3, rows to dicts, standard library alone.

`list`, `show` and `next` use it, and so does every screen. It opens the store for reading only and
takes no lock. It hashes a file only where a stat differs from the one at acceptance; what it says of a
mark it has compared with the ledger event that set it.
"""

from __future__ import annotations

import os
import sqlite3

from todo_manager import states
from todo_manager.errors import EnvironmentProblem, IntegrityProblem, Kind, UsageProblem

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing costs a read more than all of this module
    from typing import Any

STORE = ".todo_manager"
PAGE = 50
KNOWN_VERSION = 3

_MARK_JOIN = (
    "LEFT JOIN ledger AS l ON l.seq = p.mark_seq AND l.hash = p.mark_hash"
    " AND l.plan = p.plan AND l.key = p.key"
    " AND l.event IN ('done', 'attested', 'regressed', 'renewed')"
)


def find_root(start: str) -> str:
    """The project at or above a folder; EnvironmentProblem (store_missing) when there is none."""
    folder = os.path.abspath(start)
    while True:
        if os.path.isdir(os.path.join(folder, STORE)):
            return folder
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
    raise EnvironmentProblem(
        f"no plan store here: neither {os.path.abspath(start)} nor a folder above it holds {STORE}/",
        kind=Kind.STORE_MISSING,
        hint="todo_manager init, or todo_manager import FILE, which makes one",
    )


def open_store(root: str) -> sqlite3.Connection:
    """The store, for reading only; EnvironmentProblem when it is missing or cannot be read.

    A store of a newer version is read as far as it can be.
    """
    path = os.path.join(root, STORE, "store.db")
    if not os.path.exists(path):
        raise EnvironmentProblem(
            f"{os.path.join(root, STORE)} holds no store.db",
            kind=Kind.STORE_MISSING,
            hint="todo_manager init, to make an empty store",
        )
    try:
        connection = _connect(path)
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            raise EnvironmentProblem(f"{path} is not a store", kind=Kind.STORE_UNREADABLE)
    except sqlite3.Error as error:
        raise _unreadable(path, error) from None
    return connection


def _connect(path: str) -> sqlite3.Connection:
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    try:
        connection = sqlite3.connect(f"file:{quoted}?mode=ro", uri=True, timeout=30)
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        # A reader that may not write the folder cannot make WAL's shared memory. With no WAL file
        # the database file alone is complete, and can be read as it stands.
        if os.path.exists(path + "-wal") or os.access(os.path.dirname(path), os.W_OK):
            raise
        connection = sqlite3.connect(f"file:{quoted}?mode=ro&immutable=1", uri=True)
    connection.row_factory = sqlite3.Row
    return connection


def _unreadable(path: str, error: sqlite3.Error) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"the store {path} cannot be read: {error}",
        kind=Kind.STORE_UNREADABLE,
        hint=f"ls -l {os.path.dirname(path)}",
    )


def plan_id(db: sqlite3.Connection, wanted: str) -> str:
    """The plan an id or an unambiguous prefix means; UsageProblem with a suggestion otherwise."""
    if db.execute("SELECT 1 FROM plans WHERE id = ?", (wanted,)).fetchone():
        return wanted
    found = db.execute(
        "SELECT id FROM plans WHERE substr(id, 1, ?) = ? ORDER BY id LIMIT 6", (len(wanted), wanted)
    ).fetchall()
    if len(found) == 1 and wanted:
        return str(found[0]["id"])
    if len(found) > 1 and wanted:
        names = ", ".join(row["id"] for row in found)
        raise UsageProblem(
            f"{wanted!r} begins several plan ids: {names}",
            kind=Kind.AMBIGUOUS_PLAN,
            hint=f"todo_manager show {found[0]['id']}",
        )
    from todo_manager.problems import did_you_mean

    known = [row["id"] for row in db.execute("SELECT id FROM plans ORDER BY seq DESC LIMIT 1000")]
    raise UsageProblem(
        f"there is no plan {wanted!r}{did_you_mean(wanted, known)}",
        kind=Kind.UNKNOWN_PLAN,
        hint="todo_manager list",
    )


def list_plans(
    db: sqlite3.Connection, *, everything: bool = False, after: str = ""
) -> dict[str, Any]:
    """The newest open plans, at most 50 (`everything`: all, closed ones too), after a plan's id.

    Returns `{plans: [{id, title, status, done, total, next}], more}`. States are those the store
    knows; `show` also looks at the files of its one plan.
    """
    where, values = ["1"] if everything else ["closed = 0"], []
    if after:
        where.append("seq < (SELECT seq FROM plans WHERE id = ?)")
        values.append(plan_id(db, after))
    condition = " AND ".join(where)
    limit = "" if everything else f" LIMIT {PAGE}"
    rows = db.execute(
        f"SELECT seq, id, title, closed FROM plans WHERE {condition} ORDER BY seq DESC{limit}",
        values,
    ).fetchall()
    more = 0
    if not everything and len(rows) == PAGE:
        rest = f"SELECT count(*) FROM plans WHERE {condition} AND seq < ?"
        more = db.execute(rest, (*values, rows[-1]["seq"])).fetchone()[0]
    return {"plans": [_summary(db, row) for row in rows], "more": more}


def _summary(db: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    phases = _phase_rows(db, row["id"])
    standings = states.derive(phases, _bound(db, row["id"]))
    done = [standing.state in states.SATISFIED for standing in standings]
    return {
        "id": row["id"],
        "title": row["title"],
        "status": "done" if all(done) and done else "open",
        "done": sum(done),
        "total": len(phases),
        "next": _next_of(phases, standings),
    }


def _next_of(phases: list[dict[str, Any]], standings: list[Any]) -> dict[str, Any] | None:
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


def show_plan(db: sqlite3.Connection, root: str, wanted: str) -> dict[str, Any]:
    """Everything about one plan, with its files looked at: `{plan: {…, phases: […]}}`."""
    id_ = plan_id(db, wanted)
    row = db.execute("SELECT * FROM plans WHERE id = ?", (id_,)).fetchone()
    phases = _phase_rows(db, id_, full=True)
    source, changed = _files(db, root, id_)
    standings = states.derive(
        phases, _bound(db, id_), running=_running(root, phases), changed=changed
    )
    done = [standing.state in states.SATISFIED for standing in standings]
    return {
        "plan": {
            "id": id_,
            "title": row["title"],
            "description": row["description"],
            "status": "done" if all(done) and done else "open",
            "created": row["created"],
            "updated": row["updated"],
            "source": {
                "text": row["source"],
                "path": row["source_path"],
                "format": row["format"],
                "state": source,
            },
            "digest": row["digest"],
            "inputs": _bound(db, id_),
            "phases": [
                _shown(phase, standing, row["accepted_by"])
                for phase, standing in zip(phases, standings)
            ],
        }
    }


def _shown(phase: dict[str, Any], standing: Any, accepted_by: str) -> dict[str, Any]:
    import json

    return {
        "index": phase["idx"],
        "key": phase["key"],
        "title": phase["title"],
        "explain": phase["explain"],
        "text": phase["text"],
        "note": phase["note"],
        "state": standing.state,
        "reason": standing.reason,
        "needs": phase["needs"],
        "digest": phase["digest"],
        "accepted_by": accepted_by,
        "steps": [],
        "checks": json.loads(phase["checks"]),
        "last_run": json.loads(phase["last_run"]) if phase["last_run"] else None,
    }


def next_phase(db: sqlite3.Connection, root: str, wanted: str) -> dict[str, Any]:
    """The first phase of a plan neither done nor attested, blocked ones too; null when there is none.

    `person` says whether the road from here needs a person.
    """
    id_ = plan_id(db, wanted)
    phases = _phase_rows(db, id_)
    _, changed = _files(db, root, id_)
    standings = states.derive(
        phases, _bound(db, id_), running=_running(root, phases), changed=changed
    )
    found = _next_of(phases, standings)
    if found is None:
        return {
            "plan": id_,
            "phase": None,
            "key": None,
            "state": None,
            "reason": "",
            "person": False,
        }
    person = not phases[found["phase"]]["required"] or found["phase"] in changed
    return {"plan": id_} | found | {"person": person}


def _phase_rows(db: sqlite3.Connection, id_: str, *, full: bool = False) -> list[dict[str, Any]]:
    """Phases as `states.derive` takes them; a mark without its event in the ledger is refused."""
    import json

    columns = (
        "p.*"
        if full
        else (
            "p.idx, p.key, p.title, p.needs, p.required, p.digest, p.lock, p.mark, p.mark_digest,"
            " p.mark_inputs, p.mark_seq, p.last_verdict, p.last_digest"
        )
    )
    rows = db.execute(
        f"SELECT {columns}, l.event AS mark_event FROM phases AS p {_MARK_JOIN}"
        " WHERE p.plan = ? ORDER BY p.idx",
        (id_,),
    )
    found = []
    for row in rows:
        phase = dict(row)
        meant = "done" if phase["mark_event"] == "renewed" else phase["mark_event"]
        if phase["mark"] != "open" and phase["mark"] != meant:
            raise IntegrityProblem(
                f"the ledger does not verify: the mark of {id_} {phase['idx']} ({phase['mark']}) "
                "rests on no event",
                hint="todo_manager audit, which names the first break",
            )
        phase["needs"] = json.loads(phase["needs"])
        phase["mark_inputs"] = json.loads(phase["mark_inputs"] or "{}")
        found.append(phase)
    return found


def _bound(db: sqlite3.Connection, id_: str) -> dict[str, str]:
    rows = db.execute("SELECT name, value FROM inputs WHERE plan = ?", (id_,))
    return {row["name"]: row["value"] for row in rows}


def _running(root: str, phases: list[dict[str, Any]]) -> frozenset[int]:
    """Indexes of the phases some process holds."""
    store = os.path.join(root, STORE)
    if not os.path.exists(os.path.join(store, "locks")):
        return frozenset()
    from todo_manager import locks

    held = locks.held_numbers(store, [phase["lock"] for phase in phases])
    return frozenset(phase["idx"] for phase in phases if phase["lock"] in held)


def _files(db: sqlite3.Connection, root: str, id_: str) -> tuple[str, dict[int, str]]:
    """How the document stands (same, changed, gone, none), and why phases differ on disk."""
    source = "none"
    changed: dict[int, str] = {}
    rows = db.execute("SELECT * FROM files WHERE plan = ?", (id_,)).fetchall()
    for row in rows:
        state = _file_state(root, row)
        if row["role"] == "source":
            source = state
        elif state != "same" and row["phase"] >= 0:
            what = "is gone" if state == "gone" else "was changed since it was accepted"
            changed.setdefault(row["phase"], f"{row['path']} {what}")
    return source, _new_files(root, id_, rows) | changed


def _file_state(root: str, row: sqlite3.Row) -> str:
    path = os.path.join(root, row["path"])
    try:
        found = os.stat(path)
    except OSError:
        return "gone"
    stamp = f"{found.st_ino}:{found.st_size}:{found.st_mtime_ns}:{found.st_ctime_ns}"
    if stamp == row["stamp"]:
        return "same"
    import hashlib

    try:
        with open(path, "rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == row["sha256"]
    except OSError:
        return "gone"
    return "same" if same else "changed"


def _new_files(root: str, id_: str, rows: list[sqlite3.Row]) -> dict[int, str]:
    """Scripts and helpers that were not there at acceptance."""
    folder = os.path.join(root, "phases", id_)
    if "/" in id_ or id_ in (".", "..") or not os.path.isdir(folder):
        return {}
    known = {row["path"] for row in rows if row["role"] in ("script", "helper")}
    with_scripts = {row["phase"] for row in rows if row["role"] == "script"}
    found: dict[int, str] = {}
    for path in _walk(folder, f"phases/{id_}"):
        if path in known:
            continue
        index = _script_index(path)
        for phase in with_scripts if index is None else {index}:
            found.setdefault(phase, f"{path} was added since the plan was accepted")
    return found


def _walk(folder: str, prefix: str) -> list[str]:
    found = []
    for entry in os.scandir(folder):
        name = entry.name
        if name.startswith(".") or name == "__pycache__" or name.endswith(("~", ".pyc")):
            continue
        if entry.is_dir(follow_symlinks=False):
            found += _walk(entry.path, f"{prefix}/{name}")
        else:
            found.append(f"{prefix}/{name}")
    return found


def _script_index(path: str) -> int | None:
    parts = path.split("/")
    number, _, rest = parts[-1][1:].partition("_")
    is_script = len(parts) == 3 and parts[-1].startswith("p") and number.isdecimal() and rest
    return int(number) if is_script and number.isascii() else None
