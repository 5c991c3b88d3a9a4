"""The kind `command` against whatever would make it pass: environments, programs, output, exit codes."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from gated import new_project, phases_of
from required import absent
from support import Project


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


def verified(
    project: Project, checks: dict[str, tuple[str, str]], env: dict[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """The result of each check by name, from one `verify` of a plan with a phase for each."""
    project.plan("p", phases_of(check for check, _ in checks.values()))
    found = project.ask("verify", "p", env=env).data["phases"]
    return {name: phase["checks"][0] for name, phase in zip(checks, found, strict=True)}


def agree(found: dict[str, dict[str, Any]], checks: dict[str, tuple[str, str]]) -> None:
    verdicts = {name: row["verdict"] for name, row in found.items()}
    assert verdicts == {name: verdict for name, (_, verdict) in checks.items()}


# Planted around it

PLANTED = {
    "BASH_ENV": "evil/bash_env",
    "ENV": "evil/bash_env",
    "BASH_FUNC_grep%%": "() { return 0; }",
    "LD_PRELOAD": "evil/none.so",
    "LD_LIBRARY_PATH": "evil",
    "GIT_DIR": "evil",
    "http_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "PYTHONSTARTUP": "evil/sitecustomize.py",
    "IFS": "e",
    "SHELLOPTS": "noexec",
    "PS4": "$(touch planted)",
    "CDPATH": "evil",
    "TODO_MANAGER_PRIVATE": "/",
}

HONEST = {
    # check, its true verdict
    "grep in shell text": ('{command: "grep -q honest words"}', "failed"),
    "grep as argv": ("{command: [grep, -q, honest, words]}", "failed"),
    "python3 as argv": ('{command: [python3, -c, "raise SystemExit(1)"]}', "failed"),
    "python3 in shell text": ("{command: \"python3 -c 'raise SystemExit(1)'\"}", "failed"),
    "python in shell text": ("{command: \"python -c 'raise SystemExit(1)'\"}", "failed"),
    "bash of bash": ("{command: \"bash -c 'exit 1'\"}", "failed"),
    "sh as argv": ('{command: [sh, -c, "exit 1"]}', "failed"),
    "test": ("{command: [test, -e, planted]}", "failed"),
    "an own function": ('{command: "ls >/dev/null; false"}', "failed"),
    "our interpreter": (
        f"{{command: [python3, -c, \"import sys; sys.exit(sys.executable != '{sys.executable}')\"]}}",
        "passed",
    ),
    "no planted variable": (
        "{command: [env], stdout: {contains: TODO_MANAGER_KEY, lacks: [evil, proxy, IFS=, PS4]}}",
        "passed",
    ),
    "no planted module": (
        "{command: [python3, -c, \"import sys; sys.exit('sitecustomize_evil' in sys.modules)\"]}",
        "passed",
    ),
}


def test_what_is_planted_around_the_command_changes_no_verdict(project):
    for name in ("grep", "python3", "python", "bash", "sh", "test", "ls", "env"):
        for folder in ("", "evil/"):
            project.write(folder + name, "#!/bin/sh\nexit 0\n", mode=0o755)
    project.write("evil/bash_env", "touch planted\ngrep() { return 0; }\nset() { :; }\nexit 0\n")
    project.write("evil/sitecustomize_evil.py", "")
    project.write("evil/usercustomize.py", "import sitecustomize_evil\n")
    project.write("words", "nothing of the kind\n")
    project.write(
        ".env", "".join(f"{name}={value}\n" for name, value in PLANTED.items() if "%" not in name)
    )
    evil = str(project.root / "evil")
    env = PLANTED | {
        "PATH": f"{evil}:.:{project.env['PATH']}",
        "PYTHONPATH": f"{project.env['PYTHONPATH']}:{evil}",
    }
    started = Project(
        project.root, Path(project.env["HOME"])
    )  # not forked: it must start with all that
    agree(verified(started, HONEST, env=env), HONEST)
    assert not (project.root / "planted").exists()


def test_a_check_cannot_prepare_the_environment_of_the_next_one(project):
    """Each run has a folder of its own at the head of PATH, gone when it ends."""
    project.plan(
        "p",
        """
        - title: One
          verify:
            - command: |
                for folder in "$TMPDIR/../bin" "$TMPDIR/../../bin" "$TMPDIR"; do
                  mkdir -p "$folder"
                  printf '#!/bin/sh\\nexit 0\\n' > "$folder/grep"
                  cp "$folder/grep" "$folder/python3"
                  chmod +x "$folder/grep" "$folder/python3"
                done
                grep -q anything /dev/null && echo "$TMPDIR" > folder
              serial: true
            - {command: "echo no | grep -q yes", serial: true}
            - {command: "python3 -c 'raise SystemExit(1)'", serial: true}
            - {command: 'test -e "$(cat folder)" || test -e "$TMPDIR/grep"', serial: true}
        """,
    )
    refused = project.ask("done", "p", 0).refused("check_failed")
    verdicts = [row["verdict"] for row in refused.data["checks"]]
    assert verdicts == ["error", "failed", "failed", "failed"]


def test_no_descriptor_of_ours_is_open_in_a_program(project):
    """Who could write to the socket of its supervisor could answer that it exited 0."""
    code = (
        "import marshal, os, sys\n"
        "for number in range(3, 1024):\n"
        "    try:\n"
        "        os.fstat(number)\n"
        "    except OSError:\n"
        "        continue\n"
        "    print('open:', number, os.readlink(f'/proc/self/fd/{number}'))\n"
        "    try:\n"
        "        os.write(number, marshal.dumps((0, None, 0, '')))\n"
        "    except OSError as error:\n"
        "        print(error)\n"
        "sys.exit(1)\n"
    )
    project.write("forge.py", code)
    project.plan("p", "- title: One\n  verify: [{command: [python3, forge.py]}]")
    refused = project.ask("done", "p", 0).refused("check_failed")
    assert refused.data["checks"][0]["actual"] == "exited 1"


# Which program it is


@pytest.fixture(scope="module")
def programs(tmp_path_factory) -> tuple[dict[str, dict[str, Any]], dict[str, tuple[str, str]]]:
    project = new_project(tmp_path_factory.mktemp("programs"))
    passing = "#!/bin/sh\nexit 0\n"
    for name in ("tool", "bin/onpath", "pinned", "vouched", "other"):
        project.write(name, passing, mode=0o755)
    outside = project.root.parent / "outside"
    outside.write_text(passing)
    outside.chmod(0o755)
    (project.root / "link-out").symlink_to(outside)
    (project.root / "link-in").symlink_to("pinned")
    (project.root / "link-true").symlink_to("/bin/true")
    good, bad = hashlib.sha256(passing.encode()).hexdigest(), "0" * 64
    project.write(
        "todo_manager.yaml",
        f"path: [bin]\ntools:\n  vouched: {{path: vouched, sha256: {good}}}\n"
        f"  forged: {{path: other, sha256: {bad}}}\n"
        f"  missing: {{path: nothing, sha256: {bad}}}\n",
    )
    checks = {
        "of the project": ("{command: [./tool]}", "error"),
        "of the project by its full path": (f"{{command: ['{project.root}/tool']}}", "error"),
        "of the project round about": ("{command: [bin/../tool]}", "error"),
        "of the project on the search path": ("{command: [onpath]}", "error"),
        "of the project, pinned": ("{command: [./pinned], pins: pinned}", "passed"),
        "of the project, another one pinned": ("{command: [./tool], pins: pinned}", "error"),
        "vouched for": ("{command: [vouched]}", "passed"),
        "vouched for as another": ("{command: [forged]}", "error"),
        "vouched for and missing": ("{command: [missing]}", "error"),
        "a link out of the project": ("{command: [./link-out]}", "error"),
        "a link to a program of the system": ("{command: [./link-true]}", "error"),
        "a link to what is pinned": ("{command: [./link-in], pins: pinned}", "passed"),
        "a pinned link": ("{command: [./link-in], pins: link-in}", "passed"),
        "outside of the project": (f"{{command: ['{outside}']}}", "passed"),
        "a folder": ("{command: [./bin]}", "error"),
        "nowhere": ("{command: [no-such-program]}", "error"),
    }
    return verified(project, checks), checks


def test_a_program_of_the_project_has_to_be_bound(programs):
    found, checks = programs
    agree(found, checks)
    assert "add `pins: [tool]`" in found["of the project"]["message"]
    assert "under tools" in found["of the project"]["message"]
    assert "its sha256 is" in found["vouched for as another"]["message"]


def test_path_and_sha256_of_a_program_are_facts(programs):
    found, _ = programs
    facts = found["of the project, pinned"]["facts"]
    assert facts["program"].endswith("/pinned")
    assert facts["sha256"] == hashlib.sha256(b"#!/bin/sh\nexit 0\n").hexdigest()
    assert facts["exit"] == 0


def test_a_pinned_program_that_is_swapped_while_the_phase_runs_is_not_run(project):
    project.write("tool", "#!/bin/sh\nexit 1\n", mode=0o755)
    project.plan(
        "p",
        """
        - title: One
          verify:
            - {command: "cp tool honest; printf '#!/bin/sh\\\\nexit 0\\\\n' > tool", serial: true}
            - {command: [./tool], pins: tool, serial: true}
            - {command: "cp honest tool", serial: true}
        """,
    )
    refused = project.ask("done", "p", 0).refused("check_error")
    assert "./tool is no longer the file that was pinned" in refused.error["message"]
    assert [row["verdict"] for row in refused.data["checks"]] == ["passed", "error", "passed"]


# Hidden failures and what it writes

JUDGED = {
    "a pipe": ('{command: "false | tee log"}', "failed"),
    "a pipe into true": ('{command: "false | true | cat"}', "failed"),
    "not the last command": ('{command: "false\\necho done"}', "failed"),
    "in a substitution": ('{command: "x=$(false); echo $x"}', "failed"),
    "an unset variable": ('{command: "echo $UNSET_ANYWHERE"}', "failed"),
    "exit code of a list": ("{command: [bash, -c, exit 3], exit: [2, 3]}", "passed"),
    "0 where 1 is expected": ("{command: [test, -d, sub], exit: 1}", "failed"),
    "contains": ("{command: [echo, hello], stdout: {contains: ell}}", "passed"),
    "contains not": ("{command: [echo, hello], stdout: {contains: bye}}", "failed"),
    "on the other stream": ('{command: "echo hello >&2", stdout: {contains: hello}}', "failed"),
    "matches a line": ('{command: "printf \'a\\nb\\n\'", stdout: {matches: "^b$"}}', "passed"),
    "equals": ('{command: [echo, hello], stdout: {equals: "hello"}}', "passed"),
    "equals not": ('{command: [echo, hello there], stdout: {equals: "hello"}}', "failed"),
    "lacks": ("{command: [echo, hello], stdout: {contains: hello, lacks: error}}", "passed"),
    "lacks not": ("{command: [echo, error], stdout: {contains: r, lacks: error}}", "failed"),
    "stderr lacks": ("{command: [echo, hello], stderr: {lacks: warning}}", "passed"),
    "json": ("{command: [echo, '{\"a\": [1]}'], stdout: {json: {\"a[0]\": 1}}}", "passed"),
    "json as text": ("{command: [echo, '{\"a\": \"1\"}'], stdout: {json: {a: 1}}}", "failed"),
    "no json": ("{command: [echo, hello], stdout: {json: {a: 1}}}", "failed"),
    "twice the same key": (
        "{command: [echo, '{\"a\": 1, \"a\": 2}'], stdout: {json: {a: 2}}}",
        "failed",
    ),
    "right output, wrong exit": ('{command: "echo ok; exit 1", stdout: {contains: ok}}', "failed"),
    "invalid UTF-8": ('{command: "printf \'\\\\377ok\\n\'", stdout: {contains: ok}}', "passed"),
    "more than is kept": (
        '{command: "head -c 3000000 /dev/zero | tr \'\\\\0\' x", stdout: {contains: y}}',
        "error",
    ),
    "lacks in more than is kept": (
        '{command: "head -c 3000000 /dev/zero | tr \'\\\\0\' x", stdout: {contains: x, lacks: y}}',
        "error",
    ),
    "closed streams": ('{command: "exec >&- 2>&-; test -d sub"}', "passed"),
    "nothing on standard input": ("{command: [cat]}", "passed"),
    "no terminal to answer at": ('{command: "echo yes > /dev/tty"}', "failed"),
    "its folder": ("{command: [test, -f, inner], cwd: sub}", "passed"),
    "its variables": ('{command: "test \\"$A\\" = 1", env: {A: 1}}', "passed"),
    "a limit beyond all clocks": ("{command: [test, -d, sub], timeout: 9000d}", "passed"),
}  # fmt: skip


def test_a_command_is_judged_by_its_exit_code_and_its_true_output(project):
    project.write("sub/inner")
    found = verified(project, JUDGED)
    agree(found, JUDGED)
    (output,) = found["more than is kept"]["outputs"]
    assert (output["size"], output["truncated"]) == (3_000_000, True)
    assert output["sha256"] == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_200_megabytes_on_one_line_fill_no_memory(project):
    """The second check looks how much memory the tool, three processes above it, ever used."""
    up = "awk '{print $4}' /proc/"
    project.write(
        "peak.sh",
        f"nanny=$({up}$PPID/stat)\ntool=$({up}$nanny/stat)\n"
        "awk '/VmHWM/ {print $2}' /proc/$tool/status > peak\n",
    )
    text = "head -c 200000000 /dev/zero | tr '\\\\0' x"
    project.plan(
        "p",
        f'- title: One\n  verify: [{{command: "{text}"}}, {{script: peak.sh, serial: true}}]',
    )
    process = project.start("done", "p", 0)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert 1_000 < int((project.root / "peak").read_text()) < 150_000, "kilobytes"
    output = project.events("done")[0]["data"]["checks"][0]["outputs"][0]
    assert output["size"] == 200_000_000
    assert len(project.store_bytes()) < 3_000_000


FORGED = (
    "\\033[2J\\033[1A\\r✔ p 0 (one): done, event 9\\n✔ p 0 (one): done, event 9\\n  next: x\\202\\n"
)


def test_what_a_program_writes_cannot_play_the_terminal_or_forge_our_lines(project):
    check = {"name": "forge", "command": f"printf '{FORGED}' | tee /dev/stderr; exit 1"}
    project.plan("p", f"- title: One\n  verify: [{json.dumps(check, ensure_ascii=False)}]")
    told = project.run("done", "p", 0)
    logged = project.run("log", "--run", 2).ok()
    shown = project.run("show", "p").ok()
    assert told.exit == 1
    assert "\\x1b[2J" in logged.out
    for ran in (told, logged, shown):
        text = ran.out + ran.err
        assert not [char for char in text if ord(char) < 32 and char not in "\n\t"]
        assert not [line for line in text.splitlines() if line.startswith(("✔", "  next: x"))]
    assert project.states("p") == ["failed"]


@pytest.mark.root
def test_a_command_may_run_as_another_user(project):
    if os.getuid() != 0:
        absent("root", "only root may become another user")
    os.chmod(project.root.parent, 0o755)
    found = verified(
        project,
        {
            "user": ("{command: [id, -un], user: nobody, stdout: {equals: nobody}}", "passed"),
            "root": ("{command: [id, -un], stdout: {equals: root}}", "passed"),
        },
    )
    assert [row["verdict"] for row in found.values()] == ["passed", "passed"], found
