"""Sixty containers in one phase: they are looked at side by side, not one after another."""

from __future__ import annotations

import subprocess
import time

import pytest
from engine import DOCKER, Engine
from forked import Forked
from gated import new_project

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]

MANY = 60


def test_sixty_containers(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All of the phase takes at most one and a half times what its slowest check does, and two seconds."""
    engine.image("many:1", 'CMD ["sleep", "1000"]')
    names = [f"many-{n}" for n in range(MANY)]
    place = new_project(tmp_path_factory.mktemp("many"))
    assert isinstance(place, Forked)
    made = ["xargs", "-P", "4", "-I", "{}", DOCKER, "-H", engine.url, "run", "-d", "--network",
            "none", "--name", "{}", "many:1"]  # fmt: skip
    try:
        subprocess.run(made, input="\n".join(names), text=True, check=True, capture_output=True)
        place.plan("many", f"""
          - title: All of them
            verify:
              - for_each: {{n: [{', '.join(names)}]}}
                container: "${{n}}"
                runs: "many:1"
                timeout: 60s
        """, head=engine.head())  # fmt: skip
        started = time.monotonic()
        phase = place.ask("done", "many", 0).ok().data
        seconds = time.monotonic() - started
    finally:
        engine.docker("rm", "-f", *names)
    slowest = max(row["duration_s"] for row in phase["checks"])
    print(f"\n{MANY} containers: {seconds:.1f} s, the slowest {slowest:.1f} s")
    assert len(phase["checks"]) == MANY
    assert seconds <= 1.5 * slowest + 2
