"""Edits of plans without a file: kept as a proposal, shown, accepted by a person, or thrown away."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest
from forked import Forked
from support import Project

QUEUE = [
    {
        "id": "Ünïcode: 1",
        "description": "D",
        "todos": [{"text": "PHASE 0: One\nbody\n", "done": True}, {"text": "Two"}],
    },
    {"id": "empty", "todos": []},
    {"id": "plain", "todos": [{"text": "Only"}]},
]
ID = "Ünïcode: 1"


@pytest.fixture
def project(project: Project) -> Project:
    project = Forked(project.root, Path(project.env["HOME"]))
    (project.root / "queue.json").write_text(json.dumps(QUEUE))
    project.run("import", "queue.json").ok()
    return project


def test_a_queue_gets_checks_by_a_proposal_that_a_person_accepts(project):
    project.write("a", "a")
    before = project.ask("show", ID).data["plan"]["phases"]
    added = project.ask("add", ID, "check", 1, "file: a").ok().data
    assert (added["file"], added["proposal"], added["gates_differ"]) == (None, True, True)
    project.run("add", ID, "phase", "Three", "--explain", "why").ok()

    shown = project.ask("diff", ID).ok().data
    assert shown["proposal"]
    changes = {each["key"]: each["change"] for each in shown["phases"]}
    assert changes == {"one": "same", "two": "changed", "three": "added"}
    said = project.run("diff", ID).out
    assert "the proposal of tester" in said
    assert f"a person: todo_manager accept '{ID}'; or todo_manager diff '{ID}' --drop" in said
    assert len(project.states(ID)) == 2

    assert "follows queue.json no longer" in project.person("accept", ID).ok().out
    assert project.states(ID) == ["attested", "ready", "blocked"]
    after = project.ask("show", ID).data["plan"]
    assert [p["text"] for p in after["phases"][:2]] == [p["text"] for p in before]
    assert (after["description"], after["source"]["path"]) == ("D", None)
    assert project.ask("done", ID, 1).ok().data["state"] == "done"
    assert not project.ask("diff", ID).ok().data["proposal"]
    project.run("audit").ok()
    assert "id: unicode-1\n" in project.run("export", ID).ok().out

    project.run("add", ID, "note", 2, "later").ok()
    project.run("accept", ID).ok()
    assert project.ask("show", ID).data["plan"]["phases"][2]["note"] == "later"
    assert project.states(ID) == ["attested", "done", "blocked"]


def test_a_proposal_never_changes_what_done_runs(project):
    project.write("a", "a")
    project.run("add", "plain", "check", 0, "file: a").ok()
    project.person("accept", "plain").ok()
    project.run("add", "plain", "check", 0, "file: never").ok()
    assert project.ask("verify", "plain", 0).ok().data["phases"][0]["does_not_count"] is None
    done = project.ask("done", "plain", 0).ok().data
    assert [check["subject"] for check in done["checks"]] == ["a"]
    project.person("accept", "plain").ok()
    assert project.states("plain") == ["stale"]


def test_a_proposal_is_thrown_away_by_a_word(project):
    project.ask("diff", "plain", "--drop").refused("usage")
    project.run("add", "plain", "phase", "Two").ok()
    project.ask("diff", "plain", "queue.json", "--drop").refused("usage")
    dropped = project.ask("diff", "plain", "--drop").ok().data
    assert dropped["dropped"]
    assert "title: Two" in dropped["document"]
    assert not project.ask("diff", "plain").ok().data["gates_differ"]
    assert "nothing to accept" in project.run("accept", "plain").ok().out


def test_a_plan_without_phases_gets_its_first(project):
    project.ask("add", "empty", "check", 0, "file: a").refused("unknown_phase")
    project.run("add", "empty", "phase", "One").ok()
    project.run("add", "empty", "check", 0, "file: a").ok()
    project.run("move", "empty", 0, "--last").ok()
    project.person("accept", "empty").ok()
    assert project.states("empty") == ["ready"]


def test_a_proposal_waits_for_a_person_also_when_another_document_is_accepted(project):
    project.run("add", "plain", "check", 0, "file: a").ok()
    project.ask("accept", "plain").refused("person_required")
    assert "not confirmed" in project.person("accept", "plain", answer="no").out
    assert project.ask("diff", "plain").ok().data["proposal"]
    other = project.write(
        "p.yaml", "schema: todo_manager/plan@1\nid: plain\ntitle: T\nphases: [{title: X}]"
    )
    assert "a proposal still waits" in project.person("accept", "plain", other.name).ok().out
    assert project.ask("diff", "plain").ok().data["proposal"]


def test_another_project_s_yaml_keeps_its_comments_in_a_proposal(project):
    outside = project.root.parent / "p.yaml"
    outside.write_text(
        "# head\nschema: todo_manager/plan@1\nid: p\ntitle: T\nphases: # here\n- title: One\n"
    )
    project.run("import", outside).ok()
    project.run("add", "p", "phase", "Two").ok()
    project.person("accept", "p").ok()
    original = project.run("export", "p", "--original").ok().out
    assert original == outside.read_text() + "- title: Two\n"


def test_a_proposal_that_cannot_be_edited_leads_to_a_file(project):
    outside = project.root.parent / "p.yaml"
    outside.write_text("schema: todo_manager/plan@1\nid: p\ntitle: T\nphases: [{title: One}]\n")
    project.run("import", outside).ok()
    refused = project.ask("add", "p", "phase", "Two").refused("usage")
    assert "todo_manager export p -o FILE" in refused.error["hint"]
    project.run("export", "p", "-o", "p.yaml").ok()
    project.run("import", "p.yaml").ok()
    assert project.ask("add", "p", "phase", "Two").ok().data["file"] == "p.yaml"


def test_a_plan_whose_file_is_gone_is_edited_in_a_proposal(project):
    file = project.plan("p", "- {title: One, verify: [{file: a}]}")
    text = file.read_text()
    file.unlink()
    assert project.ask("add", "p", "phase", "Two").ok().data["proposal"]
    file.write_text(text)
    assert project.ask("add", "p", "phase", "Three").ok().data["proposal"]
    assert file.read_text() == text
    project.person("accept", "p").ok()
    assert len(project.states("p")) == 3


def test_scripts_are_not_renumbered_by_what_nobody_has_accepted(project):
    project.write("phases/plain/p0_check.sh", "exit 0")
    project.person("accept", "plain").ok()
    words = ("add", "plain", "phase", "Two", "--before", 0, "--needs", "")
    refused = project.ask(*words).refused("usage")
    assert "phases/plain/p0_check.sh" in refused.error["message"]
    assert os.listdir(project.root / "phases/plain") == ["p0_check.sh"]
    assert not project.ask("diff", "plain").ok().data["proposal"]
    for step in refused.error["hint"].split("todo_manager ")[1:]:
        project.run(*step.split(",")[0].split()).ok()
    assert project.ask(*words).ok().data["renamed"] == {
        "phases/plain/p0_check.sh": "phases/plain/p1_check.sh"
    }
    project.person("accept", "plain").ok()
    assert project.states("plain") == ["blocked", "ready"]


def test_json_is_not_edited_and_says_where_to_go(project):
    source = (
        '{"schema": "todo_manager/plan@1", "id": "j", "title": "T", "phases": [{"title": "One"}]}'
    )
    project.write("j.json", source)
    project.run("import", "j.json").ok()
    assert "is JSON" in project.ask("add", "j", "phase", "Two").refused("usage").error["message"]
    (project.root / "j.json").unlink()
    project.run("add", "j", "phase", "Two").ok()
    project.person("accept", "j").ok()
    assert len(project.states("j")) == 2


def test_what_is_not_kept(project):
    before = project.store_bytes()
    for words, kind in (
        (("check", 0, "fiel: a"), "invalid_document"),
        (("check", 0, "script: gone.sh"), "invalid_document"),
        (("phase", "Only"), "invalid_document"),
        (("note", 3, "x"), "unknown_phase"),
    ):
        project.ask("add", "plain", *words).refused(kind)
    project.ask("move", "plain", 0, "--before", 4).refused("unknown_phase")
    assert project.store_bytes() == before


def test_a_proposal_that_does_not_load_any_more_can_still_be_thrown_away(project):
    project.run("add", "plain", "phase", "Two").ok()
    with sqlite3.connect(project.root / ".todo_manager/store.db") as db:
        db.execute("UPDATE proposals SET data = ?", (b"schema: todo_manager/plan@1\nid: plain\n",))
    db.close()
    for verb in (("diff", "plain"), ("add", "plain", "phase", "X"), ("accept", "plain")):
        refused = project.ask(*verb).refused("invalid_document")
        assert "the proposal for plain" in refused.error["message"]
        assert "diff plain --drop" in refused.error["hint"]
    assert project.ask("diff", "plain", "--drop").ok().data["dropped"]
    project.run("add", "plain", "phase", "Two").ok()


def test_many_at_once_lose_nothing(project):
    children = []
    for n in range(6):
        pid = os.fork()
        if pid == 0:
            os._exit(project.ask("add", "plain", "phase", f"Phase {n}").exit)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 6
    project.person("accept", "plain").ok()
    assert len(project.states("plain")) == 7
