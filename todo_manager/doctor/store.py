"""The project and its store: found, whole, writable, and as its ledger and HEAD say."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from todo_manager import ledger, proof, store
from todo_manager.doctor.base import Finding, Place, ok, problem, warning
from todo_manager.errors import EnvironmentProblem, Kind
from todo_manager.project import STORE
from todo_manager.shellword import word

_REMOTE = ("nfs", "cifs", "smb", "9p", "sshfs", "afs", "ceph", "glusterfs")
"""Beginnings of file system types that do not share memory between machines, which WAL needs."""


def look(place: Place) -> Iterator[Finding]:
    if place.root is None:
        hint = "todo_manager init"
        yield warning("project", f"neither {place.start} nor a folder above it has a store", hint)
        return
    yield ok("project", str(place.root))
    if place.store_error is not None:
        yield problem("store", place.store_error)
    if place.db is None:
        return
    findings = list(_store(place.db, place.root))
    yield from findings
    if any(finding.name == "store" and finding.error for finding in findings):
        place.close()


def _store(db: sqlite3.Connection, root: Path) -> Iterator[Finding]:
    try:
        if newer := store.newer(root):
            yield problem("store", newer)
            return
        sound = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        version = db.execute("PRAGMA user_version").fetchone()[0]
        plans = db.execute("SELECT count(*) FROM plans").fetchone()[0]
        head = proof.head(str(root))
        newest = db.execute("SELECT max(seq) FROM ledger").fetchone()[0] or 0
        at_head = db.execute("SELECT hash FROM ledger WHERE seq = ?", (head[0],)).fetchone()
    except sqlite3.Error as error:
        yield problem("store", store.trouble(error, root))
        return
    if sound != "ok":
        yield problem("store", _damaged(root, str(sound)))
        return
    yield ok("store", f"version {version}, {plans} plan{'' if plans == 1 else 's'}, {_size(root)}")
    yield from _writable(root)
    yield _ledger(head, newest, at_head["hash"] if at_head else None)


def _damaged(root: Path, sound: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{store.path_of(root)} is damaged: {' '.join(sound.split())}",
        kind=Kind.STORE_UNREADABLE,
        hint="restore it from a backup that `todo_manager audit` finds intact",
    )


def _ledger(head: tuple[int, str], newest: int, at_head: str | None) -> Finding:
    """A ledger ahead of HEAD is right (a crash between commit and HEAD); one behind it is cut off."""
    seq, hash_ = head
    if hash_ != (at_head if seq else ledger.GENESIS):
        if at_head is None:
            return problem(
                "ledger", proof.broken(f"it ends before event {seq}, which HEAD has seen")
            )
        return problem("ledger", proof.broken(f"event {seq} is not the one HEAD has seen"))
    behind = f"; HEAD is {newest - seq} behind, the next verb brings it up" if newest > seq else ""
    return ok("ledger", f"{newest} events{behind} (todo_manager audit looks at each)")


def _writable(root: Path) -> Iterator[Finding]:
    folder = root / STORE
    if not (os.access(folder, os.W_OK) and os.access(store.path_of(root), os.W_OK)):
        said = f"{folder} cannot be written by this user; reading works"
        yield warning("writing", said, f"ls -la {word(str(folder))}")
    kind = _file_system(folder)
    if kind.removeprefix("fuse.").startswith(_REMOTE):
        said = f"{folder} is on {kind}: with several machines at once the store would be damaged"
        yield warning("file system", said, "keep the project on a disk of this machine")


def _file_system(folder: Path) -> str:
    """The type of the file system a folder is on; empty when it cannot be found out."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = ("", "")
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split()
        place = place.encode().decode("unicode_escape")  # a blank stands there as \040
        if folder.resolve().is_relative_to(place) and len(place) >= len(found[0]):
            found = (place, kind)
    return found[1]


def _size(root: Path) -> str:
    return f"{store.path_of(root).stat().st_size / 1e6:.1f} MB"
