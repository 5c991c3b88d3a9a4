"""The kind `command`: a program or a shell text, judged by its exit code and what it writes."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields, shelltext
from todo_manager.checks.base import Outcome, Ran, Unresolvable, World, conclude, unanswered
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.placed import PlacedCheck
from todo_manager.checks.textmatch import TextMatch, judge_text, text_match
from todo_manager.documents.substitution import steers
from todo_manager.engines.address import LOCAL
from todo_manager.engines.engine import Unreachable
from todo_manager.hosts.places import From
from todo_manager.model import Output, Verdict
from todo_manager.processes.client import Tell

NOT_STARTED = (126, 127)
"""Exit codes by which shells and `env` say that the program could not be started."""


def argv_or_shell(tree: Tree) -> str | tuple[str, ...]:
    """A list is an argument list, one text is shell text."""
    if not isinstance(tree, list):
        return fields.text(tree)
    if not tree:
        raise Wrong("an empty argument list runs nothing")
    return tuple(str(fields.scalar(item)) for item in tree)


_MANY = 16
"""Exit codes, from which on a check that accepts them all may be meant to accept everything."""


class Command(PlacedCheck, frozen=True, kw_only=True):
    """A program (a list) or a shell text (one string) exits as it should, and says what it should.

    A shell text runs in bash with `set -euo pipefail`. A program that cannot be started, is killed by
    a signal or runs past `timeout` is an error, not a failure. With `host` it is run on that machine, in
    the home of its login; with `inside` in that container, in its working folder and environment.

        - command: [nginx, -t]
        - command: "psql -Atc 'select count(*) from users' | grep -qx 42"
          stdout: {matches: ok}
    """

    kind: ClassVar[str] = "command"
    needs_for: ClassVar[Mapping[str, str]] = {"shell text": "bash"}
    runs_programs: ClassVar[bool] = True
    shell_fields: ClassVar[frozenset[str]] = frozenset({"subject"})

    subject: Annotated[str | tuple[str, ...], Convert(argv_or_shell)] = ()
    """What is run: a list of arguments, or one shell text."""
    exit: Annotated[tuple[int, ...], Convert(fields.integers, expects=True)] = (0,)
    """Exit codes that pass."""
    stdout: Annotated[TextMatch | None, Convert(text_match, expects=True)] = None
    """What standard output must be like."""
    stderr: Annotated[
        TextMatch | None, Convert(functools.partial(text_match, lacks_alone=True), expects=True)
    ] = None
    """What standard error must be like."""
    env: fields.Variables = {}
    """Variables it gets beside the clean environment."""
    cwd: fields.Text = "."
    """Folder of the project it runs in; elsewhere an absolute path, or one from where it starts there."""
    user: fields.Text = ""
    """User it runs as; needs the right to become that user."""
    shell: Annotated[str, Convert(fields.one_of("bash"))] = "bash"
    """The shell of a shell text; only bash knows pipefail."""
    timeout: fields.Timeout = 600.0
    """Seconds one attempt may take."""

    def label(self) -> str:
        return self.subject if isinstance(self.subject, str) else " ".join(self.subject)

    def problems(self) -> list[str]:
        found = [
            f"the variable {name} steers how programs run; name the program by its path instead"
            for name in self.env
            if steers(name)
        ]
        if any(code in NOT_STARTED or not 0 <= code <= 255 for code in self.exit):
            found.append("exit codes are 0 to 255; 126 and 127 mean that nothing was started")
        if self.host != LOCAL and not self.inside and self.user:
            found.append("on another machine it runs as the user of its login: name that in ssh:")
        if self.inside and self.cwd != "." and not self.cwd.startswith("/"):
            found.append("inside a container cwd is an absolute path")
        if reason := shelltext.cannot_fail(self.subject, judged=self._judged()):
            found.append(f"it asserts nothing: {reason}")
        return found

    def lint(self) -> list[str]:
        found = shelltext.doubts(self.subject, judged=self._judged())
        if len(self.exit) > _MANY and not self._judged():
            found.append(f"exit accepts {len(self.exit)} codes: hardly a failure is left")
        return found

    def _judged(self) -> bool:
        """Whether what it writes is judged, so that its exit code is not the whole answer."""
        return self.stdout is not None or self.stderr is not None

    def attempt(self, world: World, timeout: float) -> Outcome:
        expected = f"exits {' or '.join(map(str, self.exit))}"
        handed: dict[str, str] = {}
        argv = self.subject
        if isinstance(argv, str):
            handed = world.hand_over(argv)
            argv = ("bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", argv)
        env = handed | self.env
        try:
            went = start(
                world,
                self.place,
                argv,
                timeout=timeout,
                cwd=self.cwd,
                env=env,
                user=self.user,
                tell=world.tell,
            )
        except (Unresolvable, Unreachable) as problem:
            return unanswered(expected, str(problem))
        if went.why:
            return unanswered(expected, went.why, facts=went.facts, outputs=went.outputs)
        return conclude(self._judge(went.ran, expected), facts=went.facts, outputs=went.outputs)

    def _judge(self, ran: Ran, expected: str) -> list[Judgement]:
        so = ran.exit in self.exit
        actual = f"exited {ran.exit}{tail_of(ran)}"
        found = [Judgement(Verdict.PASSED if so else Verdict.FAILED, expected, actual)]
        if self.stdout:
            found += judge_text("stdout", ran.stdout, self.stdout)
        if self.stderr:
            found += judge_text("stderr", ran.stderr, self.stderr)
        return found


class Went(Struct, frozen=True, kw_only=True):
    """A program that was started at some place, and what came of it."""

    ran: Ran
    facts: dict[str, Any]
    why: str
    """Why it says nothing about the thing checked; empty when its exit code does."""

    @property
    def outputs(self) -> tuple[Output, Output]:
        return self.ran.stdout, self.ran.stderr


def start(
    world: World,
    place: From,
    argv: Sequence[str],
    *,
    timeout: float,
    cwd: str = ".",
    env: Mapping[str, str] = {},
    user: str = "",
    tell: Tell | None = None,
) -> Went:
    """Run a program here or at another place; raises Unresolvable, Unreachable where it cannot be."""
    if place.here:
        program = world.program(argv[0])
        argv = [program.path, *program.options, *argv[1:]]
        env = {**program.env, **env}
        ran = world.run(argv, timeout=timeout, cwd=cwd, env=env, user=user, tell=tell)
        facts = {"program": program.path, "sha256": program.sha256} | run_facts(ran)
        return Went(ran=ran, facts=facts, why=why_no_exit_code(ran, timeout, argv[0]))
    away = "" if cwd == "." else cwd
    ran, facts = world.elsewhere.run(
        place, argv, timeout=timeout, cwd=away, env=env, user=user, tell=tell
    )
    why = why_no_exit_code(ran, timeout, argv[0])
    facts = {"from": str(place)} | facts | run_facts(ran)
    return Went(ran=ran, facts=facts, why=f"{place}: {why}" if why else "")


def run_facts(ran: Ran) -> dict[str, Any]:
    """What is worth keeping of any program that ran."""
    return {"exit": ran.exit} | ({"leaked": ran.leaked} if ran.leaked else {})


def why_no_exit_code(ran: Ran, timeout: float, program: str) -> str:
    """Why a run says nothing about the thing checked; empty when its exit code does."""
    if ran.problem:
        return f"{program} did not run: {ran.problem}"
    if ran.cancelled:
        return "it was interrupted"
    if ran.timed_out:
        return f"it was still running after {timeout:g}s and was ended"
    if ran.signal is not None:
        return f"it was killed by signal {ran.signal}"
    if ran.exit in NOT_STARTED:
        return f"it exited {ran.exit}: a program it needs could not be started{tail_of(ran)}"
    if ran.exit == 255 and program.rsplit("/", 1)[-1] == "ssh":
        return f"ssh exited 255: the connection failed{tail_of(ran)}"
    return ""


def tail_of(ran: Ran) -> str:
    """The last line a program wrote on standard error, or else on standard output, for messages."""
    for output in (ran.stderr, ran.stdout):
        lines = output.kept.decode("utf-8", "replace").strip().splitlines()
        if lines:
            line = lines[-1].strip()
            return f" ({line if len(line) <= 200 else line[:200] + '...'})"
    return ""
