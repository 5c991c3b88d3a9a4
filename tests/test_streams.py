"""Streams that are closed or full, terminals, locales, and places a project may be in."""

from __future__ import annotations

import os
import subprocess

import pytest
from forked import Forked
from furnished import demand_reads, furnish
from support import PROGRAM, Project, Ran, at_terminal


@pytest.fixture
def forked(project, tmp_path) -> Project:
    """Such a project, whose commands run in forks: quick, where no start of the program is needed."""
    return furnish(Forked(project.root, tmp_path / "home"))


@pytest.fixture
def ready(forked, project) -> Project:
    """Such a project, whose commands are started as users start them."""
    return project


def unread() -> int:
    """The writing end of a pipe whose reader has left."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.fixture
def failing(ready) -> Project:
    ready.plan("bad", '- {title: T, verify: [{command: "cat evidence.txt; exit 3"}]}')
    return ready


@pytest.mark.parametrize("stream", ["stdout", "stderr", "both"])
def test_nobody_reads_what_is_said(failing, stream):
    """The exit code tells the truth all the same, and a run goes to its end (`verify | head -1`)."""
    expected = {("list",): 0, ("show", "p"): 0, ("log",): 0, ("done", "bad", 0): 1,
                ("verify", "bad"): 1, ("verify",): 2, ("done", "p", 1): 0}  # fmt: skip
    for words, exit_ in expected.items():
        for json in ([], ["--json"]):
            streams = {name: subprocess.DEVNULL for name in ("stdin", "stdout", "stderr")}
            end = unread()
            streams |= {name: end for name in ("stdout", "stderr") if stream in (name, "both")}
            argv = [*PROGRAM, *map(str, words), *json]
            ran = subprocess.run(argv, cwd=failing.root, env=failing.env, timeout=60, **streams)
            os.close(end)
            assert ran.returncode == exit_, (words, json)
    assert failing.states("p") == ["done", "done"]
    assert len(failing.events("refused")) == 2


def test_more_is_said_than_a_pipe_holds(ready):
    """The reader leaves in the middle of a long answer."""
    ready.plan("long", "".join(f"- {{title: {n} {'x' * 200}}}\n" for n in range(500)))
    command = f"set -o pipefail; {' '.join(PROGRAM)} show long | head -1"
    ran = subprocess.run(
        ["bash", "-c", command], cwd=ready.root, env=ready.env, capture_output=True, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.count(b"\n") == 1


def redirected(project: Project, words: str, redirection: str) -> subprocess.CompletedProcess[str]:
    command = f"exec {' '.join(PROGRAM)} {words} {redirection}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=project.root,
        env=project.env,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_answer_that_cannot_be_written_is_no_success(failing):
    for words in ("list", "show p", "log", "--version", "--help", "list --json", "done p 0"):
        ran = redirected(failing, words, "> /dev/full")
        assert ran.returncode == 3, words
        assert "standard output: No space left on device" in ran.stderr
        assert "Traceback" not in ran.stderr
    assert redirected(failing, "done bad 0", "> /dev/full").returncode == 1
    assert redirected(failing, "done bad 0 --json", "> /dev/full").returncode == 1


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&-", "<&- >&- 2>&-", "2>/dev/full"])
def test_streams_that_are_closed(failing, redirection):
    for words, exit_ in (("list", 0), ("done bad 0", 1), ("done p 7", 2), ("done p 1", 0)):
        ran = redirected(failing, words, redirection)
        assert ran.returncode == exit_, (words, ran)
        assert "Traceback" not in ran.stderr
    failing.run("audit").ok()


def test_a_terminal_of_forty_columns(ready):
    for verb in ("show p", "list", "log", "verify p 0"):
        command = f"stty cols 40 rows 10; exec {' '.join(PROGRAM)} {verb}"
        ran = at_terminal(["sh", "-c", command], ready.root, ready.env, "")
        assert ran.exit == 0, ran
        assert ran.out.strip(), verb


LOCALES: dict[str, dict[str, str]] = {
    "C": {"LC_ALL": "C"},
    "POSIX": {"LC_ALL": "POSIX"},
    "unknown": {"LC_ALL": "xx_YY.ISO-8859-1"},
    "C and no UTF-8 mode": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ASCII streams": {"PYTHONIOENCODING": "ascii"},
    "Latin-1 streams": {"PYTHONIOENCODING": "latin-1"},
}


@pytest.mark.parametrize("name", LOCALES)
def test_titles_in_any_locale(ready, name):
    command = [*PROGRAM, "show", "p"]
    env = ready.env | LOCALES[name]
    ran = subprocess.run(command, cwd=ready.root, env=env, capture_output=True, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"0. Done " in ran.stdout
    asked = subprocess.run([*command, "--json"], cwd=ready.root, env=env, capture_output=True)
    told = Ran(asked.returncode, asked.stdout.decode(), "").data["plan"]["phases"][0]["title"]
    assert told == "Done ✔ größer 日本語"


NO_NAME = {"LOGNAME": "", "USER": "", "USERNAME": "", "LNAME": ""}


def test_no_home_no_git_and_no_name(ready, monkeypatch):
    del ready.env["TODO_MANAGER_ACTOR"]
    del ready.env["HOME"]
    ready.env |= {"PATH": "/nonexistent", "GIT_CONFIG_GLOBAL": "/nonexistent"} | NO_NAME
    ready.run("set", "p", "N=5").ok()
    assert ready.events("set")[-1]["actor"] != "tester"
    ready.ask("done", "p", 1).ok()


def test_git_itself_is_missing(forked, monkeypatch):
    """Our own path to git is fixed, so its absence is played: nothing can be started."""

    def absent(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file or directory", "git")

    monkeypatch.setattr(subprocess, "run", absent)
    del forked.env["TODO_MANAGER_ACTOR"]
    forked.env["LOGNAME"] = "somebody"
    assert forked.run("set", "p", "N=5").exit == 0
    assert forked.events("set")[-1]["actor"] == "somebody"


@pytest.mark.parametrize(
    "words", ["list", "show p", "done p 1", "import plans/p.yaml", "init", "audit"]
)
def test_the_folder_it_runs_in_is_gone(ready, words):
    (ready.root / "gone").mkdir()
    command = f"cd gone && rmdir ../gone && exec {' '.join(PROGRAM)} {words} --json"
    ran = subprocess.run(
        ["sh", "-c", command], cwd=ready.root, env=ready.env, capture_output=True, text=True
    )
    told = Ran(ran.returncode, ran.stdout, ran.stderr).refused("store_missing")
    assert "-C DIR" in told.error["hint"]
    assert "Traceback" not in ran.stderr


ODD_FOLDERS = ["with blank", "que?ry", "ha#sh", "per%41cent", "new\nline", "😀", "'quo\"te", "-C"]
ODD_FOLDERS += [os.fsdecode(b"not-utf8-\xff")]


@pytest.mark.parametrize("name", ODD_FOLDERS, ids=ascii)
def test_projects_in_oddly_named_folders(tmp_path, name):
    root = tmp_path / name
    root.mkdir()
    project = furnish(Forked(root, tmp_path))
    project.write("phases/q/p0_check.sh", 'test -e "$TODO_MANAGER_PROJECT/evidence.txt"\n')
    project.run("import", "plans/q.yaml").ok()
    project.ask("done", "q", 0).ok()
    demand_reads(project)
    project.run("audit").ok()
    ran = subprocess.run(
        [*PROGRAM, "-C", root, "list", "--json"], env=project.env, capture_output=True
    )
    expected = 2 if "utf8" in name else 0  # an argument is text; the folder one stands in is free
    assert ran.returncode == expected, ran.stderr
