"""Which program reads compose files here, and what it makes of one.

Only Compose itself knows what a file means: `extends`, merged files, defaults and variables. What it says
is read as strictly as any YAML; it holds the values of variables, so it is kept nowhere.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from todo_manager.checks.base import Program, Ran, Unresolvable, World
from todo_manager.checks.command import tail_of, why_no_exit_code
from todo_manager.checks.expect import value_of
from todo_manager.documents.loader import read_tree
from todo_manager.errors import InvalidDocument

_WAYS = (("docker", "compose"), ("docker-compose",))
_REFUSALS = (1, 14, 15)
"""Exit codes by which Compose says that a file is not valid."""
_UNSET = re.compile(r'The \\?"?([A-Za-z_][A-Za-z0-9_]*)\\?"? variable is not set')


class Invalid(Exception):
    """Compose looked at the file and refuses it; the message says why."""


class Tool(Struct, frozen=True, kw_only=True):
    """A program that reads compose files."""

    argv: tuple[str, ...]
    version: tuple[int, ...]
    program: Program

    def facts(self) -> dict[str, Any]:
        """What is kept of it as evidence."""
        version = ".".join(map(str, self.version))
        found = {"program": " ".join(self.argv), "version": version, "sha256": self.program.sha256}
        return {"compose": found}


class Meaning(Struct, frozen=True, kw_only=True):
    """What a compose file means, by Compose's own word."""

    services: dict[str, dict[str, Any]]
    """Every service of the file, those behind profiles too."""
    name: str
    """The project's name, where Compose tells it (not before version 2)."""
    unset: tuple[str, ...]
    """Variables that have no value, in place of which there is nothing now."""


def find(world: World, end: float) -> Tool:
    """`docker compose`, else `docker-compose`; raises Unresolvable when there is neither.

    podman-compose is none of them: it starts services without waiting for the health of others.
    """
    refused = ""
    for name, *words in _WAYS:
        try:
            program = world.program(name)
        except Unresolvable:
            continue
        argv = (program.path, *words)
        ran = world.run([*argv, "version"], timeout=left(end))
        said = _text(ran.stdout.kept) + _text(ran.stderr.kept)
        if "podman" in said.lower():
            refused = f"; {' '.join(argv)} is podman's, which ignores service_healthy"
        elif ran.exit == 0 and (version := re.search(r"\bv?([0-9]+(?:\.[0-9]+)+)", said)):
            numbers = tuple(map(int, version[1].split(".")))
            return Tool(argv=argv, version=numbers, program=program)
    raise Unresolvable(f"needs docker compose or docker-compose{refused}")


def meaning(
    tool: Tool, world: World, path: str, env: Mapping[str, str], project: str, end: float
) -> Meaning:
    """What an absolute path of a compose file means; raises Invalid, Unresolvable when it was not told."""
    # Version 1 shows services behind profiles anyway, and knows no `*`.
    words = ["--profile", "*"] if tool.version >= (2,) else []
    words += ["-p", project] if project else []
    seconds = left(end)
    ran = world.run([*tool.argv, *words, "-f", path, "config"], timeout=seconds, env=env)
    problem = why_no_exit_code(ran, seconds, " ".join(tool.argv))
    talk = _text(ran.stderr.kept)
    if not problem and ran.exit in _REFUSALS and "Traceback (most recent" not in talk:
        raise Invalid(_reason(talk))
    if problem or ran.exit != 0:
        raise Unresolvable(problem or f"{' '.join(tool.argv)} exited {ran.exit}{tail_of(ran)}")
    document = _document(ran)
    return Meaning(
        services=_services(document),
        name=str(document.get("name") or ""),
        unset=tuple(dict.fromkeys(_UNSET.findall(talk))),
    )


def left(end: float) -> float:
    """Seconds until the end of the attempt; raises Unresolvable when there are none."""
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise Unresolvable("there was no time left to ask compose")
    return seconds


def _document(ran: Ran) -> dict[str, Any]:
    if ran.stdout.truncated:
        raise Unresolvable("compose says more than is kept of an output")
    try:
        found = value_of(read_tree(ran.stdout.kept.decode("utf-8"), "the output of compose"))
    except InvalidDocument as problem:
        raise Unresolvable(problem.problems[0]) from None
    except ValueError as problem:
        raise Unresolvable(f"the output of compose: {problem}") from None
    if not isinstance(found, dict):
        raise Unresolvable("the output of compose is no mapping")
    return found


def _services(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = document.get("services")
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise Unresolvable("the output of compose names no services")
    return found


def _reason(talk: str) -> str:
    """Its last words in one line; it may have warned before."""
    lines = [line.strip() for line in talk.splitlines() if line.strip()]
    said = [line for line in lines if not _UNSET.search(line)] or ["it does not say why"]
    return " ".join(said)[-300:]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
