"""policy.yaml: what it does not allow does not load, and every bound it sets is held to."""

from __future__ import annotations

from pathlib import Path

import pytest
from forked import Forked
from support import Project


@pytest.fixture
def project(project: Project) -> Forked:
    return Forked(project.root, Path(project.env["HOME"]))


def plan(project: Project, *steps: str, names: str = "") -> None:
    """A plan of one phase with these steps, not imported."""
    lines = "".join(f"\n    - {step}" for step in steps)
    project.plan("p", f"- title: T\n  steps:{lines}\n  verify: [{{file: a}}]\n",
                 head=names, imported=False)  # fmt: skip


def refused(project: Project) -> list[str]:
    found: list[str] = (
        project.ask("import", "plans/p.yaml").refused("invalid_document").data["problems"]
    )
    assert (
        not project.ask("list").data["plans"] if (project.root / ".todo_manager").exists() else True
    )
    return found


def test_without_a_file_every_action_of_this_version_is_allowed(project: Forked) -> None:
    plan(project, "run: a", "{build: 'a:1'}", "{container: 'a:1'}")
    project.write("Dockerfile")
    project.ask("import", "plans/p.yaml").ok()


def test_what_is_used_and_not_allowed_is_named(project: Forked) -> None:
    plan(project, "run: a", "{tag: 'a:1', to: 'b:1'}", "{stop: web}")
    project.write("policy.yaml", "actions:\n  run: {}\n")
    assert refused(project) == [
        "plans/p.yaml:8: phases[0].steps[1]: policy.yaml does not allow the action tag",
        "plans/p.yaml:9: phases[0].steps[2]: policy.yaml does not allow the action stop",
    ]


FILES = {
    "actions: {fetch: {}}": "policy.yaml:1: actions.fetch: is allowed here, but this action is not in this version",
    "actions: {clone: {}}": "actions.clone: is allowed here, but this action is not in this version",
    "actions: {runn: {}}": "actions.runn: there is no such action (did you mean run?)",
    "actions: {run: {tags: [a]}}": "actions.run.tags: this version cannot hold to it",
    "actions: {run: {timeout: 5}}": "actions.run.timeout: expected a duration",
    "actions: {run: }": "actions.run: expected a mapping of bounds",
    "actions: [run]": "actions: expected a mapping",
    "actions: {container: {privileged: always}}": "privileged: expected never",
    "actions: {container: {mounts: [/etc]}}": "only what lies in the project is mounted",
    "actions: {build: {tags: []}}": "an empty list asserts nothing",
    "actions: {push: {rate: 20/m}}": "actions.push.rate: this version cannot hold to it",
    "requires: {free_disk: lots}": "requires.free_disk: expected a size",
    "requires: {free_memory: 1GB}": "requires.free_memory: this version cannot hold to it",
    "allow: {}": "allow: unknown key",
    "": "policy.yaml: is empty",
    "- run": "policy.yaml",
    "actions: {run: {}, run: {}}": "policy.yaml:1",
}  # fmt: skip


@pytest.mark.parametrize("text", FILES)
def test_a_policy_that_does_not_load(project: Forked, text: str) -> None:
    """Nor does any plan that would be executed under it."""
    plan(project, "run: a")
    project.write("policy.yaml", text)
    told = refused(project)
    assert [line for line in told if FILES[text] in line], told


def test_a_plan_that_executes_nothing_needs_no_policy(project: Forked) -> None:
    project.write("policy.yaml", "nonsense: 1\n")
    project.plan("p", "- {title: T, verify: [{file: a}]}")


BOUNDS = {
    "timeout: 10m": ("{run: a, timeout: 11m}", "{run: a, timeout: 10m}", "run"),
    "tags: ['localhost:5000/*']": (
        "{push: 'docker.io/app:1'}", "{push: 'localhost:5000/app:1'}", "push",
    ),
    "tags: ['a:*']": ("{push: 'a:1', to: 'b:1'}", "{push: 'b:1', to: 'a:1'}", "push"),
    "tags: ['b:1']": ("{tag: 'b:1', to: 'a:1'}", "{tag: 'a:1', to: 'b:1'}", "tag"),
    "tags: ['a:latest']": ("{pull: 'a:1'}", "{pull: a}", "pull"),
    "tags: [a]": ("{build: 'ab:1', context: c}", "{build: a, context: c}", "build"),
    "mounts: ['./data:ro']": (
        "{container: a, mounts: ['./data:/d']}", "{container: a, mounts: ['./data/x:/d:ro']}", "container",
    ),
    "mounts: [./data]": (
        "{container: a, mounts: ['./database:/d']}", "{container: a, mounts: ['./data:/d']}", "container",
    ),
    "privileged: never": ("", "{container: a}", "container"),
}  # fmt: skip


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_bound(project: Forked, bound: str) -> None:
    outside, inside, kind = BOUNDS[bound]
    project.write("policy.yaml", f"actions: {{{kind}: {{{bound}}}}}\n")
    if outside:
        plan(project, outside)
        (line,) = refused(project)
        assert "policy.yaml allows" in line
        assert line.startswith("plans/p.yaml:7: phases[0].steps[0]: ")
    plan(project, inside)
    project.ask("import", "plans/p.yaml").ok()


