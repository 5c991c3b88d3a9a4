"""What travels between the two sides of an errand, and this one's ends of it: standard input and output.

Both ways travel frames: one letter, the length in four bytes, then so many bytes. To the errand `q`, a JSON
request; from it `a` (JSON), `d`, `o`, `e` (data), `f` (a problem: its class and words).
Its text also runs on other machines, so it needs the standard library of Python 3.9 only.
"""

import json
import os
import socket
import struct
from typing import Any

_HEAD = struct.Struct("!cI")


def pack(letter: bytes, data: bytes) -> bytes:
    """A frame."""
    return _HEAD.pack(letter, len(data)) + data


def send(letter: bytes, data: bytes) -> None:
    """Write one frame to the other side, whole."""
    left = memoryview(pack(letter, data))
    while left:
        left = left[os.write(1, left) :]


def answer(value: Any) -> None:
    """Write one answer to the other side."""
    send(b"a", json.dumps(value).encode())


def receive() -> "tuple[bytes, bytes] | None":
    """The next frame from the other side; None when it has hung up."""
    head = _exactly(_HEAD.size)
    if head is None:
        return None
    letter, length = _HEAD.unpack(head)
    data = _exactly(length)
    return None if data is None else (letter, data)


def _exactly(size: int) -> "bytes | None":
    found = b""
    while len(found) < size:
        chunk = os.read(0, size - len(found))
        if not chunk:
            return None
        found += chunk
    return found


def problem_of(error: BaseException) -> "dict[str, Any]":
    """An exception as JSON, such that the other side can raise its like."""
    kinds = [socket.gaierror, TimeoutError, UnicodeError, OSError]
    kind = next((each for each in kinds if isinstance(error, each)), RuntimeError)
    number = getattr(error, "errno", None)
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    name = getattr(error, "filename", None)
    return {"kind": kind.__name__, "errno": number, "words": words, "path": name}
