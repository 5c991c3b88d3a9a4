"""Stores of other programs and users, on full disks, damaged, lost: said plainly, nothing made up."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from forked import NOBODY, Forked
from furnished import READS, WRITES, demand_reads, demand_refused_writes, furnish, store
from required import absent
from support import Project


@pytest.fixture
def forked(project, tmp_path) -> Project:
    """Such a project, whose commands run in forks: quick, where no start of the program is needed."""
    return furnish(Forked(project.root, tmp_path / "home"))


@pytest.fixture
def ready(forked, project) -> Project:
    """Such a project, whose commands are started as users start them."""
    return project


def test_a_store_of_a_newer_version_is_read_and_not_written(forked):
    with sqlite3.connect(store(forked) / "store.db") as db:
        db.execute("PRAGMA user_version = 99")
    demand_refused_writes(forked, "store_newer", [*WRITES, ("init",)])
    demand_reads(forked)
    assert "is of version 99" in forked.ask("done", "p", 1).error["message"]


def test_a_store_whose_tables_a_newer_version_has_changed(forked):
    with sqlite3.connect(store(forked) / "store.db") as db:
        db.execute("ALTER TABLE phases RENAME TO parts")
        db.execute("PRAGMA user_version = 99")
    forked.ask("show", "p").refused("store_newer")


@pytest.fixture
def shared() -> Iterator[Forked]:
    """A project of root's that others may read, in a folder they can reach (pytest's is closed)."""
    if os.getuid():
        absent("root", "needs to be root, to become somebody else")
    with tempfile.TemporaryDirectory(prefix="shared-") as folder:
        root = Path(folder, "project")
        root.mkdir()
        Path(folder).chmod(0o755)
        yield furnish(Forked(root, root))  # type: ignore[misc]


@contextlib.contextmanager
def open_elsewhere(project: Project) -> Iterator[None]:
    """Somebody has the store open, as a screen has, so that the WAL file stays; something is in it."""
    with contextlib.closing(sqlite3.connect(store(project) / "store.db")) as db:
        db.execute("SELECT count(*) FROM plans").fetchone()
        project.run("set", "p", "N=0").ok()
        assert (store(project) / "store.db-wal").stat().st_size > 0
        yield


def without_wal(project: Project) -> None:
    """Whoever closes the store last takes the WAL file away; a run that ends at once may leave it."""
    with contextlib.closing(sqlite3.connect(store(project) / "store.db")) as db:
        db.execute("SELECT count(*) FROM plans").fetchone()
    assert not (store(project) / "store.db-wal").exists()


def left_by_a_crash(project: Project) -> None:
    """WAL and shared memory lie there, and nobody has the store open."""
    with open_elsewhere(project):
        kept = {f.name: f.read_bytes() for f in store(project).iterdir() if f.is_file()}
    for name, data in kept.items():
        (store(project) / name).write_bytes(data)
    assert (store(project) / "store.db-wal").stat().st_size > 0


@pytest.mark.root
@pytest.mark.parametrize("wal", ["gone", "in use", "left by a crash"])
def test_a_store_of_another_user_is_read_and_not_written(shared, wal):
    with contextlib.ExitStack() as stack:
        if wal == "in use":
            stack.enter_context(open_elsewhere(shared))
        elif wal == "left by a crash":
            left_by_a_crash(shared)
        else:
            without_wal(shared)
        shared.uid = NOBODY
        demand_refused_writes(shared, "store_read_only")
        demand_reads(shared)
        assert shared.ask("show", "p").data["plan"]["phases"][0]["state"] == "done"
        bound = {"N": "0"} if wal != "gone" else {}
        assert shared.ask("show", "p").data["plan"]["inputs"] == bound, "not the newest state"


@pytest.mark.root
def test_a_store_that_another_user_may_not_even_enter(shared):
    store(shared).chmod(0o700)
    shared.uid = NOBODY
    for words in READS:
        shared.ask(*words).refused("store_unreadable")
    for words in WRITES:
        assert shared.ask(*words).exit == 3


@pytest.mark.root
def test_a_script_folder_that_another_user_may_not_enter(shared):
    shared.write("phases/q/p0_check.sh", "exit 0")
    shared.run("import", "plans/q.yaml").ok()
    (shared.root / "phases" / "q").chmod(0o700)
    shared.uid = NOBODY
    phase = shared.ask("show", "q").ok().data["plan"]["phases"][0]
    assert "cannot be looked into" in phase["reason"] or "is gone" in phase["reason"], phase


@pytest.mark.root
def test_a_user_without_a_name(shared):
    shared.uid = 54321
    for path in [shared.root, *shared.root.rglob("*")]:
        os.chown(path, shared.uid, shared.uid)
    del shared.env["TODO_MANAGER_ACTOR"]
    shared.env["HOME"] = "/nonexistent"
    shared.run("set", "p", "N=2").ok()
    assert shared.events("set")[-1]["actor"] == "uid 54321"
    shared.plan("f", "- {title: T, verify: [{file: evidence.txt}]}")
    shared.ask("done", "f", 0).ok()


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of 600 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mounting, capture_output=True).returncode:
        absent("root", "may not mount a file system")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Fill a disk but for some bytes; the file that does it."""
    filler = disk / "filler"
    space = os.statvfs(disk)
    with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
        file.write(b"x" * max(0, space.f_bavail * space.f_frsize - leave))
    return filler


