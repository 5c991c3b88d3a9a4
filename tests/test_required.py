"""Absent parts of a machine: skipped, counted, and a failure where they are required; what engines leave."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import bridges
import engine
import machines
import mounts
import pytest
from engine import Engine, NotStarted
from required import PARTS, absent, need, required
from support import REPOSITORY

USED = [*engine.PARTS.values(), *machines.PARTS.values()]


def test_required_parts_fail_and_others_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE", " engine, ssh,")
    with pytest.raises(pytest.fail.Exception, match="engine is required here: no root"):
        absent("engine", "no root")
    with pytest.raises(pytest.skip.Exception, match="no tmux"):
        absent("terminal", "no tmux")


def test_a_program_that_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.skip.Exception, match="trivy is not installed"):
        need("trivy")
    monkeypatch.setenv("REQUIRE", "trivy")
    with pytest.raises(pytest.fail.Exception):
        need("trivy")


@pytest.mark.parametrize("words", ["engin", "engine,docker", "all", "engine ssh"])
def test_a_word_that_is_no_part_is_refused(words: str) -> None:
    with pytest.raises(pytest.UsageError, match="no such part; there are engine"):
        required({"REQUIRE": words})


def collected(tmp_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """A test run of this repository that only asks for an engine where there is none."""
    (tmp_path / "test_one.py").write_text(
        "import pytest\n\n@pytest.mark.parametrize('n', range(3))\ndef test_one(engine, n): pass\n"
    )
    words = ["-q", "-c", REPOSITORY / "pyproject.toml", "-p", "conftest", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *words, f"--basetemp={tmp_path / 'base'}", tmp_path],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "tests")} | env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )


NONE = "import engine\n\nengine.PARTS = {'/no/such/dockerd': 'docker.io'}\n"
"""A module at whose import this machine has no engine."""


def test_without_an_engine_it_is_one_line_with_a_count(tmp_path: Path) -> None:
    (tmp_path / "without.py").write_text(NONE)
    env = {"PYTEST_ADDOPTS": "-p without", "PYTHONPATH": f"{tmp_path}:{REPOSITORY / 'tests'}"}
    ran = collected(tmp_path, **env, REQUIRE="")
    assert ran.returncode == 0, ran
    (line,) = re.findall(r"^SKIPPED.*", ran.stdout, re.MULTILINE)
    assert line.startswith("SKIPPED [3] ")
    assert "not installed: docker.io" in line or "needs root" in line
    ran = collected(tmp_path, **env, REQUIRE="engine")
    assert ran.returncode == 1, ran
    assert "3 errors" in ran.stdout
    assert "engine is required here" in ran.stdout


def test_a_misspelt_part_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    ran = collected(tmp_path, REQUIRE="engin")
    assert ran.returncode == 4, ran
    assert "REQUIRE: engin: no such part" in ran.stderr


def test_markers_are_parts() -> None:
    """REQUIRE speaks of the same things as `-m`; two others are of time."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    lines = settings["tool"]["pytest"]["ini_options"]["markers"]
    assert {line.partition(":")[0] for line in lines} - {"slow", "alone"} <= PARTS.keys()


def test_make_installs_and_requires_what_the_tests_use() -> None:
    """Everything but what comes in no package of Debian; of that, pip brings syft."""
    text = (REPOSITORY / "Makefile").read_text()
    packages = re.search(r"^DEBIAN := ((?:.+\\\n)*.+)$", text, re.MULTILINE)
    assert packages
    wanted = {package for each in PARTS.values() for package in each}
    assert {*wanted, "git"} == set(packages[1].replace("\\", "").split())
    assert set(USED) - {"util-linux"} <= wanted
    demanded = re.search(r"^test-all: REQUIRE := (.+)$", text, re.MULTILINE)
    assert demanded
    assert {*demanded[1].split(",")} == PARTS.keys() - {"trivy", "grype", "hadolint"}


