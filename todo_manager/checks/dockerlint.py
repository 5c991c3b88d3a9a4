"""Runs hadolint on a Dockerfile and judges its findings here: its own settings could hide them."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import World
from todo_manager.checks.command import tail_of, why_no_exit_code
from todo_manager.checks.expect import Judgement, load_json
from todo_manager.checks.fields import Wrong
from todo_manager.checks.ground import Unlookable
from todo_manager.checks.judge_file import judged

LEVELS = ("error", "warning", "info", "style")
"""hadolint's words, the gravest first."""
SHOWN = 10
"""How many findings a message names."""
_level = fields.one_of(*LEVELS)


class Lint(Struct, frozen=True, kw_only=True):
    """Which findings fail."""

    fail_on: str
    """The mildest level that does."""
    ignore: tuple[str, ...] = ()
    """Rules that do not."""


def lint_of(tree: Tree) -> Lint:
    """A level, or `{fail_on: level, ignore: [rules]}`."""
    if not isinstance(tree, dict):
        return Lint(fail_on=_level(tree))
    if "fail_on" not in tree or set(tree) - {"fail_on", "ignore"}:
        raise Wrong("expected a level, or {fail_on: level, ignore: [rules]}")
    ignore = fields.needles(tree["ignore"]) if "ignore" in tree else ()
    return Lint(fail_on=_level(tree["fail_on"]), ignore=ignore)


def judge_lint(world: World, path: str, name: str, wanted: Lint, seconds: float) -> Judgement:
    """What hadolint finds in a file; raises Unlookable or Unresolvable where it does not answer."""
    program = world.program("hadolint").path
    with tempfile.TemporaryDirectory() as folder:
        # Without a file of settings it looks for one where it runs, and at home.
        settings = os.path.join(folder, "settings.yaml")
        with open(settings, "w", encoding="utf-8") as file:
            file.write("ignored: []\n")
        argv = [program, "--no-fail", "--format", "json", "--disable-ignore-pragma"]
        ran = world.run([*argv, "--config", settings, path], timeout=max(seconds, 0.1))
    if reason := why_no_exit_code(ran, seconds, program):
        raise Unlookable(reason)
    found = _findings(ran.stdout.kept, ran.exit, tail_of(ran))
    grave = LEVELS[: LEVELS.index(wanted.fail_on) + 1]
    told = [
        f"{name}:{one.get('line')}: {one.get('code')} {one.get('message')}"
        for one in found
        # A level that is not known is taken for the gravest.
        if one.get("code") not in wanted.ignore and one.get("level") not in set(LEVELS) - set(grave)
    ]
    more = [f"{len(told) - SHOWN} more"] if len(told) > SHOWN else []
    expected = f"hadolint finds nothing from {wanted.fail_on} up in {name}"
    return judged(not told, expected, "; ".join(told[:SHOWN] + more) or "nothing found")


def _findings(data: bytes, code: int | None, said: str) -> list[dict[str, Any]]:
    try:
        found = load_json(data.decode("utf-8", "replace"))
    except ValueError:
        found = None
    if code != 0 or not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Unlookable(f"hadolint exited {code} without a report{said}")
    return found
