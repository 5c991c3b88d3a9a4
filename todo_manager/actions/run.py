"""The action `run`: a shell text, the whole of it in one bash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from todo_manager.actions.base import Action, Site, Tell
from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, Ran, Unresolvable, conclude, unanswered
from todo_manager.checks.command import run_facts, tail_of, why_no_exit_code
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert
from todo_manager.checks.ground import location
from todo_manager.documents.substitution import steers
from todo_manager.engines.address import LOCAL
from todo_manager.engines.containers import container_name
from todo_manager.engines.engine import Unreachable
from todo_manager.hosts.places import From
from todo_manager.model import Verdict

BASH = ("--noprofile", "--norc", "-euo", "pipefail", "-c")
EXPECTED = "exits 0"


def steering(env: Mapping[str, str]) -> list[str]:
    """Why some of these variables may not be set, in words."""
    return [
        f"the variable {name} steers how programs run; name the program by its path instead"
        for name in env
        if steers(name)
    ]


def concluded(ran: Ran, timeout: float, program: str, facts: dict[str, Any]) -> Outcome:
    """What a program that was to exit 0 came to."""
    known, outputs = facts | run_facts(ran), (ran.stdout, ran.stderr)
    if problem := why_no_exit_code(ran, timeout, program):
        return unanswered(EXPECTED, problem, facts=known, outputs=outputs)
    verdict = Verdict.PASSED if ran.exit == 0 else Verdict.FAILED
    judged = [Judgement(verdict, EXPECTED, f"exited {ran.exit}{tail_of(ran)}")]
    return conclude(judged, facts=known, outputs=outputs)


class Run(Action, frozen=True, kw_only=True):
    """Run a shell text, whole, in one bash with `set -euo pipefail`; it is done when it exits 0.

    Heredocs, continuations and exports hold through the whole text. Names of the plan that occur in
    it are handed over as environment variables. Whatever it leaves running is ended. Where the plan
    says at which engine `local` is, DOCKER_HOST is that engine. With `host` it runs on that machine, in
    the home of its login; with `inside` in that container.

        - run: |
            docker build -t "$registry/base:$tag" -f base.Dockerfile .
            docker push "$registry/base:$tag"
          timeout: 30m
    """

    kind: ClassVar[str] = "run"
    runs_programs: ClassVar[bool] = True
    shell_fields: ClassVar[frozenset[str]] = frozenset({"subject"})

    subject: Annotated[str, Convert(fields.text)] = ""
    """The shell text. Nothing is substituted into it."""
    cwd: Annotated[str, Convert(location)] = "."
    """Folder of the project it runs in; elsewhere an absolute path, or one from where it starts there."""
    env: fields.Variables = {}
    """Variables it gets beside the clean environment; the way to hand over an item of for_each."""
    host: Annotated[str, Convert(fields.text, expects=True)] = LOCAL
    """The host, of those under `hosts`, on which it runs: over its `ssh`."""
    inside: Annotated[str, Convert(container_name)] = ""
    """A running container of the host's engine, by exact name or label, in which it runs."""

    def problems(self) -> list[str]:
        found = [] if self.subject.strip() else ["an empty text runs nothing"]
        found += steering(self.env)
        if self.inside and self.cwd != "." and not self.cwd.startswith("/"):
            found.append("inside a container cwd is an absolute path")
        if self.host == LOCAL and not self.inside and self.cwd.startswith("/"):
            found.append("cwd is a folder of the project")
        return found

    def perform(self, site: Site, tell: Tell, timeout: float) -> Outcome:
        if self.host != LOCAL or self.inside:
            return self._elsewhere(site, tell, timeout)
        try:
            program = site.program("bash")
        except Unresolvable as problem:
            return unanswered(EXPECTED, str(problem))
        argv = [program.path, *BASH, self.subject]
        env = site.hand_over(self.subject)
        if docker := site.local_docker():
            env.setdefault("DOCKER_HOST", docker)
        ran = site.run(argv, timeout=timeout, cwd=self.cwd, env=env | self.env, tell=tell)
        facts = {"program": program.path, "sha256": program.sha256}
        return concluded(ran, timeout, argv[0], facts)

    def _elsewhere(self, site: Site, tell: Tell, timeout: float) -> Outcome:
        place = From(host=self.host, container=self.inside)
        cwd = "" if self.cwd == "." else self.cwd
        env = site.hand_over(self.subject) | self.env
        try:
            ran, facts = site.elsewhere.run(
                place, ["bash", *BASH, self.subject],
                timeout=timeout, cwd=cwd, env=env, user="", tell=tell,
            )  # fmt: skip
        except Unreachable as problem:
            return unanswered(EXPECTED, str(problem))
        return concluded(ran, timeout, "bash", {"from": str(place)} | facts)
