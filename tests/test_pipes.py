"""Pipes, devices and files of holes where a file was: nothing waits for them, and nothing passes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from required import need
from support import Project

SECONDS = 10


def put(path: Path, how: str) -> None:
    path.unlink(missing_ok=True)
    if how == "pipe":
        os.mkfifo(path)
    elif how == "device":
        path.symlink_to("/dev/zero")
    else:
        path.touch()
        os.truncate(path, 2**42)


def answers(project: Project, *words: str) -> int:
    """The exit code of a command that has to come to an end."""
    argv = [*project.program, *words]
    ran = subprocess.run(
        argv, cwd=project.root, env=project.env, capture_output=True, timeout=SECONDS, text=True
    )
    assert "Traceback" not in ran.stderr
    return ran.returncode


@pytest.mark.parametrize("name", ["store.db", "store.db-journal", "store.db-wal"])
def test_a_pipe_in_the_store(project: Project, name: str) -> None:
    project.plan("p", "- title: T\n  verify: [{file: a}]")
    put(project.root / ".todo_manager" / name, "pipe")
    for words in (["show", "p"], ["done", "p", "0"], ["audit"]):
        assert answers(project, *words) == 3


@pytest.mark.parametrize("how", ["pipe", "device", "holes"])
@pytest.mark.parametrize("name", ["plans/p.yaml", "phases/p/p0_a.sh", "phases/p/lib.sh", "pin.txt"])
def test_what_a_phase_rests_on(project: Project, name: str, how: str) -> None:
    project.write("phases/p/p0_a.sh", ". ${0%/*}/lib.sh\n")
    project.write("phases/p/lib.sh", "true\n")
    project.write("pin.txt", "y\n")
    project.plan("p", "- title: T\n  verify: [{command: [test, -e, pin.txt], pins: [pin.txt]}]")
    project.ask("done", "p", 0).ok()
    put(project.root / name, how)
    assert answers(project, "show", "p") == 0
    assert project.states("p") == ["done" if name == "plans/p.yaml" else "stale"]
    assert answers(project, "verify", "p", "0") in (2, 5)


@pytest.mark.git
@pytest.mark.parametrize("name", ["HEAD", "config", "index"])
def test_a_pipe_in_the_repository(project: Project, name: str) -> None:
    subprocess.run([need("git"), "init", "--quiet", "."], cwd=project.root, check=True)
    project.plan("p", "- {title: T, verify: [{file: a}]}\n- {title: U, verify: [{git: .}]}")
    project.write("a", "a")
    put(project.root / ".git" / name, "pipe")
    assert answers(project, "done", "p", "0") == 0
    assert answers(project, "done", "p", "1") == 5
