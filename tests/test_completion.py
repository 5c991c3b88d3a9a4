"""Shell completion: tried in bash for real, in zsh and fish where they are, and never evaluating an id."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from required import need
from support import REPOSITORY, Project

from todo_manager import cli, completion, usage
from todo_manager.checks import KINDS
from todo_manager.completion import What

NASTY = "a $(touch pwned) `touch pwned` b'q"
PHASES = """
- title: One
  verify: [{file: a}]
- title: Two
  verify: [{file: a}]
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a plan of two phases, and one whose id is a command."""
    folder = tmp_path_factory.mktemp("completion")
    for name in ("project", "home", "bin"):
        (folder / name).mkdir()
    project = Forked(folder / "project", folder / "home")
    project.plan("demo", PHASES)
    project.write(
        "q.json", f'[{{"id": "{NASTY}", "description": "d", "todos": [{{"text": "x"}}]}}]'
    )
    project.run("import", "q.json").ok()
    project.write("notes dir/file.yaml", "")
    program = folder / "bin" / "todo_manager"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m todo_manager "$@"\n')
    program.chmod(0o755)
    project.env |= {"PATH": f"{program.parent}:{project.env['PATH']}", "TERM": "dumb"}
    for shell in ("bash", "zsh", "fish"):
        (folder / f"script.{shell}").write_text(project.run("completion", shell).ok().out)
    return project


def script(place: Project, shell: str) -> Path:
    return place.root.parent / f"script.{shell}"


# bash

CASES = {
    # what is typed, the last word being completed: what is proposed
    ("sh",): {"show"},
    ("sta",): {"status"},
    ("sho",): {"show"},
    ("show", "d"): {"demo"},
    ("show", "demo", ""): {"0", "1"},
    ("show", "demo", "1", ""): set(),
    ("show", "--t"): {"--text"},
    ("--json", "show", "d"): {"demo"},
    ("-C", ".", "show", "d"): {"demo"},
    ("--actor", "show", "done", "d"): {"demo"},
    ("done", "--var", "X=1", "demo", ""): {"0", "1"},
    ("done", "--var", "X", "=", "1", "demo", ""): {"0", "1"},
    ("done", "--var", ""): set(),
    ("done", "gone", ""): set(),
    ("import", "plans/d"): {"plans/demo.yaml"},
    ("lint", "q.json", "no"): {"notes dir"},
    ("accept", "demo", "q"): {"q.json"},
    ("check", "htt"): {"http"},
    ("check", "--help", "htt"): {"http"},
    ("completion", ""): {"bash", "zsh", "fish"},
    ("list", "--status", "o"): {"open"},
    ("nothing", ""): set(),
    ("init", ""): set(),
}


def in_bash(place: Project, cases: list[tuple[str, ...]]) -> list[set[str]]:
    """What the bash function proposes in each case, all in one bash."""
    lines = [f"source {shlex.quote(str(script(place, 'bash')))}"]
    for words in cases:
        typed = shlex.join(["todo_manager", *words])
        lines.append(f"COMP_WORDS=({typed}); COMP_CWORD={len(words)}; _todo_manager todo_manager")
        lines.append('printf "%s\\n" "${COMPREPLY[@]}" --')
    ran = subprocess.run(
        [need("bash"), "--norc", "-u", "-c", "\n".join(lines)],
        cwd=place.root,
        env=place.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    return [set(part.split("\n")) - {""} for part in ran.stdout.split("--\n")[: len(cases)]]


def test_what_bash_proposes(place: Project) -> None:
    found = in_bash(place, list(CASES))
    assert dict(zip(CASES, found)) == CASES


def test_bash_proposes_every_verb_and_the_general_options(place: Project) -> None:
    (words,) = in_bash(place, [("",)])
    assert words == {*cli.VERBS, "-C", "--json", "--actor", "--help", "--version"}


def test_an_id_is_never_run(place: Project) -> None:
    """It is put down quoted, so that the line that is sent names it and runs nothing."""
    (words,) = in_bash(place, [("show", "")])
    assert len(words) == 2
    (quoted,) = words - {"demo"}
    assert shlex.split(quoted) == [NASTY]
    assert not (place.root / "pwned").exists()


def test_outside_of_a_project_nothing_is_said(place: Project, tmp_path: Path) -> None:
    away = Forked(tmp_path, tmp_path)
    for words in (("plans",), ("phases", "demo"), ("nothing",)):
        ran = away.run("completion", "--list", *words).ok()
        assert (ran.out, ran.err) == ("", "")


def test_a_spoiled_store_says_nothing(project: Project) -> None:
    project.write(".todo_manager/store.db", "no database")
    ran = Forked(project.root, project.root).run("completion", "--list", "plans").ok()
    assert (ran.out, ran.err) == ("", "")


def test_what_a_shell_asks_for_is_a_read(place: Project) -> None:
    """It runs at every press of a key: the modules it loads are those of the reads."""
    code = "import sys; from todo_manager.cli import run; run(sys.argv[1:]); print(*sys.modules)"
    for what, heavy in (("plans", {"argparse", "msgspec", "yaml"}), ("kinds", {"msgspec", "yaml"})):
        ran = subprocess.run(
            [sys.executable, "-c", code, "completion", "--list", what],
            cwd=place.root,
            env=place.env,
            capture_output=True,
            text=True,
            check=True,
        )
        assert not heavy & set(ran.stdout.splitlines()[-1].split())


def test_the_kinds_are_the_registered_ones(place: Project) -> None:
    assert place.run("completion", "--list", "kinds").out.split() == sorted(KINDS)
    assert place.ask("completion", "--list", "kinds").data["words"] == sorted(KINDS)


def test_a_shell_must_be_named(place: Project) -> None:
    assert "bash, zsh, fish" in place.ask("completion").refused("usage").error["message"]
    assert "csh" in place.ask("completion", "csh").refused("usage").error["message"]
    script = place.ask("completion", "bash").ok().data["script"]
    assert script.rstrip("\n") == place.run("completion", "bash").ok().out.rstrip("\n")


# At a terminal


def typed(place: Project, argv: list[str], setup: list[str], keys: str, wanted: str) -> str:
    """What a shell at a terminal shows after keys, up to `wanted` or for as long as it takes."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(place.root)
        os.execvpe(argv[0], argv, place.env | {"PS1": "$ "})
    seen, ready, deadline = "", False, time.monotonic() + 30
    os.write(master, ("; ".join([*setup, "echo REA''DY"]) + "\n").encode())
    try:
        while time.monotonic() < deadline and (not ready or wanted not in seen):
            if select.select([master], [], [], 0.1)[0]:
                seen += os.read(master, 65536).decode("utf-8", "replace")
                seen = re.sub(
                    r"[^\x08]\x08", "", seen
                )  # a shell may write a blank and go back over it
            if not ready and "READY" in seen:
                ready, seen = True, ""
                os.write(master, keys.encode())
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(master)
    return seen


