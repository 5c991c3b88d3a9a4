"""`schema`: what the reader accepts it accepts, structural mistakes it refuses, every error is told."""

from __future__ import annotations

import ast
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from bad import GOOD
from forked import Forked
from support import EXITS, REPOSITORY

from todo_manager import documents
from todo_manager.canonical import Scalar
from todo_manager.checks import KINDS, load
from todo_manager.checks.docs import docs, examples
from todo_manager.checks.expect import value_of
from todo_manager.checks.parse import converters, parse, references, word_of
from todo_manager.documents import loader, plan_phases, plan_yaml
from todo_manager.error_kinds import EXITS as CODES
from todo_manager.error_kinds import MEANINGS
from todo_manager.errors import InvalidDocument, Kind, TodoError
from todo_manager.schema import plan_schema

SCHEMA = plan_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def mistakes(text: str) -> list[str]:
    """What the schema has against a document, read as an editor reads it: by the core rules of YAML."""
    tree = plain(value_of(loader.read_tree(text, "x.yaml")))
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(tree)]


def loads(text: str) -> bool:
    try:
        documents.parse(text.encode(), "x.yaml")
    except InvalidDocument:
        return False
    return True


def plan(*checks: str, names: str = "") -> str:
    head = (
        f"schema: todo_manager/plan@1\nid: x\ntitle: X\n{names}phases:\n- title: One\n  verify:\n"
    )
    return head + "".join(f"  - {check}\n" for check in checks)


def documents_of_the_project() -> list[Path]:
    folders = ("plans", "tests", "todo_manager")
    return [
        path
        for folder in folders
        for path in sorted((REPOSITORY / folder).rglob("*.yaml"))
        if "schema: todo_manager/plan@1" in path.read_text(encoding="utf-8", errors="replace")
    ]


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    used = set(re.findall(r'"\$ref": "#/\$defs/(\w+)"', json.dumps(SCHEMA)))
    assert used <= set(SCHEMA["$defs"])


def test_the_command_prints_it(project: Any, tmp_path: Path) -> None:
    forked = Forked(project.root, tmp_path)
    assert json.loads(forked.run("schema").ok().out) == SCHEMA
    assert forked.ask("schema").ok().data == {"schema": SCHEMA}


def test_whatever_the_reader_accepts_it_accepts() -> None:
    seen = 0
    for path in documents_of_the_project():
        text = path.read_text(encoding="utf-8", errors="replace")
        if loads(text):
            seen += 1
            assert mistakes(text) == [], path
    assert seen >= 2


ACCEPTED = [
    *("file: a", "{file: 12, contains: 5}", "{file: a, contains: [a, 1], mode: 0644}"),
    *("{file: a, mode: 644}", '{file: a, mode: "0o644"}', "{file: a, min_size: 10kB}"),
    *("{file: a, min_size: 1000}", "{file: a, max_age: 1d}", "{file: a, count: {ge: 2}}"),
    *("{file: a, json: {a.b: 1.5, c: null, d: [1, {e: f}]}}", "{file: a, timeout: '${t}'}"),
    *("{command: [a, 1, x]}", "command: test -e a", "{command: [a], exit: [0, 3]}"),
    *("{command: [a], stdout: {contains: x, json: {a: {ne: 2}}}}", "{file: a, within: 0}"),
    *('{command: [a], env: {A: 1, B: "x"}}', "{file: a, successes: '3', required: false}"),
    *("{http: 'http://a/', method: POST, status: 200}", "{http: '${u}/x', method: '${m}'}"),
    *("{http: 'https://a/', headers: {A: b}, body: {matches: x}}", "{tcp: 'a:1', expect: [a, b]}"),
    *("{tcp: 'a:1', expect: {contains: b}}", "{script: a.sh, expect: {x: {lt: 5}}, pins: a*}"),
    *("{file: '${i}', for_each: {i: '${l}'}}", "{file: '${i}.${j}', for_each: {i: [a], j: [1]}}"),
]
VARS = "vars: {t: 5s, u: 'http://a', m: PUT, l: [a, b]}\n"


@pytest.mark.parametrize("check", ACCEPTED)
def test_checks_that_load(check: str) -> None:
    assert loads(plan(check, names=VARS)), "the reader refuses it"
    assert mistakes(plan(check, names=VARS)) == []


