"""Actions on a real engine: what they do, what stops them, and that nothing of theirs stays behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from engine import Engine, free_port, until
from forked import Forked
from gated import new_project
from support import Project, Ran

pytestmark = pytest.mark.engine

Does = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Forked:
    engine.image("act:base", "USER 10001:10001", 'CMD ["true"]')
    return new_project(tmp_path_factory.mktemp("actions"))  # type: ignore[return-value]


@pytest.fixture(autouse=True)
def nothing_left(engine: Engine, place: Forked) -> None:
    engine.remove_containers()


def planned(place: Project, head: str, *steps: str) -> str:
    """Import a plan of its own with these steps; its id."""
    id_ = f"p{len(list(place.root.glob('plans/*')))}"
    lines = "".join(f"\n    - {{{step}}}" for step in steps)
    place.plan(id_, f"- title: T\n  steps:{lines}\n  verify: [{{file: none}}]\n", head=head)
    return id_


@pytest.fixture
def does(place: Forked, engine: Engine) -> Does:
    """Execute one step in a plan of its own: its row, after looking at its verdict."""

    def perform(step: str, verdict: str = "passed") -> dict[str, Any]:
        id_ = planned(place, engine.head(), step)
        ran = place.ask("exec", id_, 0, "--run")
        kinds = {"failed": "step_failed", "error": "step_error"}
        ran.ok() if verdict == "passed" else ran.refused(kinds[verdict])
        (row,) = ran.data["steps"]
        assert row["verdict"] == verdict, row
        found: dict[str, Any] = row
        return found

    return perform


def output(place: Project, row: dict[str, Any], stream: str = "stdout") -> str:
    """What the step of the newest event wrote."""
    seq = place.events("ran")[-1]["seq"]
    kept = next(each["kept"] for each in row["outputs"] if each["stream"] == stream)
    return str(place.ask("log", "--run", seq).ok().data["outputs"][kept])


def containers(engine: Engine) -> list[str]:
    return engine.docker("ps", "-aq").stdout.split()


# build


def context(place: Project, name: str, dockerfile: str) -> str:
    place.write(f"{name}/Dockerfile", dockerfile)
    return f"build: 'act:{name}', context: {name}"


def test_a_build(place: Forked, engine: Engine, does: Does) -> None:
    place.write("good/text", "content")
    step = context(
        place, "good", "FROM act:base\nARG A\nCOPY text /text\nRUN cat /text; echo built $A\n"
    )
    row = does(f"{step}, args: {{A: '7'}}")
    assert row["facts"]["image"] == engine.api.inspect_image("act:good")["Id"]
    assert "contentbuilt 7" in output(place, row)
    assert not containers(engine)


def test_a_stage_and_a_dockerfile_of_another_name(
    place: Forked, engine: Engine, does: Does
) -> None:
    place.write("stages/other.Dockerfile", "FROM act:base AS one\nLABEL n=1\nFROM one\nLABEL n=2\n")
    does("build: 'act:one', context: stages, dockerfile: other.Dockerfile, target: one")
    assert engine.api.inspect_image("act:one")["Config"]["Labels"] == {"n": "1"}


BROKEN = {
    "a command fails": ("FROM act:base\nRUN echo before; exit 3\n", "non-zero code: 3"),
    "no such base": ("FROM REGISTRY/nothing:1\n", "/nothing:1 not found"),
    "no such instruction": ("FROM act:base\nRUNN x\n", "unknown instruction"),
    "no such file": ("FROM act:base\nCOPY nothing /\n", "nothing"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_build_that_fails(place: Forked, engine: Engine, does: Does, how: str) -> None:
    """The errors come inside the answer; the name means what it meant before, no container stays."""
    dockerfile, message = BROKEN[how]
    before = engine.image("act:broken", "LABEL old=1")
    dockerfile = dockerfile.replace("REGISTRY", engine.registry)
    row = does(context(place, "broken", dockerfile), "failed")
    assert message.lower() in row["actual"].lower()
    assert engine.api.inspect_image("act:broken")["Id"] == before
    assert not containers(engine)


def test_a_build_without_its_dockerfile(place: Forked, does: Does) -> None:
    place.write("empty/x")
    assert "empty/Dockerfile" in does("build: 'act:none', context: empty", "failed")["actual"]


def test_a_build_past_its_time_is_ended(place: Forked, engine: Engine, does: Does) -> None:
    began = time.monotonic()
    step = context(place, "slow", "FROM act:base\nRUN sleep 97\n")
    row = does(f"{step}, timeout: 2s", "error")
    assert "not through in time" in row["message"]
    assert time.monotonic() - began < 20
    until(lambda: not containers(engine), "the end of the build")


def interrupted(place: Project, id_: str, begun: Callable[[], object]) -> None:
    """Execute a plan's steps, and press Ctrl-C once they are under way."""
    before = place.events()
    process = place.start("exec", id_, 0, "--run", "--json")
    try:
        until(begun, "the step")
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=40)
    finally:
        process.kill()
        process.wait()
    Ran(process.returncode, out, err).refused("interrupted")
    assert place.events() == before


