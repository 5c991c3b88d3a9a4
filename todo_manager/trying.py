"""One check without a plan: read, bound and run exactly as in a phase; nothing is recorded.

It stands in the project that is found, or here: paths, programs, settings and the env file are those
that a plan of this folder would get.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_type_hints

from msgspec import Struct

from todo_manager import definition, evidence, project, runner, secrets
from todo_manager.attempt import Attempted
from todo_manager.canonical import Map, Scalar, Seq, Tree
from todo_manager.checks import load
from todo_manager.coupling import Coupled
from todo_manager.definition import Definition, Unbindable
from todo_manager.documents import loader, yaml_text
from todo_manager.documents.plan_checks import ChecksReader
from todo_manager.documents.substitution import Names
from todo_manager.errors import InvalidDocument, Kind, Refused, TodoError, Unevaluated
from todo_manager.model import Result, Verdict
from todo_manager.problems import Problems
from todo_manager.processes.client import Cancel
from todo_manager.runner import CheckFinished, Event
from todo_manager.world import RunWorld

SOURCE = "the check"
"""What messages call the place of a problem."""
HELP = "todo_manager check --help KIND"
_KEY = "check"


class Trial(Struct, frozen=True, kw_only=True):
    """A check that can be run: as it was written, and bound like a phase of its own."""

    root: Path
    tree: Map
    warnings: tuple[str, ...]
    definition: Definition
    values: dict[str, str]
    """Vars and secrets by name."""
    masker: secrets.Masker
    settings: project.Settings

    @property
    def yaml(self) -> str:
        """The check as an item of a list below `verify:`."""
        return yaml_text.item(self.tree)


class _Problems(Problems):
    """Problems of one check that stands in no list."""

    def _text(self, line: int, path: str, message: str) -> str:
        return super()._text(0, path.removeprefix("verify[0]").removeprefix("."), message)

    def raise_if_any(self) -> None:
        if self.errors:
            raise InvalidDocument(self.errors, hint=f"correct it; {HELP} tells about a kind")


def from_yaml(text: str) -> Map:
    """The check of a YAML text: a mapping, or a list of one. Raises InvalidDocument."""
    problems = _Problems(SOURCE)
    tree = loader.load(text, problems)
    if isinstance(tree, list) and len(tree) == 1:
        tree = tree[0]
    found = loader.require_mapping(tree, problems, SOURCE)
    problems.raise_if_any()
    assert found is not None
    return found


def from_words(kind: str, subject: str, parameters: Mapping[str, str]) -> Map:
    """The check of a command line: a subject, and parameters whose values are written as in YAML.

    A subject that is a path, a URL or shell text is taken to the letter: `[ -f x ]` is no list.
    """
    class_ = load(kind)
    literal = class_.shell_fields or get_type_hints(class_)["subject"] is str
    value = Scalar(subject) if literal else _value(subject)
    return Map({kind: value, **{name: _value(text) for name, text in parameters.items()}})


def _value(text: str) -> Tree:
    """`[a, b]`, `{a: b}` and `"quoted"` are YAML; all else is one unquoted value, colons and all."""
    if not text.startswith(("[", "{", '"', "'")):
        return Scalar(text, plain=True)
    problems = _Problems(text)
    tree = loader.load(text, problems)
    problems.raise_if_any()
    return tree


def prepare(
    root: Path, tree: Map, *, vars_: Mapping[str, str] = {}, secret_names: Sequence[str] = ()
) -> Trial:
    """Read and bind a check; InvalidDocument with everything that is wrong with it."""
    problems = _Problems(SOURCE)
    declared = {name: Scalar(value) for name, value in vars_.items()}
    names = Names((), tuple(secret_names), declared, problems)
    below = Map({"verify": Seq([tree])})
    checks = ChecksReader(below, "", problems, names).checks()
    problems.raise_if_any()
    settings = project.settings(root)
    bound_names = definition.Names(secrets=tuple(secret_names), vars=names.scalars())
    try:
        bound = definition.bind(
            root, settings, Coupled(), bound_names, index=0, key=_KEY, needs=(), verify=checks
        )
    except Unbindable as error:
        for _, place, message in error.problems:
            problems.error(0, place, message)
        problems.raise_if_any()
        raise AssertionError from error
    file = project.env_file_values(root, settings.env_file)
    around = {**file, **os.environ}
    known = {name: around[name] for name in secret_names if name in around}
    return Trial(
        root=root,
        tree=tree,
        warnings=tuple(problems.warnings),
        definition=bound,
        values={**vars_, **known},
        masker=secrets.masker(known, file, os.environ),
        settings=settings,
    )


def run(trial: Trial) -> Generator[Event, None, Attempted]:
    """Run the check as the runner does; the answer's data, and the refusal by its verdict."""
    cancel = Cancel()
    place = {"TODO_MANAGER_PLAN": "", "TODO_MANAGER_PHASE": "0", "TODO_MANAGER_KEY": _KEY}
    world = RunWorld(trial.root, trial.settings, trial.definition, trial.values, place, cancel)
    found: dict[str, Result] = {}
    try:
        events = runner.run(world, trial.definition, trial.values, trial.masker, cancel)
        for event in events:
            if isinstance(event, CheckFinished):
                found[event.result.id] = event.result
            yield event
    finally:
        world.close()
        cancel.close()
    results = [found[id_] for id_, _ in trial.definition.checks]
    data = {"checks": [_row(result) for result in results], "yaml": trial.yaml}
    return Attempted(data=data | {"warnings": list(trial.warnings)}, refusal=_refusal(results))


def _row(result: Result) -> dict[str, Any]:
    """A result with what its program wrote, as far as it was kept."""
    row = evidence.as_row(result)
    row["outputs"] = [
        {
            "stream": output.stream,
            "size": output.size,
            "sha256": output.sha256,
            "truncated": output.truncated,
            "text": output.kept.decode("utf-8", "replace"),
        }
        for output in result.outputs
        if output.size
    ]
    return row


def _refusal(results: Sequence[Result]) -> TodoError | None:
    """By verdicts alone, also of a check that is not required: it is tried to see what it says."""
    for verdict, kind in ((Verdict.FAILED, Refused), (Verdict.ERROR, Unevaluated)):
        for result in results:
            if result.verdict == verdict:
                seen = result.actual or result.message
                return kind(
                    f"{result.kind} {result.subject}: expected {result.expected}; {seen}",
                    kind=Kind.CHECK_FAILED if kind is Refused else Kind.CHECK_ERROR,
                    hint=f"todo_manager check --help {result.kind}",
                )
    return None
