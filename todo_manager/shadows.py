"""Files of the project that Python would take for modules of its own.

`python -m NAME` and `python -c …` look in the working folder first, so a file `tarfile.py` left in the
project answers for Python's own. Such a program is not the one that was meant, and is refused.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path

from todo_manager.checks.base import Unresolvable

NOT_MEANT = 126
"""The wrapper's exit code for it: the program that was meant was not started."""


def refuse(arguments: Sequence[str], root: Path, cwd: str, pins: Collection[str]) -> None:
    """Raise Unresolvable when our interpreter, given these arguments, would be misled in `cwd`."""
    if not arguments or arguments[0] not in ("-m", "-c"):
        return
    folder = root / cwd
    meant = set(sys.stdlib_module_names)
    if arguments[0] == "-m" and len(arguments) > 1:
        name = arguments[1].split(".")[0]
        meant |= {name} if _installed(name, root) else set()
    for found in _modules(folder):
        path = os.path.normpath(os.path.join(cwd, found))
        if found.split("/")[0].removesuffix(".py") in meant and path not in pins:
            raise Unresolvable(
                f"{path} would be imported in place of the module of that name; "
                f"move it, or bind it with `pins: [{path}]`"
            )


def _installed(name: str, root: Path) -> bool:
    """Whether a module of this name is installed, outside the project."""
    places = [path for path in sys.path if path and Path(path).resolve() != root.resolve()]
    return PathFinder.find_spec(name, places) is not None


def _modules(folder: Path) -> Iterator[str]:
    """What can be imported from a folder: its modules, and packages with an `__init__.py`."""
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return
    for name in entries:
        if name.endswith(".py"):
            yield name
        elif (folder / name / "__init__.py").is_file():
            yield f"{name}/__init__.py"


def wrapper(interpreter: str) -> str:
    """The shell script behind `python3` in shell texts and scripts: the same rule, then our own."""
    names = " ".join(sorted(sys.stdlib_module_names))
    return f"""#!/bin/sh
if [ "$1" = -m ] || [ "$1" = -c ]; then
  for file in *.py */__init__.py; do
    name=${{file%%/*}}
    case " {names} " in
      *" ${{name%.py}} "*)
        if [ -e "$file" ]; then
          echo "$file would be imported in place of the module of that name" >&2
          exit {NOT_MEANT}
        fi ;;
    esac
  done
fi
exec '{interpreter.replace("'", "'" + chr(92) + "''")}' "$@"
"""
