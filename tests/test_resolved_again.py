"""What a check was about is replaced after its check has passed: then nothing was proven of what is there."""

from __future__ import annotations

from typing import Any

import pytest
from containers import run
from engine import Engine, free_port, until
from forked import Forked
from gated import new_project
from required import need

pytestmark = pytest.mark.engine

PORT = free_port()
SERVES = "echo up; exec httpd -f -p 8080 -h /www"
HEALTH = 'HEALTHCHECK --interval=1s CMD ["test", "-f", "/www/health"]'
NAMES = ("mv-new", "mv-same", "mv-again", "mv-gone", "mv-still", "mv-web")
COMPOSE = "services: {web: {image: 'mv:1', container_name: mv-web}}\n"
REPLACE = f"""#!/bin/bash
set -e
docker() {{ /usr/bin/docker -H "$ENGINE" "$@" > /dev/null; }}
replace() {{ docker rm -f "$1"; docker run -d --name "$@" sh -c '{SERVES}'; }}
replace mv-new --label role=mv -p 127.0.0.1:{PORT}:8080 mv:2
replace mv-same mv:1
replace mv-web --label com.docker.compose.project=mv --label com.docker.compose.service=web mv:2
docker restart -t 0 mv-again
docker rm -f mv-gone
docker tag mv:2 mv:moving
for tag in moving other late wrong; do
  docker tag mv:2 "$REGISTRY/mv:$tag"
  docker push "$REGISTRY/mv:$tag"
done
"""

