"""The kind `container`: what a container is, how it was started, and that it stays as it is."""

from __future__ import annotations

import functools
import time
from typing import Annotated

from todo_manager.checks import fields
from todo_manager.checks.base import Outcome, World, conclude
from todo_manager.checks.container_wanted import (
    Gpus,
    Mount,
    Port,
    gpus,
    judge_gpus,
    judge_mount,
    judge_port,
    judge_privileged,
    mounts,
    only_true,
    ports,
)
from todo_manager.checks.engine_check import EngineCheck
from todo_manager.checks.expect import Expectation, Judgement
from todo_manager.checks.fields import Convert
from todo_manager.checks.image_user import judge_user
from todo_manager.checks.image_wanted import user
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.probes import facts_of, judge_health
from todo_manager.engines.containers import Container as Subject
from todo_manager.engines.containers import NotOne, container_name, find
from todo_manager.engines.engine import Absent, Engine
from todo_manager.engines.image_files import of_container
from todo_manager.engines.reference import image_reference
from todo_manager.engines.subjects import of_container as resolved
from todo_manager.model import Verdict

SHORTEST = 3.0
"""Seconds for which a container is watched at the least, where nothing is said."""
RECOVERED = 10.0
"""Seconds after which an engine takes a run for a success and begins again with its shortest delay."""
_DELAY, _DOUBLINGS = 0.1, 10
"""An engine's delay before the first restart; each one doubles it, up to about a minute."""
_PAUSE = 0.5
"""Seconds between two looks of a watch."""


class Container(EngineCheck, frozen=True, kw_only=True):
    """A container is in a state and stays in it, and is as its parameters say.

        - container: local-ai-llama
          runs: "localhost:5000/llama:1.4"
          healthy: true
          user: "10001:10001"
          restarts: 0
          ports: ["127.0.0.1:8080:8080"]
          privileged: false

    It is watched for `stable_for`: a state that changes, another start, a restart by the engine or
    another container of that name fails it. So a crash loop that is seen while it is up does not pass.
    Another container in its place by the end of the phase's checks is an error.
    """

    kind = "container"

    subject: Annotated[str, Convert(container_name)] = ""
    """Its exact name, or a label as key=value that exactly one container has."""
    state: Annotated[
        str, Convert(fields.one_of("running", "exited", "created", "paused"), expects=True)
    ] = "running"
    """running, exited, created (never started) or paused."""
    exit: Annotated[int | None, Convert(fields.count, expects=True)] = None
    """The code with which it ended; only of one that is exited."""
    healthy: Annotated[bool, Convert(only_true, expects=True)] = False
    """`true`: its last health probe, and its status, say so; more of it asks the kind `health`."""
    runs: Annotated[str, Convert(image_reference, expects=True)] = ""
    """The image it must have been made from: the ID this name has now, not the name it was started by."""
    user: Annotated[Expectation | None, Convert(user, expects=True)] = None
    """The user it was started as; `""`, 0, root and whoever else has the number 0 are the same."""
    restarts: Annotated[int | None, Convert(fields.count, expects=True)] = None
    """How often at the most its engine has started it again."""
    stable_for: Annotated[float | None, Convert(fields.timeout, expects=True)] = None
    """How long it is watched; else twice the delay before its next restart, and at least 3 s."""
    ports: Annotated[tuple[Port, ...], Convert(ports, expects=True)] = ()
    """Ports it really publishes: 8080 at any, 80:8080 at this one everywhere, 127.0.0.1:80:8080."""
    gpus: Annotated[Gpus | None, Convert(gpus, expects=True)] = None
    """The GPUs it was given: `all`, a number, or a list of them by index or name."""
    privileged: Annotated[bool | None, Convert(fields.boolean, expects=True)] = None
    """false: neither privileged nor given all capabilities."""
    mounts: Annotated[tuple[Mount, ...], Convert(mounts, expects=True)] = ()
    """What is mounted: a place, or source and place, with :ro or :rw where it matters."""

    def problems(self) -> list[str]:
        found = []
        stated = [name for name in ("healthy", "ports") if getattr(self, name)]
        if self.state != "running" and stated:
            found.append(f"only a container that is running has {stated[0]}")
        if self.state != "exited" and self.exit is not None:
            found.append("only a container that has exited has an exit code: say state: exited")
        if (watch := self.stable_for or SHORTEST) >= self.timeout:
            found.append(f"it is watched for {watch:g}s, which its timeout does not leave")
        return found

    def lint(self) -> list[str]:
        found = []
        if not self.runs:
            found.append("one of an old image would pass, too: say what it runs")
        if self.state == "exited" and self.exit is None:
            found.append("one that failed has exited, too: say exit: 0")
        if self.stable_for and self.stable_for < SHORTEST:
            found.append(f"many a crash comes later than after {self.stable_for:g}s")
        return found

    def expected(self) -> str:
        return f"the container {self.subject} is {self.state}"

    def look(self, world: World, engine: Engine, timeout: float) -> Outcome:
        try:
            found = find(engine, self.subject)
        except NotOne as problem:
            return conclude([judged(False, self.expected(), str(problem))])
        judgements = self._configured(world, engine, found, timeout)
        watched, last, gone = 0.0, found, False
        if all(judgement.verdict == Verdict.PASSED for judgement in judgements):
            watch = _Watch(self, engine, found, timeout)
            judgements.append(watch.judgement())
            watched, last, gone = watch.seconds, watch.last, watch.gone
        if not gone:
            world.saw(resolved(last, self.subject))
        if self.healthy:
            judgements += judge_health(engine, last, "healthy", 1)
        facts = last.facts() | {"engine": engine.name.name, "watched_s": round(watched, 2)}
        return conclude(judgements, facts=facts | (facts_of(last) if self.healthy else {}))

    def _configured(
        self, world: World, engine: Engine, found: Subject, timeout: float
    ) -> list[Judgement]:
        """What is so or not for as long as this container lives, and the state it is in now."""
        judgements = [judge_state(found, self.state, self.expected())]
        if self.exit is not None:
            code = found.state.get("ExitCode")
            judgements.append(
                judged(code == self.exit, f"it ended with {self.exit}", f"with {code}")
            )
        if self.runs:
            judgements.append(_judge_image(world, engine, found, self.runs))
        if self.user:
            files = functools.partial(of_container, engine, found.id, timeout)
            judgements.append(judge_user(str(found.config.get("User") or ""), self.user, files))
        if self.restarts is not None:
            so = found.restarts <= self.restarts
            expected = f"its engine has restarted it at most {self.restarts} times"
            judgements.append(judged(so, expected, f"{found.restarts} times"))
        if self.privileged is not None:
            judgements.append(judge_privileged(found, self.privileged))
        if self.gpus is not None:
            judgements.append(judge_gpus(found, self.gpus))
        judgements += [judge_mount(found, mount, world.root) for mount in self.mounts]
        return judgements + [judge_port(found, port) for port in self.ports]


