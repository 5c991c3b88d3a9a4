"""Makes whole, masked lines of what a program writes, while it writes."""

from __future__ import annotations

from collections.abc import Callable

from todo_manager.secrets import Masker

LONGEST = 2**16
"""Bytes of one line that are told; of a longer one only how long it is."""
MORE = "[... more was written than is told; what is kept of it is in the evidence ...]"
"""The last line that is told where a limit is set and reached."""

Put = Callable[[str, str], None]
"""Takes the name of a stream and a line of it."""


class Lines:
    """Takes chunks as they come and puts lines, in which no secret is, not even one of several lines.

    What may be the beginning of a secret is held back until it is known to be none; a secret that is
    cut in two would not be known.
    """

    def __init__(self, masker: Masker, put: Put, most: int | None = None) -> None:
        """`most` is how many bytes are told between one `end` and the next; None for all."""
        self._masker = masker
        self._put = put
        self._most = most
        self._told = 0
        self._open: dict[str, _Open] = {}
        self.cut = False
        """Whether more was written than was told, since the last `end`."""

    def add(self, stream: str, chunk: bytes) -> None:
        """Put the lines that are whole by now."""
        if self.cut:
            return
        known = self._open.setdefault(stream, _Open())
        known.data += chunk
        if whole := self._masker.whole_lines(known.data):
            self._tell(stream, known, known.take(whole)[:-1])
        long = len(known.data) - self._masker.begun(known.data)
        if long > LONGEST and b"\n" not in known.data[:long]:
            known.gone += len(known.take(long))

    def end(self) -> None:
        """Put what is left as if a line ended there, and begin anew."""
        for stream, known in self._open.items():
            if known.data or known.gone:
                self._tell(stream, known, known.take(len(known.data)))
        self._open = {}
        self._told, self.cut = 0, False

    def _tell(self, stream: str, known: _Open, data: bytes) -> None:
        for line in self._masker.raw(data).split(b"\n"):
            if self.cut:
                return
            size, known.gone = len(line) + known.gone, 0
            if size > LONGEST:
                line = b"[... a line of %d bytes ...]" % size
            self._told += len(line) + 1
            if self._most is not None and self._told > self._most:
                self.cut = True
                self._open[stream] = _Open()
                return self._put(stream, MORE)
            # What a terminal would have overwritten: only the last state of the line is of interest.
            text = line.decode("utf-8", "replace").rstrip("\r").rsplit("\r", 1)[-1]
            self._put(stream, self._masker.text(text))


class _Open:
    """What is not told yet of a stream."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.gone = 0
        """Bytes at the beginning of this line that were let go: it is too long to be told."""

    def take(self, size: int) -> bytes:
        found = bytes(self.data[:size])
        del self.data[:size]
        return found
