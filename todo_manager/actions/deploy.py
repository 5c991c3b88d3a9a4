"""The action `deploy`: a service is put into its place, and nothing is lost when it is no good."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from todo_manager.actions.service_action import ServiceAction
from todo_manager.canonical import Scalar, Tree
from todo_manager.checks import fields
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.image_wanted import test_of
from todo_manager.engines.doing import Declined
from todo_manager.engines.engine import Absent

if TYPE_CHECKING:
    from todo_manager.deploying.service import Wanted
    from todo_manager.deploying.work import Work
    from todo_manager.engines.containers import Container


def _tag(tree: Tree) -> str:
    """A tag; the empty text, which an input may have for a value, is none."""
    if isinstance(tree, Scalar) and tree == "" and not tree.plain:
        return ""
    found = fields.text(tree)
    if set(found) & set("/:@ "):
        raise Wrong(f"{found!r} is not a tag: write it alone, like 1.4")
    return found


class Deploy(ServiceAction, frozen=True, kw_only=True):
    """Put a service of the plan into its place, and prove that it serves there.

        - deploy: llama
        - deploy: llama
          pin: "2025-08-10-1a2b3c4"
          within: 3m

    The image is built where the service says how. A candidate is started beside the old container
    without its ports, and has to be healthy and to answer as the service's `outside` asks, at its own
    address. Then the old one is stopped and the new one started with the ports; it has to answer there
    itself. Only then the old one is dropped, and its image gets the name of the new one with `-prev`.
    Whatever fails before, the old one serves; the logs are shown. Where what is wanted serves already
    nothing is done. What a deployment that was killed has left behind is put right first.

    Of a service with neither an `outside` nor a HEALTHCHECK that can fail nothing could be proven, so it
    is refused; so is a container of that name which no deployment of this service made.
    """

    kind: ClassVar[str] = "deploy"

    strategy: Annotated[str, Convert(fields.one_of("beside", "recreate"))] = "beside"
    """beside, or recreate for a service of which two cannot run: then nothing is tried before the switch."""
    pin: Annotated[str, Convert(_tag)] = ""
    """The tag to take instead of the image's own; nothing is built then. The input FORCE_IMAGE_TAG, where
    the plan declares it and it is not empty, goes before."""

    def act(self, work: Work) -> dict[str, Any]:
        from todo_manager.deploying import ground, marks, ours, proof, switching
        from todo_manager.deploying.repair import repair

        began = time.monotonic()
        ground.demand_networks(work)
        repair(work)
        old = ours.one(work, "")
        wanted, forced = self._wanted(work, old)
        facts = _facts(work, wanted, old) | forced | {"strategy": self.strategy}
        if old is not None and _is_already(work, old, wanted) and proof.serves(work, old):
            switching.settle(work, old)
            work.say(f"{old.name} runs {wanted.image} and serves: nothing is to be done")
            return facts | {"already": True, "previous": marks.of(old).get(marks.PREVIOUS, "")}
        ground.demand_needs(work)
        ground.demand_ports(work, old)
        if self.strategy == "beside":
            switching.try_beside(work, wanted)
        facts |= switching.switch(work, wanted, old)
        return facts | {"already": False, "seconds": round(time.monotonic() - began, 3)}

    def _wanted(self, work: Work, old: Container | None) -> tuple[Wanted, dict[str, str]]:
        """What is to stand there, built where the service says how; and which tag was forced, by what."""
        from todo_manager.deploying import ours, proof
        from todo_manager.deploying.service import Wanted, environment, pinned, previous_name
        from todo_manager.steps import FORCED

        service = work.service
        forced = work.site.hand_over(FORCED).get(FORCED, "")
        tag = forced or self.pin
        reference = pinned(service.image, tag)
        previous_name(reference)
        env = environment(service, work.site.root)
        if service.outside is not None:
            proof.can_be_proven(service, [])
        if service.build is not None and not tag:
            _build(work, reference, service.build)
        try:
            image = work.engine.image(reference)
        except Absent:
            raise Declined(
                f"{work.engine.host} has no image {reference}: build or pull it in a step before"
            ) from None
        if why := proof.can_be_proven(service, test_of(image.get("Config") or {})):
            raise Declined(why)
        id_ = str(image["Id"])
        previous = ours.previous_of(old, id_)
        found = Wanted(image=id_, reference=reference, env=env, previous=previous)
        return found, {"pin": tag, "pinned_by": FORCED if forced else "pin"} if tag else {}


def _is_already(work: Work, old: Container, wanted: Wanted) -> bool:
    from todo_manager.deploying import marks

    same = marks.of(old).get(marks.SPEC) == wanted.spec(work.service)
    return same and old.image == wanted.image


def _facts(work: Work, wanted: Wanted, old: Container | None) -> dict[str, Any]:
    return {
        "service": work.service.name,
        "container": work.service.container,
        "engine": work.engine.name.name,
        "image": wanted.image,
        "reference": wanted.reference,
        "from": old.image if old is not None else "",
        "previous": wanted.previous,
    }


def _build(work: Work, reference: str, written: Mapping[str, Tree]) -> None:
    """Build the image as the action `build` does; raises Declined, Unreachable, Unfinished."""
    from todo_manager.actions.build import Build
    from todo_manager.actions.family import ACTIONS
    from todo_manager.checks.parse import member

    problems: list[str] = []
    tree = {"build": Scalar(reference), **written}
    action = member(tree, lambda _, path, text: problems.append(f"{path} {text}"), ACTIONS)
    if not isinstance(action, Build):
        raise Declined(f"services.{work.service.name}.build: {'; '.join(problems)}")
    if wrong := action.against({}, work.site.root):
        raise Declined(f"services.{work.service.name}.build: {'; '.join(wrong)}")
    seconds = min(work.left(), work.site.limit("build"))
    action.act(work.site, work.engine, work.told, time.monotonic() + seconds)
