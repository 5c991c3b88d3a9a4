"""A file of the project must not answer for a module of Python's own, or for one that is installed."""

from __future__ import annotations

import pytest

PLANS = {
    "-m": "command: [python3, -m, tarfile, --test, broken.tar]",
    "after another option": "command: [python3, -u, -W, error, -m, tarfile, --test, broken.tar]",
    "in one word": "command: [python3, -Bmtarfile, --test, broken.tar]",
    "without the environment": "command: [python3, -E, -m, tarfile, --test, broken.tar]",
    "shell": 'command: "python3 -u -m tarfile --test broken.tar"',
    "deeper": "command: [python3, -c, \"import tarfile; tarfile.open('broken.tar')\"]",
    "of a file": "{command: [python3, tools/check.py], pins: [tools/check.py]}",
    "of another Python": "{command: \"python3 -c 'import subprocess, sys; sys.exit(subprocess.run("
    '[sys.executable, \\"-m\\", \\"tarfile\\", \\"--test\\", \\"broken.tar\\"]).returncode)\'"}',
}
GIVE_IN = "import os\nos._exit(0)\n"


@pytest.mark.parametrize("how", PLANS)
def test_a_planted_module_makes_no_pass(project, how):
    plan = PLANS[how] if PLANS[how].startswith("{") else f"{{{PLANS[how]}}}"
    project.write("broken.tar", "not a tar file")
    project.write("tools/check.py", "import tarfile\ntarfile.open('broken.tar')\n")
    project.plan("p", f"- title: Package\n  verify: [{plan}]")
    assert project.ask("done", "p", 0).exit == 1
    for path in ("tarfile.py", "struct/__init__.py", "tools/tarfile.py", "tools/struct.py"):
        project.write(path, GIVE_IN)
    project.ask("done", "p", 0).refused("check_failed")


def test_a_script_is_held_to_it_too(project):
    project.write("phases/p/p0_package.sh", "python3 -m tarfile --test broken.tar\n")
    project.plan("p", "- title: Package")
    project.write("tarfile.py", GIVE_IN)
    project.ask("done", "p", 0).refused("check_failed")


def test_an_installed_module_is_held_to_it_too(project):
    check = "command: [python3, -c, 'import yaml; yaml.safe_load(open(\"a.yaml\"))']"
    project.plan("p", f"- title: Settings\n  verify: [{{{check}}}]")
    project.write("a.yaml", "a: [")
    project.write("yaml.py", GIVE_IN)
    project.ask("done", "p", 0).refused("check_failed")


def test_the_projects_own_modules_still_run(project):
    project.write("service/__init__.py", "")
    project.write("service/selftest.py", "print('fit')\n")
    project.write("src/apart.py", "print('apart')\n")
    project.write("tools/run.py", "import beside\nprint(beside.word)\n")
    project.write("tools/beside.py", "word = 'fit'\n")
    project.plan(
        "p",
        """
        - title: Self-test
          verify:
            - command: [python3, -m, service.selftest]
              stdout: {contains: [fit]}
            - command: "python3 -c 'import service.selftest'"
            - command: "echo 'import service.selftest' | python3 -"
            - command: "PYTHONPATH=src python3 -m apart"
            - command: [python3, -X, utf8, tools/run.py]
              stdout: {contains: [fit]}
            - command: "python3 -I -c 'import sys; sys.exit(0)'"
        """,
    )
    project.run("done", "p", 0).ok()


def test_a_shell_text_finds_no_program_in_a_folder_of_the_project(project):
    project.write("todo_manager.yaml", "path: [tools]\n")
    project.write("tools/ready", "#!/bin/sh\nexit 0\n", mode=0o755)
    project.plan(
        "p",
        """
        - title: Shell
          verify: [{command: "ready --now"}]
        - title: Pinned
          needs: []
          verify: [{command: [ready, --now], pins: [tools/ready]}]
        - title: Unpinned
          needs: []
          verify: [{command: [ready, --now]}]
        """,
    )
    project.ask("done", "p", 0).refused("check_error")
    project.run("done", "p", 1).ok()
    project.ask("done", "p", 2).refused("check_error")
