"""Steps, undo, preflight and services of a plan: what loads, what is refused, and where."""

from __future__ import annotations

from pathlib import Path

import pytest
from forked import Forked
from support import Project


@pytest.fixture
def project(project: Project) -> Forked:
    return Forked(project.root, Path(project.env["HOME"]))


WHOLE = """
schema: todo_manager/plan@1
id: whole
title: Everything that can be executed
inputs: [DATE]
secrets: [TOKEN]
vars:
  registry: "localhost:5000"
  apps: [{name: registry, port: 8200}, {name: twin, port: 8220}]
hosts:
  pc2: {docker: "ssh://ops@pc2"}
services:
  llama: {host: pc2, image: "${registry}/llama:${DATE}", container: local-ai-llama,
          build: {context: ., dockerfile: Dockerfile}, ports: ["127.0.0.1:8080:8080"], env_file: .env,
          networks: [ai], env: {KEY: "${TOKEN}"}, needs: [store],
          outside: {http: "http://127.0.0.1:8080/health", json: {status: ok}}}
  store: {image: "store:1", container: store}
preflight: [{tcp: "${registry}"}]
phases:
  - title: Base
    preflight: [{file: Dockerfile}, {command: [docker, info], name: The engine}]
    steps:
      - run: |
          docker build -t "$registry/base:$DATE" .
        timeout: 30m
      - build: "${registry}/base:${DATE}"
        dockerfile: base.Dockerfile
        args: {A: "1"}
      - {push: "${registry}/base:${DATE}"}
      - {pull: "${registry}/base:${DATE}", host: pc2}
      - {tag: "${registry}/base:${DATE}", to: "${registry}/base:prev", name: Keep it}
      - {exec: [nginx, -t], inside: web}
      - {container: "${registry}/base:${DATE}", mounts: ["./data:/data:ro"], env: {T: "${TOKEN}"}}
      - {stop: web, timeout: 30s}
      - {for_each: {a: "${apps}"}, run: 'echo "$NAME"', env: {NAME: "${a.name}"}}
    parts:
      - {title: Part, steps: [{run: echo part}], verify: [{file: part}]}
    undo: [{run: docker image rm base}]
    verify: [{file: done}]
"""


def test_everything_loads_and_show_says_what_would_be_executed(project: Forked) -> None:
    project.write("plans/whole.yaml", WHOLE)
    project.ask("import", "plans/whole.yaml").ok()
    (phase,) = project.ask("show", "whole").ok().data["plan"]["phases"]
    steps = [(row["id"], row["kind"], row["part"]) for row in phase["steps"]]
    assert steps == [
        ("s1", "run", None), ("s2", "build", None), ("s3", "push", None), ("s4", "pull", None),
        ("keep-it", "tag", None), ("s6", "exec", None), ("s7", "container", None),
        ("s8", "stop", None), ("s9[registry]", "run", None), ("s9[twin]", "run", None),
        ("1.s1", "run", 1),
    ]  # fmt: skip
    assert phase["steps"][1]["subject"] == "localhost:5000/base:${DATE}"
    assert phase["steps"][5]["subject"] == "nginx -t"
    assert [row["id"] for row in phase["undo"]] == ["u1"]
    # The check of the plan and the first of the phase would have the same id.
    assert [row["id"] for row in phase["preflight"]] == ["p1", "p1-2", "the-engine"]
    assert len(phase["step_digest"]) == 64
    said = project.run("show", "whole").ok().out
    assert "▶ s2: build localhost:5000/base:${DATE}" in said


def plan(steps: str, **keys: str) -> str:
    """A plan with these steps; other keys go to the phase, or as `plan_…` to the plan."""
    head = "".join(f"{name[5:]}: {text}\n" for name, text in keys.items() if name[:5] == "plan_")
    rest = "".join(f"    {name}: {text}\n" for name, text in keys.items() if name[:5] != "plan_")
    return (
        "schema: todo_manager/plan@1\nid: p\ntitle: P\ninputs: [DATE]\nsecrets: [TOKEN]\n"
        f"{head}phases:\n  - title: T\n    verify: [{{file: a}}]\n{rest}    steps: {steps}\n"
    )


