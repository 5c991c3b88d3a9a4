"""The kind `tool` against programs that are not there, not themselves, or do not say what they are."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from gated import new_project, phases_of

ANSWERS = {
    # program (of a name no system has), what it does when it is asked
    "my-docker": "echo 'Docker version 24.0.5, build ced0996'",
    "my-java": "echo 'openjdk version \"17.0.9\" 2023-10-17' >&2",
    "my-mute": "exit 0",
    "my-wordy": "echo 'the latest and greatest'",
    "my-grumpy": "echo 'grumpy version 3.1'; exit 2",
    "my-lost": "exec no-such-program-anywhere",
    "my-ended": "kill -9 $$",
    "my-deaf": "sleep 60",
    "my-early": "echo 'early 24.0.0-rc1'",
    "my-sub": '[ "$*" = "version --short" ] || exit 2; echo v1.28.2',
}

CHECKS = {
    # check, its verdict, what is said
    "bare": ("{tool: my-docker}", "passed", "my-docker --version exits 0"),
    "at least": ('{tool: my-docker, version: ">= 24"}', "passed", "it is 24.0.5"),
    "in a range": ('{tool: my-docker, version: ">= 20.10, < 24.1"}', "passed", "it is 24.0.5"),
    "exactly": ('{tool: my-docker, version: "= 24.0.5"}', "passed", "it is 24.0.5"),
    "on standard error": ('{tool: my-java, version: "> 17"}', "passed", "it is 17.0.9"),
    "asked in its own way": (
        '{tool: my-sub, args: [version, --short], version: ">= 1.28"}',
        "passed",
        "it is 1.28.2",
    ),
    "too old": ('{tool: my-docker, version: ">= 25"}', "failed", "it is 24.0.5"),
    "too new": ('{tool: my-docker, version: "< 24"}', "failed", "it is 24.0.5"),
    "ten is more than nine": (
        '{tool: my-sub, args: [version, --short], version: "< 1.9"}',
        "failed",
        "",
    ),
    "a pre-release": ('{tool: my-early, version: ">= 24"}', "failed", "24.0.0-rc1"),
    "does not know the question": ("{tool: my-sub}", "failed", "exited 2"),
    "names its version and fails": ('{tool: my-grumpy, version: ">= 3"}', "failed", "exited 2"),
    "silent": ("{tool: my-mute}", "passed", ""),
    "names no version": ('{tool: my-mute, version: ">= 0"}', "error", "names no version"),
    "names a word": ('{tool: my-wordy, version: ">= 0"}', "error", "names no version"),
    "not there": ("{tool: no-such-program-anywhere}", "error", "needs no-such-program-anywhere"),
    "not at its path": ("{tool: /opt/nowhere/docker}", "error", "needs /opt/nowhere/docker"),
    "cannot start what it needs": ("{tool: my-lost}", "error", "exited 127"),
    "killed": ("{tool: my-ended}", "error", "signal 9"),
    "does not answer": ("{tool: my-deaf, timeout: 300ms}", "error", "still running"),
    "planted in the project": ("{tool: planted}", "error", "add `pins: [tools/planted]`"),
    "planted under its name": ('{tool: ./docker, version: ">= 99"}', "error", "add `pins:"),
    "of the project, pinned": (
        '{tool: tools/planted, pins: [tools/planted], version: "= 99"}',
        "passed",
        "it is 99.0",
    ),
    "an installed one before a planted one": ('{tool: bash, version: "< 99"}', "passed", ""),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The result of each check by name, and the folder of the programs."""
    folder = tmp_path_factory.mktemp("tool")
    project = new_project(folder)
    programs = folder / "programs"
    programs.mkdir()
    for name, text in ANSWERS.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    project.write("todo_manager.yaml", f"path: [{programs}, tools]\n")
    for name in ("tools/planted", "tools/bash", "docker"):
        project.write(name, "#!/bin/sh\necho version 99.0\n", mode=0o755)
    project.plan("p", phases_of(check for check, _, _ in CHECKS.values()))
    phases = project.ask("verify", "p").data["phases"]
    rows = {name: phase["checks"][0] for name, phase in zip(CHECKS, phases, strict=True)}
    return rows, programs


@pytest.mark.parametrize("name", CHECKS)
def test_verdict(found: Any, name: str) -> None:
    row = found[0][name]
    _, verdict, words = CHECKS[name]
    assert row["verdict"] == verdict, row
    assert words in f"{row['expected']} {row['actual']}"


def test_which_program_it_was_is_a_fact(found: Any) -> None:
    rows, programs = found
    file: Path = programs / "my-docker"
    facts = rows["at least"]["facts"]
    assert facts["program"] == str(file)
    assert facts["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert facts["version"] == "24.0.5"
    assert rows["an installed one before a planted one"]["facts"]["version"] != "99.0"


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"tool": "docker compose"}, "write its arguments under `args`"),
        ({"tool": ""}, "has no value"),
        ({"tool": "docker", "version": "24"}, 'like ">= 24"'),
        ({"tool": "docker", "version": "~> 24"}, 'like ">= 24"'),
        ({"tool": "docker", "version": "${V}"}, "may not stand in an expectation"),
        ({"tool": "docker", "args": []}, "an empty list"),
        ({"tool": "docker", "versoin": ">= 24"}, "did you mean version"),
    ],
)
def test_what_does_not_load(refused: Any, mapping: dict[str, Any], words: str) -> None:
    assert words in refused(mapping, inputs=["V"])
