"""The check kind `http`: one request, judged by its answer. Nothing of the environment takes part."""

from __future__ import annotations

import glob
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Struct

from todo_manager import importing
from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, World, conclude
from todo_manager.checks.body import body_output, read_body, unpacked
from todo_manager.checks.exchange import Exchange, explain, too_late
from todo_manager.checks.expect import Expectation, Judgement, paths, show
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.ground import Unlookable, location
from todo_manager.checks.served import ServedCheck
from todo_manager.checks.textmatch import TextMatch, judge_text, not_text, text_match
from todo_manager.checks.trust import certificate, tls_context
from todo_manager.checks.urls import (
    MAX_REDIRECTS,
    REDIRECTS,
    Refused,
    method_after,
    origin,
    plain_url,
    redirect,
)
from todo_manager.model import Output, Verdict

if TYPE_CHECKING:
    from urllib3.response import HTTPResponse

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = ("connection", "content-length", "transfer-encoding")
"""Headers that would contradict what is sent."""


def _statuses(tree: Tree) -> tuple[int, ...]:
    found = fields.integers(tree)
    if any(not 200 <= status <= 599 for status in found):
        raise Wrong("the status of an answer is a number from 200 to 599")
    return found


def _headers(tree: Tree) -> dict[str, str]:
    found = fields.string_map(tree)
    for name, value in found.items():
        if not _NAME.fullmatch(name):
            raise Wrong(f"{name!r} is not the name of a header")
        if name.lower() in _OURS:
            raise Wrong(f"the header {name} is set by the request itself")
        # The value may be a secret: it is never repeated.
        if not re.fullmatch(r"[\t\x20-\x7e\xa0-\xff]*", value):
            raise Wrong(f"the value of the header {name} holds a character no header may hold")
    return found


def _account(tree: Tree) -> dict[str, str]:
    found = fields.string_map(tree)
    if set(found) != {"user", "password"} or ":" in found["user"]:
        raise Wrong("expected {user: …, password: …}, the user without a colon")
    return found


class Answer(Struct, frozen=True, kw_only=True):
    """The last answer of an exchange."""

    status: int
    headers: Mapping[str, str]
    url: str
    hops: tuple[str, ...]
    """URLs to which redirects led, the last one answering."""
    body: Output
    unread: str
    """Why the body cannot be searched; empty where it can."""
    peer: dict[str, Any]
    elapsed: float
    """Seconds from the start to the end of the body, redirects included."""


