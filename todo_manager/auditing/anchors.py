"""Events of a ledger kept outside its store, where whoever rewrites the store does not reach.

HEAD lies beside the store and can be rewritten with it. An anchor is as good as the place it lies in: a
file on another machine, a ref that was pushed. Each line is one JSON object: seq, hash, at, by, and `anew`
where a person acknowledged a break and everything before that line is no longer asked for.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager import ledger
from todo_manager.attesting import repository
from todo_manager.checks.base import Unresolvable
from todo_manager.checks.gitcalls import Git
from todo_manager.checks.ground import Unlookable
from todo_manager.editing import files
from todo_manager.errors import IntegrityProblem, UsageProblem
from todo_manager.ledger import Actor, Recorded
from todo_manager.shellword import word

REFS = "refs/todo_manager/anchors/"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_LIMIT = 16 * 2**20


class Line(Struct, frozen=True, kw_only=True):
    """One event that was kept."""

    seq: int
    hash: str
    at: str
    by: str
    anew: bool = False


class Anchor:
    """A place outside the store; `place` names it in messages."""

    place: str

    def __init__(self) -> None:
        self.lines = self._lines(self._read())

    def _read(self) -> str:
        raise NotImplementedError

    def _write(self, text: str, line: Line) -> None:
        raise NotImplementedError

    def _lines(self, text: str) -> list[Line]:
        """What is kept there; IntegrityProblem for a line that is none."""
        found = []
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                tree = json.loads(line)
                found.append(_line(tree))
            except (ValueError, KeyError, TypeError):
                raise IntegrityProblem(
                    f"{self.place}, line {number}: is no anchor of a ledger",
                    hint="restore it from where it was copied to; without it nobody knows",
                ) from None
        return found

    def _asked(self) -> list[Line]:
        """The lines from the last one that began anew."""
        start = max((n for n, line in enumerate(self.lines) if line.anew), default=0)
        return self.lines[start:]

    def missing(self, db: sqlite3.Connection) -> tuple[str, ...]:
        """What is kept there and is not in the ledger, in words."""
        found = []
        for line in self._asked():
            row = db.execute("SELECT hash FROM ledger WHERE seq = ?", (line.seq,)).fetchone()
            held = row["hash"] if row else ledger.GENESIS if line.seq == 0 else None
            if held != line.hash:
                what = "the ledger holds another" if held else "the ledger does not hold it"
                found.append(f"{self.place} has kept event {line.seq} at {line.at}, and {what}")
        return tuple(found)

    def keep(self, newest: Recorded, actor: Actor, *, anew: bool = False) -> str:
        """Keep the newest event there; what was done, in words."""
        last = self._asked()[-1:]
        if last and not anew and (last[0].seq, last[0].hash) == tuple(newest):
            return f"event {newest.seq} is kept there already"
        first = "" if self.lines else ", the first there: nothing could be compared"
        line = Line(seq=newest.seq, hash=newest.hash, at=ledger.now(), by=actor.name, anew=anew)
        self.lines.append(line)
        self._write("".join(_text(each) for each in self.lines), line)
        return f"event {newest.seq} is kept{first}"


def _line(tree: Any) -> Line:
    seq, hash_ = tree["seq"], tree["hash"]
    if type(seq) is not int or not re.fullmatch(r"[0-9a-f]{64}", hash_):
        raise ValueError(tree)
    at, by = str(tree["at"]), str(tree["by"])
    return Line(seq=seq, hash=hash_, at=at, by=by, anew=tree.get("anew", False) is True)


def _text(line: Line) -> str:
    found = {"seq": line.seq, "hash": line.hash, "at": line.at, "by": line.by}
    return json.dumps(found | ({"anew": True} if line.anew else {})) + "\n"


class InFile(Anchor):
    """A file, which is made by the first event that is kept there."""

    def __init__(self, path: str) -> None:
        self.place = path
        super().__init__()

    def _read(self) -> str:
        try:
            with open(self.place, "rb") as file:
                return file.read(_LIMIT).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        except OSError as problem:
            hint = f"ls -l {word(self.place)}"
            raise UsageProblem(f"{self.place}: {problem.strerror}", hint=hint) from None

    def _write(self, text: str, line: Line) -> None:
        files.put(Path(self.place), text.encode())


class InGit(Anchor):
    """A ref of the project's repository: a chain of commits, one an event, each with all lines."""

    def __init__(self, root: Path, name: str) -> None:
        self.place = REFS + name
        self._git = _git_of(root)
        self._at = ""
        super().__init__()

    def _read(self) -> str:
        try:
            ran = self._git.run("rev-parse", "--verify", "--quiet", f"{self.place}^{{commit}}")
            if ran.exit != 0:
                return ""
            self._at = ran.stdout.kept.decode("ascii", "replace").strip()
            return self._git.text("cat-file", "blob", f"{self._at}:anchor") + "\n"
        except Unlookable as problem:
            raise IntegrityProblem(
                f"{self.place} cannot be read: {problem}", hint=f"git log {self.place}"
            ) from None

    def _write(self, text: str, line: Line) -> None:
        """Through a shell, for what git is to store comes on its standard input."""
        script = """
            blob=$(printf '%s' "$1" | "$0" hash-object -w --stdin)
            tree=$(printf '100644 blob %s\\tanchor\\n' "$blob" | "$0" mktree)
            commit=$(printf '%s' "$2" | "$0" commit-tree "$tree" ${4:+-p "$4"})
            "$0" update-ref "$3" "$commit" "${4:-$5}"
        """
        message = f"Event {line.seq} of the ledger is {line.hash}\n"
        gone = "0" * (len(self._at) or 40)
        by = {
            "NAME": " ".join(line.by.split()) or "unknown",
            "EMAIL": "",
            "DATE": f"{line.at[:19]}Z",
        }
        who = {f"GIT_{role}_{n}": v for role in ("AUTHOR", "COMMITTER") for n, v in by.items()}
        ran = self._git.shell(script, text, message, self.place, self._at, gone, env=who)
        if ran.exit != 0:
            said = ran.stderr.kept.decode("utf-8", "replace").strip().splitlines()
            raise UsageProblem(
                f"{self.place} could not be written: {said[-1] if said else 'git said nothing'}",
                hint="todo_manager audit --anchor git, to try again",
            )


def _git_of(root: Path) -> Git:
    try:
        opened = repository.open_at(root)
    except (Unlookable, Unresolvable, OSError) as problem:
        raise UsageProblem(f"git cannot be asked: {problem}", hint="--anchor FILE") from None
    if opened is None:
        raise UsageProblem(f"{root} lies in no git repository", hint="--anchor FILE")
    return opened[0]


def at(root: Path, where: str) -> Anchor:
    """The anchor that `--anchor` names: `git`, `git:NAME`, or a file.

    Raises UsageProblem, or IntegrityProblem where what is there is no anchor.
    """
    if where == "git":
        return InGit(root, "main")
    if where.startswith("git:"):
        if not _NAME.fullmatch(where[4:]):
            raise UsageProblem(f"{where!r} is not git:NAME", hint="a-z A-Z 0-9 _ -, like git:ci")
        return InGit(root, where[4:])
    if os.path.realpath(where).startswith(os.path.realpath(root / ".todo_manager") + os.sep):
        raise UsageProblem("an anchor in the store is none", hint="a file elsewhere, or git")
    return InFile(where)
