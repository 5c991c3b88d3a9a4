"""Verify what is done again and again, and tell what changed; it marks nothing done.

Phases that were done once are verified when --every has passed since they were last looked at, and when
their proof runs out: a pass renews, a failure regresses. One line is printed for each phase that is in
another state than before, whoever changed that. The hook, a program with its arguments, is run for each
such change: it finds it as JSON on standard input, and in TODO_MANAGER_PLAN, _PHASE, _KEY, _WAS, _STATE
and _REASON. It has a minute, and everything it leaves running is ended. Without the options, `watch: {every, hook}` of
todo_manager.yaml says how.

With --once everything that is marked is verified once: exit 1 when a check failed, 5 when one could not
be evaluated. --json and --events: data.looked, data.changes[]{at, plan, phase, key, title, was, state,
reason}; with --events each line as it happens, its event change, looked or rested.
"""

from __future__ import annotations

import argparse
import shlex

from msgspec import structs

from todo_manager import hooks, plans
from todo_manager.commands import common
from todo_manager.errors import Refused, TodoError, Unevaluated, UsageProblem
from todo_manager.render.output import Output
from todo_manager.render.plain import GLYPHS, counted, one_line, standing
from todo_manager.shellword import word
from todo_manager.watching import Change, Happened, Looked, Rested, Watch
from todo_manager.workspace import Project


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", nargs="*", help="only these plans (default: all but archived ones)")
    parser.add_argument("--every", metavar="TIME", help="between two looks at a phase, like 10m")
    parser.add_argument("--once", action="store_true", help="look once at everything, and end")
    parser.add_argument("--hook", metavar="COMMAND", help="a program to be run for each change")
    parser.add_argument("--events", action="store_true", help="JSON lines as it happens")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 after --once when all passed, 1 failed, 5 not evaluated, 9; else it runs until interrupted (130)."""
    hook = _hook(arguments.hook)
    every = common.seconds(arguments.every, option="--every 10m") if arguments.every else None
    if every is not None and every < 1:
        raise UsageProblem("--every is shorter than a second", hint="like --every 10m")
    project = common.open_project(arguments)
    watch = Watch(
        project,
        [plans.resolve_id(project.db, each) for each in dict.fromkeys(arguments.plan)],
        common.actor(arguments, project),
        every or max(1.0, project.settings.watch.every),
        all_now=arguments.once,
    )
    argv = hook if hook is not None else project.settings.watch.hook
    output.data = {"looked": 0, "changes": []}
    problems: list[Looked] = []
    for happened in watch.once() if arguments.once else watch.forever():
        _tell(happened, output, once=arguments.once)
        if isinstance(happened, Change):
            _changed(project, happened, argv, output)
        elif isinstance(happened, Looked):
            output.data["looked"] += 1
            problems += [happened] if arguments.once and happened.verdict != "passed" else []
        output.flush()
    if problems:
        raise _worst(problems)
    return 0


def _hook(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    try:
        found = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageProblem(
            f"--hook: {error}", hint="todo_manager watch --hook './tell.sh ops'"
        ) from None
    if not found or any("\0" in each for each in found):
        raise UsageProblem("--hook names no program", hint="todo_manager watch --hook ./tell.sh")
    return found


def _changed(project: Project, change: Change, argv: tuple[str, ...], output: Output) -> None:
    output.data["changes"].append(structs.asdict(change))
    if argv and (problem := hooks.run(project, argv, change)):
        output.talk(f"note: {one_line(problem, 300)}")


def _tell(happened: Happened, output: Output, *, once: bool) -> None:
    if output.events:
        output.tell({"event": type(happened).__name__.lower()} | structs.asdict(happened))
    elif isinstance(happened, Change):
        said = standing(happened.state, happened.reason)
        where = f"{happened.plan} {happened.phase} ({happened.key})"
        output.say(f"{happened.at}  {where}: {happened.was} → {GLYPHS[happened.state]} {said}")
    elif isinstance(happened, Looked) and happened.message:
        where = f"{happened.plan} {happened.phase}"
        output.talk(
            f"  {GLYPHS.get(happened.verdict, '·')} {where}: {one_line(happened.message, 200)}"
        )
    elif isinstance(happened, Rested) and not output.json:
        wait = "" if once else f", the next look in {happened.wait_s:.0f}s"
        output.talk(f"  {happened.at}: {counted(happened.looked, 'phase')} looked at{wait}")


def _worst(found: list[Looked]) -> TodoError:
    failed = [each for each in found if each.verdict == "failed"]
    first = (failed or found)[0]
    names = ", ".join(f"{each.plan} {each.phase}" for each in (failed or found)[:5])
    what = f"{counted(len(failed or found), 'phase')}: {names}; {first.message}"
    hint = f"todo_manager verify {word(first.plan)} {first.phase}"
    if failed:
        return Refused(f"a check failed in {what}", hint=hint)
    return Unevaluated(f"a check could not be evaluated in {what}", hint=hint)