REFUSED = {
    "[]": "phases[0].steps: holds no step",
    "[run]": "phases[0].steps[0]: a step is a mapping with one kind, like `run: make all`",
    "[{runn: a}]": "names no kind of step (did you mean run?); known are build, container",
    "[{run: a, tag: b}]": "names 2 kinds (run, tag); a step has exactly one",
    "[{clone: web}]": "phases[0].steps[0].clone: this kind of step is not in this version",
    "[{write: a}]": "phases[0].steps[0].write: this kind of step is not in this version",
    "[{run: a, within: 3s}]": "unknown parameter; run has",
    "[{run: a, timeout: 5}]": "phases[0].steps[0].timeout: expected a duration",
    "[{run: a, timeout: '${DATE}'}]": "the input DATE may not steer how a step is judged",
    "[{run: ' '}]": "an empty text runs nothing",
    "[{run: a, cwd: /etc}]": "cwd is a folder of the project",
    "[{run: a, cwd: ../up}]": "no `..` in it",
    "[{run: a, env: {PATH: /x}}]": "the variable PATH steers how programs run",
    "[{run: a, name: N}, {run: b, name: n}]": "has the id n, as step 1 has; name it apart",
    "[{run: '${nobody}', cwd: '${nobody}'}]": "${nobody} is not declared",
    "[{build: 'A B'}]": "'A B' is not the name of an image",
    "[{build: 'a:1@sha256:" + "0" * 64 + "'}]": "a name is wanted",
    "[{build: 'a:1', args: {X: '${TOKEN}'}}]": "the secret TOKEN may not stand here",
    "[{build: 'a:1', context: /}]": "is not a path inside the project",
    "[{build: 'a:1', context: b, dockerfile: ../../x}]": "no `..` in it",
    "[{push: 'a:1', host: nowhere}]": "there is no host 'nowhere'",
    "[{pull: 'sha256:" + "0" * 64 + "'}]": "an ID cannot be pulled",
    "[{exec: nginx -t, inside: web}]": "expected a list of arguments",
    "[{container: 'a:1', mounts: ['/etc:/etc']}]": "only what lies in the project is mounted",
    "[{container: 'a:1', mounts: ['data:/data']}]": "only what lies in the project is mounted",
    "[{container: 'a:1', mounts: ['./../x:/x']}]": "is no mount",
    "[{container: 'a:1', mounts: ['.:/x']}]": "holds the store of the plans",
    "[{container: 'a:1', mounts: ['./.todo_manager/x:/x']}]": "holds the store of the plans",
    "[{container: 'a:1', privileged: true}]": "unknown parameter",
    "[{container: 'a:1', ports: ['80:0']}]": "is no port to publish",
    "[{container: 'a:1', name: 'a b'}]": "is not the name of a container",
    "[{run: a, pins: nothing*}]": "phases[0].steps[0].pins: the pin 'nothing*' matches no file",
    "[{for_each: {s: [1, 2]}, run: 'echo ${s}'}]": "nothing is replaced in shell text; hand it over",
}  # fmt: skip


@pytest.mark.parametrize("steps", REFUSED)
def test_steps_that_are_refused(project: Forked, steps: str) -> None:
    project.write("plans/p.yaml", plan(steps))
    (project.root / ".todo_manager").mkdir()
    told = project.ask("import", "plans/p.yaml").refused("invalid_document").data["problems"]
    assert [line for line in told if REFUSED[steps] in line], told
    assert all(line.startswith("plans/p.yaml:") for line in told)


SERVICES = {
    "web": "expected a mapping of names",
    "{Web: {image: 'a:1', container: aa}}": "is not a name of a service",
    "{web: {image: 'a:1'}}": "services.web: the key container is missing",
    "{web: {image: 'a:1', container: 'a b'}}": "is not the name of a container",
    "{web: {image: 'a:1', container: aa, prots: []}}": "unknown key (did you mean ports?)",
    "{web: {image: 'a:1', container: aa, host: pc3}}": "there is no host 'pc3'",
    "{web: {image: 'a:1', container: aa, needs: [db]}}": "there is no service 'db'",
    "{web: {image: 'a:1', container: aa, needs: [web]}}": "goes round in a circle: web needs web",
    "{web: {image: 'a:1', container: aa, env_file: /etc/x}}": "is not a path inside the project",
    "{web: {image: 'a:1', container: aa, build: .}}": "expected a mapping, like {context: .",
    "{web: {image: 'a:1', container: aa, outside: {file: x}}}": "expected an http or tcp check",
    "{web: {image: 'a:1', container: aa, outside: {http: x}}}": "services.web.outside.http",
    "{web: {image: 'a:1', container: aa, networks: ['${TOKEN}']}}": "the secret TOKEN may stand in env",
}  # fmt: skip


@pytest.mark.parametrize("services", SERVICES)
def test_services_that_are_refused(project: Forked, services: str) -> None:
    project.write("plans/p.yaml", plan("[{run: a}]", plan_services=services))
    told = project.ask("import", "plans/p.yaml").refused("invalid_document").data["problems"]
    assert [line for line in told if SERVICES[services] in line], told


def test_preflight_is_read_as_checks_are(project: Forked) -> None:
    text = plan("[{run: a}]", preflight="[{fil: a}, {command: 'x || true'}]", plan_preflight="[]")
    project.write("plans/p.yaml", text)
    told = project.ask("import", "plans/p.yaml").refused("invalid_document").data["problems"]
    assert [line.split(": ", 2)[1] for line in told] == [
        "preflight", "phases[0].preflight[0]", "phases[0].preflight[1]",
    ]  # fmt: skip
    assert "names no kind of check (did you mean file?)" in told[1]


