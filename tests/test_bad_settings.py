"""Settings files, env files and environments that are broken or odd."""

from __future__ import annotations

import os

import pytest
from bad import GOOD, NOT_FILES, refused
from forked import Forked
from support import Project


@pytest.fixture
def project(project, tmp_path) -> Forked:
    """Its commands run in forks, of which hundreds are cheap."""
    return Forked(project.root, tmp_path / "home")


@pytest.fixture(params=["no store", "a store"])
def place(project, request) -> Project:
    """A project without a store, and one in which a plan of the id `good` is known."""
    if request.param == "a store":
        project.write("plans/good.yaml", GOOD)
        project.run("import", "plans/good.yaml").ok()
    return project


SETTINGS = {
    "toolz: {}": ":1: toolz: unknown setting (did you mean tools?)",
    "path: bin": ":1: path: expected a list of folders",
    "path: [[bin]]": ":1: path: expected one value",
    "path: [../bin]": ":1: path: '../bin' is not a path inside the project",
    "path: ~": ":1: path: expected a list of folders",
    "tools: [a]": ":1: tools: expected a mapping",
    "tools: {a: b}": ":1: tools: a: expected {path",
    "tools: {a: {path: x, sha256: abc}}": ":1: tools: expected the 64 hexadecimal digits",
    "tools: {a: {path: [x], sha256: {}}}": ":1: tools: expected one value",
    "env_file: [a]": ":1: env_file: expected one value",
    "env_file: ~": ":1: env_file: has no value",
    "env_file: ../x": ":1: env_file: '../x' is not a path inside the project",
    "path: []\npath: []": ":2: the key path stands twice",
    "path: [": "is not YAML",
    "- a": ":1: settings are a mapping",
    "text": ":1: settings are a mapping",
    "a: &x b": ":1: anchors and aliases are not allowed",
    "path: []\n\ttools: {}": ":2: is not YAML",
    "a" * 1_100_000: "is larger than 1 MB",
    "\udcff": ":1: is not UTF-8 text",
    "\0": "is not YAML text",
}


@pytest.mark.parametrize("text", SETTINGS, ids=lambda text: ascii(text[:40]))
def test_settings_that_do_not_load(place, text):
    place.write("x.yaml", GOOD)
    (place.root / "todo_manager.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    message = refused(place, "import", "x.yaml").error["message"]
    assert f"todo_manager.yaml{SETTINGS[text]}" in message or SETTINGS[text] in message


@pytest.mark.parametrize("name", ["todo_manager.yaml", ".env"])
@pytest.mark.parametrize("what", [name for name in NOT_FILES if name != "not there"])
def test_settings_and_env_files_that_are_no_files(project, name, what):
    project.plan("p", "- {title: T, verify: [{file: plans}]}")
    NOT_FILES[what](project.root / name)
    assert project.ask("done", "p", 0).exit == 2


ENV_FILES = {
    b"\xff=1": ".env:1: is not UTF-8 text",
    b"A=1\nN=\xff": ".env:2: is not UTF-8 text",
    b"=x": ".env:1: is not NAME=value",
    b"A=1\nN='a\n": ".env:2: is not NAME=value",
    b'N="a\n\n\n': ".env:1: is not NAME=value",
    b"N=" + b"a" * 1_100_000: ".env: is larger than 1 MB",
    b"# nothing\n": "the input N of p has no value",
    b"N\n": "the input N of p has no value",
    b"": "the input N of p has no value",
}


@pytest.mark.parametrize("content", ENV_FILES, ids=lambda content: ascii(content[:30]))
def test_env_files_that_give_no_value(project, content):
    project.plan("p", '- {title: T, verify: [{command: "echo $N"}]}', head="inputs: [N]\n")
    (project.root / ".env").write_bytes(content)
    before = project.store_bytes()
    ran = project.ask("done", "p", 0)
    assert ran.exit == 2
    assert ENV_FILES[content] in ran.error["message"]
    assert project.store_bytes() == before


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"N=1\r\n", "1"),
        (b"\xef\xbb\xbfN=1\n", "1"),
        (b"export N='a b'  # c\n", "a b"),
        (b"N=$(id)\n", "$(id)"),
        (b"N=${HOME}\n", "${HOME}"),
        (b"N=first\nN=last\n", "last"),
        ("N=grün\n".encode(), "grün"),
    ],
)
def test_env_files_that_look_odd_and_work(project, content, value):
    project.plan("p", '- {title: T, verify: [{command: "echo $N"}]}', head="inputs: [N]\n")
    (project.root / ".env").write_bytes(content)
    assert project.ask("done", "p", 0).ok().data["inputs"] == {"N": value}


def test_environment_variables_that_are_not_text(project):
    project.plan("p", '- {title: T, verify: [{command: "echo $N"}]}', head="inputs: [N]\n")
    bad = os.fsdecode(b"\xff\xff\xff\xff\xff\xff\xff")
    assert "UTF-8" in project.ask("done", "p", 0, env={"N": bad}).refused("usage").error["message"]
    odd = {"N": "1", "API_KEY": bad, "TODO_MANAGER_ACTOR": bad}
    project.ask("done", "p", 0, env=odd).ok()
    project.run("audit").ok()
