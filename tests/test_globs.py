"""What pins match: as the standard library has it, but never without an end."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest

from todo_manager.globs import matching

FILES = ("a.py", "t/a.py", "t/b/c.py", "t/b/.h/x.py", "t/b/x.txt", "u/a.py", "t/.hid", "[x]/a.py")
PATTERNS = (
    "**", "**/*.py", "t/**", "t/**/*.py", "t/**/a.py", "./t/**", "*/**/*.py", "**/b/**", "t/**/b/*",
    "**/.h/**", "[[]x]/**", "t/**/", "u/**/**/a.py", "t/b/**/x.*", "**/x.txt", "t/*", "none/**",
)  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "t/link").symlink_to("../u")
    return tmp_path


@pytest.mark.parametrize("pattern", PATTERNS)
def test_it_matches_as_the_standard_library_does(tree: Path, pattern: str) -> None:
    names = glob.glob(pattern, root_dir=tree, recursive=True, include_hidden=True)
    files = {name for name in names if os.path.isfile(tree / name)}
    assert (set(matching(str(tree), pattern)), len(files)) == (files, len(files))


def test_links_to_the_folder_they_lie_in_come_to_an_end(tree: Path) -> None:
    for name in ("x", "y", "z"):
        (tree / "t" / name).symlink_to(".")
    assert "t/b/c.py" in matching(str(tree), "t/**/*.py")
    assert len(matching(str(tree), "t/**")) < 100