@pytest.mark.parametrize(
    ("broken", "problem"), [("DOCKERD", NotStarted), ("REGISTRY", AssertionError)]
)
def test_an_engine_that_does_not_start_is_said_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, problem: type[Exception]
) -> None:
    """A machine may refuse an engine, and then tests are skipped; a registry it never refuses."""
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\necho not permitted >&2\nexit 3\n")
    program.chmod(0o755)
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\nexec sleep 60\n")
    other.chmod(0o755)
    for name in ("DOCKERD", "REGISTRY"):
        monkeypatch.setattr(engine, name, str(program if name == broken else other))
    (tmp_path / "engine").mkdir()
    found = Engine(tmp_path / "engine")
    try:
        with pytest.raises(problem, match="broken ended with 3: not permitted"):
            found.start()
    finally:
        found.stop()
    assert not found.folder.exists()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an engine with two mounts, one in the other; a blank is in its name."""
    found = tmp_path / "a run" / "engine0"
    for part in (found / "netns", found / "netns" / "deep"):
        part.mkdir(parents=True)
        mounting = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(part)]
        if subprocess.run(mounting, capture_output=True).returncode:
            absent("root", "may not mount a file system")
    return found


@pytest.mark.root
def test_what_is_mounted_is_unmounted_before_anything_is_removed(folder: Path) -> None:
    precious = folder.parent / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    (folder / "bound").mkdir()
    subprocess.run(["mount", "--bind", precious, folder / "bound"], check=True)
    assert len(mounts.below(folder)) == 3
    mounts.remove(folder)
    assert not folder.exists()
    assert (precious / "file").read_text() == "kept"
    assert not mounts.below(folder.parent)


@pytest.mark.root
def test_only_what_killed_runs_left_is_swept(folder: Path) -> None:
    held = mounts.hold(folder)
    mounts.sweep(folder.parent.parent)
    assert len(mounts.below(folder)) == 2
    held.close()
    mounts.sweep(folder.parent.parent)
    assert not folder.exists()


@pytest.mark.root
def test_what_pytest_put_aside_and_could_not_remove_is_swept(folder: Path) -> None:
    aside = folder.parent.with_name("garbage-1")
    folder.parent.rename(aside)
    mounts.sweep(aside.parent)
    assert not aside.exists()


@pytest.mark.engine
def test_an_engine_ends_with_its_test_run(
    tmp_path_factory: pytest.TempPathFactory, engine: Engine
) -> None:
    """The fixture shows that one can be started here; this one is of a process that is killed."""

    runs = tmp_path_factory.mktemp("k")  # short: the path of a socket may have 108 letters
    folder = runs / "run" / "e"
    folder.mkdir(parents=True)
    code = (
        "import pathlib, sys, time, engine; e = engine.Engine(pathlib.Path(sys.argv[1])); e.start();"
        "e.image('a:1'); e.docker('run', '-d', '--stop-timeout', '1', '--network', 'host', 'a:1',"
        "'sleep', '600');"
        "print(*[p.pid for p in e._processes], flush=True); time.sleep(600)"
    )
    try:
        with subprocess.Popen(
            [sys.executable, "-c", code, folder],
            env=os.environ | {"PYTHONPATH": str(REPOSITORY / "tests")},
            stdout=subprocess.PIPE,
            text=True,
        ) as run:
            assert run.stdout is not None
            pids = run.stdout.readline().split()
            run.kill()
        assert len(pids) == 2
        until_gone(pids)
        assert mounts.below(folder)
        assert folder / "held" in bridges.claimed().values()
        mounts.sweep(runs)
        assert not folder.exists()
        bridges.sweep()
        assert folder / "held" not in bridges.claimed().values()
    finally:
        mounts.remove(runs)


def until_gone(pids: list[str]) -> None:
    def gone() -> bool:
        states = [Path(f"/proc/{pid}/stat") for pid in pids]
        return all(not each.exists() or ") Z " in each.read_text() for each in states)

    engine.until(gone, "the end of the engine")
