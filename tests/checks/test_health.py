"""The kind `health` on a real engine: what it finds, and everything that has fooled such checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from containers import problems, retold, run, state, verdict, verdicts
from engine import Engine, until
from gated import new_project
from support import Project

pytestmark = pytest.mark.engine

SLEEP = 'CMD ["sleep", "600"]'
HARDLY = ("--health-interval", "1h")
"""Where no probe is needed: each costs the machine a process."""
OFTEN = "HEALTHCHECK --interval=200ms --timeout=2s --retries=1 CMD"


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    engine.image("hc:good", SLEEP, f"{OFTEN} test ! -e /broken && echo fine")
    engine.image("hc:none", SLEEP)
    engine.image("hc:true", SLEEP, "HEALTHCHECK --interval=1h CMD wget x || true")
    engine.image("hc:rare", SLEEP, "HEALTHCHECK --interval=1h CMD test -e /etc/passwd")
    run(engine, "good", "hc:good", "--label", "app=good")
    run(engine, "broken", "hc:good")
    run(engine, "without", "hc:none")
    run(engine, "trivial", "hc:true")
    run(engine, "new", "hc:rare")
    run(
        engine,
        "given",
        "hc:none",
        "--health-cmd",
        "test -e /etc/passwd",
        "--health-interval",
        "200ms",
    )
    run(engine, "given-true", "hc:none", "--health-cmd", "true", *HARDLY)
    run(engine, "made-true", "hc:good", "--health-cmd", "true", *HARDLY)
    run(engine, "made-easy", "hc:good", "--health-cmd", "test -e /etc/passwd", *HARDLY)
    run(engine, "switched-off", "hc:good", "--no-healthcheck")
    run(engine, "seldom", "hc:good", "--health-interval", "5s")
    run(engine, "lenient", "hc:good", "--health-retries", "1000")
    run(engine, "ended", "hc:good")
    run(engine, "held", "hc:good")
    for name in ("good", "broken", "given", "lenient", "ended", "held"):
        until(lambda name=name: len(probes(engine, name)) == 5, f"the probes of {name}")
    for name in ("broken", "lenient"):
        engine.docker("exec", name, "touch", "/broken")
    until(lambda: state(engine, "broken")["Health"]["Status"] == "unhealthy", "broken")
    until(lambda: probes(engine, "broken")[0]["ExitCode"], "the probes of broken")
    until(lambda: probes(engine, "lenient")[-1]["ExitCode"], "lenient")
    engine.docker("kill", "ended")
    engine.docker("pause", "held")
    yield new_project(tmp_path_factory.mktemp("health"))
    engine.remove_containers()


def probes(engine: Engine, name: str) -> list[dict[str, Any]]:
    return list((state(engine, name).get("Health") or {}).get("Log") or ())


GOOD = [
    "health: good",
    "health: app=good, status: healthy",
    "health: good, successes: 3, every: 100ms",
    "health: given",
    "health: broken, status: unhealthy",
    "container: good, stable_for: 300ms, healthy: true",
]
BAD = {
    "health: nobody": "has no container nobody",
    "health: goo": "has no container goo",
    "health: without": "it has no HEALTHCHECK",
    "health: without, status: unhealthy": "it has no HEALTHCHECK",
    "health: trivial": "its HEALTHCHECK cannot fail",
    "health: given-true": "its HEALTHCHECK cannot fail",
    "health: made-true": "the one of its image was replaced when it was started",
    "health: made-easy": "it was started with",
    "health: switched-off": "the one of its image was replaced when it was started",
    "health: seldom": "it was started to be probed every 5 s",
    "health: new": "its health is starting: no probe has ended yet",
    "health: good, status: unhealthy": "its health is healthy",
    "health: broken": "its health is unhealthy; its last probe ended with 1",
    "health: lenient": "0 of its last 5 probes",
    "health: ended": "it is exited",
    "health: held": "it is paused",
    "container: broken, stable_for: 300ms, healthy: true": "its health is unhealthy",
    "container: lenient, stable_for: 300ms, healthy: true": "its last probe ended with 1",
    "container: made-true, stable_for: 300ms, healthy: true": "was replaced when it was started",
}
REFUSED = {
    "health: /web": "write the name without the slash: web",
    "health: web, status: starting": "expected one of healthy, unhealthy",
    "health: web, successes: 6": "an engine remembers 5 probes",
    "health: web, host: pc9": "there is no host 'pc9'",
}


@pytest.fixture(scope="module")
def rows(place: Project, engine: Engine) -> dict[str, dict[str, Any]]:
    return verdicts(place, engine.head(), [*GOOD, *BAD])


@pytest.mark.parametrize("check", GOOD)
def test_containers_whose_health_is_as_it_should_be(rows: dict[str, Any], check: str) -> None:
    row = rows[check]
    assert row["verdict"] == "passed", row
    assert row["facts"]["probes"]


@pytest.mark.parametrize("check", BAD)
def test_containers_whose_health_is_not(rows: dict[str, Any], check: str) -> None:
    row = rows[check]
    assert row["verdict"] == "failed", row
    assert BAD[check] in row["actual"]


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(place: Project, check: str) -> None:
    assert REFUSED[check] in problems(place, check)


def test_what_the_probes_wrote_is_evidence(rows: dict[str, Any]) -> None:
    (output,) = rows["health: good"]["outputs"]
    assert output["stream"] == "probes"
    assert output["size"] == 5 * len("fine\n")


def altered(change: Any) -> Any:
    """A change of what is said of the state of the container `good`."""

    def of(path: str, document: Any) -> Any:
        if path == "/containers/good/json":
            change(document["State"])
        return document

    return of


def told(place: Project, engine: Engine, folder: Path, change: Any, check: str) -> dict[str, Any]:
    with retold(engine, folder, altered(change)) as head:
        return verdict(place, head, check)


def test_one_success_is_not_three(place: Project, engine: Engine, tmp_path: Path) -> None:
    """The status says healthy from the first one on."""

    def once(state: dict[str, Any]) -> None:
        state["Health"]["Log"] = state["Health"]["Log"][-1:]

    assert told(place, engine, tmp_path, once, "health: good")["verdict"] == "passed"
    row = told(place, engine, tmp_path, once, "health: good, successes: 3")
    assert row["verdict"] == "failed", row
    assert "1 of its last 1 probes" in row["actual"]


def test_the_same_probe_told_twice_is_one(place: Project, engine: Engine, tmp_path: Path) -> None:
    def again(state: dict[str, Any]) -> None:
        state["Health"]["Log"] = state["Health"]["Log"][-1:] * 5

    row = told(place, engine, tmp_path, again, "health: good, successes: 3")
    assert row["verdict"] == "failed", row


def test_a_failure_between_starts_the_count_anew(
    place: Project, engine: Engine, tmp_path: Path
) -> None:
    def failed(state: dict[str, Any]) -> None:
        state["Health"]["Log"][-3]["ExitCode"] = 1

    row = told(place, engine, tmp_path, failed, "health: good, successes: 3")
    assert row["verdict"] == "failed", row
    assert "2 of its last 5 probes" in row["actual"]


def test_probes_of_an_earlier_start_do_not_count(
    place: Project, engine: Engine, tmp_path: Path
) -> None:
    """The engine keeps them in its log beside the new ones."""
    run(engine, "good", "hc:good", "--label", "app=good")
    until(lambda: len(probes(engine, "good")) == 5, "five probes")
    engine.docker("kill", "good")
    until(lambda: state(engine, "good")["Status"] == "exited", "its end")
    old = {row["Start"] for row in probes(engine, "good")}
    engine.docker("start", "good")
    until(lambda: {row["Start"] for row in probes(engine, "good")} - old, "a new probe")
    seen: list[list[str]] = []

    def at_first(state: dict[str, Any]) -> None:
        """The moment after the first probe of this start, which by now is past."""
        log = [row for row in state["Health"]["Log"] if row["Start"] not in old][:1]
        state["Health"]["Log"] = [{**log[0], "Start": start} for start in sorted(old)] + log
        seen.append([row["Start"] for row in state["Health"]["Log"]])

    row = told(place, engine, tmp_path, at_first, "health: good, successes: 3")
    assert len(seen[0]) == 6
    assert row["verdict"] == "failed", row
    assert "1 of its last 1 probes" in row["actual"]


def test_a_container_that_becomes_healthy_in_time(place: Project, engine: Engine) -> None:
    run(engine, "late", "hc:good")
    row = verdict(place, engine.head(), "health: late, successes: 2, within: 20s, every: 100ms")
    assert row["verdict"] == "passed", row
    assert row["attempts"] > 1


def hours_later(path: str, document: Any) -> Any:
    """An engine whose clock has gone on while nothing was probed."""
    if path == "/info":
        year, rest = document["SystemTime"].split("-", 1)
        document["SystemTime"] = f"{int(year) + 1}-{rest}"
    return document


@pytest.mark.parametrize("name", ["new", "good"])
def test_an_engine_that_runs_no_probes_is_an_error(
    place: Project, engine: Engine, tmp_path: Path, name: str
) -> None:
    """`starting` for ever, or healthy by a probe of long ago: nobody is looking."""
    with retold(engine, tmp_path, hours_later) as head:
        row = verdict(place, head, f"health: {name}")
    assert row["verdict"] == "error", row
    assert "this engine runs no health probes" in row["actual"]


@pytest.mark.parametrize("text", ["", "yesterday"])
def test_an_engine_that_does_not_tell_its_time_is_an_error(
    place: Project, engine: Engine, tmp_path: Path, text: str
) -> None:
    def change(path: str, document: Any) -> Any:
        return document | {"SystemTime": text} if path == "/info" else document

    with retold(engine, tmp_path, change) as head:
        row = verdict(place, head, "health: good")
    assert row["verdict"] == "error", row


def test_an_image_that_is_gone_leaves_nothing_to_compare_with(
    place: Project, engine: Engine, tmp_path: Path
) -> None:
    def change(path: str, document: Any) -> Any:
        if path == "/containers/good/json":
            document["Image"] = "sha256:" + "0" * 64
        return document

    with retold(engine, tmp_path, change) as head:
        row = verdict(place, head, "health: good")
    assert row["verdict"] == "error", row
    assert "its image is no longer there" in row["actual"]


def test_an_engine_that_is_not_there_is_an_error(place: Project) -> None:
    head = 'hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n'
    row = verdict(place, head, "health: good")
    assert row["verdict"] == "error"
    assert "does not answer" in row["message"]
