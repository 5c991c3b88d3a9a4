"""plan@1 as YAML and as JSON: whatever a text holds, it is read back as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import REPOSITORY, SHARED

from todo_manager import binding, documents, exporting
from todo_manager.canonical import Map, Scalar, Seq, encode
from todo_manager.documents import loader, plan_json, plan_yaml_writer
from todo_manager.documents.base import Document
from todo_manager.errors import InvalidDocument
from todo_manager.model import PlanDoc
from todo_manager.project import Settings

ODD = [
    " leads", "trails ", "\tleads", "trails\t", "a\tb", "one\n", "two\n\n", "\nleads", "\n", "a\n\nb",
    "a\n  indented\n b\n", "  a\nb", "a\n \nb", "a\n\t\nb", "a\n\n\n", "cr\rhere", "crlf\r\nhere\r\n",
    "nel\x85here", "ls\u2028ps\u2029", "bom\ufeff", "\ufeffbom", "bell\x07", "esc\x1b[0m", "del\x7f",
    "c1\x9f", "noncharacter\uffff\ufffe", "emoji 🎮 👩‍💻", "🎮\n🗒️\n", "a: b", "a:", ":a", "a #b", "#a",
    "- a", "-", "? a", "?", "! a", "!tag", "& a", "*a", "| a", "> a", "% a", "@a", "`a`", "{a", "[a]",
    "a, b", "a]", "}", '"', "'", "it's", 'say "so"', "back\\slash", '\\"', "'\"\\", "true", "True",
    "null", "Null", "~", "yes", "off", "y", "1.0", "0644", "22:22", "1e3", "0x1F", "-1", "+1", ".5",
    ".inf", "2025-08-10", "1_000", "=", "<<", "---", "--- a", "...", "a\n---\nb", "a\n...\nb", "é",
    "→ ünïcödé", "x" * 5000, "word " * 900, "\n".join(["- [ ] x"] * 40), "${name}", "$${name}", "a\\nb",
    "# h\n\ntext\n# h2\n", "text\n# end", "text\n\n# end\n\n", "\u200d", "a\u00a0", "\u3000a",
]  # fmt: skip
"""Texts that one style of YAML or another would change."""


def shown(text: str) -> str:
    return ascii(text)[:30]


def tree_of(text: str) -> Map:
    """A plan with this text wherever a plan may have one, and as what a check looks for."""
    check = Map({"file": Scalar("a"), "contains": Seq([Scalar(text), Scalar("x")])})
    nested = Map(
        {
            "file": Scalar("b"),
            "json": Map({text[:500]: Scalar(text), "n": Scalar("1.0", plain=True)}),
        }
    )
    phase = Map({"key": Scalar("k"), "title": Scalar("t " + text)})
    phase |= {name: Scalar(text) for name in ("explain", "note", "text")}
    phase |= {"needs": Seq(), "verify": Seq([check, nested])}
    head = {"schema": "todo_manager/plan@1", "id": "p", "title": "t " + text, "description": text}
    return Map({name: Scalar(value) for name, value in head.items()} | {"phases": Seq([phase])})


@pytest.mark.parametrize("text", ODD, ids=shown)
def test_every_text_comes_back_from_yaml_and_from_json(text: str) -> None:
    tree = tree_of(text)
    for written in (plan_yaml_writer.write(tree), plan_json.write(tree)):
        assert encode(loader.read_tree(written, "it")) == encode(tree)


@pytest.mark.parametrize("text", ODD, ids=shown)
def test_other_readers_see_the_same_texts(text: str) -> None:
    """Python's own JSON, and PyYAML without our loader, which reads 22:22 and yes as it likes."""
    tree = tree_of(text)
    for found in (
        json.loads(plan_json.write(tree)),
        yaml.safe_load(plan_yaml_writer.write(tree)),
    ):
        assert (found["title"], found["description"]) == ("t " + text, text)
        assert found["phases"][0]["explain"] == found["phases"][0]["text"] == text
        assert found["phases"][0]["verify"][0]["contains"] == [text, "x"]
        assert found["phases"][0]["verify"][1]["json"] == {text[:500]: text, "n": 1.0}


@pytest.mark.parametrize("text", ODD, ids=shown)
def test_one_line_within_brackets_holds_it_too(text: str) -> None:
    tree = Map({"a": Seq([Scalar(text), Map({text: Scalar(text)})])})
    assert encode(loader.read_tree(f"x: {plan_yaml_writer.flow(tree)}", "it")["x"]) == encode(tree)


def test_tokens_stay_as_they_are_spelt_and_text_never_becomes_one() -> None:
    text = 'x: [1.0, -0, 1e9, true, false, null, "1.0", "true", "null", 0644, 22:22, ~]'
    tree = loader.read_tree(text, "it")
    written = plan_yaml_writer.write(tree)
    assert encode(loader.read_tree(written, "it")) == encode(tree)
    assert written == (
        'x:\n  - 1.0\n  - -0\n  - 1e9\n  - true\n  - false\n  - null\n  - "1.0"\n  - "true"\n'
        '  - "null"\n  - "0644"\n  - "22:22"\n  - ~\n'
    )
    short = plan_yaml_writer.write(loader.read_tree('x: [1.0, true, "true", 0644, "a:b"]', "it"))
    assert short == 'x: [1.0, true, "true", "0644", "a:b"]\n'
    assert '"x": [\n    1.0,\n    -0,\n    1e9,\n    true,\n    false,\n    null,\n    "1.0"' in (
        plan_json.write(tree)
    )


