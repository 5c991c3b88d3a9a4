"""The whole story in a temporary project: refused, proven, changed, accepted, audited.

It needs no Docker, no network and no terminal; the person's answers are typed on a pseudo-terminal.
With --containers it is another story: a whole container roll-out on a real Docker engine.
"""

from __future__ import annotations

import argparse

from todo_manager.render.output import Output


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", action="store_true", help="keep the project folder and name it")
    parser.add_argument(
        "--containers",
        action="store_true",
        help="carry out the plan docker_arch_impl on a Docker engine, and take it back",
    )
    parser.add_argument(
        "--docker", default="", metavar="URL", help="its engine, like unix:///run/docker.sock"
    )
    parser.add_argument(
        "--registry", default="", metavar="HOST:PORT", help="its registry; else one is started"
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    """0 when every step of the story ended as it must; 5 naming the first that did not."""
    if arguments.containers:
        from todo_manager import container_story

        output.data = container_story.tell(
            output, engine=arguments.docker, registry=arguments.registry, keep=arguments.keep
        )
        return 0
    from todo_manager.story import tell

    output.data = tell(output, keep=arguments.keep)
    return 0
