"""What an answer says to type next fits how things stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from terminals import show

PHASES = "[{title: Tests, verify: [{pytest: checks}]}]"


@pytest.fixture
def project(project: Any) -> Forked:
    return Forked(project.root, Path(project.env["HOME"]))


def on_screen(project: Forked, *words: str) -> str:
    """What a command shows on a terminal, its lines joined as they were before they were wrapped."""
    return " ".join(show(project, *words).text.split())


@pytest.mark.parametrize("verb", ["list", "tree"])
def test_where_no_plan_is_open_the_closed_ones_are_named(project: Forked, verb: str) -> None:
    project.plan("p", "[{title: One, verify: [{file: a}]}]")
    project.write("a", "a")
    project.run("done", "p", 0).ok()
    told = project.run(verb).ok().out
    assert told.startswith("no open plans. Take one in with: todo_manager import FILE\n")
    assert "The closed ones: todo_manager list --all" in told
    assert "The closed ones: todo_manager list --all" in on_screen(project, verb)
    assert project.run("list", "--all").ok().out.startswith("p  1/1")


def test_where_there_is_no_plan_at_all_none_is_promised(project: Forked) -> None:
    project.run("init", "--bare").ok()
    told = project.run("list", "--all").ok().out
    assert told == "no plans. Take one in with: todo_manager import FILE\n"


def test_after_the_last_phase_comes_the_report(project: Forked) -> None:
    project.plan("p", "[{title: One, verify: [{file: a}]}, {title: Two, verify: [{file: a}]}]")
    project.write("a", "a")
    assert "next: todo_manager next p\n" in project.run("done", "p", 0).ok().out
    assert "next: todo_manager report p --html\n" in project.run("done", "p", 1).ok().out
    project.run("reopen", "p", 0, "--reason", "again").ok()
    assert "next: todo_manager report p --html\n" in project.run("done", "p", 0).ok().out


def test_a_folder_is_no_document_and_its_documents_are_named(project: Forked) -> None:
    project.plan("p", PHASES)
    for verb in ("import", "lint"):
        refused = project.ask(verb, "plans/").refused("invalid_document")
        assert "not a file but a folder" in refused.error["message"]
        assert refused.error["hint"] == "name the documents in it, like plans/*.yaml"


def test_an_edit_that_waits_is_said_in_the_head_of_the_plan(project: Forked) -> None:
    queue = [{"id": "q", "description": "D", "todos": [{"text": "One"}]}]
    project.write("queue.json", json.dumps(queue))
    project.run("import", "queue.json").ok()
    said = "an edit waits to be accepted: todo_manager diff q"
    assert said not in project.run("show", "q").ok().out
    project.run("add", "q", "phase", "Two").ok()
    assert f"  {said}\n" in project.run("show", "q").ok().out
    assert said in on_screen(project, "show", "q")
    project.run("diff", "q", "--drop").ok()
    assert said not in project.run("show", "q").ok().out


def test_a_file_more_or_less_below_pins_is_named(project: Forked) -> None:
    project.write("checks/test_a.py", "def test(): pass")
    project.plan("p", PHASES)
    project.write("checks/test_b.py", "def test(): pass")
    reason = project.ask("show", "p").data["plan"]["phases"][0]["reason"]
    assert reason == "checks/test_b.py was added since the plan was accepted"
    (project.root / "checks/test_b.py").unlink()
    (project.root / "checks/test_a.py").unlink()
    reason = project.ask("show", "p").data["plan"]["phases"][0]["reason"]
    assert reason == "checks/test_a.py is gone"


def test_one_part_that_passes_says_nothing_of_the_phase(project: Forked) -> None:
    project.plan(
        "p",
        "[{title: One, parts: [{title: A, verify: [{file: a}]}, {title: B, verify: [{file: b}]}]}]",
    )
    project.write("a", "a")
    told = project.run("verify", "p", "0.1").ok().out
    assert "does not count: only part 1 of it was run" in told
    assert "all of them pass" not in told
    project.write("b", "b")
    assert "1 of 1 phases have checks, and all of them pass" in project.run("verify", "p").ok().out
