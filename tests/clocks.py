"""The public command under a clock that is wrong: a process of its own, told another time than it is.

    python tests/clocks.py SECONDS words of a command line

Nothing of the program knows of this: `time` and `datetime` are other ones before it is imported. Waiting
(`time.monotonic`) is as always.
"""

from __future__ import annotations

import datetime as datetime_module
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DAY = 86_400


def set_clock(seconds: float) -> None:
    """Make this process believe that it is so many seconds later."""
    real_time, real_gmtime = time.time, time.gmtime
    real_datetime = datetime_module.datetime

    class Shifted(real_datetime):  # type: ignore[valid-type, misc]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            found = real_datetime.now(tz) + timedelta(seconds=seconds)
            return cls.fromisoformat(found.isoformat())

    time.time = lambda: real_time() + seconds
    time.gmtime = lambda moment=None: real_gmtime(
        real_time() + seconds if moment is None else moment
    )
    datetime_module.datetime = Shifted  # type: ignore[misc]


def stamp(seconds: float = 0) -> str:
    """The moment so many seconds from now, as terms have it."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def clocked(project: Any, seconds: float) -> Any:
    """The same project, whose commands are told that it is so many seconds later."""
    from support import REPOSITORY, Project

    found = Project(project.root, Path(project.env["HOME"]))
    found.program = [sys.executable, str(Path(__file__).resolve()), str(seconds)]
    found.env = dict(project.env) | {"PYTHONPATH": str(REPOSITORY)}
    return found


if __name__ == "__main__":
    set_clock(float(sys.argv.pop(1)))
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    from todo_manager.cli import main

    main()
