"""Started as a program of its own: forks a supervisor for each program a check runs.

A program may fork, detach into a session of its own and outlive its parent, so killing a process
group is not enough. Each supervisor is a Linux child subreaper: whatever its program leaves behind
becomes its child and is ended before it reports. The nanny is one too, for the case that a program
kills its supervisor. Both end everything below them when the tool itself dies, because then their
sockets close. Standard library only, no import that costs; it must stay single threaded to fork.

Protocol, on a SOCK_SEQPACKET socket: first READY, or why it cannot be, from here; then to here, for
each program, one byte with four descriptors (job, stdout, stderr, control).
The job is marshalled `(argv, cwd, env, ids, token)`; the supervisor answers on control with the token,
followed by `(exit, signal, leaked, problem)`. Anything sent to it there, or its closing, means: end the
program. The token is what a program that got hold of the socket could not know.
"""

import ctypes
import marshal
import os
import select
import signal
import socket
import sys

READY = b"ready"

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
"""Signals that must not end the nanny; its programs get them as every program does."""
_SET_PDEATHSIG = 1
_SET_DUMPABLE = 4
_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def hide() -> None:
    """Let no program of this user look into this process, trace it or take descriptors from it."""
    _libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def table() -> dict[int, tuple[int, int]]:
    """Parent and process group of every process on this machine, from /proc."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The command name may hold blanks and brackets; what follows it does not.
                    words = file.read().rpartition(b")")[2].split()
                found[int(name)] = (int(words[1]), int(words[2]))
            except OSError:
                continue
    return found


def below(root: int, spare: frozenset[int] = frozenset()) -> dict[int, int]:
    """All descendants of a process with their groups, leaving out those in `spare` and theirs."""
    processes = table()
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    found, todo = {}, [root]
    while todo:
        new = [pid for pid in children.get(todo.pop(), ()) if pid not in spare]
        found.update({pid: processes[pid][1] for pid in new})
        todo += new
    return found


def reap(wanted: int = 0) -> int | None:
    """Collect all ended children; the wait status of `wanted` if it was among them, else None."""
    status = None
    while True:
        try:
            pid, code = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if pid == 0:
            return status
        if pid == wanted:
            status = code


def childless() -> bool:
    """Whether this process has no child at all, running or ended."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def _kill(processes: dict[int, int]) -> None:
    """Kill processes and the groups they are in, except the group of this process.

    A group is killed in one step, so a program that forks faster than it is found does not win.
    """
    own = os.getpgrp()
    for target in [-group for group in {*processes.values()} - {0, own}] + list(processes):
        try:
            os.kill(target, signal.SIGKILL)
        except OSError:
            pass


def end_all(spare: frozenset[int] = frozenset()) -> int:
    """End every descendant of this process but those in `spare`; how many were seen."""
    ended: set[int] = set()
    while True:
        reap()
        if childless():
            return len(ended)
        found = below(os.getpid(), spare)
        if not found and spare:
            return len(ended)
        _kill(found)
        ended.update(found)
        select.select([], [], [], 0.002)


def _wakeup() -> int:
    """A descriptor that becomes readable when a child ends."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    return reading


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except BlockingIOError:
        pass


def _become(job: tuple, stdout: int, stderr: int, report: int) -> None:  # type: ignore[type-arg]
    """In the child: take on the job's place, identity and environment, and start its program."""
    argv, cwd, env, ids, _ = job
    try:
        os.setsid()
        _libc.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        null = os.open("/dev/null", os.O_RDONLY)
        for source, target in ((null, 0), (stdout, 1), (stderr, 2)):
            os.dup2(source, target)
        for number in (*_IGNORED, signal.SIGXFSZ, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(cwd)
        if ids:
            uid, gid, groups = ids
            os.setgroups(groups)
            os.setgid(gid)
            os.setuid(uid)
        os.umask(0o022)
        os.execve(argv[0], argv, env)
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        os.write(report, f"{error.strerror}{place}".encode())
    os._exit(127)


def _start(job: tuple, stdout: int, stderr: int) -> tuple[int, str]:  # type: ignore[type-arg]
    """Fork the program; its pid, and why it did not start (empty when it did)."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        _become(job, stdout, stderr, writing)
    for descriptor in (writing, stdout, stderr):
        os.close(descriptor)
    with os.fdopen(reading, "rb") as file:
        return pid, file.read().decode("utf-8", "replace")


def _watch(pid: int, control: socket.socket, wakeup: int) -> int | None:
    """Wait until the program ends or the tool wants it ended; its wait status, or None."""
    while True:
        ready, _, _ = select.select([control.fileno(), wakeup], [], [])
        _drain(wakeup)
        status = reap(pid)
        told = control.fileno() in ready
        if told:
            # A message left unread would turn our own answer into a reset.
            control.recv(16)
        if status is not None or told:
            return status


def supervise(descriptors: list[int]) -> None:
    """Run one job to its end, end what it left, and report; never returns."""
    job_file, stdout, stderr, control_fd = descriptors
    control = socket.socket(fileno=control_fd)
    hide()
    _libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wakeup = _wakeup()
    with os.fdopen(job_file, "rb") as file:
        job = marshal.loads(file.read())
    pid, problem = _start(job, stdout, stderr)
    status = _watch(pid, control, wakeup)
    leaked = end_all()
    code = signal_ = None
    if status is not None and not problem:
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        signal_ = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
    try:
        control.send(job[4] + marshal.dumps((code, signal_, leaked, problem)))
    except OSError:
        pass
    os._exit(0)


def _spawn(listening: socket.socket, descriptors: list[int]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            listening.close()
            supervise(descriptors)
        finally:
            os._exit(1)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _collect(supervisors: set[int]) -> None:
    """Forget supervisors that ended, and end what they could not take care of."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if pid == 0:
            break
        supervisors.discard(pid)
    if any(pid not in supervisors for pid in below(os.getpid(), frozenset(supervisors))):
        end_all(frozenset(supervisors))


def main(descriptor: int) -> None:
    """Serve jobs until the tool closes its socket, then end everything and leave.

    The private directory is made here, so that there is none which nobody would remove: it is gone
    when this process is, also when the tool was killed.
    """
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    hide()
    _libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    listening = socket.socket(fileno=descriptor)
    listening.set_inheritable(False)
    wakeup = _wakeup()
    private = os.environ["TODO_MANAGER_PRIVATE"]
    try:
        os.mkdir(private, 0o700)
    except OSError as error:
        listening.send((f"{private}: {error.strerror}").encode())
        return
    try:
        listening.send(READY)
    except OSError:
        pass  # the tool is gone: the loop below sees that too
    _serve(listening, wakeup)
    end_all()
    _tidy(private)


def _serve(listening: socket.socket, wakeup: int) -> None:
    supervisors: set[int] = set()
    while True:
        ready, _, _ = select.select([listening.fileno(), wakeup], [], [])
        if wakeup in ready:
            _drain(wakeup)
            _collect(supervisors)
        if listening.fileno() in ready:
            message, descriptors, _, _ = socket.recv_fds(listening, 4096, 4)
            if not message:
                return
            for received in descriptors:
                # A program that inherited its control socket could answer in its supervisor's name.
                os.set_inheritable(received, False)
            supervisors.add(_spawn(listening, descriptors))


def _tidy(private: str) -> None:
    """Remove the private directory with whatever was left in it, closed folders too."""
    import shutil

    for folder, folders, _ in os.walk(private):
        for path in (os.path.join(folder, name) for name in folders):
            try:
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
            except OSError:
                pass
    shutil.rmtree(private, ignore_errors=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
