"""What works here and what does not: the program, the store, settings, names, kinds, the machine.

One line each, with what to type for a warning or a problem. Nothing is changed, but with --repair:
then what a deployment left behind that was killed is brought to its end or taken back, and the service
serves again. Without a project it looks at the program and the machine.

exit: 0 no problem · 2 settings or env file do not load · 3 the store cannot work ·
      5 a program or tool that is used is missing or another one, or a service could not
      be put right · 7 a stopped process holds a phase · 9 ledger and HEAD differ
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from todo_manager import doctor
from todo_manager.commands import common
from todo_manager.doctor.base import Finding, Level
from todo_manager.errors import TodoError
from todo_manager.render import doctor_text
from todo_manager.render.output import Output

_FIRST = (2, 3, 9, 6, 4, 7)
"""Which exit code wins: that of the contract, then any other."""


def arguments(parser: argparse.ArgumentParser) -> None:
    said = "put right what deployments have left behind, then look"
    parser.add_argument("--repair", action="store_true", help=said)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print every finding; 0 without a problem, else what verbs that meet the worst one exit with."""
    found = []
    for finding in itertools.chain(_repaired(arguments), doctor.examine(Path.cwd())):
        found.append(finding)
        if not output.json:
            doctor_text.tell(finding, output)
    output.data = {
        "findings": [_public(each) for each in found],
        "counts": {level: sum(each.level == level for each in found) for level in Level},
    }
    errors = [finding.error for finding in found if finding.error is not None]
    if errors:
        raise min(errors, key=_rank)
    return 0


def _repaired(arguments: argparse.Namespace) -> Iterator[Finding]:
    if not arguments.repair:
        return
    from todo_manager.doctor import deployments

    project = common.open_project(arguments)
    try:
        yield from deployments.repair(project, common.actor(arguments, project))
    finally:
        project.close()


def _public(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "level": finding.level,
        "said": finding.said,
        "hint": finding.hint,
        "kind": str(finding.error.kind) if finding.error else None,
    }


def _rank(error: TodoError) -> int:
    return _FIRST.index(error.exit) if error.exit in _FIRST else len(_FIRST)
