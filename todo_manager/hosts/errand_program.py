"""The errand that runs a program: below a supervisor, as the nanny of this machine's own programs does it.

Its text also runs on other machines, so it needs the standard library of Python 3.9 only.
"""

import marshal
import os
import select
import socket
from typing import Any

from todo_manager.hosts.files import Files
from todo_manager.hosts.frames import answer, send
from todo_manager.processes import nanny

_CHUNK = 2**16
_SYSTEM = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


def run(request: "dict[str, Any]") -> None:
    """Run one program under a supervisor of its own, pass on what it writes, and report."""
    home = os.path.expanduser("~")
    env = {"PATH": _SYSTEM, "HOME": home, "LANG": "C.UTF-8", "TMPDIR": "/tmp", **request["env"]}
    argv, cwd = request["argv"], os.path.join(home, request["cwd"])
    path = _program(argv[0], cwd)
    if not path:
        return answer({"problem": f"needs {argv[0]}: no such program there"})
    report = {"program": path, "sha256": _digest(path)}
    nanny.hide()
    token = os.urandom(16)
    answered, streams = _supervised([path, *argv[1:]], cwd, env, token)
    found = _watch(answered, streams)
    if found.startswith(token):
        code, signal, leaked, problem = marshal.loads(found[len(token) :])
        report.update(exit=code, signal=signal, leaked=leaked, problem=problem)
    else:
        report.update(problem="the process that watched the program was killed")
    answer(report)


def _program(name: str, cwd: str) -> str:
    if "/" in name:
        places = [os.path.join(cwd, name)]
    else:
        places = [os.path.join(folder, name) for folder in _SYSTEM.split(":")]
    return next((p for p in places if os.path.isfile(p) and os.access(p, os.X_OK)), "")


def _digest(path: str) -> str:
    try:
        return Files().read(os.path.realpath(path), 0, whole=True, seconds=60).sha256
    except OSError:
        return ""  # a program may be run without being readable


def _supervised(
    argv: "list[str]", cwd: str, env: "dict[str, str]", token: bytes
) -> "tuple[socket.socket, dict[int, bytes]]":
    """Start a program below a supervisor: where that reports, and both streams with their letters."""
    out, out_theirs = os.pipe2(os.O_CLOEXEC)
    err, err_theirs = os.pipe2(os.O_CLOEXEC)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    job = os.memfd_create("job")
    os.write(job, marshal.dumps((argv, cwd, env, None, token)))
    os.lseek(job, 0, os.SEEK_SET)
    if os.fork() == 0:
        try:
            ours.close()
            nanny.supervise([job, out_theirs, err_theirs, theirs.detach()])
        finally:
            os._exit(1)
    for descriptor in (job, out_theirs, err_theirs, theirs.detach()):
        os.close(descriptor)
    return ours, {out: b"o", err: b"e"}


def _watch(answered: socket.socket, streams: "dict[int, bytes]") -> bytes:
    """Pass on what is written until the supervisor reports; a word or silence from us ends the program."""
    poll = select.poll()
    for descriptor in (0, answered.fileno(), *streams):
        poll.register(descriptor, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == answered.fileno():
                found = answered.recv(65536)
                _drain(streams)
                return found
            if descriptor == 0:
                poll.unregister(0)
                answered.send(b"k")
            elif not _pass_on(descriptor, streams[descriptor]):
                poll.unregister(descriptor)


def _pass_on(descriptor: int, letter: bytes) -> bool:
    chunk = os.read(descriptor, _CHUNK)
    if chunk:
        send(letter, chunk)
    return bool(chunk)


def _drain(streams: "dict[int, bytes]") -> None:
    """Take what is still in the pipes; never wait for more, a survivor may hold them open."""
    for descriptor, letter in streams.items():
        os.set_blocking(descriptor, False)
        try:
            while _pass_on(descriptor, letter):
                pass
        except BlockingIOError:
            pass
