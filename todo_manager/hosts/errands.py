"""This side of an errand: start it on another machine, ask it, and take what it brings.

What runs there is `errand.py`; its text is sent anew each time, so both sides always fit each other.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from todo_manager.engines.engine import Unreachable
from todo_manager.hosts.figures import Room, Share, System
from todo_manager.hosts.files import Content, Entry
from todo_manager.hosts.frames import pack
from todo_manager.hosts.login import Login, import_paramiko
from todo_manager.hosts.pool import BEGIN, Pool

_PACKAGE = Path(__file__).parents[1]
_SENT = (
    "todo_manager.processes.nanny",
    "todo_manager.hosts.figures",
    "todo_manager.hosts.files",
    "todo_manager.hosts.names",
    "todo_manager.hosts.netns",
    "todo_manager.hosts.network",
    "todo_manager.hosts.frames",
    "todo_manager.hosts.errand_program",
    "todo_manager.hosts.errand",
)
_PACKAGES = ("todo_manager", "todo_manager.processes", "todo_manager.hosts")
_BEGIN = (
    "exec python3 -I -S -c 'import io,os;"
    'r=io.BufferedReader(os.fdopen(0,"rb",0,closefd=False),1);exec(r.read(int(r.readline())))\''
)
"""The one command line, for whatever shell logs in there: it reads a program by its length and runs it."""
_NOISE = 2**16
"""Bytes a login shell may write before the errand begins to speak."""
_LONGEST = 64 * 2**20
"""Bytes one answer may have."""
_PROBLEMS: dict[str, Callable[..., Exception]] = {
    "gaierror": socket.gaierror,
    "TimeoutError": lambda number, words: TimeoutError(words),
    "UnicodeError": lambda number, words: UnicodeError(words),
    "OSError": OSError,
}


@cache
def _program() -> str:
    """The errand's text, and that of what it imports, as one program that takes its first line."""
    texts = {name: "" for name in _PACKAGES}
    for name in _SENT:
        file = _PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")
        texts[name] = file.read_text(encoding="utf-8")
    return (
        "import json,sys,types\n"
        f"for n,t in json.loads({json.dumps(texts)!r}).items():\n"
        "    m=sys.modules[n]=types.ModuleType(n)\n"
        "    if not t: m.__path__=[]\n"
        "    exec(compile(t,n,'exec'),m.__dict__)\n"
    )


