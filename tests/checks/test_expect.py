"""What a check expects of values and of texts."""

from __future__ import annotations

from typing import Any

import pytest

from todo_manager.canonical import Scalar, Seq
from todo_manager.checks.expect import (
    MISSING,
    at,
    expectation,
    load_json,
    path_steps,
    paths,
    value_of,
)
from todo_manager.checks.fields import Wrong
from todo_manager.checks.textmatch import judge_text, not_text, text_match
from todo_manager.documents.loader import read_tree
from todo_manager.model import Output, Verdict


def yaml(text: str) -> Any:
    return read_tree(f"a: {text}", "f")["a"]


STEPS = {
    "a": ["a"],
    "a.b": ["a", "b"],
    "a.b[0]": ["a", "b", 0],
    "[0]": [0],
    "[0][12].a": [0, 12, "a"],
    "a-b.$ref": ["a-b", "$ref"],
    "a b.0": ["a b", "0"],
}


@pytest.mark.parametrize(("path", "steps"), STEPS.items())
def test_paths(path: str, steps: list[Any]) -> None:
    assert path_steps(path) == steps


@pytest.mark.parametrize(
    "path", ["", ".", ".a", "a.", "a..b", "a.*", "*", "a[*]", "a[", "a[-1]", "a[b]"]
)
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(Wrong):
        paths({path: Scalar("x")})


DOCUMENT = load_json('{"a": {"b": [1, null, {"c": "d"}]}, "e": null, "0": "zero", "f": "text"}')
FOUND = {
    "a.b[0]": 1,
    "a.b[1]": None,
    "a.b[2].c": "d",
    "e": None,
    "0": "zero",
    "a.b[3]": MISSING,
    "a.b.0": MISSING,
    "a[0]": MISSING,
    "e.x": MISSING,
    "f[0]": MISSING,
    "f.length": MISSING,
    "x": MISSING,
    "[0]": MISSING,
}


@pytest.mark.parametrize(("path", "value"), FOUND.items())
def test_what_stands_at_a_path(path: str, value: Any) -> None:
    found = at(DOCUMENT, path)
    assert found is value or (found == value and type(found) is type(value))


NUMBERS = [
    ("1.50", "1.5", True),
    ("1e2", "100", True),
    ("-0", "0", True),
    ("1e400", "1e401", False),
]
NUMBERS += [("0.1", "0.10000000000000001", False), ("12345678901234567890", "1.2e19", False)]


@pytest.mark.parametrize(("there", "wanted", "same"), NUMBERS)
def test_numbers_are_exact(there: str, wanted: str, same: bool) -> None:
    assert expectation(yaml(wanted)).holds(load_json(there)) is same


ORDER = [("lt", "2", "1.9", True), ("lt", "2", "2", False), ("le", "2", "2.0", True)]
ORDER += [("gt", "2", "2", False), ("gt", "-1", "0", True), ("ge", "2", "2", True)]
ORDER += [("ge", "0", "true", False), ("lt", "2", '"1"', False), ("gt", "0", "null", False)]
ORDER += [("le", "2", "[1]", False)]


@pytest.mark.parametrize(("operator", "wanted", "there", "so"), ORDER)
def test_order(operator: str, wanted: str, there: str, so: bool) -> None:
    assert expectation(yaml(f"{{{operator}: {wanted}}}")).holds(load_json(there)) is so
    assert expectation(yaml(f"{{{operator}: {wanted}}}")).holds(MISSING) is False


OTHERS = [("contains", "a", '["a"]', True), ("contains", '"1"', "[1]", False)]
OTHERS += [("contains", "[1]", "[[1], 2]", True), ("contains", "a", '{"a": 1}', False)]
OTHERS += [("contains", "1", '"1"', False), ("matches", "^b", '"a\\nb"', True)]
OTHERS += [("matches", "1", "1", False), ("ne", "1", '"1"', True), ("ne", "true", "true", False)]
OTHERS += [("exists", "true", "null", True), ("exists", "false", "null", False)]


@pytest.mark.parametrize(("operator", "wanted", "there", "so"), OTHERS)
def test_other_operators(operator: str, wanted: str, there: str, so: bool) -> None:
    assert expectation(yaml(f"{{{operator}: {wanted}}}")).holds(load_json(there)) is so


@pytest.mark.parametrize("wanted", ["null", "a", "{ne: a}", "{contains: a}", "{matches: a}", "[]"])
def test_what_is_missing_is_nothing_else(wanted: str) -> None:
    assert expectation(yaml(wanted)).holds(MISSING) is False


REFUSED = ["~", "", "{}", "{eq: 1}", "{ne: 1, lt: 2}", "{lt: '1'}", "{lt: true}", "{ge: [1]}"]
REFUSED += [
    "{contains: ''}",
    "{contains: ~}",
    "{matches: [a, b]}",
    "{matches: []}",
    "{matches: 'a*'}",
]
REFUSED += ["{exists: 'true'}", "{exists: ~}", "{ne: }", "9" * 5000]


@pytest.mark.parametrize("wanted", REFUSED, ids=lambda text: text[:20])
def test_expectations_that_cannot_be(wanted: str) -> None:
    with pytest.raises(Wrong):
        expectation(yaml(wanted))


def test_nothing_but_absence_is_no_expectation() -> None:
    absent = yaml("{exists: false}")
    with pytest.raises(Wrong, match="add a path that is there"):
        paths({"a": absent, "b.c": absent})
    assert len(paths({"a": absent, "b": Scalar("c")})) == 2


