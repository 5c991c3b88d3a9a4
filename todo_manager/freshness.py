"""What a proof rests on beside its checks, and until when: the part of a mark that time can take away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from todo_manager import approvals
from todo_manager.definition import Definition
from todo_manager.model import Result


def rests(definition: Definition, results: Sequence[Result]) -> dict[str, Any]:
    """What the mark of a run that passed rests on, as `states.derive` takes it and events keep it.

    Empty where it rests on its checks alone, for ever.
    """
    return approvals.rests(results)
