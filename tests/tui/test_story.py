"""The story of one phase, told by the real program in a real terminal, and by the ledger in the same way."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from required import absent

REPOSITORY = Path(__file__).parents[2]
SECONDS = 30


class Tmux:
    """A terminal with a shell in it, whose keys are pressed and whose screen is read."""

    def __init__(self, project: Any, columns: int = 120, rows: int = 32) -> None:
        self._project = project
        self._say("new-session", "-d", "-s", "pane", "-x", str(columns), "-y", str(rows), "sh")

    def _say(self, *words: str) -> str:
        line = ["tmux", "-f", "/dev/null", "-S", str(self._project.root / "tmux"), *words]
        project = self._project
        return subprocess.run(
            line, env=project.env, cwd=project.root, check=True, capture_output=True, text=True
        ).stdout

    def press(self, *keys: str) -> None:
        self._say("send-keys", "-t", "pane", *keys)

    def shown(self) -> str:
        return self._say("capture-pane", "-p", "-t", "pane")

    def until(self, wanted: str, *, without: str = "\0") -> str:
        """Wait until a text is on the screen, and another one is not; what is shown then."""
        end = time.monotonic() + SECONDS
        while True:
            found = self.shown()
            if wanted in " ".join(found.split()) and without not in found:
                return found
            assert time.monotonic() < end, found
            time.sleep(0.05)

    def close(self) -> None:
        self._say("kill-server")


@pytest.fixture
def tmux(project: Any) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        absent("terminal", "tmux is not installed")
    project.env["TERM"] = "xterm-256color"
    found = Tmux(project)
    try:
        yield found
    finally:
        found.close()


def seeds(project: Any) -> None:
    """The plans that come with the program, and one whose work is about to be done."""
    for name in ("docker_arch_impl.yaml", "demo.yaml"):
        (project.root / "plans").mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / "plans" / name, project.root / "plans")
    for name in ("docker_arch_impl", "demo"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / "phases" / name, project.root / "phases" / name, ignore=ignore)
    project.run("import", "plans/docker_arch_impl.yaml", "plans/demo.yaml").ok()


@pytest.mark.terminal
def test_blocked_verified_failed_fixed_and_done(project: Any, tmux: Tmux) -> None:
    seeds(project)
    command = f"{sys.executable} -m todo_manager tui; echo left with $?"
    tmux.press(command, "Enter")
    tmux.until("demo")
    tmux.until("docker_arch_impl")
    tmux.press("/", "demo", "Enter", "Enter")
    tmux.until("Phases")
    # Why a later phase is blocked, and what would help.
    tmux.press("j")
    tmux.until("it needs phase 0, which is ready")
    tmux.until("next: todo_manager done demo 0")
    # Verified as it is: the failure is seen, live.
    tmux.press("k", "v")
    tmux.until("first failure", without="▶ 1 running")
    tmux.until("docs/rollback.md exists")
    tmux.press("Escape")
    tmux.until("failed: a check failed at the last attempt", without="first failure")
    # Another process does the work; verified again it passes, which marks nothing.
    project.write("docs/rollback.md", "# Taking billing back\nowner: the release team\n")
    tmux.press("v")
    tmux.until("passed ✔")
    tmux.until("run 2 of 2", without="▶ 1 running")
    tmux.press("Escape")
    tmux.until("ready ○ 0 Write", without="run 2 of 2")
    # And then it is done, and so says the list.
    tmux.press("d")
    tmux.until("phase 0 is done", without="▶ 1 running")
    tmux.press("Escape")
    tmux.until("done ✔ 0 Write", without="run 3 of 3")
    tmux.press("q")
    tmux.until("left with 0")
    told = [(event["event"], event["key"]) for event in project.events() if event["plan"] == "demo"]
    first = project.ask("show", "demo").ok().data["plan"]["phases"][0]["key"]
    assert told == [
        ("imported", ""),
        ("verified", first),
        ("verified", first),
        ("done", first),
    ]
    assert [event["data"]["verdict"] for event in project.events("verified")] == [
        "failed",
        "passed",
    ]
    project.run("audit").ok()


@pytest.mark.terminal
def test_what_other_processes_do_turns_the_screen(project: Any, tmux: Tmux) -> None:
    project.plan("shop", "[{title: Write it down, verify: [{file: a.txt}]}]")
    tmux.press(f"{sys.executable} -m todo_manager tui", "Enter")
    tmux.until("ready ○")
    tmux.press("Enter")
    tmux.until("Phases")
    project.run("done", "shop", 0)
    tmux.until("seen does not exist")
    project.write("a.txt", "x")
    project.run("done", "shop", 0).ok()
    tmux.until("1/1 done")


@pytest.mark.terminal
@pytest.mark.parametrize(("answer", "kind"), [("yes", "accepted"), ("no", "")])
def test_a_person_is_asked_in_the_words_of_the_verb(
    project: Any, tmux: Tmux, answer: str, kind: str
) -> None:
    project.plan("shop", "[{title: Write it down, verify: [{file: a.txt}]}]")
    plan = project.root / "plans" / "shop.yaml"
    plan.write_text(plan.read_text().replace("a.txt", "b.txt"))
    tmux.press(f"{sys.executable} -m todo_manager tui --actor ann; echo left with $?", "Enter")
    tmux.until("shop")
    tmux.press("Enter")
    tmux.until("todo_manager diff shop; or a person: accept A")
    tmux.press("A")
    tmux.until("accept this definition of shop? Type yes to go on:")
    tmux.press(answer, "Enter")
    tmux.until("enter: back to the command center")
    assert f"[exit {0 if kind else 6}]" in tmux.shown()
    tmux.press("Enter")
    tmux.until("Phases", without="Type yes")
    if kind:
        tmux.until("file b.txt")
    tmux.press("q")
    tmux.until("left with 0")
    events = [(event["event"], event["actor"]) for event in project.events()]
    assert events == [("imported", "tester"), *([(kind, "ann")] if kind else [])]


@pytest.mark.terminal
def test_the_settings_are_edited_with_the_difference_shown(project: Any, tmux: Tmux) -> None:
    project.plan("shop", "[{title: Write it down, verify: [{file: a.txt}]}]")
    project.write("todo_manager.yaml", "env_file: .env\n")
    editor = project.write("editor", "#!/bin/sh\necho 'env_file: .other' > $1\n", mode=0o755)
    tmux.press(f"EDITOR={editor} {sys.executable} -m todo_manager tui", "Enter")
    tmux.until("shop")
    tmux.press("c")
    tmux.until("env_file")
    tmux.press("e")
    tmux.until("+env_file: .other")
    tmux.until("▸ Cancel")
    tmux.press("Enter")
    tmux.until("configuration", without="+env_file")
    assert (project.root / "todo_manager.yaml").read_text() == "env_file: .env\n"
    tmux.press("e")
    tmux.until("+env_file: .other")
    tmux.press("Tab", "Enter")
    tmux.until("env_file .other")
    assert (project.root / "todo_manager.yaml").read_text() == "env_file: .other\n"
