"""`export`: what comes out goes in again, and is the same plan; and what must not come out."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from gated import new_project
from support import PROGRAM, REPOSITORY, Project

CHECKED = """
- key: zero
  title: Zero
  explain: |
    One.

    # Two
  note: Mind it.
  tags: [first]
  verify:
    - {file: a, mode: 0644}
    - {name: answer, file: b.json, json: {n: 1.0, m: "1.0", z: null, t: true, s: "true"}}
- title: One
  text: "\\ttext\\x07\\r\\n of an imported phase \\n"
  verify:
    - for_each: {s: "${apps}"}
      file: "${s.name}.txt"
- {key: two, title: Two, needs: [zero], parts: [{title: P, verify: [{command: 'test "$X" = "${X}"'}]}]}
"""
HEAD = """\
description: "A: b"
source: here
tags: [x, y]
inputs: [X]
vars: {tag: "v-${X}", n: 0644, apps: [{name: a}, {name: b}]}
"""


@pytest.fixture
def project(project: Project) -> Project:
    return Forked(project.root, Path(project.env["HOME"]))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Another project, with the scripts that come with the program."""
    project = new_project(tmp_path_factory.mktemp("other"))
    shutil.copytree(REPOSITORY / "phases", project.root / "phases")
    return project


def shown(project: Project, plan: str) -> Any:
    """What show has of a plan, without what is the store's own."""
    found = project.ask("show", plan).ok().data["plan"]
    phases = [
        {k: p[k] for k in ("key", "title", "explain", "text", "note", "tags", "needs", "digest",
                           "parts", "checks")}
        for p in found["phases"]
    ]  # fmt: skip
    return [found[k] for k in ("title", "description", "tags", "digest")], phases


def exported(project: Project, *words: object) -> str:
    ran = project.run("export", *words).ok()
    assert ran.out == project.ask("export", *words).ok().data["document"]
    return ran.out


@pytest.mark.parametrize("format", ["yaml", "json"])
def test_a_plan_comes_back_with_equal_gates_and_texts(project, other, format):
    other.env = project.env
    project.plan("p", CHECKED, head=HEAD)
    text = exported(project, "p", "--format", format)
    file = other.root / f"p-{format}.{format}"
    file.write_text(text, newline="")
    other.run("import", file.name).ok()
    assert shown(other, "p") == shown(project, "p")
    assert exported(other, "p", "--format", format) == text


@pytest.mark.parametrize("file", ["demo.yaml", "example.yaml"])
def test_the_plans_of_the_program_come_back_equal(project, other, file):
    shutil.copytree(REPOSITORY / "phases", project.root / "phases")
    shutil.copytree(REPOSITORY / "plans", project.root / "plans")
    id_ = project.ask("import", f"plans/{file}").ok().data["plans"][0]["id"]
    for format in ("yaml", "json"):
        (other.root / f"out.{format}").write_text(exported(project, id_, "--format", format))
        other.run("import", f"out.{format}").ok()
        assert shown(other, id_) == shown(project, id_)


def test_what_the_author_wrote_stays_as_written(project):
    project.plan("p", CHECKED, head=HEAD)
    text = exported(project, "p")
    for line in (
        "tag: v-${X}",
        'tags: [x, "y"]',
        '"n": "0644"',
        'for_each:\n          s: "${apps}"',
        'file: "${s.name}.txt"',
        '"n": 1.0',
        'm: "1.0"',
        "z: null",
        "t: true",
        's: "true"',
        "needs: [zero]",
        "explain: |\n      One.\n\n      # Two\n",
    ):
        assert line in text, line


QUEUE = {
    "Ünïcode/plan: 'x' 🎮": {
        "title": "Queue",
        "description": "D: e\n- f",
        "todos": [
            {"text": "PHASE 3: Build\n  body\n\nIMPORTANT NOTE: take care\n", "done": True},
            {"text": " leads\r\n\u2028\x85 true\t", "done": False},
            {"text": "", "done": False},
            {"text": "22:22", "done": False},
        ],
    }
}


