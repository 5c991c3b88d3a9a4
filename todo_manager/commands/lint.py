"""What is wrong or weak in plan documents: everything at once, each with its file and line."""

from __future__ import annotations

import argparse
from pathlib import Path

from todo_manager import binding, documents, lint, project
from todo_manager.errors import Kind, Refused
from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a plan document")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 when nothing but warnings is found, 1 for a plan that cannot be done, 2 if one does not load."""
    root = project.find(Path.cwd()) or project.home_for(Path.cwd())
    errors: list[str] = []
    warnings: list[str] = []
    for name in arguments.files:
        document = documents.read(Path(name))
        path = binding.project_path(root, Path(name))
        bounds = binding.bind(root, project.settings(root), document, path)
        for bound in bounds:
            found = lint.look(root, bound)
            errors += found.errors
            warnings += [line for line in found.warnings if line not in warnings]
    output.data = {"errors": errors, "warnings": warnings}
    for line in errors:
        output.say(f"error: {line}")
    for line in warnings:
        output.say(f"warning: {line}")
    if errors:
        raise Refused(
            f"{len(errors)} phases that can never be done",
            kind=Kind.LINT_FAILED,
            hint="todo_manager lint again after correcting them",
        )
    output.say(f"{len(arguments.files)} documents load; {len(warnings)} warnings")
    return 0
