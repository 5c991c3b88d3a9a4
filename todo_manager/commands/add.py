"""Add a phase to a plan, a check to a phase, or a note.

The file of the plan is edited, all else in it kept as it is; a plan without a YAML file of its own gets
a proposal, which the store keeps. Either way a person accepts it before it counts.

exit: 0 added · 2 it would not load; nothing was written · 3 the file cannot be written
"""

from __future__ import annotations

import argparse

from todo_manager import usage
from todo_manager.canonical import Map, Scalar, Seq
from todo_manager.commands import authored, common
from todo_manager.documents import loader
from todo_manager.documents.plan_checks import identify
from todo_manager.editing import authoring, edits
from todo_manager.editing.authoring import Edited, Wanted
from todo_manager.editing.edits import Edit
from todo_manager.errors import InvalidDocument, UsageProblem
from todo_manager.model import PlanDoc
from todo_manager.problems import Problems
from todo_manager.render.output import Output
from todo_manager.shellword import word

_CHECK = "like 'file: docs/x.md', or '{command: [make, test], timeout: 20m}'"


def arguments(parser: argparse.ArgumentParser) -> None:
    common.plan_argument(parser)
    what = parser.add_subparsers(dest="what", required=True, metavar="phase|check|note")
    phase = _words(what, "phase", "PLAN phase TITLE [--key K] [--needs A,B] [--before N]")
    phase.add_argument("title", help="what has to be so when it is done")
    phase.add_argument("--key", help="its identity, like base-images (default: from the title)")
    phase.add_argument("--explain", default="", metavar="TEXT", help="Markdown for people")
    phase.add_argument("--note", default="", metavar="TEXT", help="shown before anything else")
    phase.add_argument(
        "--needs", metavar="KEY,KEY", help="keys of phases; '' for none (default: the one before)"
    )
    phase.add_argument("--before", type=usage.index, metavar="N", help="the phase it comes before")
    check = _words(what, "check", "PLAN check K CHECK")
    common.phase_argument(check, parts=True)
    text = check.add_mutually_exclusive_group(required=True)
    text.add_argument("check", nargs="?", help=f"one check in YAML, {_CHECK}")
    text.add_argument("--yaml", metavar="CHECK", help="the same")
    note = _words(what, "note", "PLAN note K TEXT")
    common.phase_argument(note)
    note.add_argument("text", help="one more paragraph for the note of the phase")


def _words(
    what: argparse._SubParsersAction[argparse.ArgumentParser], name: str, usage: str
) -> argparse.ArgumentParser:
    """The parser of one thing to add; the options of every verb may stand behind it too."""
    parser = what.add_parser(name, prog="todo_manager add", usage=f"todo_manager add {usage}")
    parser.allow_abbrev = False
    nothing = argparse.SUPPRESS  # as default, it leaves what stood before the words for this one
    parser.add_argument("-C", dest="folder", default=nothing, help=nothing)
    parser.add_argument("--json", action="store_true", default=nothing, help=nothing)
    parser.add_argument("--actor", default=nothing, help=nothing)
    return parser


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0, 2 for what the reader of plans would not take, 3 when the file cannot be written."""
    add = {"phase": _phase, "check": _check, "note": _note}[arguments.what]
    return add(arguments, output)


def _phase(arguments: argparse.Namespace, output: Output) -> int:
    phase = _new_phase(arguments)

    def wanted(found: PlanDoc, name: str) -> Edit:
        if arguments.before is not None:
            authoring.phase_of(found, arguments.before, name)
        return edits.add_phase(name, phase, arguments.before)

    done = _edited(arguments, wanted)
    at = len(done.plan.phases) - 1 if arguments.before is None else arguments.before
    added = done.plan.phases[at]
    id_ = word(done.plan.id)
    lacks = "" if added.verify else f"no check yet: todo_manager add {id_} check {at} 'file: …'"
    what = f"phase {at} ({added.key}) added"
    authored.tell(done, output, what, lacks=lacks, phase=at, key=added.key)
    return 0


def _new_phase(arguments: argparse.Namespace) -> Map:
    texts = {name: getattr(arguments, name) for name in ("key", "title", "explain", "note")}
    found = Map((name, Scalar(text)) for name, text in texts.items() if text)
    if arguments.needs is not None:
        keys = [key.strip() for key in arguments.needs.split(",")]
        found["needs"] = Seq(Scalar(key) for key in keys if key)
    return found


def _check(arguments: argparse.Namespace, output: Output) -> int:
    index, part = arguments.phase
    check = _read_check(arguments.yaml if arguments.check is None else arguments.check)

    def wanted(found: PlanDoc, name: str) -> Edit:
        authoring.part_of(found, index, part, name)
        return edits.add_check(index, check, part)

    done = _edited(arguments, wanted)
    phase = done.plan.phases[index]
    id_ = identify(phase.verify if part is None else phase.parts[part - 1].verify)[-1]
    id_ = id_ if part is None else f"{part}.{id_}"
    what = f"phase {index} ({phase.key}): check {id_} added"
    authored.tell(done, output, what, phase=index, key=phase.key, check=id_)
    return 0


def _read_check(text: str) -> Map:
    """A check as typed; InvalidDocument or UsageProblem when it is no mapping in YAML."""
    problems = Problems("the check")
    found = loader.load(text, problems)
    if problems.errors:
        raise InvalidDocument(problems.errors, hint=f"nothing was written; a check is {_CHECK}")
    if not isinstance(found, Map):
        raise UsageProblem("a check is a mapping in YAML", hint=_CHECK)
    return found


def _note(arguments: argparse.Namespace, output: Output) -> int:
    index, text = arguments.phase, arguments.text
    if not text.strip():
        raise UsageProblem("an empty note says nothing", hint="todo_manager add --help")

    def wanted(found: PlanDoc, name: str) -> Edit:
        authoring.phase_of(found, index, name)
        return edits.add_note(index, text)

    done = _edited(arguments, wanted)
    key = done.plan.phases[index].key
    authored.tell(done, output, f"phase {index} ({key}): note added", phase=index, key=key)
    return 0


def _edited(arguments: argparse.Namespace, wanted: Wanted) -> Edited:
    project = common.open_project(arguments)
    plan = common.plan_of(project, arguments.plan)
    return authoring.edit(project, plan, wanted, common.actor(arguments, project))
