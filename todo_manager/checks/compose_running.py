"""What runs of a compose file: its containers, known by the labels Compose gives them."""

from __future__ import annotations

import os
from typing import Any

from msgspec import Struct

from todo_manager.checks import compose_file
from todo_manager.checks.base import World
from todo_manager.checks.compose_file import Services
from todo_manager.checks.expect import Judgement
from todo_manager.checks.image_wanted import test_of, why_no_health
from todo_manager.checks.judge_file import judged
from todo_manager.engines.address import LOCAL
from todo_manager.engines.containers import SECOND, Container, nanoseconds
from todo_manager.engines.engine import Absent, Engine
from todo_manager.engines.subjects import of_container

_LABEL = "com.docker.compose."
YOUNG = 3
"""Seconds a container must have run: one that ends at once is seen running at first."""
RESTARTED = 10
"""Seconds it must have run after the engine had to start it again, as long as engines take it for unstable."""


class Project(Struct, frozen=True, kw_only=True):
    """The project whose containers are looked at, and how."""

    name: str
    folder: str
    """The folder they must have been started from; empty for any."""
    healthy: bool
    """Whether running is not enough."""


def judge(
    world: World, engine: Engine, project: Project, services: Services, names: list[str]
) -> tuple[list[Judgement], dict[str, Any]]:
    """One judgement for each named service, and what was seen of each; raises Unreachable."""
    now = nanoseconds(str(engine.ask(engine.api.info).get("SystemTime") or ""))
    running, jobs = _containers(engine, project), compose_file.jobs(services)
    found, facts = [], {}
    for name in names:
        held = running.get(name, [])
        look = _Look(world, engine, project, services[name], name in jobs, now)
        # The worst of its containers speaks for a service.
        problems = [f"{each.name} {why}" for each in held if (why := look.problem(each))]
        lacking = compose_file.replicas(services[name]) - len(held)
        if lacking > 0:
            said = f"it has {len(held)} containers" if held else "it has no container"
            problems.append(f"{said} in the project {project.name}")
        found.append(judged(not problems, _expected(name, look), "; ".join(problems) or "so it is"))
        for each in held:
            world.saw(of_container(each))
        facts[name] = {each.name: each.facts()["container"] for each in held}
    return found, facts


def _expected(name: str, look: _Look) -> str:
    if look.job:
        return f"{name} has run and ended well"
    return f"{name} is healthy" if look.project.healthy else f"{name} runs"


def _containers(engine: Engine, project: Project) -> dict[str, list[Container]]:
    """The containers of a project by service; not those of `compose run`."""
    label = f"{_LABEL}project={project.name}"
    found: dict[str, list[Container]] = {}
    for row in engine.ask(engine.api.containers, all=True, filters={"label": [label]}):
        labels = row.get("Labels") or {}
        mine = labels.get(f"{_LABEL}project") == project.name
        if not mine or str(labels.get(f"{_LABEL}oneoff")).lower() == "true":
            continue
        try:
            attrs = engine.container(str(row["Id"]))
        except Absent:
            continue  # removed since: then it does not count as running
        name = str(attrs.get("Name") or "").removeprefix("/")
        each = Container(host=engine.host, name=name, id=str(attrs["Id"]), attrs=attrs)
        found.setdefault(str(labels.get(f"{_LABEL}service")), []).append(each)
    return found


class _Look(Struct, frozen=True):
    """What is wanted of the containers of one service."""

    world: World
    engine: Engine
    project: Project
    service: dict[str, Any]
    job: bool
    now: int
    """The engine's own time, in nanoseconds: its clock may differ from ours."""

    def problem(self, found: Container) -> str:
        """What is wrong with a container; empty when nothing is."""
        if elsewhere := self._elsewhere(found):
            return elsewhere
        state = self._ended(found) if self.job else self._running(found)
        return state or self._other_image(found)

    def _elsewhere(self, found: Container) -> str:
        """Another checkout of the same name has a project of the same name."""
        labels = found.config.get("Labels") or {}
        folder = str(labels.get(f"{_LABEL}project.working_dir") or "")
        if not self.project.folder or self.engine.host != LOCAL or not folder:
            return ""
        same = os.path.realpath(folder) == os.path.realpath(self.project.folder)
        return "" if same else f"was started from {folder}"

    def _ended(self, found: Container) -> str:
        code = found.state.get("ExitCode")
        if found.status != "exited" or not found.started:
            return f"is {found.status}"
        return "" if code == 0 else f"exited {code}"

    def _running(self, found: Container) -> str:
        if found.status != "running":
            code = f" ({found.state.get('ExitCode')})" if found.status == "exited" else ""
            return f"is {found.status}{code}"
        if health := self._health(found):
            return health
        seconds = (self.now - found.started) / SECOND
        if seconds < (RESTARTED if found.restarts else YOUNG):
            again = f" and was started again {found.restarts} times" if found.restarts else ""
            return f"has run for {max(0.0, seconds):.1f} s only{again}"
        return ""

    def _health(self, found: Container) -> str:
        """Why it is not healthy; where running is enough, only why it is unhealthy."""
        health = found.state.get("Health") or {}
        status = str(health.get("Status") or "none")
        if not self.project.healthy:
            return "is unhealthy" if status == "unhealthy" else ""
        if why := why_no_health(test_of(found.config)):
            return f"proves no health: {why}"
        return "" if status == "healthy" else f"is {status}"

    def _other_image(self, found: Container) -> str:
        """The image it was made from must be what its name means now: else it is an old one."""
        reference = str(self.service.get("image") or found.config.get("Image") or "")
        try:
            image = self.world.image(self.engine, reference)
        except Absent:
            return f"was made from an image {reference} that is not there any more"
        return "" if image.id == found.image else f"runs another image than {reference} is now"
