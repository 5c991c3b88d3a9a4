"""The check kind `file`: files and folders of the project, and absolute paths of this machine.

Looking is split from judging: `Ground` finds and reads and lets every problem but a plain absence
through as an exception, `File` compares. So a folder that may not be read is never taken for empty.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import sha256 as new_sha256
from pathlib import Path
from typing import Annotated, Any

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Check, Outcome, World, conclude
from todo_manager.checks.expect import (
    Expectation,
    Judgement,
    expectation,
    judge_paths,
    load_json,
    paths,
    value_of,
)
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.model import Verdict

CONTENT_LIMIT = 16 * 2**20
"""Bytes of one file in which something is looked for; a sha256 has no limit."""
SMALL = 2**20
"""Bytes up to which a file's sha256 is a fact although nobody asked."""
CLOCK_SLACK = 2.0
"""Seconds by which a file's time may lie ahead of ours (coarse and remote file systems)."""
SHOWN = 10
"""How many files or comparisons a message names."""
_MAGIC = re.compile(r"[*?\[]")
_TYPES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Unlookable(Exception):
    """Why it could not be looked; the verdict is error."""


class Seen(Struct, frozen=True, kw_only=True):
    """What was found at a path."""

    info: os.stat_result
    size: int
    """Bytes; of a folder, how many entries it has."""
    data: bytes = b""
    """The content, or the beginning of one that is too large."""
    sha256: str = ""
    """Empty where the content was not read to its end."""


def location(tree: Tree) -> str:
    """A path below the project, or an absolute one; raises Wrong for what would leave it."""
    path = fields.text(tree)
    if not path or "\0" in path:
        raise Wrong("expected a path")
    if path.startswith("~"):
        raise Wrong("`~` is not replaced: write the whole path")
    if not path.startswith("/") and ".." in path.split("/"):
        raise Wrong("a relative path is below the project: no `..` in it")
    return path


def _pattern(tree: Tree) -> str:
    path = location(tree)
    if path.endswith("/") and _MAGIC.search(path):
        raise Wrong("a pattern matches files and folders alike: no `/` at its end")
    return path


def _owner(tree: Tree) -> str:
    name = fields.text(tree)
    if not re.fullmatch(r"[^\s:/]+", name):
        raise Wrong(f"expected the name or number of one user, not {name!r}")
    return name


def _count(tree: Tree) -> Expectation:
    wanted = expectation(tree)
    number = wanted.value
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise Wrong("expected a number from 0, or one of {ne lt le gt ge}: number")
    if (wanted.operator == "ge" and number == 0) or (wanted.operator == "lt" and number == 0):
        raise Wrong(f"{wanted} holds always or never: it asserts nothing")
    return wanted


