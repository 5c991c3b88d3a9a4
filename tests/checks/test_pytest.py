"""The kind `pytest` against suites that prove nothing and projects that steer or forge the answer."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from gated import edit, new_project, phases_of
from support import Project

from todo_manager.checks import pytest_start

GOOD = "def test_good(): assert 1 + 1 == 2\n"
BAD = "def test_bad(): assert 1 + 1 == 3\n"
SKIPPED = "import pytest\n@pytest.mark.skip\ndef test_skipped(): pass\n"
XFAILED = "import pytest\n@pytest.mark.xfail\ndef test_xfailed(): assert 0\n"

CASES: dict[str, tuple[dict[str, str], str, str, str]] = {
    # files of a folder of their own, further parameters, verdict, what is said
    "all pass": ({"test_a.py": GOOD}, "min_tests: 1, max_skipped: 0", "passed", "1 test"),
    "one fails": (
        {"test_a.py": GOOD + BAD},
        "",
        "failed",
        "2 tests: 1 failed: one_fails.test_a.test_bad: assert (1 + 1) == 3",
    ),
    "a fixture breaks": (
        {
            "test_a.py": "import pytest\n@pytest.fixture\ndef a(): 1 / 0\ndef test_a(a): pass\n"
            + GOOD
        },
        "",
        "failed",
        "ZeroDivisionError",
    ),
    "fails twice, in call and teardown": (
        {
            "test_a.py": "import pytest\n@pytest.fixture\ndef a():\n    yield\n    1 / 0\n"
            "def test_a(a): assert 0\n"
        },
        "",
        "failed",
        "ZeroDivisionError",
    ),
    "subtests": (
        {
            "test_a.py": "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n"
            "        for n in range(3):\n            with self.subTest(n=n): assert n < 3\n"
        },
        "",
        "passed",
        "1 test",
    ),
    "a subtest fails": (
        {
            "test_a.py": "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n"
            "        for n in range(3):\n            with self.subTest(n=n): assert n < 2\n"
        },
        "",
        "failed",
        "1 failed",
    ),
    "cannot be imported": ({"test_a.py": "import nowhere\n" + GOOD}, "", "error", "nowhere"),
    "no test": ({"readme.txt": ""}, "", "failed", "pytest collected none"),
    "none is chosen": ({"test_a.py": GOOD}, "args: [-k, other]", "failed", "pytest collected none"),
    "one is chosen": ({"test_a.py": GOOD + BAD}, "args: [-k, good, -q]", "passed", ""),
    "too few": ({"test_a.py": GOOD}, "min_tests: 2", "failed", "1 test"),
    "all skipped": ({"test_a.py": SKIPPED}, "", "failed", "1 test: 1 skipped"),
    "skipped ones did not run": ({"test_a.py": GOOD + SKIPPED}, "min_tests: 2", "failed", ""),
    "too many skipped": ({"test_a.py": GOOD + SKIPPED}, "max_skipped: 0", "failed", "at most 0"),
    "a failure that is expected": ({"test_a.py": GOOD + XFAILED}, "max_skipped: 0", "failed", ""),
    "only expected failures": ({"test_a.py": XFAILED}, "", "failed", ""),
    "ends without a report": (
        {"conftest.py": "import os\nos._exit(0)\n", "test_a.py": BAD},
        "",
        "error",
        "it wrote none",
    ),
    "ends early and in peace": (
        {
            "test_a.py": GOOD
            + "import pytest\ndef test_end(): pytest.exit('so', returncode=0)\n"
            + BAD
        },
        "",
        "error",
        "interrupted",
    ),
    "an exit code made good": (
        {
            "conftest.py": "import pytest\n@pytest.hookimpl(trylast=True)\n"
            "def pytest_sessionfinish(session): session.exitstatus = 0\n",
            "test_a.py": GOOD + BAD,
        },
        "",
        "failed",
        "1 failed",
    ),
    "a report made good": (
        {
            "conftest.py": "import pathlib\ndef pytest_unconfigure(config):\n"
            "    file = pathlib.Path(config.option.xmlpath)\n"
            "    file.write_text('<testsuite><testcase name=\"a\"/></testsuite>')\n",
            "test_a.py": BAD,
        },
        "",
        "failed",
        "exited 1, though no test in its report failed",
    ),
    "a report cut off": (
        {
            "conftest.py": "import os\ndef pytest_unconfigure(config):\n"
            "    os.truncate(config.option.xmlpath, 80)\n",
            "test_a.py": GOOD,
        },
        "",
        "error",
        "not whole XML",
    ),
    "another exit code": (
        {
            "conftest.py": "def pytest_sessionfinish(session): session.exitstatus = 9\n",
            "test_a.py": GOOD,
        },
        "",
        "error",
        "none of pytest's own",
    ),
    "breaks in itself": (
        {"conftest.py": "def pytest_runtestloop(): 1 / 0\n", "test_a.py": GOOD},
        "",
        "error",
        "pytest exited 3",
    ),
    "killed": (
        {"test_a.py": "import os\ndef test_a(): os.kill(os.getpid(), 9)\n"},
        "",
        "error",
        "signal 9",
    ),
    "does not end": (
        {"test_a.py": "def test_a():\n    while True: pass\n"},
        "timeout: 900ms",
        "error",
        "still running",
    ),
    "configured to run nothing": (
        {"pytest.ini": "[pytest]\naddopts = --collect-only\n", "test_a.py": BAD},
        "",
        "failed",
        "0 tests",
    ),
    "configured to set up only": (
        {"pytest.ini": "[pytest]\naddopts = --setup-only\n", "test_a.py": BAD},
        "",
        "failed",
        "0 tests",
    ),
    "configured to report elsewhere": (
        {"pytest.ini": "[pytest]\naddopts = --junitxml=elsewhere.xml\n", "test_a.py": BAD},
        "",
        "failed",
        "test_bad",
    ),
    "configured to write no report": (
        {"pytest.ini": "[pytest]\naddopts = -p no:junitxml\n", "test_a.py": GOOD},
        "",
        "error",
        "it wrote none",
    ),
    "misconfigured": (
        {"pytest.ini": "[pytest]\naddopts = --no-such-option\n", "test_a.py": GOOD},
        "",
        "error",
        "unrecognized arguments: --no-such-option",
    ),
    "a file alone": ({"check.py": GOOD}, "", "passed", ""),
    "imports from the project's root": (
        {"test_a.py": "from shop.price import price\ndef test_a(): assert price(2) == 6\n"},
        "",
        "passed",
        "",
    ),
    "enough of the code is run": (
        {"test_a.py": "from shop.price import price\ndef test_a(): assert price(2) == 6\n"},
        "args: [--cov=shop], coverage: 75",
        "passed",
        "they run 75.00 %, 3 of 4",
    ),
    "too little of the code is run": (
        {"test_a.py": "from shop.price import price\ndef test_a(): assert price(2) == 6\n"},
        "args: [--cov=shop], coverage: 75.01",
        "failed",
        "they run 75.00 %",
    ),
    "code that no test imports": (
        {"test_a.py": GOOD},
        "args: [--cov=shop], coverage: 1",
        "failed",
        "they run 0.00 %, 0 of 4",
    ),
    "tests do not lift their own figure": (
        {"test_a.py": GOOD * 50},
        "args: [--cov=tests_do_not_lift_their_own_figure], coverage: 1",
        "error",
        "no code but the tests was measured",
    ),
}

PRICE = "def price(n):\n    if n > 9:\n        return n\n    return 3 * n\n"
ALONE = "a file alone"


def slug(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name)


def check_of(name: str) -> str:
    path = f"{slug(name)}/check.py" if name == ALONE else f"{slug(name)}/"
    more = CASES[name][1]
    return f"{{pytest: {path}, {more}}}" if more else f"{{pytest: {path}}}"


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The result of each case by name, from one `verify`, and the project."""
    project = new_project(tmp_path_factory.mktemp("pytest"))
    for name, (files, _, _, _) in CASES.items():
        for path, text in files.items():
            project.write(f"{slug(name)}/{path}", text)
    project.write("shop/__init__.py", "")
    project.write("__main__.py", "")
    project.write("shop/price.py", PRICE)
    project.plan("p", phases_of(map(check_of, CASES)))
    steered = {
        "PYTEST_ADDOPTS": "--collect-only",
        "PYTEST_PLUGINS": "nowhere",
        "COVERAGE_FILE": "coverage",
        "PYTHONPATH": str(project.root / "shop"),
    }
    phases = project.ask("verify", "p", env=steered).data["phases"]
    return {name: row["checks"][0] for name, row in zip(CASES, phases, strict=True)}, project


