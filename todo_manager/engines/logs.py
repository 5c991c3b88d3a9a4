"""What a container has written, read from its engine piece by piece and never more than a limit."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from todo_manager.engines.containers import SECOND, Container, nanoseconds
from todo_manager.engines.engine import Absent, Engine, Unreachable

_CHUNK = 2**16
_HEADER = 8
_ENGINE_SAYS = 3
"""The stream in which an engine itself reports why it cannot read on."""
_TROUBLE = b"Error grabbing logs: "
"""How its report begins; on a terminal that is all there is to know it by."""
_EARLY = SECOND // 10
"""By how much the first lines may be older than the start: an engine notes it once the program runs."""


_PIECE = 16 * 1024
"""The letters of a line from which on it is kept in several records."""
_RECORD = 128
"""Bytes that a record takes beside the line, at most; where options add to it, _WIDE."""
_WIDE = 4096
_PLAIN = re.compile(rb"[ -~]")
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


class Written(Struct, frozen=True, kw_only=True):
    """What was read of a log, by stream: stdout and stderr, or the one of a terminal."""

    streams: dict[str, bytes]
    cut: bool
    """Whether there is more than was read."""


def start_of(container: Container) -> int:
    """From when on lines belong to the container's last start, in nanoseconds; 0 for from the first.

    Between two runs lies the time the engine needs to start one, so the middle of it parts their lines.
    Once a run has ended, nothing tells when the one before it did.
    """
    ended = nanoseconds(str(container.state.get("FinishedAt") or ""))
    if container.status in ("running", "paused") and ended < container.started:
        return ended and ended + (container.started - ended) // 2
    return container.started - _EARLY


def may_be_gone(container: Container, whole: Written) -> str:
    """Why lines of a container may have been thrown away already; empty where all are still there.

    `whole` is all that is left of its log, from its first start on. What is left is less than what a
    driver keeps before it throws anything away, or the log cannot be told from one that was cut.
    """
    config = container.host_config.get("LogConfig") or {}
    driver, options = str(config.get("Type") or "unknown"), config.get("Config") or {}
    room = _room(driver, options)
    if room is None:
        return ""
    lines = sum(len(data) // _PIECE + data.count(b"\n") + 1 for data in whole.streams.values())
    wide = {"labels", "labels-regex", "env", "env-regex", "tag"} & set(options)
    size = sum(6 * len(data) - 5 * len(_PLAIN.findall(data)) for data in whole.streams.values())
    if not whole.cut and size + lines * (_WIDE if wide else _RECORD) < room:
        return ""
    return f"lines may be gone: its log driver {driver} keeps only some ({_kept(options)})"


def _room(driver: str, options: dict[str, Any]) -> int | None:
    """The bytes that are kept at least before any are thrown away; None where none ever are."""
    if driver == "k8s-file":
        return None
    if driver == "json-file" and str(options.get("max-size") or "-1") == "-1":
        return None
    kept = {"json-file": ("", "0", "1"), "local": ("", "20m", "5")}
    prefix, size, files = kept.get(driver, ("cache-", "20m", "5"))
    if driver in ("journald", "unknown", "none"):
        return 0
    found = re.fullmatch(
        r"([0-9]+(?:\.[0-9]+)?) ?([kmgt]?)i?b?",
        str(options.get(f"{prefix}max-size") or size).lower(),
    )
    number = str(options.get(f"{prefix}max-file") or files)
    if found is None or not number.isdecimal():
        return 0
    return int(float(found[1]) * _UNITS[found[2]]) * max(0, int(number) - 1)


def _kept(options: dict[str, Any]) -> str:
    told = [f"{name}={value}" for name, value in sorted(options.items()) if "max-" in name]
    return ", ".join(told) or "as it sees fit"


def read(engine: Engine, container: Container, since: int, limit: int, seconds: float) -> Written:
    """Everything written since a time, at most `limit` bytes of it; raises Absent, Unreachable.

    Raises Unreachable, too, where the log driver keeps no lines or reading takes longer than `seconds`.
    """
    chunks = _chunks(engine, container, since, time.monotonic() + seconds)
    if container.config.get("Tty"):
        found = bytearray()
        for chunk in chunks:
            found += chunk
            if len(found) > limit:
                return Written(streams={"terminal": bytes(found[:limit])}, cut=True)
        if found[found.rfind(b"\n", 0, -1) + 1 :].startswith(_TROUBLE):
            raise Unreachable(_spoken(engine, bytes(found[found.rfind(_TROUBLE) :])))
        return Written(streams={"terminal": bytes(found)}, cut=False)
    return _apart(engine, chunks, limit)


def _apart(engine: Engine, chunks: Iterator[bytes], limit: int) -> Written:
    """The streams of a log without a terminal, where each piece bears its stream and its length."""
    streams = {1: bytearray(), 2: bytearray(), _ENGINE_SAYS: bytearray()}
    rest, size = bytearray(), 0
    for chunk in chunks:
        rest += chunk
        while size <= limit and len(rest) >= _HEADER:
            end = _HEADER + int.from_bytes(rest[4:_HEADER], "big")
            if len(rest) < min(end, limit):
                break
            size += end - _HEADER
            streams.setdefault(rest[0], bytearray()).extend(rest[_HEADER:end])
            del rest[:end]
        if size > limit:
            break
    if streams[_ENGINE_SAYS]:
        raise Unreachable(_spoken(engine, bytes(streams[_ENGINE_SAYS])))
    if size <= limit and rest:
        raise Unreachable(f"the engine of {engine.host} stopped in the middle of the log")
    return Written(
        streams={"stdout": bytes(streams[1]), "stderr": bytes(streams[2])}, cut=size > limit
    )


def _chunks(engine: Engine, container: Container, since: int, end: float) -> Iterator[bytes]:
    """The bytes of the engine's answer. The SDK would read one that is not in pieces at once, or
    byte by byte, and knows whole seconds only."""
    api = engine.api
    answer = engine.ask(
        api.get,
        f"{api.base_url}/v{api.api_version}/containers/{container.id}/logs",
        params={"stdout": 1, "stderr": 1, "since": f"{since // SECOND}.{since % SECOND:09d}"},
        stream=True,
        timeout=api.timeout,
    )
    try:
        if answer.status_code != 200:
            raise _refusal(engine, container, answer)
        pieces = answer.iter_content(_CHUNK)
        while piece := engine.ask(next, pieces, b""):
            if time.monotonic() > end:
                raise Unreachable(f"the log of {container.name} was not read in time")
            yield piece
    finally:
        answer.close()


def _refusal(engine: Engine, container: Container, answer: Any) -> Exception:
    said = _plain(engine.ask(lambda: answer.raw.read(4096)))
    if answer.status_code == 404:
        return Absent(said)
    driver = (container.host_config.get("LogConfig") or {}).get("Type") or "unknown"
    return Unreachable(f"the log of {container.name} cannot be read (driver {driver}): {said}")


def _spoken(engine: Engine, said: bytes) -> str:
    return f"the engine of {engine.host} could not read the log to its end: {_plain(said)}"


def _plain(said: bytes) -> str:
    return " ".join(said.decode("utf-8", "replace").split())[:300]
