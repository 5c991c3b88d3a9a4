"""Starts pytest: the kind `pytest` runs this file in a process of its own.

    python -P pytest_start.py PLUGIN,PLUGIN,… PYTEST_ARGUMENT…

`python -m pytest` looks into the project for every module it imports, so a file `pluggy.py` left there
would be part of pytest. Here pytest and its installed plugins are loaded first, files that would answer
for any of them in a process started later are refused, and only then the project joins `sys.path`. From
there on compiled files beside the sources do not count either: only the sources are part of the phase's
definition. Exits as pytest does, or with `NEEDS`.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from typing import Any

NEEDS = 69
"""Exit code where pytest or one of the plugins named is not installed."""
INTERRUPTED = 2
"""pytest's own exit code for a session that ended early."""


class Joining:
    """A plugin of pytest: lets the project in, and notes a session that ends before its tests do."""

    def __init__(self, project: str, caches: str) -> None:
        self.interrupted = False
        self._project = project
        self._caches = caches

    def pytest_load_initial_conftests(self, early_config: Any) -> None:
        import pytest

        configuration = early_config.inipath
        if configuration and not self._is_ours(configuration):
            raise pytest.UsageError(
                f"{configuration} would configure it from outside the project; "
                "an empty pytest.ini beside the tests keeps it out"
            )
        for path in self._shadows():
            raise pytest.UsageError(
                f"{path} would be imported in place of the module of that name; move it"
            )
        sys.pycache_prefix = self._caches
        sys.dont_write_bytecode = True
        if getattr(early_config.known_args_namespace, "numprocesses", None):
            # The workers of pytest-xdist are started anew and have nothing but the environment.
            os.environ["PYTHONPYCACHEPREFIX"] = self._caches
        sys.path.insert(0, self._project)

    def pytest_keyboard_interrupt(self) -> None:
        # pytest.exit(returncode=0) ends a session early and in peace.
        self.interrupted = True

    def _is_ours(self, path: str | os.PathLike[str]) -> bool:
        return os.path.realpath(path).startswith(f"{self._project}/")

    def _shadows(self) -> Iterator[str]:
        """Files in the project's root named like a module that is already loaded from elsewhere."""
        loaded = {name: each for name, each in sys.modules.items() if name != "__main__"}
        for name, module in loaded.items():
            origin = getattr(module, "__file__", None)
            if origin and "." not in name and not self._is_ours(origin):
                for path in (f"{name}.py", f"{name}/__init__.py"):
                    if os.path.exists(os.path.join(self._project, path)):
                        yield path


def main(plugins: str, arguments: list[str]) -> int:
    """Run pytest in the working folder; gives the exit code."""
    for name in ["pytest", *filter(None, plugins.split(","))]:
        if importlib.util.find_spec(name) is None:
            print(f"needs {name.replace('_', '-')}", file=sys.stderr)
            return NEEDS
    import pytest

    project = os.path.realpath(os.getcwd())
    joining = Joining(project, os.path.join(os.environ["TMPDIR"], "pycache"))
    code = int(pytest.main(arguments, plugins=[joining]))
    return INTERRUPTED if joining.interrupted else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
