"""Writes tasks as the queue files of the field have them: `{id: {…, todos: [{text, done}]}}`."""

from __future__ import annotations

import json
from collections.abc import Iterable

from todo_manager.documents.imported import Task
from todo_manager.model import PhaseDoc

_OTHER_SHAPES = frozenset({"tasks", "todos", "phases", "implementation"})
"""Keys by which the reader knows another shape of queue; tasks with such an id stand in a list."""
_FIELDS = ("title", "description", "status", "created", "updated")


def write(tasks: Iterable[Task]) -> str:
    """The tasks as one JSON text; `queue_json` reads the same ids, texts and marks from it."""
    found = {task.id: _task(task) for task in tasks}
    shape = found if _OTHER_SHAPES.isdisjoint(found) else list(found.values())
    return json.dumps(shape, ensure_ascii=False, indent=2) + "\n"


def text_of(phase: PhaseDoc) -> str:
    """What a todo says of a phase of plan@1: its `text`, or all that it says elsewhere."""
    if phase.text != phase.explain:
        return phase.text
    parts = [f"{part.title}\n{part.explain}".rstrip() for part in phase.parts]
    note = f"IMPORTANT NOTE: {phase.note}" if phase.note else ""
    return "\n\n".join(filter(None, [phase.title, phase.explain, *parts, note]))


def _task(task: Task) -> dict[str, object]:
    fields = {name: getattr(task, name) for name in _FIELDS}
    todos = [{"text": todo.text, "done": todo.marked} for todo in task.todos]
    return (
        {"id": task.id} | {name: text for name, text in fields.items() if text} | {"todos": todos}
    )
