"""What a name means inside a container: by its own /etc/hosts and the servers of its /etc/resolv.conf.

The C library of this machine would ask this machine's resolver, caches and modules, and loading a
container's modules into this process would run its code. So the question is asked here, by RFC 1035 and
resolv.conf(5). Its text also runs on other machines: standard library of Python 3.9 only.
"""

import ipaddress
import os
import socket
import struct
import time
from collections.abc import Callable

_TYPES = {1: (4, socket.AF_INET), 28: (16, socket.AF_INET6)}
"""A and AAAA, with the length of an address and its family."""
_EACH = 5.0
"""Seconds one server may take for one answer, as in resolv.conf(5)."""


class Resolver:
    """Answers from two files' texts; `opened(family, kind)` makes a socket in the container's network."""

    def __init__(
        self, resolv: str, hosts: str, opened: "Callable[[int, int], socket.socket]"
    ) -> None:
        self._opened = opened
        self._hosts = [line.partition("#")[0].split() for line in hosts.splitlines()]
        self._servers: list[str] = []
        self._search, self._ndots = [""], 1
        for line in resolv.splitlines():
            self._setting(line.split())

    def _setting(self, words: "list[str]") -> None:
        if words[:1] == ["nameserver"] and len(words) > 1:
            self._servers.append(words[1].partition("%")[0])
        elif words[:1] in (["search"], ["domain"]):
            self._search = ["", *words[1:]]
        elif words[:1] == ["options"]:
            counts = [word[6:] for word in words if word.startswith("ndots:")]
            self._ndots = int(counts[-1]) if counts and counts[-1].isdecimal() else self._ndots

    def addresses(self, name: str, seconds: float) -> "list[str]":
        """The addresses of a name, each a text; raises socket.gaierror, which says why there is none."""
        try:
            return [str(ipaddress.ip_address(name))]
        except ValueError:
            pass
        known = [words[0] for words in self._hosts if name.lower() in map(str.lower, words[1:])]
        if known:
            return list(dict.fromkeys(known))
        end, answered = time.monotonic() + seconds, False
        for full in self._candidates(name):
            found = [self._ask(full, kind, end) for kind in _TYPES]
            answered = answered or None not in found
            if any(found):
                return [address for answer in found for address in answer or ()]
        if not answered:
            raise socket.gaierror(socket.EAI_AGAIN, "no name server of the container answers")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def _candidates(self, name: str) -> "list[str]":
        if name.endswith("."):
            return [name.rstrip(".")]
        found = [f"{name}.{suffix}".strip(".") for suffix in self._search]
        return found if name.count(".") >= self._ndots else [*found[1:], found[0]]

    def _ask(self, name: str, kind: int, end: float) -> "list[str] | None":
        """Addresses of one type from the first server that knows; None when none gave an answer."""
        for server in self._servers[:3]:
            left = min(_EACH, end - time.monotonic())
            if left <= 0:
                raise TimeoutError
            try:
                return self._answer(server, name, kind, left)
            except (OSError, ValueError, struct.error, IndexError):
                continue
        return None

    def _answer(self, server: str, name: str, kind: int, seconds: float) -> "list[str]":
        number = os.urandom(2)
        labels = [part.encode("idna") for part in name.split(".")]
        asked = b"".join(bytes([len(part)]) + part for part in labels) + b"\0"
        asked += struct.pack("!HH", kind, 1)
        query = number + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + asked
        answer = self._exchange(server, query, socket.SOCK_DGRAM, seconds)
        if answer[2] & 2:
            answer = self._exchange(server, query, socket.SOCK_STREAM, seconds)
        if answer[:2] != number or answer[12 : 12 + len(asked)].lower() != asked.lower():
            raise ValueError("an answer to another question")
        code = answer[3] & 15
        if code not in (0, 3):
            raise ValueError(f"the server says {code}")
        return _records(answer, 12 + len(asked), kind) if code == 0 else []

    def _exchange(self, server: str, query: bytes, kind: int, seconds: float) -> bytes:
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        with self._opened(family, kind) as sock:
            sock.settimeout(seconds)
            sock.connect((server, 53))
            if kind == socket.SOCK_DGRAM:
                sock.send(query)
                return sock.recv(65535)
            sock.sendall(struct.pack("!H", len(query)) + query)
            with sock.makefile("rb") as file:
                return file.read(struct.unpack("!H", file.read(2))[0])


def _records(answer: bytes, at: int, wanted: int) -> "list[str]":
    found = []
    for _ in range(struct.unpack("!H", answer[6:8])[0]):
        at = _after_name(answer, at)
        kind, _, _, length = struct.unpack("!HHIH", answer[at : at + 10])
        data = answer[at + 10 : at + 10 + length]
        at += 10 + length
        if kind == wanted and length == _TYPES[kind][0]:
            found.append(socket.inet_ntop(_TYPES[kind][1], data))
    return found


def _after_name(answer: bytes, at: int) -> int:
    while answer[at]:
        if answer[at] >= 192:
            return at + 2
        at += answer[at] + 1
    return at + 1
