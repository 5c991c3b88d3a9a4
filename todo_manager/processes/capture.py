"""Output of programs: hashed whole, kept in part, never more in memory than the cap."""

from __future__ import annotations

import hashlib
from collections import deque

from todo_manager.model import Output

CAP = 2**20
"""Bytes kept of a stream: 1 MiB, the first quarter and the last three."""
_HEAD = CAP // 4
_TAIL = CAP - _HEAD
_LINE = 4096
"""Bytes within which the end of a line is looked for, at both sides of what is left out."""


class Capture:
    """Takes chunks of one stream as they come."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self._size = 0
        self._hash = hashlib.sha256()
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0

    def add(self, chunk: bytes) -> None:
        self._size += len(chunk)
        self._hash.update(chunk)
        room = _HEAD - len(self._head)
        self._head += chunk[:room]
        if rest := chunk[room:] if room > 0 else chunk:
            self._tail.append(rest)
            self._tail_size += len(rest)
            while self._tail_size - len(self._tail[0]) >= _TAIL:
                self._tail_size -= len(self._tail.popleft())

    def output(self) -> Output:
        """What was written, and the part of it that was kept, with a line where something is left out."""
        head, tail = bytes(self._head), b"".join(self._tail)[-_TAIL:]
        if self._size > len(head) + len(tail):
            # Whole lines, where there are lines: half a secret would not be known as one.
            head = head[: head.rfind(b"\n", len(head) - _LINE) + 1] or head
            tail = tail[tail.find(b"\n", 0, _LINE) + 1 :]
        missing = self._size - len(head) - len(tail)
        gap = f"\n[... {missing} bytes were not kept ...]\n".encode() if missing else b""
        return Output(
            stream=self.stream,
            size=self._size,
            sha256=self._hash.hexdigest(),
            kept=head + gap + tail,
            truncated=bool(missing),
        )
