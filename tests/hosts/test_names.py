"""Name resolution by a container's own files, against a name server that answers as it is told."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from todo_manager.hosts.names import Resolver

A, AAAA = 1, 28
Records = dict[tuple[str, int], list[str]]


class Redirected(socket.socket):
    """A socket that reaches the test's server under every address of a name server."""

    port = 0

    def connect(self, address: object) -> None:
        super().connect(("127.0.0.1", self.port))


def sockets_of_one_port() -> tuple[socket.socket, socket.socket]:
    """A socket for UDP and one for TCP, at a port that was free for both."""
    while True:
        udp, tcp = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
        udp.bind(("127.0.0.1", 0))
        try:
            tcp.bind(udp.getsockname())
        except OSError:  # somebody else has it for TCP
            udp.close()
            tcp.close()
        else:
            return udp, tcp


class NameServer:
    """Answers questions from `records`; `twist` changes what is sent over UDP."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.asked: list[str] = []
        self.twist: Callable[[bytes], bytes] = lambda answer: answer
        self.code = 3
        self.udp, self.tcp = sockets_of_one_port()
        self.tcp.listen()
        for work in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    def close(self) -> None:
        for each in (self.udp, self.tcp):
            each.close()

    def opened(self, family: int, kind: int) -> socket.socket:
        found = Redirected(socket.AF_INET, kind)
        found.port = self.udp.getsockname()[1]
        return found

    def answer(self, query: bytes) -> bytes:
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += query[at] + 1
        name, (kind,) = ".".join(labels), struct.unpack("!H", query[at + 1 : at + 3])
        self.asked.append(name)
        known = any(name == other for other, _ in self.records)
        found = self.records.get((name, kind), [])
        head = query[:2] + struct.pack(
            "!HHHHH", 0x8180 | (0 if known else self.code), 1, len(found), 0, 0
        )
        family = socket.AF_INET if kind == A else socket.AF_INET6
        body = b""
        for each in found:
            data = socket.inet_pton(family, each)
            body += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
        return head + query[12 : at + 5] + body

    def _serve_udp(self) -> None:
        try:
            while True:
                query, peer = self.udp.recvfrom(4096)
                self.udp.sendto(self.twist(self.answer(query)), peer)
        except OSError:
            pass

    def _serve_tcp(self) -> None:
        try:
            while True:
                with self.tcp.accept()[0] as sock, sock.makefile("rb") as file:
                    query = file.read(struct.unpack("!H", file.read(2))[0])
                    answer = self.answer(query)
                    sock.sendall(struct.pack("!H", len(answer)) + answer)
        except OSError:
            pass


@pytest.fixture
def server() -> Iterator[NameServer]:
    found = NameServer({("web", A): ["10.0.0.7"], ("db.inner", A): ["10.0.0.8"],
                        ("six", AAAA): ["fd00::6"], ("two", A): ["10.0.0.1", "10.0.0.2"]})  # fmt: skip
    yield found
    found.close()


RESOLV = "# made by an engine\nnameserver 127.0.0.11\nsearch inner\noptions ndots:0\n"


def test_what_names_mean(server: NameServer) -> None:
    found = Resolver(RESOLV, "10.9.9.9 fixed Alias # x\n", server.opened)
    assert found.addresses("web", 5) == ["10.0.0.7"]
    assert found.addresses("web.", 5) == ["10.0.0.7"]
    assert found.addresses("db", 5) == ["10.0.0.8"]
    assert found.addresses("six", 5) == ["fd00::6"]
    assert found.addresses("two", 5) == ["10.0.0.1", "10.0.0.2"]
    server.asked.clear()
    assert found.addresses("alias", 5) == ["10.9.9.9"]
    assert found.addresses("10.1.1.1", 5) == ["10.1.1.1"]
    assert found.addresses("::1", 5) == ["::1"]
    assert server.asked == []


def test_few_dots_try_the_search_list_first(server: NameServer) -> None:
    Resolver(RESOLV.replace("ndots:0", "ndots:2"), "", server.opened).addresses("db", 5)
    assert server.asked[0] == "db.inner"


def test_an_answer_that_was_cut_is_asked_for_over_tcp(server: NameServer) -> None:
    server.twist = lambda answer: answer[:2] + bytes([answer[2] | 2]) + answer[3:12] + answer[12:]
    assert Resolver(RESOLV, "", server.opened).addresses("two", 5) == ["10.0.0.1", "10.0.0.2"]
    assert server.asked.count("two") == 4


def test_a_name_that_is_none(server: NameServer) -> None:
    with pytest.raises(socket.gaierror, match="Name or service not known"):
        Resolver(RESOLV, "", server.opened).addresses("nobody", 5)


@pytest.mark.parametrize(
    "twist",
    [
        lambda answer: b"\0\0" + answer[2:],
        lambda answer: answer[:13] + b"X" + answer[14:],
        lambda answer: answer[:20],
        lambda answer: b"",
        lambda answer: answer[:3] + b"\x82" + answer[4:],
    ],
)
def test_answers_that_count_for_nothing(
    server: NameServer, twist: Callable[[bytes], bytes]
) -> None:
    """Of another question, of none, cut short, or a server's own trouble: the name may well be there."""
    server.twist = twist
    with pytest.raises(socket.gaierror, match="no name server of the container answers"):
        Resolver(RESOLV, "", server.opened).addresses("web", 5)


def test_without_a_name_server(server: NameServer) -> None:
    with pytest.raises(socket.gaierror, match="no name server of the container answers"):
        Resolver("", "", server.opened).addresses("web", 5)
