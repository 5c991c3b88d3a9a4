"""The kind `log`: what a container has written since its start, or what stands in a log file."""

from __future__ import annotations

import re
import stat
from typing import Annotated

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, World, conclude
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.checks.expect import Expectation
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.ground import CONTENT_LIMIT, Ground, Unlookable, location, shown
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.log_lines import Lines, Wanted, judge_lines, times
from todo_manager.engines.address import LOCAL
from todo_manager.engines.containers import (
    SECOND,
    Container,
    NotOne,
    container_name,
    find,
    now_of,
)
from todo_manager.engines.engine import Absent, Engine, Unreachable
from todo_manager.engines.logs import Written, may_be_gone, read, start_of
from todo_manager.engines.subjects import of_container
from todo_manager.processes.capture import Capture


def _is_file(subject: str) -> bool:
    """A path has a slash in it, and a name has none; a label may, and has an `=` before."""
    return subject.startswith(("./", "/")) or ("/" in subject and "=" not in subject)


def _subject(tree: Tree) -> str:
    text = fields.text(tree)
    if not _is_file(text):
        return container_name(tree)
    if location(tree).endswith("/"):
        raise Wrong("a folder is no log: name a file in it")
    return text


def _since(tree: Tree) -> float:
    """Seconds; 0 for `started`."""
    return 0.0 if fields.text(tree) == "started" else fields.timeout(tree)


class Log(EngineCheck, frozen=True, kw_only=True):
    """A container has written something since it was last started, or a log file holds it.

        - log: local-ai-llama
          contains: "model loaded"
          lacks: [CUDA error]
          within: 60s

    A name with a slash is a file of the project (`./app.log`), anything else a container. Lines of an
    earlier start of the container do not count. `lacks` wants a contains or matches beside it, a line
    that is there: an empty log lacks everything. A bare one passes when there is a line at all.
    """

    kind = "log"

    subject: Annotated[str, Convert(_subject)] = ""
    """The exact name of a container, a label as key=value that exactly one has, or a path with a `/`."""
    contains: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """A text or texts that stand in it, each in some line."""
    matches: Annotated[tuple[re.Pattern[str], ...], Convert(fields.patterns, expects=True)] = ()
    """Regular expressions found in it (`re.search`, MULTILINE); a line without its end is left out."""
    lacks: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """Texts that stand in no line; where its log driver may have thrown lines away, that is an error."""
    times: Annotated[Expectation | None, Convert(times, expects=True)] = None
    """How many lines hold the one text of contains or matches: a number, or `{ge: 3}`."""
    since: Annotated[float | None, Convert(_since, expects=True)] = None
    """`started`, which is the rule, or a duration like 10m: then only lines younger than that."""

    def problems(self) -> list[str]:
        found = []
        if self.lacks and not (self.contains or self.matches):
            found.append("`lacks` alone also passes on an empty log; add a contains or matches")
        if self.times is not None and len(self.contains) + len(self.matches) != 1:
            found.append("times counts the lines of one text: name one, in contains or matches")
        if _is_file(self.subject) and self.since is not None:
            found.append("nothing says when a line of a file was written: no since")
        if _is_file(self.subject) and self.host != LOCAL:
            found.append("a file is looked at on this machine only: no host")
        return found

    def lint(self) -> list[str]:
        if not (self.contains or self.matches):
            return ["any line would pass: say what it contains"]
        if _is_file(self.subject):
            return ["lines of earlier runs count, too: use a file of this run alone"]
        return []

    def expected(self) -> str:
        return f"the log of {shown(self.subject)} can be read"

    def attempt(self, world: World, timeout: float) -> Outcome:
        if not _is_file(self.subject):
            return EngineCheck.attempt(self, world, timeout)
        try:
            return self._file(Ground(world.root, timeout))
        except (FileNotFoundError, NotADirectoryError):
            return conclude(
                [judged(False, self.expected(), f"{shown(self.subject)} does not exist")]
            )
        except Unlookable as problem:
            return conclude([unclear(self.expected(), f"could not look: {problem}")])
        except OSError as problem:
            return conclude([unclear(self.expected(), f"could not look: {problem.strerror}")])

    def look(self, world: World, engine: Engine, timeout: float) -> Outcome:
        try:
            found = find(engine, self.subject)
            world.saw(of_container(found, self.subject))
            if not found.started:
                return conclude([judged(False, self.expected(), "it was never started")])
            written = read(engine, found, self._from(engine, found), CONTENT_LIMIT, timeout)
            gone = self._gone(engine, found, timeout)
            after = find(engine, self.subject)
        except (NotOne, Absent) as problem:
            said = f"{problem}{self._meant(world)}"
            return conclude([judged(False, self.expected(), said)])
        if (after.id, after.started) != (found.id, found.started):
            raise Unreachable(f"{self.subject} was started again while its log was read")
        return self._outcome(found, written, gone, growing=after.status == "running")

    def _gone(self, engine: Engine, found: Container, timeout: float) -> str:
        """Why lines that are said to be missing, or counted, may be gone only."""
        if not self.lacks and self.times is None:
            return ""
        return may_be_gone(found, read(engine, found, 0, CONTENT_LIMIT, timeout))

    def _meant(self, world: World) -> str:
        """What to write where a file of the project has the name of the container that is not there."""
        is_file = "=" not in self.subject and (world.root / self.subject).is_file()
        return f"; for the file write ./{self.subject}" if is_file else ""

    def _from(self, engine: Engine, found: Container) -> int:
        """The time from which on lines count, in nanoseconds; never before the last start."""
        if not self.since:
            return start_of(found)
        return max(start_of(found), now_of(engine) - int(self.since * SECOND))

    def _outcome(self, found: Container, written: Written, gone: str, *, growing: bool) -> Outcome:
        captures = [Capture(name) for name in written.streams]
        for capture, data in zip(captures, written.streams.values()):
            capture.add(data)
        lines = Lines(
            name=f"the log of {found.name} since its start",
            streams=tuple(written.streams.values()),
            cut=CONTENT_LIMIT if written.cut else 0,
            gone=gone,
            growing=growing,
        )
        outputs = tuple(capture.output() for capture in captures)
        return conclude(
            judge_lines(lines, self._wanted()),
            facts=found.facts() | {"bytes": sum(output.size for output in outputs)},
            outputs=tuple(output for output in outputs if output.size),
        )

    def _file(self, ground: Ground) -> Outcome:
        seen = ground.look(self.subject, content=True)
        if not stat.S_ISREG(seen.info.st_mode):
            return conclude([judged(False, self.expected(), "it is not a regular file")])
        cut = CONTENT_LIMIT if seen.size > CONTENT_LIMIT else 0
        name = shown(self.subject)
        lines = Lines(name=name, streams=(seen.data,), cut=cut)
        facts = {"size": seen.size} | ({"sha256": seen.sha256} if seen.sha256 else {})
        return conclude(judge_lines(lines, self._wanted()), facts=facts)

    def _wanted(self) -> Wanted:
        return Wanted(
            contains=self.contains, matches=self.matches, lacks=self.lacks, times=self.times
        )
