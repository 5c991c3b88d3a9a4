"""What runs on another machine for a check: started over ssh by that machine's python3, and gone with it.

Its text, and that of what it imports, is sent through standard input together with the errand, so that
no secret stands in an argument, nothing has to be installed there and nothing is left behind.
Standard library of Python 3.9 only. What comes before the agreed first line is noise of a login shell.
"""

import base64
import json
import os
import select
import socket
import sys
from typing import Any

from todo_manager.hosts.errand_program import run
from todo_manager.hosts.figures import Figures
from todo_manager.hosts.files import Files
from todo_manager.hosts.frames import answer, problem_of, receive, send
from todo_manager.hosts.netns import open_network
from todo_manager.hosts.network import ContainerNetwork, Network

_CHUNK = 2**16
_STAT = ("st_mode", "st_uid", "st_gid", "st_size", "st_mtime_ns")


def main(first_line: str) -> None:
    """Say the agreed line, then serve one errand until it is over or the other side hangs up."""
    sys.stdout = sys.stderr
    os.write(1, f"\n{first_line}\n".encode())
    frame = receive()
    if frame is None:
        return
    request = json.loads(frame[1])
    errands: dict[str, Any] = {
        "run": run,
        "files": lambda _: serve(Files(), _FILES),
        "figures": lambda _: serve(Figures(), _FIGURES),
        "network": network,
    }
    errands[request["errand"]](request)


def serve(place: Any, offered: "dict[str, Any]") -> None:
    """Answer questions about a place, one after another."""
    while True:
        frame = receive()
        if frame is None:
            return
        request = json.loads(frame[1])
        try:
            answer(offered[request["question"]](place, *request["words"]))
        except Exception as error:
            send(b"f", json.dumps(problem_of(error)).encode())


def _info(found: os.stat_result) -> "list[int]":
    return [getattr(found, name) for name in _STAT]


def _content(place: Files, path: str, limit: int, whole: bool, seconds: float) -> Any:
    found = place.read(path, limit, whole=whole, seconds=seconds)
    return [_info(found.info), base64.b64encode(found.data).decode(), found.size, found.sha256]


_FILES = {
    "real": Files.real,
    "info": lambda place, path, follow: _info(place.info(path, follow=follow)),
    "names": Files.names,
    "holds": Files.holds,
    "entries": Files.entries,
    "read": _content,
    "now": Files.now,
    "user": Files.user,
}

_FIGURES = {
    name: getattr(Figures, name) for name in ("name", "id", "system", "cpus", "memory", "room")
}

_NETWORK = {"addresses": "addresses", "owns": "owns", "machine": "machine"}


def network(request: "dict[str, Any]") -> None:
    """Answer questions about this machine's network or a container's; end as a relay of one connection."""
    place = Network()
    if request.get("pid"):
        try:
            handle = open_network(request["pid"], request["container"])
            place = ContainerNetwork(handle, request["resolv"], request["hosts"])
            answer(True)
        except OSError as error:
            send(b"f", json.dumps(problem_of(error)).encode())
            return
    reached: list[socket.socket] = []

    def reach(place: Network, address: Any, seconds: float) -> bool:
        address = [*address[:4], tuple(address[4])]
        reached.append(place.reach(address, seconds, lambda sock: sock))
        return True

    while not reached:
        frame = receive()
        if frame is None:
            return
        asked = json.loads(frame[1])
        try:
            if asked["question"] == "reach":
                answer(reach(place, *asked["words"]))
            else:
                answer(getattr(place, _NETWORK[asked["question"]])(*asked["words"]))
        except Exception as error:
            send(b"f", json.dumps(problem_of(error)).encode())
    _relay(reached[0])


def _relay(sock: socket.socket) -> None:
    """Pass bytes on until one side ends: from here in frames, so that how it ended can be told."""
    sock.settimeout(None)
    while True:
        ready, _, _ = select.select([0, sock.fileno()], [], [])
        try:
            if sock.fileno() in ready:
                data = sock.recv(_CHUNK)
                if not data:
                    return answer("ended")
                send(b"d", data)
            if 0 in ready:
                data = os.read(0, _CHUNK)
                if not data:
                    return
                sock.sendall(data)
        except ConnectionError as error:
            send(b"f", json.dumps(problem_of(error)).encode())
            return