def test_a_build_that_is_interrupted_is_ended(place: Forked, engine: Engine) -> None:
    step = context(place, "halted", "FROM act:base\nRUN sleep 98\n")
    interrupted(place, planned(place, engine.head(), step), lambda: containers(engine))
    until(lambda: not containers(engine), "the end of the build")


# tag, push, pull


def registry_digest(engine: Engine, name: str, tag: str) -> str:
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    url = f"http://{engine.registry}/v2/{name}/manifests/{tag}"
    return str(urlopen(Request(url, headers=accept), timeout=10).headers["Docker-Content-Digest"])


def test_a_tag(engine: Engine, does: Does) -> None:
    row = does("tag: 'act:base', to: 'act:tagged'")
    assert engine.api.inspect_image("act:tagged")["Id"] == row["facts"]["image"]
    assert "has no image act:nowhere" in does("tag: 'act:nowhere', to: 'a:b'", "failed")["actual"]


def test_a_push_and_a_pull(place: Forked, engine: Engine, does: Does) -> None:
    name = f"{engine.registry}/act/pushed"
    row = does(f"push: 'act:base', to: '{name}:1'")
    digest = row["facts"]["digest"]
    assert digest == registry_digest(engine, "act/pushed", "1")
    assert digest in output(place, row)
    for reference in (f"{name}:1", f"{name}@{digest}", f"{name}:1@{digest}"):
        engine.docker("rmi", "-f", f"{name}:1")
        found = does(f"pull: '{reference}', to: 'act:pulled'")["facts"]["image"]
        assert engine.api.inspect_image("act:pulled")["Id"] == found == row["facts"]["image"]


def test_a_push_or_pull_that_is_declined(engine: Engine, does: Does) -> None:
    """What the engine says of it comes inside the answer."""
    dead = f"127.0.0.1:{free_port()}/act:1"
    engine.docker("tag", "act:base", dead)
    assert "refused" in does(f"push: '{dead}'", "failed")["actual"]
    assert "refused" in does(f"pull: '{dead}'", "failed")["actual"]
    assert "has no image" in does(f"push: '{engine.registry}/none:1'", "failed")["actual"]
    assert "unknown" in does(f"pull: '{engine.registry}/none:1'", "failed")["actual"]


# container


def test_a_container_runs_to_its_end_and_is_removed(
    place: Forked, engine: Engine, does: Does
) -> None:
    place.write("data/in", "from the project")
    row = does(
        "container: 'act:base', mounts: ['./data:/data:ro'], env: {WORD: hello}, "
        "args: [sh, -c, 'cat /data/in; echo $WORD; id -u; echo complaint >&2']"
    )
    assert output(place, row) == "from the projecthello\n10001\n"
    assert output(place, row, "stderr") == "complaint\n"
    assert not containers(engine)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("args: [sh, -c, 'exit 3']", "it exited 3"),
        ("args: [no-such-program]", "no-such-program"),
        ("mounts: ['./nothing:/x']", "does not exist"),
        ("mounts: ['./data:/data:ro'], args: [sh, -c, 'echo x > /data/out']", "it exited 1"),
    ],
)
def test_a_container_that_fails_is_removed(
    place: Forked, engine: Engine, does: Does, step: str, message: str
) -> None:
    place.write("data/in", "x")
    assert message in does(f"container: 'act:base', {step}", "failed")["actual"]
    assert not containers(engine)
    assert "has no image" in does("container: 'act:nothing'", "failed")["actual"]


def test_a_container_past_its_time_is_removed(engine: Engine, does: Does) -> None:
    row = does("container: 'act:base', args: [sleep, '96'], timeout: 2s", "error")
    assert "still running" in row["message"]
    assert not containers(engine)


def test_a_container_that_is_interrupted_is_removed(place: Forked, engine: Engine) -> None:
    id_ = planned(place, engine.head(), "container: 'act:base', args: [sleep, '95']")
    interrupted(place, id_, lambda: engine.docker("ps", "-q").stdout)
    assert not containers(engine)


def test_a_container_that_stays(engine: Engine, does: Does) -> None:
    port = free_port()
    row = does(
        f"container: 'act:base', name: act-web, keep: true, ports: ['127.0.0.1:{port}:8080'], "
        "args: [httpd, -f, -p, '8080', -h, /etc]"
    )
    assert row["facts"]["name"] == "act-web"
    found = engine.api.inspect_container("act-web")
    assert found["State"]["Running"] is True
    assert found["HostConfig"]["Privileged"] is False
    until(lambda: urlopen(f"http://127.0.0.1:{port}/group", timeout=2).status == 200, "the web")