def test_a_timeout_that_nobody_wrote_is_cut_to_the_bound(project: Forked) -> None:
    project.write("policy.yaml", "actions: {run: {timeout: 300ms}}\n")
    plan(project, "run: sleep 60")
    project.write("a", "x")
    project.ask("import", "plans/p.yaml").ok()
    ran = project.ask("run", "p", 0).refused("step_error")
    assert "still running after 0.3s" in ran.error["message"]


@pytest.mark.parametrize("verb", [("run", "p", 0), ("exec", "p", 0, "--run")])
def test_a_name_that_an_input_completes_is_held_to_the_bound(
    project: Forked, verb: tuple[object, ...]
) -> None:
    """It is known only when it is executed; then nothing of the block is."""
    project.write("policy.yaml", "actions: {run: {}, push: {tags: ['localhost:5000/app:*']}}\n")
    plan(project, "run: touch made", "{push: '${WHERE}'}", names="inputs: [WHERE]\n")
    project.ask("import", "plans/p.yaml").ok()
    ran = project.ask(*verb, env={"WHERE": "elsewhere/app:1"}).refused("not_allowed")
    assert "localhost:5000/app:*" in ran.error["message"]
    assert not (project.root / "made").exists()


def test_a_mount_that_leads_out_of_the_project(project: Forked, tmp_path: Path) -> None:
    (project.root / "data").symlink_to(tmp_path)
    plan(project, "{container: 'a:1', mounts: ['./data:/data']}")
    (line,) = refused(project)
    assert "leaves the project through a symlink" in line


def test_a_link_that_a_step_puts_where_a_folder_was(project: Forked, tmp_path: Path) -> None:
    """It is looked at again when its turn comes, before any engine is asked."""
    project.write("data/x", "x")
    swap = f"run: rm -r data && ln -s {tmp_path} data"
    plan(project, swap, "{container: 'a:1', mounts: ['./data:/data']}")
    project.ask("import", "plans/p.yaml").ok()
    ran = project.ask("exec", "p", 0, "--run").refused("step_failed")
    assert "leaves the project through a symlink" in ran.error["message"]


def test_free_disk(project: Forked) -> None:
    project.write("policy.yaml", "requires: {free_disk: 900000GB}\n")
    plan(project, "run: touch made")
    project.ask("import", "plans/p.yaml").ok()
    for words in (("run", "p", 0), ("exec", "p", 0, "--run"), ("preflight", "p", 0)):
        ran = project.ask(*words).refused("preflight_failed")
        assert "policy.yaml requires 900000000000000 bytes of free disk" in ran.error["message"]
    assert not (project.root / "made").exists()
    project.write("policy.yaml", "requires: {free_disk: 1kB}\n")
    project.ask("run", "p", 0).refused("definition_changed")


SERVICES = """\
services:
  web: {image: "localhost:5000/web:1", container: web, build: {context: .}}
"""


def test_what_a_deployment_builds_is_held_to_the_bounds_of_building(project: Forked) -> None:
    project.write("Dockerfile")
    plan(project, "deploy: web", names=SERVICES)
    project.write("policy.yaml", "actions: {deploy: {}}\n")
    assert refused(project) == [
        "plans/p.yaml:9: phases[0].steps[0]: policy.yaml does not allow the action build"
    ]
    project.write("policy.yaml", 'actions: {deploy: {}, build: {tags: ["other:5000/*"]}}\n')
    assert "localhost:5000/web:1" in refused(project)[0]
    project.write("policy.yaml", 'actions: {deploy: {}, build: {tags: ["localhost:5000/*"]}}\n')
    project.ask("import", "plans/p.yaml").ok()


def test_what_it_builds_under_a_name_that_an_input_completes(project: Forked) -> None:
    """The name is known only when it is executed; then nothing of the block is."""
    project.write("Dockerfile")
    bounds = 'actions: {run: {}, deploy: {}, build: {tags: ["localhost:5000/*"]}}\n'
    project.write("policy.yaml", bounds)
    names = "inputs: [WHERE]\n" + SERVICES.replace("localhost:5000/web:1", "${WHERE}")
    plan(project, "run: touch made", "deploy: web", names=names)
    project.ask("import", "plans/p.yaml").ok()
    ran = project.ask("exec", "p", 0, "--run", env={"WHERE": "elsewhere/web:1"})
    said = ran.refused("not_allowed").error["message"]
    assert "policy.yaml allows build of localhost:5000/*, not of elsewhere/web:1" in said
    assert not (project.root / "made").exists()


def test_a_service_that_nobody_declared(project: Forked) -> None:
    plan(project, "deploy: wbe", names=SERVICES)
    assert refused(project) == [
        "plans/p.yaml:9: phases[0].steps[0]: there is no service 'wbe' (did you mean web?);"
        " declare it under services"
    ]
