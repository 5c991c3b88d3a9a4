"""The kind `compose`: the real docker-compose with a real engine, and stand-ins of what others say."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from engine import Engine, until
from forked import Forked
from gated import new_project
from required import need
from support import Project

from todo_manager.engines.containers import Container

STACK = """
services:
  web:
    image: compose:web
    command: [sleep, "1000"]
    init: true
    healthcheck: {test: [CMD, test, -f, /etc/passwd], interval: 1s}
    depends_on: {job: {condition: service_completed_successfully}}
  unlucky:
    image: compose:web
    depends_on: {failed_job: {condition: service_completed_successfully}}
  job: {image: "compose:web", command: ["true"]}
  failed_job: {image: "compose:web", command: ["false"]}
  plain: {image: "compose:web", command: [sleep, "1000"]}
  two: {image: "compose:web", command: [sleep, "1000"], deploy: {replicas: 2}}
  sick:
    image: compose:web
    command: [sleep, "1000"]
    healthcheck: {test: [CMD, "false"], interval: 1s, retries: 1}
  trivial:
    image: compose:web
    command: [sleep, "1000"]
    healthcheck: {test: [CMD, "true"], interval: 1s}
  crashes: {image: "compose:web", command: [sleep, "0.4"], restart: always}
  old: {image: "compose:old", command: [sleep, "1000"]}
  absent: {image: "compose:web", command: [sleep, "1000"]}
  hidden: {image: "compose:web", command: [sleep, "1000"], profiles: [extra]}
  shown: {image: "compose:web", command: [sleep, "1000"], profiles: [more]}
"""
SMALL = """
services:
  web: {image: "compose:web", command: [sleep, "1000"], healthcheck: {test: [CMD, "test", "-d", "/"], interval: 1s}}
  gpu: {image: "compose:web", command: [sleep, "1000"], profiles: [gpu]}
