"""The one YAML loader: what it refuses, and that scalars keep what was written."""

from __future__ import annotations

from typing import Any

import pytest

from todo_manager.canonical import Scalar
from todo_manager.documents import loader
from todo_manager.problems import Problems

REFUSED = {
    "empty": ("", "plans/x.yaml: is empty"),
    "only blanks": (" \n\n  \n", "plans/x.yaml: is empty"),
    "only a comment": ("# nothing\n", "plans/x.yaml: is empty"),
    "only a mark": ("---\n", "plans/x.yaml: is empty"),
    "a word": ("plan\n", "plans/x.yaml:1: a plan is a mapping"),
    "a list": ("- a\n- b\n", "plans/x.yaml:1: a plan is a mapping"),
    "null": ("null\n", "plans/x.yaml:1: a plan is a mapping"),
    "not UTF-8": (b"id: \xff\xfe\n", "plans/x.yaml:1: is not UTF-8"),
    "UTF-16": ("id: a\n".encode("utf-16"), "plans/x.yaml:1: is not UTF-8"),
    "NUL bytes": (b"id: a\ntitle: \0\n", "plans/x.yaml:2: holds NUL bytes"),
    "an escaped NUL": ('id: a\ntitle: "a\\0b"\n', "plans/x.yaml:2: a value may not hold a NUL"),
    "a control character": ("id: \x07\n", "plans/x.yaml: is not YAML text"),
    "an open quote": ('id: a\ntitle: "a\n', "plans/x.yaml:3: is not YAML"),
    "an open list": ("id: a\ninputs: [a\n", "plans/x.yaml:3: is not YAML"),
    "two colons": ("id: a\ntitle: b: c\n", "plans/x.yaml:2: is not YAML"),
    "a tab": ("id: a\n\ttitle: b\n", "plans/x.yaml:2: is not YAML"),
    "a sentence": ("Sorry, no plan today: none\nwas made.\n", "plans/x.yaml:3: is not YAML"),
    "a merge conflict": ("id: a\n<<<<<<< HEAD\ntitle: b\n=======\n", "plans/x.yaml:3: is not YAML"),
    "two documents": ("id: a\n---\nid: b\n", "plans/x.yaml:2: holds a second document"),
    "an anchor": ("id: a\nvars: &v {a: 1}\n", "plans/x.yaml:2: anchors and aliases"),
    "an alias": ("id: a\ntitle: *t\n", "plans/x.yaml:2: anchors and aliases"),
    "a tag": ("id: a\ntitle: !!str b\n", "plans/x.yaml:2: the tag tag:yaml.org,2002:str is not"),
    "a bare tag": ("id: a\ntitle: ! b\n", "plans/x.yaml:2: the tag ! is not"),
    "python": ("id: !!python/object/apply:os.getcwd []\n", "plans/x.yaml:1: the tag"),
    "a key twice": ("id: a\ntitle: b\nid: c\n", "plans/x.yaml:3: the key id stands twice"),
    "a quoted key twice": ('id: a\n"id": c\n', "plans/x.yaml:2: the key id stands twice"),
    "a key twice below": (
        "vars: {a: 1, b: 2,\n  a: 3}\n",
        "plans/x.yaml:2: the key a stands twice",
    ),
    "a list as a key": ("? [a]\n: b\n", "plans/x.yaml:1: a key must be one word"),
    "a merge": ("<<: {id: a}\n", "plans/x.yaml:1: <<: unknown key"),
    "too deep": ("a: " + "[" * 50 + "]" * 50, "plans/x.yaml:1: is nested more than 40 deep"),
    "endlessly deep": ("[" * 900_000, "plans/x.yaml:1: is nested more than 40 deep"),
    "too large": ("id: " + "a" * 2_000_001, "plans/x.yaml: is larger than 2 MB"),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED)
def test_refused(lint: Any, text: str | bytes, problem: str) -> None:
    found = lint(text)
    assert found.exit == 2
    assert [line for line in found.problems if line.startswith(problem)], found.problems


def test_a_bomb_of_aliases_is_not_expanded(lint: Any) -> None:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi")]
    found = lint("\n".join(rows))
    assert found.problems == [
        "plans/x.yaml:1: anchors and aliases are not allowed: write the value out"
    ]


def test_every_key_that_stands_twice_is_told(lint: Any) -> None:
    found = lint("id: a\nid: b\ntitle: c\ntitle: d\n")
    twice = [line for line in found.problems if "stands twice" in line]
    assert [line.split(" ")[0] for line in twice] == ["plans/x.yaml:2:", "plans/x.yaml:4:"]


def load(text: str) -> Any:
    problems = Problems("f")
    found = loader.load(text, problems)
    assert problems.errors == []
    return found


TOKENS = ["true", "false", "null", "0", "-7", "8080", "1.0", "1e3", "-0.5E-2"]
TEXTS = ["on", "off", "yes", "no", "True", "NULL", "~", "22:22", "0123456", "0644", "0o644", "0x1F"]
TEXTS += ["1_000", ".5", "5.", "+1", ".inf", "2025-08-10", "2025-08-10 12:00:00", "1e", "--1"]


@pytest.mark.parametrize("text", TOKENS + TEXTS)
def test_a_scalar_keeps_its_letters(text: str) -> None:
    plain, quoted, single = load(f"[{text}, \"{text}\", '{text}']")
    assert (plain, quoted, single) == (text, text, text)
    assert plain.is_token == (text in TOKENS)
    assert not quoted.is_token
    assert not single.is_token


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a: |\n  x\n  y\n", "x\ny\n"),
        ("a: |-\n  true\n", "true"),
        ("a: >\n  x\n  y\n", "x y\n"),
        ("a: x\n  y\n", "x y"),
        ("a:\n", ""),
        ('a: "\\u00e9\\t\\x41"\n', "é\tA"),
        ("a: 🗒️ — ✗\n", "🗒️ — ✗"),
        ("\ufeffa: b\n".removeprefix("\ufeff"), "b"),
        ("%YAML 1.1\n---\na: b\n...\n", "b"),
        ("a: x#y # z\n", "x#y"),
        ("a: b\r\n", "b"),
    ],
)
def test_texts(text: str, wanted: str) -> None:
    found = load(text)["a"]
    assert (found, found.is_token) == (wanted, False)


def test_places_are_kept() -> None:
    tree = load("# 1\na: 1\nb:\n  - x\n  - y: z\n\nc: {d: e,\n    f: g}\n")
    assert (tree.line, tree.key_lines) == (2, {"a": 2, "b": 3, "c": 7})
    assert (tree["b"].line, tree["b"][0].line, tree["b"][1]["y"].line) == (4, 4, 5)
    assert tree["c"].key_lines == {"d": 7, "f": 8}
    assert isinstance(tree["a"], Scalar)


def test_a_byte_order_mark_is_no_part_of_the_text(lint: Any, plan: Any) -> None:
    lint("\ufeff" + plan("file: a")).loads()
