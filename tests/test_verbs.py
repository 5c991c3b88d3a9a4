"""The verbs around the gate: person verbs, what each says, and that no text can pass for ours."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest
from forked import Forked
from support import PROGRAM, Project, at_terminal

from todo_manager import cli


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


CHECKED = "- {key: zero, title: Zero, verify: [{file: a}]}\n- {key: one, title: One}"


# Person verbs


@pytest.mark.parametrize("verb", ["accept", "attest"])
def test_a_person_verb_needs_a_person_at_a_terminal(project, verb):
    project.write("a", "a")
    file = project.plan("p", CHECKED)
    project.ask("done", "p", 0).ok()
    words = ["attest", "p", 1, "--reason", "seen"]
    if verb == "accept":
        words = ["accept", "p"]
        file.write_text(file.read_text().replace("file: a", "file: b"))
    before = project.events()
    refused = project.ask(*words).refused("person_required")
    assert refused.error["person"] is True
    assert refused.error["hint"].startswith("a person: ")
    assert project.run(*words).exit == 6
    argv = [*PROGRAM, *map(str, words), "--json"]
    assert at_terminal(argv, project.root, project.env, "yes").exit == 6
    for answer in ("no", "yes please") if verb == "accept" else ("",):
        assert "not confirmed" in project.person(*words, answer=answer).out
    assert project.events() == before
    project.person(*words).ok()
    assert len(project.events()) == len(before) + 1


def test_yes_that_is_piped_in_is_not_a_person(project):
    file = project.plan("p", CHECKED)
    file.write_text(file.read_text().replace("file: a", "file: b"))
    words = " ".join([*PROGRAM, "accept", "p"])
    ran = at_terminal(
        ["bash", "-c", f"echo yes | setsid --wait {words}"], project.root, project.env, "yes"
    )
    assert ran.exit == 6
    assert "needs a person at a terminal" in ran.out


def test_attest_is_a_word_and_only_where_nothing_can_be_checked(project):
    project.write("a", "a")
    project.plan("p", CHECKED + "\n- {key: two, title: Two}")
    reason = ("--reason", "seen with my own eyes")
    project.ask("attest", "p", 0, *reason).refused("has_checks")
    project.ask("attest", "p", 1, *reason).refused("needs_not_done")
    project.ask("done", "p", 0).ok()
    project.ask("attest", "p", 2, *reason).refused("needs_not_done")
    project.ask("attest", "p", 1, "--reason", " ").refused("usage")
    assert project.run("attest", "p", 1).exit == 2
    project.person("attest", "p", 1, *reason).ok()
    assert project.states("p") == ["done", "attested", "blocked"]
    (event,) = project.events("attested")
    assert event["data"]["reason"] == "seen with my own eyes"
    assert (event["data"]["by"], event["actor"], event["how"]) == ("person", "tester", "asserted")
    assert project.ask("attest", "p", 1, *reason).ok().data["state"] == "attested"
    assert project.ask("done", "p", 1).ok().data["already"] is True
    assert "attested (already)" in project.run("done", "p", 1).ok().out
    project.write("phases/p/p2_check.sh", "exit 0\n")
    project.person("accept", "p").ok()
    project.ask("attest", "p", 2, *reason).refused("has_checks")
    project.ask("done", "p", 2).ok()
    assert "done, rests on attested 1" in project.run("show", "p").ok().out
    project.run("audit").ok()


def test_attest_after_the_phase_was_changed_is_refused(project):
    file = project.plan("p", "- {key: zero, title: Zero}")
    file.write_text(file.read_text().replace("title: Zero", "title: Zero, verify: [{file: a}]"))
    project.ask("attest", "p", 0, "--reason", "x").refused("source_changed")


def test_accept_of_nothing_new_asks_nobody(project):
    file = project.plan("p", CHECKED)
    assert project.ask("accept", "p").ok().data["accepted"] is False
    file.write_text(file.read_text().replace("title: Zero", "title: Nought"))
    found = project.ask("accept", "p").ok().data
    assert (found["accepted"], found["gates_differ"], found["texts_differ"]) == (False, False, True)
    assert project.ask("show", "p").data["plan"]["phases"][0]["title"] == "Nought"


def test_accept_of_a_document_that_does_not_load_or_holds_another_plan_is_usage(project):
    file = project.plan("p", CHECKED)
    project.plan("q", CHECKED)
    project.ask("accept", "p", "plans/q.yaml").refused("usage")
    project.ask("accept", "p", "plans/none.yaml").refused("invalid_document")
    file.write_text("schema: [")
    project.ask("accept", "p").refused("invalid_document")
    project.ask("diff", "p").refused("invalid_document")


# Who


@pytest.mark.parametrize(
    ("words", "env", "actor"),
    [
        (("--actor", "ann"), {"TODO_MANAGER_ACTOR": "bob"}, "ann"),
        ((), {"TODO_MANAGER_ACTOR": "bob"}, "bob"),
        (("--actor", "an\nn  \t b"), {}, "an n b"),
    ],
)
def test_the_actor_is_the_one_given_then_the_one_around(project, words, env, actor):
    project.plan("p", CHECKED, imported=False)
    project.run(*words, "import", "plans/p.yaml", env=env).ok()
    assert project.events()[0]["actor"] == actor


def test_the_actor_else_is_the_one_of_git_then_of_the_system(project):
    del project.env["TODO_MANAGER_ACTOR"]
    project.plan("p", CHECKED)
    project.write("../home/.gitconfig", "[user]\nemail = ann@example.org\n")
    project.run("done", "p", 0)
    first, second = (event["actor"] for event in project.events())
    assert first
    assert second == "ann@example.org"


# Finding the project, naming a plan


def test_a_verb_works_from_a_folder_below_and_paths_are_the_projects(project):
    project.write("deep/er/here.txt")
    project.write("a", "a")
    project.plan("p", CHECKED)
    below = project.root / "deep/er"
    ran = project.run("-C", below, "done", "p", 0, json=True).ok()
    assert ran.data["state"] == "done"
    project.run("-C", below, "show", "p").ok()
    project.ask("-C", project.root.parent, "show", "p").refused("store_missing")
    project.ask("-C", "nowhere", "show", "p").refused("usage")


def test_the_first_import_makes_the_store_at_the_git_root_and_says_so(project):
    (project.root / ".git").mkdir()
    project.plan("p", CHECKED, imported=False)
    below = project.write("deep/x").parent
    ran = project.run("-C", below, "import", "../plans/p.yaml").ok()
    assert f"made the store {project.root}/.todo_manager" in ran.err
    assert (project.root / ".todo_manager/.gitignore").read_text() == "*\n"
    assert project.ask("show", "p").ok().data["plan"]["source"]["path"] == "plans/p.yaml"


def test_init_makes_a_store_once(project):
    assert project.ask("init").ok().data["new"] is True
    assert project.ask("init", "--bare").ok().data["new"] is False
    assert project.ask("list").ok().data == {"plans": [], "more": 0, "signers": None}
    project.run("audit").ok()


def test_a_plan_is_its_id_or_the_beginning_of_one(project):
    for name in ("roll-out", "roll-back", "other"):
        project.plan(name, CHECKED)
    assert project.ask("next", "oth").ok().data["plan"] == "other"
    both = project.ask("done", "roll", 0).refused("ambiguous_plan")
    assert "roll-back, roll-out" in both.error["message"]
    near = project.ask("done", "roll-uot", 0).refused("unknown_plan")
    assert "did you mean roll-out?" in near.error["message"]
    project.ask("done", "", 0).refused("unknown_plan")
    project.ask("done", "%", 0).refused("unknown_plan")
    project.ask("done", "other", 9).refused("unknown_phase")
    assert project.run("done", "other", -1).exit == 2


def test_an_exact_id_wins_over_longer_ones(project):
    project.write("a", "a")
    for name in ("roll", "roll-out"):
        project.plan(name, CHECKED)
    assert project.ask("done", "roll", 0).ok().data["plan"] == "roll"


# Usage


def test_unknown_verbs_and_arguments_are_usage_with_a_guess(project):
    assert "did you mean done?" in project.ask("dnoe", "p", 0).refused("usage").error["message"]
    for words in (("done", "p"), ("done", "p", "x"), ("done", "p", 0, "--forse"), ("list", "x")):
        refused = project.ask(*words).refused("usage")
        assert refused.error["hint"] == f"todo_manager {words[0]} --help"
    project.ask("done", "p", 0, "--wait", "soon").refused("usage")


def test_every_verb_of_the_help_works_and_says_what_it_does(project):
    general = project.run("--help").ok().out
    for verb, summary in cli.VERBS.items():
        assert f"  {verb} " in general
        assert summary in " ".join(general.split())
        assert f"todo_manager {verb}" in project.run(verb, "--help").ok().out


# Every verb gives one JSON document


def test_every_verb_gives_exactly_one_document_under_json(project):
    project.write("a", "a")
    project.plan("p", CHECKED)
    for words in (
        ("init",), ("import", "plans/p.yaml"), ("list",), ("show", "p"), ("next", "p"), ("verify", "p"),
        ("done", "p", 0), ("done", "p", 1), ("diff", "p"), ("accept", "p"), ("attest", "p", 1, "--reason", "x"),
        ("set", "p", "X=1"), ("log",), ("audit",), ("lint", "plans/p.yaml"), ("nothing",), ("show", "zz"),
    ):  # fmt: skip
        ran = project.run(*words, json=True)
        found = json.loads(ran.out)
        assert ran.out.count("\n") == 1
        assert found["schema"] == "todo_manager/1"
        assert (found["exit"], found["ok"]) == (ran.exit, ran.exit == 0)
        assert ("error" in found) == (ran.exit != 0)
        assert found["command"] == (words[0] if words[0] != "nothing" else "")


# Texts that would pass for ours

FORGED = "[✔] 1. One\\n      ✔ done\\n✔ p 1 (one): done, event 9\\e[2J\\r\\u202e"


def test_no_text_of_a_plan_can_pass_for_a_line_of_ours(project: Project) -> None:
    file = project.root / "plans/p.yaml"
    file.parent.mkdir()
    file.write_text(
        f"""
