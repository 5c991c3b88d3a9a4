"""The kind `image` on a real engine: what it finds, and everything that has fooled such checks."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from containers import verdict
from engine import Engine
from forked import Forked
from gated import new_project
from support import Project

pytestmark = pytest.mark.engine

TINI = 'ENTRYPOINT ["/usr/bin/tini", "--"]'
USERS = {
    "zero": "toor:x:0:0::/:/bin/sh",
    "zeros": "toor:x:00:0::/:/bin/sh\ntoor:x:7:7::/:/bin/sh",
    "plain": "toor:x:7:7::/:/bin/sh\ntoor:x:0:0::/:/bin/sh",
    "nobody": "other:x:7:7::/:/bin/sh",
    "broken": "toor",
}
"""Lines of /etc/passwd for an image whose user is `toor`."""
HEALTH = "HEALTHCHECK CMD wget -q -O- http://127.0.0.1:8080/health"


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Forked:
    engine.image("app:good", "USER 10001:10001", TINI, 'CMD ["httpd", "-f"]', HEALTH, "EXPOSE 8080",
                 "ENV MODE=live", "LABEL version=1.4")  # fmt: skip
    for user in ("root", "0", "0:0", "00", "root:root", "+0", "app"):
        engine.image(f"app:user-{user.replace(':', '-').replace('+', 'plus')}", f"USER {user}")
    engine.image("app:bare")
    context = tmp_path_factory.mktemp("users")
    (context / "Dockerfile").write_text("FROM app:bare\nCOPY passwd /etc/passwd\nUSER toor\n")
    for name, lines in USERS.items():
        (context / "passwd").write_text(f"a:x:1:1::/:/bin/sh\n{lines}\n")
        made = engine.docker("build", "-q", "-t", f"app:{name}", context)
        assert made.returncode == 0, made.stderr
    for name, test in {
        "true": "CMD true", "exit": "CMD exit 0", "or": "CMD wget x || true", "none": "NONE",
        "argv": 'CMD ["true"]', "colon": 'CMD [":"]', "said": "CMD wget -q x; echo looked",
        "busybox": 'CMD ["busybox", "true"]', "pipe": "CMD wget -qO- x | cat",
    }.items():  # fmt: skip
        engine.image(f"app:health-{name}", f"HEALTHCHECK {test}")
    for name, shell in {
        "shell": '["/bin/true"]', "dash-c": '["/bin/sh", "-c", "true"]', "strict": '["/bin/sh", "-e", "-c"]',
    }.items():  # fmt: skip
        text = f"FROM app:bare\nSHELL {shell}\n{HEALTH}\n"
        ran = engine.docker("build", "-q", "-t", f"app:health-{name}", "-", input=text)
        assert ran.returncode == 0, ran.stderr
    return new_project(tmp_path_factory.mktemp("image"))  # type: ignore[return-value]


GOOD = [
    "image: 'app:good'",
    "image: 'app:good', user: '10001:10001'",
    "image: 'app:good', user: {ne: root}",
    "image: 'app:good', user: {matches: '^[1-9]'}",
    "image: 'app:user-app', user: {ne: root}",
    "image: 'app:plain', user: {ne: root}",
    "image: 'app:good', entrypoint: [/usr/bin/tini, --], cmd: [httpd, -f]",
    "image: 'app:good', healthcheck: true",
    "image: 'app:good', healthcheck: {contains: /health}",
    "image: 'app:health-strict', healthcheck: {contains: wget}",
    "image: 'app:good', exposed_ports: [8080], env: {MODE: live}, labels: {version: 1.4}",
    "image: 'app:good', env: {MODE: {matches: '^l'}, OTHER: {exists: false}}, max_size: 100MB",
    "image: 'app:good', platform: linux/amd64, created_within: 1h, same_layers_as: 'app:bare'",
    "image: 'app:bare', entrypoint: [], healthcheck: false, user: root",
]
BAD = {
    "image: 'app:gone'": "has no image app:gone",
    "image: 'app:good', user: root": "it runs as 10001:10001",
    "image: 'app:bare', user: {ne: root}": "it runs as root (it names no user)",
    "image: 'app:user-root', user: {ne: root}": "it runs as root",
    "image: 'app:user-0', user: {ne: root}": "it runs as 0",
    "image: 'app:user-0-0', user: {ne: root}": "it runs as 0:0",
    "image: 'app:user-00', user: {ne: root}": "it runs as 00",
    "image: 'app:user-root-root', user: {ne: 0}": "it runs as root:root",
    "image: 'app:user-plus0', user: {ne: root}": "it runs as +0",
    "image: 'app:zero', user: {ne: root}": "runs as toor, to whom /etc/passwd gives the number 0",
    "image: 'app:zeros', user: {ne: 0}": "runs as toor, to whom /etc/passwd gives the number 0",
    "image: 'app:bare', user: {matches: '^.*$|^'}": "asserts nothing",
    "image: 'app:good', entrypoint: [/usr/bin/tini]": 'it is ["/usr/bin/tini", "--"]',
    "image: 'app:good', entrypoint: []": 'it is ["/usr/bin/tini", "--"]',
    "image: 'app:bare', entrypoint: [/usr/bin/tini, --]": "it is []",
    "image: 'app:bare', healthcheck: true": "it has no HEALTHCHECK",
    "image: 'app:health-none', healthcheck: true": "it has no HEALTHCHECK",
    "image: 'app:health-true', healthcheck: true": "its HEALTHCHECK cannot fail",
    "image: 'app:health-exit', healthcheck: true": "its HEALTHCHECK cannot fail",
    "image: 'app:health-or', healthcheck: true": "its HEALTHCHECK cannot fail",
    "image: 'app:health-argv', healthcheck: true": "its HEALTHCHECK cannot fail",
    "image: 'app:health-colon', healthcheck: true": "its HEALTHCHECK cannot fail",
    "image: 'app:health-shell', healthcheck: true": "its HEALTHCHECK cannot fail",
    "image: 'app:health-dash-c', healthcheck: true": "its HEALTHCHECK cannot fail",
    "image: 'app:health-said', healthcheck: true": "its HEALTHCHECK cannot fail",
    "image: 'app:health-busybox', healthcheck: true": "its HEALTHCHECK cannot fail",
    "image: 'app:health-pipe', healthcheck: true": "its HEALTHCHECK cannot fail",
    "image: 'app:good', healthcheck: false": "wget",
    "image: 'app:good', healthcheck: {contains: /ready}": "its test is wget",
    "image: 'app:good', platform: linux/arm64": "it is linux/amd64",
    "image: 'app:good', max_size: 1kB": "bytes",
    "image: 'app:good', exposed_ports: [8080/udp]": "it exposes 8080/tcp",
    "image: 'app:good', env: {MODE: test}": 'MODE is "live"',
    "image: 'app:good', labels: {version: 1.40}": 'version is "1.4"',
    "image: 'app:good', created_within: 1ms": "s ago",
    "image: 'app:good', base: 'app:bare'": "it adds nothing to it",
    "image: 'app:good', history_lacks: [secret]": "it has no history to look through",
    "image: 'app:good', digest: 'sha256:" + "0" * 64 + "'": "sha256:",
}
REFUSED = {
    "image: 'App:good'": "is not the name of an image",
    "image: '-x'": "is not the name of an image",
    "image: 'a b'": "is not the name of an image",
    "image: app, user: {lt: 5}": "expected a value or exactly one of",
    "image: app, env: {}": "expected a mapping",
    "image: app, base: app": "compared with itself",
    "image: app, host: pc9": "there is no host 'pc9'",
    "image: app, platform: amd64": "is not a platform",
    "image: app, exposed_ports: [99999]": "is not a port",
}


@pytest.mark.parametrize("check", GOOD)
def test_images_that_are_as_they_should_be(place: Forked, engine: Engine, check: str) -> None:
    row = verdict(place, engine.head(), check)
    assert row["verdict"] == "passed", row
    assert row["facts"]["image"]["id"].startswith("sha256:")


@pytest.mark.parametrize("check", [check for check in BAD if "asserts nothing" not in BAD[check]])
def test_images_that_are_not(place: Forked, engine: Engine, check: str) -> None:
    row = verdict(place, engine.head(), check)
    assert row["verdict"] == "failed", row
    assert BAD[check] in row["actual"]


@pytest.mark.parametrize("name", ["nobody", "broken"])
def test_a_user_nobody_knows_is_not_known_to_be_another(
    place: Forked, engine: Engine, name: str
) -> None:
    row = verdict(place, engine.head(), f"image: 'app:{name}', user: {{ne: root}}")
    assert row["verdict"] == "error", row
    assert "/etc/passwd does not say who that is" in row["actual"]
    assert verdict(place, engine.head(), f"image: 'app:{name}', user: toor")["verdict"] == "passed"


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(place: Forked, check: str) -> None:
    place.plan("bad", f"- {{title: T, verify: [{{{check}}}]}}", imported=False)
    told = place.ask("lint", "plans/bad.yaml").refused("invalid_document").data["problems"]
    assert REFUSED[check] in "\n".join(told)


def test_an_engine_that_is_not_there_is_an_error(place: Forked) -> None:
    place.plan(
        "nowhere",
        "- {title: T, verify: [{image: app}]}",
        head='hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n',
    )
    ran = place.ask("done", "nowhere", 0).refused("check_error")
    assert (
        "the engine of local (unix:///nowhere/docker.sock) does not answer" in ran.error["message"]
    )


def test_an_engine_that_is_silent_is_named(place: Forked, tmp_path: Path) -> None:
    """It takes connections and says nothing; that ends within one timeout and a little."""
    path = tmp_path / "silent.sock"
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen(64)
        head = f'hosts: {{local: {{docker: "unix://{path}"}}}}\n'
        began = time.monotonic()
        row = verdict(place, head, "image: 'app:good', timeout: 2s")
    assert row["verdict"] == "error", row
    assert "the engine of local" in row["actual"]
    assert time.monotonic() - began < 10


def test_an_engine_planted_in_the_environment_is_not_asked(place: Forked, engine: Engine) -> None:
    place.plan("planted", "- {title: T, verify: [{image: 'app:good'}]}",
               head='hosts: {local: {docker: "unix:///nowhere/docker.sock"}}\n')  # fmt: skip
    place.write(".env", f"DOCKER_HOST={engine.url}\n")
    ran = place.run("done", "planted", 0, env={"DOCKER_HOST": engine.url}, json=True)
    ran.refused("check_error")


def test_a_tag_that_is_moved_while_it_is_checked_is_an_error(
    project: Project, engine: Engine
) -> None:
    """Both checks say passed; by the end the name means another image, and neither counts."""
    before = engine.image("app:moving", "ENV A=1")
    move = f"{engine.docker('version').args[0]} -H {engine.url} tag app:bare app:moving"
    project.plan(
        "p",
        f"- {{title: T, verify: [{{image: 'app:moving', env: {{A: '1'}}}},"
        f" {{command: '{move}', serial: true}}, {{image: 'app:moving', serial: true}}]}}",
        head=engine.head(),
    )
    engine.image("app:bare")
    ran = project.ask("done", "p", 0).refused("check_error")
    rows = {row["id"]: row for row in ran.data["checks"]}
    assert [rows[n]["verdict"] for n in ("v1", "v2", "v3")] == ["error", "passed", "error"]
    assert f"was {before} and became" in rows["v1"]["message"]
    assert project.states("p") == ["errored"]


def test_the_definition_holds_the_engine_that_is_asked(project: Project, engine: Engine) -> None:
    project.plan("p", "- {title: T, verify: [{image: 'app:bare'}]}", head=engine.head())
    engine.image("app:bare")
    project.ask("done", "p", 0).ok()
    project.plan("p", "- {title: T, verify: [{image: 'app:bare'}]}", imported=False,
                 head='hosts: {local: {docker: "unix:///else.sock"}}\n')  # fmt: skip
    project.ask("import", "plans/p.yaml").refused("source_changed")
