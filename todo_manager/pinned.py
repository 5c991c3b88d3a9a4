"""The bytes of pinned files, as far as they are kept so that people can see what changed in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from todo_manager.coupling import Pin, read_file

LARGEST = 200_000
"""Bytes of a file that is kept; larger ones are data, which nobody reads as a difference."""
TOTAL = 4_000_000
"""Bytes that are kept for one definition at the most."""


def content(root: Path, path: str, sha256: str | None) -> bytes | None:
    """The bytes of a pinned file as it was bound, b"" for none; None where they are not at hand."""
    if sha256 is None:
        return b""
    try:
        file = read_file(root, path)
    except (OSError, ValueError):
        return None
    return file.data if file.sha256 == sha256 and len(file.data) <= LARGEST else None


def kept(root: Path, pins: dict[str, Pin]) -> Iterator[tuple[str, bytes]]:
    """What is kept of the pins of a phase: their sha256 and their bytes."""
    left = TOTAL
    for path, pin in pins.items():
        data = content(root, path, pin.sha256)
        if data is not None and len(data) <= left:
            left -= len(data)
            yield pin.sha256, data
