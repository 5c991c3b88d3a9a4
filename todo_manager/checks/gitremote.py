"""What another repository has: asked of it, never read from the copies kept here.

The remote's URL is taken as it is written and asked outside the repository, so that no setting of it
(`insteadOf`, proxies, helpers, an `uploadpack` of its own) stands between.
"""

from __future__ import annotations

import os
import re

from msgspec import Struct

from todo_manager.checks.expect import Judgement
from todo_manager.checks.gitcalls import Git, masked, said
from todo_manager.checks.ground import Unlookable, shown
from todo_manager.checks.judge_file import judged

_OUTSIDE = {"GIT_DIR": "/dev/null"}
_SCP_LIKE = re.compile(r"[^/]*:")


class Remote(Struct, frozen=True, kw_only=True):
    """A remote and the URL it stands for."""

    name: str
    url: str

    def without_credentials(self, text: str) -> str:
        """A text of git's, which also repeats parts of a URL."""
        found = re.search(r"://([^/]*)@", self.url)
        return text.replace(f"{found[1]}@", "***@") if found else text

    def shown(self) -> str:
        """How it is named in messages and facts."""
        url = shown(masked(self.url))
        return url if self.name == masked(self.url) else f"{self.name} ({url})"


def remote_of(git: Git, name: str) -> Remote | str:
    """The remote of a name, or of a URL or path; a text says why there is none."""
    url = name if ":" in name or "/" in name else _url_of(git, name)
    if not url:
        return f"it has no remote {name}"
    if local := _local(url):
        url = os.path.realpath(os.path.join(git.where, local))
        if _is_itself(git, url):
            return f"{masked(name)} is this repository itself"
    return Remote(name=masked(name), url=url)


def _url_of(git: Git, name: str) -> str:
    """The first URL of a remote, from which it is fetched; empty when there is no such remote."""
    ran = git.run("config", "-z", "--get-all", f"remote.{name}.url")
    if ran.exit not in (0, 1):
        raise Unlookable(f"git config exited {ran.exit}: {said(ran)}")
    return ran.stdout.kept.decode("utf-8", "surrogateescape").split("\0")[0]


def _local(url: str) -> str:
    """The path a URL names on this machine; empty when it is not on this machine."""
    if url.startswith("file://"):
        return url.removeprefix("file://")
    return "" if _SCP_LIKE.match(url) else url


def _is_itself(git: Git, path: str) -> bool:
    """Whether a path is this repository or another work tree of it."""
    own = git.text("rev-parse", "--path-format=absolute", "--git-common-dir")
    other = git.run("-C", path, "rev-parse", "--path-format=absolute", "--git-common-dir")
    theirs = other.stdout.kept.decode("utf-8", "surrogateescape").strip()
    return other.exit == 0 and os.path.realpath(theirs) == os.path.realpath(own)


def refs(git: Git, remote: Remote, *patterns: str) -> dict[str, str]:
    """The refs of a remote by full name, with the object each points to; `…^{}` is what a tag tags."""
    ran = git.run("ls-remote", "--quiet", "--", remote.url, *patterns, env=_OUTSIDE)
    if ran.exit != 0:
        raise Unlookable(
            f"{remote.shown()} does not answer: {remote.without_credentials(said(ran))}"
        )
    if ran.stdout.truncated:
        raise Unlookable(f"{remote.shown()} has more refs than are read")
    lines = ran.stdout.kept.decode("utf-8", "surrogateescape").splitlines()
    return {name: object_ for object_, _, name in (line.partition("\t") for line in lines)}


def judge_tag(git: Git, remote: Remote, tag: str, commit: str) -> Judgement:
    """The remote has the tag, at this commit, and no tag of that name here says otherwise."""
    name = f"refs/tags/{tag}"
    there = refs(git, remote, name, f"{name}^{{}}")
    tagged = there.get(f"{name}^{{}}", there.get(name, ""))
    here = _commit_of(git, name)
    expected = f"{remote.shown()} has the tag {tag} at {commit[:12]}"
    if not tagged:
        only = f", only here, at {here[:12]}" if here else ""
        return judged(False, expected, f"not there{only}")
    if tagged != commit:
        return judged(False, expected, f"it is at {tagged[:12]}")
    so = here in ("", commit)
    return judged(so, expected, "so" if so else f"there it is, but here it is at {here[:12]}")


def judge_pushed(git: Git, remote: Remote, commit: str, branch: str) -> Judgement:
    """The remote's branch is at the commit, or further on by commits that are known here too.

    Without a branch (a detached HEAD) any branch of the remote will do.
    """
    name = f"refs/heads/{branch or '*'}"
    found = refs(git, remote, name)
    tips = {ref: tip for ref, tip in found.items() if not branch or ref == name}
    expected = f"{remote.shown()} has {commit[:12]} on {branch or 'a branch'}"
    if commit in tips.values():
        return judged(True, expected, "so")
    known = [tip for tip in tips.values() if _commit_of(git, tip)]
    if any(_leads_to(git, commit, tip) for tip in known):
        return judged(True, expected, "so, and it is further on")
    told = ", ".join(
        f"{ref.removeprefix('refs/heads/')} is at {tip[:12]}" for ref, tip in tips.items()
    )
    if len(known) < len(tips):
        raise Unlookable(f"there {told}, which is not known here; git fetch, then repeat")
    if tips and git.text("rev-parse", "--is-shallow-repository") == "true":
        raise Unlookable(f"there {told}, and a shallow clone does not know what came before")
    return judged(
        False, expected, told or f"there is no {'branch ' + branch if branch else 'branch'}"
    )


def _commit_of(git: Git, name: str) -> str:
    """The commit a ref or object leads to; empty when it is not known here."""
    ran = git.run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return ran.stdout.kept.decode().strip() if ran.exit == 0 else ""


def _leads_to(git: Git, commit: str, tip: str) -> bool:
    ran = git.run("merge-base", "--is-ancestor", commit, tip)
    if ran.exit not in (0, 1):
        raise Unlookable(f"git cannot tell whether {tip[:12]} follows {commit[:12]}")
    return ran.exit == 0
