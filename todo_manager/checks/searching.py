"""Patterns of plans, looked for in texts of the world, for a limited time.

There are texts for which a pattern as harmless as `^(a+)+$` takes longer than anybody waits. `re` keeps the
whole interpreter to itself until it is through: no time limit of ours and no signal would be heeded, and the
command could only be killed. So a pattern that repeats anything is looked for by a process of its own.
"""

from __future__ import annotations

import marshal
import re
import signal
import subprocess
import sys
from collections.abc import Sequence

from todo_manager.checks import search_program

CPU_SECONDS = 5
"""What one search may use of a processor; ordinary patterns need milliseconds for the largest text."""
WALL_SECONDS = 60.0
"""How long it is waited for on a machine that is busy."""
_REPEATS = frozenset("*+?{")

Spans = list[tuple[int, int]]


class Unsettled(Exception):
    """A pattern was not decided; the verdict is error."""


def found(pattern: re.Pattern[str], text: str) -> bool:
    """Whether `pattern.search` finds anything. Raises Unsettled."""
    return bool(spans(pattern, [text])[0])


def spans(pattern: re.Pattern[str], texts: Sequence[str], *, every: bool = False) -> list[Spans]:
    """Where a pattern is found in each text: the first place, or every one. Raises Unsettled."""
    if not _REPEATS.intersection(pattern.pattern):
        return [search_program.spans(pattern, text, every) for text in texts]
    job = marshal.dumps((pattern.pattern, pattern.flags, list(texts), every, CPU_SECONDS))
    try:
        ran = subprocess.run(
            [sys.executable, "-I", "-S", search_program.__file__],
            input=job,
            capture_output=True,
            env={},
            timeout=WALL_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise Unsettled(f"{pattern.pattern!r} was not looked for to the end: {problem}") from None
    if ran.returncode == -signal.SIGXCPU or ran.returncode == -signal.SIGKILL:
        raise Unsettled(
            f"{pattern.pattern!r} was not decided after {CPU_SECONDS} s of looking; "
            "a repeat inside a repeat, like (a+)+, can take for ever: write a simpler pattern"
        )
    if ran.returncode != 0:
        raise Unsettled(f"{pattern.pattern!r} was not looked for: exit {ran.returncode}")
    return list(marshal.loads(ran.stdout))
