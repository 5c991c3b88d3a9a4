"""The registry of kinds: every kind is whole, and no mapping can mean two of them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest

from todo_manager import checks
from todo_manager.checks import KINDS, LATER_KINDS, LATER_PARAMETERS, fields, load
from todo_manager.checks.base import Check
from todo_manager.checks.fields import Convert
from todo_manager.checks.parse import converters, parse
from todo_manager.model import Verdict

COMMON = {"name", "timeout", "within", "every", "successes", "required", "pins", "serial"}


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Register a class as the kind `fake`, as a module of the folder would."""

    def put(kind: type[Check]) -> None:
        module = ModuleType("todo_manager.checks.fake")
        setattr(module, "Fake", kind)  # noqa: B010 - a module has no such attribute
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(checks.KINDS, "fake", "Fake")

    return put


class Fake(Check, frozen=True, kw_only=True):
    """A kind that is as it should be."""

    kind = "fake"
    subject: fields.Text = ""


class NamesOfNow(Fake, frozen=True, kw_only=True):
    """One of its parameters is a kind."""

    tcp: fields.Text = ""


class NamesOfLater(Fake, frozen=True, kw_only=True):
    """One of its parameters will be a kind."""

    image: Annotated[str, Convert(fields.text)] = ""


class Stranger(Check, frozen=True, kw_only=True):
    """It takes itself for another kind."""

    kind = "strange"
    subject: fields.Text = ""


class Empty(Check, frozen=True, kw_only=True):
    """It has no subject."""

    kind = "fake"


def test_a_new_kind(register: Any) -> None:
    register(Fake)
    assert load("fake") is Fake


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (NamesOfNow, "the kind fake has a parameter named like the kind tcp"),
        (NamesOfLater, "the kind fake has a parameter named like the kind image"),
        (Stranger, "Stranger is registered as the kind fake and is not one"),
        (Empty, "Empty is registered as the kind fake and is not one"),
    ],
)
def test_a_kind_that_would_make_mappings_ambiguous(
    register: Any, kind: type[Check], reason: str
) -> None:
    register(kind)
    with pytest.raises(TypeError, match=re.escape(reason)):
        load("fake")


def test_no_such_kind() -> None:
    with pytest.raises(KeyError):
        load("oracle")


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_whole(name: str) -> None:
    """Each can be read, is documented with an example of itself, and states which fields it expects."""
    kind = load(name)
    assert set(converters(kind)) == set(kind.__struct_fields__) - {"id"}
    assert set(kind.__struct_fields__) > COMMON
    assert re.search(rf"^\s*(- )?{name}: ", kind.__doc__ or "", re.MULTILINE)
    assert not (set(kind.__struct_fields__) & (LATER_PARAMETERS - {"host"}))
    source = Path(sys.modules[kind.__module__].__file__ or "").read_text()
    for field in set(kind.__annotations__) - {"kind", "runs_programs", "shell_fields"}:
        assert re.search(rf'^    {field}: .*?\n    """', source, re.MULTILINE | re.DOTALL), field


def test_no_kind_is_promised_and_there() -> None:
    assert not (set(KINDS) & LATER_KINDS)
    folder = {path.stem for path in Path(checks.__file__).parent.glob("*.py")}
    assert set(KINDS) < folder
    assert not (LATER_KINDS & folder)


BARE = {
    "attestation": "a.jsonl",
    "command": "nginx -t",
    "compose": "compose.yml",
    "container": "web",
    "dependency_audit": "a",
    "dockerfile": "Dockerfile",
    "file": "a",
    "git": "a",
    "health": "web",
    "http": "http://a:1/",
    "image": "a:1",
    "manual": "Is it good?",
    "image_file": "/a",
    "inventory": {"a": "a.yaml"},
    "junit": "a",
    "log": "web",
    "machine": "local",
    "pytest": "a",
    "registry": "a:1",
    "rollback_ready": "web",
    "sbom": "a:1",
    "scan": "a:1",
    "script": "a.sh",
    "tcp": "a:1",
    "tool": "a",
    "workflow": "a.yml",
}
BESIDE: dict[str, dict[str, Any]] = {
    "attestation": {"subject": {"file": "a"}, "signer": "a.pub"},
    "junit": {"max_age": "1h"},
    "machine": {"cpus": 1},
    "scan": {"fail_on": "HIGH"},
}
"""What a kind must say beside its subject."""
TIMEOUTS = {"command": 600, "dependency_audit": 600, "pytest": 600, "scan": 900, "script": 600}
"""Seconds of those that take longer than others."""


def test_the_defaults_of_every_kind(check: Any) -> None:
    assert set(BARE) == set(KINDS)
    for kind, subject in BARE.items():
        found = check({kind: subject} | BESIDE.get(kind, {}))
        assert found.timeout == TIMEOUTS.get(kind, 30), kind
        assert (found.within, found.every, found.successes) == (0, 1, 1)
        assert (found.required, found.serial, found.pins, found.name) == (True, False, (), "")
        late = Verdict.FAILED if kind in ("http", "tcp") else Verdict.ERROR
        assert found.timeout_verdict == late


@pytest.mark.parametrize("kind", KINDS)
def test_the_parameters_of_every_check(check: Any, kind: str) -> None:
    common = {"name": "N", "timeout": "2m", "within": "1h", "every": "250ms", "successes": 3}
    common |= BESIDE.get(kind, {})
    found = check({kind: BARE[kind], **common, "required": False, "pins": ["a"], "serial": True})
    assert (found.name, found.timeout, found.within, found.every) == ("N", 120, 3600, 0.25)
    assert (found.successes, found.required, found.pins) == (3, False, ("a",))
    assert found.serial is True
    assert found.label() == {"inventory": "a"}.get(kind, BARE[kind])


SUBJECTS = {"command": ["echo", "${X}"], "file": "${X}", "http": "${X}", "tcp": "${X}"}


@pytest.mark.parametrize("kind", SUBJECTS)
def test_inputs_may_stand_in_a_subject(check: Any, kind: str) -> None:
    """It is read again with their values when it runs, and every parameter of it is read now."""
    found = check({kind: SUBJECTS[kind], "timeout": "7s"}, inputs=["X"])
    assert (found.kind, found.timeout) == (kind, 7)


@pytest.mark.parametrize("name", sorted(COMMON - {"name"}))
def test_inputs_may_not_steer_how_a_check_is_judged(refused: Any, name: str) -> None:
    value = ["${X}"] if name == "pins" else "${X}"
    assert "the input X may not steer" in refused({"file": "a", name: value}, inputs=["X"])


def test_a_check_that_is_no_mapping() -> None:
    told: list[str] = []
    assert parse([], lambda line, path, message: told.append(message)) is None
    assert told == ["a check is a mapping with one kind, like `file: docs/plan.md`"]
