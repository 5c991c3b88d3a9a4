"""Test files side by side, each worker with a whole file at a time, and tests that want to be alone.

A test marked `alone` measures time. It begins when the tests of the other workers have ended, and none
of theirs begins before it ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

_FOLDER = "todo_manager_turns"
"""Under this name each worker is told where the turns are kept."""

_MINUTES = ("engine", "pc2", "installed", "browser")
"""Fixtures of files that take longest; what begins first does not end last."""


class Turns:
    """One test after another, seen by one worker: others at the same time, or alone.

    Locks of fcntl, which a forked child neither holds nor keeps. Whoever waits at the door lets nobody
    pass: a test that wants to be alone is not overtaken forever.
    """

    def __init__(self, folder: Path) -> None:
        self._door = open(folder / "door", "wb+")  # noqa: SIM115
        self._room = open(folder / "room", "wb+")  # noqa: SIM115
        self._inside = False

    def enter(self, alone: bool) -> None:
        """Wait for one's turn; nothing happens where it still is."""
        if self._inside:
            return
        fcntl.lockf(self._door, fcntl.LOCK_EX)
        fcntl.lockf(self._room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.lockf(self._door, fcntl.LOCK_UN)
        self._inside = True

    def leave(self) -> None:
        fcntl.lockf(self._room, fcntl.LOCK_UN)
        self._inside = False

    def close(self) -> None:
        self._door.close()
        self._room.close()


def alone(item: pytest.Item | None) -> bool:
    return item is not None and item.get_closest_marker("alone") is not None


def register(config: pytest.Config) -> None:
    """Take part in a test run; one without workers goes as it always does."""
    told = getattr(config, "workerinput", None)
    config.pluginmanager.register(Worker(told[_FOLDER]) if told else Controller())


class Controller:
    """In the process that starts the workers: it makes the place of the turns, and removes it."""

    def __init__(self) -> None:
        self._folder = ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        self._folder = self._folder or tempfile.mkdtemp(prefix="todo_manager-turns-")
        node.workerinput[_FOLDER] = self._folder

    def pytest_unconfigure(self) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


class Worker:
    """In each worker: the order of its tests, and their turns."""

    def __init__(self, folder: str) -> None:
        self._turns = Turns(Path(folder))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = ordered(items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # before the clock of the test's time limit runs
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Any:
        self._turns.enter(alone(item))
        try:
            return (yield)
        finally:
            if not (alone(item) and alone(nextitem)):
                self._turns.leave()

    def pytest_unconfigure(self) -> None:
        self._turns.close()


def ordered(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Files that take minutes first, those with tests that want to be alone last.

    Within a file the latter come last as well, so that all others wait only once for them.
    """
    long = {item.path for item in items if not {*_MINUTES}.isdisjoint(_fixtures(item))}
    last = {item.path for item in items if alone(item)}
    return sorted(
        items, key=lambda item: (item.path not in long, item.path in last, item.path, alone(item))
    )


def _fixtures(item: pytest.Item) -> Sequence[str]:
    return getattr(item, "fixturenames", ())


def all_runs(factory: pytest.TempPathFactory) -> Path:
    """The folder with the folders of all test runs; a worker's lies in that of its run."""
    mine = factory.getbasetemp()
    return (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine).parent