def test_a_queue_becomes_plan_1_with_its_texts_to_the_letter(project, other):
    (project.root / "queue.json").write_text(json.dumps(QUEUE))
    (id_,) = QUEUE
    project.run("import", "queue.json").ok()
    ran = project.run("export", id_).ok()
    assert "it is called unicode-plan-x there" in ran.err
    (other.root / "q.yaml").write_text(ran.out, newline="")
    other.run("import", "q.yaml").ok()
    found, meant = shown(other, "unicode-plan-x"), shown(project, id_)
    assert found == meant
    assert [phase["text"] for phase in found[1]] == [todo["text"] for todo in QUEUE[id_]["todos"]]
    assert "id: another\n" in project.run("export", id_, "--id", "another").ok().out
    assert project.ask("export", id_, "--id", "No Id").refused("usage").error["hint"].endswith("-x")


def test_a_queue_comes_back_as_a_queue_with_its_marks(project, other):
    (project.root / "queue.json").write_text(json.dumps(QUEUE))
    project.run("import", "queue.json").ok()
    (id_,) = QUEUE
    text = exported(project, id_, "--format", "queue-json")
    found = json.loads(text)[id_]
    assert found["todos"] == QUEUE[id_]["todos"]
    assert (found["id"], found["title"], found["description"]) == (id_, "Queue", "D: e\n- f")
    (other.root / "back.json").write_text(text)
    other.run("import", "back.json").ok()
    assert shown(other, id_) == shown(project, id_)
    assert other.states(id_) == project.states(id_)


@pytest.mark.parametrize("id_", ["tasks", "todos", "phases", "implementation"])
def test_an_id_that_is_a_word_of_the_format_is_no_trap(project, other, id_):
    (project.root / "queue.json").write_text(json.dumps([QUEUE[next(iter(QUEUE))] | {"id": id_}]))
    project.run("import", "queue.json").ok()
    (other.root / "back.json").write_text(exported(project, id_, "--format", "queue-json"))
    other.run("import", "back.json").ok()
    assert shown(other, id_) == shown(project, id_)


def test_a_queue_has_done_where_the_mark_stands_and_nowhere_else(project):
    project.write("a", "a")
    plan = project.plan(
        "p",
        """
        - {key: k0, title: T0, explain: E, note: N, needs: [], verify: [{file: a}]}
        - {key: k1, title: T1, needs: [], verify: [{file: a}]}
        - {key: k2, title: T2, needs: [], verify: [{file: a, pins: a}]}
        - {key: k3, title: T3, needs: [], verify: [{file: b}]}
        - {key: k4, title: T4, needs: [k2], verify: [{command: "true # ", exit: 1, required: false}]}
        """.replace('{command: "true # ", exit: 1, required: false}', "{file: a}"),
    )
    for index in (0, 1, 2, 4):
        project.run("done", "p", index).ok()
    plan.write_text(plan.read_text().replace("T1, needs: [], verify: [{file: a}]", "T1, needs: []"))
    project.person("accept", "p").ok()
    project.write("a", "b")
    assert project.states("p") == ["done", "stale", "stale", "ready", "stale"]
    ran = project.run("export", "p", "--format", "queue-json").ok()
    assert "no place for checks" in ran.err
    todos = json.loads(ran.out)["p"]["todos"]
    assert [todo["done"] for todo in todos] == [True, False, False, False, False]
    assert todos[0]["text"] == "T0\n\nE\n\nIMPORTANT NOTE: N"
    project.run("archive", "p").ok()
    again = json.loads(project.run("export", "p", "--format", "queue-json").ok().out)["p"]["todos"]
    assert again == todos


# What is not what was recorded


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE phases SET mark = 'done', mark_digest = digest, mark_inputs = '{}' WHERE idx = 1",
        "UPDATE phases SET mark = 'open' WHERE idx = 0",
        "UPDATE plans SET digest = 'x'",
        "UPDATE phases SET verify = '[]' WHERE idx = 0",
        "UPDATE contents SET data = x'00'",
        "UPDATE plans SET source_sha256 = (SELECT sha256 FROM contents WHERE data != "
        "(SELECT data FROM contents WHERE sha256 = source_sha256))",
    ],
)
def test_a_store_that_was_edited_is_not_exported(project, change):
    project.write("a", "a")
    project.write("phases/p/p1_check.sh", "schema: todo_manager/plan@1\n")
    project.plan("p", "- {key: k0, title: T, verify: [{file: a}]}\n- {key: k1, title: T}")
    project.run("done", "p", 0).ok()
    with sqlite3.connect(project.root / ".todo_manager/store.db") as db:
        db.execute(change)
    db.close()
    refused = project.ask("export", "p", "--format", "queue-json")
    assert refused.exit in (2, 9), refused
    if "contents WHERE" not in change:
        refused.refused("integrity")
    assert "document" not in (refused.json.get("data") or {})


