"""`list` with filters: full text, status, state of the next phase, tags."""

from __future__ import annotations

import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from forked import Forked
from gated import new_project
from sqlite_utils import Database
from support import PROGRAM, Project, at_terminal

from todo_manager import search

CHECKED = "- {title: Work, verify: [{file: a}]}"


@pytest.fixture
def project(project: Project) -> Forked:
    return Forked(project.root, Path(project.env["HOME"]))


def furnished(project: Project) -> Project:
    """Plans in several states: one fresh, one failed, one done, one blocked."""
    project.write("a", "a")
    project.plan("docker", "- {title: Rollback drill, tags: [ops], verify: [{file: a}]}")
    explain = "explain: Größte Sorgfalt, then rollback."
    project.plan("billing", f"- title: Build\n  {explain}\n  verify: [{{file: b}}]")
    project.plan("rollback", CHECKED, head="tags: [ops, urgent]\n")
    project.plan("waiting", "- {title: Nobody can prove this}", head="description: For later\n")
    project.run("done", "billing", 0)
    project.run("done", "docker", 0).ok()
    return project


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Those plans, for tests that only read."""
    return furnished(new_project(tmp_path_factory.mktemp("shelf")))


def ids(project: Project, *words: str) -> list[str]:
    return [plan["id"] for plan in project.ask("list", *words).ok().data["plans"]]


# Words


def test_words_are_found_in_ids_titles_texts_and_the_best_match_stands_first(shelf):
    assert ids(shelf, "--search", "rollback") == ["rollback", "billing"]
    assert ids(shelf, "--search", "rollback", "--all") == ["rollback", "docker", "billing"]
    assert ids(shelf, "--search", "prove") == ids(shelf, "--search", "for later") == ["waiting"]


def test_all_words_must_be_there_and_the_last_may_be_a_beginning(shelf):
    assert ids(shelf, "--search", "sorgfalt rollb") == ["billing"]
    assert ids(shelf, "--search", "sorg rollback") == []
    assert ids(shelf, "--search", "sorgfalt drill", "--all") == []
    assert ids(shelf, "--search", "GROSSTE") == []
    assert ids(shelf, "--search", "größte") == ids(shelf, "--search", "GRÖSSTE"[:3]) == ["billing"]


def test_double_quotes_hold_words_together(shelf):
    assert ids(shelf, "--search", '"then rollback"') == ["billing"]
    assert ids(shelf, "--search", '"rollback then"') == []
    assert ids(shelf, "--search", '"rollb"') == []


def test_what_was_found_is_shown_in_its_place(shelf):
    (found,) = shelf.ask("list", "--search", "sorgf").ok().data["plans"]
    assert "Größte [Sorgfalt], then" in found["snippet"]
    assert "found: " in shelf.run("list", "--search", "sorgf").ok().out
    assert shelf.ask("list", "--state", "failed").data["plans"][0]["snippet"] is None


def test_texts_are_searched_as_they_were_taken_over(project):
    shelf = furnished(project)
    file = shelf.root / "plans/waiting.yaml"
    file.write_text(file.read_text().replace("later", "sometime"))
    shelf.run("import", "plans/waiting.yaml").ok()
    assert ids(shelf, "--search", "sometime") == ["waiting"]
    assert ids(shelf, "--search", "later") == []


@pytest.mark.parametrize(
    "words",
    [
        '"', 'rollback"', '"a" OR "b', "rollback NOT work", "NEAR(a b)", "title:rollback", "roll*", "^a",
        "a + b", "(", "a)", "a; DROP TABLE plans", "'", "-x", "AND", "ünï©ødé 日本 🚀", "a\nb", "x" * 5000,
        "{a}", "a:b:c", "col : x", "rollback\\", "%", "_a",
    ],
)  # fmt: skip
def test_no_word_is_an_operator_and_none_breaks_it(shelf, words):
    ran = shelf.run("list", f"--search={words}", json=True)
    assert ran.exit == (0 if any(map(str.isalnum, words)) else 2), ran
    assert "Traceback" not in ran.err
    if words == "rollback NOT work":
        assert ran.data["plans"] == []


@pytest.mark.parametrize("words", ["a b", 'a "b c"', 'a"b', "x\ty", '"a', '"" a', "it's"])
def test_words_are_quoted_as_sqlite_utils_does_it(words):
    quoted = Database(sqlite3.connect(":memory:")).quote_fts(words)
    found = search.fts_query(words)
    assert found.removesuffix("*") == quoted
    phrase_at_the_end = words in ('a "b c"', 'a"b', '"a')
    assert found.endswith("*") != phrase_at_the_end


def test_words_without_a_word_are_usage(shelf):
    for words in ("", "  ", '* - ""'):
        shelf.ask("list", f"--search={words}").refused("usage")


# Status, state, tags


def test_status(shelf):
    assert ids(shelf, "--status", "open") == ["waiting", "rollback", "billing"]
    assert ids(shelf, "--status", "done") == ["docker"]
    assert ids(shelf, "--status", "archived") == []


def test_the_state_of_the_next_phase(shelf):
    assert ids(shelf, "--state", "failed") == ["billing"]
    assert ids(shelf, "--state", "blocked") == ["waiting"]
    assert ids(shelf, "--state", "ready", "--state", "failed") == ["rollback", "billing"]
    shelf.ask("list", "--state", "broken").refused("usage")


def test_tags_of_plans_and_of_phases(shelf):
    assert ids(shelf, "--tag", "ops") == ["rollback"]
    assert ids(shelf, "--tag", "ops", "--all") == ["rollback", "docker"]
    assert ids(shelf, "--tag", "ops", "--tag", "urgent", "--all") == ["rollback"]
    assert ids(shelf, "--tag", "op", "--all") == []
    assert shelf.ask("list", "--tag", "urgent").data["plans"][0]["tags"] == ["ops", "urgent"]


def test_filters_combine(shelf):
    assert ids(shelf, "--search", "rollback", "--tag", "ops", "--status", "done") == ["docker"]
    assert ids(shelf, "--search", "rollback", "--state", "failed") == ["billing"]
    assert ids(shelf, "--state", "ready", "--status", "done") == []


def test_closed_plans_that_match_are_counted_and_how_to_see_them_is_said(shelf):
    assert shelf.ask("list", "--tag", "ops").data["closed"] == 1
    told = shelf.run("list", "--search", "drill it", "--tag", "ops").ok().out
    assert told == "no plan matches\n"
    told = shelf.run("list", "--search", "drill", "--tag", "ops").ok().out
    assert told.splitlines() == [
        "no plan matches",
        "1 done or archived match too: todo_manager list --search drill --tag ops --all",
    ]
    assert shelf.ask("list", "--status", "open", "--tag", "ops").data["closed"] == 0


def test_archived_plans_are_shown_when_asked_for(project):
    shelf = furnished(project)
    shelf.run("archive", "rollback").ok()
    assert ids(shelf, "--search", "rollback") == ["billing"]
    assert ids(shelf, "--search", "rollback", "--status", "archived") == ["rollback"]
    assert ids(shelf, "--status", "archived") == ["rollback"]
    assert "rollback" in ids(shelf, "--search", "rollback", "--all")
    assert "rollback" not in ids(shelf, "--status", "done")


def test_pages_follow_one_another_and_all_is_one_page(project):
    for number in range(53):
        project.plan(f"p{number:02}", CHECKED, imported=False)
    project.run("import", *[f"plans/p{number:02}.yaml" for number in range(53)]).ok()
    first = project.ask("list", "--state", "ready").ok().data
    assert (len(first["plans"]), first["more"]) == (50, 3)
    told = project.run("list", "--state", "ready").ok().out.splitlines()[-1]
    assert told == "3 more: todo_manager list --state ready --after p03"
    assert ids(project, *told.split()[4:]) == ["p02", "p01", "p00"]
    assert len(ids(project, "--state", "ready", "--all")) == 53
    found = project.ask("list", "--search", "work").ok().data
    assert (len(found["plans"]), found["more"]) == (50, 3)
    project.ask("list", "--status", "done", "--after", "p03").refused("usage")
    project.ask("list", "--search", "work", "--after", "nothing").refused("unknown_plan")


def test_without_a_store_it_is_3(project):
    project.ask("list", "--search", "x").refused("store_missing")


@pytest.mark.parametrize("columns", [40, 120])
def test_on_a_terminal_no_line_is_wider_than_it(shelf, columns):
    command = shlex.join([*PROGRAM, "list", "--search", "rollback"])
    argv = ["bash", "-c", f"stty cols {columns}; exec {command}"]
    shown = at_terminal(argv, shelf.root, shelf.env | {"TERM": "dumb"}, "").ok().out
    assert max(map(len, shown.splitlines())) <= columns
    squeezed = "".join(shown.split())
    assert "Sorgfalt,then[rollback]." in squeezed
    assert "1doneorarchivedmatchtoo" in squeezed


def test_a_filtered_list_stands_on_the_standard_library(shelf):
    code = "import sys; from todo_manager.cli import main; main()"
    words = ["list", "--search", "rollback", "--tag", "ops"]
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code, *words],
        cwd=shelf.root,
        env=shelf.env,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in ran.stderr.splitlines()}
    assert "todo_manager" in loaded
    assert not loaded & {"msgspec", "sqlite_utils", "yaml", "rich", "dotenv"}