@pytest.mark.parametrize("name", CASES)
def test_verdict(verified: Any, name: str) -> None:
    row = verified[0][name]
    _, _, verdict, words = CASES[name]
    assert row["verdict"] == verdict, row
    assert words in f"{row['expected']}; {row['actual']}"


def test_what_it_found_are_facts(verified: Any) -> None:
    rows, _ = verified
    facts = rows["too many skipped"]["facts"]
    counted = {name: facts[name] for name in ("exit", "tests", "failures", "errors", "skipped")}
    assert counted == {"exit": 0, "tests": 2, "failures": 0, "errors": 0, "skipped": 1}
    assert facts["program"] == sys.executable
    assert rows["enough of the code is run"]["facts"]["coverage"] == "75.00"


def test_nothing_is_left_behind(verified: Any) -> None:
    """No caches, no report, no coverage data; and the report of one run is not there for another."""
    _, project = verified
    left = {path.name for path in project.root.rglob("*")} - {".todo_manager"}
    assert not left & {"__pycache__", ".pytest_cache", ".coverage", "coverage", "elsewhere.xml"}
    assert not any(name.endswith((".xml", ".pyc")) for name in left)


@pytest.fixture
def project(project: Project) -> Project:
    return Forked(project.root, Path(project.env["HOME"]))


