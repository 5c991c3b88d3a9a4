"""`make crash`: kill the program at seeded moments; nothing half done may be left, nothing may lie.

    python tests/crash.py [--kills 500] [--seed 1] [--jobs 4]

Half of the kills hit the named points of `todo_manager/crashpoints.py`, all of them; the other half
comes from outside, uniformly over the time the command takes. After each one it is demanded that
every process of the run is gone, and its private files; that the store verifies, so that what is
done is done with all its evidence; and that the same command, given again, does its work. Prints how
often each point was hit and one line of figures; exits 1 when a demand was not met.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from crash_scenes import SCENES, Scene, build_template
from support import PROGRAM, Project, at_terminal

from todo_manager import audit, reads
from todo_manager.crashpoints import POINTS

GONE_WITHIN = 10.0
"""Seconds the processes of a killed run are given; the figures say how long it really took."""


class Round(NamedTuple):
    """One kill, as it was drawn."""

    number: int
    scene: Scene
    point: str
    """`name:n`, or empty for a kill from outside."""
    moment: float
    """When a kill from outside comes, as a part of the scene's whole duration."""

    def __str__(self) -> str:
        where = f"at {self.point}" if self.point else f"after {self.moment:.0%} of its time"
        return f"round {self.number}: {self.scene.name} killed {where}"


class Killed(NamedTuple):
    """What came of a round."""

    round: Round
    recorded: bool
    """Whether the command had been recorded all the same."""
    gone_after: float
    """Seconds until no process and no private file of the run was left."""


def draw(kills: int, seed: int) -> list[Round]:
    """The rounds of a seed: first every point once, then pairs of scene and point, then moments."""
    chance = random.Random(seed)
    pairs = [(scene, point) for scene in SCENES.values() for point in scene.points]
    chance.shuffle(pairs)
    first = {point: (scene, point) for scene, point in pairs}
    assert set(first) == set(POINTS), f"no scene passes {set(POINTS) ^ set(first)}"
    rest = [pair for pair in pairs if pair not in first.values()]
    named = [*first.values(), *rest]
    wanted = max(len(first), kills // 2)
    named = [named[i % len(named)] for i in range(wanted)]
    rounds = [
        Round(number, scene, f"{point}:{chance.randint(1, scene.passes.get(point, 1))}", 0.0)
        for number, (scene, point) in enumerate(named)
    ]
    outside = [scene for scene in SCENES.values() if not scene.person]
    for number in range(wanted, max(kills, wanted)):
        rounds.append(Round(number, outside[number % len(outside)], "", chance.random()))
    return rounds


@contextlib.contextmanager
def stage(template: Path, scene: Scene) -> Iterator[Project]:
    """A copy of the template for one round, with a TMPDIR of its own, and what the scene prepares."""
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        root = Path(folder, "project")
        shutil.copytree(template, root, symlinks=True)
        for name in ("home", "tmp"):
            Path(folder, name).mkdir()
        project = Project(root, Path(folder, "home"))
        project.env["TMPDIR"] = str(Path(folder, "tmp"))
        scene.prepare(project)
        yield project


def duration(template: Path, scene: Scene) -> float:
    """Seconds a scene takes when nobody kills it; one that would wait for long is taken as one."""
    with stage(template, scene) as project:
        began = time.monotonic()
        process = project.start(*scene.words)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=1)
        took = time.monotonic() - began
        if process.poll() is None:
            process.kill()
            process.communicate()
        wait_until_gone(project)
    return took


def play(template: Path, round: Round, whole: float) -> Killed:
    """Play one round; AssertionError, naming it, when a demand is not met.

    A kill from outside that comes after the end is no kill: it is tried again a little earlier.
    """
    try:
        with stage(template, round.scene) as project:
            hit = kill(project, round, whole)
            gone_after = wait_until_gone(project)
            recorded = demand_integrity(project, round.scene)
            demand_repair(project, round.scene)
    except AssertionError as problem:
        raise AssertionError(f"{round}: {problem}") from problem
    if hit:
        return Killed(round, recorded, gone_after)
    assert not round.point, f"{round}: it never came there"
    return play(template, round._replace(moment=round.moment * 0.8), whole)


