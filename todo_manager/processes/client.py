"""The tool's side of the nanny: start a program, read it while it runs, see that it is gone."""

from __future__ import annotations

import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from todo_manager.checks.base import Ran
from todo_manager.crashpoints import point
from todo_manager.processes.capture import Capture

_GRACE = 10.0
"""Seconds a supervisor may take to end everything below a program before we give it up."""
_LONGEST = 86_400.0
"""Seconds waited in one go: poll counts milliseconds in an int."""
_CHUNK = 2**18
_READY = b"ready"
_SET_DUMPABLE = 4
"""As in nanny.py, whose imports this process does not need."""

Tell = Callable[[str, bytes], None]
"""Takes the name of a stream and what was just written to it."""
Ids = tuple[int, int, list[int]]
"""User, group and supplementary groups a program runs under."""


def _hide() -> None:
    """Let no program of this user look into this process, trace it or take descriptors from it."""
    import ctypes

    ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def end_strays(private: str) -> None:
    """End every process whose environment names the private folder, until none is left."""
    mark = f"{private}/".encode()
    while True:
        found = [
            pid for pid in os.listdir("/proc") if pid.isdigit() and _environment_has(pid, mark)
        ]
        if not found:
            return
        for pid in found:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass
        time.sleep(0.002)


def _environment_has(pid: str, mark: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return mark in file.read()
    except OSError:
        return False


class Cancel:
    """A flag that can be waited for together with descriptors."""

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._flag = threading.Event()

    def set(self) -> None:
        self._flag.set()
        os.eventfd_write(self.descriptor, 1)

    def is_set(self) -> bool:
        return self._flag.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, unless cancelled: then return True at once."""
        return self._flag.wait(seconds)

    def close(self) -> None:
        os.close(self.descriptor)


class Nanny:
    """Runs programs for several threads at once. Close it: that ends whatever still runs.

    While it runs there is a directory `private`, which only this user can enter; it goes with it.
    """

    def __init__(self, private: Path, cancel: Cancel) -> None:
        """`private` must not exist yet."""
        self._private = private
        self._cancel = cancel
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._closed = False

    def start(self) -> None:
        """Start the process and make the private directory, once. Raises OSError."""
        with self._lock:
            if self._closed:
                raise OSError("this run is over")
            if self._socket is None:
                self._socket = self._started()

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str],
        timeout: float,
        ids: Ids | None = None,
        tell: Tell | None = None,
    ) -> Ran:
        """Run a program whose first word is its absolute path; see Ran for what comes back.

        `tell` gets what it writes as it writes it.
        """
        try:
            job = _Job(list(argv), cwd, dict(env), ids, tell)
            self._send(job)
        except (OSError, ValueError) as error:
            return Ran(problem=f"could not start a process: {error}")
        return job.watch(timeout, self._cancel)

    def close(self) -> None:
        """End all programs still running and the nanny itself."""
        with self._lock:
            self._closed = True
            if self._socket is not None:
                self._socket.close()
            if self._process is not None:
                self._end(self._process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """A program that runs as we do may have stopped or killed the nanny: then we do its work."""
        try:
            process.send_signal(signal.SIGCONT)
            code = process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if code != 0:
            end_strays(str(self._private))

    def _send(self, job: _Job) -> None:
        try:
            self.start()
            with self._lock:
                assert self._socket is not None
                socket.send_fds(self._socket, [b"j"], job.theirs)
        finally:
            job.close_theirs()
        point("check-running")

    def _started(self) -> socket.socket:
        _hide()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = str(Path(__file__).with_name("nanny.py"))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", path, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"TODO_MANAGER_PRIVATE": str(self._private), "PATH": "/usr/bin:/bin"},
                start_new_session=True,
            )
        answer = ours.recv(4096)
        if answer != _READY:
            ours.close()
            raise OSError(answer.decode("utf-8", "replace") or "the process that watches it ended")
        return ours


class _Job:
    """One program: its pipes, its control socket, and what it wrote so far."""

    def __init__(
        self,
        argv: list[str],
        cwd: str,
        env: dict[str, str],
        ids: Ids | None,
        tell: Tell | None = None,
    ) -> None:
        for text in [*argv, cwd, *env, *env.values()]:
            if "\0" in text:
                raise ValueError("an argument or variable holds a NUL byte")
        out, out_theirs = os.pipe2(os.O_CLOEXEC)
        err, err_theirs = os.pipe2(os.O_CLOEXEC)
        self._control, control_theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._streams = {out: Capture("stdout"), err: Capture("stderr")}
        self._open = {out, err}
        self._tell = tell
        self._token = os.urandom(16)
        job = os.memfd_create("job")
        os.write(job, marshal.dumps((argv, cwd, env, ids, self._token)))
        os.lseek(job, 0, os.SEEK_SET)
        self.theirs = [job, out_theirs, err_theirs, control_theirs.detach()]

    def close_theirs(self) -> None:
        for descriptor in self.theirs:
            os.close(descriptor)

    def watch(self, timeout: float, cancel: Cancel) -> Ran:
        """Read until the supervisor reports; tell it to end the program at the deadline."""
        started = time.monotonic()
        deadline, timed_out, cancelled = started + timeout, False, False
        answer = None
        while answer is None:
            left = deadline - time.monotonic()
            if left <= 0:
                if timed_out or cancelled:
                    break
                timed_out, deadline = True, time.monotonic() + _GRACE
                self._end()
                continue
            ready = self._wait(left, None if cancelled else cancel)
            if cancel.descriptor in ready and not cancelled:
                cancelled, deadline = True, time.monotonic() + _GRACE
                self._end()
            answer = self._answer(ready)
        return self._ran(answer, timed_out, cancelled, time.monotonic() - started)

    def _wait(self, seconds: float, cancel: Cancel | None) -> set[int]:
        poll = select.poll()
        watched = {*self._open, self._control.fileno()} | ({cancel.descriptor} if cancel else set())
        for descriptor in watched:
            poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(max(1, min(seconds, _LONGEST) * 1000))}
        for descriptor in ready & self._open:
            self._read(descriptor)
        return ready

    def _read(self, descriptor: int) -> None:
        chunk = os.read(descriptor, _CHUNK)
        if chunk:
            self._streams[descriptor].add(chunk)
            if self._tell:
                self._tell(self._streams[descriptor].stream, chunk)
        else:
            self._open.discard(descriptor)

    def _answer(self, ready: set[int]) -> bytes | None:
        if self._control.fileno() not in ready:
            return None
        try:
            return self._control.recv(65536)
        except OSError:
            return b""

    def _end(self) -> None:
        try:
            self._control.send(b"k")
        except OSError:
            pass

    def _ran(self, answer: bytes | None, timed_out: bool, cancelled: bool, seconds: float) -> Ran:
        self._drain()
        self._control.close()
        stdout, stderr = (capture.output() for capture in self._streams.values())
        for descriptor in self._streams:
            os.close(descriptor)
        code = signal = None
        leaked, problem = 0, "the process that watched the program was killed"
        if answer and answer.startswith(self._token):
            code, signal, leaked, problem = marshal.loads(answer[len(self._token) :])
        elif answer:
            problem = "something else answered in place of the process that watched the program"
        if timed_out or cancelled:
            code = signal = None
        return Ran(
            exit=code,
            signal=signal,
            timed_out=timed_out,
            cancelled=cancelled,
            problem=problem,
            leaked=leaked,
            duration_s=seconds,
            stdout=stdout,
            stderr=stderr,
        )

    def _drain(self) -> None:
        """Take what is still in the pipes; never wait for more, a survivor may hold them open."""
        for descriptor in list(self._open):
            os.set_blocking(descriptor, False)
            try:
                while descriptor in self._open:
                    self._read(descriptor)
            except BlockingIOError:
                pass
