"""The whole story in a temporary project: refused, proven, changed, accepted, audited.

It needs no Docker, no network and no terminal; the person's answers are typed on a pseudo-terminal.
"""

from __future__ import annotations

import argparse

from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", action="store_true", help="keep the project folder and name it")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 when every step of the story ended as it must; 5 naming the first that did not."""
    from todo_manager.story import tell

    output.data = tell(output, keep=arguments.keep)
    return 0