class Errand:
    """One errand under way on a host. Every way in which the host lets us down is Unreachable."""

    def __init__(self, login: Login, channel: Any, request: dict[str, Any], seconds: float) -> None:
        """Begin it; it may take so many seconds from then on."""
        self._login = login
        self.channel = channel
        self.extend(BEGIN)
        line = secrets.token_hex(16)
        program = f"{_program()}sys.modules['{_SENT[-1]}'].main('{line}')\n".encode()
        self._talk(lambda: channel.exec_command(_BEGIN))
        self.send(str(len(program)).encode() + b"\n" + program)
        self._until(f"\n{line}\n".encode())
        self.extend(seconds)
        self.request(request)

    def place(self) -> str:
        """The host, for messages."""
        return self._login.place()

    def left(self) -> float:
        """Seconds until it is over; raises Unreachable when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise Unreachable(f"{self._login.place()} did not answer in time")
        return left

    def extend(self, seconds: float) -> None:
        """Give it so many seconds from now on."""
        self._end = time.monotonic() + seconds

    def request(self, request: dict[str, Any]) -> None:
        self.send(pack(b"q", json.dumps(request).encode()))

    def send(self, data: bytes) -> None:
        self._talk(lambda: self.channel.sendall(data))

    def frame(self) -> tuple[bytes, bytes]:
        """The next frame: its letter and its content."""
        head = self._exactly(5)
        length = int.from_bytes(head[1:], "big")
        if length > _LONGEST:
            raise Unreachable(f"{self._login.place()} gave a frame of {length} bytes")
        return head[:1], self._exactly(length)

    def ask(self, question: str, *words: Any) -> Any:
        """The answer to a question; a problem the other side had is raised here."""
        self.request({"question": question, "words": words})
        return self.answer()

    def answer(self) -> Any:
        """The next answer, read as JSON; a problem the other side had is raised here."""
        letter, data = self.frame()
        found = json.loads(data)
        if letter == b"f":
            raise problem_of(found)
        return found

    def _talk(self, work: Callable[[], Any]) -> Any:
        paramiko = import_paramiko()
        self.channel.settimeout(self.left())
        try:
            return work()
        except TimeoutError:
            raise Unreachable(f"{self._login.place()} did not answer in time") from None
        except (OSError, EOFError, paramiko.SSHException) as problem:
            reason = str(problem) or type(problem).__name__
            raise Unreachable(f"{self._login.place()} hung up: {reason}") from None

    def _exactly(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            found += self._some(size - len(found))
        return bytes(found)

    def _some(self, most: int) -> bytes:
        chunk: bytes = self._talk(lambda: self.channel.recv(most))
        if not chunk:
            raise Unreachable(self._why_ended())
        return chunk

    def _until(self, line: bytes) -> None:
        """Read to the end of the agreed line; what a login shell wrote before is left out."""
        seen = bytearray()
        while not seen.endswith(line):
            seen += self._some(1)
            if len(seen) > _NOISE:
                raise Unreachable(f"{self._login.place()}: its login shell talks without end")

    def _why_ended(self) -> str:
        code = self._talk(self.channel.recv_exit_status) if self._exited() else None
        said = self.channel.recv_stderr(4096) if self.channel.recv_stderr_ready() else b""
        words = " ".join(said.decode("utf-8", "replace").split())[-300:]
        if code in (126, 127):
            return f"{self._login.place()}: needs python3 there ({words or f'exit {code}'})"
        return f"{self._login.place()} hung up{f': {words}' if words else ''}"

    def _exited(self) -> bool:
        return bool(self.channel.status_event.wait(min(1.0, self.left())))


def problem_of(told: dict[str, Any]) -> Exception:
    """The exception that stands for a problem the other side had."""
    if told["kind"] not in _PROBLEMS:
        return Unreachable(f"the errand there broke: {told['words']}")
    found = _PROBLEMS[told["kind"]](told["errno"], told["words"])
    if isinstance(found, OSError) and told["path"]:
        found.filename = told["path"]
    return found


@contextmanager
def errand(pool: Pool, login: Login, request: dict[str, Any], seconds: float) -> Iterator[Errand]:
    """An errand on a host, of so many seconds once it has begun there, ended with this.

    Raises Unreachable, naming the host; also when nobody lets us in within as many seconds.
    """
    with pool.session(login, min(seconds, BEGIN)) as channel:
        yield Errand(login, channel, request, seconds)


class RemoteFiles:
    """The files of another machine: as `files.Files`, and Unreachable when the way there breaks down."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand

    def real(self, path: str) -> str:
        return str(self._errand.ask("real", path))

    def info(self, path: str, *, follow: bool = True) -> os.stat_result:
        return info_of(*self._errand.ask("info", path, follow))

    def names(self, folder: str) -> list[str]:
        return [str(name) for name in self._errand.ask("names", folder)]

    def holds(self, folder: str, name: str) -> bool:
        return bool(self._errand.ask("holds", folder, name))

    def entries(self, folder: str) -> list[Entry]:
        return [Entry(*each) for each in self._errand.ask("entries", folder)]

    def read(self, path: str, limit: int, *, whole: bool, seconds: float) -> Content:
        info, data, size, sha256 = self._errand.ask("read", path, limit, whole, seconds)
        return Content(info_of(*info), base64.b64decode(data), size, sha256)

    def now(self) -> float:
        return float(self._errand.ask("now"))

    def user(self, name: str) -> int:
        return int(self._errand.ask("user", name))


class RemoteFigures:
    """Another machine: as `figures.Figures`, and Unreachable when the way there breaks down."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand

    def name(self) -> str:
        return str(self._errand.ask("name"))

    def id(self) -> str:
        return str(self._errand.ask("id"))

    def system(self) -> System:
        return System(*self._errand.ask("system"))

    def cpus(self) -> Share:
        return Share(*self._errand.ask("cpus"))

    def memory(self) -> Share:
        return Share(*self._errand.ask("memory"))

    def room(self, path: str) -> Room:
        return Room(*self._errand.ask("room", path))


def info_of(mode: int, uid: int, gid: int, size: int, mtime_ns: int) -> os.stat_result:
    """A stat_result of what is known of a file that lies elsewhere."""
    mtime = mtime_ns / 1e9
    shown = (mode, 0, 0, 1, uid, gid, size, int(mtime), int(mtime), int(mtime))
    return os.stat_result(shown, {"st_mtime": mtime, "st_mtime_ns": mtime_ns})