REFUSED = [
    *("{}", "{file: a, http: 'http://a/'}", "{flie: a}", "{file: a, statsu: 1}", "{file: [a]}"),
    *("{file: a, mode: rw}", "{file: a, min_size: 3 kB}", "{file: a, max_age: 10}", "just text"),
    *(
        "{file: a, exists: maybe}",
        "{file: a, contains: []}",
        "{file: a, json: {}}",
        "{oracle: a}",
    ),
    *("{file: a, json: {a: {larger: 1}}}", "{file: a, successes: 0}", "{file: a, timeout: 10}"),
    *(
        "{http: 'ftp://a/'}",
        "{http: 'http://a/', method: FETCH}",
        "{http: 'http://a/', status: ok}",
    ),
    *("{http: 'http://a/', body: text}", "{http: 'http://a/', headers: [a]}", "{command: {a: b}}"),
    *("{command: [a], stdout: {says: b}}", "{command: [a], env: {A-B: c}}", "{file: null}"),
    *("{file: a, for_each: [a]}", "{file: a, for_each: {}}", "{file: a, required: 'false'}"),
]


@pytest.mark.parametrize("check", REFUSED)
def test_checks_that_do_not_load(check: str) -> None:
    assert not loads(plan(check))
    assert mistakes(plan(check))


PLANS = {
    "a key is missing": GOOD.replace("title: A plan that loads\n", ""),
    "another schema": GOOD.replace("plan@1", "plan@2"),
    "an id with capitals": GOOD.replace("id: good", "id: Good"),
    "an unknown key": GOOD + "phaess: []\n",
    "an unknown key of a phase": GOOD + "    verfiy: []\n",
    "no phases": GOOD.split("phases:")[0] + "phases: []\n",
    "phases are no list": GOOD.split("phases:")[0] + "phases: {}\n",
    "an empty title": GOOD.replace("title: One", 'title: " "'),
    "inputs are no list": GOOD + "inputs: DATE\n",
    "a name that is none": GOOD + "inputs: [A-B]\n",
    "a list at the top": "- a\n",
    "a part without checks": GOOD + "    parts: [{title: A}]\n",
    "a tag of two words": GOOD + "tags: [a b]\n",
    "a word for later": GOOD + "policy: {}\n",
}


@pytest.mark.parametrize("name", PLANS)
def test_plans_that_do_not_load(name: str) -> None:
    assert mistakes(GOOD) == []
    assert not loads(PLANS[name])
    assert mistakes(PLANS[name])


def test_most_of_the_bad_plans_are_refused() -> None:
    bad = sorted((REPOSITORY / "tests/bad_plans").glob("*.yaml"))
    found = {path.name for path in bad if mistakes(path.read_text(encoding="utf-8"))}
    unseen = {path.name for path in bad} - found
    # What only a reader knows: names, circles, texts that cannot fail.
    assert unseen <= {
        "inputs_and_secrets.yaml",
        "names.yaml",
        "needs.yaml",
        "needs_in_a_circle.yaml",
        "needs_itself.yaml",
        "nothing_asserted.yaml",
        "paths.yaml",
        "placeholders.yaml",
    }


def test_its_keys_are_the_readers() -> None:
    definitions = SCHEMA["$defs"]
    assert set(SCHEMA["properties"]) == set(plan_yaml._PLAN_KEYS)
    assert set(definitions["phase"]["properties"]) == set(plan_phases._PHASE_KEYS)
    assert set(definitions["part"]["properties"]) == set(plan_phases._PART_KEYS)
    for kind in KINDS:
        words = {word_of(name) for name in converters(load(kind)) if name != "subject"}
        parameters = words | {kind, "for_each"}
        assert set(definitions[f"check_{kind}"]["properties"]) == parameters


def test_every_key_is_described() -> None:
    definitions = SCHEMA["$defs"]
    groups = [SCHEMA, definitions["phase"], definitions["part"]]
    groups += [definitions[f"check_{kind}"] for kind in KINDS]
    for group in groups:
        for name, schema in group["properties"].items():
            assert schema["description"].strip(), name
        assert group["additionalProperties"] is False


