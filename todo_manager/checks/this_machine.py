"""What this machine is and has: its id and system, and the CPUs and memory that we may use of it.

A container sees the whole host in /proc and may use less. What counts is what may be used: the CPUs of
our affinity mask within the quota of our control group, and the memory within its limit, each also
limited by every group above. Both figures are facts.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from todo_manager.checks.ground import Unlookable

ROOT = Path("/")
"""The file system that is looked at."""


class Share(Struct, frozen=True, kw_only=True):
    """How much there is of something."""

    host: Decimal
    """What the machine has."""
    usable: Decimal
    """What we may use of it."""


class System(Struct, frozen=True, kw_only=True):
    """Which operating system it is, by os-release(5)."""

    id: str
    version: str
    """Empty where it names none."""


def machine_id() -> str:
    """The id of machine-id(5), 32 hexadecimal digits; raises Unlookable where there is none."""
    found = _text("etc/machine-id").strip()
    if len(found) != 32 or not set(found) <= set("0123456789abcdef"):
        raise Unlookable("/etc/machine-id holds no machine id")
    return found


def system() -> System:
    """Name and version of the system; raises Unlookable where it does not say."""
    try:
        text = _text("etc/os-release")
    except FileNotFoundError:
        text = _text("usr/lib/os-release")
    lines = [line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] != "#"]
    values = {key: _unquoted(value) for key, value in lines}
    if not values.get("ID"):
        raise Unlookable("/etc/os-release names no ID")
    return System(id=values["ID"], version=values.get("VERSION_ID", ""))


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        raise Unlookable(f"/etc/os-release holds {value!r}, which cannot be read") from None


def cpus() -> Share:
    """CPUs; a quota of one and a half is 1.5."""
    host = os.cpu_count()
    if not host:
        raise Unlookable("the number of CPUs is not known")
    allowed = Decimal(len(os.sched_getaffinity(0)))
    return Share(host=Decimal(host), usable=min(allowed, *_limits("cpu", _quota), allowed))


def memory() -> Share:
    """Bytes of memory; the kernel's own share is not in it."""
    for line in _text("proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if name == "MemTotal" and len(words) == 2 and words[0].isdigit() and words[1] == "kB":
            host = Decimal(words[0]) * 1024
            return Share(host=host, usable=min(host, *_limits("memory", _most), host))
    raise Unlookable("/proc/meminfo has no MemTotal")


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def _limits(controller: str, read: Callable[[Path], Decimal | None]) -> Iterator[Decimal]:
    """The limits of our control group and of all above it, as far as they can be seen."""
    for top, group in _groups(controller):
        while True:
            limit = read(group)
            if limit is not None:
                yield limit
            if group == top:
                break
            group = group.parent


def _groups(controller: str) -> Iterator[tuple[Path, Path]]:
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
                top = ROOT / point.lstrip("/")
                yield top, _below(top, root, path)


def _mounts() -> Iterator[tuple[str, list[str], str, str]]:
    """Type, options, root and place of each mount, by proc_pid_mountinfo(5)."""
    for line in _text("proc/self/mountinfo").splitlines():
        words = line.split()
        rest = words[words.index("-") + 1 :]
        yield rest[0], rest[-1].split(","), words[3], words[4]


def _below(top: Path, root: str, path: str) -> Path:
    """Our group's folder; the mount itself where it shows only a part in which the path is not."""
    inside = os.path.relpath(path, root) if root.startswith("/") else ".."
    folder = Path(os.path.normpath(top / inside))
    return folder if not inside.startswith("..") and folder.is_dir() else top


def _quota(group: Path) -> Decimal | None:
    """CPUs a group may use: time per period; None without a limit."""
    both = _words(group / "cpu.max")
    if not both:
        both = [*_words(group / "cpu.cfs_quota_us"), *_words(group / "cpu.cfs_period_us")]
    if not both or both[0] in ("max", "-1"):
        return None
    if len(both) != 2:
        raise Unlookable(f"{group} holds a quota without its period, or more than that")
    return _number(both[0], group) / _number(both[1], group)


def _most(group: Path) -> Decimal | None:
    """Bytes of memory a group may use; None without a limit."""
    words = _words(group / "memory.max") or _words(group / "memory.limit_in_bytes")
    return None if not words or words[0] == "max" else _number(words[0], group)


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except FileNotFoundError:
        return []


def _number(word: str, group: Path) -> Decimal:
    if not word.isdigit() or not int(word):
        raise Unlookable(f"{group} holds a limit of {word!r}, which cannot be read")
    return Decimal(word)
