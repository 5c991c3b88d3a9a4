"""Anchors: a store that was rewritten as a whole, or put back, is found out by what is kept outside."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from required import need
from spoiled import copied, database, original_in, untied
from support import Project

REF = "refs/todo_manager/anchors/main"
pytestmark = pytest.mark.git


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = original_in(tmp_path_factory.mktemp("original"))
    git(project.root, "init", "--quiet", "--initial-branch=main")
    return project


@pytest.fixture
def store(original: Project, tmp_path: Path) -> Project:
    return copied(original, tmp_path)


def git(folder: Path, *words: str) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    argv = [need("git"), "-C", str(folder), *words]
    ran = subprocess.run(
        argv, env=env, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    return ran.stdout.strip()


def rewritten(store: Project) -> None:
    """Every event anew, with a chain that fits, the marks that rest on them, and HEAD."""
    with database(store) as db:
        untied(db)
        before, hashes = "0" * 64, {}
        for row in db.execute("SELECT * FROM ledger ORDER BY seq").fetchall():
            event = json.loads(row["body"]) | {"prev": before, "actor": "somebody"}
            event["data"].pop("attestation", None)
            event["data"].pop("needs", None)
            text = json.dumps(event, sort_keys=True, separators=(",", ":"))
            before = hashes[row["seq"]] = hashlib.sha256(text.encode()).hexdigest()
            db.execute(
                "UPDATE ledger SET body = ?, hash = ?, actor = 'somebody' WHERE seq = ?",
                (text, before, row["seq"]),
            )
        for seq, hashed in hashes.items():
            db.execute("UPDATE phases SET mark_hash = ? WHERE mark_seq = ?", (hashed, seq))
            db.execute("UPDATE plans SET accepted_hash = ? WHERE accepted_seq = ?", (hashed, seq))
        db.execute("UPDATE plans SET accepted_by = 'somebody'")
    (store.root / ".todo_manager/HEAD").write_text(f"{max(hashes)} {before}\n")


def anchors(store: Project, tmp_path: Path) -> list[list[str]]:
    return [["--anchor", str(tmp_path / "anchor")], ["--anchor", "git"], ["--anchor", "git:ci"]]


def test_what_is_kept_is_compared_and_kept_on(store: Project, tmp_path: Path) -> None:
    for words in anchors(store, tmp_path):
        first = store.ask("audit", *words).ok().data
        assert "could be compared" in first["anchor"]["kept"]
        assert "already" in store.ask("audit", *words).ok().data["anchor"]["kept"]
    store.run("archive", "q").ok()
    newest = store.events()[-1]
    for words in anchors(store, tmp_path):
        assert (
            store.ask("audit", *words).ok().data["anchor"]["kept"]
            == f"event {newest['seq']} is kept"
        )
    lines = [json.loads(line) for line in (tmp_path / "anchor").read_text().splitlines()]
    assert [line["seq"] for line in lines] == [newest["seq"] - 1, newest["seq"]]
    assert lines[-1]["hash"] == newest["hash"]
    assert [
        json.loads(line)["seq"] for line in git(store.root, "show", f"{REF}:anchor").split("\n")
    ] == [line["seq"] for line in lines]
    assert git(store.root, "rev-list", "--count", REF) == "2"
    assert git(store.root, "log", "-1", "--format=%an %s", REF) == (
        f"tester Event {newest['seq']} of the ledger is {newest['hash']}"
    )


def test_a_store_rewritten_with_a_consistent_chain_is_caught(
    store: Project, tmp_path: Path
) -> None:
    for words in anchors(store, tmp_path):
        store.run("audit", *words).ok()
    rewritten(store)
    store.run("audit").ok()  # nothing in it disagrees
    for words in anchors(store, tmp_path):
        found = store.ask("audit", *words).refused("integrity")
        assert "the ledger holds another" in found.error["message"]
        assert "anchor" not in found.data


def test_a_store_put_back_to_an_older_copy_is_caught(store: Project, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(store.root / ".todo_manager", older)
    store.run("archive", "q").ok()
    for words in anchors(store, tmp_path):
        store.run("audit", *words).ok()
    shutil.rmtree(store.root / ".todo_manager")
    shutil.copytree(older, store.root / ".todo_manager")
    store.run("audit").ok()
    for words in anchors(store, tmp_path):
        found = store.ask("audit", *words).refused("integrity")
        assert "does not hold it" in found.error["message"]
    store.run("archive", "q").ok()  # the same number again, and another event
    for words in anchors(store, tmp_path):
        store.ask("audit", *words).refused("integrity")


def test_a_broken_store_is_kept_nowhere(store: Project, tmp_path: Path) -> None:
    with database(store) as db:
        db.execute("UPDATE outputs SET data = x'00'")
    for words in anchors(store, tmp_path):
        store.ask("audit", *words).refused("integrity")
    assert not (tmp_path / "anchor").exists()
    assert not git(store.root, "for-each-ref", "refs/todo_manager")


def test_a_person_begins_an_anchor_anew(store: Project, tmp_path: Path) -> None:
    """A forged store cannot say so itself: what is no longer asked for stands in the anchor."""
    words = ["--anchor", str(tmp_path / "anchor")]
    store.run("audit", *words).ok()
    rewritten(store)
    store.ask("audit", "--acknowledge", *words).refused("person_required")
    store.person("audit", "--acknowledge", "--reason", "r", *words).ok()
    assert store.states("p") == ["ready", "blocked", "blocked"]
    store.run("audit", *words).ok()
    last = json.loads((tmp_path / "anchor").read_text().splitlines()[-1])
    assert (last["anew"], last["by"]) == (True, "tester")
    rewritten(store)
    store.ask("audit", *words).refused("integrity")


def test_acknowledged_without_its_anchor_it_still_is_another_store(
    store: Project, tmp_path: Path
) -> None:
    words = ["--anchor", str(tmp_path / "anchor")]
    store.run("audit", *words).ok()
    rewritten(store)
    with database(store) as db:
        db.execute("UPDATE outputs SET data = x'00'")
    store.person("audit", "--acknowledge", "--reason", "r").ok()
    store.run("audit").ok()
    store.ask("audit", *words).refused("integrity")


def test_the_environment_of_git_has_no_say(store: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    env = {"GIT_DIR": str(other / ".git"), "GIT_OBJECT_DIRECTORY": str(other / ".git/objects")}
    store.ask("audit", "--anchor", "git", env=env).ok()
    assert not git(other, "for-each-ref")
    assert git(store.root, "for-each-ref", "--format=%(refname)") == REF


def test_hooks_and_settings_of_the_repository_are_not_run(store: Project) -> None:
    hook = store.write(".git/hooks/reference-transaction", "#!/bin/sh\ntouch ran\n", mode=0o755)
    git(store.root, "config", "commit.gpgSign", "true")
    git(store.root, "config", "core.fsmonitor", str(hook))
    store.ask("audit", "--anchor", "git").ok()
    assert not list(store.root.rglob("ran"))


def test_anchors_that_are_none(store: Project, tmp_path: Path) -> None:
    file = tmp_path / "anchor"
    for text in (
        "nonsense\n",
        "{}\n",
        '{"seq": true, "hash": "0", "at": "", "by": ""}\n',
        "\x00\n",
    ):
        file.write_text(text)
        store.ask("audit", "--anchor", file).refused("integrity")
    store.ask("audit", "--anchor", tmp_path).refused("usage")
    assert store.ask("audit", "--anchor", tmp_path / "no" / "folder").exit == 3
    store.ask("audit", "--anchor", "git:../x").refused("usage")
    store.ask("audit", "--anchor", ".todo_manager/anchor").refused("usage")
    tree = git(store.root, "mktree")
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    git(store.root, "update-ref", REF, git(store.root, *identity, "commit-tree", "-m", "x", tree))
    store.ask("audit", "--anchor", "git").refused("integrity")
    shutil.rmtree(store.root / ".git")
    store.ask("audit", "--anchor", "git").refused("usage")
