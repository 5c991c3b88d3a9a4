"""What is wrong or weak in plan documents, each with its line and what to write.

Everything of all files is told at once. Nothing is stored: run it before
`import` and `accept`, and in CI.

exit: 0 nothing but warnings · 1 a phase that can never be done · 2 a plan that
does not load
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from msgspec import structs

from todo_manager import binding, documents, lint, project
from todo_manager.errors import InvalidDocument, Kind, Refused
from todo_manager.lint import advice
from todo_manager.lint.base import ERROR, WARNING, Finding
from todo_manager.render.output import Output
from todo_manager.render.plain import counted
from todo_manager.shellword import word


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a plan document")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 when nothing but warnings is found, 1 for a plan that cannot be done, 2 if one does not load."""
    root = project.find(Path.cwd()) or project.home_for(Path.cwd())
    settings = project.settings(root)
    found: list[Finding] = []
    refused: list[Finding] = []
    hints: list[str] = []
    for name in dict.fromkeys(arguments.files):
        try:
            document = documents.read(Path(name))
            path = binding.project_path(root, Path(name))
            for bound in binding.bind(root, settings, document, path):
                found += lint.look(root, bound)
        except InvalidDocument as error:
            refused += advice.explained(name, error.problems, _bytes(name), level=ERROR)
            hints.append(error.hint)
    errors = [each for each in found if each.level == ERROR]
    warnings = [each for each in found if each.level == WARNING]
    output.data = {
        "errors": [each.text() for each in errors],
        "warnings": [each.text() for each in warnings],
        "findings": [structs.asdict(each) for each in (*refused, *errors, *warnings)],
    }
    _tell(errors, output)
    _tell(warnings, output)
    if refused:
        raise _unreadable(refused, hints, output)
    if errors:
        raise Refused(
            f"{counted(len(errors), 'phase')} that can never be done",
            kind=Kind.LINT_FAILED,
            hint=f"correct them, then: todo_manager lint {' '.join(map(word, arguments.files))}",
        )
    load = "document loads" if len(arguments.files) == 1 else "documents load"
    output.say(f"{len(arguments.files)} {load}; {counted(len(warnings), 'warning')}")
    return 0


def _bytes(name: str) -> bytes:
    """The document again, for its lines; nothing where there is none to be read."""
    try:
        return documents.read_bytes(Path(name), name)
    except InvalidDocument:
        return b""


def _tell(findings: Iterable[Finding], output: Output) -> None:
    for each in findings:
        output.say(f"{each.level}: {_with_example(each)}")


def _with_example(found: Finding) -> str:
    first, *more = found.example.splitlines()
    rest = "".join(f"\n           {line}" for line in more)
    return f"{found.text()}\n    write: {first}{rest}"


def _unreadable(refused: list[Finding], hints: list[str], output: Output) -> InvalidDocument:
    """What refuses the documents: for people each problem with its example, for programs as found."""
    problems = [each.text() for each in refused]
    output.data["problems"] = problems
    found = InvalidDocument(problems, hint=hints[0] if len(hints) == 1 else "correct them; repeat")
    if not output.json:
        found.message = "\n".join(map(_with_example, refused))
    return found