# The step digest

GOLDEN = (
    '{"inputs":["DATE"],"key":"t","path":[],"pins":'
    '{"a.sh":"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},'
    '"plan_preflight":[{"tcp":"h:1"}],"policy":{"actions":{"run":{"timeout":"1h"}}},'
    '"preflight":[{"file":"a"}],"services":{"web":{"container":"web","image":"web:1"}},"step":1,'
    '"steps":[{"pins":"a.sh","run":"bash a.sh $DATE $word","timeout":"30m"}],'
    '"tools":{},"undo":[{"run":"rm a"}],"vars":{"word":"hello"}}'
)


def golden(project: Forked) -> Path:
    project.write("a.sh", "a")
    project.write("policy.yaml", "actions: {run: {timeout: 1h}}\n")
    return project.write(
        "plans/p.yaml",
        plan(
            "[{run: 'bash a.sh $DATE $word', timeout: 30m, pins: a.sh}]",
            plan_vars="{word: hello, other: x}", plan_preflight="[{tcp: 'h:1'}]",
            plan_services="{web: {image: 'web:1', container: web}}",
            preflight="[{file: a}]", undo="[{run: rm a}]",
        ),
    )  # fmt: skip


def test_the_step_text_stays_as_it_is(project: Forked) -> None:
    """A release in which this fails makes `run` refuse every accepted plan of every user."""
    from todo_manager import binding, documents
    from todo_manager.project import Settings

    document = documents.read(golden(project))
    (bound,) = binding.bind(project.root, Settings(), document, "plans/p.yaml")
    assert bound.steps[0] is not None
    assert bound.steps[0].text == GOLDEN.replace('"path":[],', "").replace('"tools":{},', "")


CHANGES = {
    "a step": ("plans/p.yaml", "30m", "20m"),
    "undo": ("plans/p.yaml", "rm a", "rm b"),
    "preflight": ("plans/p.yaml", "file: a}]\n    undo", "file: b}]\n    undo"),
    "preflight of the plan": ("plans/p.yaml", "h:1", "h:2"),
    "a service": ("plans/p.yaml", "web:1", "web:2"),
    "a var that is handed over": ("plans/p.yaml", "word: hello", "word: goodbye"),
    "the policy": ("policy.yaml", "1h", "2h"),
    "a pinned file": ("a.sh", "a", "b"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_the_steps_changes_no_gate(project: Forked, change: str) -> None:
    """`done` goes on; `run`, `exec` and `preflight` refuse until a person accepted it."""
    project.write("a", "a")
    golden(project)
    project.ask("import", "plans/p.yaml").ok()
    before = project.ask("show", "p").data["plan"]["phases"][0]
    path, old, new = CHANGES[change]
    text = (project.root / path).read_text()
    assert old in text
    project.write(path, text.replace(old, new))
    kind = "source_changed" if path.startswith("plans") else "definition_changed"
    for words in (("run", "p", 0), ("exec", "p", 0, "--run"), ("preflight", "p", 0)):
        project.ask(*words, env={"DATE": "1"}).refused(kind)
    assert project.ask("exec", "p", 0).ok().data["accepted"] is False
    assert "/steps" in project.run("diff", "p").ok().out
    project.ask("done", "p", 0).ok()
    project.person("accept", "p").ok()
    after = project.ask("show", "p").data["plan"]["phases"][0]
    assert (after["digest"], after["state"]) == (before["digest"], "done")
    assert after["step_digest"] != before["step_digest"]
    assert project.ask("exec", "p", 0).ok().data["accepted"] is True
    project.ask("audit").ok()


def test_an_import_of_other_steps_changes_nothing(project: Forked) -> None:
    file = golden(project)
    project.ask("import", "plans/p.yaml").ok()
    project.write("plans/p.yaml", file.read_text().replace("30m", "20m"))
    project.ask("import", "plans/p.yaml").refused("source_changed")


@pytest.mark.parametrize("column", ["step_text", "step_digest"])
def test_stored_steps_that_were_edited_are_found(project: Forked, column: str) -> None:
    import sqlite3

    golden(project)
    project.ask("import", "plans/p.yaml").ok()
    db = sqlite3.connect(project.root / ".todo_manager" / "store.db")
    with db:
        db.execute(f"UPDATE phases SET {column} = replace({column}, 'a', 'b')")
    db.close()
    for words in (("run", "p", 0), ("exec", "p", 0), ("exec", "p", 0, "--run"), ("audit",)):
        project.ask(*words, env={"DATE": "1"}).refused("integrity")
