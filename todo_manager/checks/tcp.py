"""The check kind `tcp`: something accepts connections, or nothing does, or it says the right words."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, World, conclude
from todo_manager.checks.exchange import Exchange, explain, too_late
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.served import ServedCheck
from todo_manager.checks.textmatch import TextMatch, judge_text, text_match
from todo_manager.model import Output, Verdict

if TYPE_CHECKING:
    import socket

BANNER_LIMIT = 64 * 1024
"""Bytes of an answer that are searched."""
_QUIET = 0.1
"""Seconds without a byte after which a text that matches a pattern counts as whole."""


def host_and_port(text: str) -> tuple[str, int]:
    """`db.example:5432` or `[::1]:5432` in its parts; raises Wrong."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([\w.-]+)):([1-9][0-9]{0,4})", text)
    if not match or int(match[3]) > 65535:
        raise Wrong(
            f"expected host:port with a port from 1 to 65535, IPv6 as [::1]:5432, not {text!r}"
        )
    return match[1] or match[2], int(match[3])


def _target(tree: Tree) -> str:
    value = fields.text(tree)
    host_and_port(value)
    return value


def _answer(tree: Tree) -> TextMatch:
    if not isinstance(tree, dict):
        return TextMatch(contains=fields.needles(tree))
    if unknown := [key for key in tree if key not in ("contains", "matches")]:
        raise Wrong(f"unknown key {unknown[0]}; an answer is known by contains and matches")
    return text_match(tree)


def _payload(tree: Tree) -> str:
    value = fields.text(tree)
    if not value:
        raise Wrong("the empty text sends nothing")
    return value


class Tcp(ServedCheck, frozen=True, kw_only=True):
    """Something accepts connections at `host:port`, or nothing does.

        tcp: "127.0.0.1:6379"
        send: "PING\\r\\n"
        expect: "+PONG"

    Refused, reset or silent within `timeout`: failed. A name that does not resolve, or no route: error.
    A bare check passes when the connection is accepted, which a proxy does for a dead service.
    With `host` or `inside` the connection is made from there, and names mean what they mean there.
    """

    kind = "tcp"
    timeout_verdict = Verdict.FAILED

    subject: Annotated[str, Convert(_target)] = ""
    """`host:port`; an IPv6 address stands in brackets."""
    listening: Annotated[bool, Convert(fields.boolean, expects=True)] = True
    """false: every address of the host refuses; silence is not enough, it is an error."""
    expect: Annotated[TextMatch | None, Convert(_answer, expects=True)] = None
    """A text the server says, a list of them, or a mapping of `contains` and `matches`."""
    send: Annotated[str, Convert(_payload)] = ""
    """A text to send first, as UTF-8; YAML writes line ends as "\\r\\n" in double quotes."""

    def problems(self) -> list[str]:
        if not self.listening and (self.expect or self.send):
            return ["listening: false means that nothing answers: no expect or send beside it"]
        if not self.listening and self.served_by:
            return ["listening: false means that nothing answers: no served_by beside it"]
        if self.send and not self.expect:
            return ["send needs an expect: without it nothing is asked of the answer"]
        return []

    def lint(self) -> list[str]:
        if self.listening and not self.expect and not self.served_by:
            return [
                "a proxy may accept with nothing behind it: add expect, or an http check of the service"
            ]
        return []

    def look(self, world: World, exchange: Exchange, timeout: float) -> Outcome:
        try:
            return exchange.run(lambda: self._look(exchange))
        except TimeoutError:
            verdict, reason = too_late(exchange, timeout)
        except (OSError, ValueError, RuntimeError) as problem:
            verdict, reason = explain(problem)
        came = _output(exchange)
        if came.size:
            reason += f", after {came.size} bytes"
        if not self.listening:
            verdict = Verdict.ERROR
        return Outcome(
            verdict=verdict,
            expected=self.wanted(),
            actual=f"{self.subject}: {reason}",
            outputs=(came,) if came.size else (),
        )

    def wanted(self) -> str:
        if not self.listening:
            return f"nothing listens at {self.subject}"
        return f"{self.subject} accepts a connection" + (" and answers" if self.expect else "")

    def _look(self, exchange: Exchange) -> Outcome:
        host, port = host_and_port(self.subject)
        if not self.listening:
            return self._refused(exchange, exchange.addresses(host, port))
        sock = exchange.connect(host, port)
        facts: dict[str, Any] = {"address": _shown(exchange.peer)}
        found = [Judgement(Verdict.PASSED, self.wanted(), f"connected to {facts['address']}")]
        if self.expect is None:
            return conclude(found, facts={**facts, "elapsed_s": round(exchange.elapsed(), 3)})
        self._talk(exchange, sock, self.expect)
        came = _output(exchange)
        found += judge_text("the answer", came, self.expect)
        facts["elapsed_s"] = round(exchange.elapsed(), 3)
        return conclude(found, facts=facts, outputs=(came,))

    def _refused(self, exchange: Exchange, addresses: list[Any]) -> Outcome:
        """Only a refusal shows that nothing listens; it is the host's own answer."""
        refused, elsewhere = [], []
        for place, address in enumerate(addresses):
            share = exchange.left() / (len(addresses) - place)
            try:
                exchange.reach(address, share)
            except ConnectionRefusedError:
                refused.append(_shown(address[4]))
            except OSError as problem:
                if not _no_such_loopback(address[4], problem):
                    raise
                elsewhere.append(problem)
            else:
                there = Judgement(
                    Verdict.FAILED, self.wanted(), f"{_shown(address[4])} accepted a connection"
                )
                return conclude([there])
        if not refused:
            raise elsewhere[0]
        so = Judgement(Verdict.PASSED, self.wanted(), f"refused by {', '.join(refused)}")
        return conclude([so], facts={"refused": refused})

    def _talk(self, exchange: Exchange, sock: socket.socket, wanted: TextMatch) -> None:
        """Send, then read until the answer is as wanted, ends, or is longer than is searched."""
        exchange.stage = "waiting for its words"
        sock.settimeout(exchange.left())
        sock.sendall(self.send.encode())
        while len(exchange.received) <= BANNER_LIMIT:
            enough = _holds(exchange, wanted)
            if enough and not wanted.matches:
                return
            # More bytes can undo a match (`OK$`), so a match waits for silence.
            sock.settimeout(min(_QUIET, exchange.left()) if enough else exchange.left())
            try:
                chunk = sock.recv(BANNER_LIMIT)
            except (TimeoutError, ConnectionError):
                if enough:
                    return
                raise
            if not chunk:
                return
            exchange.received += chunk


def _holds(exchange: Exchange, wanted: TextMatch) -> bool:
    found = judge_text("", _output(exchange), wanted)
    return all(judgement.verdict == Verdict.PASSED for judgement in found)


def _output(exchange: Exchange) -> Output:
    data = bytes(exchange.received)
    return Output(
        stream="answer",
        size=len(data),
        sha256=sha256(data).hexdigest(),
        kept=data[:BANNER_LIMIT],
        truncated=len(data) > BANNER_LIMIT,
    )


def _no_such_loopback(address: Any, problem: OSError) -> bool:
    """Whether this machine, being without IPv6, cannot have a listener at ::1 at all."""
    import errno

    absent = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETUNREACH)
    return bool(address[0] == "::1") and problem.errno in absent


def _shown(address: Any) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
