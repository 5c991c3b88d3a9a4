"""Take a service of a plan back: execute the step `rollback` that a phase has for it, alone.

It is executed as `exec --run` would: only as it was accepted, in the order of the phases, after the
preflight, and recorded. Whether it could be done is what the kind rollback_ready asks.
"""

from __future__ import annotations

import argparse

from todo_manager.commands import service_step
from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    service_step.arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 it serves, 1 it was tried in vain and the old one serves, 2 usage, 4 order, 5 error, 6, 7, 9."""
    return service_step.perform("rollback", arguments, output)