MOVED = {
    "container: mv-new, stable_for: 300ms": "container",
    "container: role=mv, stable_for: 300ms": "container",
    "container: mv-new, stable_for: 300ms, state: exited": "container",
    "health: mv-new": "container",
    "log: mv-new, contains: up": "container",
    "command: [ls, /www], inside: mv-new": "container",
    "file: /www/health, inside: mv-new": "container",
    "tcp: '127.0.0.1:8080', inside: mv-new": "container",
    "http: 'http://127.0.0.1:PORT/health', json: {status: ok}, served_by: mv-new": "container",
    "container: mv-same, stable_for: 300ms": "container",
    "container: mv-gone, stable_for: 300ms": "by now local has no container mv-gone",
    "container: mv-still, runs: 'mv:moving', stable_for: 300ms": "image",
    "registry: 'REGISTRY/mv:moving'": "manifest",
    "registry: 'REGISTRY/mv:stays', differs_from: 'REGISTRY/mv:other'": "manifest",
    "registry: 'REGISTRY/mv:wrong', digest: 'sha256:ZEROS'": "manifest",
    "registry: 'REGISTRY/mv:late', exists: false": "was not there and became sha256:",
    "compose: docker-compose.yml, project: mv, services: [web], within: 8s": "container",
}
STAYED = [
    "container: mv-still, stable_for: 300ms",
    "container: mv-again, stable_for: 300ms",
    "log: mv-again, contains: up",
    "registry: 'REGISTRY/mv:stays'",
    "registry: 'REGISTRY/mv:never', exists: false",
    "registry: 'REGISTRY/mv@DIGEST'",
]
Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def place(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Forked:
    need("docker-compose")
    for tag in ("1", "2"):
        engine.image(f"mv:{tag}", f"ENV V={tag}", HEALTH, files={"www/health": '{"status": "ok"}'})
    labels = {
        "mv-new": ("--label", "role=mv", "-p", f"127.0.0.1:{PORT}:8080"),
        "mv-web": (
            "--label",
            "com.docker.compose.project=mv",
            "--label",
            "com.docker.compose.service=web",
        ),
    }
    for name in NAMES:
        run(engine, name, "mv:1", *labels.get(name, ()), command=SERVES)
    engine.docker("tag", "mv:1", "mv:moving")
    engine.docker("tag", "mv:2", f"{engine.registry}/mv:other")
    engine.push(f"{engine.registry}/mv:other")
    engine.image("mv:3", "ENV V=3", files={"www/health": '{"status": "ok"}'})
    engine.docker("tag", "mv:3", f"{engine.registry}/mv:other")
    engine.push(f"{engine.registry}/mv:other")
    for tag in ("moving", "stays", "wrong"):
        engine.docker("tag", "mv:1", f"{engine.registry}/mv:{tag}")
        engine.push(f"{engine.registry}/mv:{tag}")
    until(lambda: engine.api.inspect_container("mv-new")["State"]["Health"]["Status"] == "healthy",
          "the health of mv-new")  # fmt: skip
    found = new_project(tmp_path_factory.mktemp("moved"))
    found.write("docker-compose.yml", COMPOSE)
    found.write("replace.sh", REPLACE)
    return found  # type: ignore[return-value]


@pytest.fixture(scope="module")
def rows(place: Forked, engine: Engine) -> Rows:
    """Every check of the lists above in one phase, at whose end all is replaced."""
    digest = engine.push(f"{engine.registry}/mv:stays")
    checks = [
        check.replace("PORT", str(PORT))
        .replace("REGISTRY", engine.registry)
        .replace("ZEROS", "0" * 64)
        .replace("DIGEST", digest)
        for check in (*MOVED, *STAYED)
    ]
    lines = "".join(f"\n  - {{{check}}}" for check in checks)
    head = f'{engine.head()}vars: {{ENGINE: "{engine.url}", REGISTRY: "{engine.registry}"}}\n'
    lines += "\n  - {script: replace.sh, serial: true}"
    place.plan("p", f"- title: T\n  verify:{lines}", head=head)
    found = place.ask("done", "p", 0).refused("check_error").data["checks"]
    assert found[-1]["verdict"] == "passed", found[-1]
    return dict(zip((*MOVED, *STAYED), found))


@pytest.mark.parametrize("check", MOVED)
def test_what_is_another_thing_by_the_end_was_not_checked(rows: Rows, check: str) -> None:
    row = rows[check]
    assert row["verdict"] == "error", row
    told = row["message"]
    if MOVED[check] == "container":
        assert told.count("the container ") == 2
        assert told.count("sha256:") == 2
        assert "while it was being checked" in told
    elif MOVED[check] in ("image", "manifest"):
        assert told.count("sha256:") == 2
    else:
        assert MOVED[check] in told


@pytest.mark.parametrize("check", STAYED)
def test_what_is_the_same_stays_proven(rows: Rows, check: str) -> None:
    """A container that was only started again is the same one."""
    assert rows[check]["verdict"] == "passed", rows[check]


def test_another_image_behind_a_later_pass_is_not_what_was_proven(
    place: Forked, engine: Engine, rows: Rows
) -> None:
    """Who serves, and what runs of a compose file, are remembered as images are."""
    place.plan("later", f"""
      - title: T
        verify: [{{http: 'http://127.0.0.1:{PORT}/health', json: {{status: ok}}, served_by: mv-new, within: 5s}}]
      - title: U
        needs: []
        verify: [{{compose: docker-compose.yml, project: mv, services: [web], within: 8s}}]
    """, head=engine.head())  # fmt: skip
    labels = ("com.docker.compose.project=mv", "com.docker.compose.service=web")

    def serve(image: str) -> None:
        run(engine, "mv-new", image, "-p", f"127.0.0.1:{PORT}:8080", command=SERVES)

    def started(image: str) -> None:
        engine.docker("tag", image, "mv:1")
        run(engine, "mv-web", "mv:1", *(f"--label={each}" for each in labels), command=SERVES)
        serve("mv:1")

    started("mv:2")
    for phase in (0, 1):
        place.ask("done", "later", phase).ok()
    serve("mv:1")
    assert place.ask("verify", "later", 0).ok().data["phases"][0]["state"] == "done"
    started("mv:3")
    one, two = place.ask("verify", "later").ok().data["phases"]
    assert (one["state"], two["state"]) == ("stale", "stale")
    assert "the image that served of http://" in one["reason"]
    assert "the image of mv-web of docker-compose.yml was sha256:" in two["reason"]
