"""CONTRIBUTING and AGENTS are true: their files and targets exist, the kind they show works."""

from __future__ import annotations

import importlib.util
import re
import sys
from types import SimpleNamespace

import pytest
from support import REPOSITORY

from todo_manager import checks
from todo_manager.canonical import Scalar
from todo_manager.checks.parse import parse

GUIDE = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
AGENTS = (REPOSITORY / "AGENTS.md").read_text(encoding="utf-8")


def spans(text):
    """Everything in backquotes, outside of code blocks."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)


@pytest.mark.parametrize("text", [GUIDE, AGENTS], ids=["CONTRIBUTING", "AGENTS"])
def test_every_file_it_names_exists(text):
    named = [s for s in spans(text) if re.fullmatch(r"[\w./]+(\.(py|md|yaml)|/(run)?)", s)]
    named = [s for s in named if not s.endswith(("/link.py", "test_x.py"))]
    assert len(named) > 4
    for name in named:
        assert (
            (REPOSITORY / name).exists()
            or (REPOSITORY / "todo_manager" / name).exists()
            or list((REPOSITORY / "todo_manager").rglob(name))
        ), name


def test_it_names_the_targets_there_are():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE)) - {"help"}
    assert set(re.findall(r"^\| `make ([\w-]+)`", GUIDE, re.MULTILINE)) == targets
    words = [span.split()[1] for span in spans(GUIDE + AGENTS) if re.match(r"make \w", span)]
    assert set(words) <= targets


@pytest.fixture
def link(tmp_path, monkeypatch):
    """The kind shown in CONTRIBUTING, registered as it says."""
    (code,) = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    (tmp_path / "link.py").write_text(code)
    name = "todo_manager.checks.link"
    spec = importlib.util.spec_from_file_location(name, tmp_path / "link.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    monkeypatch.setitem(checks.KINDS, "link", "Link")

    def attempt(**mapping):
        wrong = []
        tree = {key: Scalar(value) for key, value in mapping.items()}
        check = parse(tree, lambda line, path, text: wrong.append(text))
        assert check is not None, wrong
        return str(check.attempt(SimpleNamespace(root=tmp_path), 5.0).verdict)

    return attempt


def test_the_kind_it_shows_passes_fails_and_knows_when_it_cannot_look(link, tmp_path):
    (tmp_path / "current").symlink_to("v2")
    (tmp_path / "file").write_text("x")
    (tmp_path / "circle").symlink_to("circle")
    assert link(link="current") == link(link="current", to="v2") == "passed"
    assert link(link="current", to="v1") == link(link="file") == link(link="absent") == "failed"
    assert link(link="circle/x") == link(link="n" * 300) == "error"
