"""Bodies that look like marks, heads and whole command centers: right, or in doubt."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from todo_manager.documents import control_center
from todo_manager.documents.control_center_writers import r2_loses_end, write_r1, write_r2
from todo_manager.documents.imported import Task, Todo, task_of
from todo_manager.model import PlanDoc
from todo_manager.problems import Problems

Writer = Callable[[Iterable[Task]], str]
WRITERS: list[Writer] = [write_r1, write_r2]


def task(id: str, *todos: str | Todo, created: str = "2025", description: str = "What for") -> Task:
    made = tuple(item if isinstance(item, Todo) else Todo(item) for item in todos)
    return Task(id=id, todos=made, status="open", created=created, description=description)


def read(text: str) -> tuple[tuple[PlanDoc, ...], Problems]:
    problems = Problems("t.md")
    return control_center.read(text, problems), problems


def todos(tasks: list[Task]) -> list[tuple[str, tuple[Todo, ...]]]:
    return [(task.id, task.todos) for task in tasks]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("inner", WRITERS)
@pytest.mark.parametrize("where", [0, 1, 2])
def test_a_body_may_quote_a_whole_command_center(write: Writer, inner: Writer, where: int) -> None:
    quoted = inner([task("q", "Q0\nx", Todo("Q1\n\ny", True), Todo("Q2", True), "Q3")])
    bodies = ["T0\nb", "T1", "T2\n\nb"]
    bodies[where] += f"\nAs it was:\n{quoted}\nand so on."
    outer = [task("a", *bodies, created="9"), task("z", "Z", created="8")]
    plans, problems = read(write(outer))
    assert todos([task_of(plan) for plan in plans]) == todos(outer)
    assert problems.errors == []


@pytest.mark.parametrize("write", WRITERS)
def test_a_fenced_dump_of_two_tasks_stays_text(write: Writer) -> None:
    quoted = write_r1([task("p", "P0", Todo("P1", True)), task("q", Todo("Q0", True))])
    outer = [task("a", "T0", f"T1\n```text\n{quoted}```")]
    plans, problems = read(write(outer))
    assert todos([task_of(plan) for plan in plans]) == todos(outer)
    assert "looks like the head of the next task" in " ".join(problems.warnings)


def test_a_mark_that_could_be_another_line_is_said() -> None:
    plans, problems = read(write_r1([task("a", "T0\n      [✔] 1. fake", "T1")]))
    assert [phase.title for phase in plans[0].phases] == ["T0", "fake"]
    assert problems.warnings[0].startswith("t.md:14: ")
    assert "line 15" in problems.warnings[0]


def test_r2_tells_unspaced_look_alikes_from_marks() -> None:
    tasks = [task("a", "T0\n\n      [✔] 1. fake\nb", "T1")]
    plans, _ = read(write_r2([task("a", "T0\nb\n      [✔] 1. fake\nb", "T1")]))
    assert [phase.marked for phase in plans[0].phases] == [False, False]
    assert read(write_r2(tasks))[1].warnings


def test_a_task_begins_behind_a_blank_line() -> None:
    """R2 itself puts one there, below the title: what comes of it does not pass in silence."""
    look_alike = "T\n2. 🗒️  x\n   Description: y\n   Status: s\n   Created: c\n   TODO Items: None"
    tasks = [task("a", "T", look_alike, created="9"), task("b", "U", created="8")]
    plans, _ = read(write_r1(tasks))
    assert todos([task_of(plan) for plan in plans]) == todos(tasks)
    assert read(write_r2(tasks))[1].warnings


def test_a_quoted_task_that_cannot_be_told_from_a_real_one_is_the_same_text() -> None:
    """No reader could do better: two different queues have one and the same R1."""
    real = [task("a", "T0", created="9"), task("b", "U0", created="8")]
    cut = write_r1(real).index("\n2. ")
    quoting = [task("a", "T0\n" + write_r1(real)[cut:].rstrip("\n"), created="9")]
    assert write_r1(quoting) == write_r1(real)


PIECES = (
    "",
    "plain",
    "```",
    "```sh",
    "      [✔] {n}. fake",
    "      [✗] {n}. fake",
    "{n}. 🗒️  x",
    "   Description: y...",
    "   Status: open",
    "   Created: 1",
    "   TODO Items (2):",
    "   TODO Items: None",
    "🎮 TASK COMMAND & CONTROL CENTER",
    "IMPORTANT NOTE: x",
    "a\r",
)


def nasty(dice: random.Random) -> str:
    lines = [dice.choice(PIECES).replace("{n}", str(dice.randint(0, 4))) for _ in range(6)]
    if dice.random() < 0.3:
        quoted = task("q", *(Todo(f"q{n}\nb", dice.random() < 0.5) for n in range(3)))
        lines.insert(dice.randint(0, 6), dice.choice(WRITERS)([quoted]))
    return "\n".join(["Title", *lines[: dice.randint(0, 7)]])


def without_lost_end(tasks: list[Task]) -> list[tuple[str, tuple[Todo, ...]]]:
    *before, (id, items) = todos(tasks)
    if r2_loses_end(tasks):
        items = (*items[:-1], Todo(items[-1].text.rstrip(), items[-1].marked))
    return [*before, (id, items)]


@pytest.mark.parametrize("write", WRITERS)
def test_nasty_bodies_are_never_silently_wrong(write: Writer) -> None:
    right = 0
    for seed in range(400):
        dice = random.Random(seed)
        tasks = [
            task(
                f"t{n}",
                *(Todo(nasty(dice), dice.random() < 0.5) for _ in range(dice.randint(1, 4))),
                created=str(9 - n),
                description="d" * dice.choice([5, 80, 90, 210]),
            )
            for n in range(dice.randint(1, 3))
        ]
        plans, problems = read(write(tasks))
        wanted = without_lost_end(tasks) if write is write_r2 else todos(tasks)
        same = todos([task_of(plan) for plan in plans]) == wanted
        assert same or problems.warnings or problems.errors, seed
        right += same
    assert right > 250
