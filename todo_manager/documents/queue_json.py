"""Reads the queue files of the field: tasks with todos as JSON, in all the shapes they come in.

The shapes (one list, a list or an object under `tasks`, an object by id, one plan with `phases`)
and the words for a todo's text and mark are those found in public histories of such queues.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from todo_manager.documents.imported import Task, Todo, plans_of
from todo_manager.documents.queue_todos import read_todo
from todo_manager.documents.strict_json import kind_of, load, step
from todo_manager.model import PlanDoc
from todo_manager.problems import Problems

FORMAT = "queue-json"

ID_WORDS = ("id", "plan_id", "task_id")
NAME_WORDS = ("plan_name", "name")
"""Taken as the id, with a warning, of the only plan of a file when it has none."""
_DESCRIBING = ("status", "title", "description")


class _Entry(NamedTuple):
    """What stands where a task should: its path, the key it stands under, and the value."""

    path: str
    key: str | None
    value: Any


def recognises(name: str, text: str) -> bool:
    """Whether the file is called `.json` or its text begins as a JSON object or list."""
    begins = text.removeprefix("\ufeff").lstrip()[:1]
    return name.lower().endswith(".json") or begins in ("{", "[")


def read(text: str, problems: Problems) -> tuple[PlanDoc, ...]:
    """The plans of a queue, one a task, in order; a JSON text without any is an error."""
    before = len(problems.errors)
    tree = load(text, problems)
    if len(problems.errors) > before:
        return ()
    entries = _entries(tree)
    if not entries:
        problems.error(0, "", _no_plan(tree, entries))
        return ()
    tasks = [_task(entry, problems) for entry in entries]
    return plans_of([task for task in tasks if task], FORMAT, problems)


def _entries(tree: Any) -> list[_Entry] | None:
    """The places of tasks in any of the known shapes; None when it is none of them."""
    if isinstance(tree, list):
        return _listed("", tree)
    if not isinstance(tree, dict):
        return None
    tasks = tree.get("tasks")
    if isinstance(tasks, list):
        return _listed("tasks", tasks)
    if isinstance(tasks, dict):
        return _keyed("tasks", tasks)
    if _item_lists(tree):
        return [_Entry("", None, tree)]
    return _keyed("", tree) if _is_map_of_tasks(tree) else None


def _listed(path: str, values: list[Any]) -> list[_Entry] | None:
    known = [value for value in values if isinstance(value, dict) and _looks_like_task(value)]
    if values and not known:
        return None
    return [_Entry(step(path, index), None, value) for index, value in enumerate(values)]


def _keyed(path: str, values: dict[str, Any]) -> list[_Entry]:
    return [_Entry(step(path, key), key, value) for key, value in values.items()]


def _looks_like_task(value: dict[str, Any]) -> bool:
    return bool(_item_lists(value)) or any(word in value for word in ID_WORDS)


def _is_map_of_tasks(tree: dict[str, Any]) -> bool:
    """Whether all values are objects that describe a task, and one at least has todos."""
    values = list(tree.values())
    if not all(isinstance(value, dict) for value in values):
        return False
    having = [value for value in values if _item_lists(value)]
    others = [value for value in values if not _item_lists(value)]
    return bool(having) and all(any(word in it for word in _DESCRIBING) for it in others)


def _item_lists(value: dict[str, Any]) -> dict[str, Any]:
    """What stands under the names that todos are kept under, by path."""
    nested = value.get("implementation")
    places = {
        "todos": value.get("todos"),
        "phases": value.get("phases"),
        "implementation.phases": nested.get("phases") if isinstance(nested, dict) else None,
    }
    return {path: items for path, items in places.items() if items is not None}


def _no_plan(tree: Any, entries: list[_Entry] | None) -> str:
    if entries is not None:
        return "there is no task in it: the queue is empty"
    seen = kind_of(tree)
    if isinstance(tree, dict):
        keys = ", ".join(step("", key) for key in list(tree)[:5])
        seen = (
            f"{seen} with {keys}" + (", …" if len(tree) > 5 else "")
            if keys
            else f"{seen} of nothing"
        )
    known = "a list of tasks, `tasks`, tasks by id, or one plan with `todos` or `phases`"
    return f"holds no plan: it is {seen}; a queue is {known}"


def _task(entry: _Entry, problems: Problems) -> Task | None:
    value = entry.value
    if not isinstance(value, dict):
        problems.error(0, entry.path, f"is {kind_of(value)} where a task should stand")
        return None
    found = _id(entry, problems)
    todos = _todos(entry, problems)
    if found is None:
        return None
    title, description = _text(value, "title"), _text(value, "description")
    return Task(
        id=found,
        todos=tuple(todos),
        title=title,
        description=description or title,
        status=_text(value, "status"),
        created=_text(value, "created") or _text(value, "created_at"),
        updated=_text(value, "updated") or _text(value, "updated_at"),
        path=entry.path,
    )


def _id(entry: _Entry, problems: Problems) -> str | None:
    """The id as the file has it: its own, or the key it stands under."""
    word = next((word for word in ID_WORDS if entry.value.get(word) is not None), None)
    if word is None and entry.key is None:
        return _name_as_id(entry, problems)
    found = entry.value[word] if word else entry.key
    if not isinstance(found, str):
        message = f"is {kind_of(found)}: an id is a text, put it in quotes"
        problems.error(0, step(entry.path, word or "id"), message)
        return None
    if entry.key not in (None, found):
        message = f"stands under {entry.key!r} and calls itself {found!r}: a plan has one id"
        problems.error(0, entry.path, message)
        return None
    return found


def _name_as_id(entry: _Entry, problems: Problems) -> str | None:
    names = [word for word in NAME_WORDS if _text(entry.value, word).strip()]
    if entry.path or not names:
        problems.error(0, entry.path, "has no `id`: every plan is addressed by its id")
        return None
    problems.warn(0, "", f"the plan has no `id`; its `{names[0]}` is taken as the id")
    return _text(entry.value, names[0])


def _todos(entry: _Entry, problems: Problems) -> list[Todo]:
    lists = _item_lists(entry.value)
    filled = {name: items for name, items in lists.items() if items} or lists
    if len(filled) > 1:
        unread = " and ".join(f"`{name}`" for name in list(filled)[1:])
        problems.warn(0, entry.path, f"has `{next(iter(filled))}`, so {unread} is not read")
    for name, items in filled.items():
        path = f"{entry.path}.{name}" if entry.path else name
        if isinstance(items, list):
            read = [read_todo(item, step(path, i), problems) for i, item in enumerate(items)]
            return [todo for todo in read if todo]
        problems.error(0, path, f"is {kind_of(items)}: todos are a list")
        return []
    return []


def _text(value: dict[str, Any], name: str) -> str:
    """A field that is told but not relied on: text as it is, a number spelt out, else nothing."""
    found = value.get(name)
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        return str(found)
    return found if isinstance(found, str) else ""
