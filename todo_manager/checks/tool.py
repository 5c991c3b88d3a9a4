"""The kind `tool`: a program is there, and is of a version that will do."""

from __future__ import annotations

from typing import Annotated, ClassVar

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, Ran, Unresolvable, World, conclude, unanswered
from todo_manager.checks.command import start, tail_of
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.placed import HostCheck
from todo_manager.checks.versions import Requirement, find_version, requirement
from todo_manager.engines.engine import Unreachable


def program_name(tree: Tree) -> str:
    """The name or path of one program; what follows it on a command line are `args`."""
    value = fields.text(tree)
    if not value or "\0" in value or any(char.isspace() for char in value):
        raise Wrong("expected one program, like docker; write its arguments under `args`")
    return value


class Tool(HostCheck, frozen=True, kw_only=True):
    """A program is found, answers when it is asked for its version, and that version will do.

        - tool: docker
          version: ">= 24, < 30"
        - tool: go
          args: [version]
          version: ">= 1.22"
        - tool: nvidia-smi
          host: pc2

    A bare `tool: docker` asserts that it is found and that `docker --version` exits 0. It is looked for
    where every other check would find it, so the project's own programs want `pins`; its path and its
    sha256 are facts. The version is the first one named on standard output, else on standard error;
    where none is named it is an error. With `host` it is looked for in the system's folders of that machine.
    """

    kind: ClassVar[str] = "tool"
    runs_programs: ClassVar[bool] = True

    subject: Annotated[str, Convert(program_name)] = ""
    """The name of a program, or its path."""
    version: Annotated[Requirement | None, Convert(requirement, expects=True)] = None
    """Bounds like `">= 24, < 30"` (`>= > <= < =`), all of which hold; missing numbers are zeros."""
    args: fields.Texts = ("--version",)
    """What it is asked with; some want `version` or `-V`."""

    def problems(self) -> list[str]:
        if self.place.here or "/" not in self.subject or self.subject.startswith("/"):
            return []
        return [f"{self.subject} is a path of the project; {self.place} has none"]

    def attempt(self, world: World, timeout: float) -> Outcome:
        asked = " ".join((self.subject, *self.args))
        expected = f"{self.subject} {self.version}" if self.version else f"{asked} exits 0"
        try:
            went = start(world, self.place, (self.subject, *self.args), timeout=timeout)
        except (Unresolvable, Unreachable) as problem:
            return unanswered(expected, str(problem))
        ran, version = went.ran, _named(went.ran)
        facts = went.facts | ({"version": version} if version else {})
        outputs = went.outputs
        if went.why:
            return unanswered(expected, went.why, facts=facts, outputs=outputs)
        found = [judged(ran.exit == 0, f"{asked} exits 0", f"exited {ran.exit}{tail_of(ran)}")]
        if self.version and ran.exit == 0:
            found = [_judge(expected, self.version, version, asked)]
        return conclude(found, facts=facts, outputs=outputs)


def _judge(expected: str, wanted: Requirement, version: str | None, asked: str) -> Judgement:
    if version is None:
        return unclear(expected, f"`{asked}` names no version; see which of its arguments does")
    return judged(wanted.allows(version), expected, f"it is {version}")


def _named(ran: Ran) -> str | None:
    """The version in what a program wrote: on standard output, else on standard error."""
    for output in (ran.stdout, ran.stderr):
        if version := find_version(output.kept.decode("utf-8", "replace")):
            return version
    return None