def kill(project: Project, round: Round, whole: float) -> bool:
    """Run the scene's command and kill it; whether it was still running."""
    scene = round.scene
    if scene.person:
        env = project.env | {"TODO_MANAGER_CRASH_AT": round.point}
        ran = at_terminal([*PROGRAM, *map(str, scene.words)], project.root, env, "yes")
        return ran.exit == -signal.SIGKILL
    process = project.start(*scene.words, env={"TODO_MANAGER_CRASH_AT": round.point})
    if not round.point:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=round.moment * whole)
        process.kill()
    process.communicate(timeout=60)
    return process.returncode == -signal.SIGKILL


def wait_until_gone(project: Project) -> float:
    """Wait for the end of every process of the run and of its private files; seconds it took."""
    began = time.monotonic()
    while True:
        left = [*processes_of(project), *map(str, Path(project.env["TMPDIR"]).iterdir())]
        took = time.monotonic() - began
        if not left:
            return took
        assert took < GONE_WITHIN, f"still there after {took:.1f}s: {left}"
        time.sleep(0.005)


def processes_of(project: Project) -> list[str]:
    """Processes that have the project or its TMPDIR in their environment or arguments."""
    marks = [os.fsencode(project.root), project.env["TMPDIR"].encode()]
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                about = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                if any(mark in about for mark in marks):
                    found.append(f"{entry.name} {about[:80]!r}")
    return found


def demand_integrity(project: Project, scene: Scene) -> bool:
    """The store verifies right after the kill; whether the command was recorded in it."""
    if not (project.root / ".todo_manager" / "store.db").exists():
        assert scene.makes_store, "the store is gone"
        return False
    ran = project.ask("audit")
    if scene.makes_store and ran.exit == 3:
        return False
    assert ran.exit == 0, ran
    return scene.happened(project)


def demand_repair(project: Project, scene: Scene) -> None:
    """The next call works, leaves HEAD at the ledger's end, and nothing was recorded twice."""
    scene.put_right(project)
    words = [*PROGRAM, *map(str, scene.again or scene.words)]
    if scene.person:
        ran = at_terminal(words, project.root, project.env, "yes")
    else:
        ran = project.run(*(scene.again or scene.words))
    assert ran.exit == 0, f"the next call: {ran}"
    assert scene.happened(project), f"the next call recorded nothing: {ran}"
    with contextlib.closing(reads.open_store(str(project.root))) as db:
        found = audit.audit(db, project.root)
    assert not found.breaks, found.breaks
    assert found.head.seq == found.events, f"HEAD {found.head.seq}, ledger {found.events}"
    wait_until_gone(project)


def run(kills: int, seed: int, jobs: int, tell: Callable[[str], None] = print) -> list[Killed]:
    """Build the template, play all rounds, tell the figures; AssertionError for the first problem."""
    began = time.monotonic()
    rounds = draw(kills, seed)
    with tempfile.TemporaryDirectory(prefix="crash-template-") as folder:
        template = Path(folder, "project")
        build_template(template, Path(folder))
        # Terminals first: they are forked, which is not done beside threads.
        found = [play(template, round, 0.0) for round in rounds if round.scene.person]
        with ThreadPoolExecutor(jobs) as pool:
            outside = {round.scene.name for round in rounds if not round.point}
            times = dict(zip(outside, pool.map(lambda n: duration(template, SCENES[n]), outside)))
            found += pool.map(
                lambda round: play(template, round, times.get(round.scene.name, 0.0)),
                [round for round in rounds if not round.scene.person],
            )
    report(found, time.monotonic() - began, tell)
    return found


def report(found: Sequence[Killed], seconds: float, tell: Callable[[str], None]) -> None:
    """Tell how often each point was hit, and one line of figures; AssertionError for one unhit."""
    hits = Counter(each.round.point.split(":")[0] for each in found)
    for point in POINTS:
        tell(f"{point:18} {hits[point]:4}")
    recorded = sum(each.recorded for each in found)
    tell(
        f"{len(found)} kills, {sum(hits[p] for p in POINTS)} at points and {hits['']} from outside:"
        f" {recorded} found recorded with all evidence, {len(found) - recorded} not recorded;"
        f" nothing left behind after"
        f" {max(each.gone_after for each in found):.2f}s at most; {seconds:.0f}s in all"
    )
    unhit = [point for point in POINTS if not hits[point]]
    assert not unhit, f"never hit: {', '.join(unhit)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    arguments = parser.parse_args()
    try:
        run(arguments.kills, arguments.seed, arguments.jobs)
    except AssertionError as problem:
        print(f"seed {arguments.seed}, {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
