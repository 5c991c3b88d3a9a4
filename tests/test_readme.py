"""The README is true: its session is run, its plan loads, its tables name what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support import EXITS, REPOSITORY

from todo_manager.checks import KINDS, load

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def steps(block: str) -> list[tuple[str, str]]:
    """Commands of a console block with the output shown below each; here-documents belong to theirs."""
    found: list[tuple[str, str]] = []
    lines = iter(block.splitlines())
    for line in lines:
        if not line.startswith("$ "):
            command, output = found[-1]
            found[-1] = (command, output + line + "\n")
            continue
        command = line[2:]
        if "<<'EOF'" in command:
            for more in lines:
                command += "\n" + more
                if more == "EOF":
                    break
        found.append((command, ""))
    return found


def settled(text: str, root: Path) -> str:
    """Without what differs from run to run: folders and durations."""
    text = text.replace(str(root), "PROJECT")
    return re.sub(r"\(\d+\.\ds", "(0.0s", text)


def test_the_session_goes_as_it_is_told(project, tmp_path):
    command = tmp_path / "bin" / "todo_manager"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m todo_manager "$@"\n')
    command.chmod(0o755)
    env = project.env | {"PATH": f"{command.parent}:{project.env['PATH']}"}
    count = 0
    for block in blocks("console"):
        for words, expected in steps(block):
            ran = subprocess.run(
                ["bash", "-c", words],
                cwd=project.root,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            seen = ran.stdout + (f"[exit {ran.returncode}]\n" if ran.returncode else "")
            assert settled(seen, project.root) == settled(expected, project.root), words
            count += 1
    assert count >= 12


def test_the_plan_of_the_readme_loads(project):
    project.write("plans/docs_example.yaml", blocks("yaml")[0])
    project.write("checks/ready.sh", blocks("sh")[0])
    project.run("import", "plans/docs_example.yaml").ok()
    project.run("lint", "plans/docs_example.yaml").ok()
    checks = [
        c for p in project.ask("show", "docs_example").data["plan"]["phases"] for c in p["checks"]
    ]
    assert {check["kind"] for check in checks} == {"http", "command", "script", "file"}


def test_its_kinds_are_the_registered_ones():
    told = re.findall(r"^\| `([a-z_]+)` \|", README, re.MULTILINE)
    assert sorted(told) == sorted(KINDS)
    assert all((load(kind).__doc__ or "").strip() for kind in KINDS)


def test_its_exit_codes_are_those_of_the_errors():
    told = {int(code) for code in re.findall(r"^\| (\d+) \| ", README, re.MULTILINE)}
    assert told == {0, *EXITS.values()}


def test_its_picture_is_there_and_asks_no_server():
    (path,) = re.findall(r"!\[[^]]+\]\((.+?)\)", README)
    picture = (REPOSITORY / path).read_text(encoding="utf-8")
    assert "billing_release" in picture
    assert "url(http" not in picture


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_two_commands_are_targets(target):
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
    assert f"make {target}" in README
