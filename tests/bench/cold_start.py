"""How long a read takes from a cold start, as a ratio to the least any Python program could take.

    python tests/bench/cold_start.py [--plans 10,10000,100000] [--rounds 25]

The floor is Python itself with sqlite3, one connection to the same store and one indexed SELECT. Floor
and reads take turns within every round, so whatever else the machine does falls on all of them; what is
printed are medians. Exit 1 when a ratio is above the limit.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}
"""Compiled modules are kept, as they are wherever the program is installed."""

LIMIT = 2.0
"""The ratio a read must not exceed; the aim is 1.6."""

PLAN = """\
schema: todo_manager/plan@1
id: plan-0
title: Roll the twin out to the second machine
description: From base images to a drilled rollback.
inputs: [DATE]
phases:
  - title: Setup and protocol
    explain: |
      Read the protocol first; it says who may stop the roll-out, and how.

      1. Copy it to docs/protocol.md.
      2. Have the "rollback" section read by somebody else.
    verify: [{file: docs/protocol.md, contains: [rollback]}]
  - title: Build the base images
    note: Nothing is pushed before the scan.
    verify:
      - {name: built, command: "grep -q \\"$DATE\\" built.txt"}
      - {file: base.txt}
  - title: Scan and sign
    verify: [{command: [test, -s, scan.json]}]
  - title: Deploy to the second machine
    verify: [{file: deployed.txt, within: 30s}]
"""

FLOOR = """\
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute("SELECT title FROM plans WHERE id = ?", (sys.argv[2],)).fetchone()[0])
"""

COPY = """\
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last})
INSERT INTO {table} ({columns}) SELECT {values} FROM {table}, n WHERE {table}.{plan} = 'plan-0'
"""


def main() -> int:
    """Build a store of each size, measure, print; the exit code."""
    options = _arguments()
    command, what = _command()
    print(f"{what}, {options.rounds} rounds, medians; in brackets the ratio to the floor")
    print(f"{'plans':>8} {'floor':>9} {'list':>16} {'show':>16} {'next':>16}")
    worst = 0.0
    for plans in map(int, options.plans.split(",")):
        with tempfile.TemporaryDirectory(prefix="todo_manager-bench-") as folder:
            build(Path(folder), plans, command)
            medians = measure(Path(folder), f"plan-{plans // 2}", command, options.rounds)
        floor = medians.pop("floor")
        cells = [f"{took:6.1f} ms ({took / floor:4.2f})" for took in medians.values()]
        print(f"{plans:>8} {floor:6.1f} ms {' '.join(cells)}", flush=True)
        worst = max(worst, *(took / floor for took in medians.values()))
    print(f"worst ratio {worst:.2f}; aim 1.6, at most {LIMIT}")
    return int(worst > LIMIT)


def build(root: Path, plans: int, command: list[str]) -> None:
    """A store of many plans whose first phase is done: one made by the program, the others copies of it.

    Copies have events of their own, chained as the program does, for reads look at what a mark rests on.
    """
    (root / "docs").mkdir()
    (root / "docs/protocol.md").write_text("how a rollback goes\n")
    (root / "plan.yaml").write_text(PLAN)
    for words in (["init"], ["import", "plan.yaml"], ["done", "plan-0", "0", "--json"]):
        subprocess.run(
            [*command, *words], cwd=root, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL
        )
    db = sqlite3.connect(root / ".todo_manager/store.db")
    with db:
        for table, own in (
            ("plans", {"seq": "seq + i", "id": "'plan-' || i"}),
            ("phases", {}),
            ("files", {}),
            ("inputs", {}),
        ):
            _multiply(db, table, own, plans - 1)
        _chain(db, plans - 1)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def _multiply(db: sqlite3.Connection, table: str, own: dict[str, str], last: int) -> None:
    plan = "id" if table == "plans" else "plan"
    own = {plan: "'plan-' || i"} | own
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(own.get(name, f'"{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    db.execute(COPY.format(table=table, columns=names, values=values, plan=plan, last=last))


def _chain(db: sqlite3.Connection, last: int) -> None:
    """The events of the first plan once more for each copy, and the rows that rest on them."""
    columns = [row[1] for row in db.execute("PRAGMA table_info(ledger)")]
    first = [dict(zip(columns, row)) for row in db.execute("SELECT * FROM ledger ORDER BY seq")]
    seq, before = first[-1]["seq"], first[-1]["hash"]
    rows, placed = [], []
    for copy in range(1, last + 1):
        for row in first:
            seq, plan = seq + 1, f"plan-{copy}"
            content = json.loads(row["body"]) | {"seq": seq, "prev": before, "plan": plan}
            body = json.dumps(content, sort_keys=True, separators=(",", ":"))
            before = hashlib.sha256(body.encode()).hexdigest()
            rows.append(row | {"seq": seq, "hash": before, "plan": plan, "body": body})
            placed.append((seq, before, plan, row["seq"]))
    names = ", ".join(columns)
    marks = ", ".join(f":{name}" for name in columns)
    db.executemany(f"INSERT INTO ledger ({names}) VALUES ({marks})", rows)
    for table, id_, prefix in (("plans", "id", "accepted"), ("phases", "plan", "mark")):
        db.executemany(
            f"UPDATE {table} SET {prefix}_seq = ?, {prefix}_hash = ?"
            f" WHERE {id_} = ? AND {prefix}_seq = ?",
            placed,
        )


def measure(root: Path, plan: str, command: list[str], rounds: int) -> dict[str, float]:
    """Median milliseconds of the floor and of each read, taken in turns after one round unmeasured."""
    commands = {
        "floor": [sys.executable, "-c", FLOOR, ".todo_manager/store.db", plan],
        "list": [*command, "list", "--json"],
        "show": [*command, "show", plan, "--json"],
        "next": [*command, "next", plan, "--json"],
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for round_ in range(rounds + 1):
        for name, argv in commands.items():
            began = time.perf_counter()
            ran = subprocess.run(
                argv, cwd=root, env=ENVIRONMENT, stdout=subprocess.PIPE, check=True
            )
            if round_:
                taken[name].append((time.perf_counter() - began) * 1000)
            assert ran.stdout, name
    return {name: statistics.median(times) for name, times in taken.items()}


def _command() -> tuple[list[str], str]:
    """The installed console script where there is one, and what to call it."""
    script = Path(sys.executable).with_name("todo_manager")
    if script.exists():
        return [str(script)], "the installed command"
    ENVIRONMENT["PYTHONPATH"] = str(REPOSITORY)
    return [sys.executable, "-m", "todo_manager"], "python -m todo_manager"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plans", default="10,10000,100000", help="sizes of the stores")
    parser.add_argument("--rounds", type=int, default=25, help="measured rounds, at least 15")
    options = parser.parse_args()
    if options.rounds < 15:
        parser.error("fewer than 15 rounds say nothing")
    return options


if __name__ == "__main__":
    sys.exit(main())
