"""Tasks to plans: views of a text, keys, ids that can be stored."""

from __future__ import annotations

import pytest

from todo_manager.documents.imported import Task, Todo, key_of, plan_of, plans_of, task_of, views
from todo_manager.documents.names import is_plain_id, slug, unique, unprintable
from todo_manager.model import PlanDoc
from todo_manager.problems import Problems

RULE = "─" * 34


def plan(*texts: str, title: str = "", description: str = "") -> PlanDoc:
    todos = tuple(Todo(text) for text in texts)
    return plan_of(Task(id="p", todos=todos, title=title, description=description), "test")


def test_views_split_title_explain_and_note() -> None:
    text = f"PHASE 3: Ship it\n\nPush.\n\nTag.\n\n{RULE}\nIMPORTANT NOTE: Not on Friday.\nReally.\n"
    assert views(text) == ("PHASE 3: Ship it", "Push.\n\nTag.", "Not on Friday.\nReally.")


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("## **Bold** and `code`", "Bold and code"),
        ("**PHASE 1: Build**", "PHASE 1: Build"),
        ("- [ ] tick", "[ ] tick"),
        ("────────── GROUP 2: cache ──────────", "GROUP 2: cache"),
        (f"\n{RULE}\n> Quoted", "Quoted"),
        ("__init__.py must import nothing", "__init__.py must import nothing"),
        ("build *.whl and *.tar.gz", "build *.whl and *.tar.gz"),
        ("--no-cache is wanted", "--no-cache is wanted"),
        ("C# is out", "C# is out"),
    ],
)
def test_title_is_the_first_line_without_its_markdown(line: str, title: str) -> None:
    assert views(line)[0] == title


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("IMPORTANT NOTE:", "next"),
        ("IMPORTANT NOTE: same", "same\nnext"),
        ("**IMPORTANT NOTE:** same", "same\nnext"),
        ("MAHALAGANG PAALALA: pareho", "pareho\nnext"),
        ("read the `IMPORTANT NOTE` first", ""),
        ("an IMPORTANT NOTE: no", ""),
    ],
)
def test_note_begins_at_a_line_that_begins_so(line: str, note: str) -> None:
    assert views(f"T\n{line}\nnext")[2] == note


def test_explain_keeps_inner_blank_lines_and_indentation() -> None:
    assert views("T\n\n    code\n\n  more\n\n")[1] == "    code\n\n  more"


def test_a_title_cut_at_120_opens_the_explain_in_full() -> None:
    line = "word " * 40
    title, explain, _ = views(line + "\nrest")
    assert len(title) <= 120
    assert line.startswith(title)
    assert explain == line + "\nrest"


def test_phases_keep_their_text_and_need_the_one_before() -> None:
    texts = ("  First\n\n body \n", "First", "first!", "🚀", "")
    phases = plan(*texts).phases
    assert tuple(phase.text for phase in phases) == texts
    assert [phase.key for phase in phases] == ["first", "first-2", "first-3", "p3", "p4"]
    assert [phase.needs for phase in phases] == [
        (),
        ("first",),
        ("first-2",),
        ("first-3",),
        ("p3",),
    ]
    assert phases[4].title == "Phase 4"


def test_keys_of_long_titles_stay_short_and_different() -> None:
    keys = [phase.key for phase in plan("a" * 90, "a" * 99, "a" * 70).phases]
    assert len(set(keys)) == 3
    assert all(len(key) <= 60 for key in keys)


def test_a_fallback_key_does_not_take_a_title_s_key() -> None:
    assert [phase.key for phase in plan("p1", "…").phases] == ["p1", "p1-2"]


def test_plan_title() -> None:
    assert plan(description="\n One \nTwo").title == "One"
    assert plan(description="x" * 150).title == "x" * 120
    assert plan(title="Named", description="One").title == "Named"
    assert plan().title == "p"


def test_task_of_gives_back_what_a_plan_was_made_of() -> None:
    task = Task(
        id="a b",
        todos=(Todo("x\n", True), Todo("y")),
        title="d",
        description="d",
        status="open",
        created="1",
        updated="2",
    )
    assert task_of(plan_of(task, "test")) == task


@pytest.mark.parametrize(
    "id", ['say "hi"', "a/b:c", "🚀 launch", "20250101_x", "👩\u200d💻", "ünï", "docker arch"]
)
def test_ids_are_kept_as_they_are(id: str) -> None:
    problems = Problems("q")
    assert [plan.id for plan in plans_of([Task(id=id, todos=(Todo("x"),))], "t", problems)] == [id]
    assert problems.errors == problems.warnings == []


@pytest.mark.parametrize("id", ["", "  ", "a\nb", "a\x1b[31m", "a\ud800", "a\u202eb", "a\u200bb"])
def test_an_id_that_cannot_be_printed_is_an_error(id: str) -> None:
    problems = Problems("q.json")
    assert plans_of([Task(id=id, path="tasks[3]")], "t", problems) == ()
    assert len(problems.errors) == 1
    assert problems.errors[0].startswith("q.json: tasks[3]: the id ")
    assert problems.errors[0].isprintable()


def test_an_id_twice_names_both_places() -> None:
    problems = Problems("q")
    tasks = [Task(id="x", path="[0]"), Task(id="y", path="[1]"), Task(id="x", path="[2]")]
    assert [plan.id for plan in plans_of(tasks, "t", problems)] == ["x", "y"]
    assert "[2]" in problems.errors[0]
    assert "[0]" in problems.errors[0]


def test_half_characters_and_missing_todos_are_said() -> None:
    problems = Problems("q")
    plans_of([Task(id="x", todos=(Todo("ok"), Todo("\udc00")))], "t", problems)
    assert "todo 1" in problems.errors[0]
    plans_of([Task(id=f"e{n}") for n in range(5)], "t", problems)
    assert len(problems.warnings) == 1
    assert "5 tasks" in problems.warnings[0]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("PHASE 1: Café—Bar!", "phase-1-cafe-bar"),
        ("Straße", "strasse"),
        ("ﬁle ①", "file-1"),
        ("日本", ""),
        ("a" * 59 + " b", "a" * 59),
    ],
)
def test_slug(text: str, wanted: str) -> None:
    assert slug(text) == wanted


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("PHASE 2: DEPENDENCY AUDIT", "dependency-audit"),
        ("Phase 4.1 — Core", "core"),
        ("Phase 3", "phase-3"),
        ("Phases of the moon", "phases-of-the-moon"),
    ],
)
def test_a_key_leaves_out_the_number_of_the_title(title: str, wanted: str) -> None:
    assert key_of(title) == wanted


def test_plain_ids() -> None:
    assert is_plain_id("0_docker.arch-impl")
    assert not any(map(is_plain_id, ("", "_a", "A", "a/b", "a\n", "a b", "é", "../a", "-a")))


def test_unprintable_names_the_character() -> None:
    assert unprintable("a\tb") == "U+0009"
    assert unprintable("plain 🗒️") == ""


def test_unique_cuts_to_fit_its_suffix() -> None:
    assert unique("abcdef", {"abcdef": 1, "abcd-2": 1}, 6) == "abcd-3"
    taken: dict[str, int] = {}
    names = ["a", "a-2", "a", "a", "a-2", "b"]
    assert [unique(name, taken) for name in names] == ["a", "a-2", "a-3", "a-4", "a-2-2", "b"]
