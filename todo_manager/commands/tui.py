"""The command center: plans, phases, runs, evidence, services, the ledger, kept up to date.

It shows what the store knows, and whatever it does is a command: ? lists its keys, y copies the
command, q leaves. It needs a terminal; without one: todo_manager list

With --web it is shown by a browser of this machine, read-only, until it is interrupted.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

import todo_manager
from todo_manager import reads
from todo_manager.errors import Kind, TodoError, UsageProblem
from todo_manager.render.output import Output

if TYPE_CHECKING:
    import argparse

_PACKAGE = "tui"
THEMES = ("dark", "light", "terminal")
"""As `tui.themes` has them; the first one is the default."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--read-only", action="store_true", help="with no key that runs or records")
    parser.add_argument(
        "--theme", choices=THEMES, help="its colours (default: dark, or TODO_MANAGER_THEME)"
    )
    parser.add_argument("--web", action="store_true", help="in a browser, on 127.0.0.1, read-only")
    parser.add_argument("--port", type=_port, default=8321, help="of --web (default 8321)")


def plain(words: list[str], flags: set[str]) -> dict[str, Any] | None:
    """What the parser makes of `tui` alone; it takes longer to load than the first screen to draw."""
    if words or flags:
        return None
    return {"read_only": False, "theme": None, "web": False, "port": 8321}


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Show the screen until the user leaves: 0; 130 ended by a signal, 2 without a terminal."""
    if output.json:
        raise UsageProblem("a screen has no JSON", hint="todo_manager list --json")
    theme = arguments.theme or _theme()
    if not arguments.web:
        _demand_terminal()
    # The folder of the project was entered before.
    root = reads.find_root(".")
    _load_ours()
    if arguments.web:
        from tui.web import serve

        return serve(root, arguments.port, theme)
    gc.disable()  # what is imported stays; the application turns it on again after its first frame
    from tui.app import run as show

    return show(root, read_only=arguments.read_only, actor=arguments.actor, theme=theme)


def _theme() -> str:
    """What TODO_MANAGER_THEME says; UsageProblem for a theme there is not."""
    wanted = os.environ.get("TODO_MANAGER_THEME") or THEMES[0]
    if wanted not in THEMES:
        raise UsageProblem(
            f"TODO_MANAGER_THEME is {wanted!r}, and the themes are {', '.join(THEMES)}",
            hint=f"todo_manager tui --theme {THEMES[0]}",
        )
    return wanted


def _port(text: str) -> int:
    import argparse

    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, like 8321")
    return int(text)


def _demand_terminal() -> None:
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