def verdict_of(project: Project, check: str = "{pytest: tests}") -> dict[str, Any]:
    """What one check finds in a project."""
    if not (project.root / "plans/p.yaml").exists():
        project.plan("p", f"- title: T\n  verify: [{check}]")
    found: dict[str, Any] = project.ask("verify", "p", 0).data["phases"][0]["checks"][0]
    return found


def test_no_such_path(project: Project) -> None:
    found = verdict_of(project)
    assert (found["verdict"], found["actual"]) == ("failed", "tests does not exist")


@pytest.mark.parametrize("path", ["pytest.py", "pytest/__init__.py", "json.py"])
def test_a_planted_module_makes_no_pass(project: Project, path: str) -> None:
    project.write("tests/test_a.py", BAD)
    project.write(path, "raise SystemExit(0)\n")
    found = verdict_of(project)
    assert (found["verdict"], path in found["actual"]) == ("error", True)


FORGER = """
import os, sys
for word in sys.argv:
    if word.startswith("--junitxml="):
        with open(word.partition("=")[2], "w") as file:
            file.write('<testsuite><testcase name="a"/></testsuite>')
os._exit(0)
"""


def test_parts_of_pytest_in_the_project_are_not_its_parts(project: Project) -> None:
    """`python -m pytest` is taken in by them, which is why it is not how pytest is started."""
    project.write("tests/test_a.py", BAD)
    for name in ("pluggy.py", "_pytest/__init__.py", "iniconfig.py", "pytest_timeout.py"):
        project.write(name, FORGER)
    words = [sys.executable, "-m", "pytest", f"--junitxml={project.root}/r.xml", "tests"]
    taken_in = subprocess.run(words, cwd=project.root, capture_output=True, check=False)
    assert (taken_in.returncode, (project.root / "r.xml").exists()) == (0, True)
    for name in ("pluggy.py", "_pytest/__init__.py", "iniconfig.py", "pytest_timeout.py"):
        found = verdict_of(project)
        assert (found["verdict"], "in place of the module" in found["actual"]) == ("error", True)
        (project.root / name).unlink()
    assert verdict_of(project)["verdict"] == "failed"


def test_compiled_files_beside_the_sources_do_not_count(project: Project) -> None:
    """A cache is believed by the size and the time of its source, and both can be set."""
    test = project.write("tests/test_a.py", "from value import V\ndef test_a(): assert V == 2\n")
    value = project.write("tests/value.py", "V = 2\n")
    assert py_compile.compile(str(value)) is not None
    times = value.stat()
    value.write_text("V = 3\n")
    os.utime(value, ns=(times.st_atime_ns, times.st_mtime_ns))
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
    taken_in = subprocess.run(words, cwd=project.root, capture_output=True, check=False)
    assert taken_in.returncode == 0
    assert verdict_of(project)["verdict"] == "failed"


