"""Starts looks at the world outside, and brings back what they find; one process a look."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from tui import programs

Found = dict[str, Any]


class Lookout:
    """One kind of look. `deliver` is called in a thread, with all that was found so far and whether
    that is everything."""

    def __init__(self, root: str, what: str, deliver: Callable[[list[Found], bool], None]) -> None:
        self._root = root
        self._what = what
        self._deliver = deliver
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def looking(self) -> bool:
        return self._process is not None

    def look(self) -> None:
        """Look anew; nothing while a look is under way."""
        if self._process is None:
            self._process = programs.start(programs.ours("look.py", self._what), self._root)
            threading.Thread(target=self._read, args=(self._process,), daemon=True).start()

    def stop(self) -> None:
        """End the look that is under way."""
        process = self._process
        if process is not None:
            process.kill()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdin is not None
        found: list[Found] = []
        for line in process.stdout:
            found.append(json.loads(line))
            self._deliver(list(found), False)
        wrong = process.stderr.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        code = process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            pipe.close()
        if code > 0:
            said = wrong[0] if wrong else f"exit {code}"
            found.append({"trouble": f"the look ended: {said}", "hint": "todo_manager doctor"})
        self._process = None
        self._deliver(found, True)
