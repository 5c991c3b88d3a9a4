"""The check kind `git`: what a repository has checked out, and what its remote knows of it.

`gitcalls.py` runs git, `gitclean.py` looks at the work tree, `gitremote.py` asks the remote,
`gitsigned.py` verifies signatures; `Git` says what is wanted of them.
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import Annotated, Any

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields, gitclean
from todo_manager.checks.base import Check, Outcome, Unresolvable, World, conclude, unanswered
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.gitcalls import Git as Calls
from todo_manager.checks.gitremote import judge_pushed, judge_tag, remote_of
from todo_manager.checks.gitsigned import Signers, file_of, judge_signature, signers
from todo_manager.checks.ground import Ground, Unlookable, location, shown
from todo_manager.checks.judge_file import judged

_NAME = re.compile(r"(?![-/.])(?!.*(?:\.\.|@\{|//|/\.|\.lock$|[/.]$))[^\s~^:?*\[\\\x00-\x1f\x7f]+")


def _name(tree: Tree) -> str:
    """A branch or tag, without `refs/…` before it."""
    name = fields.text(tree)
    if not _NAME.fullmatch(name) or name.startswith("refs/") or name in ("@", "HEAD"):
        raise Wrong(f"expected the name of a branch or tag, not {name!r}")
    return name


def _commit(tree: Tree) -> str:
    found = fields.text(tree).lower()
    if not re.fullmatch(r"[0-9a-f]{7,64}", found):
        raise Wrong("expected a commit: at least 7 of its hexadecimal digits")
    return found


def _remote(tree: Tree) -> str:
    found = fields.text(tree)
    if not re.fullmatch(r"[^-\s]\S*", found):
        raise Wrong(f"expected the name or URL of a remote, not {found!r}")
    return found


class _Head(Struct, frozen=True, kw_only=True):
    """What is checked out."""

    commit: str
    """Empty when there is no commit yet."""
    branch: str
    """Empty when HEAD is detached."""

    def shown(self) -> str:
        where = f"on {self.branch}" if self.branch else "detached"
        return f"HEAD is {where} at {self.commit[:12] or 'no commit yet'}"


class Git(Check, frozen=True, kw_only=True):
    """A repository has this branch or commit checked out, is clean, signed, tagged, pushed.

        - git: .
          branch: main
          clean: true
          pushed: true
        - git: .
          commit: "${GIT_SHA}"
          tag: v1.2.0
          remote: origin
          signed: {allowed_signers: security/allowed_signers, principals: [release@example.org]}

    The path is the top of a repository; a folder inside one is not looked at in its place. `tag` and
    `pushed` ask the remote itself, which must answer without a password being typed: copies of its
    refs that are kept here prove nothing. Nothing that the repository's configuration names is run,
    neither hooks nor filters nor helpers, and yours and the system's are not read: a file that only a
    filter (Git LFS) makes equal to its commit may count as changed.
    """

    kind = "git"
    needs = ("git",)
    runs_programs = True

    subject: Annotated[str, Convert(location)] = "."
    """The folder of the repository, below the project or absolute; `.` is the project itself."""
    branch: Annotated[str, Convert(_name, expects=True)] = ""
    """The branch that is checked out."""
    commit: Annotated[str, Convert(_commit)] = ""
    """The commit that is checked out, whole or its first digits, at least 7. It says which commit this
    is about, so an input may stand in it."""
    tag: Annotated[str, Convert(_name)] = ""
    """A tag that the remote has, and that points to the commit checked out. An input may stand in it."""
    clean: Annotated[bool, Convert(fields.only_true, expects=True)] = False
    """true: no file differs from the commit and none is untracked, in submodules neither. Files that a
    .gitignore names are not asked about; `.git/info/exclude` has no say."""
    pushed: Annotated[bool, Convert(fields.only_true, expects=True)] = False
    """true: the branch of the same name on the remote holds the commit; without a branch, any does."""
    remote: Annotated[str, Convert(_remote, expects=True)] = "origin"
    """The remote that `tag` and `pushed` ask: its name, or a URL. What a name stands for is a setting of
    the repository that anybody can change; a URL is part of the definition."""
    signed: Annotated[Signers | None, Convert(signers, expects=True)] = None
    """Whose signature the commit bears: `{allowed_signers: FILE, principals: [..]}` for SSH keys,
    `{keyring: FILE, fingerprints: [..]}` for exported OpenPGP keys. The file is part of the definition."""

    def problems(self) -> list[str]:
        if self.remote != "origin" and not (self.tag or self.pushed):
            return ["remote is asked for a tag or for pushed; neither is here"]
        return []

    def lint(self) -> list[str]:
        asked = (self.branch, self.commit, self.tag, self.clean, self.pushed, self.signed)
        return [] if any(asked) else ["any repository with a commit passes: say what it must be"]

    @classmethod
    def implied_pins(cls, tree: Tree) -> tuple[str, ...]:
        return file_of(tree.get("signed"))

    def attempt(self, world: World, timeout: float) -> Outcome:
        expected = f"{shown(self.subject)} is a git repository"
        facts: dict[str, Any] = {}
        try:
            ground = Ground(world.root, timeout)
            git = Calls(world, ground.real(self.subject), timeout)
            if reason := git.why_none():
                return conclude([judged(False, expected, reason)])
            return conclude(self._look(git, world, ground, facts), facts=facts)
        except (Unlookable, Unresolvable) as problem:
            return unanswered(expected, str(problem), facts=facts)
        except OSError as problem:
            place = shown(str(problem.filename or self.subject))
            return unanswered(expected, f"could not look: {problem.strerror}: {place}", facts=facts)

    def _look(
        self, git: Calls, world: World, ground: Ground, facts: dict[str, Any]
    ) -> list[Judgement]:
        """Everything that is asked; what was found on the way is put into `facts`."""
        facts |= {"program": git.program.path, "sha256": git.program.sha256}
        top = git.open()
        head = _head(git)
        facts |= {"head": head.commit, "branch": head.branch, "toplevel": shown(top or git.where)}
        found = self._judge_head(head)
        if not head.commit:
            return found
        if self.clean:
            found.append(self._judge_clean(git, top))
        if self.signed:
            found.append(judge_signature(git, world, self.signed, ground))
        if self.tag or self.pushed:
            found += self._judge_remote(git, head, facts)
        return found

    def _judge_head(self, head: _Head) -> list[Judgement]:
        so = bool(head.commit)
        found = [judged(so, f"{shown(self.subject)} is a repository with a commit", head.shown())]
        if self.branch:
            so = head.branch == self.branch
            found.append(judged(so, f"the branch {self.branch} is checked out", head.shown()))
        if self.commit:
            so = head.commit.startswith(self.commit)
            found.append(judged(so, f"HEAD is {self.commit}", f"it is {head.commit or 'nothing'}"))
        return found

    def _judge_clean(self, git: Calls, top: str) -> Judgement:
        if not top:
            raise Unlookable("a bare repository has no work tree that could be clean")
        with closing(gitclean.Look(git)) as look:
            found = look.differences
        actual = f"not clean: {gitclean.few(found)}" if found else "clean"
        return judged(not found, f"the work tree of {shown(self.subject)} is clean", actual)

    def _judge_remote(self, git: Calls, head: _Head, facts: dict[str, Any]) -> list[Judgement]:
        remote = remote_of(git, self.remote)
        if isinstance(remote, str):
            return [judged(False, f"the remote {self.remote} can be asked", remote)]
        facts["remote"] = remote.shown()
        found = [judge_tag(git, remote, self.tag, head.commit)] if self.tag else []
        return found + (
            [judge_pushed(git, remote, head.commit, head.branch)] if self.pushed else []
        )


def _head(git: Calls) -> _Head:
    """What HEAD is; a branch without a commit is told apart from a commit that cannot be read."""
    ran = git.run("symbolic-ref", "--quiet", "HEAD")
    if ran.exit not in (0, 1):
        raise Unlookable("HEAD cannot be read")
    ref = ran.stdout.kept.decode("utf-8", "replace").strip()
    if ref and git.run("show-ref", "--verify", "--quiet", ref).exit == 1:
        return _Head(commit="", branch=ref.removeprefix("refs/heads/"))
    commit = git.text("rev-parse", "--verify", "HEAD^{commit}")
    return _Head(commit=commit, branch=ref.removeprefix("refs/heads/"))
