"""Starts pytest: the kind `pytest` runs this file in a process of its own.

    python -P pytest_start.py PLUGIN,PLUGIN,… SEEN PYTEST_ARGUMENT…

`python -m pytest` looks into the project for every module it imports, so a file `pluggy.py` left there
would be part of pytest. Here pytest and its installed plugins are loaded first, files that would answer
for any of them in a process started later are refused, and only then the project joins `sys.path`. From
there on compiled files beside the sources do not count either: only the sources are part of the phase's
definition. The files whose tests and plugins ran are written to the file SEEN, each ended by a NUL. Exits as pytest
does, or with `NEEDS`.

`$TODO_MANAGER_PYTEST` names a folder with a file `word`, taken away before any test is loaded and written
to `ended` when pytest has come to its own end: code under test that leaves early cannot write it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from importlib.abc import PathEntryFinder
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from typing import Any

NEEDS = 69
"""Exit code where pytest or one of the plugins named is not installed."""
_LOADERS = ((ExtensionFileLoader, EXTENSION_SUFFIXES), (SourceFileLoader, SOURCE_SUFFIXES))
INTERRUPTED = 2
"""pytest's own exit code for a session that ended early."""


class Joining:
    """A plugin of pytest: lets the project in, and notes a session that ends before its tests do."""

    def __init__(self, project: str, caches: str) -> None:
        self.interrupted = False
        self.files: dict[str, None] = {}
        """Where the tests that ran stand, and the project's own plugins, from its root."""
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
        sys.path_hooks.insert(0, self._finder)
        sys.path_importer_cache.clear()
        sys.pycache_prefix = self._caches
        sys.dont_write_bytecode = True
        if getattr(early_config.known_args_namespace, "numprocesses", None):
            # The workers of pytest-xdist are started anew and have nothing but the environment.
            os.environ["PYTHONPYCACHEPREFIX"] = self._caches
        sys.path.insert(0, self._project)

    def pytest_keyboard_interrupt(self) -> None:
        # pytest.exit(returncode=0) ends a session early and in peace.
        self.interrupted = True

    def pytest_runtest_logreport(self, report: Any) -> None:
        # Unlike items, reports also come from the workers of pytest-xdist.
        self.files[report.nodeid.partition("::")[0]] = None

    def pytest_unconfigure(self, config: Any) -> None:
        # `pytest_plugins` of a conftest.py names modules that decide as much as it does.
        for plugin in config.pluginmanager.get_plugins():
            file = getattr(plugin, "__file__", None)
            if file and self._is_ours(file) and not self._is_installed(file):
                self.files[os.path.relpath(os.path.realpath(file), self._project)] = None

    def gone(self) -> list[str]:
        """Files of the project that were loaded and are not there any more: nobody can compare them."""
        files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        return [file for file in files if file and self._is_ours(file) and not os.path.exists(file)]

    def _finder(self, path: str) -> PathEntryFinder:
        """A hook of `sys.path_hooks` for the project's folders: a compiled file there is no module.

        A package with nothing but `__init__.pyc` would come before the source of its name.
        """
        if not self._is_ours(path) or self._is_installed(path):
            raise ImportError(path)
        return FileFinder.path_hook(*_LOADERS)(path)

    def _is_installed(self, path: str) -> bool:
        """Whether a folder belongs to the environment of our interpreter, which may lie in the project."""
        return os.path.realpath(path).startswith(f"{os.path.realpath(sys.prefix)}/")

    def _is_ours(self, path: str | os.PathLike[str]) -> bool:
        return f"{os.path.realpath(path)}/".startswith(f"{self._project}/")

    def _shadows(self) -> Iterator[str]:
        """Files in the project's root named like a module of Python's, or one that is loaded already."""
        names = set(sys.stdlib_module_names)
        for name, module in sys.modules.items():
            origin = getattr(module, "__file__", None)
            if origin and "." not in name and name != "__main__" and not self._is_ours(origin):
                names.add(name)
        for name in sorted(names):
            for path in (f"{name}.py", f"{name}/__init__.py"):
                if os.path.exists(os.path.join(self._project, path)):
                    yield path


class _Word:
    """What shows, given back, that it went through to the end."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        if folder:
            with open(f"{folder}/word", "rb") as file:
                self._word = file.read()
            os.unlink(f"{folder}/word")

    def give_back(self) -> None:
        if self._folder:
            with open(f"{self._folder}/ended", "wb") as file:
                file.write(self._word)


def main(plugins: str, seen: str, arguments: list[str]) -> int:
    """Run pytest in the working folder; gives the exit code."""
    for name in ["pytest", *filter(None, plugins.split(","))]:
        if importlib.util.find_spec(name) is None:
            print(f"needs {name.replace('_', '-')}", file=sys.stderr)
            return NEEDS
    import pytest

    word = _Word(os.environ.pop("TODO_MANAGER_PYTEST", ""))
    project = os.path.realpath(os.getcwd())
    joining = Joining(project, os.path.join(os.environ["TMPDIR"], "pycache"))
    code = int(pytest.main(arguments, plugins=[joining]))
    with open(seen, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(f"{name}\0" for name in joining.files)
    if gone := joining.gone():
        print(f"error: {gone[0]} was loaded, and is gone", file=sys.stderr)
        return INTERRUPTED
    word.give_back()
    return INTERRUPTED if joining.interrupted else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
