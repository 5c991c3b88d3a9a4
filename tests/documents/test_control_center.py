"""Command-center texts: the two layouts, and broken or wrongly decoded files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from todo_manager.documents import control_center
from todo_manager.documents.control_center_writers import write_r1, write_r2
from todo_manager.documents.imported import Task, Todo, task_of
from todo_manager.model import PlanDoc
from todo_manager.problems import Problems

Writer = Callable[[Iterable[Task]], str]
WRITERS: list[Writer] = [write_r1, write_r2]
HEAD = "=" * 60 + "\n🎮 TASK COMMAND & CONTROL CENTER\n" + "=" * 60 + "\n\n📋 ALL OPEN TASKS:\n"
HEAD += "=" * 40 + "\n"


def task(id: str, *todos: str | Todo, created: str = "2025", description: str = "What for") -> Task:
    made = tuple(item if isinstance(item, Todo) else Todo(item) for item in todos)
    return Task(id=id, todos=made, status="open", created=created, description=description)


def read(text: str) -> tuple[tuple[PlanDoc, ...], Problems]:
    problems = Problems("t.md")
    return control_center.read(text, problems), problems


def clean(text: str) -> list[Task]:
    plans, problems = read(text)
    assert problems.errors == problems.warnings == []
    return [task_of(plan) for plan in plans]


def todos(tasks: list[Task]) -> list[tuple[str, tuple[Todo, ...]]]:
    return [(task.id, task.todos) for task in tasks]


def test_r1_layout() -> None:
    text = write_r1([task("b", Todo("One\nmore", True), "Two"), task("c", created="2026")])
    assert text == HEAD + (
        "\n1. 🗒️  c\n   Description: What for...\n   Status: open\n   Created: 2026\n"
        "   TODO Items: None\n"
        "\n2. 🗒️  b\n   Description: What for...\n   Status: open\n   Created: 2025\n"
        "   TODO Items (2):\n      [✔] 0. One\nmore\n      [✗] 1. Two\n"
    )


def test_r2_layout() -> None:
    text = write_r2([task("b", Todo("One\nmore", True), "Two", description="x" * 201), task("c")])
    assert text == HEAD + (
        f"\n1. 🗒️  b\n   Description: {'x' * 200}…\n   Status: open\n   Created: 2025\n"
        "   TODO Items (2):\n      [✔] 0. One\n\nmore\n\n      [✗] 1. Two\n\n\n"
        "2. 🗒️  c\n   Description: What for\n   Status: open\n   Created: 2025\n"
        "   TODO Items: None\n"
    )


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    "bodies",
    [
        ("T", "T\nb", "T\n\nb", "T\n\n\nb", "T\n", "T\n\n", "", "\nb", " T \n b", "T"),
        ("T\r\nb", "T\u2028b", "T\x0cb", "T\ttab", "[✔] 1. near", "      [✔] one", "end"),
        ("T\n     [✔] 1. five spaces", "T\n      [x] 2. other sign", "T\n      [✔] 1.", "end"),
        ("T\n      [✔] 0. own number", "T\n      [✔] 0. past", "T\n      [✗] 7. far", "end"),
        ("T\n2. 🗒️  x", "T\n\n2. 🗒️  x\n   Description: y", "T\n   TODO Items (3):", "end"),
        ("T\n\n2. 🗒️  x\n   Description: y\n   Status: s\n   Created: c\n   TODO Items: None", "e"),
        ("T", "T\n      [✔] 2. past the declared"),
        ("T", "T\n\n2. 🗒️  x\n   Description: y"),
        ("T", "T\n```sh\na fence that is never closed"),
        ("T\n```sh\na fence that is never closed", "T"),
        ("T", "T\n```\n      [✗] 4. fenced, never reached\n```\nb", "end"),
    ],
)
def test_both_layouts_give_back_texts_and_marks(write: Writer, bodies: tuple[str, ...]) -> None:
    first = task("a", *(Todo(text, at % 2 == 0) for at, text in enumerate(bodies)), created="9")
    tasks = [first, task("b", created="8"), task("c", "last", created="7")]
    plans, problems = read(write(tasks))
    assert todos([task_of(plan) for plan in plans]) == todos(tasks)
    assert problems.errors == []


def test_descriptions() -> None:
    for length, shown in [(3, "x" * 3), (79, "x" * 79), (90, "x" * 80 + "...")]:
        assert clean(write_r1([task("a", "t", description="x" * length)]))[0].description == shown
    for length, shown in [(200, "x" * 200), (201, "x" * 200 + "…")]:
        assert clean(write_r2([task("a", "t", description="x" * length)]))[0].description == shown
    assert clean(write_r2([task("a", "t", "u", description="two\nlines")]))[0].description == (
        "two\nlines"
    )


def test_the_layout_is_the_one_that_writes_the_text_again() -> None:
    dotted = [task("a", "T\nb", "U", description="and so on...")]
    plans, problems = read(write_r2(dotted))
    assert plans[0].phases[0].text == "T\nb"
    assert "R1 or R2; read as R2" in problems.warnings[0]
    _, problems = read(write_r1([task("a", "T\n\nb")]))
    assert "R1 or R2; read as R1" in problems.warnings[0]


def test_a_text_no_writer_made_is_read_with_a_warning() -> None:
    text = write_r1([task("a", "T\nb", "U")])
    plans, problems = read(text.replace("      [✗] 1.", "\n      [✗] 1.").replace("for...", "for"))
    assert [phase.title for phase in plans[0].phases] == ["T", "U"]
    assert problems.errors == []
    assert "blank lines" in problems.warnings[0]
    assert problems.warnings[0].startswith("t.md:14: ")


def test_the_last_line_end_may_be_missing() -> None:
    for write in WRITERS:
        assert clean(write([task("a", "T\nb", "U")]).rstrip("\n"))[0].todos[1] == Todo("U")


def test_a_text_with_windows_line_ends_is_read_and_said() -> None:
    plans, problems = read(write_r1([task("a", "T\nb", "U")]).replace("\n", "\r\n"))
    assert plans[0].phases[0].text == "T\nb"
    assert len(problems.warnings) == 1
    assert "CR LF" in problems.warnings[0]


def test_every_cut_is_an_error_or_ends_within_the_last_text() -> None:
    text = write_r1([task("a", "T0\nb", "T1", created="9"), task("b", "U0", "U1\nb\nc")])
    lines = text.split("\n")
    for end in range(len(lines) - 1):
        plans, problems = read("\n".join(lines[:end]))
        whole = len(plans) == 2 and len(plans[1].phases) == 2
        between = end in (15, 16)  # the first task is all there, nothing shows that one is missing
        assert whole or between or problems.errors, end


def test_a_cut_names_what_is_missing() -> None:
    text = write_r1([task("a", "T0", "T1")])
    _, problems = read(text[: text.index("      [✗] 1.")])
    assert problems.errors[0].startswith("t.md:12: ")
    assert "declares 2 todos and 1" in problems.errors[0]


@pytest.mark.parametrize("write", WRITERS)
def test_nothing_open_is_nothing_to_import(write: Writer) -> None:
    plans, problems = read(write([]))
    assert control_center.recognises("x.txt", write([]))
    assert plans == ()
    assert "nothing to import" in problems.errors[0]


def test_a_head_without_tasks_and_a_broken_first_task_are_errors() -> None:
    assert "no task found" in read(HEAD)[1].errors[0]
    assert read(HEAD + "\n1. 🗒️  a\n   Status: open\n")[1].errors[0].startswith("t.md:8: the head")


def test_ids_twice_and_empty() -> None:
    _, problems = read(write_r1([task("a", "x"), task("a", "y"), task("", "z")]))
    assert len(problems.errors) == 2
    assert problems.errors[0].startswith("t.md:15: ")
    assert "line 8" in problems.errors[0]


def broken(text: str, codec: str) -> str:
    return text.encode("utf-8").decode(codec)


@pytest.mark.parametrize("write", WRITERS)
def test_wrongly_decoded_text_is_recognised_and_repaired(write: Writer) -> None:
    tasks = [task("a", Todo("Größe → fertig\n\n“so”", True), "✅ Ende")]
    text = broken(write(tasks), "mac_roman")
    assert control_center.recognises("x.txt", text)
    plans, problems = read(text)
    assert todos([task_of(plan) for plan in plans]) == todos(tasks)
    assert "decoded wrongly" in problems.warnings[0]


def test_clean_text_is_left_alone_even_where_it_quotes_broken_text() -> None:
    tasks = [task("a", "T\n" + broken("✔ → “x”", "mac_roman"), "U")]
    assert todos(clean(write_r1(tasks))) == todos(tasks)


def test_recognises() -> None:
    assert control_center.recognises("x.md", "\ufeff" + HEAD)
    assert control_center.recognises("x.md", HEAD.replace("\n", "\r\n"))
    assert not control_center.recognises("x.md", "# About the TASK COMMAND & CONTROL CENTER\n")
    assert not control_center.recognises("x.yaml", "title: TASK COMMAND & CONTROL CENTER\n")
    assert not control_center.recognises("x.md", "\n" * 40 + HEAD)
