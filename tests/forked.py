"""The public command in a forked copy of the test process: a process of its own, without its start.

A run costs a tenth of one from the command line, so hundreds of bad inputs can be tried. It can also
become another user, whom the interpreter and the program would not let start: everything it may need
is imported before.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
import tempfile
import warnings
from typing import NoReturn

import support

import todo_manager
from todo_manager import cli

NOBODY = 65534
_ALSO = "difflib dotenv.parser encodings.ascii encodings.idna encodings.utf_8_sig getpass glob shlex traceback"


def _import_everything() -> None:
    for module in pkgutil.walk_packages(todo_manager.__path__, "todo_manager."):
        if not module.name.endswith(("nanny", "__main__", ".tui")):
            importlib.import_module(module.name)
    for name in _ALSO.split():
        importlib.import_module(name)


def fork() -> int:
    """`os.fork`; other tests may have left threads behind, which the child does not need."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


class Forked(support.Project):
    """A project whose commands run in forks; `uid` is the user they run as."""

    uid = 0

    def run(
        self, *words: object, env: dict[str, str] | None = None, json: bool = False
    ) -> support.Ran:
        _import_everything()
        argv = ["todo_manager", *map(str, words), *(["--json"] if json else [])]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            pid = fork()
            if pid == 0:
                self._become(argv, self.env | (env or {}), out.fileno(), err.fileno())
            _, status = os.waitpid(pid, 0)
            told = []
            for stream in (out, err):
                stream.seek(0)
                told.append(stream.read().decode("utf-8", "replace"))
        return support.Ran(os.waitstatus_to_exitcode(status), *told)

    def _become(self, argv: list[str], env: dict[str, str], out: int, err: int) -> NoReturn:
        """In the child: take on the place, the streams and the user of a command; never returns."""
        try:
            os.setsid()
            for source, target in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
                os.dup2(source, target)
            os.chdir(self.root)
            os.environ.clear()
            os.environ.update(env)
            sys.argv = argv
            tempfile.tempdir = None  # as in a new process: TMPDIR may be another one
            for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
                setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
            if self.uid:
                os.setgroups([])
                os.setgid(self.uid)
                os.setuid(self.uid)
            cli.main()
        finally:
            os._exit(70)