"""


def compose(place: Project, engine: Engine, file: str, *words: str) -> None:
    ran = subprocess.run(
        [need("docker-compose"), "-f", str(place.root / file), *words],
        env=place.env | {"DOCKER_HOST": engine.url},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forked]:
    """Two projects that run: `stack`, of which each service has a fault of its own, and `small`."""
    need("docker-compose")
    engine.image("compose:web")
    engine.image("compose:old", "ENV A=1")
    found = new_project(tmp_path_factory.mktemp("compose"))
    found.write("stack/docker-compose.yml", STACK)
    found.write("small/docker-compose.yml", SMALL)
    found.write("copy/docker-compose.yml", SMALL)
    found.write("copy/.env", "COMPOSE_PROJECT_NAME=small\n")
    names = [
        "job",
        "failed_job",
        "web",
        "plain",
        "two",
        "sick",
        "trivial",
        "crashes",
        "old",
        "shown",
    ]
    compose(found, engine, "stack/docker-compose.yml", "up", "-d", "--no-deps", *names)
    compose(found, engine, "small/docker-compose.yml", "up", "-d", "web")
    engine.image("compose:old", "ENV A=2")
    for name, status in (("stack_web_1", "healthy"), ("stack_trivial_1", "healthy"),
                         ("stack_sick_1", "unhealthy"), ("small_web_1", "healthy")):  # fmt: skip
        until(lambda n=name, s=status: health(engine, n) == s, f"{name} {status}")  # type: ignore[misc]
    until(lambda: engine.api.inspect_container("stack_crashes_1")["RestartCount"] > 0, "a crash")
    yield found  # type: ignore[misc]
    engine.remove_containers()


def health(engine: Engine, name: str) -> str:
    return str(engine.api.inspect_container(name)["State"]["Health"]["Status"])


FILE = "compose: stack/docker-compose.yml"
OWN = "compose: small/docker-compose.yml"
REAL = {
    f"{FILE}, services: [web, plain, job, two, shown]": ("passed", "it is"),
    f"{FILE}, services: [web, job], all_healthy: true": ("passed", "so it is"),
    f"{OWN}, all_healthy: true, profiles: []": ("passed", "so it is"),
    f"{FILE}, services: [plain], all_healthy: true": ("failed", "it has no HEALTHCHECK"),
    f"{FILE}, services: [trivial], all_healthy: true": ("failed", "its HEALTHCHECK cannot fail"),
    f"{FILE}, services: [sick], all_healthy: true": ("failed", "stack_sick_1 is unhealthy"),
    f"{FILE}, services: [sick]": ("failed", "stack_sick_1 is unhealthy"),
    f"{FILE}, services: [crashes]": ("failed", "stack_crashes_1 "),
    f"{FILE}, services: [failed_job]": ("failed", "stack_failed_job_1 exited 1"),
    f"{FILE}, services: [absent]": ("failed", "it has no container in the project stack"),
    f"{FILE}, services: [old]": ("failed", "runs another image than compose:old is now"),
    f"{FILE}, services: [web, nobody]": ("failed", "it has "),
    f"{FILE}, all_healthy: true": ("failed", "stack_sick_1"),
    f"{OWN}, all_healthy: true": ("failed", "it has no container in the project small"),
    f"{OWN}, profiles: [gpu]": ("failed", "it has no container in the project small"),
    f"{OWN}, services: [web], project: other": ("failed", "in the project other"),
    "compose: copy/docker-compose.yml, services: [web]": ("failed", "was started from"),
    "compose: copy/docker-compose.yml, services: [web], project: small": ("passed", "so it is"),
}


@pytest.fixture(scope="module")
def rows(place: Forked, engine: Engine) -> dict[str, dict[str, Any]]:
    """The row of each check, from one run of all of them."""
    each = "".join(f"\n    - {{{check}, timeout: 90s}}" for check in REAL)
    place.plan("all", f"- title: T\n  verify:{each}", head=engine.head())
    found = place.ask("verify", "all", 0).refused("check_failed").data["phases"][0]["checks"]
    return dict(zip(REAL, found))


@pytest.mark.engine
@pytest.mark.parametrize("check", REAL)
def test_what_runs_of_a_file(rows: dict[str, Any], check: str) -> None:
    verdict, said = REAL[check]
    row = rows[check]
    assert row["verdict"] == verdict, row["actual"] or row["message"]
    assert said in row["actual"]
    assert row["facts"]["compose"]["version"] == "1.29.2"


@pytest.mark.engine
def test_the_worst_container_speaks_for_its_service(place: Forked, engine: Engine) -> None:
    check = f"{FILE}, services: [two], timeout: 90s"
    engine.docker("stop", "-t", "0", "stack_two_2")
    try:
        place.plan("worst", f"- {{title: T, verify: [{{{check}}}]}}", head=engine.head())
        row = place.ask("verify", "worst", 0).data["phases"][0]["checks"][0]
        assert (row["verdict"], "stack_two_2 is exited" in row["actual"]) == ("failed", True), row
        engine.docker("rm", "-f", "stack_two_2")
        row = place.ask("verify", "worst", 0).data["phases"][0]["checks"][0]
        assert (row["verdict"], "it has 1 containers" in row["actual"]) == ("failed", True), row
    finally:
        compose(place, engine, "stack/docker-compose.yml", "up", "-d", "--no-deps", "two")


@pytest.mark.engine
def test_an_engine_that_is_not_there(place: Forked) -> None:
    place.plan("nowhere", f"- {{title: T, verify: [{{{OWN}, all_healthy: true}}]}}",
               head='hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n')  # fmt: skip
    ran = place.ask("done", "nowhere", 0).refused("check_error")
    assert "the engine of local" in ran.error["message"]


FILES = {
    "docker-compose.yml": 'services: {a: {image: "a:1"}}',
    "blank.yml": 'services: {a: {image: "a:${TAG}"}}',
    "needs.yml": 'services: {a: {image: "a:${TAG:?say which}"}}',
    "typo.yml": 'services: {a: {imag: "a:1"}}',
    "broken.yml": "services: {a: [",
    "anchors.yml": 'x-all: &all {image: "a:1"}\nservices: {a: *all, b: {<<: *all}}',
    "fifo.yml": "",
}
READ = {
    "compose: docker-compose.yml": ("passed", ""),
    "compose: docker-compose.yml, config_valid: true": ("passed", ""),
    "compose: anchors.yml": ("passed", ""),
    "compose: blank.yml, env: {TAG: '1'}, pinned: true": ("passed", ""),
    "compose: blank.yml": ("failed", "no value for TAG"),
    "compose: needs.yml": ("failed", "say which"),
    "compose: typo.yml": ("failed", "imag"),
    "compose: broken.yml": ("failed", ""),
    "compose: nowhere.yml": ("failed", "it does not exist"),
    "compose: fifo.yml": ("failed", "it is no file"),
}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """As `rows`, of files alone: neither an engine nor a variable of the caller's takes part."""
    need("docker-compose")
    place = new_project(tmp_path_factory.mktemp("files"))
    for name, text in FILES.items():
        place.write(name, text + "\n")
    (place.root / "fifo.yml").unlink()
    os.mkfifo(place.root / "fifo.yml")
    each = "".join(f"\n    - {{{check}, timeout: 90s}}" for check in READ)
    place.plan("all", f"- title: T\n  verify:{each}")
    planted = {"TAG": "planted", "COMPOSE_FILE": "docker-compose.yml", "DOCKER_HOST": "unix:///x"}
    found = place.run("verify", "all", env=planted, json=True).refused("check_failed")
    return dict(zip(READ, found.data["phases"][0]["checks"]))


