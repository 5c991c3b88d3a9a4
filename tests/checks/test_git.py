"""`git`: what passes, fails and cannot be told, and what would fool it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from gated import phases_of
from required import need
from support import Project

pytestmark = pytest.mark.git

IDENTITY = {
    "GIT_AUTHOR_NAME": "n",
    "GIT_AUTHOR_EMAIL": "n@example.org",
    "GIT_COMMITTER_NAME": "n",
    "GIT_COMMITTER_EMAIL": "n@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "file",
}


class Repository:
    """A repository made for a test."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self("init", "--quiet", "--initial-branch=main", *options)

    def __call__(self, *words: str) -> str:
        argv = [need("git"), "-C", str(self.path), *words]
        env = {"PATH": os.environ["PATH"], "HOME": str(self.path)} | IDENTITY
        ran = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
        return ran.stdout.strip()

    def commit(self, text: str = "one\n", *options: str) -> str:
        """Another commit of the file `a`; its name."""
        (self.path / "a").write_text(text)
        self("add", "a")
        self("commit", "--quiet", "-m", text, *options)
        return self("rev-parse", "HEAD")


@pytest.fixture
def project(project: Project) -> Project:
    need("git")
    return Forked(project.root, Path(project.env["HOME"]))


@pytest.fixture
def make(project: Project) -> Any:
    """A repository of the project with one commit, and, if asked for, a remote that has it."""

    def new(name: str, *, remote: bool = False) -> Repository:
        found = Repository(project.root / name)
        found.commit()
        if remote:
            other = Path(project.env["HOME"]) / f"{name}.git"
            Repository(other, "--bare")
            found("remote", "add", "origin", str(other))
            found("push", "--quiet", "origin", "main")
        return found

    return new


@pytest.fixture
def verify(project: Project) -> Any:
    """The result of each check, from one `verify`; each case is a check and its true verdict."""

    def run(cases: dict[str, tuple[str, str]]) -> dict[str, dict[str, Any]]:
        project.plan("p", phases_of(check for check, _ in cases.values()))
        phases = project.ask("verify", "p").data["phases"]
        found = {name: phase["checks"][0] for name, phase in zip(cases, phases, strict=True)}
        verdicts = {name: row["verdict"] for name, row in found.items()}
        assert verdicts == {name: verdict for name, (_, verdict) in cases.items()}, found
        return found

    return run


def test_branch_and_commit(make: Any, verify: Any, project: Project) -> None:
    repo = make("r")
    head = repo("rev-parse", "HEAD")
    other = make("detached")
    other("checkout", "--quiet", "--detach")
    Repository(project.root / "unborn")
    project.write("folder/x", "x")
    found = verify(
        {
            "bare": ("{git: r}", "passed"),
            "branch": ("{git: r, branch: main}", "passed"),
            "another branch": ("{git: r, branch: release}", "failed"),
            "part of the name": ("{git: r, branch: mai}", "failed"),
            "commit": (f"{{git: r, commit: '{head}'}}", "passed"),
            "short": (f"{{git: r, commit: '{head[:7].upper()}'}}", "passed"),
            "another": ("{git: r, commit: '0123456'}", "failed"),
            "detached": ("{git: detached, branch: main}", "failed"),
            "detached, any": ("{git: detached}", "passed"),
            "no commit yet": ("{git: unborn, branch: main}", "failed"),
            "no repository": ("{git: folder}", "failed"),
            "nothing there": ("{git: none}", "failed"),
            "a file": ("{git: folder/x}", "failed"),
        }
    )
    assert "detached" in found["detached"]["actual"]
    assert "no commit yet" in found["no commit yet"]["actual"]


def test_a_folder_is_not_taken_for_the_repository_around_it(
    make: Any, verify: Any, project: Project
) -> None:
    """Such as a submodule that was never fetched."""
    make(".")
    project.write("vendor/lib/x", "x")
    project.write("broken/.git/HEAD", "nothing of the kind")
    found = verify(
        {
            "the top": ("{git: .}", "passed"),
            "below it": ("{git: vendor/lib}", "failed"),
            "a spoiled one below it": ("{git: broken}", "error"),
        }
    )
    assert "no .git of its own" in found["below it"]["actual"]