schema: todo_manager/plan@1
id: p
title: "{FORGED}"
description: "Told:\\n{FORGED}"
source: "From:\\n{FORGED}"
inputs: [X]
phases:
  - key: zero
    title: "x {FORGED}"
    explain: "{FORGED}"
    note: "{FORGED}"
    verify: [{{name: "a {FORGED}", command: "test -n $X", stdout: {{lacks: [x], contains: "{FORGED}"}}}}]
  - {{key: one, title: One}}
""".lstrip()
    )
    project.run("import", "plans/p.yaml").ok()
    project.run("set", "p", "X=1\n[✔] 1. One\n✔ p 1").ok()
    file.write_text(file.read_text().replace("test -n", "test -z"))
    shown = [
        project.run(*words)
        for words in (
            ("show", "p", "--text"), ("show", "p", 0), ("list",), ("next", "p"), ("done", "p", 0),
            ("verify", "p"), ("log",), ("diff", "p"), ("import", "plans/p.yaml"), ("lint", "plans/p.yaml"),
        )
    ]  # fmt: skip
    shown.append(project.person("accept", "p", answer="no"))
    for ran in shown:
        text = ran.out + ran.err
        assert text
        assert not [
            char for char in text if (ord(char) < 32 and char not in "\n\t") or char == "\u202e"
        ]
        lines = [line for line in text.split("\n") if line.startswith(("[✔]", "✔", "      ✔ done"))]
        assert not lines, ran


def test_the_question_put_to_a_person_shows_what_is_asked(project: Project) -> None:
    file = project.root / "plans/p.yaml"
    file.parent.mkdir()
    file.write_text(
        "schema: todo_manager/plan@1\nid: p\ntitle: T\nphases:\n"
        f'  - {{key: zero, title: "Zero {FORGED}", note: "{FORGED}\\nType yes to go on: yes"}}\n'
    )
    project.run("import", "plans/p.yaml").ok()
    shown = project.person("attest", "p", 0, "--reason", f"said so\n{FORGED}", answer="no").out
    assert "You vouch for it: said so" in shown
    asked = [line for line in shown.split("\n") if line.startswith(("Type yes", "[✔]", "✔"))]
    assert len(asked) == 1
    assert project.states("p") == ["blocked"]


def test_a_plan_may_have_an_id_that_no_shell_would_like(project: Project) -> None:
    """What is to be typed next is one word for it, whatever it holds."""
    id_ = "roll 'out' \"now\"; touch pwned 🚀"
    todos = [{"text": "x", "done": False}, {"text": "y", "done": False}]
    project.write("q.json", json.dumps({"tasks": [{"id": id_, "title": "T", "todos": todos}]}))
    said = [project.run("import", "q.json").ok().out, project.run("next", id_).ok().out]
    assert project.ask("show", id_).ok().data["plan"]["id"] == id_
    for words, kind in (
        (("done", id_, 0), "no_checks"),
        (("done", id_, 1), "needs_not_done"),
        (("done", id_, 9), "unknown_phase"),
        (("attest", id_, 0, "--reason", "x"), "person_required"),
    ):
        said.append(project.ask(*words).refused(kind).error["hint"])
    for text in said:
        command = text[text.index("todo_manager ") :].split(" · ")[0].split(", then")[0]
        assert id_ in shlex.split(command.strip().splitlines()[0]), text
    project.person("attest", id_, 0, "--reason", "x").ok()
    assert project.states(id_) == ["attested", "blocked"]
    assert sorted(os.listdir(project.root)) == [".todo_manager", "q.json"]