def judge_state(found: Subject, wanted: str, expected: str) -> Judgement:
    """By its status; what is restarting, paused or dead is not running."""
    code = (
        f" with {found.state.get('ExitCode')}" if found.status in ("exited", "restarting") else ""
    )
    times = f", restarted {found.restarts} times" if found.restarts else ""
    return judged(found.status == wanted, expected, f"it is {found.status}{code}{times}")


def _judge_image(world: World, engine: Engine, found: Subject, reference: str) -> Judgement:
    """By ID: the name a container was started with may mean another image by now."""
    try:
        wanted = world.image(engine, reference).id
    except Absent:
        return judged(False, f"it runs {reference}", f"{engine.host} has no image {reference}")
    expected = f"it runs {reference}, which is {wanted}"
    return judged(found.image == wanted, expected, f"it runs {found.image}")


class _Watch:
    """Looks at one container again and again for as long as it must stay as it is."""

    def __init__(self, check: Container, engine: Engine, first: Subject, timeout: float) -> None:
        self._check = check
        self._engine = engine
        self._first = first
        self._timeout = timeout
        self._start = time.monotonic()
        self.last = first
        self.gone = False

    @property
    def seconds(self) -> float:
        """How long it has been watched."""
        return time.monotonic() - self._start

    def judgement(self) -> Judgement:
        """Passed when nothing changed for long enough; may raise Unreachable."""
        needed = self._check.stable_for or shortest_watch(self._first.restarts)
        expected = f"{self._check.expected()} and stays so for {needed:g} s"
        if needed >= self._timeout:
            said = f"it was restarted {self._first.restarts} times and must be watched that long"
            return unclear(
                expected, f"{said}, which the timeout of {self._timeout:g} s does not leave"
            )
        while True:
            looked = self.seconds
            try:
                self.last = find(self._engine, self._check.subject)
            except NotOne as problem:
                self.gone = True
                return judged(False, expected, f"{problem}, after {self.seconds:.1f} s")
            if change := self._change():
                return judged(False, expected, f"{change} after {self.seconds:.1f} s")
            if looked >= needed:
                return judged(True, expected, f"it did for {looked:.1f} s")
            time.sleep(min(_PAUSE, max(0.0, needed - self.seconds)))

    def _change(self) -> str:
        """What is not as it was at first; empty when everything is."""
        first, last = self._first, self.last
        if last.id != first.id:
            return f"another container took its place, {last.id[:12]},"
        if last.restarts != first.restarts:
            return f"its engine restarted it {last.restarts - first.restarts} times"
        if last.started != first.started:
            return "it was started again"
        return f"it became {last.status}" if last.status != first.status else ""


def shortest_watch(restarts: int) -> float:
    """Seconds for which a container that was restarted so often must be watched.

    Twice the delay before the next restart; but a run longer than `RECOVERED` makes that delay short.
    """
    delay: float = _DELAY * 2 ** min(restarts, _DOUBLINGS)
    return max(SHORTEST, min(2 * delay, RECOVERED))
