"""What a plan may say to pytest: which paths, which options; and the files that are pinned with them."""

from __future__ import annotations

import glob
import re
from decimal import Decimal

from todo_manager.canonical import Scalar, Tree
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong
from todo_manager.checks.script import project_path

CONFIGURATION = (
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)
"""Files pytest reads its configuration from, in the folder of the tests or above it."""

_NOTHING_RUNS = "with it tests are not run, or not to their end"
_LEFT_OUT = "a test left out is no longer counted; mark it skip or xfail, which the report tells"
_ELSEWHERE = "that belongs into the configuration beside the tests, which is pinned"
_OURS = "that is set by the check itself"
_NO_MEMORY = "nothing is remembered between runs"
_TWICE = "a test would count twice"
_PUBLIC = "it sends the output to a public page"
_REFUSED = {
    _NOTHING_RUNS: (
        "--co --collect-only --setup-only --setup-plan --fixtures --funcargs --fixtures-per-test "
        "--markers --help --version --trace-config --pdb --trace --debug --looponfail"
    ),
    _LEFT_OUT: "--deselect --ignore --ignore-glob",
    _TWICE: "--keep-duplicates",
    _PUBLIC: "--pastebin",
    _ELSEWHERE: (
        "--override-ini --config-file --confcutdir --noconftest --pyargs --disable-plugin-autoload "
        "--cov-config --cov-reset"
    ),
    _OURS: (
        "--junitxml --junit-xml --junitprefix --junit-prefix --rootdir --basetemp "
        "--cov-report --cov-fail-under --no-cov --no-cov-on-fail --cov-append"
    ),
    _NO_MEMORY: (
        "--stepwise --sw --lf --last-failed --ff --failed-first --nf --new-first --lfnf --last-failed-no-failures "
        "--cache-show --cache-clear --stepwise-skip --sw-skip --stepwise-reset --sw-reset"
    ),
}
_REASONS = {option: why for why, options in _REFUSED.items() for option in options.split()}
_SHORT = re.compile(r"-(?:[qvslx]+|r[A-Za-z]*|[kmnW].*)", re.DOTALL)
_WANTS_VALUE = ("-k", "-m", "-n", "-W")


def test_paths(tree: Tree) -> tuple[str, ...]:
    """One or several files or folders of the project; raises Wrong for what pytest would read otherwise."""
    paths = tuple(_test_path(item) for item in (tree if isinstance(tree, list) else [tree]))
    if not paths:
        raise Wrong("an empty list asserts nothing")
    return paths


def _test_path(tree: Tree) -> str:
    value = fields.text(tree).removeprefix("./")
    if value.rstrip("/") in ("", "."):
        raise Wrong("name the folder of the tests: everything below it is pinned")
    if "::" in value:
        raise Wrong(f"name the file and choose in it with args: [-k, NAME], not {value!r}")
    if value.startswith(("-", "@")):
        raise Wrong(f"{value!r} would be an option of pytest, not a path")
    return project_path(Scalar(value.rstrip("/")))


def arguments(tree: Tree) -> tuple[str, ...]:
    """Options in the order written; raises Wrong for one that would weaken what the check says.

    A value stands behind `=`, so that none can be taken for a path; behind -k, -m, -n and -W also as
    an item of its own.
    """
    words = fields.texts(tree)
    before = ""
    for word in words:
        if word.startswith("@"):
            raise Wrong(f"{word!r} would be read as a file of options")
        if before in _WANTS_VALUE and not word.startswith("-"):
            before = ""
            continue
        if problem := _problem(word):
            raise Wrong(f"{word}: {problem}")
        before = word
    return words


def _problem(word: str) -> str:
    """Why an option is refused; empty when it is not."""
    if not word.startswith("-"):
        return "paths stand in `pytest:`, and the value of an option behind its `=`"
    if not word.startswith("--"):
        known = "-k -l -m -n -q -r -s -v -W -x are"
        return "" if _SHORT.fullmatch(word) else f"not an option that may stand here; {known}"
    if word == "--":
        return "paths stand in `pytest:`"
    return _REASONS.get(word.split("=", 1)[0], "")


def percent(tree: Tree) -> Decimal:
    """A number above 0 and up to 100."""
    value = fields.scalar(tree).removesuffix("%").rstrip()
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", value) or not 0 < Decimal(value) <= 100:
        raise Wrong(f"expected percent above 0 and up to 100, like 85, not {str(tree)!r}")
    return Decimal(value)


def pins_of(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Globs of what decides how these tests run: themselves, what is loaded on the way, configuration.

    Extension modules count too, for they come before a Python file of their name, and so do the texts
    in which pytest looks for doctests.
    """
    found = {".coveragerc": None, "*.dist-info/entry_points.txt": None}
    found["*.egg-info/entry_points.txt"] = None
    for path in map(glob.escape, paths):
        parts = path.split("/")
        found |= dict.fromkeys([path, f"{path}/**/*.py", f"{path}/**/*.so", f"{path}/**/test*.txt"])
        for depth in range(len(parts) + 1):
            folder = "".join(f"{part}/" for part in parts[:depth])
            names = ("conftest.py", "__init__.py", *CONFIGURATION)
            found |= dict.fromkeys(f"{folder}{name}" for name in names)
    return tuple(found)
