"""Let a check that fails pass for a while: one person asks, another one approves.

Asking and withdrawing are open to all. --approve is a person's, and not the one's who asked. A waiver
holds for one check of the definition that is accepted now, and where it says so for findings of a scan
and for one subject: what the check names, or the ID of an image. It makes a failure `waived`, which is
never shown as verified; what could not be evaluated stays an error. When it runs out, or is withdrawn,
a phase that rests on it is stale.

What a person is asked (manual) is approved or not, and never waived.

    todo_manager waive first 1 scan --finding CVE-2026-1 --reason "no fix yet" --until 30d
    todo_manager waive first 1 scan --approve
    todo_manager waive --list

--json: data.plan (null for all plans), data.waiver or data.waivers[]{plan, event, phase, key, check,
findings[], subject, reason, until, state, why, asked_by, asked_how, approved, approved_by, approved_how}.
state is waiting, unused, used, expired, withdrawn, outdated (another definition was accepted since) or void.
"""

from __future__ import annotations

import argparse

from todo_manager import plans, usage, waiving
from todo_manager.commands import common
from todo_manager.errors import UsageProblem
from todo_manager.render import waiver_text
from todo_manager.render.output import Output
from todo_manager.shellword import word
from todo_manager.waiving import Wanted

_TO_ASK = 'todo_manager waive PLAN K CHECK --reason "…" --until 30d'


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", nargs="?", help="id of a plan, or the beginning of one")
    common.phase_argument(parser, optional=True)
    parser.add_argument("check", nargs="?", metavar="ID_OF_CHECK", help="id of a check, see show")
    parser.add_argument(
        "--finding",
        action="append",
        default=[],
        metavar="ADVISORY",
        help="only this finding, whole like CVE-2026-1; may be repeated",
    )
    parser.add_argument("--subject", default="", metavar="SUBJECT", help="only of this subject")
    parser.add_argument("--reason", default="", help="why it may pass")
    parser.add_argument(
        "--until", default="", metavar="WHEN", help="30d, 2026-12-01 or 2026-12-01T12:00:00Z (UTC)"
    )
    parser.add_argument("--event", type=usage.index, metavar="N", help="the request that is meant")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--approve", action="store_true", help="a person: grant what was asked for")
    how.add_argument("--withdraw", action="store_true", help="take it back")
    how.add_argument("--list", action="store_true", help="all waivers of the plan, or of all plans")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0; 2 usage or nothing that waits, 6 untrusted or no other person, 9."""
    if arguments.list:
        return _list(arguments, output)
    if arguments.phase is None or arguments.check is None:
        raise UsageProblem("which check? name a phase and the id of a check", hint=_TO_ASK)
    project = common.open_project(arguments)
    wanted = Wanted(
        plan=plans.resolve_id(project.db, arguments.plan),
        index=arguments.phase,
        check=arguments.check,
        actor=common.actor(arguments, project),
        findings=tuple(_plain(each, "--finding") for each in arguments.finding),
        subject=arguments.subject.strip(),
        reason=" ".join(arguments.reason.split()),
        until=arguments.until,
        event=arguments.event,
    )
    if arguments.approve:
        found = waiving.grant(project, wanted, json=output.json)
    elif arguments.withdraw:
        found = waiving.withdraw(project, wanted)
    else:
        _complete(arguments, wanted)
        found = waiving.ask(project, wanted)
    output.data = {"plan": wanted.plan, "waiver": found}
    waiver_text.tell_one(wanted.plan, found, output)
    return 0


def _complete(arguments: argparse.Namespace, wanted: Wanted) -> None:
    hint = f'todo_manager waive {wanted.place()} --reason "no fix yet" --until 30d'
    if not wanted.reason:
        raise UsageProblem("--reason is missing: why may it pass?", hint=hint)
    if not wanted.until:
        raise UsageProblem("--until is missing: a waiver ends", hint=hint)
    if arguments.event is not None:
        raise UsageProblem("--event names a request; this would be a new one", hint=hint)


def _plain(text: str, option: str) -> str:
    found = text.strip()
    if not found or len(found.split()) != 1:
        raise UsageProblem(f"{option} {text!r} is no id of a finding", hint="like CVE-2026-1")
    return found


def _list(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.check is not None:
        raise UsageProblem(
            "--list lists all waivers of a plan",
            hint=f"todo_manager waive {word(arguments.plan)} --list",
        )
    project = common.open_project(arguments)
    wanted = plans.resolve_id(project.db, arguments.plan) if arguments.plan else None
    found = waiving.listed(project, [wanted] if wanted else waiving.plans_with_waivers(project))
    rows = [row for row in found if arguments.phase in (None, row["phase"])]
    output.data = {"plan": wanted, "waivers": rows}
    for row in rows:
        output.say(waiver_text.line(row) if wanted else f"{row['plan']}: {waiver_text.line(row)}")
    if not rows:
        output.say(f"{word(wanted)}: no waivers" if wanted else "no waivers")
    return 0
