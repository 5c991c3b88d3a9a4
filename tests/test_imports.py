"""What a command loads: most of a read is importing, so the modules of a read are counted by name."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support import REPOSITORY

PHASES = """
- title: Protocol
  verify: [{file: docs/protocol.md}]
- title: Build
  verify: [{command: [test, -s, built.txt]}]
"""

CONSOLE_SCRIPT = "import sys; from todo_manager.cli import main; main()"

EVERY_READ = {"cli", "commands", "jsontext", "reads", "render", "render.output", "states"}
ONE_PLAN = {"lock_file", "proof", "read_files", "read_plan"}
TEXT = {"render.plain", "render.plan_text", "shellword"}
STANDARD = {"__future__", "_json", "types"}
"""Of the standard library, besides what Python and sqlite3 load by themselves."""
LOCKS = {"_struct", "fcntl", "struct"}
HASHES = {"_sha2", "_sha256"}

READS = {
    "list --json": (EVERY_READ | {"commands.list_"}, STANDARD),
    "list": (EVERY_READ | TEXT | {"commands.list_"}, STANDARD),
    "show p --json": (EVERY_READ | ONE_PLAN | {"commands.show"}, STANDARD | LOCKS | HASHES),
    "show p": (EVERY_READ | ONE_PLAN | TEXT | {"commands.show"}, STANDARD | LOCKS | HASHES),
    "show p 1 --json": (EVERY_READ | ONE_PLAN | {"commands.show"}, STANDARD | LOCKS | HASHES),
    "next p --json": (EVERY_READ | ONE_PLAN | {"commands.next_"}, STANDARD | LOCKS | HASHES),
    "next p": (EVERY_READ | ONE_PLAN | TEXT | {"commands.next_"}, STANDARD | LOCKS | HASHES),
}
"""Read → modules of ours it loads, and all others it may load."""


@pytest.fixture
def tried(project):
    """A project in which something was done, so that a lock file and verdicts are there to be read."""
    project.plan("p", PHASES)
    project.write("docs/protocol.md", "rollback")
    project.run("done", "p", 0).ok()
    return project


def loaded(code, *words, folder, env):
    """Names of all modules Python imports to run some code, as it reports them itself."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code, *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout or not words, ran
    lines = [line for line in ran.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines[1:]}


@pytest.mark.parametrize("line", READS)
def test_a_read_loads_no_more_than_it_needs(tried, line):
    found = loaded(CONSOLE_SCRIPT, *line.split(), folder=tried.root, env=tried.env)
    found -= loaded("import sqlite3", folder=tried.root, env=tried.env)
    ours = {name for name in found if name.partition(".")[0] == "todo_manager"}
    expected, others = READS[line]
    assert ours == {"todo_manager"} | {f"todo_manager.{name}" for name in expected}
    assert found - ours <= others


def test_every_module_but_the_screen_loads_without_textual_docker_and_rich(tmp_path):
    modules = [
        ".".join(file.relative_to(REPOSITORY).with_suffix("").parts)
        for file in sorted((REPOSITORY / "todo_manager").rglob("*.py"))
        if file.name not in ("__main__.py", "__init__.py")
    ]
    modules.remove("todo_manager.commands.tui")
    assert {"todo_manager.gate", "todo_manager.checks.http"} <= set(modules)
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
    found = loaded("import " + ", ".join(modules), folder=tmp_path, env=env)
    assert set(modules) <= found
    assert not {"textual", "docker", "rich", "tui"} & {name.partition(".")[0] for name in found}
