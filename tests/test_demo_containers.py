"""The plan docker_arch_impl on a real engine: carried out, stopped by faults, without an engine, taken back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from engine import Engine
from forked import Forked
from support import Project
from test_story import processes_below

from todo_manager.container_story import PLAN, RollOut

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]

TAG, REFINED, BEFORE = "20250810-1a2b3c4", "20250811-1a2b3c4", "20250701-0a1b2c3"

FAULTS = {
    "a base image runs as root": (1, "base-images", "check_failed"),
    "a Dockerfile is changed after it was accepted": (6, "base-images", "definition_changed"),
    "the engine does not answer": (5, "base-images", "check_error"),
    "somebody else's container has a service's name": (1, "migration", "step_failed"),
    "the image to go back to is the new one": (1, "rollback", "step_failed"),
}
"""What goes wrong, and how `run` ends: exit code, phase, `error.kind`. In the order of the test."""

WITHOUT_ENGINE = {
    "protocol": 0, "base-images": 5, "dependency-audit": 5, "pipeline": 0,
    "migration": 5, "observability": 5, "rollback": 5,
}  # fmt: skip
"""How `verify` ends for each phase of the finished plan when the engine does not answer."""


@pytest.fixture
def place(project: Project) -> Forked:
    return Forked(project.root, Path(project.env["HOME"]))


@pytest.fixture
def socket(engine: Engine, tmp_path: Path) -> Path:
    """The engine's socket under another name, which can be taken away."""
    path = tmp_path / "docker.sock"
    path.symlink_to(engine.socket)
    return path


def left(engine: Engine) -> dict[str, set[str]]:
    """The containers, images and networks of an engine."""
    lists = {"containers": ("ps", "-aq"), "images": ("images", "-aq"), "networks": ("network", "ls", "-q")}  # fmt: skip
    return {name: set(engine.docker(*words).stdout.split()) for name, words in lists.items()}


def stopped(place: Forked, fault: str) -> str:
    """The plan is run and ends as the table has it; the message, in one line."""
    exit_, phase, kind = FAULTS[fault]
    ran = place.ask("run", PLAN)
    assert ran.exit == exit_, ran
    message = str(ran.refused(kind).error["message"])
    assert f"({phase})" in message
    assert "\n" not in message
    return message


def test_the_plan_is_stopped_by_faults_and_is_done_without_them(
    place: Forked, engine: Engine, socket: Path
) -> None:
    before = left(engine)
    roll_out = RollOut(place.root, f"unix://{socket}", engine.registry)
    roll_out.prepare()
    try:
        _through_the_faults(place, engine, socket, roll_out)
        _done_and_verified(place, engine)
        _not_fooled(place, engine)
        _without_engine(place, socket)
    finally:
        if not socket.exists():
            socket.symlink_to(engine.socket)
        problems = roll_out.take_back()
    assert problems == []
    assert left(engine) == before


def _through_the_faults(place: Forked, engine: Engine, socket: Path, roll_out: RollOut) -> None:
    """Inject one fault after another, see that it stops the plan, and put it right."""
    dockerfile = place.root / f"phases/{PLAN}/images/family.Dockerfile"
    honest = dockerfile.read_text()
    dockerfile.write_text(f"{honest}USER root\n")
    place.ask("import", f"plans/{PLAN}.yaml").ok()
    assert "it runs as root" in stopped(place, "a base image runs as root")

    dockerfile.write_text(honest)
    assert "differs from what was accepted" in stopped(
        place, "a Dockerfile is changed after it was accepted"
    )
    place.person("accept", PLAN).ok()

    socket.unlink()
    assert f"{socket} does not answer" in stopped(place, "the engine does not answer")
    socket.symlink_to(engine.socket)

    engine.image("foreign:1")
    engine.docker("create", "--name", f"{roll_out.scope}-observability", "foreign:1", "sleep", "1")
    assert "start[observability]" in stopped(
        place, "somebody else's container has a service's name"
    )
    engine.docker("rm", f"{roll_out.scope}-observability")
    engine.docker("image", "rm", "foreign:1")

    for phase in (4, 5):
        place.ask("run", PLAN, phase).ok()
    name = f"{engine.registry}/observability"
    previous = engine.docker("image", "inspect", "-f", "{{.Id}}", f"{name}:{BEFORE}").stdout.strip()
    engine.docker("tag", f"{name}:{TAG}", f"{name}:{BEFORE}")
    engine.push(f"{name}:{BEFORE}")
    assert "is no way back" in stopped(place, "the image to go back to is the new one")
    engine.docker("tag", previous, f"{name}:{BEFORE}")
    engine.push(f"{name}:{BEFORE}")


