"""What a step finds when it begins: its variables, what steps before it hand on, its folder, its expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from todo_manager.canonical import Scalar, Tree
from todo_manager.checks.ground import Unlookable
from todo_manager.checks.shellnames import changes
from todo_manager.checks.workflowfile import Flow, Job, Step, scalars
from todo_manager.checks.workflowvalues import matrix_values

_HANDED_ON = re.compile(
    r"GITHUB_(?:ENV|PATH)\b|BASH_ENV|BASHOPTS|SHELLOPTS|BASH_FUNC_|::(?:set-env|add-path)"
    r"|exportVariable|addPath"
)
"""By what a step changes the variables, or the search for programs, of those after it."""
_TO = r""">>\s*(?P<q>["']?)\$\{?GITHUB_%s\}?(?P=q)\s*"""
_VARIABLE = re.compile(
    r"""\s*echo\s+(?:"(?P<name>[A-Za-z_]\w*)=(?P<value>(?:(?!\\[nrx0c])[^"\n])*)\""""
    r"""|'?(?P<bare>[A-Za-z_]\w*)=(?P<text>(?:[\w./:+@=,${}-]|\$\{\{ *[\w.-]+ *\}\})*|\$\([^()\\"'\n]*\))'?)\s*"""
    + _TO
    % "ENV"
)
_FOLDER = re.compile(
    r"""\s*echo\s+("?)(?:\$HOME|\$\{HOME\}|/opt|/usr|/home/linuxbrew)(?!/work\b)"""
    r"""(?:/(?!\.{1,2}(?:["/\s]))[\w.+@-]+)+\1\s*""" + _TO % "PATH"
)
"""A folder that is not in the checked out files."""
_EXPORTED = re.compile(r"""exportVariable\(\s*(["'])(?P<name>[A-Za-z_]\w*)\1""")
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_SETTLED = re.compile(
    r"github\.(?:sha|ref|ref_name|ref_type|base_ref|repository|repository_owner|repository_id|run_id"
    r"|run_number|run_attempt|actor|event_name|workspace|job|server_url|api_url|token)"
    r"|runner\.\w+|strategy\.job-(?:index|total)|(?:secrets|vars)\.\w+|hashFiles\([^()]*\)"
)
"""Expressions that GitHub settles, or those who administer the repository: the file has no say in them."""
_ONE_WORD = re.compile(r"(?!-)[\w./:+@=,-]*", re.ASCII)


def environment(flow: Flow, job: Job, step: Step) -> str:
    """Which variable a step is given that changes what its commands are; empty when none does.

    Raises Unlookable where the names are made by an expression.
    """
    container = job.tree.get("container")
    for tree in (step.tree, job.tree, container, flow.tree):
        given = tree.get("env") if isinstance(tree, dict) else None
        if given is not None and not isinstance(given, dict):
            raise Unlookable(f"{step.shown()}: `env` is {given}, which only a run can tell")
        for name, value in (given or {}).items():
            # Nothing is expanded there: a `$PATH` is a folder of that name.
            if changes(name, "" if "$" in str(value) else str(value)):
                return f"`env` has {name}, which changes what its shell runs"
    options = container.get("options") if isinstance(container, dict) else None
    for name, value in re.findall(r"([A-Za-z_]\w*)=(\S*)", str(options or "")):
        if changes(name, value):
            return f"the `options` of its container have {name}, which changes what its shell runs"
    return ""


def variables(flow: Flow, job: Job, step: Step) -> dict[str, str]:
    """The variables that `env` gives a step."""
    found: dict[str, str] = {}
    for tree in (flow.tree, job.tree, step.tree):
        names = tree.get("env")
        found |= (
            {name: str(value) for name, value in names.items()} if isinstance(names, dict) else {}
        )
    return found


def handed_on(job: Job, step: Step) -> Iterator[str]:
    """Steps before this one that hand such a variable on, or a folder with programs."""
    for earlier in job.steps[: step.number - 1]:
        given = [*scalars(earlier.tree.get("run")), *scalars(earlier.tree.get("with"))]
        for text, _ in given:
            for line in text.replace("\\\n", " ").split("\n"):
                if _HANDED_ON.search(line) and not (_harmless(line) and _at_home(earlier, text)):
                    shown = line.strip()[:60]
                    yield f"{earlier.shown()} has `{shown}`, which changes what later steps run"


def _harmless(line: str) -> bool:
    """Whether a line hands on one variable that steers nothing, or a folder outside of the checkout."""
    if found := _VARIABLE.fullmatch(line):
        return not changes(found["name"] or found["bare"], found["value"] or found["text"] or "")
    if found := _EXPORTED.search(line):
        return len(_HANDED_ON.findall(line)) == 1 and not changes(found["name"])
    return _FOLDER.fullmatch(line) is not None


def _at_home(step: Step, text: str) -> bool:
    """Whether HOME is what it always is in a step: named, and never set."""
    given = step.tree.get("env")
    read = len(re.findall(r"\$HOME/|\$\{HOME\}/", text))
    return read == text.count("HOME") and not (isinstance(given, dict) and "HOME" in given)


def begins(flow: Flow, job: Job, step: Step) -> str:
    """The folder in which the text of a step begins, as it is written."""
    for tree in (step.tree, _run_defaults(job.tree), _run_defaults(flow.tree)):
        found = tree.get("working-directory") if isinstance(tree, dict) else None
        if found is not None:
            if "${{" in str(found):
                raise Unlookable(f"{step.shown()} runs in {found}, which only a run can tell")
            return str(found)
    return "."


def _run_defaults(tree: Tree) -> Tree:
    defaults = tree.get("defaults") if isinstance(tree, dict) else None
    return defaults.get("run") if isinstance(defaults, dict) else None


def first_unknown(flow: Flow, job: Job, step: Step, text: str) -> int:
    """Where in a text the first expression stands that may be more than one plain word; -1 for none."""
    for match in _EXPRESSION.finditer(text):
        if not _is_word(flow, job, step, match[1]):
            return match.start()
    return -1


def _is_word(flow: Flow, job: Job, step: Step, expression: str) -> bool:
    if _SETTLED.fullmatch(expression):
        return True
    context, _, name = expression.partition(".")
    if context == "matrix":
        values = matrix_values(job, name)
        return values is not None and all(map(_ONE_WORD.fullmatch, values))
    if context == "env":
        for tree in (step.tree, job.tree, flow.tree):
            given = tree.get("env")
            if isinstance(given, dict) and name in given:
                return isinstance(given[name], Scalar) and _is_plain(str(given[name]))
    return False


def _is_plain(value: str) -> bool:
    rest = _EXPRESSION.sub(lambda match: "x" if _SETTLED.fullmatch(match[1]) else match[0], value)
    return _ONE_WORD.fullmatch(rest) is not None
