"""The body of an http answer: read to a limit, and unpacked without letting a bomb go off."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING

from todo_manager.checks.exchange import Exchange
from todo_manager.checks.expect import show
from todo_manager.model import Output

if TYPE_CHECKING:
    from urllib3.response import HTTPResponse

BODY_LIMIT = 2**20
"""Bytes of a body that are read, and again that are kept of it once it is unpacked."""


def read_body(exchange: Exchange, response: HTTPResponse) -> bool:
    """Take the body off the wire, still packed; whether it ended before the limit."""
    while len(exchange.received) <= BODY_LIMIT:
        chunk = response.read1(65536, decode_content=False)
        if not chunk:
            return True
        exchange.received += chunk
        exchange.left()
    return False


def unpacked(exchange: Exchange, whole: bool, headers: Mapping[str, str]) -> tuple[Output, str]:
    """The body as an output, and why it cannot be searched, if so. A bomb is unpacked to the limit."""
    raw = bytes(exchange.received)
    encoding = headers.get("content-encoding", "").strip().lower()
    if not raw or encoding in ("", "identity"):
        return body_output(raw, cut=not whole), ""
    if encoding not in ("gzip", "x-gzip", "deflate"):
        return body_output(raw, cut=not whole), f"it is packed as {show(encoding)}, not asked for"
    # 47: gzip or zlib, whichever it is; -15: the bare stream that some servers call deflate.
    for window in (47, -15) if encoding == "deflate" else (47,):
        box = zlib.decompressobj(window)
        try:
            body = box.decompress(raw, BODY_LIMIT + 1)
        except zlib.error:
            continue
        cut = not whole or len(body) > BODY_LIMIT
        bad = "" if cut or (box.eof and not box.unused_data) else "its packed body is not whole"
        return body_output(body, cut=cut), bad
    return body_output(raw, cut=not whole), f"it is not {encoding}, as it says it is"


def body_output(data: bytes, *, cut: bool) -> Output:
    return Output(
        stream="body",
        size=len(data),
        sha256=sha256(data).hexdigest(),
        kept=data[:BODY_LIMIT],
        truncated=cut or len(data) > BODY_LIMIT,
    )
