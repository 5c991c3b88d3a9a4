"""The commands the command center starts: always this very program, wherever it was found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import todo_manager

_PACKAGES = os.path.dirname(os.path.dirname(os.path.abspath(todo_manager.__file__)))
_HERE = os.path.dirname(os.path.abspath(__file__))
# By their place, never searched for: another package of either name may stand earlier on the path.
_CLI = "import sys; sys.path.insert(0, sys.argv.pop(1)); from todo_manager.cli import main; main()"
_OURS = (
    "import sys, runpy; sys.path.insert(0, sys.argv.pop(1)); "
    "sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
)


def verb(*words: str) -> list[str]:
    """The argv of `todo_manager WORDS`."""
    return [sys.executable, "-P", "-c", _CLI, _PACKAGES, *words]


def ours(module: str, *words: str) -> list[str]:
    """The argv of a module of this package, run as a program."""
    return [sys.executable, "-P", "-c", _OURS, _PACKAGES, os.path.join(_HERE, module), *words]


def start(argv: Sequence[str], root: str) -> subprocess.Popen[bytes]:
    """Start a program of ours in a project.

    It has a session of its own, so no key of the terminal reaches it, and a pipe as its standard
    input, whose end tells it that we are gone.
    """
    return subprocess.Popen(
        argv,
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def on_terminal(command: str, words: list[str], root: str) -> None:
    """Run a command where people type, and wait until they have read what it said."""
    before = signal.signal(signal.SIGINT, lambda *_: None)  # Ctrl-C is for the command
    try:
        print(f"\n$ {command}", flush=True)
        code = subprocess.run(verb(*words), cwd=root).returncode
        print(f"[exit {code}] enter: back to the command center ", end="", flush=True)
        sys.__stdin__.readline() if sys.__stdin__ else None
    finally:
        signal.signal(signal.SIGINT, before)
