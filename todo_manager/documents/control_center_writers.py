"""The two writers of command-center texts: R1, the interactive view, and R2, the compiled file.

The reader proves its reading with them: a text is understood when its writer gives it back byte
for byte. Source of both layouts: texts of the field whose plans are known from queue files too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from todo_manager.documents.imported import Task, Todo

TITLE_WORDS = "TASK COMMAND & CONTROL CENTER"
TASKS_WORDS = "ALL OPEN TASKS:"
NOTHING_WORDS = "No open tasks found"
CLOSED = "completed"
"""The status word of a task that R1 leaves out."""
R1_CUT = 80
R2_CUT = 200

_HEAD = ("=" * 60, f"🎮 {TITLE_WORDS}", "=" * 60, "", f"📋 {TASKS_WORDS}", "=" * 40)
_NOTHING = f"ℹ️  {NOTHING_WORDS}"


def write_r1(tasks: Iterable[Task]) -> str:
    """The interactive view: open tasks, newest `created` first (compared as text), texts kept."""
    shown = [task for task in tasks if task.status != CLOSED]
    lines = [*_HEAD]
    for number, task in enumerate(_newest_first(shown), 1):
        lines += ["", *_task(number, task, f"{task.description[:R1_CUT]}...")]
        lines += [_mark(index, todo) for index, todo in enumerate(task.todos)]
    if not shown:
        lines.append(_NOTHING)
    return "\n".join(lines) + "\n"


def write_r2(tasks: Iterable[Task]) -> str:
    """The compiled file: all tasks in their order, todos opened up by blank lines.

    The end of the whole text is stripped, so blanks at the end of the very last todo are lost.
    """
    lines = [*_HEAD, ""]
    for number, task in enumerate(tasks, 1):
        lines += _task(number, task, _cut(task.description))
        for index, todo in enumerate(task.todos):
            lines += [*_opened(_mark(index, todo)), ""]
        lines.append("")
    if len(lines) == len(_HEAD) + 1:
        lines.append(_NOTHING)
    return "\n".join(lines).rstrip() + "\n"


def r2_loses_end(tasks: Sequence[Task]) -> bool:
    """Whether R2 would strip something off the last todo, which no reader could put back."""
    last = tasks[-1].todos[-1].text if tasks and tasks[-1].todos else ""
    return last != last.rstrip()


def _newest_first(tasks: list[Task]) -> list[Task]:
    return sorted(tasks, key=lambda task: task.created, reverse=True)


def _task(number: int, task: Task, description: str) -> list[str]:
    return [
        f"{number}. 🗒️  {task.id}",
        f"   Description: {description}",
        f"   Status: {task.status}",
        f"   Created: {task.created}",
        f"   TODO Items ({len(task.todos)}):" if task.todos else "   TODO Items: None",
    ]


def _mark(index: int, todo: Todo) -> str:
    return f"      [{'✔' if todo.marked else '✗'}] {index}. {todo.text}"


def _opened(item: str) -> list[str]:
    """The title line, and a blank line between it and its body if there is one."""
    title, found, body = item.partition("\n")
    return [title, "", body] if found else [title]


def _cut(description: str) -> str:
    return description if len(description) <= R2_CUT else description[:R2_CUT] + "…"
