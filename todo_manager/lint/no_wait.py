"""A health check that is asked once: a service that has just been started is not ready yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from todo_manager.canonical import line_of
from todo_manager.lint.base import WARNING, Subject

LEVEL = WARNING
_HEALTH = re.compile(r"/(?:health|healthz|ready|readyz|live|livez|ping)/?(?:[?#].*)?$")


def look(subject: Subject) -> Iterator[tuple[int, str, str, str]]:
    """HTTP checks of a health address without `within`."""
    for _, path, tree in subject.checks():
        if _HEALTH.search(str(tree.get("http", ""))) and "within" not in tree:
            message = "asks a health address once; say how long it may take to come up"
            yield line_of(tree), path, message, "within: 30s"