def test_compiled_files_without_a_source_do_not_count(project: Project) -> None:
    """A package comes before a module of its name, and the pins name sources."""
    project.write("tests/test_a.py", "from value import V\ndef test_a(): assert V == 2\n")
    project.write("tests/value.py", "V = 3\n")
    assert verdict_of(project)["verdict"] == "failed"
    better = project.write("better.py", "V = 2\n")
    py_compile.compile(str(better), cfile=str(project.root / "tests/value/__init__.pyc"))
    better.unlink()
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_a.py"]
    taken_in = subprocess.run(words, cwd=project.root, capture_output=True, check=False)
    assert taken_in.returncode == 0
    assert verdict_of(project)["verdict"] == "failed"


def test_configuration_from_above_the_project(project: Project) -> None:
    project.write("tests/test_a.py", GOOD)
    above = project.root.parent / "pytest.ini"
    above.write_text("[pytest]\naddopts = -k good\n")
    found = verdict_of(project)
    assert (found["verdict"], str(above) in found["actual"]) == ("error", True)
    project.write("pytest.ini", "")
    assert verdict_of(project)["verdict"] == "passed"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ("tests/unit/test_a.py", GOOD + "# easier\n"),
        ("tests/unit/deep/helper.py", "V = 1\n"),
        ("tests/unit/fast.so", ""),
        ("tests/unit/conftest.py", "# hides\n"),
        ("tests/conftest.py", "# hides\n"),
        ("tests/__init__.py", "# hides\n"),
        ("conftest.py", "# hides\n"),
        ("tests/unit/pytest.ini", "[pytest]\n"),
        *((name, "[pytest]\n") for name in ("pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg")),
        *((name, "") for name in ("pytest.toml", "pyproject.toml", "tests/pyproject.toml")),
        (".coveragerc", "[run]\n"),
        ("evil-1.dist-info/entry_points.txt", "[pytest11]\n"),
    ],
)
def test_what_it_executes_is_part_of_the_definition(done: Any, changed: str, text: str) -> None:
    before = done.root / changed
    old = before.read_text() if before.exists() else None
    done.write(changed, text)
    assert done.states("p") == ["stale"]
    done.ask("done", "p", 0).refused("definition_changed")
    if old is None:
        before.unlink()
    else:
        before.write_text(old)
    assert done.states("p") == ["done"]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A plan whose one phase is done by a run of pytest."""
    project = new_project(tmp_path_factory.mktemp("done"))
    project.write("tests/unit/test_a.py", GOOD)
    project.plan("p", "- title: T\n  verify: [{pytest: ./tests/unit/}]")
    project.run("done", "p", 0).ok()
    return project


def test_a_file_that_is_there_only_for_the_run(project: Project) -> None:
    """Before it and after it nothing differs from what was accepted."""
    project.write("tests/test_a.py", BAD)
    project.write(
        "kind.py", "def pytest_collection_modifyitems(items):\n    items[0].obj = print\n"
    )
    around = "{{command: [{}], serial: true}}".format
    checks = [around("cp, kind.py, tests/conftest.py"), "{pytest: tests, serial: true}"]
    checks.append(around("rm, tests/conftest.py"))
    project.plan("p", f"- title: T\n  verify: [{', '.join(checks)}]")
    found = project.ask("done", "p", 0).refused("check_error").data["checks"]
    assert [check["verdict"] for check in found] == ["passed", "error", "passed"]
    assert "tests/conftest.py: pytest would read it" in found[1]["actual"]


def test_a_file_that_is_gone_before_the_run_ends(project: Project) -> None:
    late = "import pathlib, importlib\nP = pathlib.Path('tests/late.py')\n"
    late += "def test_late():\n    P.write_text('')\n    importlib.invalidate_caches()\n    import late\n"
    project.write("tests/test_a.py", late + "    P.unlink()\n")
    found = verdict_of(project)
    assert (found["verdict"], "late.py was loaded, and is gone" in found["actual"]) == (
        "error",
        True,
    )


DOCTEST = ">>> 1 + 1\n{}\n"
CASES_OF_ITS_OWN = """\
import pytest
class File(pytest.File):
    def collect(self): yield Case.from_parent(self, name="case")
