"""A GitHub Actions workflow as a value: its jobs and steps, with the lines they stand in.

It is read by the one strict loader, so `on` is a word, a key twice is refused, and what is commented
out is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from msgspec import Struct

from todo_manager.canonical import Map, Scalar, Tree, line_of
from todo_manager.checks.ground import Unlookable


class Broken(Exception):
    """Why GitHub would not run the file; the verdict is failed."""


class Step(Struct, frozen=True, kw_only=True):
    """One step of a job, or a job that calls another workflow."""

    job: str
    number: int
    """From 1; 0 for a job that is itself the call."""
    tree: Map

    @property
    def uses(self) -> str:
        """The action with its ref; empty for a step that runs shell text."""
        return str(self.tree.get("uses", ""))

    def shown(self) -> str:
        """Where it is, for people."""
        place = f", step {self.number}" if self.number else ""
        return f"job {self.job}{place} (line {line_of(self.tree)})"


class Job(Struct, frozen=True, kw_only=True):
    """One job."""

    name: str
    tree: Map
    needs: tuple[str, ...]
    steps: tuple[Step, ...]


class Flow(Struct, frozen=True, kw_only=True):
    """A whole workflow."""

    tree: Map
    jobs: dict[str, Job]
    events: tuple[str, ...]
    """What starts it."""


def read_flow(text: str, name: str) -> Flow:
    """The workflow in a text. Raises Broken, or Unlookable for YAML the strict reading refuses."""
    from todo_manager.documents.loader import read_tree
    from todo_manager.errors import InvalidDocument

    try:
        tree = read_tree(text, name)
    except InvalidDocument as problem:
        first = problem.problems[0]
        raise (Broken if ": is not YAML" in first else Unlookable)(first) from None
    top = _mapping(tree, "the workflow")
    events = _events(top)
    jobs = _mapping(top.get("jobs"), "`jobs`")
    if not jobs:
        raise Broken("it has no jobs")
    flow = Flow(tree=top, jobs={name: _job(name, job) for name, job in jobs.items()}, events=events)
    try:
        TopologicalSorter({job.name: job.needs for job in flow.jobs.values()}).prepare()
    except CycleError as problem:
        raise Broken(f"jobs need each other: {' → '.join(problem.args[1])}") from None
    return flow


def _mapping(tree: Tree, what: str) -> Map:
    if not isinstance(tree, Map):
        raise Broken(f"line {line_of(tree)}: {what} is not a mapping")
    return tree


def names(tree: Tree) -> tuple[str, ...]:
    """One name, a list of names, or the keys of a mapping."""
    if isinstance(tree, Scalar):
        return (str(tree),) if tree else ()
    return tuple(str(item) for item in tree or ())


def _events(top: Map) -> tuple[str, ...]:
    found = names(top.get("on"))
    if not found:
        raise Broken("it has no `on`: nothing starts it")
    return found


def _job(name: str, tree: Tree) -> Job:
    job = _mapping(tree, f"the job {name}")
    if "uses" in job:
        steps: tuple[Step, ...] = (Step(job=name, number=0, tree=job),)
    elif "runs-on" not in job:
        raise Broken(f"line {line_of(job)}: the job {name} has no runs-on")
    else:
        steps = tuple(_steps(name, job))
    return Job(name=name, tree=job, needs=names(job.get("needs")), steps=steps)


def _steps(name: str, job: Map) -> Iterator[Step]:
    listed = job.get("steps")
    if not isinstance(listed, list) or not listed:
        raise Broken(f"line {line_of(job)}: the job {name} has no steps")
    for number, item in enumerate(listed, 1):
        step = _mapping(item, f"step {number} of {name}")
        if ("uses" in step) == ("run" in step):
            raise Broken(f"line {line_of(step)}: step {number} of {name} has not one of uses, run")
        yield Step(job=name, number=number, tree=step)


def scalars(tree: Tree, line: int = 0) -> Iterator[tuple[str, int]]:
    """Every key and value of a tree with its line."""
    if isinstance(tree, dict):
        lines: dict[str, Any] = getattr(tree, "key_lines", {})
        for key, value in tree.items():
            yield key, lines.get(key, line)
            yield from scalars(value, lines.get(key, line))
    elif isinstance(tree, list):
        for item in tree:
            yield from scalars(item, line)
    else:
        yield str(tree), line_of(tree) or line
