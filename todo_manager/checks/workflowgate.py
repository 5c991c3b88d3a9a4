"""Why a step of a workflow could fail, or be left out, without anybody noticing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import normpath

from msgspec import structs

from todo_manager.canonical import Map, Scalar, Tree, line_of
from todo_manager.checks import shelltext
from todo_manager.checks.ground import Unlookable
from todo_manager.checks.shellsteps import Rules, why_hidden
from todo_manager.checks.workflowenv import begins, environment, first_unknown, handed_on, variables
from todo_manager.checks.workflowfile import Flow, Job, Step
from todo_manager.checks.workflowvalues import runs_never

_HARMLESS = ("", "true", "success()")
_REGARDLESS = re.compile(r"\b(?:always|failure|cancelled)\s*\(")
_SHELLS = ("bash", "sh")
_SCRIPT = re.compile(
    r"(?:-[efluvxCE]*(?:o (?:errexit|errtrace|nounset|pipefail|verbose|xtrace))? "
    r"|--(?:login|noprofile|norc|posix) )*\{0\}(?: .*)?"
)
"""The arguments with which a shell runs the step's text; others make it run something else, or nothing."""
_FALSE = Scalar("false", plain=True)


def condition(tree: Map) -> str:
    """The `if` of a job or step, without `${{ }}` around it; empty when there is none."""
    text = " ".join(str(tree.get("if", "")).split())
    if text.startswith("${{") and text.endswith("}}") and text.count("${{") == 1:
        text = text[3:-2].strip()
    return text


def reasons(flow: Flow, step: Step, stated: str, command: list[str], within: str) -> list[str]:
    """Why a failure of this step would not stop the workflow; empty when it would.

    `stated` is the one condition it may have; `command` is what must fail in its shell text, where it
    runs in the folder `within`.
    """
    job = flow.jobs[step.job]
    found = list(job_reasons(flow, job, stated))
    if step.number:
        found += _own(step.tree, step.shown(), stated)
    if command:
        found += _shell_reasons(flow, job, step, command, within)
    return found


def job_reasons(flow: Flow, job: Job, stated: str) -> Iterator[str]:
    """The same for a whole job, and for those it waits for: where one is left out, so is this one."""
    yield from _own(job.tree, f"job {job.name} (line {line_of(job.tree)})", stated)
    for name in [job.name, *_closure(flow, job)]:
        if name in flow.jobs and runs_never(flow.jobs[name]):
            yield f"the matrix of {name} leaves nothing to be run"
    for name in _closure(flow, job):
        if name not in flow.jobs:
            yield f"job {job.name} needs {name}, which there is not"
        elif (found := condition(flow.jobs[name].tree)) not in (*_HARMLESS, stated):
            yield f"job {job.name} is left out with {name}, which runs only `if: {found}`"


def _closure(flow: Flow, job: Job) -> list[str]:
    """Every job that one waits for, directly or not."""
    found: list[str] = []
    waiting = list(job.needs)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting += flow.jobs[name].needs if name in flow.jobs else ()
    return found


def _own(tree: Map, place: str, stated: str) -> Iterator[str]:
    lenient = tree.get("continue-on-error")
    if lenient is not None and not _is_false(lenient):
        yield f"{place} has `continue-on-error: {lenient}`"
    minutes = str(tree.get("timeout-minutes", "1"))
    if re.fullmatch(r"[-+0.]*", minutes):
        yield f"{place} has `timeout-minutes: {minutes}`: it has no time to run"
    found = condition(tree)
    if found not in (*_HARMLESS, stated):
        yield f"{place} runs only `if: {found}`"


def _is_false(tree: Tree) -> bool:
    return isinstance(tree, Scalar) and tree.is_token and tree == "false"


def cannot_stop(tree: Map) -> bool:
    """Whether a step never stops its job: its failure is no failure, or it never runs."""
    return not _is_false(tree.get("continue-on-error", _FALSE)) or condition(tree) == "false"


def waits_for(flow: Flow, job: Job, needed: str) -> str:
    """Why a job would run although a needed one failed; empty when it waits for its success."""
    seen: set[str] = set()
    waiting = [job.name]
    regardless = ""
    while waiting:
        name = waiting.pop()
        if name in seen or name not in flow.jobs:
            continue
        seen.add(name)
        here = flow.jobs[name]
        if _REGARDLESS.search(condition(here.tree)):
            regardless = f"job {name} runs regardless: `if: {condition(here.tree)}`"
            continue
        if needed in here.needs:
            return "; ".join(_own_leniency(flow, needed))
        waiting += here.needs
    return regardless or f"job {job.name} needs {', '.join(job.needs) or 'nothing'}"


def _own_leniency(flow: Flow, name: str) -> Iterator[str]:
    if name not in flow.jobs:
        yield f"there is no job {name}"
    elif not _is_false(flow.jobs[name].tree.get("continue-on-error", _FALSE)):
        yield f"job {name} has continue-on-error, so it never fails"


def _shell_reasons(flow: Flow, job: Job, step: Step, command: list[str], within: str) -> list[str]:
    text = str(step.tree["run"])
    rules = structs.replace(
        _rules(flow, job, step), begins=begins(flow, job, step), within=normpath(within)
    )
    unknown = first_unknown(flow, job, step, text)
    reason = why_hidden(text, command, rules, unknown, variables(flow, job, step))
    reason = reason or shelltext.cannot_fail(text, judged=True) or environment(flow, job, step)
    return [f"{step.shown()}: {reason}"] if reason else list(handed_on(job, step))


def _rules(flow: Flow, job: Job, step: Step) -> Rules:
    """What the shell of a step does with failures, from GitHub's own table of shells."""
    shell = str(step.tree.get("shell") or _default(job.tree) or _default(flow.tree)).strip()
    if not shell:
        _refuse_windows(job, step)
        return Rules(errexit=True, pipefail=False)
    words = shell.split()
    if words[0].rsplit("/", 1)[-1] not in _SHELLS:
        raise Unlookable(f"{step.shown()}: only bash and sh are read, not the shell {shell}")
    if len(words) == 1:
        return Rules(errexit=True, pipefail=shell == "bash")
    if not _SCRIPT.fullmatch(" ".join(words[1:])):
        raise Unlookable(f"{step.shown()}: what `{shell}` runs is not read")
    options = " ".join(words[1:]).split("{0}")[0]
    return Rules(
        errexit=re.search(r"(?:^| )-[a-z]*e|-o errexit", options) is not None,
        pipefail=re.search(r"-[a-z]*o pipefail", options) is not None,
    )


def _default(tree: Map) -> str:
    for key in ("defaults", "run", "shell"):
        tree = tree.get(key) if isinstance(tree, dict) else None  # type: ignore[assignment]
    return str(tree or "")


def _refuse_windows(job: Job, step: Step) -> None:
    """There a step without `shell` runs in PowerShell, which goes on after a failure."""
    runner = str(job.tree.get("runs-on", ""))
    strategy = job.tree.get("strategy")
    known = [runner, str(strategy)] if "${{" in runner else [runner]
    if "windows" in " ".join(known).lower() or ("${{" in runner and "matrix." not in runner):
        raise Unlookable(
            f"{step.shown()} may run in PowerShell, which is not read: state shell: bash"
        )
