"""Fixtures of all tests; what they are made of is in support.py."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import mounts
import pytest
import workers
from engine import STARTED, Engine, NotStarted, missing
from machines import Machine, missing_machine
from required import absent, required
from support import EXITS, REPOSITORY, SHARED, Project, Ran, at_terminal

__all__ = ["EXITS", "REPOSITORY", "SHARED", "Project", "Ran", "at_terminal"]


def pytest_configure(config: pytest.Config) -> None:
    """A word of REQUIRE that is no part ends the run before it begins."""
    required()
    # Who starts this in the background has them ignored, and all that is started here would, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    workers.register(config)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project folder, with a home of its own."""
    root, home = tmp_path / "project", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    return Project(root, home)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A running engine with its registry; without one a skip, or with REQUIRE=engine a failure."""
    if why := missing():
        absent("engine", why)
    mounts.sweep(workers.all_runs(tmp_path_factory))
    found = Engine(tmp_path_factory.mktemp("engine"))
    try:
        found.start()
        yield found
    except NotStarted as why:
        absent("engine", f"no engine may be started here: {why}")
    finally:
        found.stop()


@pytest.fixture(scope="session")
def pc2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A second machine behind ssh; without one a skip, or with REQUIRE=ssh a failure."""
    if why := missing_machine():
        absent("ssh", why)
    found = Machine("pc2", tmp_path_factory.mktemp("pc2"))
    try:
        found.start()
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module", autouse=True)
def no_containers_left() -> Iterator[None]:
    """Files of tests share an engine and no containers: what one finds by name or label is its own."""
    yield
    for each in STARTED:
        each.remove_containers()


@pytest.fixture(autouse=True)
def no_real_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test works in the folder pytest was started in, so none can touch a store that matters."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TODO_MANAGER_ACTOR", raising=False)
    yield