NO_JSON = ["", "{", "[1,]", "{'a': 1}", "NaN", "[Infinity]", '{"a": 1, "a": 2}']
NO_JSON += ['[{"a": 1, "a": 1}]', "[" * 100_000, "1e99999999999999999999", "9" * 5000, "{} {}"]
NO_JSON += ["\ufeff{}"]


@pytest.mark.parametrize("text", NO_JSON, ids=lambda text: text[:20])
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        load_json(text)


def test_values_of_other_documents() -> None:
    """In a file that is looked at, nothing and `~` are null, as everybody means them."""
    tree = read_tree("a:\nb: ~\nc: ''\nd: [~, 1, '1', on]\ne: {f: null}\n", "f")
    wanted = {"a": None, "b": None, "c": "", "d": [None, 1, "1", "on"], "e": {"f": None}}
    assert value_of(tree) == wanted


def output(text: str, *, truncated: bool = False) -> Output:
    data = text.encode()
    return Output(stream="stdout", size=len(data), sha256="", kept=data, truncated=truncated)


TEXTS: list[tuple[str, str, bool]] = [
    ("{contains: ok}", "it is ok", True),
    ("{contains: [ok, it]}", "it is ok", True),
    ("{contains: [ok, no]}", "it is ok", False),
    ("{matches: '^b$'}", "a\nb\nc", True),
    ("{matches: [a, d]}", "a\nb\nc", False),
    ("{contains: a, lacks: b}", "a c", True),
    ("{contains: a, lacks: b}", "a b", False),
    ("{equals: a}", "a\n", True),
    ("{equals: a}", "a b", False),
    ("{equals: ''}", "", True),
    ("{equals: ''}", "a", False),
    ("{equals: 1.0}", "1.0", True),
    ("{equals: 1.0}", "1", False),
    ("{equals: true}", "true", True),
    ("{json: {a: 1}}", '{"a": 1}', True),
    ("{json: {a: 1}}", '{"a": 2}', False),
    ("{json: {a: 1}}", "a: 1", False),
    ("{json: {a: 1}}", "", False),
]


@pytest.mark.parametrize(("wanted", "text", "so"), TEXTS)
def test_texts(wanted: str, text: str, so: bool) -> None:
    verdicts = {j.verdict for j in judge_text("stdout", output(text), text_match(yaml(wanted)))}
    assert (verdicts == {Verdict.PASSED}) is so
    assert Verdict.ERROR not in verdicts


CUT = [("{contains: ok}", Verdict.PASSED), ("{contains: no}", Verdict.ERROR)]
CUT += [("{matches: ok}", Verdict.PASSED), ("{matches: no}", Verdict.ERROR)]
CUT += [("{contains: ok, lacks: no}", Verdict.ERROR), ("{contains: it, lacks: ok}", Verdict.FAILED)]
CUT += [("{equals: it is ok}", Verdict.ERROR), ("{json: {a: 1}}", Verdict.ERROR)]


@pytest.mark.parametrize(("wanted", "verdict"), CUT)
def test_what_was_not_kept_was_not_seen(wanted: str, verdict: Verdict) -> None:
    found = judge_text("stdout", output("it is ok", truncated=True), text_match(yaml(wanted)))
    assert found[-1].verdict == verdict


REFUSED_TEXTS = ["a", "[a]", "{}", "{contain: a}", "{contains: []}", "{lacks: a}", "{equals: }"]
REFUSED_TEXTS += ["{equals: ~}", "{equals: [a]}", "{json: {}}", "{json: a}", "{matches: ''}"]


@pytest.mark.parametrize("wanted", REFUSED_TEXTS)
def test_texts_that_cannot_be(wanted: str) -> None:
    with pytest.raises(Wrong):
        text_match(yaml(wanted))


def test_lacks_may_stand_alone_where_silence_is_normal() -> None:
    assert text_match(yaml("{lacks: a}"), lacks_alone=True).lacks == ("a",)


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"a", True), ("é".encode(), True), ("a".encode("utf-16"), False), (b"\xff", False)],
)
def test_what_can_be_searched(data: bytes, text: bool) -> None:
    assert (not_text(data) == "") is text


def test_a_list_of_one_text(check: Any) -> None:
    found = check({"command": ["a"], "stdout": {"contains": Seq([Scalar("b")])}})
    assert found.stdout.contains == ("b",)


@pytest.mark.parametrize(
    ("pattern", "so"), [("a{3}", True), ("a$", False), ("^a", False), ("b", False)]
)
def test_a_pattern_that_touches_the_cut_of_a_long_output_does_not_count(pattern, so):
    from todo_manager.checks.textmatch import judge_text, text_match
    from todo_manager.processes.capture import Capture

    capture = Capture("stdout")
    capture.add(b"z" + b"a" * 3_000_000 + b"z")
    found = judge_text("stdout", capture.output(), text_match({"matches": Scalar(pattern)}))
    assert (found[0].verdict == "passed") is so


@pytest.mark.parametrize("value", ["{ne: {b: ~}}", "[1, ~]", "{ne: {b: [{c: }]}}", "{contains: ~}"])
def test_nothing_written_is_refused_at_any_depth(project: Any, value: str) -> None:
    """Kept as the text "~" it would be another value than null, and `ne` would pass on it."""
    project.plan(
        "p", f"- {{title: T, verify: [{{file: a, json: {{a: {value}}}}}]}}", imported=False
    )
    told = project.ask("lint", "plans/p.yaml").refused("invalid_document").data["problems"]
    assert "has no value: write null" in told[0]
