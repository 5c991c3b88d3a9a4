"""The same over real texts and queues, which lie beside the project and are not part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from todo_manager.documents import control_center, queue_json
from todo_manager.documents.control_center_writers import r2_loses_end, write_r1, write_r2
from todo_manager.documents.imported import Task, task_of
from todo_manager.model import PlanDoc
from todo_manager.problems import Problems

SHARED = Path(__file__).parents[2].parent / "shared"
MOJIBAKE = ("Ã", "â€", "‚Ä", "√", "Ô∏", "üé", "\ufffd")


def text_of(pattern: str) -> str:
    path = next(SHARED.glob(pattern), None)
    if path is None:
        pytest.skip(f"{pattern} absent")
    return path.read_bytes().decode("utf-8")


def read(text: str, warnings: int = 0) -> tuple[PlanDoc, ...]:
    problems = Problems("t")
    assert control_center.recognises("t.txt", text)
    plans = control_center.read(text, problems)
    assert problems.errors == []
    assert len(problems.warnings) == warnings, problems.warnings
    return plans


def test_an_r1_of_the_field() -> None:
    text = text_of("seeds/002_*.txt")
    (plan,) = read(text)
    assert plan.id == "docker_arch_impl_20250810"
    assert (plan.status, plan.created) == ("in_progress", "2025-08-10T08:01:15Z")
    assert [phase.marked for phase in plan.phases] == [True, True] + [False] * 5
    assert all(phase.note and phase.explain and "─" not in phase.explain for phase in plan.phases)
    assert write_r1([task_of(plan)]) == text


def test_a_wrongly_decoded_r2_of_the_field() -> None:
    text = text_of("seeds/004_*.txt")
    (plan,) = read(text, warnings=1)
    assert plan.id == "docker_arch_blueprint_dual_machine_4090_3060_actionable_20250817"
    assert [phase.marked for phase in plan.phases] == [False] * 9
    assert plan.phases[0].text.startswith("PHASE 0: SETUP & PROTOCOL (READ FIRST)\n\n**Expl")
    told = plan.description + "".join(phase.text for phase in plan.phases)
    assert not [sign for sign in MOJIBAKE if sign in told]
    assert write_r2([task_of(plan)]) == text.encode("mac_roman").decode("utf-8")


def test_another_r1_of_the_field() -> None:
    text = text_of("corpus/dumps/*.md")
    (plan,) = read(text)
    assert len(plan.phases) == 6
    assert not any(phase.marked for phase in plan.phases)
    assert write_r1([task_of(plan)]) == text


@pytest.mark.parametrize("seed", ["000", "001", "003"])
def test_other_texts_are_not_taken_for_command_centers(seed: str) -> None:
    assert not control_center.recognises("t.txt", text_of(f"seeds/{seed}_*.txt"))


def queues() -> list[list[Task]]:
    paths = sorted((SHARED / "corpus" / "queues").glob("*.json"))
    read = [queue_json.read(path.read_text("utf-8"), Problems(path.name)) for path in paths]
    found = [[task_of(plan) for plan in plans] for plans in read if plans]
    if not found:
        pytest.skip("corpus/queues absent")
    return found


def back(text: str) -> dict[str, Task]:
    """The tasks read back, in silence but for tasks that have no todos."""
    problems = Problems("t")
    plans = control_center.read(text, problems)
    assert problems.errors == []
    assert all("no todos" in warning for warning in problems.warnings), problems.warnings
    return {plan.id: task_of(plan) for plan in plans}


def test_every_real_queue_survives_r1() -> None:
    compared = 0
    for tasks in queues():
        shown = [task for task in tasks if task.status != "completed"]
        found = back(write_r1(tasks)) if shown else {}
        assert {id: task.todos for id, task in found.items()} == {t.id: t.todos for t in shown}
        compared += sum(len(task.todos) for task in shown)
    assert compared > 500


def test_every_real_queue_survives_r2_but_for_blanks_at_its_end() -> None:
    """The one thing R2 cannot keep; every text that differs is one whose writer foretold it."""
    lost = foretold = 0
    for tasks in queues():
        found = back(write_r2(tasks))
        foretold += r2_loses_end(tasks)
        for task in tasks:
            same = found[task.id].todos == task.todos
            if not same:
                assert task is tasks[-1]
                assert r2_loses_end(tasks)
                assert found[task.id].todos[:-1] == task.todos[:-1]
                assert found[task.id].todos[-1].text == task.todos[-1].text.rstrip()
            lost += not same
    assert lost == foretold <= 1