class Http(ServedCheck, frozen=True, kw_only=True):
    """A URL answers as it should.

        http: "http://127.0.0.1:8200/health"
        json: {status: ok}
        within: 30s

    A bare check wants the status 200, which a static page or another process also gives: say what
    body or json shows the service itself. Redirects are not followed unless asked, proxies of the
    environment are not used, https is verified, nothing is retried within an attempt.
    Refused, reset, TLS error, garbage or no complete answer within `timeout`: failed. A name that does
    not resolve, no route, or a missing `ca_file`: error. With `host` or `inside` the request is made from
    there, and names mean what they mean there.
    """

    kind = "http"
    timeout_verdict = Verdict.FAILED

    subject: Annotated[str, Convert(plain_url)] = ""
    """An http or https URL without user and password."""
    method: Annotated[str, Convert(fields.one_of(*_METHODS), expects=True)] = "GET"
    """The request's method; no body is sent with it."""
    status: Annotated[tuple[int, ...], Convert(_statuses, expects=True)] = (200,)
    """The status or statuses that are right."""
    headers: Annotated[dict[str, str], Convert(_headers, secrets=True)] = {}
    """Headers to send; a redirect to another origin is not given them."""
    body: Annotated[TextMatch | None, Convert(text_match, expects=True)] = None
    """A mapping of contains, matches, lacks, equals, json; at most 1 MiB is searched."""
    json: Annotated[dict[str, Expectation], Convert(paths, expects=True)] = {}
    """Paths like `a.b[0]` into the JSON of the body, with a value or an operator each."""
    max_response_time: Annotated[float | None, Convert(fields.timeout, expects=True)] = None
    """How long it may take to the last byte, name resolution and redirects included."""
    follow_redirects: Annotated[bool, Convert(fields.boolean, expects=True)] = False
    """Whether up to 5 redirects are followed; never from https to http."""
    ca_file: Annotated[str, Convert(location, expects=True)] = ""
    """PEM file of the only authorities trusted: a path below the project, or an absolute one."""
    basic_auth: Annotated[dict[str, str], Convert(_account, secrets=True)] = {}
    """`{user: …, password: …}`, sent to the URL's own origin only."""

    def problems(self) -> list[str]:
        found = []
        if self.method == "HEAD" and (self.body or self.json):
            found.append("an answer to HEAD has no body: use GET with body or json")
        if self.basic_auth and any(name.lower() == "authorization" for name in self.headers):
            found.append("basic_auth and a header Authorization: one of them")
        if self.ca_file and self.subject.startswith("http:") and not self.follow_redirects:
            found.append("ca_file is for https")
        if self.served_by and self.follow_redirects:
            found.append("served_by is asked of one URL: name the one it redirects to")
        return found

    @classmethod
    def implied_pins(cls, tree: Tree) -> tuple[str, ...]:
        """The authorities in `ca_file` decide who is believed; a file elsewhere is the machine's."""
        path = str(tree.get("ca_file", ""))
        return (glob.escape(path),) if path and not path.startswith("/") else ()

    def lint(self) -> list[str]:
        if self.body or self.json:
            return []
        also = ", and so would the login page it redirects to" if self.follow_redirects else ""
        return [f"a static page would pass by its status alone{also}: add body or json"]

    def attempt(self, world: World, timeout: float) -> Outcome:
        importing.http_client()
        return super().attempt(world, timeout)

    def look(self, world: World, exchange: Exchange, timeout: float) -> Outcome:
        from http.client import HTTPException

        from urllib3.exceptions import HTTPError

        try:
            return self._judge(exchange.run(lambda: self._fetch(exchange, world)))
        except TimeoutError:
            verdict, reason = too_late(exchange, timeout)
        except Unlookable as problem:
            verdict, reason = Verdict.ERROR, f"could not ask: {problem}"
        except (Refused, HTTPException, HTTPError) as problem:
            verdict, reason = _protocol(problem)
        except (OSError, ValueError, RuntimeError) as problem:
            verdict, reason = explain(problem)
        return self._no_answer(exchange, verdict, reason)

    def _no_answer(self, exchange: Exchange, verdict: Verdict, reason: str) -> Outcome:
        came = bytes(exchange.received)
        if came:
            reason += f", after {len(came)} bytes of the body"
        return Outcome(
            verdict=verdict,
            expected=self.wanted(),
            actual=reason,
            facts={"elapsed_s": round(exchange.elapsed(), 3)},
            outputs=(body_output(came, cut=True),) if came else (),
        )

    def wanted(self) -> str:
        return f"{self.method} {self.subject} answers {' or '.join(map(str, self.status))}"

    def _fetch(self, exchange: Exchange, world: World) -> Answer:
        """The answer to the request, or to the last of the redirects that are followed."""
        url, method, own = self.subject, self.method, True
        hops: list[str] = []
        while True:
            response, peer = self._ask(exchange, world, url, method, own)
            target = response.headers.get("location", "")
            if not self.follow_redirects or response.status not in REDIRECTS or not target:
                break
            response.close()
            if len(hops) == MAX_REDIRECTS:
                raise Refused(f"more than {MAX_REDIRECTS} redirects, the last to {show(target)}")
            hops.append(redirect(url, target))
            # What is meant for one server is not told to another.
            own = own and origin(hops[-1]) == origin(url)
            url, method = hops[-1], method_after(response.status, method)
        exchange.stage = "reading the body"
        with response:
            body, unread = unpacked(exchange, read_body(exchange, response), response.headers)
        return Answer(
            status=response.status,
            headers=response.headers,
            url=url,
            hops=tuple(hops),
            body=body,
            unread=unread,
            peer=peer,
            elapsed=exchange.elapsed(),
        )

    def _ask(
        self, exchange: Exchange, world: World, url: str, method: str, own: bool
    ) -> tuple[HTTPResponse, dict[str, Any]]:
        """Send one request over a connection of its own; give back its answer, the body unread."""
        from urllib3.connection import HTTPConnection, HTTPSConnection
        from urllib3.util import parse_url

        target = parse_url(url)
        secure = target.scheme == "https"
        context = tls_context(world, self.ca_file, exchange.left()) if secure else None
        host, port = (target.host or "").strip("[]"), target.port or (443 if secure else 80)
        sock = exchange.connect(host, port)
        peer: dict[str, Any] = {"address": exchange.peer[0]}
        if context is not None:
            exchange.stage = "agreeing on TLS"
            sock.settimeout(exchange.left())
            tls = exchange.hold(context.wrap_socket(sock, server_hostname=host.rstrip(".")))
            sock, peer["tls"] = tls, certificate(tls)
        exchange.stage = "waiting for the answer"
        sock.settimeout(exchange.left())
        kind = HTTPSConnection if secure else HTTPConnection
        connection = kind(host, port, timeout=exchange.left())
        connection.sock = sock
        connection.request(
            method, target.request_uri, headers=self._sent(own), preload_content=False
        )
        return connection.getresponse(), peer

    def _sent(self, own: bool) -> dict[str, str]:
        """The headers of a request; the check's own ones only to the origin it names."""
        sent = {
            "User-Agent": "todo_manager",
            "Accept": "*/*",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "close",
        }
        if not own:
            return sent
        if self.basic_auth:
            account = f"{self.basic_auth['user']}:{self.basic_auth['password']}"
            sent["Authorization"] = "Basic " + b64encode(account.encode()).decode()
        mine = {name.lower() for name in self.headers}
        return {k: v for k, v in sent.items() if k.lower() not in mine} | self.headers

    def _judge(self, answer: Answer) -> Outcome:
        found = [self._judge_status(answer), *self._judge_body(answer)]
        if self.max_response_time is not None:
            found.append(self._judge_time(answer, self.max_response_time))
        facts = {
            "status": answer.status,
            "url": answer.url,
            "elapsed_s": round(answer.elapsed, 3),
            **answer.peer,
            **({"redirects": list(answer.hops)} if answer.hops else {}),
        }
        elsewhere = origin(answer.url)[1] != origin(self.subject)[1]
        message = f"redirected to another host: {answer.url}" if elsewhere else ""
        return conclude(found, facts=facts, outputs=(answer.body,), message=message)

    def _judge_status(self, answer: Answer) -> Judgement:
        so = answer.status in self.status
        actual = f"status {answer.status}"
        if answer.status in REDIRECTS and (target := answer.headers.get("location")):
            actual += f", a redirect to {show(target)} that was not followed"
        if answer.hops:
            actual += f" from {answer.url}"
        return Judgement(Verdict.PASSED if so else Verdict.FAILED, self.wanted(), actual)

    def _judge_body(self, answer: Answer) -> list[Judgement]:
        if not self.body and not self.json:
            return []
        if answer.unread:
            return [Judgement(Verdict.ERROR, "a body that can be read", answer.unread)]
        found = judge_text("body", answer.body, self.body) if self.body else []
        if self.body and self.body.lacks and (reason := not_text(answer.body.kept)):
            found.append(Judgement(Verdict.ERROR, "a body that can be searched", reason))
        wanted = TextMatch(json=self.json)
        return found + (judge_text("body", answer.body, wanted) if self.json else [])

    def _judge_time(self, answer: Answer, most: float) -> Judgement:
        expected = f"the whole answer within {most:g} s"
        actual = f"it took {answer.elapsed:.3f} s"
        if answer.elapsed > most:
            return Judgement(Verdict.FAILED, expected, actual)
        if answer.body.truncated:
            return Judgement(Verdict.ERROR, expected, "the body is longer than what is read of it")
        return Judgement(Verdict.PASSED, expected, actual)


def _protocol(problem: Exception) -> tuple[Verdict, str]:
    """As `explain`, for what http.client and urllib3 raise."""
    from http.client import IncompleteRead

    from urllib3.exceptions import LocationValueError

    cause = problem.__cause__
    if isinstance(problem, Refused):
        return Verdict.FAILED, str(problem)
    if isinstance(problem, LocationValueError):
        return Verdict.ERROR, "could not ask: it is not a URL"
    if isinstance(problem, ConnectionError):
        return Verdict.FAILED, "the connection was closed without an answer"
    if isinstance(cause, OSError):
        return explain(cause)
    if isinstance(cause or problem, IncompleteRead):
        return Verdict.FAILED, "the answer broke off"
    return Verdict.FAILED, f"no proper http answer: {type(problem).__name__} {show(str(problem))}"
