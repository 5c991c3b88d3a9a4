"""`lint`: localhost between the services of a compose file that a check names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from forked import Forked

PLAN = """\
schema: todo_manager/plan@1
id: p
title: P
phases:
  - title: T
    explain: It is valid.
    verify: [{compose: compose.yml}]
"""


@pytest.fixture
def project(project: Any) -> Forked:
    return Forked(project.root, Path(project.env["HOME"]))


def found(project: Forked, service: str, rest: str = "") -> list[dict[str, Any]]:
    """What lint says of a compose file with the service `web` beside `db`, which listens on 5432."""
    project.write("p.yaml", PLAN)
    lines = "".join(f"    {line}\n" for line in service.splitlines())
    text = f"{rest}services:\n  db: {{image: db:1, expose: [5432]}}\n  web:\n    image: web:1\n"
    (project.root / "compose.yml").write_text(text + lines)
    told = project.ask("lint", "p.yaml").ok().data["findings"]
    return [each for each in told if each["rule"] == "hardcoded_localhost"]


@pytest.mark.parametrize(
    ("service", "place", "example"),
    [
        ("environment: {DB: 'postgres://u:pw@localhost:5432/x'}", "environment.DB", "DB: db:5432"),
        ("environment: [DB_HOST=127.0.0.1]", "environment.DB_HOST", "DB_HOST: name-of-the-service"),
        ("environment: {DB: '[::1]:5432'}", "environment.DB", "DB: db:5432"),
        ("environment: {DB: LOCALHOST}", "environment.DB", "DB: name-of-the-service"),
        ("command: serve --db localhost:5432", "command", "command: db:5432"),
        ("entrypoint: [serve, 'http://127.0.1.1:99']", "entrypoint", "entrypoint: name-of-the"),
        ("extra_hosts: ['db:127.0.0.1']", "extra_hosts", "extra_hosts: name-of-the-service"),
    ],
)
def test_a_service_that_asks_itself(
    project: Forked, service: str, place: str, example: str
) -> None:
    (told,) = found(project, service)
    assert told["message"].startswith(f"compose.yml:5: {place} of web: ")
    assert (told["level"], told["line"], told["path"]) == ("warning", 7, "phases[0].verify[0]")
    assert told["example"].startswith(example)
    assert "pw@" not in str(told)


@pytest.mark.parametrize(
    "service",
    [
        "environment: {DB: 'db:5432'}",
        "environment: {BIND: 127.0.0.1, ALLOWED_HOSTS: localhost, NO_PROXY: localhost}",
        "environment: {SELF: 'http://localhost:8080/'}\nports: ['127.0.0.1:80:8080']",
        "environment: {SELF: 'http://localhost:8080/'}\nports: [{target: 8080, published: 80}]",
        "environment: {A: mylocalhost, B: localhost.example.org, C: 1.127.0.0.1, D: my-localhost}",
        "ports: ['127.0.0.1:80:80']\nhealthcheck: {test: curl http://localhost:80/health}",
        "environment: {DB: 'localhost:5432'}\nnetwork_mode: host",
        "environment: {DB: 'localhost:5432'}\nnetwork_mode: service:db",
    ],
)
def test_where_localhost_is_right(project: Forked, service: str) -> None:
    assert found(project, service) == []


def test_merged_and_repeated_values_are_seen_where_they_stand(project: Forked) -> None:
    rest = "x-env: &env {DB: 'localhost:5432'}\n"
    (told,) = found(project, "environment: {<<: *env, MODE: x}", rest)
    assert told["message"].startswith("compose.yml:1: environment.DB of web")
    assert found(project, "environment: {<<: *env, DB: 'db:5432'}", rest) == []


@pytest.mark.parametrize(
    "text",
    ["", "[]", "services: [a]", "services: {a: b, c: [d], e: {ports: x}}", "a: [", "\0", "*x"],
)
def test_a_file_that_is_no_compose_file_is_not_lint_s_to_tell(project: Forked, text: str) -> None:
    project.write("p.yaml", PLAN)
    (project.root / "compose.yml").write_text(text)
    told = project.ask("lint", "p.yaml").ok().data["findings"]
    assert not [each for each in told if each["rule"] == "hardcoded_localhost"]


def test_a_bomb_of_aliases_is_walked_once(project: Forked) -> None:
    lines = ["a0: &a0 [localhost]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert found(project, "environment: *a29", "\n".join(lines) + "\n") == []
