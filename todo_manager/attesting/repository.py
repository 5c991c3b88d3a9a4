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
from typing import Any, Self, cast

from todo_manager.checks import gitclean
from todo_manager.checks.base import Program, Ran, Unresolvable, World
from todo_manager.checks.gitcalls import Git
from todo_manager.checks.ground import Unlookable
from todo_manager.model import Output

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
SECONDS = 60.0
"""How long one look at a repository may take; a large work tree is read to know whether it is clean."""
_LIMIT = 2**20
_OTHER = "another commit was checked out meanwhile"
_PROBLEMS = (Unlookable, Unresolvable, OSError, ValueError)
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


class Watched:
    """What is checked out around a project while something runs. A context: entering it is the first look.

    Nothing is raised: what could not be looked at is not clean.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._look: gitclean.Look | None = None
        self._before: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        self._before = self._first()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._look:
            self._look.close()

    def held(self) -> dict[str, Any] | None:
        """What held until now: `commit`, whether it was `clean` all the time, else `why` not.

        None outside of any repository.
        """
        before = self._before
        if before is None:
            return None if top_of(self._root) is None else _unclean("", _OTHER)
        try:
            opened = open_at(self._root)
            if opened is None or _head(opened[0]) != before["commit"]:
                return _unclean("", _OTHER)
            if before["why"] or self._look is None:
                return before
            touched = self._look.touched(SECONDS)
        except _PROBLEMS as problem:
            return _unclean(before["commit"], f"could not look: {problem}")
        return _unclean(before["commit"], gitclean.few(touched)) if touched else before

    def _first(self) -> dict[str, Any] | None:
        commit = ""
        try:
            opened = open_at(self._root)
            if opened is None:
                return None
            git, work_tree = opened
            commit = _head(git)
            if not work_tree:
                return _unclean(commit, "it has no work tree")
            self._look = gitclean.Look(git)
        except _PROBLEMS as problem:
            return _unclean(commit, f"could not look: {problem}")
        if self._look.differences:
            return _unclean(commit, gitclean.few(self._look.differences))
        return {"commit": commit, "clean": True, "why": ""}


def _unclean(commit: str, why: str) -> dict[str, Any]:
    return {"commit": commit, "clean": False, "why": why}


def _head(git: Git) -> str:
    ran = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if ran.exit != 0:
        raise Unlookable("there is no commit yet")
    return ran.stdout.kept.decode("ascii", "replace").strip()


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
