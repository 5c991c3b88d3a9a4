"""Steps whose program runs on another machine or inside a container: what it says is told as it says it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from engine import Engine, until
from forked import Forked
from gated import new_project
from machines import Machine

PRINTS = 'echo first; echo odd >&2; while [ ! -e %s ]; do sleep 0.1; done; echo "last $(id -u)"'
"""Says something, then waits for a file, then says something else."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Forked:
    return new_project(tmp_path_factory.mktemp("run"))  # type: ignore[return-value]


def told_while_it_runs(place: Forked, plan: str, go_on: Callable[[], object]) -> list[str]:
    """Execute phase 0; what was told, of which the beginning came before `go_on` let it end."""
    lines: list[str] = []
    with place.start("exec", plan, 0, "--run") as process:
        reader = threading.Thread(target=lambda: lines.extend(process.stderr or ()), daemon=True)
        reader.start()
        try:
            until(lambda: any("first" in line for line in lines), "its first words", 60)
            assert not any("last" in line for line in lines)
            go_on()
            assert process.wait(60) == 0, lines
        finally:
            process.kill()
            reader.join(10)
    return lines


def outputs(place: Forked) -> str:
    seq = place.events("ran")[-1]["seq"]
    return "\n".join(place.ask("log", "--run", seq).ok().data["outputs"].values())


@pytest.mark.ssh
def test_on_another_machine(place: Forked, pc2: Machine) -> None:
    go = pc2.folder / "go"
    text = PRINTS % go
    place.plan("far", f"- {{title: T, steps: [{{run: '{text}; hostname', host: pc2}}],"
               " verify: [{file: a}]}", head=pc2.head())  # fmt: skip
    lines = told_while_it_runs(place, "far", go.touch)
    assert [word for line in lines for word in ("first", "odd", "last 0", "pc2\n") if word in line]
    kept = outputs(place)
    assert all(word in kept for word in ("first", "odd", "last 0", "pc2"))


@pytest.mark.ssh
def test_another_machine_on_which_it_fails(place: Forked, pc2: Machine, tmp_path: Path) -> None:
    """The exit code of a pipe counts there too; a name of the plan arrives as a variable, no more."""
    place.plan("fails", """
      - {title: T, steps: [{run: 'false | cat', host: pc2}], verify: [{file: a}]}
      - {title: U, needs: [], steps: [{run: 'test "$tag" = 1.4', host: pc2}], verify: [{file: a}]}
    """, head=f"vars: {{tag: '1.4'}}\n{pc2.head()}")  # fmt: skip
    ran = place.ask("exec", "fails", 0, "--run").refused("step_failed")
    assert "exited 1" in ran.data["steps"][0]["actual"]
    place.ask("exec", "fails", 1, "--run").ok()
    lost = pc2.head(known_hosts=str(tmp_path / "none"))
    place.plan(
        "lost", "- {title: T, steps: [{run: 'true', host: pc2}], verify: [{file: a}]}", head=lost
    )
    ran = place.ask("exec", "lost", 0, "--run").refused("step_error")
    assert "pc2 (ssh root@127.0.0.1" in ran.error["message"]


@pytest.mark.engine
def test_inside_a_container(place: Forked, engine: Engine) -> None:
    engine.image("told:1", "USER 10001:10001")
    ran = engine.docker("run", "-d", "--name", "told", "told:1", "sleep", "1000")
    assert ran.returncode == 0, ran.stderr
    text = PRINTS % "/tmp-go"
    place.plan("near", f"- {{title: T, steps: [{{exec: [sh, -c, '{text}'], inside: told}}],"
               " verify: [{file: a}]}", head=engine.head())  # fmt: skip
    go_on = lambda: engine.docker("exec", "-u", "0", "told", "touch", "/tmp-go")  # noqa: E731
    lines = told_while_it_runs(place, "near", go_on)
    engine.docker("rm", "-f", "told")
    assert any("last 10001" in line for line in lines)
    assert all(word in outputs(place) for word in ("first", "odd", "last 10001"))
