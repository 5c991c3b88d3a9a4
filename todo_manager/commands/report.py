"""One page of a plan: where each phase stands and why, on what evidence, and what happened.

With --html a page that a browser opens without a network; without it the same as text. The whole
ledger is verified before, so that nothing unproven is told.

--json: data{plan (as `show` has it), counts, done, total, next, evidence[], events[], earlier,
never_failed[], flaky[], waivers[], accepted[], ledger{events, seq, hash}, generated, version, file}.
`evidence` holds, for each phase, the event its mark rests on and its last attempt, with every check;
`events` are the newest 200, `earlier` says how many there were before.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from todo_manager import reads, report
from todo_manager.errors import UsageProblem
from todo_manager.render import report_text
from todo_manager.render.output import Output

_PLAIN_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,100}")
"""Ids that may stand in a file name; imported ones hold anything."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", help="id of a plan, or the beginning of one")
    parser.add_argument(
        "--html",
        nargs="?",
        const="",
        metavar="FILE",
        help="write an HTML page (default: PLAN-report.html; - is standard output)",
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 told or written, 2 for an unknown plan, 3 when it cannot be written, 9 when it is not intact."""
    if arguments.html == "-" and output.json:
        raise UsageProblem(
            "--json and --html - both want standard output",
            hint="todo_manager report PLAN --html FILE --json",
        )
    data = report.gather(Path(reads.find_root(".")), arguments.plan)
    output.data = data | {"file": None}
    if arguments.html is None:
        report_text.tell_report(data, output)
        return 0
    from todo_manager.render.report import file
    from todo_manager.render.report.page import page

    if arguments.html == "-":
        output.say(page(data).rstrip("\n"))
        return 0
    path = arguments.html or _name(data["plan"]["id"])
    file.write(path, page(data))
    output.data["file"] = path
    output.say(f"{data['plan']['id']}: written to {path}")
    return 0


def _name(id_: str) -> str:
    return f"{id_}-report.html" if _PLAIN_ID.fullmatch(id_) else "plan-report.html"
