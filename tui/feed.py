"""Watches the store from a thread of its own and tells the screen what it finds.

SQLite waits when another process holds the store, and a disk can be slow: neither may stop the
screen from drawing and taking keys, so no screen reads the store itself. A screen asks a question,
and is told the answer whenever it becomes another one.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from todo_manager import reads
from todo_manager.errors import TodoError

INTERVAL = 0.5
"""Seconds between two looks; one costs a stat and a PRAGMA while nothing was written."""

LONGEST_PAUSE = 5.0
LONGEST, FILES = 10.0, 1.0
"""Seconds an answer is believed without being asked for anew; and one that rests on files and locks."""


class Question(NamedTuple):
    """What a screen wants to know of the store."""

    key: Hashable
    """Tells questions apart; two with the same key are the same question."""
    ask: Callable[[sqlite3.Connection, str], Any]
    """Answers it, from an open store and the root of the project."""
    lasts: float = LONGEST
    """Seconds after which it is answered anew in any case: proofs rest on terms that run out, and some
    answers on files and locks, which change without the store."""


class News(NamedTuple):
    """What a look at the store found: the answer to a question, or a trouble."""

    key: Hashable
    answer: Any = None
    trouble: str = ""
    """Why the store could not be read; empty when it was."""
    hint: str = ""
    """What to type about the trouble."""


class Watch:
    """One connection to a store, read again only after something was written.

    Belongs to the thread that uses it.
    """

    def __init__(self, root: str) -> None:
        self._folder = os.path.join(root, reads.STORE)
        self._root = root
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, ...] | None = None
        self._told: object = None
        self._answer: object = None
        self._asked_at = 0.0

    def look(self, question: Question, *, anew: bool = False) -> News | None:
        """The answer or the trouble; None when that is what was told last. Raises nothing.

        `anew` reads and tells in any case.
        """
        if anew:
            self._told = None
        try:
            return self._look(question)
        except TodoError as problem:
            return self._trouble(question, problem.message, problem.hint)
        except sqlite3.Error as error:
            return self._trouble(question, *self._words(error))
        except Exception as error:  # a screen that is open all day outlives a mistake of ours
            what = f"this is a mistake in todo_manager: {type(error).__name__}: {error}"
            return self._trouble(question, what, "todo_manager list, which tells more")

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db = None

    def _look(self, question: Question) -> News | None:
        db = self._connection()
        # Asked before reading: what is written meanwhile is then found at the next look.
        version = db.execute("PRAGMA data_version").fetchone()[0]
        found = (question.key, self._file, version)
        known = found == self._told
        if known and time.monotonic() - self._asked_at < question.lasts:
            return None
        self._asked_at = time.monotonic()
        db.execute("BEGIN")  # everything as of one moment
        try:
            answer = question.ask(db, self._root)
        finally:
            db.rollback()
        if known and answer == self._answer:
            return None
        self._told, self._answer = found, answer
        return News(question.key, answer)

    def _connection(self) -> sqlite3.Connection:
        """The connection, made anew when the file is another one or was changed beside the log.

        A connection survives the file it was opened on, and would show a removed store for ever.
        """
        file = self._identity()
        if self._db is None or file != self._file:
            self.close()
            self._db = reads.open_store(self._root)
            self._file = file
        return self._db

    def _identity(self) -> tuple[int, ...] | None:
        try:
            found = os.stat(os.path.join(self._folder, "store.db"))
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def _trouble(self, question: Question, what: str, hint: str) -> News | None:
        self.close()
        if self._told == (question.key, what, hint):
            return None
        self._told = (question.key, what, hint)
        return News(question.key, trouble=what, hint=hint)

    def _words(self, error: sqlite3.Error) -> tuple[str, str]:
        if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return "another process holds the store", HOLDER_HINT
        return f"the store cannot be read: {error}", f"ls -l {self._folder}"


HOLDER_HINT = "pgrep -af todo_manager, and look for a stopped one"


class Feed(threading.Thread):
    """The thread that looks. `deliver` is called in it, with news only."""

    def __init__(self, root: str, deliver: Callable[[News], None]) -> None:
        # A daemon: quitting must not wait for a look that waits for another process.
        super().__init__(name="store-feed", daemon=True)
        self._root = root
        self._deliver = deliver
        self._wake = threading.Event()
        self._stopped = False
        self._question: Question | None = None
        self._anew = False
        self._began = 0.0

    def ask(self, question: Question, *, anew: bool = False) -> None:
        """From now on look for the answer to this; `anew` tells it even if it is the known one."""
        self._question = question
        self._anew = self._anew or anew
        self._wake.set()

    def pause(self) -> None:
        """Look no more until the next question."""
        self._question = None

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()

    def waiting(self) -> float:
        """For how many seconds the look under way has had no answer; 0 when none is."""
        began = self._began
        return time.monotonic() - began if began else 0.0

    def run(self) -> None:
        watch = Watch(self._root)
        while not self._stopped:
            self._wake.clear()
            question = self._question
            took = self._look(watch, question) if question is not None else 0.0
            # A store so large that reading takes long is not read all the time.
            pause = max(INTERVAL, min(2 * took, LONGEST_PAUSE))
            self._wake.wait(pause if question is not None else None)
        watch.close()

    def _look(self, watch: Watch, question: Question) -> float:
        """One look, told if there is news; how many seconds it took."""
        anew, self._anew = self._anew, False
        began = self._began = time.monotonic()
        news = watch.look(question, anew=anew)
        took = time.monotonic() - began
        self._began = 0.0
        if news is not None and not self._stopped:
            self._deliver(news)
        return took
