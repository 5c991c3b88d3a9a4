"""What is written down is true: generated tables, YAML of the documents, the help of every verb."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import document_tables
import pytest
from forked import Forked
from support import EXITS, REPOSITORY

from todo_manager import cli
from todo_manager.canonical import Map
from todo_manager.checks.parse import kind_of
from todo_manager.documents import loader
from todo_manager.error_kinds import BY_VERB
from todo_manager.error_kinds import EXITS as CODES
from todo_manager.render.terminal import FALLBACK

DOCUMENTS = ("README.md", "CONTRIBUTING.md")


@pytest.fixture
def project(project: Any) -> Forked:
    return Forked(project.root, Path(project.env["HOME"]))


def text_of(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


# Tables


def test_the_tables_of_the_readme_are_what_the_program_makes() -> None:
    """`make docs` writes them anew."""
    readme = text_of("README.md")
    assert document_tables.written(readme) == readme
    for name in document_tables.TABLES:
        assert readme.count(f"<!-- made by `make docs`: {name} -->") == 1
        assert readme.count(f"<!-- end of {name} -->") == 1


def test_a_table_that_was_edited_is_found() -> None:
    readme = text_of("README.md")
    edited = readme.replace("| `tcp` |", "| `tpc` |")
    assert edited != readme
    assert document_tables.written(edited) == readme


# YAML


def yaml_blocks() -> list[tuple[str, str]]:
    return [
        (name, block)
        for name in DOCUMENTS
        for block in re.findall(r"^```yaml\n(.*?)^```$", text_of(name), re.MULTILINE | re.DOTALL)
    ]


def test_every_yaml_block_loads(project: Forked) -> None:
    """A whole plan by `lint`, checks as the checks of a plan, anything else as YAML."""
    seen = 0
    for number, (name, block) in enumerate(yaml_blocks()):
        tree = loader.read_tree(block, name)
        if isinstance(tree, Map) and "schema" in tree:
            for script in re.findall(r"script: (\S+)", block):
                project.write(script, "exit 0\n")
            for pin in re.findall(r"pins: \[?([\w./-]+)\]?", block):
                project.write(pin, "")
            project.write(f"{number}.yaml", block)
            ran = project.ask("lint", f"{number}.yaml")
            assert ran.exit in (0, 1), ran
        elif checks := [each for each in _items(tree) if isinstance(each, Map) and kind_of(each)]:
            for each in checks:
                ran = project.ask("check", f"{kind_of(each)}", "--help")
                assert ran.exit == 0, ran
        seen += 1
    assert seen >= 1


def _items(tree: Any) -> list[Any]:
    return tree if isinstance(tree, list) else [tree]


# Verbs


@pytest.mark.parametrize("verb", cli.VERBS)
def test_the_help_of_a_verb(project: Forked, verb: str) -> None:
    """It runs without a project, fits 80 columns, and names the exit codes."""
    ran = project.run(verb, "--help").ok()
    assert ran.err == ""
    assert ran.out.startswith(f"usage: todo_manager {verb}")
    for line in ran.out.splitlines():
        assert len(line) <= FALLBACK[0], line
    exits = re.findall(r"^exit:?\b.*(?:\n +.*)*", ran.out, re.MULTILINE)
    assert len(exits) == 1, ran.out
    codes = {int(code) for code in re.findall(r"(?:^exit:?|·)\s+(\d+)", exits[0], re.MULTILINE)}
    assert 0 in codes
    assert codes <= set(CODES)


def test_the_help_of_the_program(project: Forked) -> None:
    said = project.run("--help").ok().out
    assert all(len(line) <= FALLBACK[0] for line in said.splitlines())
    told = re.findall(r"^  ([a-z]+) {2,}\S", said, re.MULTILINE)
    assert told == list(cli.VERBS)
    (exits,) = re.findall(r"^exit: .*(?:\n +.*)*", said, re.MULTILINE)
    assert {int(code) for code in re.findall(r"(\d+) [a-z]", exits)} == {0, *EXITS.values()}


def test_verbs_whose_exit_codes_are_listed_are_verbs() -> None:
    assert set(BY_VERB) <= set(cli.VERBS)
    assert all(code in CODES for codes in BY_VERB.values() for code in codes)


def test_the_verbs_of_the_documents_are_verbs() -> None:
    """Commands that are shown begin with a verb that exists; the README's list of verbs is whole."""
    for name in DOCUMENTS:
        words = re.findall(r"\btodo_manager ([a-z]+)\b(?!/)", _commands(text_of(name)))
        assert set(words) <= set(cli.VERBS), name
    table = text_of("README.md").split(": verbs -->")[1].split("<!-- end of verbs -->")[0]
    told = re.findall(r"^\| ([a-z]+) \| (.+) \|$", table, re.MULTILINE)
    assert [row for row in told if row[0] != "verb"] == list(cli.VERBS.items())


def _commands(text: str) -> str:
    """Code spans and blocks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", text)
    return "\n".join([*blocks, *spans])
