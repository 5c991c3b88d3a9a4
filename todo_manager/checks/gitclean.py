"""Whether a work tree holds nothing but its commit, submodules included."""

from __future__ import annotations

import os
from contextlib import ExitStack

from todo_manager.checks.gitapart import Apart, apart
from todo_manager.checks.gitcalls import Git
from todo_manager.checks.ground import Unlookable, shown

SHOWN = 5
"""How many paths a message names."""
_MAX_MODULES = 200


class Look:
    """One look at a work tree, submodules included. Close it, which removes what it keeps.

    Making one raises Unlookable where edits could not be seen: a path is marked assume-unchanged or
    skip-worktree, or the repository has attributes that are in no commit.
    """

    def __init__(self, git: Git) -> None:
        self.differences: list[str] = []
        """What keeps it from being clean, in words; empty when it is."""
        self._kept = ExitStack()
        self._trees: list[tuple[str, Apart]] = []
        try:
            self._look(git)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._kept.close()

    def touched(self, seconds: float) -> list[str]:
        """Of a clean one, what was written since, in words: a file that was put back is not the same.

        Raises Unlookable, also when it takes longer for one of its work trees.
        """
        found = []
        for prefix, tree in self._trees:
            tree.git.begin_anew(seconds)
            found += [f"{shown(prefix + path)} (written meanwhile)" for path in tree.touched()]
            found += [f"{shown(prefix + path)} ({how})" for path, how in _others(tree.git)]
        return found

    def _look(self, git: Git) -> None:
        waiting = [("", git)]
        seen = 0
        while waiting:
            prefix, here = waiting.pop()
            if seen > _MAX_MODULES:
                raise Unlookable(f"it has more than {_MAX_MODULES} submodules")
            modules = self._look_at(prefix, here)
            seen += len(modules)
            for path in modules:
                module = here.below(path)
                if not module.why_none():
                    module.open()
                    waiting.append((f"{prefix}{path}/", module))
                elif os.path.isdir(module.where) and os.listdir(module.where):
                    what = f"{shown(prefix + path)} (files in a submodule that is not there)"
                    self.differences.append(what)

    def _look_at(self, prefix: str, git: Git) -> list[str]:
        """One of the work trees; the paths of its submodules."""
        _refuse_hidden(prefix, git)
        _refuse_attributes(prefix, git)
        tree = self._kept.enter_context(apart(git))
        self._trees.append((prefix, tree))
        changed = [*_changed(tree.git), *_other_line_ends(tree.git), *_others(tree.git)]
        known = {path for path, _ in changed}
        changed += [(path, "staged") for path in _staged(git) if path not in known]
        self.differences += [f"{shown(prefix + path)} ({how})" for path, how in changed]
        return _modules(tree.git)


def _refuse_hidden(prefix: str, git: Git) -> None:
    """`ls-files -v` shows marked paths with `S` or a small letter."""
    marked = git.picked("^[a-zS] ", "ls-files", "-v", "-z")
    if marked:
        names = few([shown(prefix + record[2:]) for record in marked])
        raise Unlookable(
            f"edits of {names} cannot be seen: assume-unchanged or skip-worktree is set; "
            "git update-index --no-assume-unchanged --no-skip-worktree takes it off"
        )


def _refuse_attributes(prefix: str, git: Git) -> None:
    """Attributes outside the work tree make files equal to the commit that are not."""
    path = os.path.join(git.where, git.text("rev-parse", "--git-path", "info/attributes"))
    if os.path.exists(path) and not os.path.isfile(path):
        raise Unlookable(f"{shown(path)} is not a regular file")
    try:
        with open(path, "rb") as file:
            lines = [line.strip() for line in file]
    except FileNotFoundError:
        return
    if any(line and not line.startswith(b"#") for line in lines):
        raise Unlookable(
            f"{shown(prefix)}.git/info/attributes may hide edits; what it says belongs into .gitattributes"
        )


def _other_line_ends(git: Git) -> list[tuple[str, str]]:
    """Paths whose lines end otherwise than in the commit, though no attribute wants that.

    Git converts them when they are added and takes them for unchanged from then on, but what is on
    disk is what runs.
    """
    records = git.picked("^i/lf +w/(crlf|mixed) ", "ls-files", "--eol", "-z")
    parted = [record.split("\t", 1) for record in records]
    return [(path, "other line ends") for about, path in parted if "eol=crlf" not in about]


def _staged(git: Git) -> list[str]:
    """Paths that the repository's own index has otherwise than the commit."""
    names = git.text("diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD")
    return [name for name in names.split("\0") if name]


def _changed(git: Git) -> list[tuple[str, str]]:
    """Paths that differ from the commit. Git would look into submodules with their own configuration,
    so it is kept from it."""
    words = ["--porcelain=v2", "-z", "--untracked-files=no", "--ignore-submodules=dirty"]
    ran = git.text("status", *words, "--no-renames", "--no-ahead-behind")
    return [(_path(record), "changed") for record in ran.split("\0") if record]


def _others(git: Git) -> list[tuple[str, str]]:
    """Untracked paths that no .gitignore names.

    `.git/info/exclude` has no say: it is no part of the repository, and hides whatever it likes.
    """
    words = ["--others", "--exclude-per-directory=.gitignore", "--directory", "-z"]
    others = git.text("ls-files", *words, "--no-empty-directory")
    found = [(path, "untracked") for path in others.split("\0") if path]
    return found + [(path, "untracked, and names itself") for path in _self_named(git)]


def _self_named(git: Git) -> list[str]:
    """Every .gitignore that is untracked, and ignored, beside what the commit has.

    It hides whatever it likes, as `.git/info/exclude` does. A folder of which nothing is in the commit
    (a cache, a virtual environment, our store) may hide itself.
    """
    words = ["--others", "--ignored", "--exclude-per-directory=.gitignore", "-z"]
    named = git.picked(r"(^|/)\.gitignore$", "ls-files", *words)
    tracked: dict[str, bool] = {}
    for path in named:
        folder = os.path.dirname(path) or "."
        if folder not in tracked:
            tracked[folder] = git.run("ls-files", "-z", "--", folder).stdout.size > 0
    return [path for path in named if tracked[os.path.dirname(path) or "."]]


def _path(record: str) -> str:
    """`1 XY sub mH mI mW hH hI path`; of an unmerged one (`u`) the path is the eleventh word."""
    return record.split(" ", 10 if record.startswith("u") else 8)[-1]


def _modules(git: Git) -> list[str]:
    """The paths of submodules, as the commit has them."""
    records = git.picked("^160000 ", "ls-files", "--stage", "-z")
    return [record.split("\t", 1)[1] for record in records]


def few(names: list[str]) -> str:
    """Some names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
