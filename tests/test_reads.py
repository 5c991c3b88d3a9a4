"""`list`, `show` and `next`: pages, prefixes, what counts as open, and answers that are JSON."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import subprocess
import sys

import pytest
from support import REPOSITORY

from todo_manager import jsontext, read_plan, reads

PHASES = """
- title: A
  verify: [{file: a.txt}]
- title: B
  verify: [{command: "grep -q \\"$DATE\\" a.txt"}]
"""
OPEN = [f"t{n:03}" for n in reversed(range(130)) if n % 10]


def queue(project, tasks):
    """Import tasks, given as id → todos, by the queue reader, which keeps ids as they are."""
    document = {"tasks": [{"id": id_, "title": id_, "todos": todos} for id_, todos in tasks]}
    project.write("queue.json", json.dumps(document))
    project.run("import", "queue.json").ok()
    return project


@pytest.fixture
def many(project):
    """130 plans; every tenth came in done, and is closed."""
    return queue(
        project, [(f"t{n:03}", [{"text": "do it", "done": n % 10 == 0}]) for n in range(130)]
    )


@pytest.fixture
def done(project):
    """A plan whose two phases are done, the second with an input, and which is therefore closed."""
    project.plan("p", PHASES, head="inputs: [DATE]\n")
    project.write("a.txt", "2026")
    project.run("done", "p", 0).ok()
    project.run("done", "p", 1, "--var", "DATE=2026").ok()
    assert ids(project.ask("list")) == []
    return project


def ids(ran):
    return [plan["id"] for plan in ran.ok().data["plans"]]


def test_pages_hold_fifty_open_plans_newest_first_and_say_how_many_follow(many):
    found, page, more = [], many.ask("list"), None
    while page.ok().data["plans"]:
        assert len(page.data["plans"]) == min(50, len(OPEN) - len(found))
        found += ids(page)
        more = page.data["more"]
        assert more == len(OPEN) - len(found)
        page = many.ask("list", "--after", found[-1])
    assert more == 0
    assert found == OPEN
    assert len(ids(many.ask("list", "--all"))) == 130
    assert f"{len(OPEN) - 50} more: todo_manager list --after {OPEN[49]}" in many.run("list").out


@pytest.mark.parametrize("few", [3, 13, 14, 10_000])
def test_more_is_the_same_whichever_way_it_is_counted(many, monkeypatch, few):
    monkeypatch.setattr(reads, "_FEW", few)
    with contextlib.closing(reads.open_snapshot(str(many.root))) as db:
        assert reads.list_plans(db, "")["more"] == len(OPEN) - 50


READS = {
    "list": lambda db, root: reads.list_plans(db, root),
    "list --after": lambda db, root: reads.list_plans(db, root, after="t077"),
    "show": lambda db, root: read_plan.show_plan(db, root, "t077"),
    "next": lambda db, root: read_plan.next_phase(db, root, "t077"),
    "prefix": lambda db, root: reads.plan_id(db, "t07"),
}


@pytest.mark.parametrize("read", READS)
def test_a_read_looks_rows_up_and_goes_through_no_table(many, read):
    queue(many, [("t07", [])])
    with contextlib.closing(reads.open_store(str(many.root))) as db:
        statements: list[str] = []
        db.set_trace_callback(statements.append)
        READS[read](db, str(many.root))
        db.set_trace_callback(None)
        steps = [
            row["detail"]
            for statement in statements
            if statement != "SELECT count(*) FROM plans"  # SQLite looks at no row for this
            for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]
        tables = "|".join(row[0] for row in db.execute("SELECT name FROM sqlite_master"))
    assert any("SEARCH" in step and "plans" in step for step in steps)
    assert not [s for s in steps if re.match(rf"SCAN (TABLE )?({tables}|p|l)\b", s)]


def test_a_closed_plan_that_goes_stale_is_listed_again(done):
    done.run("set", "p", "DATE=2027").ok()
    (plan,) = done.ask("list").ok().data["plans"]
    assert (plan["done"], plan["next"]["phase"], plan["next"]["state"]) == (1, 1, "stale")
    done.run("set", "p", "DATE=2026").ok()
    assert ids(done.ask("list")) == []
    harder = PHASES.replace("a.txt}", "a.txt, contains: [2026]}")
    done.plan("p", harder, head="inputs: [DATE]\n", imported=False)
    assert done.person("accept", "p").exit == 0
    assert ids(done.ask("list")) == ["p"]
    done.run("done", "p", 0).ok()
    assert ids(done.ask("list")) == []


def test_a_plan_without_phases_is_never_called_done(project):
    queue(project, [("empty", [])])
    (plan,) = project.ask("list").ok().data["plans"]
    assert (plan["status"], plan["next"]) == ("open", None)
    assert project.ask("next", "empty").ok().data["reason"] == "it has no phases"
    for verb in (["list"], ["next", "empty"], ["show", "empty"]):
        text = project.run(*verb).ok().out
        assert "done" not in text, text


@pytest.mark.parametrize("verb", [["list"], ["show", "p"], ["next", "p"]])
def test_a_mark_that_rests_on_no_event_is_not_shown(project, verb):
    project.plan("p", PHASES, head="inputs: [DATE]\n")
    project.ask(*verb).ok()
    with contextlib.closing(sqlite3.connect(project.root / ".todo_manager/store.db")) as db, db:
        db.execute("UPDATE phases SET mark = 'done', mark_digest = digest WHERE idx = 0")
    project.ask(*verb).refused("integrity")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("a_b-1", "a_b-1"),
        ("a_b-2", "a_b-2x"),
        ("a_b", None),
        ("a%", "a%b"),
        ("_", None),
        ("A_B-1", None),
        ("żó", "żółw 🐢"),
        ("", None),
    ],
)
def test_a_prefix_means_itself_and_one_plan(project, wanted, found):
    queue(project, [(id_, []) for id_ in ("a_b-1", "a_b-2x", "a_b-10", "axb", "a%b", "żółw 🐢")])
    ran = project.ask("show", wanted)
    if found:
        assert ran.ok().data["plan"]["id"] == found
    else:
        ran.refused("ambiguous_plan" if wanted == "a_b" else "unknown_plan")


LINES = [
    "list", "list --all", "list x", "list --after p", "list --al", "show p", "show p 0", "show p 01",
    "show p 1 --text", "show --text p", "show p 2", "show p -1", "show p x", "show p ١", "show p 0 0",
    "show", "show --all p", "show p 99999999999", "next p", "next p 0", "next", "next -- p", "next nope",
]  # fmt: skip


@pytest.mark.parametrize("form", ["", " --json"])
def test_plain_arguments_mean_what_the_parser_makes_of_them(project, form):
    """`--actor` is not plain, so the second run goes through the parser."""
    project.plan("p", PHASES, head="inputs: [DATE]\n")
    for line in LINES:
        words = (line + form).split()
        plain, parsed = project.run(*words), project.run("--actor", "me", *words)
        assert plain.out or plain.err, line
        assert (plain.exit, plain.out, plain.err) == (parsed.exit, parsed.out, parsed.err), line


NASTY = 'quote " backslash \\ tab \t line \n bell \x07 \x7f é ż 🐢 \u2028 \ufeff </script> ${DATE}'


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_an_answer_is_ascii_json_whatever_a_plan_says(project, encoding):
    queue(project, [("n", [{"text": NASTY, "done": False}])])
    ran = project.ask("show", "n", env={"PYTHONIOENCODING": encoding})
    assert NASTY in ran.data["plan"]["phases"][0]["text"]
    assert ran.out.isascii()
    assert ran.out.count("\n") == 1


VALUES = [
    None, True, False, 0, -7, 10**30, 0.1, 1e300, 2.0, "", NASTY, "\ud800", [], {}, [[], {}],
    {"a": [1, {"b": None}], "": "x", "é": [True]}, (1, "two"),
]  # fmt: skip


def test_json_texts_are_to_the_letter_those_of_the_json_module():
    for value in VALUES:
        text = jsontext.dumps(value)
        assert text == json.dumps(value)
        assert jsontext.loads(text) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["", " ", "{", "[1,]", '{"a" 1}', "1 2", "nul", "NaN", "'a'", '"\n"']
)
def test_what_is_not_json_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        jsontext.loads(text)


def test_what_json_cannot_say_is_refused():
    with pytest.raises(TypeError):
        jsontext.dumps({"a": object()})


def test_an_interpreter_without_the_functions_in_c_answers_the_same(project):
    project.plan("p", PHASES, head="inputs: [DATE]\n")
    code = "import sys; sys.modules['_json'] = None; from todo_manager.cli import main; main()"
    for words in (["list", "--json"], ["show", "p", "--json"], ["next", "p", "--json"]):
        argv = [sys.executable, "-c", code, *words]
        env = project.env | {"PYTHONPATH": str(REPOSITORY)}
        answer = subprocess.check_output(argv, cwd=project.root, env=env, text=True)
        assert answer == project.run(*words).ok().out
