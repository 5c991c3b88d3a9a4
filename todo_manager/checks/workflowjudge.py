"""What is said of a workflow: its jobs, one step of it, its matrices, its actions, its words."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct

from todo_manager.checks.expect import Expectation, Judgement
from todo_manager.checks.ground import Unlookable
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.shellsteps import Rules, why_hidden, words_of
from todo_manager.checks.workflowfile import Flow, Job, Step, scalars
from todo_manager.checks.workflowgate import cannot_stop, job_reasons, reasons, waits_for
from todo_manager.checks.workflowvalues import has_values, input_fits
from todo_manager.model import Verdict

SHOWN = 10
"""How many places a message names."""
_SHA = re.compile(r"[0-9a-f]{40}|sha256:[0-9a-f]{64}")
_VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+)*(?:[-+._]\S*)?")
_ANY_RULES = Rules(errexit=True, pipefail=True)


class Wanted(Struct, frozen=True, kw_only=True):
    """What one step must be like."""

    uses: str
    inputs: dict[str, Expectation]
    runs: str
    condition: str
    """The one condition it may have."""
    folder: str
    """Where what it runs is meant to run."""

    def told(self) -> str:
        """What is expected, in words."""
        inputs = ", ".join(f"{name} = {wanted}" for name, wanted in self.inputs.items())
        what = f"uses {self.uses}" if self.uses else f"runs `{self.runs}`"
        return (
            f"a step {what}{f' with {inputs}' if inputs else ''}, and fails the run when it fails"
        )


def judge_job(flow: Flow, name: str, needs: tuple[str, ...], stated: str) -> list[Judgement]:
    """A job is there and can fail, and waits for the success of others."""
    expected = f"it has a job {name} that can fail"
    if name not in flow.jobs:
        return [judged(False, expected, f"it has the jobs {', '.join(flow.jobs)}")]
    job = flow.jobs[name]
    why = list(job_reasons(flow, job, stated))
    if not why and all(cannot_stop(step.tree) for step in job.steps):
        why = [f"each step of {name} has continue-on-error or never runs"]
    found = [judged(not why, expected, "; ".join(why) or "so")]
    for needed in needs:
        reason = waits_for(flow, job, needed)
        expected = f"job {name} runs only after the success of {needed}"
        found.append(judged(not reason, expected, reason or "so"))
    return found


def judge_step(flow: Flow, jobs: list[Job], wanted: Wanted, facts: dict[str, Any]) -> Judgement:
    """One step that is as wanted is enough; else what could not be told comes before what failed."""
    found: list[Judgement] = []
    for step in (step for job in jobs for step in job.steps if _is_meant(step, wanted)):
        here = _judge_one(flow, step, wanted)
        if here.verdict == Verdict.PASSED:
            facts["step"] = step.shown()
            return here
        found.append(here)
    if not found:
        return judged(False, wanted.told(), "there is no such step")
    return max(found, key=lambda one: one.verdict == Verdict.ERROR)


def _is_meant(step: Step, wanted: Wanted) -> bool:
    if wanted.uses:
        name, _, ref = wanted.uses.partition("@")
        there, _, its_ref = step.uses.partition("@")
        return name.lower() == there.lower() and ref in ("", its_ref)
    text = str(step.tree.get("run", ""))
    return why_hidden(text, words_of(wanted.runs), _ANY_RULES) is not None


def _judge_one(flow: Flow, step: Step, wanted: Wanted) -> Judgement:
    given = step.tree.get("with")
    for name, value in wanted.inputs.items():
        so, actual = input_fits(given.get(name) if isinstance(given, dict) else None, value)
        if so is None:
            return unclear(wanted.told(), f"{step.shown()}: {name} = {actual}")
        if not so:
            return judged(False, wanted.told(), f"{step.shown()}: {name} = {actual}")
    try:
        command = words_of(wanted.runs) if wanted.runs else []
        why = reasons(flow, step, wanted.condition, command, wanted.folder)
    except Unlookable as problem:
        return unclear(wanted.told(), str(problem))
    return judged(not why, wanted.told(), "; ".join(why) or step.shown())


def judge_matrix(jobs: list[Job], name: str, values: tuple[str, ...]) -> Judgement:
    """One job is run with all these values."""
    expected = f"a job is run with {name} = {', '.join(values)}"
    found = [has_values(job, name, values) for job in jobs]
    if any(so for so, _ in found):
        return judged(True, expected, "so")
    told = "; ".join(actual for _, actual in found if actual)
    if any(so is None for so, _ in found):
        return unclear(expected, told)
    return judged(False, expected, told or "no job has a matrix")


def judge_pinned(jobs: list[Job], how: str) -> Judgement:
    """Every action has a ref that says which one it is; those of the repository itself need none."""
    steps = [step for job in jobs for step in job.steps if step.uses]
    loose = [f"{step.shown()} uses {step.uses}" for step in steps if not is_pinned(step.uses, how)]
    expected = f"every action is pinned by {how}"
    return judged(not loose, expected, "; ".join(loose[:SHOWN]) or f"{len(steps)} steps use one")


def is_pinned(uses: str, how: str) -> bool:
    """Whether an action is pinned: `sha` by a commit or digest, `version` by that or a version tag."""
    if uses.startswith("./"):
        return True
    name, at, ref = uses.rpartition("@")
    if not at and uses.startswith("docker://"):
        name, at, ref = uses.rpartition(":")
        ref = "" if "/" in ref else ref
    if _SHA.fullmatch(ref):
        return ref.startswith("sha256:") == uses.startswith("docker://")
    return how == "version" and bool(name) and _VERSION.fullmatch(ref) is not None


def judge_lacks(flow: Flow, needle: str) -> Judgement:
    """A text stands in no key and no value."""
    lines = list(dict.fromkeys(line for text, line in scalars(flow.tree) if needle in text))
    told = ", ".join(f"line {line}" for line in lines[:SHOWN])
    return judged(not lines, f"it lacks {needle!r}", f"in {told}" if told else "not in it")
