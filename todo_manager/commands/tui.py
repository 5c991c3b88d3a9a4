"""The command center: the plans and what comes next in each, kept up to date.

It shows what the store knows and decides nothing. ? lists its keys, q leaves. It needs a terminal;
without one: todo_manager list
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys

import todo_manager
from todo_manager import reads
from todo_manager.errors import Kind, TodoError, UsageProblem
from todo_manager.render.output import Output

_PACKAGE = "tui"


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments of its own."""


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Show the screen until the user leaves: 0; 130 ended by a signal, 2 without a terminal."""
    _demand_terminal(output)
    root = reads.find_root(arguments.folder)
    _load_ours()
    from tui.app import run as show

    return show(root)


def _demand_terminal(output: Output) -> None:
    if output.json:
        raise UsageProblem("a screen has no JSON", hint="todo_manager list --json")
    streams = {
        "standard input": sys.stdin,
        "standard output": sys.stdout,
        "standard error": sys.stderr,  # Textual draws there
    }
    for name, stream in streams.items():
        if stream is None or not stream.isatty():
            raise UsageProblem(
                f"the command center needs a terminal, and {name} is none", hint="todo_manager list"
            )


def _load_ours() -> None:
    """See to it that `tui` is the package beside this one; TodoError (internal) when it is not there.

    It is loaded by its place, never searched for: another package of its name is on PyPI, and one may
    stand earlier on the path or be loaded already.
    """
    folder = os.path.join(os.path.dirname(os.path.dirname(todo_manager.__file__)), _PACKAGE)
    init = os.path.join(folder, "__init__.py")
    if getattr(sys.modules.get(_PACKAGE), "__file__", None) == init:
        return
    if not os.path.isfile(os.path.join(folder, "app.py")):
        raise _not_installed(f"{folder} holds no command center")
    for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        _PACKAGE, init, submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None:
        raise _not_installed(f"{folder} is not a package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = module
    spec.loader.exec_module(module)
    if getattr(module, "BELONGS_TO", "") != "todo_manager":
        raise _not_installed(f"another package has been installed over {folder}")


def _not_installed(what: str) -> TodoError:
    return TodoError(
        what,
        kind=Kind.INTERNAL,
        hint="pip install --force-reinstall todo_manager; until then: todo_manager list",
    )
