"""Plans by their words, status, state or tags: what `list` does with filters; standard library only.

The full text index is made by sqlite-utils (`migrations.py`) and filled at import and accept; it is
read here like everything else a read needs. Without a filter `reads.list_plans` is asked instead.
"""

from __future__ import annotations

import re
import sqlite3

from todo_manager import reads
from todo_manager.errors import UsageProblem
from todo_manager.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

STATUSES = ("open", "done", "archived")
STATES = ("ready", "failed", "errored", "blocked", "stale", "regressed")
"""States the next phase of a plan can be in, as far as the store knows."""

_KEPT = "p.archived IS NULL"
"""A plan that is archived carries the number of the event that says so."""
_TITLE_WEIGHT = 10.0
"""How much more a word counts in an id or title than below it."""
_TOKENS = 16
"""Words of the text that are shown around what was found."""

_QUOTED = re.compile(r'\s+|(".*?")')


class Filter:
    """What is looked for; everything named must hold."""

    def __init__(
        self,
        *,
        words: str | None = None,
        status: str = "",
        states: Iterable[str] = (),
        tags: Sequence[str] = (),
        everything: bool = False,
    ) -> None:
        """`status` is one of STATUSES; without it the open plans are looked at, or `everything`.

        Raises UsageProblem for words in which there is no word.
        """
        self.query = "" if words is None else fts_query(words)
        if words is not None and not any(map(str.isalnum, words)):
            raise UsageProblem(
                f"--search {words!r}: there is no word in it",
                hint='todo_manager list --search rollback, or --search "two words"',
            )
        self.states = frozenset(states)
        self.tags = tuple(tags)
        self.status = status
        self.everything = everything
        self.closed_too = everything or status in ("done", "archived")


def find_plans(
    db: sqlite3.Connection, root: str, wanted: Filter, *, after: str = ""
) -> dict[str, Any]:
    """The plans that a filter lets through: the best match first, without words the newest first.

    Returns `{plans: [{id, title, status, done, total, next, tags, snippet}], more, closed, signers}`:
    at most 50 (`everything`: all), after a plan's id. `snippet` shows the words found in brackets, and
    is null without words; `closed` is how many done and archived plans would match as well; `signers`
    is as `reads.list_plans` has it. Raises UsageProblem.
    """
    rows = _matching(db, wanted, _condition(db, wanted))
    if after:
        rows = rows[_position(rows, reads.plan_id(db, after)) + 1 :]
    page = len(rows) if wanted.everything else reads.PAGE
    found = (
        _in_state(db, root, rows, wanted.states) if wanted.states else [(row, None) for row in rows]
    )
    shown = [row for row, _ in found[:page]]
    summaries = [summary for _, summary in found[:page] if summary] or _summaries(db, root, shown)
    snippets = _snippets(db, wanted.query, [row["seq"] for row in shown])
    return {
        "plans": [
            summary | {"tags": loads(row["tags"] or "[]"), "snippet": snippets.get(row["seq"])}
            for row, summary in zip(shown, summaries)
        ],
        "more": len(found) - len(shown),
        "closed": 0 if wanted.closed_too or wanted.status else _closed(db, wanted),
        "signers": reads.signers_problem(db, root),
    }


def fts_query(words: str) -> str:
    """Words as a query of SQLite's full text search in which nothing is an operator.

    Each is quoted, as sqlite-utils' `quote_fts` does it; what is in double quotes stays together. The
    last one may be the beginning of a word. Empty when there is no word.
    """
    if words.count('"') % 2:
        words += '"'
    bits = [bit for bit in _QUOTED.split(words) if bit and bit != '""']
    quoted = [bit if bit.startswith('"') else f'"{bit}"' for bit in bits]
    if quoted and not bits[-1].startswith('"'):
        quoted[-1] += "*"
    return " ".join(quoted)


def _condition(db: sqlite3.Connection, wanted: Filter) -> str:
    if wanted.status == "archived":
        return f"NOT ({_KEPT})"
    if wanted.status == "done":
        return f"NOT {reads.open_condition(db)} AND {_KEPT}"
    return "1" if wanted.everything and not wanted.status else _open(db)


def _open(db: sqlite3.Connection) -> str:
    return f"{reads.open_condition(db)} AND {_KEPT}"


def _closed(db: sqlite3.Connection, wanted: Filter) -> int:
    return len(_matching(db, wanted, f"NOT ({_open(db)})")) if not wanted.states else 0


def _matching(db: sqlite3.Connection, wanted: Filter, condition: str) -> list[sqlite3.Row]:
    """Rows of plans (seq, id, title, archived, tags) in the order they are shown in."""
    source, order, values = "plans AS p", "p.seq DESC", []
    conditions = [condition]
    if wanted.query:
        source = "plan_texts_fts AS t JOIN plans AS p ON p.seq = t.rowid"
        conditions.append("plan_texts_fts MATCH ?")
        values.append(wanted.query)
        order = f"bm25(plan_texts_fts, {_TITLE_WEIGHT}, 1.0), p.seq DESC"
    for tag in wanted.tags:
        conditions.append(
            "(EXISTS (SELECT 1 FROM json_each(p.tags) WHERE value = ?) OR EXISTS (SELECT 1 FROM"
            " phases AS f, json_each(f.tags) AS g WHERE f.plan = p.id AND g.value = ?))"
        )
        values += [tag, tag]
    query = f"SELECT p.seq, p.id, p.title, p.archived, p.tags FROM {source}"
    return db.execute(
        f"{query} WHERE {' AND '.join(conditions)} ORDER BY {order}", values
    ).fetchall()


def _position(rows: list[sqlite3.Row], plan: str) -> int:
    for position, row in enumerate(rows):
        if row["id"] == plan:
            return position
    raise UsageProblem(
        f"--after {plan}: it is not among the plans that match",
        hint="todo_manager list, with the filters of the page before",
    )


def _in_state(
    db: sqlite3.Connection, root: str, rows: list[sqlite3.Row], states: frozenset[str]
) -> list[tuple[sqlite3.Row, dict[str, Any]]]:
    """The plans whose next phase is in one of these states."""
    return [
        (row, summary)
        for row, summary in zip(rows, _summaries(db, root, rows))
        if summary["next"] and summary["next"]["state"] in states
    ]


def _summaries(db: sqlite3.Connection, root: str, rows: list[sqlite3.Row]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for first in range(0, len(rows), reads.PAGE):
        found += reads.summaries(db, root, rows[first : first + reads.PAGE])
    return found


def _snippets(db: sqlite3.Connection, query: str, seqs: list[int]) -> dict[int, str]:
    """Where the words stand, by plan."""
    if not query:
        return {}
    found: dict[int, str] = {}
    for first in range(0, len(seqs), reads.PAGE):
        some = seqs[first : first + reads.PAGE]
        rows = db.execute(
            f"SELECT rowid, snippet(plan_texts_fts, -1, '[', ']', '…', {_TOKENS}) FROM plan_texts_fts"
            f" WHERE plan_texts_fts MATCH ? AND rowid IN ({', '.join('?' * len(some))})",
            (query, *some),
        )
        found |= {seq: " ".join(text.split()) for seq, text in rows}
    return found