def test_clean(make: Any, verify: Any) -> None:
    make("clean")
    (make("changed").path / "a").write_text("two\n")
    staged = make("staged")
    (staged.path / "a").write_text("two\n")
    staged("add", "a")
    (make("gone").path / "a").unlink()
    noted = make("noted")
    (noted.path / "b").write_text("")
    noted("add", "--intent-to-add", "b")
    (make("untracked").path / "b").write_text("")
    ignored = make("ignored")
    (ignored.path / ".gitignore").write_text("*.log\n")
    ignored("add", ".gitignore")
    ignored("commit", "--quiet", "-m", "i")
    (ignored.path / "x.log").write_text("")
    excluded = make("excluded")
    (excluded.path / ".git/info/exclude").write_text("*\n")
    (excluded.path / "b").write_text("")
    configured = make("configured")
    configured("config", "core.excludesFile", str(configured.path / ".git/info/exclude"))
    configured("config", "status.showUntrackedFiles", "no")
    (configured.path / ".git/info/exclude").write_text("*\n")
    (configured.path / "b").write_text("")
    self_named = make("self_named")
    (self_named.path / ".gitignore").write_text("*\n")
    (self_named.path / "b").write_text("")
    own = make("own")
    (own.path / "cache").mkdir()
    (own.path / "cache/.gitignore").write_text("*\n")
    (own.path / "cache/b").write_text("")
    modes = make("modes")
    modes("config", "core.fileMode", "false")
    (modes.path / "a").chmod(0o755)
    Repository(modes.path.parent / "bare", "--bare")
    modes("push", "--quiet", "../bare", "main")
    found = verify(
        {
            "clean": ("{git: clean, clean: true}", "passed"),
            "changed": ("{git: changed, clean: true}", "failed"),
            "staged": ("{git: staged, clean: true}", "failed"),
            "gone": ("{git: gone, clean: true}", "failed"),
            "to be added": ("{git: noted, clean: true}", "failed"),
            "untracked": ("{git: untracked, clean: true}", "failed"),
            "ignored by a .gitignore": ("{git: ignored, clean: true}", "passed"),
            "excluded": ("{git: excluded, clean: true}", "failed"),
            "excluded by a setting": ("{git: configured, clean: true}", "failed"),
            "excluded by a file that excludes itself": ("{git: self_named, clean: true}", "failed"),
            "a folder that hides itself": ("{git: own, clean: true}", "passed"),
            "another mode": ("{git: modes, clean: true}", "failed"),
            "no work tree": ("{git: bare, clean: true}", "error"),
        }
    )
    assert "a (changed)" in found["changed"]["actual"]
    assert "b (untracked)" in found["excluded"]["actual"]


def test_edits_that_settings_make_invisible(make: Any, verify: Any) -> None:
    """Each of these is clean to `git status`, too."""
    folded = make("folded")
    folded("config", "core.ignoreCase", "true")
    (folded.path / "A").write_text("beside the a of the commit\n")
    ignored = make("ignored")
    (ignored.path / ".gitignore").write_text("build/\n")
    ignored("add", ".gitignore")
    ignored("commit", "--quiet", "-m", "i")
    ignored("config", "core.ignoreCase", "true")
    (ignored.path / "BUILD").mkdir()
    (ignored.path / "BUILD/x").write_text("")
    converted = make("converted")
    converted("config", "core.autocrlf", "input")
    (converted.path / "a").write_bytes(b"one\r\n")
    # What is as young as the index is read again, whatever git thinks to know of it.
    os.utime(converted.path / "a", (1e9, 1e9))
    converted("add", "a")
    converted("config", "--unset", "core.autocrlf")
    attributes = make("attributes")
    (attributes.path / ".git/info").mkdir(exist_ok=True)
    (attributes.path / ".git/info/attributes").write_text("# of nobody\n* text=auto\n")
    (attributes.path / "a").write_bytes(b"one\r\n")
    attributes("add", "a")
    wanted = make("wanted")
    (wanted.path / ".gitattributes").write_text("a text eol=crlf\n")
    (wanted.path / "a").write_bytes(b"one\r\n")
    wanted("add", ".")
    wanted("commit", "--quiet", "-m", "w")
    for repository in (folded, ignored, converted, attributes, wanted):
        assert repository("status", "--porcelain") == ""
    found = verify(
        {
            "a name in other letters": ("{git: folded, clean: true}", "failed"),
            "an ignored name in other letters": ("{git: ignored, clean: true}", "failed"),
            "other line ends": ("{git: converted, clean: true}", "failed"),
            "attributes of no commit": ("{git: attributes, clean: true}", "error"),
            "line ends that the commit wants": ("{git: wanted, clean: true}", "passed"),
        }
    )
    assert "a (other line ends)" in found["other line ends"]["actual"]


