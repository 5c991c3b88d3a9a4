"""How a run ends that no part of the program ended itself: by a signal, or by what nobody expected.

Imported by the verbs that have something to tidy up, and by an ending that needs words; not by reads.
"""

from __future__ import annotations

import signal
import sqlite3
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NoReturn

from todo_manager import reads, store
from todo_manager.errors import Interrupted, Kind, TodoError

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def listen() -> None:
    """Let SIGTERM and SIGHUP end a verb as Ctrl-C does: its programs first, nothing half recorded.

    A signal that is ignored (nohup) stays ignored. Outside the main thread nothing is done: whoever
    runs a verb there listens.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        try:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, _interrupt)
        except ValueError:
            return


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt(number)


def told(problem: BaseException) -> TodoError:
    """The words for an ending: an interrupt, the database's own trouble, or a mistake of ours."""
    if isinstance(problem, KeyboardInterrupt):
        return _interrupted(problem)
    found = _of_the_store(problem) if isinstance(problem, sqlite3.Error) else None
    return found or _mistake(problem)


def _interrupted(interrupt: KeyboardInterrupt) -> TodoError:
    """From here on signals are ignored: there is only this left to say."""
    number = interrupt.args[0] if interrupt.args else signal.SIGINT
    try:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
    except ValueError:
        pass  # not the main thread
    return Interrupted(
        f"interrupted by {signal.Signals(number).name}; what was running has been ended, "
        "and nothing is half recorded",
        hint="todo_manager log, for what was recorded before; then repeat",
    )


def _of_the_store(problem: sqlite3.Error) -> TodoError | None:
    """The words when it comes from the file; None when a statement of ours is wrong.

    A statement is also wrong in a store whose tables a newer program has changed.
    """
    try:
        root = Path(reads.find_root("."))
        if getattr(problem, "sqlite_errorname", "SQLITE_ERROR") == "SQLITE_ERROR":
            return store.newer(root)
        return store.trouble(problem, root)
    except (TodoError, OSError, sqlite3.Error):
        return None  # the folder itself went away


def _mistake(problem: BaseException) -> TodoError:
    """A mistake of ours: said plainly, with the details in a file, never as a success."""
    details = "".join(traceback.format_exception(problem))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="todo_manager-bug-", suffix=".txt", delete=False, errors="backslashreplace"
        ) as file:
            file.write(f"todo_manager {' '.join(sys.argv[1:])}\n{details}")
        hint = f"please report it with the file {file.name}"
    except OSError:
        hint = f"please report it, from {details.splitlines()[-3].strip()}"
    return TodoError(
        f"this is a mistake in todo_manager: {type(problem).__name__}: {problem}",
        kind=Kind.INTERNAL,
        hint=hint,
    )
