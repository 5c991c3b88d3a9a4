"""The ways to files: what moves them for a while is noticed, what happens beside them is not."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from todo_manager import pathwatch
from todo_manager.pathwatch import PathWatch


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[PathWatch]:
    for name in ("top/lib/check.sh", "other/check.sh", "fake/lib/check.sh"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("top/lib")
    with closing(PathWatch()) as found:
        found.add([tmp_path / "top/lib/check.sh", tmp_path / "link/check.sh"])
        yield found


def swap(folder: Path, away: str, instead: str) -> None:
    """Another one in its place, and back again."""
    os.rename(folder / away, folder / "kept")
    os.rename(folder / instead, folder / away)
    os.rename(folder / away, folder / instead)
    os.rename(folder / "kept", folder / away)


@pytest.mark.parametrize(
    ("away", "instead", "both"), [("top", "fake", True), ("link", "other", False)]
)
def test_what_was_put_back(
    watch: PathWatch, tmp_path: Path, away: str, instead: str, both: bool
) -> None:
    assert watch.moved() == []
    swap(tmp_path, away, instead)
    seen = [os.path.relpath(path, tmp_path) for path in watch.moved()]
    assert seen == (["top/lib/check.sh"] if both else []) + ["link/check.sh"]
    assert watch.moved(f"{tmp_path}/other") == []


def test_what_is_written_beside_it_moves_nothing(watch: PathWatch, tmp_path: Path) -> None:
    (tmp_path / "top/lib/new").touch()
    (tmp_path / "top/lib/new").rename(tmp_path / "top/new")
    (tmp_path / "more").mkdir()
    swap(tmp_path, "other", "more")
    assert watch.moved() == []


def test_where_nothing_can_be_watched(
    watch: PathWatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pathwatch, "_PATIENCE", 0)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with closing(PathWatch()) as blind:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            blind.add([tmp_path / "top/lib/check.sh"])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert "fs.inotify.max_user_instances" in blind.problem
        (tmp_path / "top/lib/new").touch()
        assert blind.moved() != []
