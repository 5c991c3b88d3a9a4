"""Engines asked for real: what is absent, what cannot be asked, what moved, and who answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from engine import Engine as Started

from todo_manager.checks.fields import Wrong
from todo_manager.engines.address import engine_address, of_context, shell_address
from todo_manager.engines.engine import Absent, Engine, Unreachable
from todo_manager.engines.subjects import Images, Subject, moved


def connect(started: Started, *, name: str = "") -> Engine:
    return Engine("local", engine_address(started.url), 10, name=name)


@pytest.mark.engine
def test_an_image_is_its_id_and_its_layers(engine: Started) -> None:
    id_ = engine.image("core:1", "USER 10001")
    with connect(engine) as asked:
        found = Images().image(asked, "core:1")
        assert found.id == id_
        assert len(found.layers) == 1
        assert found.attrs["Config"]["User"] == "10001"
        assert asked.name.name


@pytest.mark.engine
def test_what_is_not_there_is_absent(engine: Started) -> None:
    with connect(engine) as asked:
        with pytest.raises(Absent):
            asked.image("core:nothing")
        with pytest.raises(Absent):
            asked.container("nobody")
        with pytest.raises((Absent, Unreachable)):
            asked.image("not a reference")


@pytest.mark.engine
def test_a_tag_that_is_moved_is_noticed(engine: Started) -> None:
    engine.image("core:moving", "ENV A=1")
    images = Images()
    with connect(engine) as asked:
        before = images.image(asked, "core:moving")
        assert why_moved(engine, before.subject) == []
        now = engine.image("core:moving", "ENV A=2")
        assert images.image(asked, "core:moving").id == before.id
    (why,) = why_moved(engine, before.subject)
    assert before.id in why
    assert now in why
    engine.docker("rmi", "core:moving")
    (why,) = why_moved(engine, before.subject)
    assert "was removed while it was being checked" in why


def why_moved(engine: Started, subject: Subject) -> list[str]:
    def no_registry(_: Subject) -> str:
        raise AssertionError

    return list(moved([subject], lambda host: connect(engine), no_registry).values())


@pytest.mark.engine
def test_another_machine_than_the_one_that_was_meant(engine: Started) -> None:
    with pytest.raises(Unreachable, match=r"is the machine .*, not 'pc2'"):
        connect(engine, name="pc2")
    with connect(engine) as asked:
        true = asked.name.name
    connect(engine, name=true).close()


@pytest.mark.engine
def test_an_engine_of_the_environment_is_not_asked(
    engine: Started, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'planted.sock'}")
    monkeypatch.setenv("DOCKER_CONTEXT", "planted")
    connect(engine).close()


@pytest.mark.parametrize("address", ["unix:///nowhere/docker.sock", "context:nobody"])
def test_an_engine_that_is_not_there(address: str) -> None:
    with pytest.raises(Unreachable, match=r"local.*(No such file|no Docker context nobody)"):
        Engine("local", engine_address(address), 5)


def test_something_that_is_no_engine(tmp_path: Path) -> None:
    (tmp_path / "docker.sock").write_text("")
    with pytest.raises(Unreachable, match="does not answer"):
        Engine("local", engine_address(f"unix://{tmp_path / 'docker.sock'}"), 5)


@pytest.mark.parametrize(
    "text",
    ["", "tcp://h:2375", "unix://relative", "unix://", "/run/docker.sock", "ssh://", "ssh://a b",
     "ssh://-oProxyCommand=x", "context:", "context:../x", "http://h"],
)  # fmt: skip
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(Wrong):
        engine_address(text)


def test_addresses_are_read_as_written() -> None:
    for text in ("unix:///run/docker.sock", "ssh://ops@pc2:2222", "ssh://pc2", "context:pc2"):
        assert str(engine_address(text)) == text
    for text in ("pc2:0", "pc2:99999", "a@b@c", "ops@pc2/x", "-l@pc2"):
        with pytest.raises(Wrong):
            shell_address(text)


def test_a_context_is_resolved_by_its_name(tmp_path: Path) -> None:
    folder = tmp_path / ".docker/contexts/meta/abc"
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(
        json.dumps({"Name": "pc2", "Endpoints": {"docker": {"Host": "unix:///run/pc2.sock"}}})
    )
    assert str(of_context("pc2", tmp_path)) == "unix:///run/pc2.sock"
    with pytest.raises(LookupError):
        of_context("pc", tmp_path)
