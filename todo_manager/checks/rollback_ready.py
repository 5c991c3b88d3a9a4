"""The kind `rollback_ready`: whether a service could be taken back, as shown by having done it."""

from __future__ import annotations

from typing import Annotated, Any

from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, World, conclude
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Convert
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.engines.containers import Container, NotOne, find
from todo_manager.engines.engine import Absent, Engine
from todo_manager.engines.reference import image_reference
from todo_manager.engines.subjects import of_container
from todo_manager.errors import TodoError
from todo_manager.model import Verdict


class RollbackReady(EngineCheck, frozen=True, kw_only=True):
    """A deployed service could be taken back to the image that ran before, and that has been shown.

        - rollback_ready: llama
          restore_within: 60s

    The service is the one container of the engine that a step `deploy` of that service made; it has to
    run. The image that ran before is recorded on it; it has to be there, under the name of the present one
    with `-prev`, and be another one. A drill is a step `rollback` that the ledger has seen succeed on this
    very container name of this engine, from the present image to the previous one: a name alone has never
    been started.
    """

    kind = "rollback_ready"

    subject: Annotated[str, Convert(fields.text)] = ""
    """The service; `plan/service` where several plans have one of that name on the engine."""
    previous: Annotated[str, Convert(image_reference, expects=True)] = ""
    """The name that the previous image must have; the present one's with `-prev` when absent."""
    differs: Annotated[bool, Convert(fields.boolean, expects=True)] = True
    """Whether the previous image must be another one, by configuration and by layers."""
    drill: Annotated[bool, Convert(fields.boolean, expects=True)] = True
    """Whether a rollback from the present image must have been performed."""
    restore_within: Annotated[float | None, Convert(fields.timeout, expects=True)] = None
    """How long that rollback may have taken until the previous image was proven serving."""

    def problems(self) -> list[str]:
        if self.restore_within is not None and not self.drill:
            return ["restore_within is about a drill: leave drill: false out"]
        return []

    def lint(self) -> list[str]:
        found = []
        if not self.drill:
            found.append("an image that has never been started would pass: ask for a drill")
        if not self.differs:
            found.append("going back to the same image changes nothing: leave differs: false out")
        return found

    def expected(self) -> str:
        return f"{self.subject} on {self.host} can be taken back"

    def look(self, world: World, engine: Engine, timeout: float) -> Outcome:
        from todo_manager.deploying import marks

        try:
            found = self._serving(engine)
            world.saw(of_container(found))
        except NotOne as problem:
            return conclude([judged(False, self.expected(), str(problem))])
        recorded = marks.of(found).get(marks.PREVIOUS, "")
        facts: dict[str, Any] = found.facts() | {"engine": engine.name.name, "previous": recorded}
        judgements = [_up(found)]
        if not recorded:
            expected = "the image that ran before is recorded"
            judgements.append(judged(False, expected, f"none is recorded on {found.name}"))
            return conclude(judgements, facts=facts)
        judgements += self._of_previous(world, engine, found, recorded)
        if self.drill:
            judgements.append(self._drilled(world, engine, found, recorded, facts))
        return conclude(judgements, facts=facts)

    def _serving(self, engine: Engine) -> Container:
        """The container that has the name of the service; raises NotOne, Unreachable."""
        from todo_manager.deploying import marks

        plan, _, service = self.subject.rpartition("/")
        label = f"{marks.SERVICE}={service}"
        rows = engine.ask(engine.api.containers, all=True, filters={"label": [label]})
        names = [
            name
            for row in rows
            if (name := marks.serving_name(row, service, plan))
        ]  # fmt: skip
        if len(names) != 1:
            many = f"{len(names)} containers serve it: {', '.join(sorted(names))}"
            none = f"{engine.host} has no container that a deployment of {self.subject} made"
            raise NotOne(many if names else none)
        return find(engine, names[0])

    def _of_previous(
        self, world: World, engine: Engine, found: Container, recorded: str
    ) -> list[Judgement]:
        from todo_manager.deploying import marks

        name = self.previous or marks.previous_name(found)
        expected = f"{name} is the image that ran before, {recorded}"
        try:
            previous = world.image(engine, name).attrs
        except Absent:
            return [judged(False, expected, f"{engine.host} has no image {name}")]
        judgements = [judged(previous["Id"] == recorded, expected, f"it is {previous['Id']}")]
        if self.differs:
            judgements.append(_differs(engine, found, previous))
        return judgements

    def _drilled(
        self,
        world: World,
        engine: Engine,
        found: Container,
        recorded: str,
        facts: dict[str, Any],
    ) -> Judgement:
        from todo_manager.deploying.drills import last_drill

        expected = f"a rollback from {found.image} to {recorded} has been performed"
        if self.restore_within is not None:
            expected += f" within {self.restore_within:g} s"
        try:
            drill = last_drill(world.root, engine.name.name, found.name, found.image, recorded)
        except TodoError as problem:
            return unclear(expected, problem.message)
        if drill is None:
            return judged(False, expected, "the ledger has seen none")
        facts["drill"] = {"event": drill.seq, "at": drill.at, "seconds": drill.seconds}
        so = self.restore_within is None or drill.seconds <= self.restore_within
        return judged(so, expected, f"event {drill.seq}: it took {drill.seconds:.1f} s")


def _up(found: Container) -> Judgement:
    health = str((found.state.get("Health") or {}).get("Status") or "")
    so = found.status == "running" and health in ("", "none", "healthy")
    return judged(so, f"{found.name} runs", f"it is {health or found.status}")


def _differs(engine: Engine, found: Container, previous: dict[str, Any]) -> Judgement:
    """Two images that differ in their dates alone have other IDs, and are one."""
    expected = "the previous image is another one"
    try:
        present = engine.image(found.image)
    except Absent:
        return Judgement(Verdict.ERROR, expected, "the present image is no longer on the engine")
    if previous["Id"] == present["Id"]:
        return judged(False, expected, f"both are {present['Id']}")
    if _content(previous) == _content(present):
        return judged(False, expected, "they differ in their dates only")
    return judged(True, expected, str(previous["Id"]))


def _content(attrs: dict[str, Any]) -> tuple[Any, Any]:
    config = {k: v for k, v in (attrs.get("Config") or {}).items() if k != "Image"}
    return (attrs.get("RootFS") or {}).get("Layers"), config
