"""The kind `script`, and scripts coupled to a phase by their name: run from a copy, judged by exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from support import Project


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


SCRIPTS = {
    # file: (text, what stands beside `script:`, verdict)
    "sh": ("s/a.sh", 'test -n "$BASH_VERSION"\n', "", "passed"),
    "py": ("s/b.py", f"import sys; sys.exit(sys.executable != {sys.executable!r})\n", "", "passed"),
    "env": ("s/c", "#!/usr/bin/env python3\nimport sys; sys.exit(0)\n", "", "passed"),
    "env -S": ("s/d", "#!/usr/bin/env -S bash -eu\nfalse\nexit 0\n", "", "failed"),
    "absolute": ("s/e", "#!/bin/sh\nexit 0\n", "", "passed"),
    "shebang before suffix": ("s/f.py", "#!/bin/sh\nexit 0\n", "", "passed"),
    "an interpreter that is not there": ("s/g", "#!/usr/bin/no-such\n", "", "error"),
    "args": ("s/h.sh", 'test "$*" = "--min 3 a b"\n', "args: [--min, 3, a b]", "passed"),
    "its folder is the project": ("s/i.sh", "test -f words && test -f s/i.sh\n", "", "passed"),
    "the original's folder": (
        "s/j.sh",
        'test "$TODO_MANAGER_SCRIPT_DIR" = "$TODO_MANAGER_PROJECT/s"\n',
        "",
        "passed",
    ),
    "alone in its copy": (
        "s/k.sh",
        'test "$(ls "$(dirname "$0")")" = k.sh && ! test -w "$TODO_MANAGER_FACTS/.."\n',
        "",
        "passed",
    ),
    "not from the project": (
        "s/l.sh",
        'case "$0" in "$TODO_MANAGER_PROJECT"/*) exit 1;; esac\n',
        "",
        "passed",
    ),
    "which phase": (
        "s/m.sh",
        'test "$TODO_MANAGER_PLAN $TODO_MANAGER_PHASE $TODO_MANAGER_KEY" = "p 12 k12"\n',
        "",
        "passed",
    ),
    "facts": (
        "s/n.sh",
        'echo \'{"lag": 7, "a": {"b": [1, true]}}\' > "$TODO_MANAGER_FACTS"\n',
        'expect: {lag: {lt: 8}, "a.b[1]": true}',
        "passed",
    ),
    "facts that differ": (
        "s/o.sh",
        'echo \'{"lag": "7"}\' > "$TODO_MANAGER_FACTS"\n',
        "expect: {lag: 7}",
        "failed",
    ),
    "facts that are missing": ("s/q.sh", "exit 0\n", "expect: {lag: 7}", "failed"),
    "the last line counts": (
        "s/r.sh",
        'printf \'{"n": 1}\\n{"n": 2}\\n\' > "$TODO_MANAGER_FACTS"\n',
        "expect: {n: 2}",
        "passed",
    ),
    "right facts, wrong exit": (
        "s/s.sh",
        'echo \'{"n": 1}\' > "$TODO_MANAGER_FACTS"; exit 1\n',
        "expect: {n: 1}",
        "failed",
    ),
    "facts that are a list": ("s/t.sh", 'echo "[1]" > "$TODO_MANAGER_FACTS"\n', "", "error"),
    "too many facts": (
        "s/u.sh",
        'head -c 1100000 /dev/zero > "$TODO_MANAGER_FACTS"\n',
        "",
        "error",
    ),
    "facts taken away": ("s/v.sh", 'rm "$TODO_MANAGER_FACTS"\n', "", "error"),
    "exit 3": ("s/w.sh", "exit 3\n", "", "error"),
    "no strict mode of ours": ("s/x.sh", "false\nexit 0\n", "", "passed"),
    "CRLF": ("s/y.sh", "exit 1\r\n", "", "error"),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "project").mkdir()
    (folder / "home").mkdir()
    project = Forked(folder / "project", folder / "home")
    project.write("words", "words")
    phases = []
    for n, (path, text, beside, _) in enumerate(SCRIPTS.values()):
        (project.root / path).parent.mkdir(exist_ok=True)
        (project.root / path).write_bytes(text.encode())
        rest = f", {beside}" if beside else ""
        phases.append(f"- {{key: k{n}, title: T, needs: [], verify: [{{script: {path}{rest}}}]}}")
    project.plan("p", "\n".join(phases))
    found = project.ask("verify", "p").data["phases"]
    return {name: row["checks"][0] for name, row in zip(SCRIPTS, found, strict=True)}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_judged_by_its_exit_code_and_its_facts(results, name):
    assert results[name]["verdict"] == SCRIPTS[name][3], results[name]


def test_what_a_script_found_out_is_kept(results):
    assert results["facts"]["facts"]["facts"] == {"lag": 7, "a": {"b": [1, True]}}
    assert len(results["facts"]["facts"]["script_sha256"]) == 64
    assert results["facts that differ"]["expected"] == "lag = 7"
    assert results["facts that differ"]["actual"] == 'lag = "7"'


def test_facts_cannot_be_written_by_an_earlier_check(project):
    project.write("s/silent.sh", "exit 0\n")
    project.plan(
        "p",
        """
        - title: One
          verify:
            - command: |
                for folder in "$TMPDIR/.." "$TMPDIR/../.."; do
                  for n in 1 2 3; do
                    mkdir -p "$folder/script$n" "$folder/script-$n"
                    echo '{"lag": 1}' > "$folder/script$n.facts"
                    echo '{"lag": 1}' > "$folder/script$n/facts"
                    echo '{"lag": 1}' > "$folder/script-$n/facts"
                  done
                done
              serial: true
            - {script: s/silent.sh, expect: {lag: 1}, serial: true}
        """,
    )
    refused = project.ask("done", "p", 0).refused("check_failed")
    assert [row["verdict"] for row in refused.data["checks"]] == ["error", "failed"]


def test_scripts_of_a_phase_run_with_their_helpers_from_one_private_copy(project):
    project.write("phases/p/lib/words.sh", "word=helped\n")
    project.write(
        "phases/p/p1_check.sh",
        """
        here="$(dirname "$0")"
        . "$here/lib/words.sh"
        test "$word" = helped || exit 1
        test "$here" != "$TODO_MANAGER_SCRIPT_DIR" || exit 1
        test -f "$TODO_MANAGER_SCRIPT_DIR/p1_check.sh" || exit 1
        test "$(stat -c %a "$here/..")" = 700 || exit 1
        echo "$here" > "$TODO_MANAGER_PROJECT/where"
        """,
        mode=0o644,
    )
    project.write("phases/p/p001_again.py", "import words\nassert words.N == 1\n")
    project.write("phases/p/words.py", "N = 1\n")
    project.plan("p", "- title: Zero\n- title: One\n  needs: []")
    found = project.ask("done", "p", 1).ok().data["checks"]
    assert [(row["id"], row["kind"], row["required"]) for row in found] == [
        ("p001_again.py", "script", True),
        ("p1_check.sh", "script", True),
    ]
    assert not Path((project.root / "where").read_text().strip()).exists()
    assert not (project.root / "phases/p/__pycache__").exists()
    project.ask("done", "p", 0).refused("no_checks")


def test_a_coupled_script_that_fails_keeps_a_phase_with_passing_checks_open(project):
    project.write("a", "a")
    project.write("phases/p/p0_check.sh", "exit 1\n")
    project.plan("p", "- title: Zero\n  verify: [{file: a}]")
    refused = project.ask("done", "p", 0).refused("check_failed")
    assert "check p0_check.sh (script phases/p/p0_check.sh)" in refused.error["message"]
