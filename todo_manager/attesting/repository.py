"""The git repository a project lies in: which commit is checked out, whether files differ, and its refs.

It is asked with the care of the check kind `git`: neither GIT_DIR and its like nor the configuration of
the user, the system or the repository decide what is looked at or which programs run.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from todo_manager.checks import gitclean
from todo_manager.checks.base import Program, Ran, Unresolvable, World
from todo_manager.checks.gitcalls import Git
from todo_manager.checks.ground import Unlookable
from todo_manager.model import Output

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
SECONDS = 60.0
"""How long one look at a repository may take; a large work tree is read to know whether it is clean."""
_LIMIT = 2**20
_FULL = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class _Plain:
    """As much of a World as `Git` asks for, without a run of checks around it."""

    def program(self, name: str) -> Program:
        found = shutil.which(name, path=PATH)
        if found is None:
            raise Unresolvable(f"{name} is not installed")
        return Program(path=found, sha256="")

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        cwd: str = ".",
        env: Mapping[str, str] = {},
        user: str = "",
    ) -> Ran:
        around = {"PATH": PATH, "HOME": "/nonexistent", "LANG": "C.UTF-8", "TZ": "UTC"}
        try:
            ran = subprocess.run(
                argv,
                env=around | dict(env),
                capture_output=True,
                timeout=timeout,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return Ran(timed_out=True)
        except OSError as problem:
            return Ran(problem=problem.strerror or str(problem))
        if ran.returncode < 0:
            return Ran(signal=-ran.returncode)
        streams = {"stdout": ran.stdout, "stderr": ran.stderr}
        out, err = (_output(name, data) for name, data in streams.items())
        return Ran(exit=ran.returncode, stdout=out, stderr=err)


def _output(name: str, data: bytes) -> Output:
    sha256 = hashlib.sha256(data).hexdigest()
    cut = len(data) > _LIMIT
    return Output(stream=name, size=len(data), sha256=sha256, kept=data[:_LIMIT], truncated=cut)


def top_of(root: Path) -> str | None:
    """The folder that holds the `.git` a project lies in; None outside of any repository."""
    real = root.resolve()
    for folder in (real, *real.parents):
        if os.path.lexists(folder / ".git"):
            return str(folder)
    return None


def open_at(root: Path) -> tuple[Git, str] | None:
    """git in the repository of a project, and its work tree; None outside of any repository.

    Raises Unlookable or Unresolvable when it cannot be asked.
    """
    top = top_of(root)
    if top is None:
        return None
    git = Git(cast(World, _Plain()), top, SECONDS)
    git.set({"safe.directory": "*"})  # nothing of it is run, whoever it belongs to
    return git, git.open()


def commit(root: Path) -> dict[str, Any] | None:
    """What is checked out around a project: `commit`, whether the work tree is `clean`, else `why` not.

    None outside of any repository. Never raises: what could not be looked at is not clean.
    """
    found: dict[str, Any] = {"commit": "", "clean": False, "why": ""}
    try:
        opened = open_at(root)
        if opened is None:
            return None
        git, work_tree = opened
        found["commit"] = _head(git)
        differences = gitclean.differences(git) if work_tree else ["it has no work tree"]
        found["why"] = gitclean.few(differences) if differences else ""
    except (Unlookable, Unresolvable, OSError, ValueError) as problem:
        found["why"] = f"could not look: {problem}"
    found["clean"] = bool(found["commit"]) and not found["why"]
    return found


def _head(git: Git) -> str:
    ran = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if ran.exit != 0:
        raise Unlookable("there is no commit yet")
    return ran.stdout.kept.decode("ascii", "replace").strip()


def during(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any] | None:
    """What was checked out while something ran: what held before and after it, or why nothing did."""
    if before == after:
        return after
    if before is None or after is None or before["commit"] != after["commit"]:
        return {"commit": "", "clean": False, "why": "another commit was checked out meanwhile"}
    why = before["why"] or after["why"]
    return after | {"clean": False, "why": why}


def resolved(root: Path, wanted: str | None) -> str:
    """The whole name of a commit: HEAD's, or of the one that is `wanted`. Raises Unlookable."""
    if wanted is not None and _FULL.fullmatch(wanted):
        return wanted
    try:
        opened = open_at(root)
        if opened is None:
            raise Unlookable(f"{root} lies in no git repository, and no whole commit was named")
        word = f"{wanted or 'HEAD'}^{{commit}}"
        return opened[0].text("rev-parse", "--verify", "--end-of-options", word).strip()
    except (Unresolvable, OSError) as problem:
        raise Unlookable(str(problem)) from None
