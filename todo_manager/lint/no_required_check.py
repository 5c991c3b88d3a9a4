"""A phase without a required check: `done` refuses it for ever."""

from __future__ import annotations

from collections.abc import Iterator

from todo_manager.lint.base import ERROR, Subject

LEVEL = ERROR


def look(subject: Subject) -> Iterator[tuple[int, str, str, str]]:
    """Phases in which nothing decides."""
    plan = subject.bound.plan
    for index, phase in enumerate(plan.phases):
        if not subject.bound.definitions[index].required_count():
            message = (
                f"{phase.key}: no required check, so `done` always refuses it; "
                f"add one under verify, or write phases/{plan.id}/p{index}_check.sh"
            )
            example = "verify:\n  - file: docs/runbook.md\n    contains: [owner]"
            yield subject.phase_line(index), f"phases[{index}]", message, example
