"""The command center: the plans and what comes next in each, kept up to date.

It shows what the store knows and decides nothing. ? lists its keys, q leaves. It needs a terminal;
without one: todo_manager list
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys

import todo_manager
from todo_manager import reads
from todo_manager.errors import EnvironmentProblem, Kind, UsageProblem
from todo_manager.render.output import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PACKAGE = "tui"


def arguments(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments of its own."""


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Show the screen until the user leaves: 0; 130 ended by a signal, 2 without a terminal."""
    _demand_terminal(output)
    root = reads.find_root(arguments.folder)
    return int(_application().run(root))


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


def _application() -> Any:
    """The module `tui.app` that belongs to this program.

    It is loaded by its place, never searched for: another package named `tui` is on PyPI, and one may
    stand earlier on the path or be loaded already. Raises EnvironmentProblem when ours is not there.
    """
    folder = os.path.join(os.path.dirname(os.path.dirname(todo_manager.__file__)), _PACKAGE)
    if not os.path.isfile(os.path.join(folder, "app.py")):
        raise _not_installed(f"{folder} holds no command center")
    try:
        if getattr(sys.modules.get(_PACKAGE), "__file__", "") != os.path.join(
            folder, "__init__.py"
        ):
            _load(folder)
        return importlib.import_module(f"{_PACKAGE}.app")
    except ImportError as error:
        raise _not_installed(f"the command center does not load: {error}") from error


def _load(folder: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
        del sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        _PACKAGE, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is not a package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = module
    spec.loader.exec_module(module)
    if getattr(module, "BELONGS_TO", "") != "todo_manager":
        raise ImportError(f"another package has overwritten {folder}")


def _not_installed(what: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        what,
        kind=Kind.INTERNAL,
        hint="pip install --force-reinstall todo_manager; until then: todo_manager list",
    )
