"""Named moments at which the crash tests kill the program; standard library only.

`TODO_MANAGER_CRASH_AT=name` or `name:n` ends the process with SIGKILL at the n-th pass of a point.
It can do nothing else, so it is no danger in a release: anybody who sets it could send the signal.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "store-begun",
    "store-created",
    "store-migrated",
    "lock-held",
    "before-run",
    "check-running",
    "check-finished",
    "after-run",
    "transaction-begun",
    "ledger-appended",
    "outputs-stored",
    "state-written",
    "before-commit",
    "after-commit",
    "head-temporary",
    "head-written",
)

_name, _, _count = os.environ.get("TODO_MANAGER_CRASH_AT", "").partition(":")
_left = int(_count) if _count.isdigit() else 1


def point(name: str) -> None:
    """Pass a named moment; ends the process here when a test asked for it."""
    global _left
    if name == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
