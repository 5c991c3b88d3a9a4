"""A run of `verify` in the formats that CI systems read: each a function from its data to a text."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from todo_manager.errors import UsageProblem
from todo_manager.render.output import Output

FORMATS = ("junit", "tap")
"""What `--format` takes; each is a module here with a function of the same name."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The option, for a verb that runs checks."""
    parser.add_argument(
        "--format", choices=FORMATS, help="JUnit XML or TAP 14 on standard output, for CI"
    )


def asked(name: str | None, output: Output) -> Callable[[Any], str] | None:
    """What writes the answer in the format that was asked for; None where it is lines or JSON.

    Whole runs alone are written: a document of half a run would look clean.
    """
    if name is None:
        return None
    if output.json:
        raise UsageProblem(
            f"--format {name} and JSON both want standard output",
            hint=f"todo_manager verify PLAN --format {name}",
        )
    output.quiet = True
    return writer(name)


def writer(name: str) -> Callable[[Any], str]:
    """The function that writes the data of `verify` in one of FORMATS."""
    module = __import__(f"{__name__}.{name}", fromlist=[name])
    found: Callable[[Any], str] = getattr(module, name)
    return found
