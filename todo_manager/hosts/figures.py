"""What a machine is and has: its name, id and system, its disks, and the CPUs and memory that we may use of it.

A container sees the whole host in /proc and may use less. What counts is what may be used: the CPUs of
our affinity mask within the quota of our control group, and the memory within its limit, each also
limited by every group above. Both figures are facts.

Its text also runs on other machines, so it needs the standard library of Python 3.9 only.
"""

import os
import shlex
from collections.abc import Iterator
from typing import Callable, NamedTuple  # noqa: UP035 - of Python 3.9 too

ROOT = "/"
"""The file system that is looked at."""


class Untold(OSError):
    """The machine does not say it, or not so that it could be read; the words say which."""

    def __init__(self, words: str) -> None:
        super().__init__(61, words)


class Share(NamedTuple):
    """How much there is of something."""

    host: float
    """What the machine has."""
    usable: float
    """What we may use of it."""


class System(NamedTuple):
    """Which operating system it is, by os-release(5)."""

    id: str
    version: str
    """Empty where it names none."""


class Room(NamedTuple):
    """The disk on which a path lies."""

    free: int
    """Bytes for a user who is not root."""
    mount: str


class Figures:
    """The machine this runs on. Every problem is an OSError, also that it does not say something."""

    def name(self) -> str:
        """What it calls itself."""
        return os.uname().nodename

    def id(self) -> str:
        """The id of machine-id(5), 32 hexadecimal digits."""
        found = _text("etc/machine-id").strip()
        if len(found) != 32 or not set(found) <= set("0123456789abcdef"):
            raise Untold("/etc/machine-id holds no machine id")
        return found

    def system(self) -> System:
        """Name and version of the system."""
        try:
            text = _text("etc/os-release")
        except FileNotFoundError:
            text = _text("usr/lib/os-release")
        lines = [line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] != "#"]
        values = {key: _unquoted(value) for key, value in lines}
        if not values.get("ID"):
            raise Untold("/etc/os-release names no ID")
        return System(values["ID"], values.get("VERSION_ID", ""))

    def cpus(self) -> Share:
        """CPUs; a quota of one and a half is 1.5."""
        host = os.cpu_count()
        if not host:
            raise Untold("the number of CPUs is not known")
        allowed = float(len(os.sched_getaffinity(0)))
        return Share(float(host), min([allowed, *_limits("cpu", _quota)]))

    def memory(self) -> Share:
        """Bytes of memory; the kernel's own share is not in it."""
        for line in _text("proc/meminfo").splitlines():
            name, _, rest = line.partition(":")
            words = rest.split()
            if name == "MemTotal" and len(words) == 2 and words[0].isdigit() and words[1] == "kB":
                host = int(words[0]) * 1024
                return Share(host, min([host, *_limits("memory", _most)]))
        raise Untold("/proc/meminfo has no MemTotal")

    def room(self, path: str) -> Room:
        """How much is free where a path lies; its mount tells a disk that is not mounted from one that is."""
        real = os.path.realpath(path)
        stats = os.statvfs(real)
        while not os.path.ismount(real):
            real = os.path.dirname(real)
        return Room(stats.f_bavail * stats.f_frsize, real)


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        raise Untold(f"/etc/os-release holds {value!r}, which cannot be read") from None


def _text(path: str) -> str:
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def _limits(controller: str, read: "Callable[[str], float | None]") -> "Iterator[float]":
    """The limits of our control group and of all above it, as far as they can be seen."""
    for top, group in _groups(controller):
        while True:
            limit = read(group)
            if limit is not None:
                yield limit
            if group == top:
                break
            group = os.path.dirname(group)


def _groups(controller: str) -> "Iterator[tuple[str, str]]":
    """Where the hierarchies of a controller are mounted, and our own folder in each; both versions."""
    try:
        lines = _text("proc/self/cgroup").splitlines()
    except FileNotFoundError:
        return
    mounts = list(_mounts())
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for kind, options, root, point in mounts:
            version_2 = kind == "cgroup2" and controllers == ""
            version_1 = kind == "cgroup" and controller in controllers.split(",")
            if version_2 or (version_1 and controller in options):
                top = os.path.normpath(os.path.join(ROOT, point.lstrip("/")))
                yield top, _below(top, root, path)


def _mounts() -> "Iterator[tuple[str, list[str], str, str]]":
    """Type, options, root and place of each mount, by proc_pid_mountinfo(5)."""
    for line in _text("proc/self/mountinfo").splitlines():
        words = line.split()
        rest = words[words.index("-") + 1 :]
        yield rest[0], rest[-1].split(","), words[3], words[4]


def _below(top: str, root: str, path: str) -> str:
    """Our group's folder; the mount itself where it shows only a part in which the path is not."""
    inside = os.path.relpath(path, root) if root.startswith("/") else ".."
    folder = os.path.normpath(os.path.join(top, inside))
    return folder if not inside.startswith("..") and os.path.isdir(folder) else top


def _quota(group: str) -> "float | None":
    """CPUs a group may use: time per period; None without a limit."""
    both = _words(group, "cpu.max")
    if not both:
        both = [*_words(group, "cpu.cfs_quota_us"), *_words(group, "cpu.cfs_period_us")]
    if not both or both[0] in ("max", "-1"):
        return None
    if len(both) != 2:
        raise Untold(f"{group} holds a quota without its period, or more than that")
    return _number(both[0], group) / _number(both[1], group)


def _most(group: str) -> "int | None":
    """Bytes of memory a group may use; None without a limit."""
    words = _words(group, "memory.max") or _words(group, "memory.limit_in_bytes")
    return None if not words or words[0] == "max" else _number(words[0], group)


def _words(group: str, name: str) -> "list[str]":
    try:
        with open(os.path.join(group, name), encoding="utf-8") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def _number(word: str, group: str) -> int:
    if not word.isdigit() or not int(word):
        raise Untold(f"{group} holds a limit of {word!r}, which cannot be read")
    return int(word)
