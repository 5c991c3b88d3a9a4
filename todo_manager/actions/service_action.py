"""What the actions share that put a service into place: the service, its lock, and what is said of a failure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from todo_manager import locks
from todo_manager.actions.base import Action, Site, Tell
from todo_manager.actions.engine_action import ANSWER, Told
from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, Unresolvable, conclude, unanswered
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.documents.names import is_plain_id
from todo_manager.engines.doing import Declined, Unfinished
from todo_manager.engines.engine import Unreachable
from todo_manager.errors import TodoError
from todo_manager.model import Verdict
from todo_manager.project import STORE

if TYPE_CHECKING:
    from todo_manager.deploying.service import Service
    from todo_manager.deploying.work import Work


def service_name(tree: Tree) -> str:
    """The name of a service of the plan."""
    found = fields.text(tree)
    if not is_plain_id(found):
        raise Wrong(f"{found!r} is not a name of a service: a-z 0-9 . _ - only")
    return found


class ServiceAction(Action, frozen=True, kw_only=True):
    """An action on a service of the plan, on the engine of the service's host; one at a time."""

    subject: Annotated[str, Convert(service_name, expects=True)] = ""
    """The service, of those under `services`."""
    within: fields.Timeout = 60.0
    """Seconds a container gets to be healthy and to answer, beside the old one and in its place."""

    def expected(self) -> str:
        """What is to be so afterwards, in words."""
        return f"{self.kind} {self.subject}"

    def act(self, work: Work) -> dict[str, Any]:
        """Do it, and say what is worth keeping.

        May raise Declined, Unfinished, Unresolvable, Unreachable and NotRestored, never Absent.
        """
        raise NotImplementedError

    def perform(self, site: Site, tell: Tell, timeout: float) -> Outcome:
        from todo_manager.deploying.service import service_of
        from todo_manager.deploying.work import NotRestored, Work

        told = Told(tell)
        deadline = time.monotonic() + timeout
        expected = self.expected()
        try:
            service = service_of(site, self.subject)
            with _alone(site, service), site.engine(service.host, min(timeout, ANSWER)) as engine:
                facts = self.act(Work(site, engine, service, told, deadline, self.within))
        except Declined as problem:
            judged = [Judgement(Verdict.FAILED, expected, str(problem))]
            return conclude(judged, outputs=told.outputs())
        except NotRestored as problem:
            facts = {"not_restored": True, "running": problem.running}
            return unanswered(expected, str(problem), facts=facts, outputs=told.outputs())
        except TodoError as problem:
            return unanswered(expected, problem.message, outputs=told.outputs())
        except (Unreachable, Unfinished, Unresolvable) as problem:
            return unanswered(expected, str(problem), outputs=told.outputs())
        judged = [Judgement(Verdict.PASSED, expected, "done")]
        return conclude(judged, facts=facts, outputs=told.outputs())


@contextmanager
def _alone(site: Site, service: Service) -> Iterator[None]:
    """Hold a service: what one deployment has just begun another one would take for left behind."""
    store, what = str(site.root / STORE), f"the deployment of {service.container}"
    with locks.held(store, "\0service", f"{service.host}/{service.container}", what=what, wait=0):
        yield