class Ground:
    """The project as it is looked at: its root, and until when."""

    def __init__(self, root: Path, seconds: float) -> None:
        self.root = os.path.realpath(root)
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        if not os.path.isdir(self.root):
            raise Unlookable(f"the project folder {shown(str(root))} is not there")

    def tick(self) -> None:
        if time.monotonic() > self._end:
            raise Unlookable(f"not looked through within {self._seconds:g} s")

    def real(self, path: str) -> str:
        """The real path; a relative one must not leave the project through a symlink."""
        real = os.path.realpath(os.path.join(self.root, path))
        if not os.path.isabs(path) and os.path.commonpath([self.root, real]) != self.root:
            raise Unlookable(f"{shown(path)} leaves the project through a symlink")
        return real

    def has(self, path: str) -> bool:
        """Whether there is anything of this name, be it a broken link; raises OSError if unclear."""
        try:
            os.lstat(os.path.join(self.root, path))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def matches(self, pattern: str) -> list[str]:
        """The paths a pattern matches, in order; a name with `[` in it also matches itself."""
        self.real(os.path.dirname(pattern) if not _MAGIC.search(pattern) else self.base(pattern)[0])
        found = {pattern} if self.has(pattern) else set()
        if _MAGIC.search(pattern):
            found.update(self._walk(*self.base(pattern)))
        return sorted(found)

    def base(self, pattern: str) -> tuple[str, list[str]]:
        """The folder in which a pattern begins, and the parts from its first wildcard on."""
        parts = pattern.split("/")
        first = next(i for i, part in enumerate(parts) if _MAGIC.search(part))
        return "/".join(parts[:first]) or ("/" if pattern.startswith("/") else ""), parts[first:]

    def _walk(self, base: str, wanted: list[str]) -> Iterator[str]:
        """As the shell does: `*` and `**` leave out names with a leading dot, `**` follows no link."""
        waiting = [(base, wanted)] if self._is_folder(base) else []
        while waiting:
            folder, (part, *rest) = waiting.pop()
            if part == "**" and rest:
                waiting.append((folder, rest))
            for path, entry in self._entries(folder):
                if not _fits(entry.name, part):
                    continue
                if not rest:
                    yield path
                if part == "**":
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((path, [part, *rest]))
                elif rest and entry.is_dir():
                    if entry.is_symlink():
                        self.real(path)
                    waiting.append((path, rest))

    def _is_folder(self, path: str) -> bool:
        try:
            return stat.S_ISDIR(os.stat(os.path.join(self.root, path)).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _entries(self, folder: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        with os.scandir(os.path.join(self.root, folder)) as entries:
            for entry in entries:
                self.tick()
                yield os.path.join(folder, entry.name), entry

    def control(self, path: str) -> str:
        """The nearest folder that exists, after listing it: the proof that absence can be seen."""
        child = os.path.join(self.root, path)
        while True:
            folder = os.path.dirname(child)
            try:
                names = os.listdir(folder)
                break
            except (FileNotFoundError, NotADirectoryError):
                child = folder
        if os.path.basename(child) in names and not os.path.lexists(child):
            raise Unlookable(f"{shown(path)} is listed in its folder, but cannot be looked at")
        return folder

    def look(self, path: str, *, content: bool = False, digest: bool = False) -> Seen:
        """What is at a path. Only regular files are ever opened; raises OSError, Unlookable."""
        real = self.real(path)
        info = os.stat(real)
        if stat.S_ISDIR(info.st_mode):
            return Seen(info=info, size=len(os.listdir(real)))
        if not stat.S_ISREG(info.st_mode):
            return Seen(info=info, size=0)
        # Files of /proc have a size of 0 and a content.
        must = content or digest or info.st_size == 0
        if not must and info.st_size > SMALL:
            return Seen(info=info, size=info.st_size)
        try:
            return self._read(real, whole=digest)
        except PermissionError:
            if must:
                raise
            return Seen(info=info, size=info.st_size)

    def _read(self, real: str, *, whole: bool) -> Seen:
        # Should it have become a FIFO since, opening does not wait; should it be a link, it fails.
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode):
                raise Unlookable(f"{shown(real)} was replaced while it was looked at")
            kept, size, digest = bytearray(), 0, new_sha256()
            while (whole or size <= CONTENT_LIMIT) and (chunk := os.read(handle, 2**20)):
                self.tick()
                digest.update(chunk)
                size += len(chunk)
                if len(kept) <= CONTENT_LIMIT:
                    kept += chunk
        finally:
            os.close(handle)
        ended = whole or size <= CONTENT_LIMIT
        return Seen(
            info=info,
            size=size if ended else max(size, info.st_size),
            data=bytes(kept),
            sha256=digest.hexdigest() if ended else "",
        )


def _fits(name: str, part: str) -> bool:
    if name.startswith(".") and not part.startswith("."):
        return False
    return part == "**" or fnmatchcase(name, part)


def shown(path: str) -> str:
    """A path on one line, whatever bytes its name is made of."""
    return path if path.isprintable() else repr(path)


def not_text(data: bytes) -> str:
    """Why a content cannot be said to lack a text, or nothing: in UTF-16 every text is absent."""
    if b"\0" in data:
        return "it holds NUL bytes, so it is not UTF-8 text"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "it is not UTF-8 text"
    return ""


def _judged(so: bool, expected: str, actual: str) -> Judgement:
    return Judgement(Verdict.PASSED if so else Verdict.FAILED, expected, actual)


def _unclear(expected: str, actual: str) -> Judgement:
    return Judgement(Verdict.ERROR, expected, actual)


class File(Check, frozen=True, kw_only=True):
    """A file, a folder, or all files that a pattern matches, are as they should be.

        file: docs/protocol.md
        contains: [rollback]
        max_age: 30d

    A path alone asserts that a regular file is there and holds at least one byte, or that a folder is
    there and is not empty. With a pattern (`*`, `?`, `[a-z]`, and `**` for folders of any depth;
    names with a leading dot only where the pattern writes the dot) every match must be so, and there
    must be one. Of folders only exists, mode, owner and count can be asked.
    """

    kind = "file"

    subject: Annotated[str, Convert(_pattern)] = ""
    """A path below the project, an absolute path, or a pattern."""
    exists: Annotated[bool, Convert(fields.boolean, expects=True)] = True
    """false: nothing is there, and a folder that would show it could be listed."""
    contains: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """A text or texts that stand in it."""
    matches: Annotated[tuple[re.Pattern[str], ...], Convert(fields.patterns, expects=True)] = ()
    """Regular expressions found in it (`re.search`, MULTILINE)."""
    lacks: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """Texts that do not stand in it; a file that is missing, blank or not UTF-8 text lacks nothing."""
    sha256: Annotated[str, Convert(fields.sha256, expects=True)] = ""
    """The digest of its content."""
    mode: Annotated[int | None, Convert(fields.mode, expects=True)] = None
    """Its permission bits in octal, like 0644, exactly."""
    owner: Annotated[str, Convert(_owner, expects=True)] = ""
    """Name or number of the user it belongs to."""
    min_size: Annotated[int | None, Convert(fields.size, expects=True)] = None
    """How large it is at least, like 10kB; 1 byte where nothing is said."""
    max_age: Annotated[float | None, Convert(fields.duration, expects=True)] = None
    """How long ago it was changed at most."""
    newer_than: Annotated[str, Convert(location, expects=True)] = ""
    """Another path; this file was changed after that one."""
    json: Annotated[dict[str, Expectation], Convert(paths, expects=True)] = {}
    """Paths like `a.b[0]` into its JSON, with a value or an operator each."""
    yaml: Annotated[dict[str, Expectation], Convert(paths, expects=True)] = {}
    """The same for YAML, read as strictly as plans are: `yes` and `0644` are text there."""
    count: Annotated[Expectation | None, Convert(_count, expects=True)] = None
    """How many paths the pattern matches, or entries the folder has: a number or `{ge: 3}`."""

    def problems(self) -> list[str]:
        found = []
        if not self.exists and (beside := self._content() + self._of_folders()):
            found.append(f"exists: false says that nothing is there: no {beside[0]} beside it")
        if self._counts_none() and self._content():
            found.append(f"count: 0 leaves nothing of which {self._content()[0]} could be true")
        if self.subject.endswith("/") and self._content():
            found.append(f"a folder (`/` at the end) has no {self._content()[0]}")
        return found

    def lint(self) -> list[str]:
        if self.min_size == 0 and self._content() == ["min_size"]:
            return ["min_size: 0 also accepts an empty file"]
        return []

    def attempt(self, world: World, timeout: float) -> Outcome:
        try:
            ground = Ground(world.root, timeout)
            return self._present(ground) if self.exists else self._absent(ground)
        except (FileNotFoundError, NotADirectoryError) as problem:
            verdict, actual = Verdict.FAILED, f"{shown(str(problem.filename))} does not exist"
        except Unlookable as problem:
            verdict, actual = Verdict.ERROR, f"could not look: {problem}"
        except OSError as problem:
            place = shown(str(problem.filename or self.subject))
            verdict, actual = Verdict.ERROR, f"could not look: {problem.strerror}: {place}"
        return Outcome(verdict=verdict, expected=self._wanted(), actual=actual)

    def _wanted(self) -> str:
        return f"{shown(self.subject)} {'exists' if self.exists else 'does not exist'}"

    def _content(self) -> list[str]:
        """The parameters that only a regular file can meet."""
        names = ("contains", "matches", "lacks", "sha256", "max_age", "newer_than", "json", "yaml")
        stated = [name for name in names if getattr(self, name) not in ((), "", None, {})]
        return stated + (["min_size"] if self.min_size is not None else [])

    def _of_folders(self) -> list[str]:
        stated = ["mode"] if self.mode is not None else []
        return stated + (["owner"] if self.owner else []) + (["count"] if self.count else [])

    def _counts_none(self) -> bool:
        return self.count is not None and self.count == Expectation("eq", 0)

    def _path(self) -> str:
        return os.path.normpath(self.subject)

    def _absent(self, ground: Ground) -> Outcome:
        there = ground.matches(self._path())
        if there:
            return conclude([_judged(False, self._wanted(), f"there: {_listed(there)}")])
        return self._nothing(ground, self._wanted(), "nothing is there")

    def _nothing(self, ground: Ground, expected: str, actual: str) -> Outcome:
        """Passed, if the folder in which it would be can be listed."""
        path = self._path()
        if not _MAGIC.search(path):
            listed = ground.control(path)
        elif ground.has(listed := os.path.join(ground.root, ground.base(path)[0])):
            os.listdir(listed)
        else:
            gone = f"the folder to look in, {shown(ground.base(path)[0])}, does not exist"
            return conclude([_judged(False, expected, gone)])
        facts = {"listed": shown(os.path.relpath(listed, ground.root))}
        return conclude([_judged(True, expected, actual)], facts=facts)

    def _present(self, ground: Ground) -> Outcome:
        names = ground.matches(self._path())
        found = self._counted(names)
        if not names:
            if found and found[0].verdict == Verdict.PASSED and not self._content():
                return self._nothing(ground, found[0].expected, found[0].actual)
            return conclude([_judged(False, self._wanted(), self._none())])
        facts: dict[str, Any] = {"matches": len(names), "files": [shown(n) for n in names[:SHOWN]]}
        reference = self._reference(ground)
        for name in names:
            seen = self._look(ground, name)
            found += self._judge(shown(name), seen, reference)
            if len(names) == 1:
                facts = _facts(ground, name, seen)
        return conclude(_told(found), facts=facts)

    def _none(self) -> str:
        return "nothing matches" if _MAGIC.search(self.subject) else "does not exist"

    def _counted(self, names: list[str]) -> list[Judgement]:
        if self.count is None or not _MAGIC.search(self.subject):
            return []
        so = self.count.holds(len(names))
        return [_judged(so, f"{self.count} paths match {self.subject}", f"{len(names)} match")]

    def _look(self, ground: Ground, name: str) -> Seen:
        read = self.contains or self.matches or self.lacks or self.json or self.yaml
        try:
            return ground.look(name, content=bool(read), digest=bool(self.sha256))
        except FileNotFoundError:
            if not os.path.islink(os.path.join(ground.root, name)):
                raise
            raise FileNotFoundError(2, "", f"the target of the symlink {shown(name)}") from None

    def _reference(self, ground: Ground) -> int | None:
        """The time of `newer_than` in nanoseconds; None when there is no such file."""
        if not self.newer_than:
            return None
        try:
            return os.stat(ground.real(self.newer_than)).st_mtime_ns
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _judge(self, name: str, seen: Seen, reference: int | None) -> list[Judgement]:
        kind = stat.S_IFMT(seen.info.st_mode)
        if kind == stat.S_IFDIR and not self._content():
            return self._judge_folder(name, seen) + self._judge_owner(name, seen.info)
        if kind != stat.S_IFREG or self.subject.endswith("/"):
            wanted = "a folder" if self.subject.endswith("/") else "a regular file"
            return [_judged(False, f"{name} is {wanted}", f"it is {_TYPES.get(kind, 'a file')}")]
        found = self._judge_size(name, seen) + self._judge_owner(name, seen.info)
        return (
            found + self._judge_time(name, seen.info, reference) + self._judge_content(name, seen)
        )

    def _judge_folder(self, name: str, seen: Seen) -> list[Judgement]:
        if self.count is not None and not _MAGIC.search(self.subject):
            so = self.count.holds(seen.size)
            return [_judged(so, f"{name} has {self.count} entries", f"it has {seen.size}")]
        if self._of_folders():
            return [_judged(True, f"{name} exists", "a folder")]
        return [_judged(seen.size > 0, f"{name} is not empty", f"{seen.size} entries")]

    def _judge_size(self, name: str, seen: Seen) -> list[Judgement]:
        least = 1 if self.min_size is None else self.min_size
        expected = f"{name} exists and holds at least {least} B"
        found = [_judged(seen.size >= least, expected, f"it holds {seen.size} B")]
        if self.count is not None and not _MAGIC.search(self.subject):
            found.append(_judged(False, f"{name} has {self.count} entries", "it is a file"))
        return found

    def _judge_owner(self, name: str, info: os.stat_result) -> list[Judgement]:
        found = []
        if self.mode is not None:
            mode = stat.S_IMODE(info.st_mode)
            expected = f"{name} has the mode {self.mode:04o}"
            found.append(_judged(mode == self.mode, expected, f"it has {mode:04o}"))
        if self.owner:
            found.append(_owned(name, self.owner, info.st_uid))
        return found

    def _judge_time(
        self, name: str, info: os.stat_result, reference: int | None
    ) -> list[Judgement]:
        found = []
        age = time.time() - info.st_mtime
        if self.max_age is not None:
            expected = f"{name} was changed within the last {self.max_age:g} s"
            found.append(_judged(age <= self.max_age, expected, f"it was changed {age:.0f} s ago"))
        if self.newer_than:
            expected = f"{name} is newer than {shown(self.newer_than)}"
            there = reference is not None
            newer = reference is not None and info.st_mtime_ns > reference
            actual = "it is not" if there else f"{shown(self.newer_than)} does not exist"
            found.append(_judged(newer, expected, "it is" if newer else actual))
        if found and age < -CLOCK_SLACK:
            return [_judged(False, j.expected, "its time is in the future") for j in found]
        return found

    def _judge_content(self, name: str, seen: Seen) -> list[Judgement]:
        found = []
        if self.sha256:
            so = seen.sha256 == self.sha256
            found.append(_judged(so, f"{name} has sha256 {self.sha256}", f"it has {seen.sha256}"))
        if not (self.contains or self.matches or self.lacks or self.json or self.yaml):
            return found
        if seen.size > CONTENT_LIMIT:
            reason = f"it is larger than {CONTENT_LIMIT // 2**20} MiB and was not searched"
            return [*found, _unclear(f"the content of {name} is as expected", reason)]
        text = seen.data.decode("utf-8", "replace")
        found += self._judge_text(name, text, seen.data)
        found += _judge_json(name, text, self.json) if self.json else []
        return found + (_judge_yaml(name, text, self.yaml) if self.yaml else [])

    def _judge_text(self, name: str, text: str, data: bytes) -> list[Judgement]:
        # What stands in the file is not repeated: it may be a secret.
        found = [_judged(n in text, f"{name} contains {n!r}", "not in it") for n in self.contains]
        for pattern in self.matches:
            so = pattern.search(text) is not None
            found.append(_judged(so, f"{name} matches {pattern.pattern!r}", "no match in it"))
        for needle in self.lacks:
            expected = f"{name} lacks {needle!r}"
            if needle in text or not text.strip():
                found.append(_judged(False, expected, "in it" if text.strip() else "it is blank"))
            elif reason := not_text(data):
                found.append(_unclear(expected, reason))
            else:
                found.append(_judged(True, expected, "not in it"))
        return found


def _judge_json(name: str, text: str, wanted: dict[str, Expectation]) -> list[Judgement]:
    try:
        return judge_paths(load_json(text), wanted)
    except ValueError as problem:
        return [_judged(False, f"{name} is JSON", f"it is not: {problem}")]


def _judge_yaml(name: str, text: str, wanted: dict[str, Expectation]) -> list[Judgement]:
    """Broken YAML fails; YAML that is merely refused by the strict reading leaves it open."""
    from todo_manager.documents.loader import read_tree
    from todo_manager.errors import InvalidDocument

    try:
        return judge_paths(value_of(read_tree(text, name)), wanted)
    except InvalidDocument as problem:
        verdict = Verdict.ERROR if _is_yaml(text) else Verdict.FAILED
        return [Judgement(verdict, f"{name} is YAML that can be read", problem.problems[0])]
    except ValueError as problem:
        return [_unclear(f"{name} is YAML that can be read", str(problem))]


def _is_yaml(text: str) -> bool:
    import yaml

    try:
        return all(True for _ in yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        return False


def _owned(name: str, owner: str, uid: int) -> Judgement:
    import pwd

    try:
        wanted = int(owner) if re.fullmatch(r"[0-9]{1,10}", owner) else pwd.getpwnam(owner).pw_uid
    except KeyError:
        return _unclear(f"{name} belongs to {owner}", f"this machine has no user {owner}")
    return _judged(uid == wanted, f"{name} belongs to {owner}", f"it belongs to user {uid}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(shown(name) for name in names[:SHOWN]) + more


def _told(found: list[Judgement]) -> list[Judgement]:
    """The judgements that decide, at most SHOWN of them and a line for the rest."""
    for verdict in (Verdict.ERROR, Verdict.FAILED, Verdict.PASSED):
        told = [judgement for judgement in found if judgement.verdict == verdict]
        if told:
            break
    more = len(told) - SHOWN
    return told[:SHOWN] + ([Judgement(verdict, f"{more} more like these")] if more > 0 else [])


def _facts(ground: Ground, name: str, seen: Seen) -> dict[str, Any]:
    changed = datetime.fromtimestamp(seen.info.st_mtime, UTC)
    facts = {"size": seen.size, "mtime": changed.isoformat(timespec="seconds")}
    real = ground.real(name)
    if real != os.path.join(ground.root, name):
        facts["real"] = shown(real)
    return facts | ({"sha256": seen.sha256} if seen.sha256 else {})
