"""`tcp`: what passes, fails and cannot be told, and what would fool it."""

from __future__ import annotations

import errno
import socket
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from todo_manager.canonical import Scalar
from todo_manager.model import Verdict

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR


def says(*parts: bytes, pause: float = 0.0, then: float = 0.0) -> Any:
    def talk(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        time.sleep(then)

    return talk


def redis(connection: socket.socket) -> None:
    if connection.recv(100) == b"PING\r\n":
        connection.sendall(b"+PONG\r\n")


def test_accepted(look: Any, serve: Any) -> None:
    port = serve(says(then=1))
    found = look({"tcp": f"127.0.0.1:{port}"})
    assert found.verdict == PASSED
    assert found.facts["address"] == f"127.0.0.1:{port}"


def test_refused(look: Any, closed_port: int) -> None:
    found = look({"tcp": f"127.0.0.1:{closed_port}"})
    assert found.verdict == FAILED
    assert "refused" in found.actual
    assert str(closed_port) in found.expected


def test_name_that_does_not_resolve(look: Any) -> None:
    found = look({"tcp": "no-such-host.invalid:80"})
    assert found.verdict == ERROR
    assert "does not resolve" in found.actual


def test_label_too_long_to_be_a_name(look: Any) -> None:
    assert look({"tcp": f"{'a' * 70}.example:80"}).verdict == ERROR


def test_ipv6(look: Any, serve: Any) -> None:
    try:
        port = serve(says(then=1), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    assert look({"tcp": f"[::1]:{port}"}).verdict == PASSED


def test_second_address_of_a_name_answers(look: Any, serve: Any) -> None:
    assert look({"tcp": f"localhost:{serve(says(then=1))}"}).verdict == PASSED


@pytest.mark.alone
def test_no_answer_to_the_connection(look: Any, deaf_port: int) -> None:
    start = time.monotonic()
    found = look({"tcp": f"127.0.0.1:{deaf_port}"}, timeout=0.3)
    assert (found.verdict, time.monotonic() - start < 1.3) == (FAILED, True)


@pytest.mark.alone
def test_name_service_that_hangs(look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: gate.wait(5) or [])
    start = time.monotonic()
    found = look({"tcp": "db.example:5432"}, timeout=0.2)
    gate.set()
    assert (found.verdict, time.monotonic() - start < 1.2) == (ERROR, True)
    assert "did not resolve within 0.2 s" in found.actual


@pytest.mark.parametrize(
    "code", [errno.EACCES, errno.EMFILE, errno.ENETUNREACH, errno.EHOSTUNREACH]
)
def test_own_machine_cannot_ask(look: Any, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def fails(*args: Any) -> None:
        raise OSError(code, "Not today")

    monkeypatch.setattr(socket, "socket", fails)
    assert look({"tcp": "127.0.0.1:80"}).verdict == ERROR


def test_a_socket_connected_to_itself_is_no_listener(
    look: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ("127.0.0.1", 40000)
    mirror = SimpleNamespace(
        settimeout=lambda s: None,
        connect=lambda a: None,
        getsockname=lambda: here,
        getpeername=lambda: here,
        detach=lambda: -1,
    )

    class Mirror:
        shutdown = staticmethod(lambda sock, how: None)

        def __new__(cls, *args: Any) -> Any:
            return mirror

    monkeypatch.setattr(socket, "socket", Mirror)
    assert look({"tcp": "127.0.0.1:40000"}).verdict == FAILED


class TestExpect:
    def test_said(self, look: Any, serve: Any) -> None:
        port = serve(says(b"220 mail ready\r\n", then=1))
        found = look({"tcp": f"127.0.0.1:{port}", "expect": "220 mail"})
        assert found.verdict == PASSED
        assert found.outputs[0].kept == b"220 mail ready\r\n"

    def test_answer_to_what_was_sent(self, look: Any, serve: Any) -> None:
        mapping = {
            "tcp": f"127.0.0.1:{serve(redis)}",
            "send": Scalar("PING\r\n"),
            "expect": "+PONG",
        }
        assert look(mapping).verdict == PASSED

    def test_something_else_is_said(self, look: Any, serve: Any) -> None:
        port = serve(says(b"SSH-2.0\r\n"))
        found = look({"tcp": f"127.0.0.1:{port}", "expect": "220 mail"})
        assert found.verdict == FAILED
        assert "SSH-2.0" in found.actual

    def test_proxy_with_nothing_behind(self, look: Any, serve: Any, http_kit: Any) -> None:
        """docker-proxy accepts and then closes or resets; a bare check says yes and warns."""
        for talk in (says(), http_kit.reset):
            assert look({"tcp": f"127.0.0.1:{serve(talk)}", "expect": "+PONG"}).verdict == FAILED

    def test_proxy_that_keeps_silent(self, look: Any, serve: Any) -> None:
        port = serve(says(then=2))
        found = look({"tcp": f"127.0.0.1:{port}", "expect": "+PONG"}, timeout=0.2)
        assert found.verdict == FAILED
        assert "no complete answer within 0.2 s" in found.actual

    def test_text_in_pieces(self, look: Any, serve: Any) -> None:
        port = serve(says(*[bytes([b]) for b in b"+PONG\r\n"], pause=0.01, then=1))
        assert look({"tcp": f"127.0.0.1:{port}", "expect": "+PONG"}).verdict == PASSED

    def test_pattern_waits_for_the_rest(self, look: Any, serve: Any) -> None:
        port = serve(says(b"status OK", b"-ISH\n", pause=0.03))
        mapping = {"tcp": f"127.0.0.1:{port}", "expect": {"matches": "OK$"}}
        assert look(mapping).verdict == FAILED

    def test_pattern_and_text(self, look: Any, serve: Any) -> None:
        port = serve(says(b"220 ready v3\r\n", then=1))
        wanted = {"contains": ["ready"], "matches": r"v[0-9]+"}
        assert look({"tcp": f"127.0.0.1:{port}", "expect": wanted}).verdict == PASSED

    @pytest.mark.alone
    def test_one_byte_at_a_time_does_not_move_the_deadline(self, look: Any, serve: Any) -> None:
        port = serve(says(*[b"."] * 200, pause=0.02))
        start = time.monotonic()
        found = look({"tcp": f"127.0.0.1:{port}", "expect": "ready"}, timeout=0.3)
        assert (found.verdict, time.monotonic() - start < 1.3) == (FAILED, True)
        assert "bytes" in found.actual
        assert found.outputs[0].kept.startswith(b"..")

    def test_endless_answer(self, look: Any, serve: Any) -> None:
        port = serve(says(*[b"x" * 65536] * 50))
        found = look({"tcp": f"127.0.0.1:{port}", "expect": "ready"})
        assert found.verdict == ERROR
        assert found.outputs[0].truncated


class TestNotListening:
    def test_refused(self, look: Any, closed_port: int) -> None:
        found = look({"tcp": f"127.0.0.1:{closed_port}", "listening": False})
        assert found.verdict == PASSED
        assert found.facts["refused"] == [f"127.0.0.1:{closed_port}"]

    def test_something_accepts(self, look: Any, serve: Any) -> None:
        port = serve(says(then=1))
        found = look({"tcp": f"127.0.0.1:{port}", "listening": False})
        assert found.verdict == FAILED
        assert "accepted" in found.actual

    def test_one_of_several_addresses_accepts(self, look: Any, serve: Any) -> None:
        port = serve(says(then=1))
        assert look({"tcp": f"localhost:{port}", "listening": False}).verdict == FAILED

    def test_silence_proves_nothing(self, look: Any, deaf_port: int) -> None:
        mapping = {"tcp": f"127.0.0.1:{deaf_port}", "listening": False}
        assert look(mapping, timeout=0.2).verdict == ERROR

    def test_no_name_proves_nothing(self, look: Any) -> None:
        assert look({"tcp": "no-such-host.invalid:80", "listening": False}).verdict == ERROR

    def test_no_route_proves_nothing(self, look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*args: Any) -> None:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")

        monkeypatch.setattr(socket, "socket", fails)
        assert look({"tcp": "127.0.0.1:80", "listening": False}).verdict == ERROR

    def test_machine_without_ipv6(
        self, look: Any, closed_port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At ::1 nothing can listen there, so the refusal at 127.0.0.1 decides."""
        real, resolve = socket.socket, socket.getaddrinfo
        four = resolve("127.0.0.1", closed_port, type=socket.SOCK_STREAM)
        six = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", closed_port, 0, 0))]

        class NoIpv6(real):  # type: ignore[misc, valid-type]
            def __init__(self, family: int = -1, *args: Any) -> None:
                if family == socket.AF_INET6:
                    raise OSError(errno.EAFNOSUPPORT, "Address family not supported")
                super().__init__(family, *args)

        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kw: six + four)
        monkeypatch.setattr(socket, "socket", NoIpv6)
        mapping = {"tcp": f"localhost:{closed_port}", "listening": False}
        assert look(mapping).verdict == PASSED


class TestLoad:
    @pytest.mark.parametrize(
        "target",
        [
            "localhost",
            "localhost:",
            ":80",
            "localhost:0",
            "localhost:65536",
            "localhost:080",
            "::1:80",
            "[::1]",
            "http://localhost:80",
            "local host:80",
            "localhost:80/x",
            "a\x00b:80",
        ],
    )
    def test_targets_that_are_none(self, refused: Any, target: str) -> None:
        assert "host:port" in refused({"tcp": Scalar(target)})

    @pytest.mark.parametrize("beside", [{"expect": "x"}, {"expect": "x", "send": "y"}])
    def test_nothing_listens_and_answers(self, refused: Any, beside: Any) -> None:
        assert "listening: false" in refused({"tcp": "h:80", "listening": False, **beside})

    def test_send_without_expect(self, refused: Any) -> None:
        assert "needs an expect" in refused({"tcp": "h:80", "send": "PING"})

    @pytest.mark.parametrize("wanted", [Scalar(""), Scalar(" "), [], {}, {"matches": ".*"}])
    def test_expect_that_asserts_nothing(self, refused: Any, wanted: Any) -> None:
        refused({"tcp": "h:80", "expect": wanted})

    def test_expect_lacks(self, refused: Any) -> None:
        assert "lacks" in refused({"tcp": "h:80", "expect": {"lacks": ["x"]}})

    def test_nothing_that_listens_is_served_by_nobody(self, refused: Any) -> None:
        wanted = {"tcp": "h:80", "listening": False, "served_by": "web"}
        assert "no served_by beside it" in refused(wanted)

    def test_bare_check_warns(self, check: Any) -> None:
        assert "proxy" in check({"tcp": "h:80"}).lint()[0]
        assert not check({"tcp": "h:80", "expect": "x"}).lint()
        assert not check({"tcp": "h:80", "listening": False}).lint()

    def test_input_may_be_the_target_but_not_the_expectation(
        self, check: Any, refused: Any
    ) -> None:
        check({"tcp": "${HOST}:80"}, inputs=["HOST"])
        refused({"tcp": "h:80", "expect": "${HOST}"}, inputs=["HOST"])
