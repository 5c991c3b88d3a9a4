"""The action `rollback`: a service goes back to the image that ran before, and is proven serving."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from todo_manager.actions.service_action import ServiceAction
from todo_manager.checks.fields import Convert
from todo_manager.checks.image_wanted import test_of
from todo_manager.engines.doing import Declined, Unfinished
from todo_manager.engines.engine import Absent, Unreachable
from todo_manager.engines.reference import image_reference

if TYPE_CHECKING:
    from todo_manager.deploying.service import Wanted
    from todo_manager.deploying.work import Work
    from todo_manager.engines.containers import Container


class Rollback(ServiceAction, frozen=True, kw_only=True):
    """Take a service of the plan back to the image that its container ran before the last deployment.

        - rollback: llama
        - rollback: llama
          to: "localhost:5000/llama:1.3"

    Which image that was is recorded on the container. It is tried beside, switched and proven as by
    `deploy`, and how long that took is recorded: the kind `rollback_ready` asks for such a drill. A service
    that was taken back already and serves is left alone. One that cannot be taken back is an error that
    says what runs now.
    """

    kind: ClassVar[str] = "rollback"

    to: Annotated[str, Convert(image_reference)] = ""
    """Another image of the engine to go back to."""

    def act(self, work: Work) -> dict[str, Any]:
        from todo_manager.deploying import ground, ours, proof
        from todo_manager.deploying.repair import repair

        began = time.monotonic()
        ground.demand_networks(work)
        repair(work)
        now = ours.one(work, "")
        if now is None:
            raise Declined(f"{work.engine.host} has no container {work.service.container}")
        wanted = self._wanted(work, now)
        facts = {
            "service": work.service.name,
            "container": now.name,
            "engine": work.engine.name.name,
            "image": wanted.image,
            "from": wanted.rolled_back_from,
        }
        if now.image == wanted.image and proof.serves(work, now):
            work.say(f"{now.name} runs {wanted.image} and serves: nothing is to be done")
            return facts | {"already": True}
        ground.demand_ports(work, now)
        facts |= _taken_back(work, wanted, now)
        return facts | {"already": False, "seconds": round(time.monotonic() - began, 3)}

    def _wanted(self, work: Work, now: Container) -> Wanted:
        from todo_manager.deploying import marks, proof
        from todo_manager.deploying.service import Wanted, environment

        has = marks.of(now)
        back = has.get(marks.ROLLED_BACK, "")
        target = self.to or (now.image if back else has.get(marks.PREVIOUS, ""))
        if not target:
            raise Declined(f"no image is recorded that {now.name} ran before: name one under to")
        try:
            image = work.engine.image(target)
        except Absent:
            raise Declined(f"{work.engine.host} has no image {target} to go back to") from None
        if why := proof.can_be_proven(work.service, test_of(image.get("Config") or {})):
            raise Declined(why)
        id_ = str(image["Id"])
        return Wanted(
            image=id_,
            reference=has.get(marks.REFERENCE, ""),
            env=environment(work.service, work.site.root),
            rolled_back_from=now.image if id_ != now.image else back or now.image,
        )


def _taken_back(work: Work, wanted: Wanted, now: Container) -> dict[str, Any]:
    """Try the image beside, then switch; whatever goes wrong from here on, the state is not the one wanted."""
    from todo_manager.deploying import ours, switching
    from todo_manager.deploying.work import NotRestored

    try:
        switching.try_beside(work, wanted)
        return switching.switch(work, wanted, now)
    except (Declined, Unfinished, Unreachable) as problem:
        work.restoring()
        there = ours.running(work)
        raise NotRestored(
            f"{now.name} was not taken back to {wanted.image}: {problem}; "
            f"there is now: {switching.described(there)}",
            there,
        ) from problem