def test_the_accepted_plan_is_exported_not_the_file_as_it_is(project):
    file = project.plan("p", "- {title: T, verify: [{file: a}]}")
    before = exported(project, "p")
    file.write_text(file.read_text().replace("file: a", "file: b"))
    assert exported(project, "p") == before
    file.unlink()
    assert exported(project, "p") == before


# The original, and where it goes


ORIGINALS = {
    "crlf.yaml": b"\xef\xbb\xbf# c\r\nschema: todo_manager/plan@1\r\nid: p\r\ntitle: T\r\n"
    b"phases: [{title: One}]",
    "queue.json": b'[{"id": "p",\t"todos": [{"text": "\\u0000\\u001b[31m \xf0\x9f\x8e\xae\x7f"}]}]\n\n',
}


@pytest.mark.parametrize("name", ORIGINALS)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_the_original_comes_back_to_the_byte(project, name, encoding):
    (project.root / name).write_bytes(ORIGINALS[name])
    project.run("import", name).ok()
    (project.root / name).unlink()
    ran = subprocess.run(
        [*PROGRAM, "export", "p", "--original"],
        cwd=project.root,
        env=project.env | {"PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert (ran.returncode, ran.stdout) == (0, ORIGINALS[name])
    project.run("export", "p", "--original", "-o", "copy").ok()
    assert (project.root / "copy").read_bytes() == ORIGINALS[name]
    assert (
        project.ask("export", "p", "--original").ok().data["document"].encode() == ORIGINALS[name]
    )


def test_a_terminal_gets_nothing_that_plays_tricks(project):
    (project.root / "queue.json").write_bytes(ORIGINALS["queue.json"].replace(b"u0000", b"u0001"))
    project.run("import", "queue.json").ok()
    for words in (("--original",), ("--format", "yaml")):
        assert "\x1b[31m" not in project.person("export", "p", *words).ok().out


def test_what_plan_1_cannot_hold_is_said_with_the_other_roads(project):
    (project.root / "queue.json").write_bytes(ORIGINALS["queue.json"])
    (project.root / "empty.json").write_text('[{"id": "e", "todos": []}]')
    project.run("import", "queue.json", "empty.json").ok()
    refused = project.ask("export", "p").refused("invalid_document")
    assert "NUL" in refused.error["message"]
    assert "--original" in refused.error["hint"]
    assert "no phases" in project.ask("export", "e").refused("usage").error["message"]
    assert json.loads(exported(project, "e", "--format", "queue-json"))["e"]["todos"] == []
    long = "k" * 1500
    project.plan("long", f'- {{title: T, verify: [{{file: a, json: {{? "{long}" : 1}}}}]}}')
    assert f"? {long}\n          : 1\n" in exported(project, "long")
    assert "as json" in project.ask("export", "long", "--format", "json").error["message"]
    project.ask("export", "p", "--original", "--format", "yaml").refused("usage")


def test_a_file_is_replaced_whole_with_its_mode_or_not_at_all(project):
    project.plan("p", "- {title: T, verify: [{file: a}]}")
    target = project.write("out/p.yaml", "old", mode=0o640)
    assert project.ask("export", "p", "-o", "out/p.yaml").ok().data["file"] == "out/p.yaml"
    assert target.read_text() == exported(project, "p")
    assert target.stat().st_mode & 0o777 == 0o640
    for bad in ("out", "nowhere/p.yaml"):
        project.ask("export", "p", "-o", bad).refused("store_read_only")
    assert sorted(os.listdir(project.root / "out")) == ["p.yaml"]
    assert "document" not in project.ask("export", "p", "-o", "new.yaml").ok().data
