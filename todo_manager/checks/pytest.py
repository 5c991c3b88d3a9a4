"""The kind `pytest`: tests of the project, run by our own interpreter and believed on two accounts.

What may be said to pytest stands in `pytest_args.py`, how it is started in `pytest_start.py`.
"""

from __future__ import annotations

import glob
import os
import sys
import tempfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar

from msgspec import structs

from todo_manager.canonical import Tree
from todo_manager.checks import fields, pytest_start
from todo_manager.checks.base import Check, Outcome, Ran, Unresolvable, World, conclude, unanswered
from todo_manager.checks.command import run_facts, tail_of, why_no_exit_code
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert
from todo_manager.checks.ground import CONTENT_LIMIT, Ground, Unlookable, shown
from todo_manager.checks.judge_file import judged
from todo_manager.checks.judge_tests import MaxSkipped, MinTests, judge_tests
from todo_manager.checks.junit_fate import Unreadable
from todo_manager.checks.junit_xml import Report, read
from todo_manager.checks.pytest_args import arguments, percent, pins_of, test_paths
from todo_manager.checks.pytest_coverage import judge_coverage
from todo_manager.model import Verdict

_REPORT, _COVERAGE, _SEEN = "report.xml", "coverage.json", "seen"
_NO_ANSWER = {
    2: "it was interrupted, or could not collect every test",
    3: "it broke in itself",
    4: "it could not be started like this",
}
"""pytest's exit codes that say nothing about the tests."""
_NO_TESTS = 5


class Pytest(Check, frozen=True, kw_only=True):
    """Run tests with pytest; all of them pass, by its exit code and by the report it writes.

        pytest: tests/
        min_tests: 40
        max_skipped: 0
        args: [-m, "not slow"]
        coverage: 85

    It is run by our own interpreter in the project's root, as `python -m pytest` would, and its JUnit
    report goes to a private folder. No test collected and every test skipped are failures; a test
    module that cannot be imported, an interruption and a report that is missing or cut off are errors.
    `xfail` counts as skipped, so `max_skipped: 0` also finds failures that are expected.

    The tests, every conftest.py and the configuration pytest reads are pinned: changing them changes
    the phase's definition. Helpers elsewhere want `pins`; so do plugins elsewhere and tests in
    other files than Python's and `test*.txt`, and where one of these ran unpinned, that is an error.
    The code under test runs in the same process and is not pinned: leaving early with a report of its
    own is an error, but code that sets out to change pytest itself is trusted not to. The workers of
    pytest-xdist (`-n`) find modules of the project only where the configuration has a `pythonpath`.
    """

    kind: ClassVar[str] = "pytest"
    needs: ClassVar[tuple[str, ...]] = ("python -m pytest",)
    needs_for: ClassVar[Mapping[str, str]] = {"coverage": "python -m pytest_cov"}
    runs_programs: ClassVar[bool] = True

    subject: Annotated[tuple[str, ...], Convert(test_paths, expects=True)]
    """One or several files or folders of tests, relative to the project root."""
    args: Annotated[tuple[str, ...], Convert(arguments, expects=True)] = ()
    """Options for pytest, values after `=`; none that hides tests or takes configuration from elsewhere."""
    min_tests: MinTests = 1
    """How many tests must have run; skipped ones did not."""
    max_skipped: MaxSkipped = None
    """How many tests may be skipped or xfailed; any number where nothing is said, if enough ran."""
    coverage: Annotated[Decimal | None, Convert(percent, expects=True)] = None
    """Percent of the code the tests must run: of all Python files of the project but their own, or of
    what `--cov=PACKAGE` among the args names. Needs pytest-cov."""
    timeout: fields.Timeout = 600.0
    """Seconds one attempt may take."""

    @classmethod
    def implied_pins(cls, tree: Tree) -> tuple[str, ...]:
        return pins_of(test_paths(tree[cls.kind]))

    def label(self) -> str:
        return " ".join(self.subject)

    def attempt(self, world: World, timeout: float) -> Outcome:
        expected = f"the tests in {self.label()} pass"
        try:
            ground = Ground(world.root, timeout)
            for path in self.subject:
                if not ground.has(path):
                    return conclude([judged(False, expected, f"{shown(path)} does not exist")])
            python = world.program("python3")
            with tempfile.TemporaryDirectory(prefix="todo_manager-") as folder:
                self._refuse_strangers(world)
                word = os.urandom(16)
                Path(folder, "word").write_bytes(word)
                env = {"COVERAGE_FILE": f"{folder}/coverage", "TODO_MANAGER_PYTEST": folder}
                argv = [python.path, *self._line(folder)]
                ran = world.run(argv, timeout=timeout, env=env, tell=world.tell)
                self._refuse_strangers(world)
                facts = {"program": python.path, "sha256": python.sha256} | run_facts(ran)
                if why := _no_answer(ran, timeout, folder):
                    outputs = (ran.stdout, ran.stderr)
                    return unanswered(expected, why, facts=facts, outputs=outputs)
                found = self._judge(ran, folder, facts, word)
                if found.verdict == Verdict.PASSED:
                    _refuse_unbound(world, _files(folder))
                return found
        except (Unresolvable, Unlookable) as problem:
            return unanswered(expected, str(problem))
        except OSError as problem:
            return unanswered(expected, f"{problem.strerror}: {shown(str(problem.filename))}")

    def _refuse_strangers(self, world: World) -> None:
        """A file another check has put there for a while would be gone when pins are compared again."""
        if found := world.strangers(pins_of(self.subject)):
            raise Unlookable(
                f"{', '.join(map(shown, found[:3]))}: pytest would read it, and it is not part of the definition"
            )

    def _line(self, folder: str) -> list[str]:
        """What the interpreter is given. Ours comes last, for the last of two options counts."""
        ours = ["-p", "no:cacheprovider", "--rootdir=.", f"--junitxml={folder}/{_REPORT}"]
        plugins = ""
        if self.coverage is not None:
            plugins = "pytest_cov"
            source = [] if any(arg.startswith("--cov=") for arg in self.args) else ["--cov=."]
            ours = [*source, f"--cov-report=json:{folder}/{_COVERAGE}", "--cov-fail-under=0", *ours]
        # Without -P the folder of our own file, which has a pytest.py, would be searched first.
        start = ["-P", pytest_start.__file__, plugins, f"{folder}/{_SEEN}"]
        return [*start, *self.args, *ours, *self.subject]

    def _judge(self, ran: Ran, folder: str, facts: dict[str, Any], word: bytes) -> Outcome:
        outputs = (ran.stdout, ran.stderr)
        if ran.exit == _NO_TESTS:
            found = [judged(False, f"{self.label()} holds tests", "pytest collected none")]
            return conclude(found, facts=facts, outputs=outputs)
        try:
            report = _report(folder).cautious()
        except Unreadable as problem:
            why = f"pytest exited {ran.exit}, and its report: {problem}{tail_of(ran)}"
            return unanswered("a whole report", why, facts=facts, outputs=outputs)
        if why := _no_end(ran, folder, word):
            return unanswered("a whole report", why, facts=facts, outputs=outputs)
        found = judge_tests(self.label(), report, self.min_tests, self.max_skipped)
        found += _judge_exit(ran, report)
        facts |= structs.asdict(report.counts)
        if self.coverage is not None and not report.bad:
            covered, judgement = judge_coverage(_measured(folder), self.coverage, self.subject)
            found.append(judgement)
            facts |= {"coverage": str(covered)} if covered is not None else {}
        return conclude(found, facts=facts, outputs=outputs)