@pytest.mark.parametrize("check", READ)
def test_files_that_compose_reads(read: dict[str, Any], check: str) -> None:
    verdict, said = READ[check]
    row = read[check]
    assert row["verdict"] == verdict, row["actual"] or row["message"]
    assert said in row["actual"]


# --- stand-ins: programs that say what a Compose would say, named under `tools`

COMPOSE_1 = """#!/bin/sh
case "$*" in
  version) echo "docker-compose version 1.29.2, build unknown";;
  *" config") cat "$(dirname "$0")/../said.yml";;
  *) exit 9;;
esac
"""
COMPOSE_2 = """#!/bin/sh
case "$*" in
  "compose version") echo "Docker Compose version v2.29.1";;
  "compose --profile * -f "*" config") cat "$(dirname "$0")/../said.yml";;
  compose*config) echo "services: {}";;
  *) exit 9;;
esac
"""
SAID = """
name: said
services:
  good:
    image: localhost:5000/good:1.4
    environment: {URL: "http://db:5432", HOSTS: "localhosts,my-localhost,10.127.0.0.1"}
    healthcheck: {test: [CMD, wget, "http://localhost/health"]}
    ports: [{host_ip: 127.0.0.1, published: "8080", target: 80}]
  env: {image: "a@sha256:DIGEST", environment: {URL: "postgres://u:pass@LOCALHOST:5432"}}
  listed: {image: "a:latest", environment: ["URL=http://127.0.0.1:1"]}
  told: {image: "a", command: [serve, --db=localhost]}
  shell: {image: "localhost:5000/a", entrypoint: "serve --db [::1]:5432"}
  alias: {image: "a:main", extra_hosts: ["db:127.0.0.1"]}
  built: {build: {context: ., args: {API: "http://localhost:1"}}}
  hidden: {image: "a:2", profiles: [extra]}
  bound: {image: "a:2", command: "serve --host 0.0.0.0 -v 1.27.1 --at 12:30:01 a::1 10.127.1"}
""".replace("DIGEST", "0" * 64)


def with_tool(place: Project, name: str, script: str, check: str, head: str = "") -> dict[str, Any]:
    """Verify one check with a stand-in for a program; its row. Others of that family are hidden."""
    other = {"docker": "docker-compose", "docker-compose": "docker"}[name]
    tools = []
    for each, text in ((name, script), (other, "#!/bin/sh\nexit 1\n")):
        file = place.write(f"bin/{each}", text, mode=0o755)
        digest = sha256(file.read_bytes()).hexdigest()
        tools.append(f"{each}: {{path: bin/{each}, sha256: {digest}}}")
    place.write("todo_manager.yaml", f"tools: {{{', '.join(tools)}}}\n")
    place.write("compose.yml", "services: {}\n")
    id_ = f"p{len(list(place.root.glob('plans/*')))}"
    place.plan(id_, f"- {{title: T, verify: [{{compose: compose.yml, {check}}}]}}", head=head)
    row: dict[str, Any] = place.ask("verify", id_, 0).data["phases"][0]["checks"][0]
    return row


