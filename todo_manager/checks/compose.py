"""The kind `compose`: what a compose file says, and whether what it says is what runs."""

from __future__ import annotations

import os
import re
import stat
import time
from io import StringIO
from typing import Annotated, Any, ClassVar

from todo_manager.canonical import Tree
from todo_manager.checks import compose_file, compose_running, compose_tool, fields
from todo_manager.checks.base import Outcome, Unresolvable, World, conclude, unanswered
from todo_manager.checks.compose_running import Project
from todo_manager.checks.compose_tool import Invalid, Meaning
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.checks.fields import Convert, Wrong
from todo_manager.checks.ground import Ground, Unlookable, is_pattern, location, shown
from todo_manager.checks.judge_file import judged
from todo_manager.documents.substitution import steers
from todo_manager.engines.engine import Unreachable

_SERVICE = re.compile(r"[a-zA-Z0-9._-]+")


def _file(tree: Tree) -> str:
    path = location(tree)
    if is_pattern(path):
        raise Wrong("expected one compose file, not a pattern")
    return path


def _only_true(tree: Tree) -> bool:
    if not fields.boolean(tree):
        raise Wrong("false would assert nothing: leave it out")
    return True


def _pinned(tree: Tree) -> str:
    if fields.scalar(tree) in ("tag", "digest"):
        return str(tree)
    return "tag" if _only_true(tree) else ""


def _names(tree: Tree) -> tuple[str, ...]:
    found = fields.texts(tree)
    for name in found:
        if not _SERVICE.fullmatch(name):
            raise Wrong(f"{name!r} is not the name of a service")
    return found


def _profiles(tree: Tree) -> tuple[str, ...]:
    """An empty list is meant: none but the services without a profile."""
    return () if isinstance(tree, list) and not tree else _names(tree)


class Compose(EngineCheck, frozen=True, kw_only=True):
    """A compose file is valid, and what it names runs and is healthy.

        - compose: docker-compose.yml
          all_healthy: true
          pinned: true
          no_localhost: true
          within: 60s

    Read by `docker compose` or docker-compose, whichever is there; podman-compose is refused. A variable
    without a value makes a file invalid. What runs is looked up by the labels of the project; the worst
    container speaks for its service, and it must run the image that its name means now. A service that
    another one waits for as `service_completed_successfully` must have ended well. A file that is missing
    or not valid is failed; an engine that does not answer, or no such program, is an error.
    """

    kind: ClassVar[str] = "compose"
    runs_programs: ClassVar[bool] = True

    subject: Annotated[str, Convert(_file)] = ""
    """The compose file: a path below the project, or an absolute one."""
    services: Annotated[tuple[str, ...], Convert(_names, expects=True)] = ()
    """Services that must be in the file and run, also those behind profiles."""
    all_healthy: Annotated[bool, Convert(_only_true, expects=True)] = False
    """true: they have a HEALTHCHECK that can fail, and it says healthy; without `services` all of them."""
    config_valid: Annotated[bool, Convert(_only_true, expects=True)] = False
    """true: the file is valid. Every check of a compose file asserts that; this one says so."""
    pinned: Annotated[str, Convert(_pinned, expects=True)] = ""
    """true: every image has a digest, or a tag with a digit in it that is not a `latest`; or `digest`."""
    no_localhost: Annotated[bool, Convert(_only_true, expects=True)] = False
    """true: no variable, command or host entry of a service looks for another one at localhost."""
    profiles: Annotated[tuple[str, ...] | None, Convert(_profiles, expects=True)] = None
    """Only services without a profile and those of these profiles must run; else all of the file."""
    project: Annotated[str, Convert(fields.text, expects=True)] = ""
    """The project's name; else by Compose's rule, and then it must have been started from this folder."""
    env: fields.Variables = {}
    """Variables for the file, beside those of the `.env` next to it."""

    def problems(self) -> list[str]:
        found = []
        if self.services and self.profiles is not None:
            found.append("services names them already: no profiles beside it")
        found += [
            f"the variable {name} steers how programs run" for name in self.env if steers(name)
        ]
        if self.project and not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", self.project):
            found.append(f"project: {self.project!r} is not a project's name: a-z 0-9 _ - only")
        return found

    def lint(self) -> list[str]:
        if self._runs() or self.pinned or self.no_localhost or self.config_valid:
            return []
        return ["only that the file is valid: add all_healthy, services, pinned or no_localhost"]

    def _runs(self) -> bool:
        """Whether anything is asked of what runs."""
        return bool(self.services or self.all_healthy or self.profiles is not None)

    def expected(self) -> str:
        return f"{shown(self.subject)} is a valid compose file"

    def attempt(self, world: World, timeout: float) -> Outcome:
        end = time.monotonic() + timeout
        try:
            seen = Ground(world.root, timeout).look(self.subject, content=True)
            if not stat.S_ISREG(seen.info.st_mode):
                return conclude([judged(False, self.expected(), "it is no file")])
            return self._looked(world, os.path.abspath(world.root / self.subject), end)
        except (FileNotFoundError, NotADirectoryError):
            return conclude([judged(False, self.expected(), "it does not exist")])
        except Invalid as problem:
            return conclude([judged(False, self.expected(), str(problem))])
        except OSError as problem:
            return unanswered(self.expected(), f"could not look: {problem.strerror or problem}")
        except (Unlookable, Unresolvable, Unreachable) as problem:
            return unanswered(self.expected(), str(problem))

    def _looked(self, world: World, path: str, end: float) -> Outcome:
        tool = compose_tool.find(world, end)
        meant = compose_tool.meaning(tool, world, path, self.env, self.project, end)
        services = meant.services
        found = [judged(True, self.expected(), "it is"), compose_file.judge_unset(meant.unset)]
        facts: dict[str, Any] = tool.facts()
        facts["images"] = {name: each.get("image") for name, each in services.items()}
        if self.pinned:
            found += compose_file.judge_pinned(services, self.pinned)
        if self.no_localhost:
            found += compose_file.judge_localhost(services)
        if self._runs():
            names, judgements = compose_file.wanted(services, self.services, self.profiles)
            found += judgements
            project = self._project(world, path, meant, end)
            with world.engine(self.host, compose_tool.left(end)) as engine:
                judgements, running = compose_running.judge(world, engine, project, services, names)
            found += judgements
            facts |= {"engine": engine.name.name, "project": project.name, "running": running}
        return conclude(found, facts=facts)

    def _project(self, world: World, path: str, meant: Meaning, end: float) -> Project:
        """Version 1 does not tell the project's name; its rule is the same as that of version 2."""
        folder = os.path.dirname(path)
        name = self.project or meant.name or self.env.get("COMPOSE_PROJECT_NAME", "")
        if not name:
            name = _from_env_file(world, folder, end) or os.path.basename(folder)
            name = re.sub(r"[^-_a-z0-9]", "", name.lower())
        return Project(name=name, folder="" if self.project else folder, healthy=self.all_healthy)


def _from_env_file(world: World, folder: str, end: float) -> str:
    """What the `.env` beside a compose file calls the project; raises OSError, Unlookable."""
    from dotenv.parser import parse_stream

    ground = Ground(world.root, compose_tool.left(end))
    try:
        seen = ground.look(os.path.join(folder, ".env"), content=True)
    except FileNotFoundError:
        return ""
    lines = parse_stream(StringIO(seen.data.decode("utf-8", "replace")))
    found = [line.value for line in lines if line.key == "COMPOSE_PROJECT_NAME"]
    return (found[-1] or "") if found else ""