def test_edits_that_the_index_takes_for_none(make: Any, verify: Any) -> None:
    """`git status` believes what the index remembers of a file; all of these are clean to it, too."""
    primed = make("primed")
    (primed.path / "a").write_text("evil\n")
    (primed.path / ".git/info").mkdir(exist_ok=True)
    (primed.path / ".git/info/attributes").write_text("a filter=x\n")
    primed("config", "filter.x.clean", "cat > /dev/null; git show HEAD:a")
    past = time.time() - 10  # what is as new as the index is looked into
    os.utime(primed.path / "a", (past, past))
    primed("add", "a")
    primed("update-index", "--refresh")
    primed("config", "--remove-section", "filter.x")
    (primed.path / ".git/info/attributes").unlink()
    assert primed("status", "--porcelain") == ""
    found = verify({"primed": ("{git: primed, clean: true}", "failed")})
    assert "a (changed)" in found["primed"]["actual"]


def test_another_tree_in_the_place_of_one_of_the_commit(make: Any, verify: Any) -> None:
    swapped = make("swapped")
    (swapped.path / "d").mkdir()
    (swapped.path / "d/b").write_text("good\n")
    swapped("add", "d")
    swapped("commit", "--quiet", "-m", "d")
    assert verify({"before": ("{git: swapped, clean: true}", "passed")})
    good = swapped("rev-parse", "HEAD:d")
    (swapped.path / "d/b").write_text("evil\n")
    swapped("add", "d")
    evil = swapped("rev-parse", f"{swapped('write-tree')}:d")
    stored = [swapped.path / ".git/objects" / name[:2] / name[2:] for name in (good, evil)]
    stored[0].chmod(0o600)
    stored[0].write_bytes(stored[1].read_bytes())
    assert swapped("status", "--porcelain") == ""
    found = verify({"swapped": ("{git: swapped, clean: true}", "error")})
    assert good in found["swapped"]["actual"]


def test_the_store_does_not_make_its_project_unclean(make: Any, project: Project) -> None:
    repo = make(".")
    project.plan("p", "- {title: T, verify: [{git: ., clean: true}]}")
    repo("add", "plans")
    repo("commit", "--quiet", "-m", "plan")
    project.ask("done", "p", 0).ok()
    project.write("src/new.py", "x")
    assert (
        "src/ (untracked)" in project.ask("verify", "p", 0).data["phases"][0]["checks"][0]["actual"]
    )