@pytest.fixture
def forked(project: Project) -> Forked:
    found = Forked(project.root, Path(project.env["HOME"]))
    found.write("said.yml", SAID)
    return found


@pytest.mark.parametrize("name", ["docker", "docker-compose"])
def test_no_service_looks_for_others_at_localhost(forked: Forked, name: str) -> None:
    script = COMPOSE_2 if name == "docker" else COMPOSE_1
    row = with_tool(forked, name, script, "no_localhost: true")
    assert row["verdict"] == "failed", row
    wrong = {line.split(" ")[0] for line in row["expected"].split("; ")}
    assert wrong == {"env", "listed", "told", "shell", "alias", "built"}
    for place in ("environment.URL", "command", "entrypoint", "extra_hosts", "build.args.API"):
        assert place in row["actual"]
    assert "pass" not in row["actual"].replace("passed", "")


SELVES = ["http://127.1:1", "http://localhost.:1", "localhost.localdomain", "ip6-localhost",
          "http://[0:0:0:0:0:0:0:1]:1", "::ffff:127.0.0.1", "http://2130706433:1", "//0x7f000001/"]  # fmt: skip
LOOSE = [
    "a@sha256:1",
    "a:latest-alpine3.19",
    "a:rolling",
    "a:1@sha256:1",
    "a:amd64",
    "localhost:5000/a",
]


def test_other_spellings(forked: Forked) -> None:
    """Of this machine, and of tags that are moved."""
    services = [
        f"s{n}: {{image: 'a:1', environment: {{U: '{text}'}}}}" for n, text in enumerate(SELVES)
    ]
    services += [f"t{n}: {{image: '{image}'}}" for n, image in enumerate(LOOSE)]
    forked.write("said.yml", "name: said\nservices:\n  " + "\n  ".join(services) + "\n")
    for asked, wrong in (("no_localhost: true", "s"), ("pinned: true", "t")):
        row = with_tool(forked, "docker-compose", COMPOSE_1, asked)
        named = {line.split(" ")[0] for line in row["expected"].split("; ")}
        count = len(SELVES if wrong == "s" else LOOSE)
        assert named == {f"{wrong}{n}" for n in range(count)}, row


def test_images_by_a_tag_of_their_own(forked: Forked) -> None:
    row = with_tool(forked, "docker-compose", COMPOSE_1, "pinned: true")
    wrong = {line.split(" ")[0] for line in row["expected"].split("; ")}
    assert (row["verdict"], wrong) == ("failed", {"listed", "told", "shell", "alias", "built"})
    row = with_tool(forked, "docker-compose", COMPOSE_1, "pinned: digest")
    wrong = {line.split(" ")[0] for line in row["expected"].split("; ")}
    assert (row["verdict"], wrong >= {"good", "hidden"}, "env" in wrong) == ("failed", True, False)


def test_version_2_is_asked_for_all_profiles(forked: Forked) -> None:
    """It hides services behind profiles, so the fault of one of them would not be seen."""
    row = with_tool(forked, "docker", COMPOSE_2, "no_localhost: true")
    assert "hidden" in row["facts"]["images"]
    assert row["facts"]["compose"]["version"] == "2.29.1"


