"""Done marks of imported documents, and ids as they were imported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from forked import Forked
from support import Project


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


def queue(project: Project, name: str, *tasks: tuple[str, list[bool]]) -> str:
    tasks_ = [
        {
            "id": id_,
            "title": id_,
            "todos": [{"text": f"step {n}", "done": d} for n, d in enumerate(done)],
        }
        for id_, done in tasks
    ]
    project.write(name, json.dumps({"tasks": tasks_}))
    return name


def test_done_marks_are_read_at_the_first_import_and_only_where_nothing_can_be_checked(project):
    project.write("phases/roll/p1_check.sh", "exit 1\n")
    taken = project.ask("import", queue(project, "q.json", ("roll", [True, True, False]))).ok().data
    assert (taken["plans"][0]["attested"], taken["plans"][0]["marks_ignored"]) == (1, 1)
    assert project.states("roll") == ["attested", "ready", "blocked"]
    (event,) = project.events("attested")
    assert (event["data"]["by"], event["data"]["document"]) == ("document", "q.json")
    # Later marks are counted, reported and ignored.
    again = project.run("import", queue(project, "q.json", ("roll", [True, True, True]))).ok()
    assert "3 done marks not believed" in again.out
    assert project.states("roll") == ["attested", "ready", "blocked"]
    project.ask("done", "roll", 1).refused("check_failed")
    text = project.run("show", "roll").ok().out
    assert [line[:5] for line in text.splitlines() if line.startswith("[")] == [
        "[✔] 0", "[ ] 1", "[ ] 2",
    ]  # fmt: skip
    project.run("audit").ok()


def test_a_script_written_for_an_attested_phase_takes_the_mark_away(project):
    project.run("import", queue(project, "q.json", ("roll", [True]))).ok()
    assert project.states("roll") == ["attested"]
    project.write("phases/roll/p0_check.sh", "exit 1\n")
    assert project.states("roll") == ["stale"]
    project.person("accept", "roll").ok()
    assert project.states("roll") == ["stale"]
    project.ask("done", "roll", 0).refused("check_failed")
    assert project.person("attest", "roll", 0, "--reason", "never mind").exit == 1
    assert project.states("roll") == ["stale"]


def test_ids_that_differ_in_case_are_two_plans(project):
    tasks = [
        (id_, [False]) for id_ in ("Roll", "roll", "ROLL-A", "ROLL-B", "ROLL-C", "ROLL-D", "ROLL-E")
    ]
    project.run("import", queue(project, "q.json", *tasks)).ok()
    project.write("phases/roll/p0_check.sh", "exit 0\n")
    project.person("accept", "roll").ok()
    project.ask("done", "roll", 0).ok()
    project.ask("done", "Roll", 0).refused("no_checks")
    assert (project.states("Roll"), project.states("roll")) == (["blocked"], ["done"])
    assert project.ask("done", "rol", 0).ok().data["plan"] == "roll"
    project.ask("done", "ROLL", 0).refused("ambiguous_plan")
    project.ask("show", "rOll").refused("unknown_plan")
