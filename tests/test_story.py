"""The demo tells the whole story and leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import REPOSITORY


@pytest.fixture
def quiet(project, tmp_path) -> Path:
    """A folder for temporary files of the command alone, to see what it leaves."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    project.env["TMPDIR"] = str(folder)
    return folder


def processes_below(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(folder) in os.readlink(entry / "cwd"):
                    found.append((entry / "cmdline").read_text())
            except OSError:
                continue
    return found


def test_the_demo_ends_well_and_leaves_nothing(project, quiet):
    ran = project.run("demo").ok()
    assert list(quiet.iterdir()) == []
    assert processes_below(quiet) == []
    for code in ("[exit 1]", "[exit 4]", "[exit 6]", "[exit 5]", "[exit 0]"):
        assert code in ran.out
    assert "intact" in ran.out
    assert "commands in" in ran.out


def test_the_demo_as_a_document(project, quiet):
    steps = project.ask("demo").ok().data["steps"]
    assert [step["exit"] for step in steps if step["command"][0] == "done"] == [1, 4, 0, 0, 6, 5, 0]


def test_the_demo_can_be_kept_and_looked_at(project, quiet):
    folder = project.ask("demo", "--keep").ok().data["folder"]
    assert (Path(folder) / ".todo_manager" / "store.db").is_file()
    project.run("-C", folder, "audit").ok()


def test_the_demo_writes_nothing_where_it_is_started(project, quiet):
    project.run("-C", str(REPOSITORY), "demo").ok()
    assert not (REPOSITORY / ".todo_manager").exists()
