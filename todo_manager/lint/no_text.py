"""A phase of which only its title is known: nobody can say later what it was for."""

from __future__ import annotations

from collections.abc import Iterator

from todo_manager.lint.base import WARNING, Subject

LEVEL = WARNING


def look(subject: Subject) -> Iterator[tuple[int, str, str, str]]:
    """Phases without any text."""
    for index, phase in enumerate(subject.bound.plan.phases):
        parts = any(part.explain or part.note for part in phase.parts)
        if not (phase.explain or phase.note or phase.text or parts):
            message = "says nothing but its title; explain what is to be done"
            example = "explain: What is to be done, why, and what done means."
            yield subject.phase_line(index), f"phases[{index}]", message, example