def test_a_key_longer_than_yaml_reads_before_a_colon() -> None:
    tree = Map({"k" * 3000: Scalar("v"), "m": Map({"é" * 1500: Map({"a": Scalar("b\nc")})})})
    assert encode(loader.read_tree(f"x: {plan_yaml_writer.flow(tree)}", "it")["x"]) == encode(tree)
    assert encode(loader.read_tree(plan_yaml_writer.write(tree), "it")) == encode(tree)


def test_what_people_read_is_not_quoted_without_need() -> None:
    tree = loader.read_tree(
        """\
title: "Roll out"
verify:
- file: "docs/plan.md"
  max_age: "30s"
  contains: ["owner", "step 1"]
- command: "test -s a && b"
- http: "http://localhost:80/health"
explain: "One.\\n\\nTwo.\\n"
""",
        "it",
    )
    assert (
        plan_yaml_writer.write(tree)
        == """\
title: Roll out
verify:
  - file: docs/plan.md
    max_age: 30s
    contains: [owner, step 1]
  - command: test -s a && b
  - http: http://localhost:80/health
explain: |
  One.

  Two.
"""
    )


# JSON that others wrote

OTHERS = """{"schema":"todo_manager/plan@1","id":"p","title":"\\ud83c\\udfae a\\/b \\\\ud83c\x85\x7f",
\t"phases":[{"title":"One","verify":[{"file":"a","json":{"n":1.0}}]},
{"title":"Two","verify":[{"fiel":"a"}]}]}"""


def test_json_of_another_writer_is_read_with_lines() -> None:
    with pytest.raises(InvalidDocument) as refused:
        documents.parse(OTHERS.encode(), "plan.json")
    assert [line.split(": ")[0] for line in refused.value.problems] == ["plan.json:3"]
    (plan,) = documents.parse(OTHERS.replace("fiel", "file").encode(), "plan.json").plans
    assert plan.title == "🎮 a/b \\ud83c\x85\x7f"
    assert encode(plan.phases[0].verify[0]) == '{"file":"a","json":{"n":1.0}}'


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": "todo_manager/plan@1", "id": "p", "title": "T", "id": "q", "phases": [{"title": "A"}]}',
        '{"schema": "todo_manager/plan@1", "id": "p", "title": "\\u0000", "phases": [{"title": "A"}]}',
        '{"schema": "todo_manager/plan@1", "id": "p", "title": "\\ud83c", "phases": [{"title": "A"}]}',
        '{"schema": "todo_manager/plan@1", "id": "p", "title": "T", "phases": [{"title": "A"}]} {}',
        '{"schema": "todo_manager/plan@1", "id": "p", "title": "T", "phases": [{"title": "A"}]',
        '{"schema": "todo_manager/plan@2", "id": "p", "title": "T", "phases": [{"title": "A"}]}',
        '{"schema": "todo_manager/plan@1", "id": "p", "title": null, "phases": [{"title": "A"}]}',
    ],
)
def test_json_is_read_as_strictly_as_yaml(text: str) -> None:
    with pytest.raises(InvalidDocument):
        documents.parse(text.encode(), "plan.json")


def test_a_queue_is_no_plan_because_a_text_in_it_speaks_of_one() -> None:
    said = '{"schema": "todo_manager/plan@1"}'
    queue = json.dumps([{"id": "q", "todos": [{"text": said, "done": False}]}])
    document = documents.parse(queue.encode(), "queue.json")
    assert (document.format, document.plans[0].phases[0].text) == ("queue-json", said)


# Every plan there is


def files() -> list[Path]:
    found = [
        *REPOSITORY.glob("plans/*.yaml"),
        *REPOSITORY.glob("todo_manager/starter/files/plans/*.yaml"),
    ]
    found += [*SHARED.glob("seeds/*.txt"), *SHARED.glob("corpus/queues/*.json")]
    return sorted([*found, *SHARED.glob("corpus/odd/*.json"), *SHARED.glob("corpus/dumps/*")])


def texts(plan: PlanDoc) -> list[tuple[Any, ...]]:
    found = [
        (p.key, p.title, p.explain, p.note, p.text, p.needs, p.tags, p.parts) for p in plan.phases
    ]
    return [(plan.title, plan.description, plan.source, plan.tags), *found]


def digests(document: Document, plan: PlanDoc, root: Path) -> list[str]:
    """Gate digests in a project without scripts and pins."""
    bare = Document(name="it", original=b"", format=document.format, plans=(plan,))
    (bound,) = binding.bind(root, Settings(), bare, None)
    return [found.digest for found in bound.definitions]


@pytest.mark.parametrize("as_json", [False, True], ids=["yaml", "json"])
def test_every_plan_there_is_comes_back_equal(tmp_path: Path, as_json: bool) -> None:
    compared = 0
    for file in files():
        try:
            document = documents.read(file)
        except InvalidDocument:
            continue
        for plan in document.plans:
            if not plan.phases:
                continue
            text = exporting.as_plan(document, plan, json=as_json)
            again = documents.parse(text.encode(), "again")
            assert again.format == "plan@1"
            assert texts(again.plans[0]) == texts(plan), (file.name, plan.id)
            if document.format != "plan@1" or file.name == "demo.yaml":
                assert digests(again, again.plans[0], tmp_path) == digests(document, plan, tmp_path)
            compared += 1
    assert compared >= 3
