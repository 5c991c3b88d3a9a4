"""`http`: what passes, fails and cannot be told, and what would fool it."""

from __future__ import annotations

import errno
import gzip
import json
import re
import socket
import ssl
import threading
import time
import zlib
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from todo_manager.canonical import Scalar
from todo_manager.checks import http as module
from todo_manager.model import Verdict

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR
SECRET = "s3cret-s3cret"
OK = b'{"status": "ok"}'


@pytest.fixture
def page(http_kit: Any) -> Any:
    return http_kit.page


def redirect(target: str, status: str = "302 Found") -> bytes:
    return f"HTTP/1.1 {status}\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()


class TestAnswers:
    def test_bare(self, look: Any, answers: Any, page: Any) -> None:
        server = answers(page(OK))
        found = look({"http": server.url})
        assert found.verdict == PASSED
        assert found.facts["status"] == 200
        assert found.facts["url"] == server.url
        assert found.outputs[0].kept == OK
        assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")

    def test_bad_status(self, look: Any, answers: Any, page: Any) -> None:
        found = look({"http": answers(page(b"oops", "503 Service Unavailable")).url})
        assert (found.verdict, found.actual) == (FAILED, "status 503")
        assert "answers 200" in found.expected

    def test_other_statuses(self, look: Any, answers: Any, page: Any) -> None:
        url = answers(page(status="204 No Content")).url
        assert look({"http": url}).verdict == FAILED
        assert look({"http": url, "status": [200, 204]}).verdict == PASSED
        assert look({"http": url, "status": 204}).verdict == PASSED

    @pytest.mark.parametrize(
        ("wanted", "verdict"),
        [
            ({"json": {"status": "ok"}}, PASSED),
            ({"json": {"status": {"ne": "down"}}}, PASSED),
            ({"json": {"status": "down"}}, FAILED),
            ({"json": {"state": {"ne": "down"}}}, FAILED),
            ({"body": {"contains": "ok"}}, PASSED),
            ({"body": {"contains": "up"}}, FAILED),
            ({"body": {"matches": '"ok"}$'}}, PASSED),
            ({"body": {"contains": "status", "lacks": "down"}}, PASSED),
            ({"body": {"contains": "status", "lacks": "ok"}}, FAILED),
            ({"body": {"json": {"status": "ok"}}}, PASSED),
        ],
    )
    def test_body(self, look: Any, answers: Any, page: Any, wanted: Any, verdict: Verdict) -> None:
        assert look({"http": answers(page(OK)).url, **wanted}).verdict == verdict

    def test_static_page_on_the_port(self, look: Any, answers: Any, page: Any, check: Any) -> None:
        url = answers(page(b"<h1>It works!</h1>")).url
        assert look({"http": url, "json": {"status": "ok"}}).verdict == FAILED
        assert "static page" in check({"http": url}).lint()[0]
        assert not check({"http": url, "json": {"status": "ok"}}).lint()

    def test_error_page_with_the_right_body(self, look: Any, answers: Any, page: Any) -> None:
        url = answers(page(OK, "500 Oops")).url
        assert look({"http": url, "json": {"status": "ok"}}).verdict == FAILED

    @pytest.mark.parametrize("body", ['"\\ud800"', "[" * 100_000, "1e99999999999999999999", ""])
    def test_json_that_would_upset_a_reader(
        self, look: Any, answers: Any, page: Any, body: str
    ) -> None:
        found = look({"http": answers(page(f'{{"a": {body}}}'.encode())).url, "json": {"a": 1}})
        assert found.verdict == FAILED
        found.actual.encode()

    def test_text_that_only_seems_to_lack_something(
        self, look: Any, answers: Any, page: Any
    ) -> None:
        url = answers(page("ok, aber Störung".encode("latin-1"))).url
        wanted = {"contains": "ok", "lacks": "Störung"}
        assert look({"http": url, "body": wanted}).verdict == ERROR

    def test_head_and_post(self, look: Any, answers: Any, page: Any) -> None:
        server = answers(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
        assert look({"http": server.url, "method": "HEAD"}).verdict == PASSED
        server = answers(page(OK))
        assert look({"http": server.url, "method": "POST"}).verdict == PASSED
        assert b"Content-Length: 0" in server.requests[0]

    def test_path_query_and_fragment(self, look: Any, answers: Any, page: Any) -> None:
        server = answers(page(OK))
        assert look({"http": server.url + "a/ü?b=c d".replace(" ", "%20") + "#f"}).verdict == PASSED
        assert server.requests[0].startswith(b"GET /a/%C3%BC?b=c%20d HTTP/1.1\r\n")

    def test_ipv6(self, look: Any, serve: Any, page: Any, http_kit: Any) -> None:
        def talk(connection: socket.socket) -> None:
            assert b"\r\nHost: [::1]:" in http_kit.request_of(connection)
            connection.sendall(page(OK))

        try:
            port = serve(talk, family=socket.AF_INET6)
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")
        assert look({"http": f"http://[::1]:{port}/"}).verdict == PASSED

    def test_proxies_of_the_environment_are_not_used(
        self, look: Any, answers: Any, page: Any, closed_port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy = answers(page(OK))
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert look({"http": f"http://127.0.0.1:{closed_port}/"}).verdict == FAILED
        assert not proxy.requests


class TestNoAnswer:
    def test_refused(self, look: Any, closed_port: int) -> None:
        found = look({"http": f"http://127.0.0.1:{closed_port}/"})
        assert found.verdict == FAILED
        assert "refused" in found.actual

    def test_name_that_does_not_resolve(self, look: Any) -> None:
        found = look({"http": "http://no-such-host.invalid/"})
        assert found.verdict == ERROR
        assert "does not resolve" in found.actual

    def test_label_too_long_to_be_a_name(self, look: Any) -> None:
        assert look({"http": f"http://{'a' * 70}.example/"}).verdict == ERROR

    @pytest.mark.parametrize("code", [errno.EACCES, errno.EMFILE, errno.ENETUNREACH])
    def test_own_machine_cannot_ask(
        self, look: Any, monkeypatch: pytest.MonkeyPatch, code: int
    ) -> None:
        def fails(*args: Any) -> None:
            raise OSError(code, "Not today")

        monkeypatch.setattr(socket, "socket", fails)
        assert look({"http": "http://127.0.0.1/"}).verdict == ERROR

    def test_no_thread_to_be_had(self, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(self: Any) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", fails)
        assert look({"http": "http://127.0.0.1/"}).verdict == ERROR

    def test_closed_and_reset(self, look: Any, serve: Any, http_kit: Any) -> None:
        def hang_up(connection: socket.socket) -> None:
            http_kit.request_of(connection)

        def reset(connection: socket.socket) -> None:
            http_kit.request_of(connection)
            http_kit.reset(connection)

        for talk in (hang_up, reset):
            found = look({"http": f"http://127.0.0.1:{serve(talk)}/"})
            assert found.verdict == FAILED
            assert "closed" in found.actual or "reset" in found.actual

    @pytest.mark.parametrize(
        "garbage",
        [
            b"SSH-2.0-OpenSSH\r\n\r\n",
            b"\x00" * 100,
            b"HTTP/1.1 abc OK\r\n\r\n",
            b"HTTP/7.7 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
            b"x" * 200000,
            b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nabcdef",
            b"ICY 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nab",
        ],
    )
    def test_garbage(self, look: Any, answers: Any, garbage: bytes) -> None:
        assert look({"http": answers(garbage).url}).verdict == FAILED

    def test_body_that_breaks_off_is_shown(self, look: Any, answers: Any) -> None:
        part = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf of"
        found = look({"http": answers(part).url, "body": {"contains": "half"}})
        assert (found.verdict, found.outputs[0].kept) == (FAILED, b"half of")
        assert "broke off, after 7 bytes" in found.actual

    def test_answers_to_no_connection(self, look: Any, deaf_port: int) -> None:
        assert look({"http": f"http://127.0.0.1:{deaf_port}/"}, timeout=0.2).verdict == FAILED


def quick(start: float) -> bool:
    """Within what an attempt of 0.3 s promises, and what a busy machine adds."""
    return time.monotonic() - start < 1.3


@pytest.mark.alone
class TestDeadline:
    def test_silence(self, look: Any, serve: Any) -> None:
        url = f"http://127.0.0.1:{serve(lambda connection: time.sleep(2))}/"
        start = time.monotonic()
        found = look({"http": url}, timeout=0.3)
        assert (found.verdict, quick(start)) == (FAILED, True)
        assert "no complete answer within 0.3 s" in found.actual

    @pytest.mark.parametrize(
        "head",
        [
            b"",
            b"HTTP/1.1 200 OK\r\nX: ",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2328\r\n",
        ],
    )
    def test_one_byte_at_a_time(self, look: Any, answers: Any, head: bytes) -> None:
        url = answers(head, *[b"1"] * 100, pause=0.02).url
        start = time.monotonic()
        found = look({"http": url}, timeout=0.3)
        assert (found.verdict, quick(start)) == (FAILED, True)

    def test_tls_handshake_that_never_comes(self, look: Any, serve: Any) -> None:
        url = f"https://127.0.0.1:{serve(lambda connection: time.sleep(2))}/"
        start = time.monotonic()
        assert look({"http": url}, timeout=0.3).verdict == FAILED
        assert quick(start)

    def test_name_service_that_hangs(self, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        gate = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: gate.wait(5) or [])
        start = time.monotonic()
        found = look({"http": "http://db.example/"}, timeout=0.3)
        gate.set()
        assert (found.verdict, quick(start)) == (ERROR, True)

    def test_slow_chain_of_redirects(self, look: Any, serve: Any, http_kit: Any) -> None:
        def talk(connection: socket.socket) -> None:
            http_kit.request_of(connection)
            time.sleep(0.15)
            connection.sendall(redirect("/again"))

        url = f"http://127.0.0.1:{serve(talk)}/"
        start = time.monotonic()
        found = look({"http": url, "follow_redirects": True}, timeout=0.3)
        assert (found.verdict, quick(start)) == (FAILED, True)

    def test_max_response_time(self, look: Any, answers: Any, page: Any) -> None:
        url = answers(b"", page(OK), pause=0.2).url
        found = look({"http": url, "max_response_time": "100ms"})
        assert found.verdict == FAILED
        assert "it took" in found.actual
        assert look({"http": url, "max_response_time": "5s"}).verdict == PASSED

    def test_nothing_stays_behind(self, look: Any, serve: Any) -> None:
        before = threading.active_count()
        port = serve(lambda connection: connection.recv(1 << 20) and connection.recv(1))
        for _ in range(5):
            look({"http": f"http://127.0.0.1:{port}/"}, timeout=0.05)
        until = time.monotonic() + 5
        while threading.active_count() > before + 1 and time.monotonic() < until:
            time.sleep(0.01)
        assert threading.active_count() <= before + 1


class TestRedirects:
    def test_login_page(self, look: Any, answers: Any, page: Any) -> None:
        """A redirect to a page that answers 200 is no 200."""
        login = answers(page(b"<form>password</form>"))
        server = answers(redirect(login.url))
        found = look({"http": server.url})
        assert found.verdict == FAILED
        assert login.url in found.actual
        assert not login.requests

    def test_login_page_that_was_followed_to(
        self, look: Any, check: Any, answers: Any, page: Any
    ) -> None:
        login = answers(page(b"<form>password</form>"))
        mapping = {"http": answers(redirect(login.url)).url, "follow_redirects": True}
        found = look(mapping)
        assert found.verdict == PASSED
        assert found.facts["url"] == login.url
        assert found.facts["redirects"] == [login.url]
        assert "login page" in check(mapping).lint()[0]
        assert look({**mapping, "json": {"status": "ok"}}).verdict == FAILED

    def test_other_host_is_said(self, look: Any, answers: Any, page: Any) -> None:
        server = answers(page(OK))
        start = answers(redirect(f"http://localhost:{server.port}/x"))
        found = look({"http": start.url, "follow_redirects": True})
        assert found.verdict == PASSED
        assert f"another host: http://localhost:{server.port}/x" in found.message

    def test_round_and_round(self, look: Any, answers: Any) -> None:
        server = answers(redirect("/again"))
        found = look({"http": server.url, "follow_redirects": True})
        assert found.verdict == FAILED
        assert "more than 5 redirects" in found.actual
        assert len(server.requests) == 6

    @pytest.mark.parametrize(
        "target",
        [
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "http://[",
            "http:///x",
            f"http://user:{SECRET}@127.0.0.1/",
        ],
    )
    def test_to_what_is_not_http(self, look: Any, answers: Any, target: str) -> None:
        found = look({"http": answers(redirect(target)).url, "follow_redirects": True})
        assert found.verdict == FAILED
        assert SECRET not in repr(found)

    @pytest.mark.parametrize(
        ("status", "method", "then"),
        [
            ("301", "POST", "GET"),
            ("302", "POST", "GET"),
            ("303", "PUT", "GET"),
            ("303", "HEAD", "HEAD"),
            ("307", "POST", "POST"),
            ("308", "PUT", "PUT"),
        ],
    )
    def test_method(
        self, look: Any, answers: Any, page: Any, status: str, method: str, then: str
    ) -> None:
        end = answers(page())
        start = answers(redirect(end.url, f"{status} Moved"))
        look({"http": start.url, "method": method, "follow_redirects": True})
        assert start.requests[0].startswith(method.encode() + b" ")
        assert end.requests[0].startswith(then.encode() + b" ")

    def test_secrets_stay_with_their_origin(self, look: Any, answers: Any, page: Any) -> None:
        other = answers(page(OK))
        start = answers(redirect(other.url))
        for extra in (
            {"headers": {"X-Api-Key": SECRET, "Authorization": f"Bearer {SECRET}"}},
            {"basic_auth": {"user": "ops", "password": SECRET}},
        ):
            look({"http": start.url, "follow_redirects": True, **extra})
            sent = SECRET.encode() in start.requests[-1] or b"Basic " in start.requests[-1]
            assert sent
            assert SECRET.encode() not in other.requests[-1]
            assert b"Authorization" not in other.requests[-1]

    def test_from_https_to_http(
        self, look: Any, world: Any, authority: Any, secure: Any, answers: Any, page: Any
    ) -> None:
        plain = answers(page(OK))
        pem = authority("127.0.0.1")
        url = secure(pem, redirect(plain.url))
        found = look({"http": url, "ca_file": str(pem), "follow_redirects": True})
        assert found.verdict == FAILED
        assert not plain.requests


class TestBodies:
    def test_packed(self, look: Any, answers: Any, page: Any) -> None:
        bare = zlib.compressobj(wbits=-15)
        for name, body in (
            ("gzip", gzip.compress(OK)),
            ("deflate", zlib.compress(OK)),
            ("deflate", bare.compress(OK) + bare.flush()),
        ):
            url = answers(page(body, headers=f"Content-Encoding: {name}\r\n")).url
            found = look({"http": url, "json": {"status": "ok"}})
            assert (found.verdict, found.outputs[0].kept) == (PASSED, OK), name

    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            ("br", OK),
            ("gzip", OK),
            ("gzip", gzip.compress(OK * 50, mtime=0)[:-9]),
            ("gzip, gzip", OK),
            ("gzip", gzip.compress(OK, mtime=0) + gzip.compress(b"down", mtime=0)),
        ],
    )
    def test_packed_in_a_way_that_cannot_be_read(
        self, look: Any, answers: Any, page: Any, encoding: str, body: bytes
    ) -> None:
        url = answers(page(body, headers=f"Content-Encoding: {encoding}\r\n")).url
        assert look({"http": url, "body": {"contains": "ok", "lacks": "down"}}).verdict == ERROR
        assert look({"http": url}).verdict == PASSED

    def test_bomb(self, look: Any, answers: Any, page: Any) -> None:
        body = gzip.compress(b"\0" * (64 * 2**20), compresslevel=1)
        url = answers(page(body, headers="Content-Encoding: gzip\r\n")).url
        found = look({"http": url, "body": {"contains": "ok"}})
        assert found.verdict == ERROR
        assert found.outputs[0].truncated
        assert found.outputs[0].size <= 2**20 + 1

    def test_chunked(self, look: Any, answers: Any) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        url = answers(head, b'8\r\n{"status\r\n', b'8\r\n": "ok"}\r\n', b"0\r\n\r\n").url
        assert look({"http": url, "json": {"status": "ok"}}).verdict == PASSED

    def test_longer_than_is_read(self, look: Any, answers: Any, page: Any) -> None:
        url = answers(page(b"start " + b"x" * (3 * 2**20) + b" end")).url
        wanted = [
            {"contains": "start"},
            {"contains": "end"},
            {"contains": "start", "lacks": "down"},
        ]
        found = [look({"http": url, "body": body}) for body in wanted]
        assert [one.verdict for one in found] == [PASSED, ERROR, ERROR]
        assert found[0].outputs[0].truncated
        assert len(found[0].outputs[0].kept) == 2**20
        assert look({"http": url, "json": {"a": 1}}).verdict == ERROR
        assert look({"http": url, "max_response_time": "5s"}).verdict == ERROR


class TestTls:
    def test_trusted(self, look: Any, world: Any, authority: Any, secure: Any, page: Any) -> None:
        pem = authority("127.0.0.1")
        Path(world.root, "ca.pem").write_text("# Aussteller: Müller\n" + pem.read_text())
        found = look({"http": secure(pem, page(OK)), "ca_file": "ca.pem"})
        assert found.verdict == PASSED
        assert found.facts["tls"]["subject"] == "commonName=127.0.0.1"

    def test_not_trusted(
        self, look: Any, authority: Any, secure: Any, page: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pem = authority("127.0.0.1")
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        found = look({"http": secure(pem, page(OK))})
        assert found.verdict == FAILED
        assert "not trusted" in found.actual

    def test_another_host(self, look: Any, authority: Any, secure: Any, page: Any) -> None:
        pem = authority("other.example")
        found = look({"http": secure(pem, page(OK)), "ca_file": str(pem)})
        assert found.verdict == FAILED
        assert "not trusted" in found.actual

    def test_no_tls_there(self, look: Any, serve: Any, page: Any) -> None:
        port = serve(lambda connection: connection.sendall(page(OK)))
        found = look({"http": f"https://127.0.0.1:{port}/"})
        assert found.verdict == FAILED
        assert "TLS" in found.actual

    def test_ca_file_that_is_none(
        self, look: Any, world: Any, authority: Any, secure: Any, page: Any, closed_port: int
    ) -> None:
        Path(world.root, "empty.pem").write_text("nothing")
        broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        Path(world.root, "broken.pem").write_text(broken)
        Path(world.root, "folder").mkdir()
        Path(world.root, "out.pem").symlink_to("/etc/hostname")
        url = secure(authority("127.0.0.1"), page(OK))
        for name in ("missing.pem", "empty.pem", "broken.pem", "folder", "out.pem"):
            found = look({"http": url, "ca_file": name})
            assert found.verdict == ERROR, name
            assert name in found.actual

    def test_python_without_authorities(self, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        nowhere = ssl.DefaultVerifyPaths("", "", "", "/no/file", "", "/no/folder")
        monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
        assert look({"http": "https://127.0.0.1:1/"}).verdict == ERROR


class TestSecrets:
    def test_sent(self, look: Any, answers: Any, page: Any) -> None:
        server = answers(page(OK))
        auth = {"user": "ops", "password": SECRET}
        found = look({"http": server.url, "headers": {"X-Key": SECRET}, "basic_auth": auth})
        assert found.verdict == PASSED
        assert f"X-Key: {SECRET}".encode() in server.requests[0]
        assert b"Basic " + b64encode(f"ops:{SECRET}".encode()) in server.requests[0]
        assert SECRET not in repr(found)

    def test_not_in_what_is_said_of_a_failure(
        self, look: Any, serve: Any, answers: Any, closed_port: int, http_kit: Any
    ) -> None:
        headers = {"X-Key": SECRET}
        auth = {"user": "ops", "password": SECRET}
        for url in (
            f"http://127.0.0.1:{closed_port}/",
            f"http://127.0.0.1:{serve(http_kit.reset)}/",
            answers(b"garbage\r\n\r\n").url,
            "http://no-such-host.invalid/",
        ):
            found = look({"http": url, "headers": headers, "basic_auth": auth})
            assert found.verdict != PASSED
            assert SECRET not in repr(found)
            assert b64encode(f"ops:{SECRET}".encode()).decode() not in repr(found)

    def test_not_in_what_is_said_of_a_header_that_cannot_be(self, refused: Any) -> None:
        for value in (f"{SECRET}\r\nX: y", f"{SECRET}\n", f"{SECRET}☃", f"{SECRET}\0"):
            told = refused({"http": "http://h/", "headers": {"X-Key": Scalar(value)}})
            assert "X-Key" in told
            assert SECRET not in told

    def test_own_headers_win(self, look: Any, answers: Any, page: Any) -> None:
        server = answers(page(OK))
        look({"http": server.url, "headers": {"Host": "app.example", "user-agent": "probe"}})
        assert server.requests[0].count(b"Host:") == 1
        assert b"Host: app.example\r\n" in server.requests[0]
        assert b"todo_manager" not in server.requests[0]

    def test_secrets_may_stand_in_headers_and_basic_auth_only(
        self, check: Any, refused: Any
    ) -> None:
        names = {"secrets": ["TOKEN"]}
        check({"http": "http://h/", "headers": {"A": "Bearer ${TOKEN}"}}, **names)
        check({"http": "http://h/", "basic_auth": {"user": "u", "password": "${TOKEN}"}}, **names)
        refused({"http": "http://h/${TOKEN}"}, **names)
        refused({"http": "http://h/", "body": {"contains": "${TOKEN}"}}, **names)


class TestLoad:
    @pytest.mark.parametrize(
        "url",
        [
            "h:80",
            "ftp://h/",
            "http://",
            "http:///x",
            "http://h:0/",
            "http://h:70000/",
            "http://h:x/",
            "http://h/a b",
            "http://h/\n",
            "http://h\\@x/",
            "http://[::1/",
            "//h/",
            "http://bücher/",
            "http://u:p@h/",
            "http://u@h/",
            "file:///etc/passwd",
        ],
    )
    def test_urls_that_are_none(self, refused: Any, url: str) -> None:
        refused({"http": Scalar(url)})

    def test_password_in_the_url_names_the_way_out(self, refused: Any) -> None:
        told = refused({"http": f"http://ops:{SECRET}@h/"})
        assert "basic_auth" in told
        assert SECRET not in told

    @pytest.mark.parametrize(
        "wanted",
        [
            {"status": []},
            {"status": 99},
            {"status": "ok"},
            {"method": "get"},
            {"method": "TRACE"},
            {"body": {}},
            {"body": {"lacks": "x"}},
            {"body": "ok"},
            {"json": {}},
            {"statsu": 200},
            {"headers": {"a b": "c"}},
            {"headers": {"Content-Length": 5}},
            {"headers": ["a"]},
            {"basic_auth": {"user": "a"}},
            {"basic_auth": {"user": "a:b", "password": "c"}},
            {"basic_auth": {"user": "a", "password": "b"}, "headers": {"authorization": "x"}},
            {"method": "HEAD", "json": {"a": 1}},
            {"ca_file": "../x"},
            {"ca_file": "x"},
            {"max_response_time": 0},
            {"follow_redirects": "maybe"},
            {"served_by": "web", "follow_redirects": True},
            {"served_by": "/web"},
        ],
    )
    def test_parameters_that_cannot_be(self, refused: Any, wanted: Any) -> None:
        refused({"http": "http://h/", **wanted})

    def test_inputs(self, check: Any, refused: Any) -> None:
        check({"http": "http://${HOST}/", "ca_file": "x.pem"}, inputs=["HOST"])
        for name in ("status", "json", "body", "ca_file", "max_response_time", "method"):
            refused({"http": "http://h/", name: "${HOST}"}, inputs=["HOST"])

    def test_every_parameter_is_documented(self) -> None:
        source = Path(module.__file__).read_text()
        for name in module.Http.__annotations__:
            assert re.search(rf'^    {name}: .*\n    """', source, re.MULTILINE), name

    def test_facts_are_json(self, look: Any, answers: Any, page: Any) -> None:
        json.dumps(look({"http": answers(page(OK)).url}).facts)


def test_whom_it_believes_is_part_of_the_definition(project: Any) -> None:
    """Another certificate in the file would let another server answer."""
    project.write("ca[1].pem", "one")
    project.plan("p", "- {title: T, verify: [{http: 'https://a:1/', ca_file: 'ca[1].pem'}]}")
    project.write("ca[1].pem", "two")
    project.ask("done", "p", 0).refused("definition_changed")
