"""One plan that uses every part of the format together: it loads, and means what it says."""

from __future__ import annotations

from pathlib import Path

from forked import Forked
from support import Project

PLAN = """\
schema: todo_manager/plan@1
id: containers
title: Containers, from their bases to a way back
description: Everything that a document may say, at once.
source: The blueprint of the platform
inputs: [DATE, COMMIT]
secrets: [REGISTRY_PASSWORD]
vars:
  registry: "localhost:5000"
  tag: "${DATE}-${COMMIT}"
  apps: [{name: hub, port: 8200}, {name: shadow, port: 8220}]
hosts:
  pc2: {docker: "ssh://worker@pc2", ssh: worker@pc2}
services:
  model: {host: pc2, image: "${registry}/model:${tag}", container: local-model, build: {context: ., dockerfile: Dockerfile},
          ports: ["127.0.0.1:8080:8080"], env_file: .env, networks: [ai], outside: {http: "http://127.0.0.1:8080/health", json: {status: ok}}, needs: []}
preflight: [{tool: docker}, {tcp: "${registry}"}]
phases:
  - key: rules
    title: Rules
    explain: Some *text*.
    note: Read this first.
    needs: []
    verify: [{file: docs/rules.md, contains: [back]}]
  - key: bases
    title: Bases
    preflight: [{machine: local, driver: ">= 535"}]
    steps:
      - run: docker build -t "${registry}/base:${tag}" -f docker/base.Dockerfile .
        timeout: 30m
      - {deploy: model, within: 2m}
    verify:
      - image: "${registry}/base:${tag}"
        user: "10001:10001"
        entrypoint: [/usr/bin/tini, --]
        max_size: 120MB
      - scan: "${registry}/base:${tag}"
        fail_on: [HIGH, CRITICAL]
      - for_each: {s: "${apps}"}
        http: "http://localhost:${s.port}/health"
        json: {status: ok}
        within: 30s
    parts: [{title: Core, verify: [{file: core.txt}]}]
    undo:
      - run: docker image rm "${registry}/base:${tag}"
"""


def test_it_loads_and_means_what_it_says(project: Project) -> None:
    place = Forked(project.root, Path(project.env["HOME"]))
    place.write("plans/containers.yaml", PLAN)
    place.write("Dockerfile", "FROM scratch\n")
    found = place.ask("lint", "plans/containers.yaml").ok().data
    assert found["errors"] == []
    place.ask("import", "plans/containers.yaml").ok()
    plan = place.ask("show", "containers").ok().data["plan"]
    rules, bases = plan["phases"]
    assert (rules["key"], rules["note"], rules["needs"]) == ("rules", "Read this first.", [])
    assert bases["needs"] == ["rules"]
    assert [(row["id"], row["kind"], row["subject"]) for row in bases["checks"]] == [
        ("v1", "image", "localhost:5000/base:${DATE}-${COMMIT}"),
        ("v2", "scan", "localhost:5000/base:${DATE}-${COMMIT}"),
        ("v3[hub]", "http", "http://localhost:8200/health"),
        ("v3[shadow]", "http", "http://localhost:8220/health"),
        ("1.v1", "file", "core.txt"),
    ]
    assert [(row["id"], row["kind"]) for row in bases["steps"]] == [("s1", "run"), ("s2", "deploy")]
    # A shell text is nobody's to change: its names arrive as variables.
    assert bases["steps"][0]["subject"].startswith('docker build -t "${registry}/base:${tag}"')
    assert [row["kind"] for row in bases["preflight"]] == ["tool", "tcp", "machine"]
    assert [row["kind"] for row in bases["undo"]] == ["run"]
    assert [row["kind"] for row in rules["preflight"]] == ["tool", "tcp"]
    place.ask("done", "containers", 1, "--var", "DATE=1", "--var", "COMMIT=2").refused(
        "needs_not_done"
    )
    assert place.ask("exec", "containers", 1).ok().data["step_digest"] == bases["step_digest"]
