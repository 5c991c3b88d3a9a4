"""The registry of actions: every one is whole, and no mapping can mean two of them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from todo_manager import actions
from todo_manager.actions import KINDS, LATER_KINDS, load
from todo_manager.actions.base import Action
from todo_manager.checks import fields
from todo_manager.checks.parse import converters

COMMON = {"name", "timeout", "pins"}


class Named(Action, frozen=True, kw_only=True):
    """One of its parameters is an action."""

    kind = "fake"
    subject: fields.Text = ""
    push: fields.Text = ""


class NamedLater(Action, frozen=True, kw_only=True):
    """One of its parameters will be an action."""

    kind = "fake"
    subject: fields.Text = ""
    clone: fields.Text = ""


class Stranger(Action, frozen=True, kw_only=True):
    """It takes itself for another action."""

    kind = "strange"
    subject: fields.Text = ""


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Named, "the kind fake has a parameter named like the kind push"),
        (NamedLater, "the kind fake has a parameter named like the kind clone"),
        (Stranger, "Stranger is registered as the kind fake and is not one"),
    ],
)
def test_an_action_that_would_make_mappings_ambiguous(
    monkeypatch: pytest.MonkeyPatch, kind: type[Action], reason: str
) -> None:
    module: Any = ModuleType("todo_manager.actions.fake")
    module.Fake = kind
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(actions.KINDS, "fake", "Fake")
    with pytest.raises(TypeError, match=re.escape(reason)):
        load("fake")


@pytest.mark.parametrize("name", KINDS)
def test_every_action_is_whole(name: str) -> None:
    """Each can be read, is documented with an example of itself, and says what policy may bound."""
    kind = load(name)
    assert set(converters(kind)) == set(kind.__struct_fields__) - {"id"}
    assert set(kind.__struct_fields__) > COMMON
    assert "timeout" in kind.bounds
    assert re.search(rf"^\s*(- )?{name}: ", kind.__doc__ or "", re.MULTILINE)
    source = Path(sys.modules[kind.__module__].__file__ or "").read_text()
    for field in set(kind.__annotations__) - {"kind", "runs_programs", "shell_fields", "bounds"}:
        assert re.search(rf'^    {field}: .*?\n    """', source, re.MULTILINE | re.DOTALL), field


def test_no_action_is_promised_and_there() -> None:
    assert not (set(KINDS) & LATER_KINDS)
    folder = {path.stem for path in Path(actions.__file__).parent.glob("*.py")}
    assert set(KINDS) < folder
    assert not (LATER_KINDS & folder)
