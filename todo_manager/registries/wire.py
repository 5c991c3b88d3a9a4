"""One request to a registry: sent over a connection of its own, its answer read to a limit.

Whatever goes wrong on the way is Unreachable: a registry is only used by a check, and what cannot be
asked there is neither there nor absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from todo_manager.checks.base import World
from todo_manager.checks.exchange import Exchange
from todo_manager.checks.trust import tls_context
from todo_manager.checks.urls import MAX_REDIRECTS, REDIRECTS, Refused, origin, redirect
from todo_manager.engines.engine import Unreachable

ANSWER_LIMIT = 4 * 2**20
"""Bytes of a manifest or configuration: what the specification wants registries to take."""


class Reply(Struct, frozen=True, kw_only=True):
    """An answer, read to its end."""

    url: str
    """Who answered, after redirects."""
    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """Requests that share one deadline; `ca_file` as of the kind `http`."""

    def __init__(self, world: World, exchange: Exchange, ca_file: str = "") -> None:
        self.world = world
        self.exchange = exchange
        self._ca_file = ca_file

    def ask(
        self, url: str, headers: Mapping[str, str], *, form: str = "", follow: bool = True
    ) -> Reply:
        """The answer to a GET, or to a POST of a form. Raises OSError, HTTPError, ValueError, Unreachable.

        `headers` with a login go to the origin of `url` only, also after redirects.
        """
        sent = dict(headers)
        for _ in range(MAX_REDIRECTS + 1):
            reply = self._once(url, sent, form)
            target = reply.headers.get("location", "")
            if not follow or reply.status not in REDIRECTS or not target:
                return reply
            try:
                onward = redirect(url, target)
            except Refused as problem:
                raise Unreachable(f"{url}: {problem}") from None
            if origin(onward) != origin(url):
                sent.pop("Authorization", None)
            url = onward
        raise Unreachable(f"{url}: more than {MAX_REDIRECTS} redirects")

    def _once(self, url: str, headers: Mapping[str, str], form: str) -> Reply:
        from urllib3.connection import HTTPConnection, HTTPSConnection

        parts, exchange = urlsplit(url), self.exchange
        secure = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        sock = exchange.connect(host, port)
        sock.settimeout(exchange.left())
        if secure:
            exchange.stage = "agreeing on TLS"
            context = tls_context(self.world, self._ca_file, exchange.left())
            sock = exchange.hold(context.wrap_socket(sock, server_hostname=host.rstrip(".")))
        exchange.stage = "waiting for the answer"
        sock.settimeout(exchange.left())
        kind = HTTPSConnection if secure else HTTPConnection
        connection = kind(host, port, timeout=exchange.left())
        connection.sock = sock
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        own = {"User-Agent": "todo_manager", "Accept-Encoding": "identity", "Connection": "close"}
        if form:
            own["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(
            "POST" if form else "GET",
            path,
            body=form.encode() or None,
            headers=own | dict(headers),
            preload_content=False,
        )
        with connection.getresponse() as response:
            body = bytearray()
            while chunk := response.read1(65536, decode_content=False):
                exchange.left()
                body += chunk
                if len(body) > ANSWER_LIMIT:
                    raise Unreachable(f"{url} answers with more than {ANSWER_LIMIT // 2**20} MiB")
            return Reply(
                url=url, status=response.status, headers=response.headers, body=bytes(body)
            )
