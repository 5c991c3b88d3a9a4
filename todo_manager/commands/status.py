"""Where plans stand, one line each: for machines that must know, like CI.

Every mark is compared with the ledger and every file it rests on is read, so a phase whose script was
changed is stale here. With --exit-code: 0 when every phase is done or attested, else 1. Archived plans
are left out unless named; those with something undone are said. Anybody may archive: a pipeline that waits
for one plan names it.

With --bundle it answers offline, in a checkout without a store: is it proven of this commit? A phase is,
when one of the keys that are trusted signed that it was done with the very definition that is checked out,
of the very commit, that has not run out, and so for all it needs. A bundle has a time: what came later, a
regress say, it cannot know. exit: 0 proven · 1 not proven · 6 no signature by a key you trust · 9 altered.

--json: data.plans[]{id, title, status, done, total, counts{state: number}, worst, next{phase, key,
title, state, reason}, source}, all_done, left_out[] (archived plans with something undone). `worst` is the state that needs somebody most, and `counts`
begins with it; `next` is null when there is none; `source` is how the document stands: same, changed,
unreadable, gone, none. With --bundle: data.proven, commit, plans[]{id, phases[]{index, key, state, reason,
at, by, event, gate}}.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from todo_manager import open_plans, overview, plans, project, reads, usage
from todo_manager.commands import bundled
from todo_manager.errors import Kind, Refused
from todo_manager.overview import Overview
from todo_manager.render import status_text
from todo_manager.render.output import Output
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", nargs="?", help="only this plan (default: all but archived ones)")
    parser.add_argument(
        "phase", type=usage.index, nargs="?", help="with --bundle: this phase and all it needs"
    )
    parser.add_argument(
        "--exit-code", action="store_true", help="exit 1 unless every phase is done or attested"
    )
    bundled.arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print a line a plan; 0, 1 with --exit-code and something not done, 9 when one does not verify."""
    if arguments.bundle is not None:
        return bundled.run(arguments, output)
    bundled.refuse_without(arguments)
    root = Path(reads.find_root("."))
    db = reads.open_snapshot(str(root))
    settings = project.settings(root)
    found = [overview.look(db, root, settings, id_) for id_ in _ids(db, arguments.plan)]
    output.data = {
        "plans": [_summary(each) for each in found],
        "all_done": bool(found) and all(each.is_done() for each in found),
        "left_out": [] if arguments.plan else open_plans.put_away_open(db),
    }
    for row in output.data["plans"]:
        status_text.tell(row, output)
    if not found:
        output.say("no plans. Take one in with: todo_manager import FILE")
    if left_out := output.data["left_out"]:
        names = ", ".join(left_out[:5]) + (" …" if len(left_out) > 5 else "")
        output.say(f"left out, archived before all of it was done: {names}")
    if arguments.exit_code and not output.data["all_done"]:
        raise _not_done(found)
    return 0


def _ids(db: Any, wanted: str | None) -> list[str]:
    if wanted is not None:
        return [plans.resolve_id(db, wanted)]
    return open_plans.ids(db)


def _summary(found: Overview) -> dict[str, Any]:
    counts = found.counts()
    return {
        "id": found.plan.id,
        "title": found.plan.title,
        "status": found.status(),
        "done": found.done(),
        "total": len(found.standings),
        "counts": counts,
        "worst": next(iter(counts), None),
        "next": found.following(),
        "source": found.disk.source,
    }


def _not_done(found: list[Overview]) -> Refused:
    """Why not everything is done: an empty store and an empty plan have proven nothing either."""
    open_ = [each for each in found if not each.is_done()]
    if not open_:
        return Refused(
            "there is no plan that could be done",
            kind=Kind.NOT_DONE,
            hint="todo_manager import FILE",
        )
    missing = sum(len(each.standings) - each.done() for each in open_)
    what = "1 phase is" if missing == 1 else f"{missing} phases are"
    names = ", ".join(each.plan.id for each in open_[:5]) + (" …" if len(open_) > 5 else "")
    return Refused(
        f"{what} neither done nor attested: {names}" if missing else f"without phases: {names}",
        kind=Kind.NOT_DONE,
        hint=f"todo_manager next {word(open_[0].plan.id)}",
    )