def test_a_port_that_is_taken_leaves_no_container(engine: Engine, does: Does) -> None:
    """The engine creates the container before it finds out."""
    step = f"keep: true, ports: ['127.0.0.1:{free_port()}:8080'], args: [sleep, '94']"
    does(f"container: 'act:base', name: act-first, {step}")
    row = does(f"container: 'act:base', name: act-second, {step}", "failed")
    assert "already allocated" in row["actual"]
    assert len(containers(engine)) == 1


def test_a_name_that_is_taken_leaves_the_other_alone(engine: Engine, does: Does) -> None:
    does("container: 'act:base', name: act-mine, keep: true, args: [sleep, '93']")
    row = does("container: 'act:base', name: act-mine, keep: true, args: ['true']", "failed")
    assert "act-mine" in row["actual"]
    assert engine.api.inspect_container("act-mine")["State"]["Running"] is True


# exec, stop


@pytest.fixture
def web(engine: Engine) -> str:
    ran = engine.docker("run", "-d", "--name", "act-web", "-e", "MODE=live", "act:base", "sleep", "92")  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return "act-web"


def test_a_program_inside_a_container(place: Forked, does: Does, web: str) -> None:
    row = does(f"exec: [sh, -c, 'echo $MODE $WORD; id -u'], inside: {web}, env: {{WORD: x}}")
    assert output(place, row) == "live x\n10001\n"
    assert row["facts"]["container"]["name"] == web
    assert "exited 3" in does(f"exec: [sh, -c, 'exit 3'], inside: {web}", "failed")["actual"]


def test_a_program_inside_that_is_not_there_or_takes_too_long(does: Does, web: str) -> None:
    does(f"exec: [no-such-program], inside: {web}", "error")
    row = does(f"exec: [sleep, '91'], inside: {web}, timeout: 1s", "error")
    assert "still running after 1s" in row["message"]


def test_inside_no_container(engine: Engine, does: Does, web: str) -> None:
    assert "has no container" in does("exec: ['true'], inside: act-we", "failed")["actual"]
    engine.docker("kill", web)
    assert "not running" in does(f"exec: ['true'], inside: {web}", "error")["message"]


def test_a_container_is_stopped(engine: Engine, does: Does, web: str) -> None:
    assert "has no container" in does("stop: act-we", "failed")["actual"]
    began = time.monotonic()
    does(f"stop: {web}, timeout: 1s")
    assert time.monotonic() - began < 15
    assert engine.api.inspect_container(web)["State"]["Running"] is False
    does(f"stop: {web}")


# Which engine, and none


def test_shell_steps_speak_to_the_engine_of_the_plan(place: Forked, engine: Engine) -> None:
    """DOCKER_HOST is what the plan says, whatever the caller's environment holds."""
    id_ = planned(place, engine.head(), "run: '/usr/bin/docker image inspect act:base > /dev/null'")
    place.run("exec", id_, 0, "--run", env={"DOCKER_HOST": "unix:///elsewhere.sock"}).ok()


def test_a_shell_step_inside_a_container_needs_bash_there(does: Does, web: str) -> None:
    """This one has another shell, in which the text might mean something else."""
    row = does(f"run: 'echo x', inside: {web}", "error")
    assert "bash" in row["message"]
    assert "cannot look from inside" in does("run: 'echo x', inside: act-we", "error")["message"]


STEPS = {
    "build": "build: 'act:x', context: good",
    "push": "push: 'act:base'",
    "tag": "tag: 'act:base', to: 'a:b'",
    "pull": "pull: 'act:base'",
    "container": "container: 'act:base'",
    "stop": "stop: web",
    "exec": "exec: ['true'], inside: web",
}


@pytest.mark.parametrize("kind", STEPS)
def test_an_engine_that_does_not_answer(place: Forked, kind: str) -> None:
    place.write("good/Dockerfile", "FROM act:base\n")
    head = 'hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n'
    id_ = planned(place, head, STEPS[kind])
    ran = place.ask("exec", id_, 0, "--run").refused("step_error")
    assert (
        "the engine of local (unix:///nowhere/docker.sock) does not answer" in ran.error["message"]
    )


def test_a_plan_from_its_build_to_a_done_phase(project: Project, engine: Engine) -> None:
    place = Forked(project.root, Path(project.env["HOME"]))
    place.write("Dockerfile", "FROM act:base\nLABEL version=1.4\n")
    place.plan(
        "p",
        """
        - title: Build
          steps:
            - build: "${registry}/act/whole:${VERSION}"
            - push: "${registry}/act/whole:${VERSION}"
          verify:
            - image: "${registry}/act/whole:${VERSION}"
              labels: {version: "1.4"}
          undo:
            - run: docker image rm "$registry/act/whole:$VERSION"
        """,
        head=f"inputs: [VERSION]\nvars: {{registry: '{engine.registry}'}}\n{engine.head()}",
    )
    found = place.ask("run", "p", 0, "--var", "VERSION=1").ok().data["phases"][0]
    assert found["state"] == "done"
    assert found["inputs"] == {"VERSION": "1"}
    place.ask("run", "p", 0, "--undo").ok()
    place.ask("verify", "p", 0).refused("check_failed")
