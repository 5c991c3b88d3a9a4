"""The kind `image`: what a Docker image is, by its own configuration and layers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, World, conclude
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.checks.expect import Expectation, Judgement
from todo_manager.checks.fields import Convert
from todo_manager.checks.image_user import judge_user
from todo_manager.checks.image_wanted import (
    Health,
    arguments,
    expectations,
    health,
    judge_age,
    judge_base,
    judge_health,
    judge_history,
    judge_layers,
    judge_list,
    judge_map,
    judge_platform,
    judge_ports,
    judge_size,
    platform,
    ports,
    user,
)
from todo_manager.engines.engine import Absent, Engine, Unreachable
from todo_manager.engines.image_files import opened
from todo_manager.engines.reference import image_reference
from todo_manager.engines.subjects import Image as Subject
from todo_manager.model import Verdict


def _id(tree: object) -> str:
    return f"sha256:{fields.sha256(tree)}"


class Image(EngineCheck, frozen=True, kw_only=True):
    """An image of the engine is there, and is as its parameters say.

        - image: "localhost:5000/base-python:1.4"
          user: "10001:10001"
          entrypoint: [/usr/bin/tini, --]
          healthcheck: true
          max_size: 120MB

    What is looked at is the image itself, its ID on that engine, not what a tag says elsewhere: the tag is
    looked up once for all checks of the phase, and a tag that is moved meanwhile is an error. An image
    that is not there is failed; an engine that does not answer is an error.
    """

    kind: ClassVar[str] = "image"

    subject: Annotated[str, Convert(image_reference)] = ""
    """A reference like `localhost:5000/app:1.4`, or an ID."""
    digest: Annotated[str, Convert(_id, expects=True)] = ""
    """The ID it must have on this engine, `sha256:…` (a registry's digest: see the kind `registry`)."""
    user: Annotated[Expectation | None, Convert(user, expects=True)] = None
    """Whom it runs as: `"10001:10001"`, or `{ne: root}`. No user, `0` and `root` are all root, and so is
    a name to which the image's own /etc/passwd gives the number 0."""
    entrypoint: Annotated[tuple[str, ...] | None, Convert(arguments, expects=True)] = None
    """Its entrypoint, word for word; `[]` for none. A text is the shell form of a Dockerfile."""
    cmd: Annotated[tuple[str, ...] | None, Convert(arguments, expects=True)] = None
    """Its default command, in the same way."""
    env: Annotated[dict[str, Expectation], Convert(expectations, expects=True)] = {}
    """Environment variables by name, with a value or an operator each."""
    labels: Annotated[dict[str, Expectation], Convert(expectations, expects=True)] = {}
    """Labels by name, with a value or an operator each."""
    exposed_ports: Annotated[tuple[str, ...], Convert(ports, expects=True)] = ()
    """Ports it exposes, like 8080 or 53/udp; others may be exposed too."""
    healthcheck: Annotated[Health | None, Convert(health, expects=True)] = None
    """`true`: it has one that can fail; `false`: none; `{contains: /health}`: what its test holds."""
    platform: Annotated[str, Convert(platform, expects=True)] = ""
    """`linux/amd64`, with the variant where there is one: `linux/arm64/v8`."""
    max_size: Annotated[int | None, Convert(fields.size, expects=True)] = None
    """The size of its layers unpacked, as the engine counts it; a registry's size is smaller."""
    same_layers_as: Annotated[str, Convert(image_reference, expects=True)] = ""
    """Another image of this engine with exactly these layers."""
    base: Annotated[str, Convert(image_reference, expects=True)] = ""
    """An image whose layers it begins with, and to which it adds some."""
    created_within: Annotated[float | None, Convert(fields.timeout, expects=True)] = None
    """How old it may be, by its own date of creation."""
    history_lacks: Annotated[tuple[str, ...], Convert(fields.needles, expects=True)] = ()
    """Texts that no line of its build history may hold."""

    def problems(self) -> list[str]:
        if self.subject and self.subject in (self.same_layers_as, self.base):
            return ["it would be compared with itself, which holds for every image"]
        return []

    def lint(self) -> list[str]:
        judged = ("digest", "user", "entrypoint", "cmd", "env", "labels", "healthcheck", "base")
        if any(getattr(self, name) not in (None, (), {}, "") for name in judged):
            return []
        return ["any image of that name would pass: say more of it, like user, entrypoint or base"]

    def expected(self) -> str:
        return f"the image {self.subject} is there"

    def look(self, world: World, engine: Engine, timeout: float) -> Outcome:
        try:
            found = world.image(engine, self.subject)
        except Absent:
            said = f"{engine.host} has no image {self.subject}"
            return conclude([Judgement(Verdict.FAILED, self.expected(), said)])
        facts = found.facts() | {"engine": engine.name.name, "size": found.attrs.get("Size")}
        try:
            return conclude(self._judgements(world, engine, found, timeout), facts=facts)
        except Absent:
            raise Unreachable(f"{self.subject} was removed while it was being checked") from None

    def _judgements(
        self, world: World, engine: Engine, found: Subject, timeout: float
    ) -> list[Judgement]:
        config = found.attrs.get("Config") or {}
        judged = [Judgement(Verdict.PASSED, self.expected(), found.id)]
        if self.digest:
            verdict = Verdict.PASSED if found.id == self.digest else Verdict.FAILED
            judged.append(Judgement(verdict, f"its ID is {self.digest}", found.id))
        if self.user:
            files = functools.partial(opened, engine, found, timeout)
            judged.append(judge_user(str(config.get("User") or ""), self.user, files))
        return [
            *judged,
            *self._configured(config),
            *self._of_the_whole(found),
            *self._compared(world, engine, found),
        ]

    def _configured(self, config: dict[str, Any]) -> list[Judgement]:
        """What its configuration says beside the user."""
        judged = []
        if self.entrypoint is not None:
            judged.append(judge_list("entrypoint", config.get("Entrypoint"), self.entrypoint))
        if self.cmd is not None:
            judged.append(judge_list("cmd", config.get("Cmd"), self.cmd))
        if self.exposed_ports:
            judged.append(judge_ports(config.get("ExposedPorts"), self.exposed_ports))
        if self.healthcheck:
            judged.append(judge_health(config, self.healthcheck))
        pairs = dict(str(line).partition("=")[::2] for line in config.get("Env") or ())
        judged += judge_map("variable", pairs, self.env)
        return judged + judge_map("label", config.get("Labels") or {}, self.labels)

    def _of_the_whole(self, found: Subject) -> list[Judgement]:
        judged = []
        if self.platform:
            judged.append(judge_platform(found.attrs, self.platform))
        if self.max_size is not None:
            judged.append(judge_size(found.attrs, self.max_size))
        if self.created_within is not None:
            judged.append(judge_age(found.attrs, self.created_within))
        return judged

    def _compared(self, world: World, engine: Engine, found: Subject) -> list[Judgement]:
        judged = []
        if self.history_lacks:
            history = engine.ask(engine.api.history, found.id)
            judged.append(judge_history(history, self.history_lacks))
        for reference, judge in ((self.same_layers_as, judge_layers), (self.base, judge_base)):
            if reference:
                judged.append(_with_other(world, engine, found, reference, judge))
        return judged


def _with_other(
    world: World,
    engine: Engine,
    found: Subject,
    reference: str,
    judge: Callable[[Subject, Subject], Judgement],
) -> Judgement:
    """Compare with another image of the engine; without that one there is nothing to compare with."""
    try:
        return judge(found, world.image(engine, reference))
    except Absent:
        said = f"{engine.host} has no image {reference} to compare with"
        return Judgement(Verdict.ERROR, f"it compares with {reference}", said)
