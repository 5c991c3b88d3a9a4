"""Looks at a work tree without asking anything of its `.git` but the objects of one commit.

A repository's own index remembers which files it took for unchanged, and its settings, attributes and
excludes say what counts as a change: whoever edits a file can make all of them say that nothing was edited.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from todo_manager.checks import git_objects_program
from todo_manager.checks.gitcalls import Git, said
from todo_manager.checks.ground import Unlookable

_OF_CONTENT = ("core.autocrlf", "core.eol", "extensions.objectformat")
"""The settings that say how files are stored: without them, all would look changed."""


@contextmanager
def apart(git: Git) -> Iterator[Git]:
    """The same work tree under a `.git` of our own: HEAD's objects, an index made of them, no more.

    Raises Unlookable where HEAD has no commit or an object of it is not what its name says.
    """
    commit = git.text("rev-parse", "--verify", "HEAD^{commit}")
    objects = os.path.join(git.where, git.text("rev-parse", "--git-path", "objects"))
    with tempfile.TemporaryDirectory(prefix="todo_manager-git-") as made:
        folder = Path(made)
        for name in ("objects", "refs"):
            (folder / name).mkdir()
        (folder / "HEAD").write_text(f"{commit}\n")
        (folder / "config").write_text(_settings(git))
        found = git.with_repository(made, objects)
        _refuse_others(found, commit)
        found.text("read-tree", commit)
        yield found


def _refuse_others(git: Git, commit: str) -> None:
    """Raise Unlookable unless a commit and its trees hash to their names."""
    ran = git.program_of_ours(git_objects_program.__file__, git.program.path, git.where, commit)
    if ran.exit == 1:
        raise Unlookable(
            f"the object {said(ran)} is not what its name says: someone has put another in its place; "
            "git fsck tells more"
        )
    if ran.exit != 0:
        raise Unlookable(f"git cannot read what {commit[:12]} holds: {said(ran)}")


def _settings(git: Git) -> str:
    lines = ["[core]", "repositoryformatversion = 1", "bare = false"]
    for key in _OF_CONTENT:
        ran = git.run("config", "--get", key)
        value = ran.stdout.kept.decode("utf-8", "replace").strip()
        if ran.exit == 0 and value.replace("-", "").isalnum():
            section, name = key.split(".")
            lines += [f"[{section}]", f"{name} = {value}"]
    return "\n".join(lines) + "\n"
