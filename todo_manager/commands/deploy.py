"""Put a service of a plan into its place: execute the step `deploy` that a phase has for it, alone.

It is executed as `exec --run` would: only as it was accepted, in the order of the phases, after the
preflight, and recorded. The phase gets no mark; `done` asks its checks.
"""

from __future__ import annotations

import argparse

from todo_manager.commands import service_step
from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    service_step.arguments(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 it serves, 1 it was tried in vain and the old one serves, 2 usage, 4 order, 5 error, 6, 7, 9."""
    return service_step.perform("deploy", arguments, output)
