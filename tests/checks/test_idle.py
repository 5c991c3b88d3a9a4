"""Health checks that answer the same whatever happens: in the form of a shell text, and as arguments."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from todo_manager.checks.idle import why_idle

IDLE = [
    "true", "exit 0", "echo ok", "/bin/true", "sleep 1", "exec true", "sh -c true", "a=1", "[ 1 ]",
    "test -n x", "busybox true", "env A=b true", "timeout 5 true",
    "foo || exit 0", "foo || true", "foo || echo bad", "foo; exit 0", "foo; echo done",
    "foo; printf ok", "foo; date", "foo; cd /", "foo > /dev/null; export A=1",
    "foo\ntrue", "foo &", "foo; wait", "foo | cat", "foo | tee h", "foo | wc -l", "foo | head -1",
    "(foo); echo", "(foo; echo ok)", "{ foo; echo ok; }", "for i in 1 2; do foo; done; echo",
    "if foo; then echo ok; fi", "set -e; foo | cat", "set -e; foo || true",
]  # fmt: skip
ARGUMENTS = [
    ["true"], ["/usr/local/bin/true"], ["echo", "ok"], ["busybox", "true"], ["tini", "--", "true"],
    ["/usr/bin/tini", "--", "/bin/true"], ["env", "A=b", "true"], ["timeout", "5", "true"],
    ["gosu", "app", "true"], ["sh", "-c", ""], ["sh", "-c", "foo; echo d"], ["bash", "-lc", "true"],
    ["sh", "-ec", "foo | cat"], ["ls"], ["test", "1"], ["exit", "0"], [],
]  # fmt: skip
ABLE = [
    "foo", "foo || exit 1", "foo && echo ok", "foo | grep -q ok", "foo; exit $?", "cat ready",
    "ls ready", "[ -e ready ]", "test -f ready", "foo || kill 1", "v=$(foo)", "set -e; foo; echo ok",
    "set -eu\nfoo\necho ok", "(foo)", "if foo; then exit 0; else exit 1; fi", "timeout 5 foo",
]  # fmt: skip
ABLE_ARGUMENTS = [
    ["foo"], ["cat", "ready"], ["ls", "ready"], ["sh", "-c", "foo"], ["sh", "-ec", "foo; echo d"],
    ["bash", "-euc", "foo; echo d"], ["test", "-f", "ready"], ["busybox", "foo"],
    ["timeout", "5", "foo"], ["/usr/bin/tini", "--", "foo"],
]  # fmt: skip


@pytest.mark.parametrize("text", IDLE)
def test_texts_that_answer_whatever_happens(text: str) -> None:
    assert why_idle(text)


@pytest.mark.parametrize("argv", ARGUMENTS, ids=" ".join)
def test_arguments_that_do(argv: list[str]) -> None:
    assert why_idle(argv)


@pytest.mark.parametrize("text", ABLE)
def test_texts_that_can_fail(text: str) -> None:
    assert why_idle(text) == ""


@pytest.mark.parametrize("argv", ABLE_ARGUMENTS, ids=" ".join)
def test_arguments_that_can(argv: list[str]) -> None:
    assert why_idle(argv) == ""


EVERYWHERE = [text for text in [*IDLE, *ABLE] if "timeout" not in text and "busybox" not in text]
"""Texts of which every machine has the programs."""


@pytest.mark.parametrize("text", EVERYWHERE)
def test_a_real_shell_agrees(text: str, tmp_path: Path) -> None:
    """In a place where `foo` fails and no file is `ready` the one half exits 0, the other does not."""
    code = f"foo() {{ return 7; }}\nkill() {{ return 1; }}\n{text}"
    ran = subprocess.run(["sh", "-c", code], cwd=tmp_path, capture_output=True, timeout=20)
    assert (ran.returncode == 0) is (text in IDLE), ran.stderr