@pytest.mark.parametrize(
    ("name", "script", "said"),
    [
        ("docker-compose", "#!/bin/sh\necho podman-compose version: 1.0.6\n", "ignores service_healthy"),
        ("docker", "#!/bin/sh\necho '>>>> see podman-compose(1) <<<<' >&2; echo v2.1.0\n", "ignores service_healthy"),
        ("docker-compose", "#!/bin/sh\nexit 1\n", "needs docker compose or docker-compose"),
        ("docker-compose", COMPOSE_1.replace("cat ", "exit 137; : "), "exited 137"),
        ("docker-compose", COMPOSE_1.replace("cat ", "kill -9 $$; : "), "killed by signal 9"),
        ("docker-compose", COMPOSE_1.replace("cat ", "sleep 60; : "), "still running after"),
        ("docker-compose", COMPOSE_1.replace("cat ", "echo 'Traceback (most recent call last):' >&2; exit 1; : "), "exited 1"),
        ("docker-compose", COMPOSE_1.replace("cat ", "echo oops; : "), "is no mapping"),
        ("docker-compose", COMPOSE_1.replace("cat ", "echo 'services: []'; : "), "names no services"),
        ("docker-compose", COMPOSE_1.replace("cat ", "echo 'a: &x 1'; : "), "anchors"),
        ("docker-compose", COMPOSE_1.replace("cat ", "echo 'a: 1'; echo 'a: 2'; : "), "stands twice"),
        ("docker-compose", COMPOSE_1.replace("cat ", "head -c 1200000 /dev/zero; : "), "more than is kept"),
    ],
)  # fmt: skip
def test_programs_that_do_not_tell(forked: Forked, name: str, script: str, said: str) -> None:
    row = with_tool(forked, name, script, "pinned: true, timeout: 4s")
    assert (row["verdict"], said in row["actual"]) == ("error", True), row


@pytest.mark.engine
@pytest.mark.parametrize(
    ("said", "check"),
    [
        ("services: {}", "all_healthy: true"),
        ('services: {a: {image: "a:1", profiles: [off]}}', "all_healthy: true, profiles: []"),
        ('services: {a: {image: "a:1", profiles: [off]}}', "profiles: []"),
    ],
)
def test_no_services_prove_nothing(forked: Forked, engine: Engine, said: str, check: str) -> None:
    """All of none are healthy; and a profile hides whatever is not."""
    forked.write("said.yml", f"{said}\n")
    row = with_tool(forked, "docker-compose", COMPOSE_1, check, engine.head())
    assert (row["verdict"], row["actual"]) == ("failed", "none is")


REFUSED = {
    "compose: '*.yml'": "not a pattern",
    "compose: ../c.yml": "no `..` in it",
    "compose: c.yml, all_healthy: false": "false would assert nothing",
    "compose: c.yml, pinned: sometimes": "expected true or false",
    "compose: c.yml, services: []": "an empty list asserts nothing",
    "compose: c.yml, services: ['a b']": "is not the name of a service",
    "compose: c.yml, services: [a], profiles: [b]": "services names them already",
    "compose: c.yml, project: 'A b'": "is not a project's name",
    "compose: c.yml, env: {LD_PRELOAD: x}": "steers how programs run",
}


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(forked: Forked, check: str) -> None:
    forked.plan("bad", f"- {{title: T, verify: [{{{check}}}]}}", imported=False)
    told = forked.ask("lint", "plans/bad.yaml").refused("invalid_document").data["problems"]
    assert REFUSED[check] in "\n".join(told)


def test_a_container_that_was_just_started_has_not_shown_that_it_stays() -> None:
    """Seen up between two crashes: with restarts it must have run longer."""
    from todo_manager.checks.compose_running import Project as Wanted
    from todo_manager.checks.compose_running import _Look

    def said(seconds: float, restarts: int) -> str:
        state = {"Status": "running", "StartedAt": "2026-01-01T00:00:00Z"}
        found = Container(
            host="local", name="a", id="1", attrs={"State": state, "RestartCount": restarts}
        )
        wanted = Wanted(name="p", folder="", healthy=False)
        look = _Look(None, None, wanted, {}, False, found.started + int(seconds * 10**9))  # type: ignore[arg-type]
        return look._running(found)

    assert said(1.0, 0) == "has run for 1.0 s only"
    assert said(4.0, 0) == ""
    assert said(4.0, 2) == "has run for 4.0 s only and was started again 2 times"
    assert said(11.0, 2) == ""
