"""Tests side by side: files at the same time, and nothing beside a test that wants to be alone."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import workers
from support import REPOSITORY

FILE = """
import os, time
from pathlib import Path
import pytest

LOG = Path(os.environ["LOG"])

def said(what):
    with LOG.open("a") as log:
        log.write(what + "\\n")

def until(true, seconds):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    return true()

@MARK
@pytest.mark.parametrize("n", range(2))
def test_alone(n):
    said("begin alone")
    before = LOG.stat().st_size
    until(lambda: LOG.stat().st_size > before, 0.5)
    said("end alone")

def test_meets():
    said("met NAME")
    assert until(lambda: {"met one", "met two"} <= {*LOG.read_text().split("\\n")}, 20)

@pytest.mark.parametrize("n", range(300))
def test_short(n):
    said("short")
"""


def run(folder: Path, mark: str, *words: str) -> list[str]:
    """The log of a run of two files of tests."""
    for name in ("one", "two"):
        text = FILE.replace("MARK", mark).replace("NAME", name)
        (folder / f"test_{name}.py").write_text(text)
    options = [
        "-q",
        "-c",
        REPOSITORY / "pyproject.toml",
        "-p",
        "conftest",
        "-p",
        "no:cacheprovider",
    ]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--basetemp={folder / 'base'}", *words, folder],
        env=os.environ
        | {"PYTHONPATH": str(REPOSITORY / "tests"), "LOG": str(folder / "log"), "REQUIRE": ""},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "606 passed" in ran.stdout
    return (folder / "log").read_text().split("\n")


def disturbed(log: list[str]) -> bool:
    """Whether something came between a test's first and last word."""
    return any(after != "end alone" for line, after in pairwise(log) if line == "begin alone")


SIDE_BY_SIDE = ("-n2", "--dist", "loadfile")


def test_files_run_side_by_side_and_some_tests_alone(tmp_path: Path) -> None:
    """Every file's own worker: `test_meets` passes only where the other file runs at the same time."""
    assert not disturbed(run(tmp_path, "pytest.mark.alone", *SIDE_BY_SIDE))


def test_without_its_mark_a_test_is_not_alone(tmp_path: Path) -> None:
    assert disturbed(run(tmp_path, "pytest.mark.slow", *SIDE_BY_SIDE))


def item(path: str, *fixtures: str, alone: bool = False) -> Any:
    return SimpleNamespace(
        path=Path(path), fixturenames=fixtures, get_closest_marker=lambda name: alone or None
    )


def test_what_takes_minutes_begins_first_and_what_wants_to_be_alone_comes_last() -> None:
    quick, slow = item("a.py"), item("z.py", "tmp_path", "engine")
    also, still = item("z.py"), item("b.py", alone=True)
    among = item("b.py")
    assert workers.ordered([quick, still, among, slow, also]) == [slow, also, quick, among, still]


def test_a_worker_s_folder_is_not_taken_for_that_of_all_runs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Engines that killed runs have left are looked for there."""
    found = workers.all_runs(tmp_path_factory)
    assert tmp_path_factory.getbasetemp().relative_to(found).parts[0].startswith("pytest-")