def _done_and_verified(place: Forked, engine: Engine) -> None:
    """The rest is carried out; a second run finds all done, executes nothing and leaves what runs alone."""
    place.ask("run", PLAN).ok()
    assert set(place.states(PLAN)) == {"done"}
    executed, running = len(place.events("ran")), started(engine)
    assert place.ask("run", PLAN).ok().data["phases"] == []
    verified = place.ask("verify", PLAN).ok().data["phases"]
    assert {phase["does_not_count"] for phase in verified} == {None}
    assert len(place.events("ran")) == executed
    assert started(engine) == running


def _not_fooled(place: Forked, engine: Engine) -> None:
    """Images with a library too few or too many, and a receipt of another start, do not pass."""
    family = f"{engine.registry}/family-torch-cu121"
    honest = engine.docker(
        "image", "inspect", "-f", "{{.Id}}", f"{family}:{REFINED}"
    ).stdout.strip()
    for base, target, why in ((TAG, "/bin/bash", "lacks lib"), (REFINED, "/srv/extra", "got /srv")):
        container = engine.docker("create", f"{family}:{base}").stdout.strip()
        for words in (("cp", "/bin/bash", f"{container}:{target}"), ("commit", container, f"{family}:{REFINED}")):  # fmt: skip
            assert engine.docker(*words).returncode == 0
        engine.docker("rm", container)
        assert why in told_by_script(place, 2)
        engine.docker("tag", honest, f"{family}:{REFINED}")
    receipt = place.root / "receipts/intent.json"
    true = receipt.read_text()
    receipt.write_text(true.replace('"started": 1', '"started": 2'))
    assert "not of the start" in told_by_script(place, 5)
    receipt.write_text(true)
    for phase in (2, 5):
        place.ask("verify", PLAN, phase).ok()


def told_by_script(place: Forked, phase: int) -> str:
    """What the coupled script of a phase says when it fails."""
    ran = place.ask("verify", PLAN, phase).refused("check_failed")
    (row,) = [row for row in ran.data["phases"][0]["checks"] if row["kind"] == "script"]
    assert row["verdict"] == "failed", row
    return str(row["actual"])


def _without_engine(place: Forked, socket: Path) -> None:
    """Every phase that needs the engine ends in 5, with one line that names it, within one timeout."""
    socket.unlink()
    for index, (key, exit_) in enumerate(WITHOUT_ENGINE.items()):
        began = time.monotonic()
        ran = place.ask("verify", PLAN, index)
        seconds = time.monotonic() - began
        print(f"without an engine, {index} {key}: exit {ran.exit} after {seconds:.1f}s")
        assert ran.exit == exit_, (key, ran.out)
        assert seconds < 30, "the timeout of one check"
        if exit_:
            message = ran.refused("check_error").error["message"]
            assert str(socket) in message
            assert "\n" not in message


def started(engine: Engine) -> list[str]:
    """When each container was last started, with its ID."""
    ids = engine.docker("ps", "-q").stdout.split()
    told = engine.docker("inspect", "-f", "{{.Id}} {{.State.StartedAt}}", *ids)
    return sorted(told.stdout.splitlines())


def test_the_demo_is_told_and_leaves_nothing(place: Forked, engine: Engine, tmp_path: Path) -> None:
    before, quiet = left(engine), tmp_path / "tmp"
    quiet.mkdir()
    place.env["TMPDIR"] = str(quiet)
    phases = place.ask("demo", "--containers", "--docker", engine.url).ok().data["phases"]
    assert [phase["phase"] for phase in phases] == list(range(len(WITHOUT_ENGINE)))
    for phase in phases:
        print(
            f"{phase['phase']} {phase['title']}: run {phase['run_s']}s, verify {phase['verify_s']}s"
        )
        assert phase["verify_s"] <= phase["run_s"] + 5
    assert list(quiet.iterdir()) == []
    assert processes_below(quiet) == []
    assert left(engine) == before


def test_the_demo_without_an_engine(place: Forked, engine: Engine) -> None:
    """The fixture says that all else the demo needs is here."""
    began = time.monotonic()
    where = ("--docker", "unix:///nowhere/docker.sock", "--registry", engine.registry)
    error = place.ask("demo", "--containers", *where).refused("check_error").error
    assert "phase 0 (protocol)" in error["message"]
    assert "unix:///nowhere/docker.sock does not answer" in error["message"]
    assert time.monotonic() - began < 30
