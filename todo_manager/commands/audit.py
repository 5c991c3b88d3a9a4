"""Verify the whole ledger, the states that rest on it, and every output, statement and signature it names.

With --anchor FILE, or git, the newest event is kept outside the store as well: in a file, or in the
project's repository as refs/todo_manager/anchors/main, which can be pushed (git:NAME for another name).
What was kept there before must still be in the ledger: a store that was rewritten as a whole, or put back
to an older copy, is found out in no other way.

After a break nothing is written any more. With --acknowledge a person says that they know of it, and work
goes on from there: marks, inputs and accepted definitions of before are believed no more.

exit: 0 · 2 usage · 3 environment · 6 not acknowledged by a person · 9 something does not verify
"""

from __future__ import annotations

import argparse
from pathlib import Path

from todo_manager import actors, audit, ledger, reads
from todo_manager.audit import Audited
from todo_manager.auditing import anchors, breaks
from todo_manager.commands import common
from todo_manager.errors import IntegrityProblem
from todo_manager.render.output import Output
from todo_manager.render.plain import counted, one_line


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--anchor",
        metavar="FILE|git",
        help="compare with the events kept there, and keep the newest",
    )
    parser.add_argument(
        "--acknowledge", action="store_true", help="a person: go on after a break, from nothing"
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="what is known of the break")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 when everything verifies, 9 naming the first break otherwise."""
    root = Path(reads.find_root("."))
    anchor = anchors.at(root, arguments.anchor) if arguments.anchor else None
    found = _look(root)
    missing = anchor.missing(reads.open_store(str(root))) if anchor else ()
    if arguments.acknowledge:
        return _acknowledge(arguments, found, anchor, missing, output)
    _tell(found, found.breaks + missing, output)
    if anchor is not None:
        kept = anchor.keep(_newest(root), actors.actor(arguments.actor, root))
        output.data["anchor"] = {"place": anchor.place, "kept": kept}
        output.say(f"{anchor.place}: {kept}")
    return 0


def _look(root: Path) -> Audited:
    return audit.audit(reads.open_store(str(root)), root)


def _newest(root: Path) -> ledger.Recorded:
    row = (
        reads.open_store(str(root))
        .execute("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1")
        .fetchone()
    )
    return ledger.Recorded(row["seq"], row["hash"]) if row else ledger.Recorded(0, ledger.GENESIS)


def _tell(found: Audited, problems: tuple[str, ...], output: Output) -> None:
    """Everything that was found; raises IntegrityProblem for the first break."""
    output.data = {
        "events": found.events,
        "head": {"seq": found.head.seq, "hash": found.head.hash} if found.head else None,
        "plans": found.plans,
        "marks": found.marks,
        "outputs": found.outputs,
        "signatures": found.signatures,
        "statements": found.statements,
        "breaks": list(problems),
        "notes": list(found.notes),
        "acknowledged": list(found.acknowledged),
    }
    for line in found.acknowledged:
        output.say(f"! {one_line(line, 400)}")
    for line in found.notes:
        output.say(f"note: {line}")
    for line in problems:
        output.say(f"✗ {line}")
    if problems:
        raise _broken(problems[0])
    output.say(
        f"✔ intact: {counted(found.events, 'event')}, {counted(found.plans, 'plan')}, "
        f"{counted(found.marks, 'mark')}, {counted(found.outputs, 'output')}, "
        f"{counted(found.statements, 'statement')}"
        + (f", {counted(found.signatures, 'signature')}" if found.signatures else "")
    )


def _broken(what: str) -> IntegrityProblem:
    problem = ledger.broken(what)
    problem.hint = (
        "restore the store from a backup that verifies, for what follows a break proves nothing; "
        'or a person: todo_manager audit --acknowledge --reason "…", which begins anew'
    )
    problem.person = True
    return problem


def _acknowledge(
    arguments: argparse.Namespace,
    found: Audited,
    anchor: anchors.Anchor | None,
    missing: tuple[str, ...],
    output: Output,
) -> int:
    problems = found.breaks + missing
    if not problems:
        _tell(found, (), output)
        output.data["event"] = None
        output.say("there is no break to acknowledge")
        return 0
    project = common.open_project(arguments)
    actor = common.actor(arguments, project)
    for line in problems:
        output.say(f"✗ {line}")
    said = actors.confirmed(
        breaks.statement(project.db, problems, arguments.reason),
        _question(problems, arguments.reason),
        verb='audit --acknowledge --reason "…"',
        json=output.json,
        actor=actor,
    )
    recorded = breaks.acknowledge(project, said, found.breaks, missing)
    output.data = {"event": recorded.seq, "breaks": list(problems), "by": said.actor.name}
    output.say(f"acknowledged by {said.actor.name}, event {recorded.seq}: nothing before it counts")
    if anchor is not None:
        output.say(f"{anchor.place}: {anchor.keep(recorded, said.actor, anew=True)}")
    return 0


def _question(problems: tuple[str, ...], reason: str) -> str:
    count = "1 break" if len(problems) == 1 else f"{len(problems)} breaks"
    return (
        f"{count} in the ledger or the store: {one_line(problems[0], 300)}\n"
        f"Somebody may have forged what is there. After this every phase is open, every input unbound,\n"
        f"and every plan has to be accepted anew before anything of it can be done.\n"
        f"Acknowledge it: {one_line(reason) or 'no reason given'}?"
    )
