"""Try one check without a plan, as a phase would run it; nothing is recorded.

    todo_manager check 'file: README.md'
    todo_manager check http http://127.0.0.1:8080/health 'json={status: ok}'
    todo_manager check command 'grep -q owner docs/rollback.md'
    todo_manager check --yaml "$(cat check.yaml)"

It says what was expected and seen, and prints the check as it is written below
`verify:` in a plan. `check --kinds` lists the kinds, `check --help KIND` tells
all about one.

exit: 0 passed · 1 failed · 2 usage · 5 could not look
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any

from todo_manager import project, trying
from todo_manager.attempt import Attempted, Attempting
from todo_manager.canonical import Map
from todo_manager.checks import KINDS
from todo_manager.commands import common
from todo_manager.documents.substitution import NAME, steers
from todo_manager.errors import UsageProblem
from todo_manager.problems import did_you_mean
from todo_manager.render.output import Output
from todo_manager.render.plain import one_line
from todo_manager.render.run_text import tell_results
from todo_manager.runner import AttemptMade

OWN_HELP = True
"""`--help` takes a kind here."""
SHOWN = 20
"""Lines of a program's output that are shown."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="CHECK",
        help="'KIND: SUBJECT', or KIND SUBJECT [PARAMETER=VALUE ...]",
    )
    parser.add_argument("--yaml", metavar="TEXT", help="the check as YAML; - reads standard input")
    parser.add_argument(
        "--var", action="append", default=[], metavar="NAME=VALUE", help="what ${NAME} stands for"
    )
    parser.add_argument(
        "--secret",
        action="append",
        default=[],
        metavar="NAME",
        help="a secret from the environment or the env file",
    )
    parser.add_argument("--kinds", action="store_true", help="the kinds there are")
    parser.add_argument(
        "-h", "--help", nargs="?", const="", metavar="KIND", help="this help, or all about a kind"
    )
    parser.set_defaults(usage=parser.format_help)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Run a check or tell about kinds; 0 passed or told, 1 failed, 2 usage, 5 could not look."""
    if arguments.help is not None or arguments.kinds:
        return _tell_kinds(arguments, output)
    root = project.find(Path.cwd()) or project.home_for(Path.cwd())
    trial = trying.prepare(
        root,
        _tree(arguments),
        vars_=_handed_over(common.assignments(arguments.var)),
        secret_names=[*_handed_over(dict.fromkeys(arguments.secret, ""))],
    )
    found = _followed(trying.run(trial), output)
    output.data = found.data
    tell_results(found.data, output)
    for row in found.data["checks"]:
        _tell_more(row, output)
    for line in trial.warnings:
        output.say(f"warning: {line}")
    output.say("below verify: in a plan it is")
    output.say(trial.yaml.rstrip("\n"))
    if found.refusal is not None:
        raise found.refusal
    return 0


def _followed(attempting: Attempting, output: Output) -> Attempted:
    """What a run comes to; its repeated attempts are told while one waits."""
    with contextlib.closing(attempting):
        while True:
            try:
                event = next(attempting)
            except StopIteration as end:
                found: Attempted = end.value
                return found
            if isinstance(event, AttemptMade) and not output.json:
                said = f"attempt {event.attempt} {event.verdict} ({one_line(event.message, 60)})"
                output.talk(f"  ... {event.id}: {said}, again in {event.wait_s:g}s")


def _handed_over(names: dict[str, str]) -> dict[str, str]:
    """The same, refused where a plan may not declare such a name."""
    for name in names:
        if not NAME.fullmatch(name) or steers(name):
            raise UsageProblem(f"{name!r} cannot be handed over; choose another name")
    return names


def _tree(arguments: argparse.Namespace) -> Map:
    """The check that is asked for; UsageProblem when it is none or two."""
    words, text = arguments.words, arguments.yaml
    if bool(words) == (text is not None):
        what = "a check is missing" if not words else "a check stands in words or in --yaml"
        raise UsageProblem(what, hint="todo_manager check --help")
    if text is not None:
        return trying.from_yaml(sys.stdin.read() if text == "-" else text)
    if len(words) == 1 and words[0] not in KINDS:
        return trying.from_yaml(words[0])
    return _from_words(*words)


def _from_words(kind: str, *words: str) -> Map:
    _known(kind)
    if not words:
        raise UsageProblem(
            f"{kind} of what? its subject is missing", hint=f"todo_manager check --help {kind}"
        )
    subject, *rest = words
    parameters: dict[str, str] = {}
    for word in rest:
        name, equals, value = word.partition("=")
        if not equals or name in parameters:
            what = "stands twice" if equals else "is not PARAMETER=VALUE"
            raise UsageProblem(f"{word!r} {what}", hint=f"todo_manager check --help {kind}")
        parameters[name] = value
    return trying.from_words(kind, subject, parameters)


def _known(kind: str) -> None:
    if kind not in KINDS:
        raise UsageProblem(
            f"there is no kind of check {kind!r}{did_you_mean(kind, KINDS)}",
            hint="todo_manager check --kinds",
        )


def _tell_kinds(arguments: argparse.Namespace, output: Output) -> int:
    from todo_manager.checks.docs import docs
    from todo_manager.render import kind_text

    kind = arguments.help or next(iter(arguments.words), "")
    if not kind and not arguments.kinds:
        output.json = False  # the help of the verb is text
        output.say(arguments.usage().rstrip("\n"))
        return 0
    if kind:
        _known(kind)
    found = [docs(each) for each in ([kind] if kind else sorted(KINDS))]
    output.data = {"kinds": [_row(each) for each in found]}
    output.say(kind_text.kind_help(found[0]) if kind else kind_text.kind_list(found))
    return 0


def _row(found: Any) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "summary": found.summary,
        "text": found.text,
        "example": found.example,
        "parameters": [
            {"name": p.name, "value": p.words, "default": p.default, "doc": p.doc}
            for p in found.parameters
        ],
    }


def _tell_more(row: dict[str, Any], output: Output) -> None:
    """What was seen besides the verdict: facts, and the end of what was written."""
    if row["verdict"] == "passed":
        output.say(f"      expected: {row['expected']}")
        if row["actual"]:
            output.say(f"      seen:     {row['actual']}")
    for name, value in row["facts"].items():
        output.say(f"      {name}: {value}")
    for stream in row["outputs"]:
        lines = stream["text"].rstrip("\n").splitlines()
        left = f", the last {SHOWN} lines of {len(lines)}" if len(lines) > SHOWN else ""
        output.say(f"      {stream['stream']} ({stream['size']} bytes{left}):")
        for line in lines[-SHOWN:]:
            output.say(f"        | {line}")
