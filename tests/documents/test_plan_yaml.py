"""The strict reader of plan@1: what is refused, where, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from todo_manager.checks import KINDS, LATER_KINDS, LATER_PARAMETERS

FIRST_CHECK = 7
"""The line on which the first check of `plan(...)` stands, without names before the phases."""


def at(line: int, path: str, message: str) -> str:
    return f"plans/x.yaml:{line}: {path}: {message}"


def below(path: str, message: str, line: int = FIRST_CHECK) -> str:
    """A problem of the first check."""
    return at(line, f"phases[0].verify[0]{path}", message)


def test_everything_wrong_is_told_at_once(lint: Any) -> None:
    found = lint(
        """\
schema: todo_manager/plan@2
id: No Id
titel: X
inputs: [DATE, PATH, DATE]
secrets: TOKEN
vars:
  a: "${b}"
  b: "${a}"
phases:
  - title: One
    explain: [no]
    needs: [two]
    verify:
      - http: "http://a:1/"
        statsu: 200
        timeout: soon
        within: "3"
      - file: docs/<org>/plan.md
        contains: []
  - just a word
  - key: Two
    title: ~
    parts: []
"""
    )
    assert found.exit == 2
    assert sorted(found.problems, key=lambda line: int(line.split(":")[1])) == [
        "plans/x.yaml:1: the key title is missing",
        at(1, "schema", "this version reads todo_manager/plan@1"),
        at(2, "id", "'No Id' is not an id: a-z 0-9 . _ - only, beginning with a-z or 0-9"),
        at(3, "titel", "unknown key (did you mean title?)"),
        at(
            4,
            "inputs[1]",
            "the name PATH steers how programs run and cannot be handed over; choose another",
        ),
        at(4, "inputs[2]", "the name DATE is declared twice (also under inputs)"),
        at(5, "secrets", "expected a list"),
        at(7, "vars.a", "refers to itself through other vars"),
        at(11, "phases[0].explain", "expected one value, not a list or mapping"),
        at(12, "phases[0].needs[0]", "there is no phase with the key 'two' (did you mean Two?)"),
        at(15, "phases[0].verify[0].statsu", "unknown parameter (did you mean status?)"),
        at(
            16,
            "phases[0].verify[0].timeout",
            "expected a duration like 30s, 10m or 250ms, not 'soon'",
        ),
        at(
            17,
            "phases[0].verify[0].within",
            "expected a duration like 30s, 10m or 250ms, not '3'",
        ),
        at(18, "phases[0].verify[1].file", "the placeholder <org> was never filled in"),
        at(19, "phases[0].verify[1].contains", "an empty list asserts nothing"),
        at(20, "phases[1]", "a phase is a mapping with a title"),
        at(
            21, "phases[2].key", "'Two' is not a key: a-z 0-9 . _ - only, beginning with a-z or 0-9"
        ),
        at(22, "phases[2].title", "has no value"),
        at(23, "phases[2].parts", "holds no part; write one, or leave the key out"),
    ]


def test_a_refused_document_stores_nothing(project: Any) -> None:
    project.plan("kept", "- title: One\n  verify: [{file: a}]")
    before = project.store_bytes()
    project.plan("x", "- title: One\n  verify: [{fiel: a}]", imported=False)
    refused = project.ask("import", "plans/x.yaml").refused("invalid_document")
    assert refused.data["problems"] == [
        "plans/x.yaml:6: phases[0].verify[0]: names no kind of check (did you mean file?); "
        f"known are {', '.join(KINDS)}"
    ]
    assert "todo_manager lint plans/x.yaml" in refused.error["hint"]
    assert project.store_bytes() == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "schema: todo_manager/plan@1\n",
        "id: x\n",
        "schema: todo_manager/plan@1\nid: x\ntitle: X\n",
    ],
)
def test_what_a_plan_must_have(lint: Any, text: str) -> None:
    assert lint(text + "source: none\n").exit == 2


@pytest.mark.parametrize("value", ["", "~", "null", '""', '"  "', "[x]", "{a: b}", "true"])
@pytest.mark.parametrize("key", ["schema", "id", "title"])
def test_a_plan_says_what_it_is(lint: Any, plan: Any, key: str, value: str) -> None:
    line = {"schema": 1, "id": 2, "title": 3}[key]
    lines = plan("file: a").splitlines()
    lines[line - 1] = f"{key}: {value}"
    found = lint("\n".join(lines) + "\n")
    assert len(found.problems) == 1, found
    assert found.problems[0].startswith(f"plans/x.yaml:{line}: {key}: ")


GOOD_IDS = ["a", "0", "docker_arch.v2-final", "2025-08-10", "0123456", "a..b"]
BAD_IDS = [
    "A",
    "-a",
    ".a",
    "_a",
    "a b",
    "a/b",
    "../a",
    "a'b",
    '"a\\"b"',
    '"a\\nb"',
    "é",
    "🗒️",
    "a:b",
]


@pytest.mark.parametrize("id_", GOOD_IDS)
def test_good_ids(lint: Any, plan: Any, id_: str) -> None:
    lint(plan("file: a").replace("id: x", f"id: {id_}")).loads()


@pytest.mark.parametrize("id_", BAD_IDS)
def test_bad_ids_and_keys(lint: Any, plan: Any, id_: str) -> None:
    found = lint(plan("file: a").replace("id: x", f"id: {id_}"))
    assert len(found.problems) == 1
    assert found.problems[0].startswith("plans/x.yaml:2: id: ")
    found = lint(plan("file: a").replace("title: One", f"key: {id_}\n    title: One"))
    assert len(found.problems) == 1
    assert found.problems[0].startswith("plans/x.yaml:5: phases[0].key: ")


LATER_PLAN = ["policy"]
LATER_PHASE = ["valid_for"]
LATER_CHECK = sorted(LATER_PARAMETERS)
LATER_KIND = sorted(LATER_KINDS)


def test_words_of_later_versions(lint: Any, plan: Any) -> None:
    """They are told from mistakes: nothing that does not work yet is accepted, or called unknown."""
    names = "".join(f"{word}: x\n" for word in LATER_PLAN)
    kinds = [f"{word}: x" for word in LATER_KIND]
    parameters = [f"{{file: a, {word}: x}}" for word in LATER_CHECK]
    phase = "".join(f"    {word}: x\n" for word in LATER_PHASE)
    text = plan(*kinds, *parameters, names=names).replace("    verify:", phase + "    verify:")
    paths = [
        *LATER_PLAN,
        *(f"phases[0].{word}" for word in LATER_PHASE),
        *(f"phases[0].verify[{n}].{word}" for n, word in enumerate([*LATER_KIND, *LATER_CHECK])),
    ]
    found = lint(text).problems
    assert all(line.endswith("not in this version") for line in found)
    assert [line.split(": ")[1] for line in found] == paths


CHECKS = {
    "no kind": ("{zzz: a}", "", "names no kind of check; known are attestation, "),
    "a near kind": ("htpp: a", "", "names no kind of check (did you mean http?); known are "),
    "two kinds": ("{file: a, tcp: 'b:1'}", "", "names 2 kinds (file, tcp); a check has exactly "),
    "a word": ("file", "", "a check is a mapping with one kind, like `file: docs/plan.md`"),
    "a list": ("[file]", "", "a check is a mapping with one kind"),
    "no parameter": ("{file: a, subject: b}", ".subject", "unknown parameter; file has "),
    "the id": ("{file: a, id: b}", ".id", "unknown parameter; file has "),
    "another kind's": ("{file: a, status: 200}", ".status", "unknown parameter"),
    "nothing": ("file:", ".file", "has no value"),
    "null": ("file: null", ".file", "has no value"),
    "a tilde": ("file: ~", ".file", "has no value"),
    "true": ("command: true", ".command", 'expected text; write "true" in quotes'),
    "no arguments": ("command: []", ".command", "an empty argument list runs nothing"),
    "nothing expected": ("{file: a, contains: []}", ".contains", "an empty list asserts nothing"),
    "anything expected": (
        "{file: a, contains: ''}",
        ".contains",
        "an empty or blank text is found",
    ),
    "everything matches": ("{file: a, matches: x*}", ".matches", "'x*' matches the empty text"),
    "nothing in it": ("{command: [a], stdout: {}}", ".stdout", "an empty mapping asserts nothing"),
    "only lacks": ("{command: [a], stdout: {lacks: b}}", ".stdout", "`lacks` alone also passes"),
    "required quoted": ("{file: a, required: 'no'}", ".required", "expected true or false"),
    "required: off": ("{file: a, required: off}", ".required", "expected true or false, not 'off'"),
    "successes: 0": ("{file: a, successes: 0}", ".successes", "must be at least 1"),
    "timeout: 0": ("{file: a, timeout: 0}", ".timeout", "must be longer than 0"),
    "no unit": ("{file: a, within: 30}", ".within", "expected a duration like 30s"),
    "upwards": ("script: ../x.sh", ".script", "'../x.sh' is not a plain path inside the project"),
    "outside": ("script: /x.sh", ".script", "'/x.sh' is not a plain path inside the project"),
    "a file upwards": ("file: ../x", ".file", "a relative path is below the project"),
    "no port": ("tcp: localhost", ".tcp", "expected host:port"),
    "no url": ("http: localhost", ".http", "expected a URL"),
    "a bad variable": ("{command: [a], env: {A B: c}}", ".env", "'A B' is not the name of a var"),
    "a path with =": ("{command: [a], env: {PATH=b: c}}", ".env", "'PATH=b' is not the name of a"),
}


@pytest.mark.parametrize(("check", "path", "message"), CHECKS.values(), ids=CHECKS)
def test_checks_that_are_refused(lint: Any, plan: Any, check: str, path: str, message: str) -> None:
    found = lint(plan(check))
    assert len(found.problems) == 1, found
    assert found.problems[0].startswith(below(path, message)), found


def test_every_bad_parameter_of_a_check_is_told(lint: Any, plan: Any) -> None:
    found = lint(plan("{file: a, timeout: x, within: y, every: z, contains: [], min_size: w}"))
    paths = [line.split(": ")[1].rpartition(".")[2] for line in found.problems]
    assert paths == ["timeout", "within", "every", "contains", "min_size"]


def test_warnings_have_their_place_too(lint: Any, plan: Any) -> None:
    found = lint(plan("file: a", "http: http://a:1/", "{tcp: 'a:1', name: b}")).loads()
    assert [line[: line.index("]: ") + 1] for line in found.warnings] == [
        "plans/x.yaml:8: phases[0].verify[1]",
        "plans/x.yaml:9: phases[0].verify[2]",
        "plans/x.yaml:5: phases[0]",
    ]
    assert "a static page would pass by its status alone" in found.warnings[0]


def test_a_phase_that_nothing_can_prove(lint: Any, project: Any) -> None:
    """It loads, `done` refuses it for good, and lint calls that an error."""
    phases = (
        "- title: A\n- title: B\n  verify: [{file: a, required: false}]\n- {title: C, verify: []}"
    )
    text = project.plan("x", phases).read_text()
    found = lint(text)
    assert (found.exit, found.problems) == (1, [])
    assert [line.split(": ")[1] for line in found.errors] == ["phases[0]", "phases[1]", "phases[2]"]
    assert "p1_check.sh" in found.errors[1]
    project.ask("done", "x", 0).refused("no_checks")


@pytest.mark.parametrize("name", ["plan.yaml", "plan.yml", "plan.txt"])
def test_a_plan_is_known_by_its_name_or_its_schema(project: Any, name: str) -> None:
    text = project.plan("x", "- title: One\n  verify: [{file: a}]", imported=False).read_text()
    project.write(name, text)
    assert project.ask("import", name).ok().data["plans"][0]["id"] == "x"