@pytest.mark.root
def test_a_full_disk_records_all_or_nothing(small_disk, tmp_path):
    root = small_disk / "project"
    root.mkdir()
    project = furnish(Project(root, tmp_path))
    filler = fill(small_disk, 0)
    refused = project.ask("done", "p", 1).refused("disk_full")
    assert "free some space" in refused.error["hint"]
    demand_reads(project)
    filler.unlink()
    assert project.states("p") == ["done", "ready"]
    assert project.ask("audit").ok().data["events"] == 2
    exits = []
    for leave in range(4096, 200_000, 20_480):
        filler = fill(small_disk, leave)
        exits.append(project.run("done", "p", 1).exit)
        filler.unlink()
        project.run("audit").ok()
        assert exits[-1] in (0, 3)
        assert (project.states("p")[1] == "done") == (exits[-1] == 0)
    assert exits[-1] == 0, "enough room was left in the end"
    assert len(project.events("done")) == 2
    demand_reads(project)


@pytest.mark.root
def test_a_full_disk_for_private_files_is_an_error_and_not_a_pass(small_disk, ready):
    """TMPDIR is full: the programs of the checks cannot be prepared, or another place is found."""
    (small_disk / "tmp").mkdir()
    fill(small_disk, 0)
    ran = ready.ask("done", "p", 1, env={"TMPDIR": str(small_disk / "tmp")})
    assert ran.exit in (0, 3, 5)
    assert (ready.states("p")[1] == "done") == (ran.exit == 0)
    assert list((small_disk / "tmp").iterdir()) == []


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 200)


def cut(size: int) -> Callable[[Path], None]:
    return lambda path: os.truncate(path, size)


def write(text: str) -> Callable[[Path], Any]:
    return lambda path: path.write_text(text)


def to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


GENESIS = "0" * 64
DAMAGE: dict[str, tuple[str, Callable[[Path], Any], str, str]] = {
    # what: (file, what happens to it, kind of `done`, kind of `audit`)
    "store.db: garbage": ("store.db", garbage, "store_unreadable", "store_unreadable"),
    "store.db: cut in the middle": ("store.db", cut(20_000), "store_unreadable", "store_unreadable"),
    "store.db: cut in its head": ("store.db", cut(100), "store_unreadable", "store_unreadable"),
    "store.db: emptied": ("store.db", cut(0), "integrity", "store_unreadable"),
    "store.db: missing": ("store.db", Path.unlink, "store_missing", "store_missing"),
    "store.db: a folder": ("store.db", to_folder, "store_unreadable", "store_unreadable"),
    "HEAD: missing": ("HEAD", Path.unlink, "integrity", "integrity"),
    "HEAD: empty": ("HEAD", cut(0), "integrity", "integrity"),
    "HEAD: a word": ("HEAD", write("hello\n"), "integrity", "integrity"),
    "HEAD: binary": ("HEAD", garbage, "integrity", "integrity"),
    "HEAD: ahead": ("HEAD", write(f"99 {'a' * 64}\n"), "integrity", "integrity"),
    "HEAD: another hash": ("HEAD", write(f"2 {'a' * 64}\n"), "integrity", "integrity"),
    "HEAD: negative": ("HEAD", write(f"-1 {'a' * 64}\n"), "integrity", "integrity"),
    "HEAD: nothing, with a hash": ("HEAD", write(f"0 {'a' * 64}\n"), "integrity", "integrity"),
    "HEAD: a folder": ("HEAD", to_folder, "store_unreadable", "store_unreadable"),
    "locks: a folder": ("locks", to_folder, "store_read_only", ""),
}  # fmt: skip


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_named_and_makes_nothing_done(forked, what):
    name, harm, kind, audit = DAMAGE[what]
    harm(store(forked) / name)
    told = forked.ask("done", "p", 1).refused(kind)
    assert told.error["hint"]
    assert "mistake" not in told.error["message"]
    if audit:
        forked.ask("audit").refused(audit)
    for words in READS:
        ran = forked.ask(*words)
        assert ran.exit in (0, 3, 9), ran
        assert ran.exit == 0 or ran.error["kind"] != "internal"


def test_a_lost_store_is_not_begun_anew_beside_its_head(forked):
    """Whoever removes store.db must not find an empty store that looks like a fresh one."""
    (store(forked) / "store.db").unlink()
    for words in (("init",), ("import", "plans/p.yaml")):
        told = forked.ask(*words).refused("integrity")
        assert "HEAD has seen event 2" in told.error["message"]
    assert not (store(forked) / "store.db").exists()


def test_a_head_that_was_left_behind_is_brought_up(forked):
    head = store(forked) / "HEAD"
    newest = head.read_text()
    with sqlite3.connect(store(forked) / "store.db") as db:
        first = db.execute("SELECT hash FROM ledger WHERE seq = 1").fetchone()[0]
    head.write_text(f"1 {first}\n")
    forked.run("audit").ok()
    forked.ask("done", "p", 0).ok()
    assert head.read_text() == newest


@pytest.mark.parametrize("words", [*READS, *WRITES, ("audit",), ("diff", "p"), ("accept", "p")])
def test_without_a_store_it_says_what_to_type(tmp_path, words):
    (tmp_path / "nothing").mkdir()
    project = Forked(tmp_path / "nothing", tmp_path)
    if words[0] == "import":
        return
    told = project.ask(*words).refused("store_missing")
    assert "todo_manager init" in told.error["hint"]
    assert list(project.root.iterdir()) == []
