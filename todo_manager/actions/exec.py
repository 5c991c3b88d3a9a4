"""The action `exec`: a program inside a container."""

from __future__ import annotations

from typing import Annotated, ClassVar

from todo_manager.actions.base import Site, Tell
from todo_manager.actions.engine_action import ANSWER, EngineAction
from todo_manager.actions.run import concluded, steering
from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, conclude, unanswered
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.engines.containers import NotOne, container_name, find
from todo_manager.engines.engine import Unreachable
from todo_manager.model import Verdict


def arguments(tree: Tree) -> tuple[str, ...]:
    """A list of arguments; one text is refused, for no shell is meant."""
    if not isinstance(tree, list) or not tree:
        raise Wrong("expected a list of arguments, like [nginx, -s, reload]")
    return tuple(str(fields.scalar(item)) for item in tree)


class Exec(EngineAction, frozen=True, kw_only=True):
    """Run a program inside a running container; it is done when it exits 0.

        - exec: [nginx, -s, reload]
          inside: billing-web

    Whatever it leaves behind in there is ended, where the container has a shell to find it with.
    """

    kind: ClassVar[str] = "exec"

    subject: Annotated[tuple[str, ...], Convert(arguments)] = ()
    """The program and its arguments."""
    inside: Annotated[str, Convert(container_name)] = ""
    """The exact name of the container, or one label as `key=value`."""
    env: fields.Variables = {}
    """Variables it gets beside those of the container."""
    user: fields.Text = ""
    """Whom it runs as; the container's own user when absent."""
    cwd: fields.Text = ""
    """Folder of the container it runs in; the container's own when absent."""

    def label(self) -> str:
        return " ".join(self.subject)

    def problems(self) -> list[str]:
        return steering(self.env)

    def perform(self, site: Site, tell: Tell, timeout: float) -> Outcome:
        from todo_manager.hosts import container_program

        expected = f"exits 0 inside {self.inside} on {self.host}"
        if not self.inside:
            return unanswered(expected, "no container is named: write it under inside")
        try:
            with site.engine(self.host, min(timeout, ANSWER)) as engine:
                ran, facts = container_program.run(
                    engine, find(engine, self.inside), self.subject,
                    timeout=timeout, cwd=self.cwd, env=self.env, user=self.user,
                    cancel=site.cancel, tell=tell,
                )  # fmt: skip
        except NotOne as problem:
            return conclude([Judgement(Verdict.FAILED, expected, str(problem))])
        except Unreachable as problem:
            return unanswered(expected, str(problem))
        return concluded(ran, timeout, self.subject[0], facts)