def test_names_that_are_no_text(make: Any, verify: Any, project: Project) -> None:
    planted = project.root / "planted"
    program = project.write("evil.sh", f"#!/bin/sh\ntouch '{planted}'\ncat\n", mode=0o755)
    repo = make("r")
    (repo.path / ".gitattributes").write_bytes(b"a filter=\xff\n")
    repo("add", ".")
    repo("commit", "--quiet", "-m", "attributes")
    with (repo.path / ".git/config").open("ab") as file:
        file.write(b'[filter "\xff"]\n\tclean = "%s"\n' % os.fsencode(program))
        file.write(b'[remote "origin"]\n\turl = /none/\xff\n')
    os.utime(repo.path / "a", (1, 1))
    strange = make("strange")
    (strange.path / os.fsdecode(b"\xff\n\x1b")).write_text("")
    found = verify(
        {
            "a filter": ("{git: r, clean: true}", "passed"),
            "a url": ("{git: r, pushed: true}", "error"),
            "a file": ("{git: strange, clean: true}", "failed"),
        }
    )
    assert not planted.exists()
    assert all(row["actual"].isprintable() for row in found.values())


def test_edits_that_are_marked_to_be_overlooked(make: Any, verify: Any) -> None:
    for name in ("assume-unchanged", "skip-worktree"):
        repo = make(name)
        repo("update-index", f"--{name}", "a")
        (repo.path / "a").write_text("two\n")
    stat = make("stat")
    stat("config", "core.ignoreStat", "true")
    stat("config", "core.trustctime", "false")
    times = os.stat(stat.path / "a")
    (stat.path / "a").write_text("two\n")
    os.utime(stat.path / "a", ns=(times.st_atime_ns, times.st_mtime_ns))
    found = verify(
        {
            "assume": ("{git: assume-unchanged, clean: true}", "error"),
            "skip": ("{git: skip-worktree, clean: true}", "error"),
            "the same size and time": ("{git: stat, clean: true}", "failed"),
        }
    )
    assert "edits of a cannot be seen" in found["assume"]["actual"]


def test_submodules(make: Any, verify: Any, project: Project) -> None:
    library = make("library")
    for name in ("same", "dirty", "moved", "quiet", "absent", "filled"):
        repo = make(name)
        repo("submodule", "--quiet", "add", str(library.path), "lib")
        repo("commit", "--quiet", "-m", "with a library")
    (project.root / "dirty/lib/b").write_text("")
    Repository(project.root / "moved/lib").commit("two\n")
    quiet = project.root / "quiet"
    (quiet / "lib/a").write_text("two\n")
    Repository(quiet)("config", "submodule.lib.ignore", "all")
    Repository(quiet)("config", "diff.ignoreSubmodules", "all")
    for name in ("absent", "filled"):
        Repository(project.root / name)("submodule", "--quiet", "deinit", "--force", "lib")
    (project.root / "filled/lib/b").write_text("")
    found = verify(
        {
            "same": ("{git: same, clean: true}", "passed"),
            "dirty": ("{git: dirty, clean: true}", "failed"),
            "at another commit": ("{git: moved, clean: true}", "failed"),
            "told to be ignored": ("{git: quiet, clean: true}", "failed"),
            "not fetched": ("{git: absent, clean: true}", "passed"),
            "not fetched, but not empty": ("{git: filled, clean: true}", "failed"),
        }
    )
    assert "lib/b (untracked)" in found["dirty"]["actual"]


def test_nothing_that_the_repository_names_is_run(make: Any, verify: Any, project: Project) -> None:
    planted = project.root / "planted"
    program = project.write("evil.sh", f"#!/bin/sh\ntouch '{planted}'\ncat\n", mode=0o755)
    library = make("library")
    repo = make("r", remote=True)
    repo("submodule", "--quiet", "add", str(library.path), "lib")
    (repo.path / ".gitattributes").write_text("a filter=evil=x\nb filter=proc\n")
    (repo.path / "b").write_text("b")
    repo("add", ".")
    repo("commit", "--quiet", "-m", "attributes")
    repo("push", "--quiet", "origin", "main")
    for place in (repo, Repository(repo.path / "lib")):
        for key in (
            "core.fsmonitor", "core.sshCommand", "core.askPass", "core.pager", "core.gitProxy",
            "credential.helper", "diff.external", "filter.evil=x.clean", "filter.evil=x.smudge",
            "filter.proc.process", "gpg.program", "gpg.ssh.program", "gpg.ssh.defaultKeyCommand",
            "remote.origin.uploadpack", "alias.status",
        ):  # fmt: skip
            place("config", key, str(program))
        place("config", "remote.origin.vcs", "evil")
        place("config", "core.hooksPath", str(project.root / "hooks"))
    for hook in ("post-index-change", "fsmonitor-watchman"):
        project.write(f"hooks/{hook}", program.read_text(), mode=0o755)
    for name in ("a", "b"):
        os.utime(repo.path / name, (1, 1))
    verify({"clean and pushed": ("{git: r, clean: true, pushed: true}", "passed")})
    assert not planted.exists()


