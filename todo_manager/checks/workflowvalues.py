"""Values of a workflow as GitHub hands them on: inputs of an action, and the runs of a matrix.

An action gets every input as text. What stands in `${{ }}` is only known when the workflow runs.
"""

from __future__ import annotations

import itertools
import re
from decimal import Decimal
from typing import Any

from todo_manager.canonical import Scalar, Tree
from todo_manager.checks.expect import MISSING, Expectation, show
from todo_manager.checks.workflowfile import Job

_EXPRESSION = re.compile(r"\$\{\{.*?(?:\}\}|\Z)", re.DOTALL)
_LIMIT = 256
"""Jobs of a matrix, at most: GitHub's own bound."""


def as_text(tree: Tree) -> str:
    """A scalar as GitHub writes it: an unquoted 3.10 is the number 3.1."""
    if isinstance(tree, Scalar) and tree.is_token and tree not in ("true", "false", "null"):
        try:
            number = Decimal(str(tree)).normalize()
        except ArithmeticError:
            return str(tree)
        return format(number, "f") if abs(number.adjusted()) < 30 else str(tree)
    return str(tree)


def input_fits(tree: Tree, wanted: Expectation) -> tuple[bool | None, str]:
    """Whether an input is as wanted (None: only a run can tell), and what it is."""
    if tree is None or not isinstance(tree, Scalar):
        return wanted.holds(MISSING), "nothing there"
    text = as_text(tree)
    so = _holds(text, wanted)
    told = show(text)
    if "${{" not in text or wanted.operator == "exists":
        return so, told
    # Letters outside the expression are there in any case; nothing else is known.
    outside = _EXPRESSION.sub("\0", text)
    stated = "${{" in str(wanted.value) or _holds(outside, wanted)
    if so and stated and wanted.operator in ("eq", "contains"):
        return True, told
    return None, f"{told}, which only a run can tell"


def _holds(text: str, wanted: Expectation) -> bool:
    if wanted.operator in ("lt", "le", "gt", "ge"):
        try:
            return wanted.holds(Decimal(text))
        except ArithmeticError:
            return False
    return Expectation(wanted.operator, _letters(wanted.value)).holds(text)


def _letters(value: Any) -> Any:
    """What is wanted as text, for that is what the action gets."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (int, Decimal)) else value


def has_values(job: Job, name: str, wanted: tuple[str, ...]) -> tuple[bool | None, str]:
    """Whether a job is run with all these values (None: only a run can tell), and with which."""
    strategy = job.tree.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    if matrix is None:
        return False, ""
    if not isinstance(matrix, dict):
        return None, f"the matrix of {job.name} is {matrix}"
    runs = _runs(matrix)
    if runs is None:
        return None, f"the matrix of {job.name} is made of expressions"
    found = list(dict.fromkeys(run[name] for run in runs if name in run))
    if set(wanted) <= set(found):
        return True, ""
    unknown = any("${{" in value for value in found)
    return (
        None if unknown else False
    ), f"{job.name} runs with {name} = {', '.join(found) or 'nothing'}"


def matrix_values(job: Job, name: str) -> list[str] | None:
    """Every value that a name of the matrix has; None where that cannot be known."""
    strategy = job.tree.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    runs = _runs(matrix) if isinstance(matrix, dict) else None
    return [run[name] for run in runs if name in run] if runs is not None else None


def runs_never(job: Job) -> bool:
    """Whether a job has a matrix that leaves nothing to be run."""
    strategy = job.tree.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    return isinstance(matrix, dict) and _runs(matrix) == []


def _runs(matrix: dict[str, Tree]) -> list[dict[str, str]] | None:
    """Every combination that is not excluded, and what is included; None where it cannot be known."""
    lists = {key: value for key, value in matrix.items() if key not in ("include", "exclude")}
    extra = [matrix.get("include", []), matrix.get("exclude", [])]
    if not all(isinstance(value, list) for value in [*lists.values(), *extra]):
        return None
    included, excluded = [[_texts(item) for item in items] for items in extra]
    texts = [[as_text(item) for item in items] for items in lists.values()]
    combined = itertools.islice(itertools.product(*texts), _LIMIT)
    found = [dict(zip(lists, values)) for values in combined] if lists else []
    kept = [run for run in found if not any(item.items() <= run.items() for item in excluded)]
    return kept + [item for item in included if item]


def _texts(item: Tree) -> dict[str, str]:
    return {key: as_text(value) for key, value in item.items()} if isinstance(item, dict) else {}