class Case(pytest.Item):
    def runtest(self): assert "good" in self.path.read_text()
def pytest_collect_file(file_path, parent):
    return File.from_parent(parent, path=file_path) if file_path.suffix == ".case" else None
"""


def test_a_doctest_in_a_text_is_part_of_the_definition(project: Project) -> None:
    project.write("tests/test_a.py", GOOD)
    text = project.write("tests/sub/test_notes.txt", DOCTEST.format(3))
    project.plan("p", "- title: T\n  verify: [{pytest: tests}]")
    project.ask("done", "p", 0).refused("check_failed")
    edit(text, "3", "2")
    project.ask("done", "p", 0).refused("definition_changed")
    text.unlink()
    project.ask("done", "p", 0).refused("definition_changed")


def test_a_test_that_nothing_binds(project: Project) -> None:
    """Whoever makes its file easier would change what `done` demands, and nobody would be asked."""
    project.write("tests/test_a.py", GOOD)
    project.write("tests/conftest.py", CASES_OF_ITS_OWN)
    case = project.write("tests/a.case", "good")
    project.plan("p", "- title: T\n  verify: [{pytest: tests}]")
    error = project.ask("done", "p", 0).refused("check_error").error
    assert "tests/a.case: a test or plugin of it ran" in error["message"]
    assert "pins: [tests/a.case]" in error["message"]
    project.plan("q", "- title: T\n  verify: [{pytest: tests, pins: [tests/a.case]}]")
    project.run("done", "q", 0).ok()
    case.write_text("good, easier")
    assert project.states("q") == ["stale"]


def test_a_plugin_that_nothing_binds(project: Project) -> None:
    project.write("tests/test_a.py", BAD)
    project.write("tests/conftest.py", "pytest_plugins = ['tools.plugin']\n")
    forgiving = "def pytest_runtest_call(item):\n    item.obj = print\n"
    plugin = project.write("tools/plugin.py", forgiving)
    project.plan("p", "- title: T\n  verify: [{pytest: tests}]")
    error = project.ask("done", "p", 0).refused("check_error").error
    assert "tools/plugin.py: a test or plugin of it ran" in error["message"]
    project.plan("q", "- title: T\n  verify: [{pytest: tests, pins: [tools/plugin.py]}]")
    project.run("done", "q", 0).ok()
    plugin.write_text("")
    assert project.states("q") == ["stale"]


def test_a_test_from_outside_the_project(project: Project) -> None:
    project.write("tests/test_a.py", GOOD)
    project.write("tests/conftest.py", CASES_OF_ITS_OWN)
    outside = project.root.parent / "b.case"
    outside.write_text("good")
    (project.root / "tests/b.case").symlink_to(outside)
    assert verdict_of(project)["verdict"] == "error"


def test_the_code_under_test_is_no_part_of_it(done: Project) -> None:
    done.write("shop.py", "V = 1\n")
    done.write("tests/unit/notes.txt", "words")
    assert done.states("p") == ["done"]


def test_a_test_that_fails_is_named_with_what_to_do(project: Project) -> None:
    test = project.write("tests/test_a.py", BAD)
    project.plan("p", "- title: T\n  verify: [{pytest: [tests/test_a.py]}]")
    error = project.ask("done", "p", 0).refused("check_failed").error
    assert "tests.test_a.test_bad: assert (1 + 1) == 3" in error["message"]
    edit(test, "== 3", "== 2")
    project.ask("done", "p", 0).refused("definition_changed")
    project.person("accept", "p").ok()
    project.run("done", "p", 0).ok()


def test_an_environment_without_pytest(tmp_path: Path) -> None:
    assert start("-S", "", folder=tmp_path).stderr.strip() == "needs pytest"


def test_an_environment_without_a_plugin(tmp_path: Path) -> None:
    assert start("-B", "pytest_no_such_plugin", folder=tmp_path).stderr.strip() == (
        "needs pytest-no-such-plugin"
    )


def start(option: str, plugins: str, *, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-P", option, pytest_start.__file__, plugins, str(folder / "seen")]
    found = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, env={})
    assert found.returncode == pytest_start.NEEDS
    return found


def test_the_check_says_what_is_missing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("tests/test_a.py", GOOD)
    broken = project.root.parent / "start.py"
    broken.write_text(
        f"import sys\nprint('needs pytest-cov', file=sys.stderr)\nsys.exit({pytest_start.NEEDS})\n"
    )
    monkeypatch.setattr(pytest_start, "__file__", str(broken))
    found = verdict_of(project, "{pytest: tests, coverage: 50}")
    assert found["verdict"] == "error"
    assert found["actual"].startswith("needs pytest-cov in the environment of ")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--collect-only"], "tests are not run"),
        (["--co"], "tests are not run"),
        (["--setup-plan"], "tests are not run"),
        (["--deselect=tests/test_a.py::test_bad"], "no longer counted"),
        (["--ignore=tests/hard"], "no longer counted"),
        (["--junitxml=mine.xml"], "set by the check itself"),
        (["--junit-prefix=x"], "set by the check itself"),
        (["--rootdir=/"], "set by the check itself"),
        (["--basetemp=."], "set by the check itself"),
        (["--override-ini=addopts=--co"], "belongs into the configuration"),
        (["--config-file=other.ini"], "belongs into the configuration"),
        (["--noconftest"], "belongs into the configuration"),
        (["--lf"], "nothing is remembered"),
        (["-p", "mine"], "not an option that may stand here"),
        (["-pmine"], "not an option that may stand here"),
        (["-qpmine"], "not an option that may stand here"),
        (["-oaddopts=--co"], "not an option that may stand here"),
        (["-c", "other.ini"], "not an option that may stand here"),
        (["-qcother.ini"], "not an option that may stand here"),
        (["other_tests/"], "paths stand in `pytest:`"),
        (["-q", "other_tests/"], "paths stand in `pytest:`"),
        (["-k", "fast", "other_tests/"], "paths stand in `pytest:`"),
        (["--", "other_tests/"], "paths stand in `pytest:`"),
        (["@options.txt"], "a file of options"),
        (["-k", "@options.txt"], "a file of options"),
        (["-k", "--co"], "tests are not run"),
        (["--no-cov"], "set by the check itself"),
        (["--cov-fail-under=1"], "set by the check itself"),
        (["--cov-config=mine"], "belongs into the configuration"),
        (["-k", "${X}"], "may not stand in an expectation"),
    ],
)
def test_options_that_would_hide_something(refused: Any, args: list[str], words: str) -> None:
    assert words in refused({"pytest": "tests", "args": args}, inputs=["X"])


def test_options_that_may_stand(check: Any) -> None:
    args = ["-q", "-vv", "-x", "-rA", "-k", "fast and not slow", "-m", "smoke", "-n", "2"]
    args += ["-W", "error", "-kfast", "--tb=short", "--strict-markers", "--ds=shop.settings"]
    assert check({"pytest": "tests", "args": args}).args == tuple(args)


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"pytest": "."}, "name the folder of the tests"),
        ({"pytest": "./"}, "name the folder of the tests"),
        ({"pytest": "tests/test_a.py::test_b"}, "name the file and choose in it"),
        ({"pytest": "--co"}, "would be an option"),
        ({"pytest": "@options"}, "would be an option"),
        ({"pytest": "/etc/tests"}, "not a plain path inside the project"),
        ({"pytest": "../tests"}, "not a plain path inside the project"),
        ({"pytest": []}, "an empty list"),
        ({"pytest": "${X}"}, "may not stand in an expectation"),
        ({"pytest": "tests", "min_tests": 0}, "at least 1"),
        ({"pytest": "tests", "coverage": 0}, "above 0 and up to 100"),
        ({"pytest": "tests", "coverage": 101}, "above 0 and up to 100"),
    ],
)
def test_what_does_not_load(refused: Any, mapping: dict[str, Any], words: str) -> None:
    assert words in refused(mapping, inputs=["X"])
