"""Fixtures of all tests; what they are made of is in support.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import EXITS, REPOSITORY, SHARED, Project, Ran, at_terminal, need

__all__ = ["EXITS", "REPOSITORY", "SHARED", "Project", "Ran", "at_terminal", "need"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project folder, with a home of its own."""
    root, home = tmp_path / "project", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    return Project(root, home)


@pytest.fixture(autouse=True)
def no_real_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test works in the folder pytest was started in, so none can touch a store that matters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TODO_MANAGER_ACTOR", raising=False)
    yield