def test_the_environment_of_the_command_has_no_say(
    make: Any, verify: Any, project: Project
) -> None:
    other = make("other")
    other("checkout", "--quiet", "-b", "release")
    make("r")
    project.env |= {
        "GIT_DIR": str(other.path / ".git"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.worktree",
        "GIT_CONFIG_VALUE_0": str(other.path),
    }
    found = verify(
        {
            "its branch": ("{git: r, branch: main}", "passed"),
            "the other's": ("{git: r, branch: release}", "failed"),
        }
    )
    assert found["its branch"]["facts"]["toplevel"] == str(project.root / "r")


def test_another_work_tree_than_its_folder(make: Any, verify: Any) -> None:
    repo, other = make("r"), make("other")
    (repo.path / "a").write_text("changed\n")
    repo("config", "core.worktree", str(other.path))
    found = verify({"elsewhere": ("{git: r, clean: true}", "error")})
    assert "another folder" in found["elsewhere"]["actual"]


def test_tags(make: Any, verify: Any, project: Project) -> None:
    repo = make("r", remote=True)
    repo("tag", "light")
    repo("tag", "-m", "words", "noted")
    repo("push", "--quiet", "origin", "light", "noted")
    repo("tag", "local")
    first = repo("rev-parse", "HEAD")
    repo.commit("two\n")
    repo("tag", "moved")
    repo("push", "--quiet", "origin", "main", "moved")
    repo("tag", "--force", "moved", first)
    repo("push", "--quiet", "origin", "HEAD:refs/heads/refs/tags/decoy")
    repo("update-ref", "refs/remotes/origin/tags/local", "HEAD")
    at_first = f"{project.env['HOME']}/r.git"
    here = Repository(project.root / "here")
    here("fetch", "--quiet", at_first, first)
    here("checkout", "--quiet", "-B", "main", first)
    here("remote", "add", "origin", at_first)
    found = verify(
        {
            "lightweight": ("{git: here, tag: light}", "passed"),
            "annotated": ("{git: here, tag: noted}", "passed"),
            "by its url": (f"{{git: here, tag: light, remote: '{at_first}'}}", "passed"),
            "only here": ("{git: r, tag: local}", "failed"),
            "at another commit": ("{git: r, tag: light}", "failed"),
            "another one here": ("{git: r, tag: moved}", "failed"),
            "a branch named like a tag": ("{git: r, tag: decoy}", "failed"),
            "nowhere": ("{git: r, tag: v9}", "failed"),
        }
    )
    assert "only here" in found["only here"]["actual"]
    assert found["at another commit"]["actual"] == f"it is at {first[:12]}"


def test_pushed(make: Any, verify: Any, project: Project) -> None:
    make("pushed", remote=True)
    make("ahead", remote=True).commit("two\n")
    pretended = make("pretended", remote=True)
    pretended.commit("two\n")
    pretended("update-ref", "refs/remotes/origin/main", "HEAD")
    behind = make("behind", remote=True)
    behind.commit("two\n")
    behind("push", "--quiet", "origin", "main")
    behind("reset", "--quiet", "--hard", "HEAD~1")
    make("unknown", remote=True)
    other = Repository(Path(project.env["HOME"]) / "other")
    other("pull", "--quiet", f"{project.env['HOME']}/unknown.git", "main")
    other.commit("three\n")
    other("push", "--quiet", f"{project.env['HOME']}/unknown.git", "main")
    replaced = make("replaced", remote=True)
    there = replaced("rev-parse", "HEAD")
    replaced("reset", "--hard", "--quiet", replaced("commit-tree", "HEAD^{tree}", "-m", "other"))
    replaced("replace", "--graft", there, "HEAD")
    elsewhere = make("elsewhere", remote=True)
    elsewhere("checkout", "--quiet", "-b", "feature")
    detached = make("detached", remote=True)
    detached("checkout", "--quiet", "--detach")
    found = verify(
        {
            "pushed": ("{git: pushed, branch: main, pushed: true}", "passed"),
            "detached": ("{git: detached, pushed: true}", "passed"),
            "behind": ("{git: behind, pushed: true}", "passed"),
            "ahead": ("{git: ahead, pushed: true}", "failed"),
            "a remote branch kept here says so": ("{git: pretended, pushed: true}", "failed"),
            "replace refs say so": ("{git: replaced, pushed: true}", "failed"),
            "no such branch there": ("{git: elsewhere, pushed: true}", "failed"),
            "it went on without us": ("{git: unknown, pushed: true}", "error"),
        }
    )
    assert "git fetch" in found["it went on without us"]["actual"]
    assert "no branch feature" in found["no such branch there"]["actual"]


def test_remotes_that_are_none(make: Any, verify: Any, project: Project, closed_port: int) -> None:
    make("alone")
    itself = make("itself")
    itself("remote", "add", "origin", ".")
    tree = make("tree")
    tree("worktree", "add", "--quiet", str(project.root / "second"), "-b", "second")
    tree("remote", "add", "origin", str(project.root / "second"))
    down = make("down")
    down("remote", "add", "origin", f"git://user:hunter2@127.0.0.1:{closed_port}/r.git")
    gone = make("gone")
    gone("remote", "add", "origin", str(project.root / "none.git"))
    program = make("program")
    program("remote", "add", "origin", "ext::sh -c touch% planted")
    real = make("real", remote=True)
    real.commit("two\n")
    real("config", f"url.{project.root / 'real/.git'}.insteadOf", f"{project.env['HOME']}/real.git")
    found = verify(
        {
            "no remote": ("{git: alone, tag: v1}", "failed"),
            "itself": ("{git: itself, pushed: true}", "failed"),
            "another work tree of itself": ("{git: tree, pushed: true}", "failed"),
            "down": ("{git: down, pushed: true}", "error"),
            "not there": ("{git: gone, pushed: true}", "error"),
            "a program": ("{git: program, pushed: true}", "error"),
            "another one in its place": ("{git: real, pushed: true}", "failed"),
        }
    )
    assert not (project.root / "planted").exists()
    assert not (project.root / "program/planted").exists()
    assert "hunter2" not in str(found)
    assert found["down"]["facts"]["remote"].startswith("origin (git://***@127.0.0.1")
    assert not found["down"]["outputs"]


def test_shallow_and_partial_clones(make: Any, verify: Any, project: Project) -> None:
    repo = make("r", remote=True)
    repo.commit("two\n")
    repo("push", "--quiet", "origin", "main")
    url = f"file://{project.env['HOME']}/r.git"
    repo("clone", "--quiet", "--depth=1", url, str(project.root / "shallow"))
    shallow = Repository(project.root / "shallow")
    repo("clone", "--quiet", url, str(project.root / "partial"))
    Repository(project.root / "partial")("config", "remote.origin.promisor", "true")
    shallow("fetch", "--quiet", "--depth=1", "origin", "main")
    tip = repo("rev-parse", "HEAD")
    (shallow.path / "a").write_text("mine\n")
    shallow("commit", "--quiet", "-am", "mine")
    found = verify(
        {
            "its history is cut": ("{git: shallow, pushed: true}", "error"),
            "partial": ("{git: partial, clean: true}", "error"),
        }
    )
    assert tip[:12] in found["its history is cut"]["actual"]
    assert "partial clone" in found["partial"]["actual"]


@pytest.fixture
def keys(tmp_path: Path) -> Any:
    """An SSH key by name; the path of its private half."""

    def new(name: str) -> Path:
        path = tmp_path / name
        argv = [need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)]
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
        return path

    return new


