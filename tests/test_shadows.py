"""A file of the project must not answer for a module of Python's own."""

from __future__ import annotations

import pytest

PLANS = {
    "-m": "command: [python3, -m, tarfile, --test, broken.tar]",
    "shell": 'command: "python3 -m tarfile --test broken.tar"',
    "deeper": "command: [python3, -c, \"import tarfile; tarfile.open('broken.tar')\"]",
}


@pytest.mark.parametrize("how", PLANS)
@pytest.mark.parametrize("path", ["tarfile.py", "tarfile/__init__.py", "struct.py"])
def test_a_planted_module_makes_no_pass(project, how, path):
    project.plan("p", f"- title: Package\n  verify: [{{{PLANS[how]}}}]")
    project.write("broken.tar", "not a tar file")
    project.ask("done", "p", 0).refused("check_failed")
    project.write(path, "import sys\nsys.exit(0)\n")
    error = project.ask("done", "p", 0).refused("check_error").error
    assert path in error["message"]


def test_a_script_is_held_to_it_too(project):
    project.write("phases/p/p0_package.sh", "python3 -m tarfile --test broken.tar\n")
    project.plan("p", "- title: Package")
    project.write("tarfile.py", "import sys\nsys.exit(0)\n")
    project.ask("done", "p", 0).refused("check_error")


def test_an_installed_module_is_held_to_it_too(project):
    project.plan("p", "- title: Tests\n  verify: [{command: [python3, -m, msgspec.x]}]")
    project.write("msgspec.py", "")
    project.ask("done", "p", 0).refused("check_error")


def test_the_projects_own_modules_still_run(project):
    project.write("service/__init__.py", "")
    project.write("service/selftest.py", "print('fit')\n")
    project.plan(
        "p",
        """
        - title: Self-test
          verify:
            - command: [python3, -m, service.selftest]
              stdout: {contains: [fit]}
            - command: "python3 -c 'import service.selftest'"
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


def test_a_pinned_one_is_what_was_accepted(project):
    project.write("struct.py", "print('ours')\n")
    project.plan(
        "p",
        "- title: Own\n  verify: [{command: [python3, -c, 'print(1)'], pins: [struct.py]}]",
    )
    project.run("done", "p", 0).ok()
