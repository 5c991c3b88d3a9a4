"""The verbs `deploy` and `rollback`: one accepted step, executed alone, as `exec` would."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine import Engine
from forked import Forked
from gated import new_project
from services import Web, good
from support import Project

SERVICES = """\
services:
  web: {image: "web:1", container: web}
  db: {image: "db:1", container: db}
"""
PHASES = """
- {key: a, title: A, steps: [{run: touch made}, {deploy: web}], verify: [{file: a}]}
- {key: b, title: B, steps: [{deploy: web}], verify: [{file: b}]}
"""


@pytest.fixture
def planned(project: Project) -> Forked:
    place = Forked(project.root, Path(project.env["HOME"]))
    place.plan("p", PHASES, head=SERVICES)
    return place


REFUSED: dict[str, tuple[tuple[object, ...], str, str]] = {
    "no such service": (("deploy", "p", "wbe"), "usage", "p has no service 'wbe' (did you mean web?)"),
    "no step": (("deploy", "p", "db"), "usage", "p has no step deploy: db"),
    "no step of that kind": (("rollback", "p", "web"), "usage", "p has no step rollback: web"),
    "several": (("deploy", "p", "web"), "usage", "the phases 0, 1 of p have a step deploy: web"),
    "no such phase": (("deploy", "p", "web", "--phase", 7), "unknown_phase", "p has no phase 7"),
    "out of order": (("deploy", "p", "web", "--phase", 1), "needs_not_done", "needs phase 0 (a), which is ready"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(planned: Forked, case: str) -> None:
    words, kind, said = REFUSED[case]
    error = planned.ask(*words).refused(kind).error
    assert said in error["message"]
    assert not (planned.root / "made").exists()


def test_only_what_was_accepted(planned: Forked) -> None:
    file = planned.root / "plans/p.yaml"
    file.write_text(file.read_text().replace('"web:1"', '"web:2"'))
    planned.ask("deploy", "p", "web", "--phase", 0).refused("source_changed")


@pytest.mark.engine
def test_there_and_back(engine: Engine, tmp_path: Path) -> None:
    for version in "12":
        good(engine, version)
    place = new_project(tmp_path)
    web = Web(place, engine)
    for verb, tag, version in (
        ("deploy", "1", "1"), ("deploy", "2", "2"), ("rollback", "2", "1"), ("deploy", "2", "2"),
    ):  # fmt: skip
        claims = ("--var", f"TAG={tag}", "--var", "FORCE_IMAGE_TAG=")
        row = place.ask(verb, web.plan, "web", *claims).ok().data["steps"][0]
        assert (row["kind"], row["verdict"], web.version()) == (verb, "passed", version)
    assert web.ready()["verdict"] == "passed"
    assert place.states(web.plan) == ["ready", "ready", "ready"]
    told = place.run("deploy", web.plan, "web", "--var", "TAG=2", "--var", "FORCE_IMAGE_TAG=").ok()
    assert "web0 ran already" in told.out
    engine.docker("rm", "-f", web.container)
