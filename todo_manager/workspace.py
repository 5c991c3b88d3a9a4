"""An open project: where it is, its settings, its store."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from todo_manager import ledger, reads, store
from todo_manager.project import STORE, Settings, settings


class Project:
    """An open project: its root, settings and store. Close it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.store = str(root / STORE)
        self.db = store.open_for_writing(root)
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        if self._settings is None:
            self._settings = settings(self.root)
        return self._settings

    def close(self) -> None:
        self.db.close()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read in it is as of one moment: rows and the events they rest on fit together.

        The moment is that of the first read, so HEAD may be looked at first. Nothing is written.
        """
        if self.db.in_transaction:
            yield
            return
        self.db.execute("BEGIN")
        try:
            yield
        finally:
            self.db.execute("ROLLBACK")

    @contextlib.contextmanager
    def recording(self) -> Iterator[sqlite3.Connection]:
        """A write transaction on a ledger that verifies, and HEAD brought up to what it appended."""
        with store.transaction(self.db, self.root):
            ledger.verify_head(self.db, self.root, deciding=True)
            ledger.verify_chain(self.db)
            _bring_back(self.db)
            yield self.db
            last = self.db.execute(
                "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1"
            ).fetchone()
        if last:
            ledger.bring_up_head(self.root, ledger.Recorded(last["seq"], last["hash"]))


def _bring_back(db: sqlite3.Connection) -> None:
    """Whoever writes notes which plans have something to do again: a proof ran out. Reads look anew."""
    moment = reads.seen(db)
    if moment == reads.DOUBTFUL:
        return
    db.execute("UPDATE plans SET closed = 0 WHERE closed = 1 AND closed_until <= ?", (moment,))