def test_signatures_by_ssh(make: Any, verify: Any, project: Project, keys: Any) -> None:
    known, stranger = keys("known"), keys("stranger")
    for name, key in {"signed": known, "strange": stranger}.items():
        repo = make(name)
        settings = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"]
        repo(*settings, "commit", "--quiet", "--allow-empty", "-S", "-m", "signed")
    make("plain")
    trusting = Repository(project.root / "strange")
    line = f"* {Path(f'{stranger}.pub').read_text()}"
    project.write("strange/.git/allowed", line)
    trusting("config", "gpg.ssh.allowedSignersFile", str(project.root / "strange/.git/allowed"))
    edited = make("edited")
    raw = project.root / "signed"
    body = Repository(raw)("cat-file", "commit", "HEAD").replace("\nsigned", "\nforged") + "\n"
    project.write("body", body)
    edited("fetch", "--quiet", str(raw), "main")
    edited(
        "reset", "--soft", edited("hash-object", "-t", "commit", "-w", str(project.root / "body"))
    )
    public = Path(f"{known}.pub").read_text()
    project.write("allowed", f"me@example.org {public}")
    project.write("expired", f'me@example.org valid-before="20200101" {public}')
    project.write("for_files", f'me@example.org namespaces="file" {public}')
    project.write("empty", "\n")
    found = verify(
        {
            "by a known key": ("{git: signed, signed: {allowed_signers: allowed}}", "passed"),
            "by its principal": (
                "{git: signed, signed: {allowed_signers: allowed, principals: [me@example.org]}}",
                "passed",
            ),
            "by somebody else": (
                "{git: signed, signed: {allowed_signers: allowed, principals: [me@example]}}",
                "failed",
            ),
            "not signed": ("{git: plain, signed: {allowed_signers: allowed}}", "failed"),
            "by a key the repository alone trusts": (
                "{git: strange, signed: {allowed_signers: allowed}}",
                "failed",
            ),
            "another text under the signature": (
                "{git: edited, signed: {allowed_signers: allowed}}",
                "failed",
            ),
            "expired key": ("{git: signed, signed: {allowed_signers: expired}}", "failed"),
            "key for other things": (
                "{git: signed, signed: {allowed_signers: for_files}}",
                "failed",
            ),
            "no keys": ("{git: signed, signed: {allowed_signers: empty}}", "error"),
            "no file of keys": ("{git: signed, signed: {allowed_signers: none}}", "error"),
        }
    )
    assert found["not signed"]["actual"] == "it has no signature"


