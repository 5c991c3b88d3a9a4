"""What the screens ask of the store; each answer is plain values, made in the thread of a feed."""

from __future__ import annotations

import functools
import sqlite3
from typing import Any

from todo_manager import glance, proof, read_plan, reads, search
from todo_manager.errors import IntegrityProblem
from tui.feed import FILES, Question

EVENTS = 2000
"""Events that a list of them shows at most: the newest."""
OUTPUT = 200_000
"""Characters of one output that are shown: its end, where programs say what went wrong."""


def plans(*, everything: bool, words: str = "") -> Question:
    """The plans as `list` has them, each with its `glance`; `more` and `closed` as there."""
    return Question(
        ("plans", everything, words), functools.partial(_plans, everything=everything, words=words)
    )


def _plans(db: sqlite3.Connection, root: str, *, everything: bool, words: str) -> dict[str, Any]:
    if any(map(str.isalnum, words)):
        wanted = search.Filter(words=words, everything=everything)
        page = search.find_plans(db, root, wanted)
    else:
        page = reads.list_plans(db, root, everything=everything)
    more = glance.glance(db, root, [plan["id"] for plan in page["plans"]])
    return page | {"plans": [plan | more[plan["id"]] for plan in page["plans"]]}


def plan(id_: str) -> Question:
    """One plan as `show` has it; its files and who holds its phases are looked at, too."""
    return Question(("plan", id_), functools.partial(_plan, id_=id_), lasts=FILES)


def _plan(db: sqlite3.Connection, root: str, *, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = read_plan.show_plan(db, root, id_)["plan"]
    return found


def phase(plan_id: str, key: str) -> Question:
    """What the ledger holds of one phase: its events, newest first, and its last attempt whole."""
    ask = functools.partial(_phase, plan_id=plan_id, key=key)
    return Question(("phase", plan_id, key), ask)


def _phase(db: sqlite3.Connection, root: str, *, plan_id: str, key: str) -> dict[str, Any]:
    rows = db.execute(
        "SELECT * FROM ledger WHERE plan = ? AND (key = ? OR key = '') ORDER BY seq DESC LIMIT ?",
        (plan_id, key, EVENTS),
    ).fetchall()
    events = [proof.checked(row) for row in rows]
    last = next((event for event in events if _attempted(event)), None)
    return {
        "plan": plan_id,
        "key": key,
        "events": events,
        "last": last,
        "outputs": _outputs(db, last) if last else {},
    }


def _attempted(event: dict[str, Any]) -> bool:
    return "checks" in event["data"] or "steps" in event["data"]


def event(seq: int) -> Question:
    """One event with its outputs; with the attempts around it and, for each check, its last pass."""
    return Question(("event", seq), functools.partial(_event, seq=seq))


def _event(db: sqlite3.Connection, root: str, *, seq: int) -> dict[str, Any]:
    row = db.execute("SELECT * FROM ledger WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        raise IntegrityProblem(f"the ledger has no event {seq}", hint="todo_manager audit")
    found = proof.checked(row)
    around = db.execute(
        "SELECT * FROM ledger WHERE plan = ? AND key = ? ORDER BY seq DESC LIMIT ?",
        (found["plan"], found["key"], EVENTS),
    ).fetchall()
    events = [proof.checked(each) for each in around]
    attempts = [each["seq"] for each in reversed(events) if _attempted(each)]
    passed = _last_passes(events, found)
    return {
        "event": found,
        "outputs": _outputs(db, found),
        "attempts": attempts,
        "passed": {
            id_: {"seq": each["seq"], "at": each["at"], "check": check}
            for id_, (each, check) in passed.items()
        },
        "passed_outputs": {
            name: text
            for each, check in passed.values()
            for name, text in _texts(db, [check]).items()
        },
    }


def _last_passes(
    events: list[dict[str, Any]], found: dict[str, Any]
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """For each check of an event: the newest event before it in which that check passed."""
    wanted = {check["id"] for check in found["data"].get("checks", ())}
    passes: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for each in events:
        if each["seq"] >= found["seq"]:
            continue
        for check in each["data"].get("checks", ()):
            if check["verdict"] == "passed" and check["id"] in wanted:
                passes.setdefault(check["id"], (each, check))
    return passes


def rows_of(event: dict[str, Any]) -> list[dict[str, Any]]:
    """What an event recorded of checks, and of steps."""
    return [*event["data"].get("checks", ()), *event["data"].get("steps", ())]


def _outputs(db: sqlite3.Connection, event: dict[str, Any]) -> dict[str, str]:
    return _texts(db, rows_of(event))


def _texts(db: sqlite3.Connection, rows: list[dict[str, Any]]) -> dict[str, str]:
    """The kept outputs of checks and steps, by the sha256 they are kept under."""
    from todo_manager import ledger  # it brings half of the program, and no list needs it

    return {
        kept["kept"]: ledger.output(db, kept["kept"]).decode("utf-8", "replace")[-OUTPUT:]
        for row in rows
        for kept in row.get("outputs", ())
    }


def events(text: str) -> Question:
    """The newest events that a filter lets through, and how many there are in all."""
    return Question(("events", text), functools.partial(_events, text=text))


_COLUMNS = {"event": "event", "plan": "plan", "phase": "key", "actor": "actor"}


def _events(db: sqlite3.Connection, root: str, *, text: str) -> dict[str, Any]:
    condition, values = _condition(text)
    total = db.execute(f"SELECT count(*) FROM ledger WHERE {condition}", values).fetchone()[0]
    rows = db.execute(
        f"SELECT * FROM ledger WHERE {condition} ORDER BY seq DESC LIMIT ?", [*values, EVENTS]
    ).fetchall()
    return {"events": [proof.checked(row) for row in rows], "total": total, "filter": text}


def _condition(text: str) -> tuple[str, list[str]]:
    """A filter as SQL: `plan:x` is the beginning of a column, any other word stands in the event."""
    found, values = ["1"], []
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and name in _COLUMNS and value:
            found.append(f"substr({_COLUMNS[name]}, 1, length(?)) = ?")
            values += [value, value]
        else:
            found.append("instr(lower(body), lower(?)) > 0")
            values.append(word)
    return " AND ".join(found), values
