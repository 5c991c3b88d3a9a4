"""What happened, oldest first, from the ledger; with --run the evidence of one attempt."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import Any

from todo_manager import ledger, read_problems, reads, usage
from todo_manager.errors import IntegrityProblem, UsageProblem
from todo_manager.render import log_text
from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", nargs="?", help="only this plan")
    parser.add_argument("phase", nargs="?", type=usage.index, help="only this phase")
    parser.add_argument("--run", type=int, metavar="N", help="everything event N recorded")
    parser.add_argument(
        "--last", type=_count, default=50, metavar="N", help="how many (default 50)"
    )


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of events, like 50")
    return int(text)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print events; 0, 2 for an unknown plan or event, 9 when one does not verify."""
    db = reads.open_store(reads.find_root("."))
    if arguments.run is not None:
        return _one(db, arguments.run, output)
    where, values = ["1"], []
    if arguments.plan is not None:
        plan = reads.plan_id(db, arguments.plan)
        where.append("plan = ?")
        values.append(plan)
        if arguments.phase is not None:
            where.append("key = ?")
            values.append(_key(db, plan, arguments.phase))
    rows = db.execute(
        f"SELECT * FROM ledger WHERE {' AND '.join(where)} ORDER BY seq DESC LIMIT ?",
        (*values, arguments.last),
    ).fetchall()
    events = list(_believed(db, reversed(rows), output))
    output.data = {"events": [_public(event) for event in events]}
    log_text.tell_events(events, output)
    return 0


def _believed(db: Any, rows: Iterable[Any], output: Output) -> Iterator[dict[str, Any]]:
    """Events that verify. One from before an acknowledged break may not, and is left out with a word."""
    base = ledger.base(db)
    for row in rows:
        try:
            yield ledger.checked(row)
        except IntegrityProblem as problem:
            if row["seq"] >= base:
                raise
            output.talk(f"left out: {problem.message.removeprefix(ledger.BROKEN)}")


def _key(db: Any, plan: str, index: int) -> str:
    rows = db.execute("SELECT key FROM phases WHERE plan = ? ORDER BY idx", (plan,)).fetchall()
    if not 0 <= index < len(rows):
        raise read_problems.unknown_phase(plan, index, len(rows))
    return str(rows[index]["key"])


def _public(event: dict[str, Any]) -> dict[str, Any]:
    data = {name: value for name, value in event["data"].items() if name != "phases"}
    return event | {"data": data}


def _one(db: Any, seq: int, output: Output) -> int:
    known = 0 < seq < 2**63  # what SQLite can be asked for
    found = db.execute("SELECT * FROM ledger WHERE seq = ?", (seq if known else 0,)).fetchone()
    if found is None:
        raise UsageProblem(f"the ledger has no event {seq}", hint="todo_manager log")
    event = ledger.checked(found)
    outputs = {}
    rows = [*event["data"].get("checks", ()), *event["data"].get("steps", ())]
    for row in rows:
        for kept in row["outputs"]:
            outputs[kept["kept"]] = ledger.output(db, kept["kept"]).decode("utf-8", "replace")
    output.data = {"event": _public(event), "outputs": outputs}
    log_text.tell_evidence(event, outputs, output)
    return 0
