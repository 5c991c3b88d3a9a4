"""Queue files: every shape of the field, and what is wrong with a file that is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from todo_manager.documents import queue_json
from todo_manager.model import PlanDoc
from todo_manager.problems import Problems

TODO = {"text": "Build\n\nit", "done": True}


def read(text: str) -> tuple[tuple[PlanDoc, ...], Problems]:
    problems = Problems("q.json")
    return queue_json.read(text, problems), problems


def good(value: Any) -> tuple[PlanDoc, ...]:
    plans, problems = read(json.dumps(value))
    assert problems.errors == []
    return plans


def only_error(text: str) -> str:
    _, problems = read(text)
    assert len(problems.errors) == 1, problems.errors
    assert problems.errors[0].startswith("q.json:")
    assert "\n" not in problems.errors[0]
    return problems.errors[0]


def todo(value: Any) -> tuple[str, bool, list[str]]:
    """Text, mark and warnings of one todo."""
    plans, problems = read(json.dumps([{"id": "a", "todos": [value]}]))
    assert problems.errors == []
    return plans[0].phases[0].text, plans[0].phases[0].marked, problems.warnings


@pytest.mark.parametrize(
    "value",
    [
        [{"id": "a", "todos": [TODO]}],
        {"tasks": [{"id": "a", "todos": [TODO]}]},
        {"version": 2, "tasks": {"a": {"title": "A", "todos": [TODO]}}},
        {"a": {"todos": [TODO]}},
        {"a": {"id": "a", "todos": [TODO]}},
        {"id": "a", "todos": [TODO]},
        {"plan_id": "a", "phases": [TODO]},
        {"plan_id": "a", "implementation": {"phases": [TODO], "total": "2 days"}},
        [{"id": "a", "todos": [], "phases": [TODO]}],
        {"tasks": {"a": {"todos": [{"id": 1, "content": "Build\n\nit", "status": "completed"}]}}},
    ],
)
def test_every_shape_gives_the_same_plan(value: Any) -> None:
    (plan,) = good(value)
    (phase,) = plan.phases
    assert (plan.id, plan.format) == ("a", "queue-json")
    assert (phase.text, phase.title, phase.marked) == ("Build\n\nit", "Build", True)


def test_fields_of_a_task_are_kept() -> None:
    (plan,) = good(
        [
            {
                "id": 'a "b"/c:d 🚀',
                "title": "T",
                "description": "D",
                "status": "urgent",
                "todos": [],
            }
        ]
    )
    assert (plan.id, plan.title, plan.description) == ('a "b"/c:d 🚀', "T", "D")
    assert (plan.status, plan.created, plan.updated, plan.phases) == ("urgent", "", "", ())


def test_a_map_may_hold_a_task_without_todos() -> None:
    plans = good({"a": {"todos": ["x"]}, "b": {"title": "Later"}})
    assert [(plan.id, len(plan.phases)) for plan in plans] == [("a", 1), ("b", 0)]


@pytest.mark.parametrize(
    ("said", "marked", "warns"),
    [
        ({"done": True}, True, False),
        ({"done": False}, False, False),
        ({}, False, False),
        ({"done": None}, False, False),
        ({"done": "false"}, False, True),
        ({"done": "True"}, True, True),
        ({"done": 1}, False, True),
        ({"done": "almost"}, False, True),
        ({"completed": True}, True, False),
        ({"completed": "2025-01-01"}, False, True),
        ({"status": "completed"}, True, False),
        ({"status": "Done"}, True, False),
        ({"status": "in_progress"}, False, False),
        ({"status": "approved"}, False, False),
        ({"done": True, "status": "completed"}, True, False),
        ({"done": True, "status": "in_progress"}, False, True),
        ({"done": False, "status": "completed"}, False, True),
    ],
)
def test_only_a_clear_word_marks(said: dict[str, Any], marked: bool, warns: bool) -> None:
    text, found, warnings = todo({"text": "x", **said})
    assert (text, found, bool(warnings)) == ("x", marked, warns)


def test_text_of_a_todo() -> None:
    assert todo("plain\n") == ("plain\n", False, [])
    assert todo({"content": "c"})[0] == "c"
    assert todo({"text": "t", "phase": None, "completed_date": "x", "notes": ""})[0] == "t"
    assert todo({"text": "t", "description": "how", "notes": "n"})[0] == "t\n\nhow\n\nn"
    assert todo({"text": "t: how", "description": "how"})[0] == "t: how"
    assert todo({"title": "T", "id": "1", "status": "x"})[0] == "T"
    assert todo({"description": "only"})[0] == "only"


def test_the_text_of_a_phase_holds_all_its_fields() -> None:
    (plan,) = good(
        {
            "plan_name": "Roll out",
            "phases": [
                {
                    "phase_id": 0,
                    "phase_name": "Back up",
                    "important_note": "Do not skip",
                    "explanation": "Copy all.",
                    "tasks": ["copy", {"what": "check"}],
                    "hours": 2,
                    "empty": [],
                }
            ],
        }
    )
    assert plan.id == "Roll out"
    assert plan.phases[0].text == (
        'Back up\n\nCopy all.\n\nTasks:\n- copy\n- {"what": "check"}\n\nHours: 2\n\n'
        "IMPORTANT NOTE: Do not skip"
    )
    assert plan.phases[0].note == "Do not skip"


def test_an_id_taken_from_a_name_is_said_and_only_for_a_whole_file() -> None:
    _, problems = read('{"plan_name": "x", "phases": []}')
    assert "plan_name" in problems.warnings[0]
    assert "[0]: has no `id`" in only_error('[{"plan_name": "x", "todos": []}]')


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 0, "empty"),
        (" \n\n", 0, "empty"),
        ("Please read everything first", 1, "not JSON but text"),
        ('[{"id": "a",\n "todos": [', 2, "cut off"),
        ('[{"id": "a",\n "to', 2, "cut off"),
        ('[{"id": "a", "x": tr', 1, "cut off"),
        ('{\n<<<<<<< ours\n"a": 1\n=======\n"a": 2\n>>>>>>> theirs\n}', 2, "merge conflict"),
        ('[\n {"id": "a",}\n]', 2, "not valid JSON"),
        ('[{"id": "a"}]\n[{"id": "b"}]', 2, "Extra data"),
        ('[{"id": "NaN", "todos": [],\n"x": NaN}]', 2, "NaN"),
        ('{"id": "a", "todos": [], "x": -Infinity}', 1, "-Infinity"),
        ("[" * 100_000, 0, "deep"),
        ("[" * 80 + "]" * 80, 0, "deep"),
        ('[{"id": "a", "x": ' + "9" * 5000 + "}]", 0, "too long"),
        ("[]", 0, "queue is empty"),
        ('{"tasks": []}', 0, "queue is empty"),
        ('{"tasks": {}}', 0, "queue is empty"),
        ("null", 0, "holds no plan: it is null"),
        ("{}", 0, "holds no plan"),
        ('[1, "a"]', 0, "holds no plan"),
        ('[{"time": 1, "level": "info"}]', 0, "holds no plan"),
        ('{"info": {"lines": 3}, "strategy": {"phases": [{"name": "x"}]}}', 0, "info, strategy"),
        ('{"tasks": "none"}', 0, "holds no plan"),
    ],
)
def test_a_file_without_a_plan_says_why(text: str, line: int, words: str) -> None:
    error = only_error(text)
    assert words in error
    assert error.startswith(f"q.json:{line}: " if line else "q.json: ")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"id": "a", "todos": [{"text": "x", "done": true, "done": false}]}]', "[0].todos[0]"),
        ('[{"id": "a", "todos": [], "id": "b"}]', "'id' stands here more than once"),
        ('[{"id": "a", "todos": ["\\ud83d"]}]', "[0].todos[0]: holds half"),
        ('[{"id": "a", "todos": [], "\\udc00": 1}]', "the key holds half"),
        ('[{"id": 7, "todos": []}]', "[0].id: is a number"),
        ('[{"id": null, "todos": []}]', "[0]: has no `id`"),
        ('[{"id": "", "todos": []}]', "empty"),
        ('[{"id": "a\\nb", "todos": []}]', "U+000A"),
        ('[{"id": "a", "todos": []}, {"todos": []}]', "[1]: has no `id`"),
        ('[{"id": "a", "todos": []}, "b"]', "[1]: is a text"),
        ('[{"id": "a", "todos": []}, {"id": "a", "todos": []}]', "[1]: the id 'a' stands twice"),
        ('{"tasks": {"a": {"id": "b", "todos": []}}}', "one id"),
        ('{"tasks": {"a\\nb": {"id": "b", "todos": []}}}', "tasks.'a\\nb'"),
        ('[{"id": "a", "todos": {"x": 1}}]', "[0].todos: is an object"),
        ('[{"id": "a", "todos": [3]}]', "[0].todos[0]: is a number"),
        ('[{"id": "a", "todos": [{"done": true}]}]', "[0].todos[0]: has no text"),
        ('[{"id": "a", "todos": [{"text": 5}]}]', "[0].todos[0].text: is a number"),
    ],
)
def test_what_is_wrong_inside_is_said_with_its_path(text: str, words: str) -> None:
    assert words in only_error(text)


def test_all_problems_come_at_once() -> None:
    _, problems = read('[{"id": 1, "todos": [2]}, {"todos": []}, {"id": "a", "todos": [null]}]')
    assert len(problems.errors) == 4


def test_one_of_two_filled_lists_is_read_and_the_other_said() -> None:
    plans, problems = read('[{"id": "a", "todos": ["x"], "phases": ["y", "z"]}]')
    assert [phase.text for phase in plans[0].phases] == ["x"]
    assert "`phases` is not read" in problems.warnings[0]


def test_recognises() -> None:
    assert queue_json.recognises("a.JSON", "<<<<<<< ours")
    assert queue_json.recognises("notes", "\ufeff\n  [1]")
    assert queue_json.recognises("notes", '{"a": 1}')
    assert not queue_json.recognises("a.yaml", "schema: x")