def test_signatures_by_openpgp(make: Any, verify: Any, project: Project, tmp_path: Path) -> None:
    gpg = need("gpg")
    prints = {}
    for name in ("known", "stranger"):
        home = tmp_path / name
        home.mkdir(mode=0o700)
        base = [gpg, "--homedir", str(home), "--batch", "--quiet", "--passphrase", ""]
        kind = ["--quick-generate-key", f"{name}@example.org", "ed25519", "sign", "never"]
        subprocess.run([*base, *kind], check=True, capture_output=True)
        listed = [*base, "--with-colons", "--list-keys"]
        told = subprocess.run(listed, check=True, capture_output=True, text=True).stdout
        prints[name] = next(row for row in told.splitlines() if row.startswith("fpr")).split(":")[9]
        wrapper = tmp_path / f"gpg-{name}"
        wrapper.write_text(f'#!/bin/sh\nexec {gpg} --homedir {home} --batch "$@"\n')
        wrapper.chmod(0o755)
        settings = ["-c", f"gpg.program={wrapper}", "-c", f"user.signingkey={prints[name]}"]
        make(name)(*settings, "commit", "--quiet", "--allow-empty", "-S", "-m", "signed")
        exported = [*base, "--armor", "--export"]
        key = subprocess.run(exported, check=True, capture_output=True, text=True).stdout
        project.write(f"{name}.asc", key)
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    project.write("broken.asc", "no key\n")
    verify(
        {
            "known": ("{git: known, signed: {keyring: known.asc}}", "passed"),
            "by its fingerprint": (
                f"{{git: known, signed: {{keyring: known.asc, fingerprints: '{prints['known']}'}}}}",
                "passed",
            ),
            "by another one": (
                f"{{git: known, signed: {{keyring: known.asc, fingerprints: {prints['stranger']}}}}}",
                "failed",
            ),
            "stranger": ("{git: stranger, signed: {keyring: known.asc}}", "failed"),
            "no keys in it": ("{git: known, signed: {keyring: broken.asc}}", "error"),
        }
    )


