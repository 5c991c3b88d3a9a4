"""Real queue files, which lie beside the project: each loads, or says why it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from todo_manager.documents import queue_json
from todo_manager.problems import Problems

SHARED = Path(__file__).parents[2].parent / "shared"


def real(folder: str) -> list[Path]:
    return sorted((SHARED / "corpus" / folder).glob("*.json"))


@pytest.mark.parametrize("folder", ["queues", "odd"])
def test_real_files_load_or_say_why(folder: str) -> None:
    if not real(folder):
        pytest.skip(f"corpus/{folder} absent")
    for path in real(folder):
        text = path.read_text(encoding="utf-8")
        problems = Problems(path.name)
        plans = queue_json.read(text, problems)
        assert queue_json.recognises(path.name, text)
        assert bool(plans) != bool(problems.errors), path.name
        assert all(error.startswith(path.name) for error in problems.errors)


def test_real_todos_keep_text_and_mark() -> None:
    """Read beside Python's own reader: the two plain shapes, every todo that has text and done."""
    compared = 0
    for path in real("queues"):
        plans = {plan.id: plan for plan in queue_json.read(path.read_text("utf-8"), Problems("q"))}
        value = json.loads(path.read_text("utf-8")) if plans else []
        tasks = value.get("tasks", []) if isinstance(value, dict) else value
        for task in tasks:
            for raw, phase in zip(task.get("todos", []), plans[task["id"]].phases, strict=True):
                if set(raw) == {"text", "done"}:
                    assert (phase.text, phase.marked) == (raw["text"], raw["done"])
                    compared += 1
    if not compared:
        pytest.skip("corpus/queues absent")
    assert compared > 1000
