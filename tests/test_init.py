"""`init`: a starter project that works at once, and that takes nothing away from a folder in use."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
from forked import NOBODY, Forked
from support import Project

FILES = {
    "plans/first.yaml",
    "phases/first/p1_notes.sh",
    "plans/.schema.json",
    "todo_manager.yaml",
}


@pytest.fixture
def project(project: Project) -> Forked:
    return Forked(project.root, Path(project.env["HOME"]))


def files(project: Project) -> dict[str, bytes]:
    """Everything in the project but its store, by path."""
    found = (file for file in project.root.rglob("*") if file.is_file())
    return {
        str(file.relative_to(project.root)): file.read_bytes()
        for file in found
        if ".todo_manager" not in file.parts and ".git" not in file.parts
    }


def outcomes(project: Project, *words: str) -> dict[str, str]:
    told = project.ask("init", *words).ok().data["files"]
    return {each["path"]: each["outcome"] for each in told}


def test_the_starter_project_is_refused_then_fixed_then_done(project):
    found = project.ask("init").ok().data
    assert set(files(project)) == FILES
    assert found["next"] == "todo_manager import plans/first.yaml"
    linted = project.ask("lint", "plans/first.yaml").ok().data
    assert (linted["errors"], linted["warnings"]) == ([], [])
    project.run(*found["next"].split()[1:]).ok()
    assert project.states("first") == ["ready", "blocked", "blocked"]

    project.ask("done", "first", 0).refused("check_failed")
    project.write("docs/rollback.md", "owner: ops\nstep 1: stop it\n")
    project.ask("done", "first", 0).ok()

    assert "there is no docs/notes.md" in project.run("done", "first", 1).out
    project.write("docs/notes.md", "FIXME\nFIXME\n")
    assert "2 lines say FIXME" in project.run("done", "first", 1).out
    (project.root / "docs/notes.md").unlink()
    (project.root / "docs/notes.md").mkdir()
    project.ask("done", "first", 1).refused("check_error")
    (project.root / "docs/notes.md").rmdir()
    project.write("docs/notes.md", "all said\n")
    project.ask("done", "first", 1).ok()

    project.write("build/change.tar", "no archive" * 200)
    project.ask("done", "first", 2).refused("check_failed")
    project.write("build/change.tar", "\0" * 10240)
    project.ask("done", "first", 2).ok()
    project.run("audit").ok()


def test_the_settings_change_nothing_and_each_works_when_its_mark_is_taken_away(project):
    project.run("init").ok()
    project.run("import", "plans/first.yaml").ok()
    file = project.root / "todo_manager.yaml"
    project.ask("verify", "first", 0).refused("check_failed")
    bare = [line.removeprefix("# ") for line in file.read_text().splitlines()]
    settings = [
        line for line in bare if line.startswith(("path:", "tools:", "  probe:", "env_file:"))
    ]
    assert len(settings) == 4
    file.write_text("\n".join(settings))
    project.ask("verify", "first", 0).refused("check_failed")


def test_the_editor_finds_the_schema_that_the_plan_names(project):
    project.run("init").ok()
    first = (project.root / "plans/first.yaml").read_text().splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    schema = json.loads((project.root / "plans" / named).read_text())
    assert "phases" in schema["properties"]


def test_what_is_there_is_kept_and_said(project):
    project.write("plans/first.yaml", "mine")
    project.write("todo_manager.yaml", "env_file: other.env\n")
    (project.root / "plans/.schema.json").symlink_to("/nowhere/at/all")
    before = files(project)
    assert outcomes(project) == {"plans/.schema.json": "kept", "todo_manager.yaml": "kept"}
    assert files(project) == before
    assert "kept todo_manager.yaml as it is" in project.run("init").ok().out


def test_a_second_init_changes_nothing(project):
    (project.root / ".git").mkdir()
    project.run("init").ok()
    before = files(project)
    assert set(outcomes(project).values()) == {"kept"}
    assert project.ask("init").data["new"] is False
    assert files(project) == before


def test_a_folder_with_plans_of_its_own_gets_no_first_plan(project):
    project.plan("mine", "- {title: T, verify: [{file: a}]}", imported=False)
    found = project.ask("init").ok().data
    assert {each["path"] for each in found["files"]} == {"plans/.schema.json", "todo_manager.yaml"}
    assert found["next"] == "todo_manager import plans/mine.yaml"
    project.run("import", "plans/mine.yaml").ok()
    assert project.ask("init").ok().data["next"] == "todo_manager list"


def test_a_store_with_plans_from_elsewhere_gets_no_first_plan(project):
    project.write("queue.json", '{"tasks": [{"id": "t", "todos": [{"text": "x", "done": false}]}]}')
    project.run("import", "queue.json").ok()
    assert "plans/first.yaml" not in outcomes(project)


def test_bare_makes_the_store_alone(project):
    (project.root / ".git").mkdir()
    assert outcomes(project, "--bare") == {}
    assert files(project) == {}
    assert (project.root / ".todo_manager/store.db").exists()


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        (None, ".todo_manager/\n.env\n", "wrote"),
        ("*.pyc", "*.pyc\n.todo_manager/\n.env\n", "added to"),
        ("/x\r\n.env\r\n", "/x\r\n.env\r\n.todo_manager/\n", "added to"),
        (".env\n.todo_manager\n", ".env\n.todo_manager\n", "kept"),
    ],
)
def test_a_git_repository_ignores_the_store_and_the_env_file(project, before, after, outcome):
    (project.root / ".git").mkdir()
    if before is not None:
        (project.root / ".gitignore").write_bytes(before.encode())
    assert outcomes(project)[".gitignore"] == outcome
    assert (project.root / ".gitignore").read_bytes().decode() == after


def test_without_a_repository_there_is_no_gitignore(project):
    assert ".gitignore" not in outcomes(project)


def test_a_folder_below_a_project_gets_a_store_of_its_own_and_says_so(project):
    project.run("init", "--bare").ok()
    (project.root / "below").mkdir()
    ran = project.run("-C", "below", "init").ok()
    assert "from here on, this folder uses its own" in ran.err
    assert (project.root / "below/plans/first.yaml").exists()


def test_a_file_where_a_folder_belongs_is_said_with_the_way_on(project):
    project.write("plans", "a file")
    refused = project.ask("init").refused("not_written")
    assert "/plans" in refused.error["message"]
    assert "init --bare" in refused.error["hint"]
    (project.root / "plans").unlink()
    project.run("init").ok()
    assert set(files(project)) == FILES


@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="needs to be root, to become somebody else")
def test_a_folder_that_may_not_be_written_is_3_and_the_store_is_there():
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to others
        for path in (folder, f"{folder}/project"):
            Path(path).mkdir(exist_ok=True)
            os.chown(path, NOBODY, NOBODY)
        project = Forked(Path(folder, "project"), Path(folder))
        (project.root / "plans").mkdir(mode=0o555)
        project.uid = NOBODY
        refused = project.ask("init").refused("not_written")
        assert "Permission denied" in refused.error["message"]
        assert project.ask("init", "--bare").ok().data["new"] is False