def test_in_a_bash_at_a_terminal(place: Project) -> None:
    setup = [f"source {shlex.quote(str(script(place, 'bash')))}"]
    bash = [need("bash"), "--norc", "--noprofile", "-i"]
    assert "todo_manager show demo" in typed(
        place, bash, setup, "todo_manager sho\td\t", "todo_manager show demo"
    )


def test_in_a_zsh_at_a_terminal(place: Project) -> None:
    setup = [
        "autoload -Uz compinit && compinit -D -u",
        f"source {shlex.quote(str(script(place, 'zsh')))}",
    ]
    shown = typed(place, [need("zsh"), "-f", "-i"], setup, "todo_manager sho\td\t", "show demo")
    assert "show demo" in shown


def test_what_fish_proposes(place: Project) -> None:
    fish = need("fish")
    skipped = {("lint", "q.json", "no"), ("done", "--var", "X", "=", "1", "demo", "")}
    cases = {words: found for words, found in CASES.items() if words not in skipped and found}
    lines = [f"source {shlex.quote(str(script(place, 'fish')))}"]
    for words in cases:
        line = " ".join(["todo_manager", *words])
        lines.append(f"complete -C {shlex.quote(line)} | string replace -r '\\t.*' ''; echo @@")
    ran = subprocess.run(
        [fish, "--no-config", "-c", "\n".join(lines)],
        cwd=place.root,
        env=place.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [set(part.split("\n")) - {""} for part in ran.stdout.split("@@\n")[: len(cases)]]
    assert dict(zip(cases, found)) == cases
    assert not (place.root / "pwned").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_its_syntax(place: Project, shell: str) -> None:
    subprocess.run([need(shell), "-n", str(script(place, shell))], check=True)


# The description


def test_every_option_of_every_parser_is_there(place: Project) -> None:
    text = script(place, "bash").read_text() + script(place, "fish").read_text()
    for verb in completion.verbs():
        parser = usage.parser_of(verb.name, import_module(_module(verb.name)))
        shown = {name for option in verb.options for name in option.names}
        for action in parser._actions:
            if action.help != "==SUPPRESS==":
                assert set(action.option_strings) <= shown, verb.name
        for option in verb.options:
            assert all(name in text or name[2:] in text for name in option.names)


def _module(verb: str) -> str:
    return f"todo_manager.commands.{cli._module(verb)}"


def test_words_that_name_a_plan_or_phase_are_completed() -> None:
    for verb in completion.verbs():
        parser: Any = usage.parser_of(verb.name, import_module(_module(verb.name)))
        words = [a for a in parser._actions if not a.option_strings]
        for action, word in zip(words, verb.words, strict=True):
            if action.dest in ("plan", "phase"):
                assert word.what == What(action.dest), verb.name


def test_the_scripts_name_nothing_of_this_machine(place: Project) -> None:
    for shell in ("bash", "zsh", "fish"):
        text = script(place, shell).read_text()
        assert str(REPOSITORY) not in text
        assert sys.prefix not in text
