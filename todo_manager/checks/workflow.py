"""The check kind `workflow`: what a GitHub Actions file does, and that it can really fail.

`workflowfile.py` reads the file, `workflowgate.py` finds what hides a failure, `workflowjudge.py`
compares; `Workflow` says what is wanted.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Check, Outcome, World, conclude, unanswered
from todo_manager.checks.expect import Expectation, Judgement, expectation
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.ground import (
    CONTENT_LIMIT,
    Ground,
    Unlookable,
    is_pattern,
    location,
    shown,
)
from todo_manager.checks.judge_file import judged
from todo_manager.checks.shellsteps import words_of
from todo_manager.checks.textmatch import not_text
from todo_manager.checks.workflowfile import Broken, Flow, read_flow
from todo_manager.checks.workflowjudge import (
    Wanted,
    judge_job,
    judge_lacks,
    judge_matrix,
    judge_pinned,
    judge_step,
)
from todo_manager.model import Verdict

_ACTION = re.compile(r"(?:docker://|\./)?[\w.-][^\s@]*(?:@\S+)?")


def _path(tree: Tree) -> str:
    path = location(tree)
    if is_pattern(path):
        raise Wrong("expected one file, not a pattern")
    return path


def _action(tree: Tree) -> str:
    name = fields.text(tree)
    if not _ACTION.fullmatch(name):
        raise Wrong(
            f"expected an action like actions/checkout or actions/checkout@v5, not {name!r}"
        )
    return name


def _command(tree: Tree) -> str:
    text = fields.text(tree)
    words = words_of(text)
    if not words or words[0].startswith("-"):
        raise Wrong("expected the beginning of one plain command, like `pytest` or `trivy image`")
    return text


def _inputs(tree: Tree) -> dict[str, Expectation]:
    if not isinstance(tree, dict) or not tree:
        raise Wrong("expected a mapping of inputs to values")
    return {str(name): expectation(value) for name, value in tree.items()}


def _jobs(tree: Tree) -> dict[str, tuple[str, ...]]:
    """A name, a list of names, or a mapping of names to the jobs each needs."""
    if not isinstance(tree, dict):
        return dict.fromkeys(fields.needles(tree), ())
    if not tree:
        raise Wrong("an empty mapping asserts nothing")
    return {str(name): _needs(value) for name, value in tree.items()}


def _needs(tree: Tree) -> tuple[str, ...]:
    if not isinstance(tree, dict) or set(tree) - {"needs"}:
        raise Wrong("expected {needs: [other jobs]} for each job, or {}")
    return fields.needles(tree["needs"]) if tree else ()


def _matrix(tree: Tree) -> dict[str, tuple[str, ...]]:
    if not isinstance(tree, dict) or not tree:
        raise Wrong("expected a mapping of names to values")
    return {str(name): tuple(str(one) for one in _values(value)) for name, value in tree.items()}


def _values(tree: Tree) -> list[Tree]:
    items = tree if isinstance(tree, list) else [tree]
    if not items:
        raise Wrong("an empty list asserts nothing")
    return [fields.scalar(item) for item in items]


def _passes(judgement: Judgement) -> bool:
    return judgement.verdict == Verdict.PASSED


class Workflow(Check, frozen=True, kw_only=True):
    """A GitHub Actions workflow has these jobs, and a step that fails the run when it should.

        - workflow: .github/workflows/release.yml
          jobs: {scan: {}, deploy: {needs: [scan]}}
          lacks: [":latest"]
        - workflow: .github/workflows/release.yml
          job: build
          uses: docker/build-push-action@v5
          with: {push: true, tags: {contains: "ghcr.io/acme/app"}}
        - workflow: .github/workflows/release.yml
          uses: aquasecurity/trivy-action
          with: {severity: {contains: CRITICAL}, exit-code: "1"}
        - workflow: .github/workflows/test.yml
          runs: pytest
          matrix: {python: ["3.11", "3.12"]}

    One step must be as `uses` or `runs` say, and nothing may hide its failure: `continue-on-error` on
    the step or its job, an `if` other than the one stated, `|| true`, `set +e`, a pipe without
    pipefail, a shell without -e. Before the command of `runs` only programs stand and what leaves the
    shell as it is: no `source`, `eval` or `trap`, no name that is expanded, no variable that steers
    programs (PATH, MAKEFLAGS), in `env` or handed on by a step before it neither. What is commented out
    is not there. Only the file is read: what its programs and actions do to files, whether GitHub has
    run it, or lets anybody merge without it, is not known from it. Files with anchors or aliases are not
    read (an error).
    """

    kind = "workflow"

    subject: Annotated[str, Convert(_path)] = ""
    """The file, usually in `.github/workflows/`."""
    job: Annotated[str, Convert(fields.text, expects=True)] = ""
    """The job in which `uses`, `runs`, `matrix` and `pinned` are looked for; any, where it is not given."""
    jobs: Annotated[dict[str, tuple[str, ...]], Convert(_jobs, expects=True)] = {}
    """Jobs that are there and can fail: a list, or a mapping of each to `{needs: [..]}`, the jobs
    without whose success it does not run."""
    uses: Annotated[str, Convert(_action, expects=True)] = ""
    """An action, reusable workflow or docker:// image that a step uses; with `@ref` exactly that ref."""
    with_: Annotated[dict[str, Expectation], Convert(_inputs, expects=True)] = {}
    """Inputs of that step, each a value or an operator; GitHub hands them over as text, so `1` is "1"."""
    runs: Annotated[str, Convert(_command, expects=True)] = ""
    """The beginning of a command that a step runs as shell text, then options in any order:
    `trivy image --exit-code 1`."""
    folder: Annotated[str, Convert(fields.text, expects=True)] = "."
    """The folder in which that command runs, where `working-directory` or `cd` leads to another."""
    if_: Annotated[str, Convert(fields.text, expects=True)] = ""
    """The one condition under which the step and its job may run, as the file has it."""
    matrix: Annotated[dict[str, tuple[str, ...]], Convert(_matrix, expects=True)] = {}
    """Values that a job is run with: `{python: ["3.11", "3.12"]}`; more may be there. With `uses` or
    `runs` it is a job that has such a step."""
    on: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """Events that start it, like `pull_request`; how they are narrowed (branches, paths) is not asked."""
    pinned: Annotated[str, Convert(fields.one_of("version", "sha"), expects=True)] = ""
    """How every action is pinned: `sha`, the 40 digits of a commit (a digest for docker://); or
    `version`, that or a tag with a version."""
    lacks: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """Texts that stand in no key or value of the file; comments are not looked at."""

    def problems(self) -> list[str]:
        found = []
        if self.uses and self.runs:
            found.append("a step has uses or runs, not both: write two checks")
        if self.with_ and not self.uses:
            found.append("with belongs to uses: it says what the action is given")
        if self.folder != "." and not self.runs:
            found.append("folder belongs to runs: it says where the command runs")
        if self.if_ in ("false", "${{ false }}"):
            found.append("what runs `if: false` never runs")
        return found

    def lint(self) -> list[str]:
        found = []
        if ".github/workflows" not in self.subject:
            found.append("GitHub runs only files in .github/workflows")
        asked = (self.jobs, self.uses, self.runs, self.matrix, self.on, self.pinned, self.lacks)
        if not any(asked):
            found.append("any workflow with a job passes: say what it must do")
        return found

    def attempt(self, world: World, timeout: float) -> Outcome:
        expected = f"{shown(self.subject)} is a workflow"
        facts: dict[str, Any] = {}
        try:
            flow = self._read(Ground(world.root, timeout), facts)
            facts["jobs"] = list(flow.jobs)
            return conclude(self._judge(flow, facts), facts=facts)
        except (FileNotFoundError, NotADirectoryError):
            return conclude([judged(False, expected, "it does not exist")])
        except Broken as problem:
            return conclude([judged(False, expected, str(problem))], facts=facts)
        except Unlookable as problem:
            return unanswered(expected, str(problem), facts=facts)
        except OSError as problem:
            return unanswered(expected, f"could not look: {problem.strerror}: {self.subject}")

    def _read(self, ground: Ground, facts: dict[str, Any]) -> Flow:
        seen = ground.look(self.subject, content=True)
        if not seen.data.strip():
            raise Broken("it is empty, or no regular file")
        if seen.size > CONTENT_LIMIT:
            raise Unlookable("it is too large to be read")
        if reason := not_text(seen.data):
            raise Unlookable(reason)
        facts["sha256"] = seen.sha256
        return read_flow(seen.data.decode("utf-8-sig"), shown(self.subject))

    def _judge(self, flow: Flow, facts: dict[str, Any]) -> list[Judgement]:
        found = [judged(True, f"{shown(self.subject)} is a workflow", f"{len(flow.jobs)} jobs")]
        for name, needs in self.jobs.items():
            found += judge_job(flow, name, needs, self.if_)
        if self.job and self.job not in flow.jobs:
            there = f"it has the jobs {', '.join(flow.jobs)}"
            return [*found, judged(False, f"it has a job {self.job}", there)]
        searched = [job for job in flow.jobs.values() if self.job in ("", job.name)]
        if self.uses or self.runs:
            wanted = Wanted(
                uses=self.uses,
                inputs=self.with_,
                runs=self.runs,
                condition=self.if_,
                folder=self.folder,
            )
            found.append(judge_step(flow, searched, wanted, facts))
            # A matrix of some other job says nothing about this step.
            having = [job for job in searched if _passes(judge_step(flow, [job], wanted, {}))]
            searched = having or searched
        found += [judge_matrix(searched, *wanted) for wanted in self.matrix.items()]
        for event in self.on:
            so = event in flow.events
            found.append(judged(so, f"{event} starts it", f"on: {', '.join(flow.events)}"))
        found += [judge_pinned(searched, self.pinned)] if self.pinned else []
        return found + [judge_lacks(flow, needle) for needle in self.lacks]
