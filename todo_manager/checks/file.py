"""The check kind `file`: files and folders of the project, and absolute paths of this machine.

`ground.py` finds and reads, `judge_file.py` compares one file, `File` says what is wanted of which.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, World, conclude, unanswered
from todo_manager.checks.expect import Expectation, Judgement, expectation, paths
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.ground import (
    CONTENT_LIMIT,
    Ground,
    Seen,
    Unlookable,
    is_pattern,
    location,
    shown,
)
from todo_manager.checks.judge_file import (
    judge_json,
    judge_mode,
    judge_owner,
    judge_time,
    judge_words,
    judge_yaml,
    judged,
    unclear,
)
from todo_manager.checks.placed import PlacedCheck
from todo_manager.engines.engine import Unreachable
from todo_manager.model import Verdict

SHOWN = 10
"""How many files or comparisons a message names."""
_TYPES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _pattern(tree: Tree) -> str:
    path = location(tree)
    if path.endswith("/") and is_pattern(path):
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


class File(PlacedCheck, frozen=True, kw_only=True):
    """A file, a folder, or all files that a pattern matches, are as they should be.

        file: docs/protocol.md
        contains: [rollback]
        max_age: 30d

    A path alone asserts that a regular file is there and holds at least one byte, or that a folder is
    there and is not empty. With a pattern (`*`, `?`, `[a-z]`, and `**` for folders of any depth;
    names with a leading dot only where the pattern writes the dot) every match must be so, and there
    must be one; `**` follows no link to a folder, and where one leads elsewhere, what is asked of all
    that is in the files is an error. Of folders only exists, mode, owner and count can be asked.
    With `host` it looks on that machine, with `inside` in that container, by absolute paths.
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
        if not self.place.here:
            relative = [p for p in (self.subject, self.newer_than) if p and not p.startswith("/")]
            found += [
                f"{path} is a path of the project; {self.place} has none" for path in relative
            ]
        return found

    def lint(self) -> list[str]:
        if self.min_size == 0 and self._content() == ["min_size"]:
            return ["min_size: 0 also accepts an empty file"]
        return []

    def attempt(self, world: World, timeout: float) -> Outcome:
        if self.place.here:
            return self._look_at(lambda: Ground(world.root, timeout))
        try:
            with world.elsewhere.files(self.place, timeout) as files:
                return self._look_at(lambda: Ground(Path("/"), timeout, files))
        except Unreachable as problem:
            return unanswered(self._wanted(), str(problem))

    def _look_at(self, opened: Callable[[], Ground]) -> Outcome:
        try:
            ground = opened()
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
            return conclude([judged(False, self._wanted(), f"there: {_listed(there)}")])
        if unseen := self._unseen(ground):
            return conclude(unseen)
        return self._nothing(ground, self._wanted(), "nothing is there")

    def _nothing(self, ground: Ground, expected: str, actual: str) -> Outcome:
        """Passed, if the folder in which it would be can be listed."""
        path = self._path()
        if not is_pattern(path):
            listed = ground.control(path)
        elif ground.has(listed := os.path.join(ground.root, ground.base(path)[0])):
            ground.files.names(listed)
        else:
            gone = f"the folder to look in, {shown(ground.base(path)[0])}, does not exist"
            return conclude([judged(False, expected, gone)])
        facts = {"listed": shown(os.path.relpath(listed, ground.root))}
        return conclude([judged(True, expected, actual)], facts=facts)

    def _present(self, ground: Ground) -> Outcome:
        names = ground.matches(self._path())
        found = self._counted(names) + self._unseen(ground)
        if not names:
            if found and found[0].verdict == Verdict.PASSED and not self._content():
                return self._nothing(ground, found[0].expected, found[0].actual)
            return conclude([judged(False, self._wanted(), self._none())])
        facts: dict[str, Any] = {"matches": len(names), "files": [shown(n) for n in names[:SHOWN]]}
        reference = self._reference(ground)
        for name in names:
            seen = self._look(ground, name)
            found += self._judge(ground, shown(name), seen, reference)
            if len(names) == 1:
                facts = _facts(ground, name, seen)
        return conclude(_told(found), facts=facts)

    def _unseen(self, ground: Ground) -> list[Judgement]:
        """What of all that a pattern means was not seen, where something is said of all of it."""
        most = self.count is not None and self.count.operator not in ("ge", "gt", "ne")
        links = ground.passed_over()
        if not links or not (most or self._content() or not self.exists):
            return []
        expected = f"all that {shown(self.subject)} means can be seen"
        return [unclear(expected, f"`**` follows no link to a folder: {_listed(links)}")]

    def _none(self) -> str:
        return "nothing matches" if is_pattern(self.subject) else "does not exist"

    def _counted(self, names: list[str]) -> list[Judgement]:
        if self.count is None or not is_pattern(self.subject):
            return []
        so = self.count.holds(len(names))
        return [judged(so, f"{self.count} paths match {self.subject}", f"{len(names)} match")]

    def _look(self, ground: Ground, name: str) -> Seen:
        read = self.contains or self.matches or self.lacks or self.json or self.yaml
        try:
            return ground.look(name, content=bool(read), digest=bool(self.sha256))
        except FileNotFoundError:
            if not ground.is_link(name):
                raise
            raise FileNotFoundError(2, "", f"the target of the symlink {shown(name)}") from None

    def _reference(self, ground: Ground) -> int | None:
        """The time of `newer_than` in nanoseconds; None when there is no such file."""
        if not self.newer_than:
            return None
        try:
            return ground.files.info(ground.real(self.newer_than)).st_mtime_ns
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _judge(
        self, ground: Ground, name: str, seen: Seen, reference: int | None
    ) -> list[Judgement]:
        kind = stat.S_IFMT(seen.info.st_mode)
        if kind == stat.S_IFDIR and not self._content():
            return self._judge_folder(name, seen) + self._judge_owner(ground, name, seen.info)
        if kind != stat.S_IFREG or self.subject.endswith("/"):
            wanted = "a folder" if self.subject.endswith("/") else "a regular file"
            return [judged(False, f"{name} is {wanted}", f"it is {_TYPES.get(kind, 'a file')}")]
        found = self._judge_size(name, seen) + self._judge_owner(ground, name, seen.info)
        if self.max_age is not None or self.newer_than:
            now, newer = ground.files.now(), self.newer_than
            found += judge_time(name, seen.info, now, self.max_age, newer, reference)
        return found + self._judge_content(name, seen)

    def _judge_folder(self, name: str, seen: Seen) -> list[Judgement]:
        if self.count is not None and not is_pattern(self.subject):
            so = self.count.holds(seen.size)
            return [judged(so, f"{name} has {self.count} entries", f"it has {seen.size}")]
        if self._of_folders():
            return [judged(True, f"{name} exists", "a folder")]
        return [judged(seen.size > 0, f"{name} is not empty", f"{seen.size} entries")]

    def _judge_size(self, name: str, seen: Seen) -> list[Judgement]:
        least = 1 if self.min_size is None else self.min_size
        expected = f"{name} exists and holds at least {least} B"
        found = [judged(seen.size >= least, expected, f"it holds {seen.size} B")]
        if self.count is not None and not is_pattern(self.subject):
            found.append(judged(False, f"{name} has {self.count} entries", "it is a file"))
        return found

    def _judge_owner(self, ground: Ground, name: str, info: os.stat_result) -> list[Judgement]:
        found = [judge_mode(name, self.mode, info)] if self.mode is not None else []
        return found + ([judge_owner(name, self.owner, info, ground.files)] if self.owner else [])

    def _judge_content(self, name: str, seen: Seen) -> list[Judgement]:
        found = []
        if self.sha256:
            so = seen.sha256 == self.sha256
            found.append(judged(so, f"{name} has sha256 {self.sha256}", f"it has {seen.sha256}"))
        if not (self.contains or self.matches or self.lacks or self.json or self.yaml):
            return found
        if seen.size > CONTENT_LIMIT:
            reason = f"it is larger than {CONTENT_LIMIT // 2**20} MiB and was not searched"
            return [*found, unclear(f"the content of {name} is as expected", reason)]
        text = seen.data.decode("utf-8", "replace")
        found += judge_words(name, seen.data, self.contains, self.matches, self.lacks)
        found += judge_json(name, text, self.json) if self.json else []
        return found + (judge_yaml(name, text, self.yaml) if self.yaml else [])


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
