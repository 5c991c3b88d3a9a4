"""Looks at a work tree without asking anything of its `.git` but the objects of one commit.

A repository's own index remembers which files it took for unchanged, and its settings, attributes and
excludes say what counts as a change: whoever edits a file can make all of them say that nothing was edited.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from todo_manager.checks import git_objects_program
from todo_manager.checks.gitcalls import Git, said
from todo_manager.checks.ground import Unlookable

_OF_CONTENT = r"^(core\.autocrlf|core\.eol|extensions\.objectformat)$"
"""The settings that say how files are stored: without them, all would look changed."""


class Apart(NamedTuple):
    """A work tree under a `.git` of our own."""

    git: Git
    index_file: Path
    known: str
    """The sha256 of the index, which knows how every file was that did not differ."""

    def touched(self) -> list[str]:
        """Tracked files that were written, or replaced, since: also those that are as they were again.

        Raises Unlookable when the index itself is another one.
        """
        words = ["--name-only", "--no-renames", "--ignore-submodules=all", "-z"]
        names = self.git.text("diff-files", *words)
        if hashlib.sha256(self.index_file.read_bytes()).hexdigest() != self.known:
            raise Unlookable("the index that was made of its commit was written")
        return [name for name in names.split("\0") if name]


@contextmanager
def apart(git: Git) -> Iterator[Apart]:
    """The same work tree with HEAD's objects and an index made of them, and nothing else of its `.git`.

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
        found.run("update-index", "-q", "--refresh")  # which exits 1 where files differ
        index = folder / "index"
        yield Apart(found, index, hashlib.sha256(index.read_bytes()).hexdigest())


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
    ran = git.run("config", "-z", "--get-regexp", _OF_CONTENT)  # which exits 1 where there is none
    records = ran.stdout.kept.decode("utf-8", "replace").split("\0")
    # Of a setting that is made several times the last counts.
    made = {key: value.strip() for key, _, value in (each.partition("\n") for each in records)}
    for key, value in made.items():
        if value.replace("-", "").isalnum():
            section, name = key.split(".")
            lines += [f"[{section}]", f"{name} = {value}"]
    return "\n".join(lines) + "\n"