@pytest.mark.parametrize("kind", KINDS)
def test_the_documentation_of_a_kind(kind: str) -> None:
    """Its example loads and is valid, each parameter says what it is and what its value looks like."""
    found = docs(kind)
    assert found.summary.endswith(".")
    assert "\n" not in found.summary
    assert found.example
    assert found.parameters[0].name == kind
    words = {word_of(name) for name in converters(load(kind)) if name != "subject"}
    assert {p.name for p in found.parameters} == words | {kind}
    for parameter in found.parameters:
        assert parameter.doc, parameter.name
        assert parameter.words, parameter.name
    for tree in examples(found):
        wrong: list[Any] = []
        names = references(tree)
        parse(tree, lambda *problem, wrong=wrong: wrong.append(problem), inputs=names)
        assert not wrong
        check = {"$defs": SCHEMA["$defs"], "$ref": "#/$defs/check"}
        jsonschema.Draft202012Validator(check).validate(plain(value_of(tree)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_default_is_what_its_field_reads(kind: str) -> None:
    """What the documentation calls the default gives the default when it is written out."""
    defaults = {each.name: each for each in docs(kind).parameters if each.default}
    class_ = load(kind)
    blank = {f.name: f.default for f in msgspec.structs.fields(class_)}
    for name, convert in converters(class_).items():
        word = word_of(name)
        if word in defaults and name != "subject":
            read = convert.read(Scalar(defaults[word].default, plain=True))
            assert read == blank[name] or (read,) == blank[name], name


WRITTEN = [
    *("text", "'text'", "12", "'12'", "1.5", "-1", "true", "false", "'true'", "0644", "0o644"),
    *("30s", "0", "250ms", "120MB", "64KiB", "1kB", "a.b", "a/b", "http://h/", "h:80", "numeric"),
    *("latest", "'>= 3'", "main", f"{'0' * 64}", f"'sha256:{'a' * 64}'", "abcdef1", "'^a$'", "~"),
    *("[a]", "[a, b]", "[1, 2]", "[200]", "[a, 1]", "[{a: b}]", "[{id: a}]", "[[a, b], [c, d]]"),
    *("{a: b}", "{a: 1}", "{ge: 2}", "{contains: a}", "{matches: a, lacks: b}", "{a: {ge: 2}}"),
    *("{a: true}", "{a: [b, c]}", "{user: a, password: b}", "{json: {a: 1}}", "{a: {b: c}}"),
    *(
        "{of: a, field: b}",
        "{of: a, field: [b, c]}",
        "{files: a}",
        "{a: {files: b}}",
        "{equals: 1}",
    ),
]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_never_stricter_than_the_reader(kind: str) -> None:
    """Whatever the converter of a parameter takes, its schema takes."""
    properties = SCHEMA["$defs"][f"check_{kind}"]["properties"]
    taken = 0
    for name, convert in converters(load(kind)).items():
        word = kind if name == "subject" else word_of(name)
        schema = properties[word] | {"$defs": SCHEMA["$defs"]}
        validator = jsonschema.Draft202012Validator(schema)
        for text in WRITTEN:
            tree = loader.read_tree(f"x: {text}", "x")["x"]
            try:
                convert.read(tree)
            except ValueError:
                continue
            taken += 1
            assert validator.is_valid(plain(value_of(tree))), (word, text)
    assert taken > 20


# Errors


def test_every_kind_of_error_is_told() -> None:
    assert set(MEANINGS) == set(Kind)
    assert {str(kind): meaning.exit for kind, meaning in MEANINGS.items()} == EXITS
    assert len({meaning.text for meaning in MEANINGS.values()}) == len(Kind)
    assert all(meaning.exit in CODES for meaning in MEANINGS.values())
    assert set(CODES) == {0, *EXITS.values()}


def test_the_command_tells_every_kind(project: Any, tmp_path: Path) -> None:
    forked = Forked(project.root, tmp_path)
    rows = forked.ask("schema", "--errors").ok().data["errors"]
    assert {row["kind"]: row["exit"] for row in rows} == EXITS
    text = forked.run("schema", "--errors").ok().out
    for row in rows:
        assert re.search(rf"^ *{row['exit']}  {row['kind']} +\S", text, re.MULTILINE)


def test_an_error_that_asks_for_a_person_is_of_such_a_kind() -> None:
    """Every `person=True` of the program stands beside a kind that says so."""
    kinds = {c.__name__: c.default_kind for c in _classes(TodoError)}
    seen = 0
    for path in sorted((REPOSITORY / "todo_manager").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and _argument(call, "person") == "True":
                if ast.unparse(call.func) == "Meaning":
                    continue
                named = _argument(call, "kind").removeprefix("Kind.")
                kind = Kind[named] if named in Kind.__members__ else kinds[ast.unparse(call.func)]
                assert MEANINGS[kind].person, (path.name, kind)
                seen += 1
    assert seen >= 3


def _classes(base: type[TodoError]) -> list[type[TodoError]]:
    return [base, *(each for below in base.__subclasses__() for each in _classes(below))]


def _argument(call: ast.Call, name: str) -> str:
    return next((ast.unparse(k.value) for k in call.keywords if k.arg == name), "")