def _refuse_unbound(world: World, files: list[str]) -> None:
    """What stands in a file of another sort (a doctest, a case of a plugin) can be edited unnoticed."""
    outside = [name for name in files if name.startswith(("/", "../"))]
    bound = [glob.escape(name) for name in files if name not in outside]
    if found := [*outside, *world.strangers(bound)]:
        raise Unlookable(
            f"{', '.join(map(shown, found[:3]))}: a test or plugin of it ran, and it is not part of the "
            "definition; "
            f"add `pins: [{shown(found[0])}]`"
        )


def _files(folder: str) -> list[str]:
    """The files whose tests or plugins ran; raises Unlookable, OSError."""
    text = _content(folder, _SEEN).decode("utf-8", "surrogateescape")
    return [os.path.normpath(name) for name in text.split("\0") if name]


def _judge_exit(ran: Ran, report: Report) -> list[Judgement]:
    """The exit code, where the report does not tell of the same failure."""
    if ran.exit == 0 or report.counts.failures + report.counts.errors:
        return []
    actual = f"it exited {ran.exit}, though no test in its report failed{tail_of(ran)}"
    return [judged(False, "pytest exits 0", actual)]


def _no_answer(ran: Ran, timeout: float, folder: str) -> str:
    """Why the run says nothing about the tests; empty when it does."""
    if problem := why_no_exit_code(ran, timeout, "pytest"):
        return problem
    if ran.exit == pytest_start.NEEDS:
        needed = ran.stderr.kept.decode("utf-8", "replace").strip()
        return f"{needed} in the environment of {sys.executable}"
    if ran.exit in (0, 1, _NO_TESTS):
        return ""
    why = _NO_ANSWER.get(ran.exit or 0, "which is none of pytest's own exit codes")
    try:
        told = "; ".join(_report(folder).bad)
    except (Unreadable, OSError):
        told = ""
    return f"pytest exited {ran.exit}: {why}" + (f": {told}" if told else _complaint(ran))


def _no_end(ran: Ran, folder: str, word: bytes) -> str:
    """What to say where something left in pytest's place, with an exit code and a report of its choice."""
    try:
        if _content(folder, "ended") == word:
            return ""
    except (OSError, Unlookable):
        pass
    return f"pytest did not come to its end: the tests, or what they test, left with {ran.exit}"


def _complaint(ran: Ran) -> str:
    """What pytest says of its arguments, which stands above where it looked; else its last line."""
    lines = ran.stderr.kept.decode("utf-8", "replace").splitlines()
    said = [line for line in lines if "error: " in line.lower() and "usage: " not in line]
    return f" ({said[0].strip()[:200]})" if said else tail_of(ran)


def _report(folder: str) -> Report:
    """The report pytest wrote; raises Unreadable."""
    try:
        return read(_content(folder, _REPORT))
    except FileNotFoundError:
        raise Unreadable("it wrote none") from None
    except Unlookable as problem:
        raise Unreadable(str(problem)) from None


def _measured(folder: str) -> bytes:
    """The report of coverage.py; empty where there is none that can be read."""
    try:
        return _content(folder, _COVERAGE)
    except (OSError, Unlookable):
        return b""


def _content(folder: str, name: str) -> bytes:
    """A file of the private folder, whole. Raises OSError, Unlookable."""
    seen = Ground(Path(folder), 60).look(name, content=True)
    if seen.size > CONTENT_LIMIT:
        raise Unlookable(f"it is larger than {CONTENT_LIMIT // 2**20} MiB")
    return seen.data