@pytest.mark.parametrize("name", ["allowed", "allowed[1]", "./allowed"])
def test_the_file_of_keys_belongs_to_the_definition(
    make: Any, project: Project, keys: Any, name: str
) -> None:
    key = keys("known")
    settings = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"]
    make("r")(*settings, "commit", "--quiet", "--allow-empty", "-S", "-m", "signed")
    project.write(name, "other@example.org " + Path(f"{keys('other')}.pub").read_text())
    project.plan(
        "p", f"- {{title: T, verify: [{{git: r, signed: {{allowed_signers: '{name}'}}}}]}}"
    )
    project.ask("done", "p", 0).refused("check_failed")
    project.write(name, "me@example.org " + Path(f"{key}.pub").read_text())
    project.ask("done", "p", 0).refused("definition_changed")


def test_the_commit_and_the_tag_may_be_inputs(make: Any, project: Project) -> None:
    """They say what the plan is about: once bound, another commit is not the one."""
    repo = make("r", remote=True)
    head = repo("rev-parse", "HEAD")
    phase = '- {title: T, verify: [{git: r, commit: "${GIT_SHA}", pushed: true}]}'
    project.plan("p", phase, head="inputs: [GIT_SHA]\n")
    project.ask("done", "p", 0, env={"GIT_SHA": head[:10]}).ok()
    repo.commit("two\n")
    repo("push", "--quiet", "origin", "main")
    assert project.ask("verify", "p", 0).exit == 1


WRONG = [
    ({"git": ".", "branch": "refs/heads/main"}, "expected the name of a branch or tag"),
    ({"git": ".", "tag": "v1..2"}, "expected the name of a branch or tag"),
    ({"git": ".", "tag": "-v"}, "expected the name of a branch or tag"),
    ({"git": ".", "commit": "abc123"}, "at least 7"),
    ({"git": ".", "commit": "main"}, "expected a commit"),
    ({"git": ".", "clean": False}, "expected true"),
    ({"git": ".", "signed": True}, "a signature counts by a key that is known"),
    ({"git": ".", "signed": {"allowed_signers": "/etc/keys"}}, "belongs to the definition"),
    ({"git": ".", "signed": {"keyring": "a", "principals": "b"}}, "unknown key principals"),
    ({"git": ".", "signed": {"keyring": "a", "fingerprints": "1234"}}, "fingerprint"),
    ({"git": ".", "remote": "--upload-pack=x", "pushed": True}, "expected the name or URL"),
    ({"git": ".", "remote": "upstream"}, "neither is here"),
    ({"git": "../x"}, "no `..`"),
]  # fmt: skip


@pytest.mark.parametrize(("mapping", "reason"), WRONG)
def test_refused_at_load(refused: Any, mapping: dict[str, Any], reason: str) -> None:
    assert reason in refused(mapping)


@pytest.mark.parametrize("name", ["branch", "remote"])
def test_inputs_may_not_stand_in_an_expectation(refused: Any, name: str) -> None:
    assert "the input X" in refused({"git": ".", "tag": "v1", name: "${X}"}, inputs=["X"])


def test_a_bare_check_is_doubted(check: Any) -> None:
    assert check({"git": "."}).lint() == [
        "any repository with a commit passes: say what it must be"
    ]
    assert not check({"git": ".", "clean": True}).lint()
