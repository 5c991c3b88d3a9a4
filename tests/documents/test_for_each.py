"""`for_each`, `parts`, `tags` and `text`: what they become, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from forked import Forked
from gated import new_project
from support import Project


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Forked:
    return new_project(tmp_path_factory.mktemp("for_each"))  # type: ignore[return-value]


APPS = (
    "vars:\n  apps: [{name: registry, port: 8200}, {name: twin, port: 8220}]\n  letters: [a, b]\n"
)


def checks(project: Project, verify: str, head: str = APPS) -> list[dict[str, Any]]:
    """The checks of a plan with one phase, as show has them, in an order of ids and subjects."""
    id_ = f"p{len(list(project.root.glob('plans/*')))}"
    project.plan(id_, f"- title: One\n  verify:\n{verify}", head=head)
    found: list[dict[str, Any]] = project.ask("show", id_).data["plan"]["phases"][0]["checks"]
    return found


def refused(project: Project, verify: str, head: str = APPS) -> str:
    """What lint says of such a plan, which does not load."""
    project.plan("bad", f"- title: One\n  verify:\n{verify}", head=head, imported=False)
    ran = project.ask("lint", "plans/bad.yaml").refused("invalid_document")
    return "\n".join(ran.json["data"]["problems"])


def test_a_check_becomes_one_for_each_item(place: Forked) -> None:
    found = checks(
        place,
        """
    - file: a
    - for_each: {s: "${apps}"}
      http: "http://localhost:${s.port}/health"
      json: {status: ok, name: "${s.name}"}
    - file: b
    """,
    )
    assert [(c["id"], c["subject"]) for c in found] == [
        ("v1", "a"),
        ("v2[registry]", "http://localhost:8200/health"),
        ("v2[twin]", "http://localhost:8220/health"),
        ("v3", "b"),
    ]


def test_single_values_names_and_combinations(place: Forked) -> None:
    found = checks(
        place,
        """
    - {for_each: {f: [one, two]}, file: "${f}.txt"}
    - {for_each: {f: ["1.0", "x y"], n: "${letters}"}, file: "${f}/${n}", name: "There is ${f} of ${n}"}
    """,
    )
    assert [c["id"] for c in found] == [
        "v1[one]", "v1[two]",
        "there-is-of[1-0,a]", "there-is-of[1-0,b]", "there-is-of[x-y,a]", "there-is-of[x-y,b]",
    ]  # fmt: skip
    assert [c["name"] for c in found][2] == "There is 1.0 of a"
    assert [c["subject"] for c in found][5] == "x y/b"


def test_a_command_gets_the_item_through_its_environment(place: Forked) -> None:
    place.write("one.txt", "1")
    verify = """
    - for_each: {f: [one, two]}
      command: 'test -e "$FILE"'
      env: {FILE: "${f}.txt"}
    """
    place.plan("env", f"- title: One\n  verify:\n{verify}")
    rows = place.ask("verify", "env", 0).data["phases"][0]["checks"]
    assert {row["id"]: row["verdict"] for row in rows} == {
        "v1[one]": "passed", "v1[two]": "failed",
    }  # fmt: skip
    place.write("two.txt", "2")
    place.ask("done", "env", 0).ok()


def test_the_definition_is_what_it_expanded_to(place: Forked) -> None:
    """Another list is another definition, and another order of writing the same is not."""
    verify = '- title: One\n  verify: [{for_each: {f: "${l}"}, file: "${f}"}]'
    place.plan("same", verify, head="vars: {l: [a, b]}\n")
    digest = place.ask("show", "same").data["plan"]["digest"]
    place.plan("same", verify.replace('"${l}"', "[a, b]"), head="vars: {l: [x]}\n")
    assert place.ask("show", "same").data["plan"]["digest"] == digest
    place.plan("same", verify, head="vars: {l: [a, c]}\n", imported=False)
    place.ask("import", "plans/same.yaml").refused("source_changed")


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ('{for_each: {s: []}, file: "${s}"}', "the list is empty"),
        ('{for_each: {s: "${none}"}, file: "${s}"}', "${none} is not declared"),
        ('{for_each: {s: "${word}"}, file: "${s}"}', "expected a list"),
        ('{for_each: {s: a}, file: "${s}"}', "expected a list"),
        ('{for_each: "v1[x]", file: "a"}', "expected a mapping of a name to a list"),
        ("{for_each: {}, file: a}", "expected a mapping of a name to a list"),
        ("{for_each: {s: [a, b]}, file: a}", "without using ${s}"),
        ('{for_each: {s: [a, a]}, file: "${s}"}', "has the id v1[a]"),
        ('{for_each: {apps: [a]}, file: "${apps}"}', "the name apps is declared already"),
        ('{for_each: {"1": [a]}, file: "${1}"}', "the name 1 is not a name"),
        ('{for_each: {s: "${apps}"}, file: "${s}"}', "${s} is no single value of the item"),
        ('{for_each: {s: "${apps}"}, file: "${s.size}"}', "${s.size} is no single value of the item"),
        ('{for_each: {s: [a]}, file: "${t.port}${s}"}', "${t.port} is not declared"),
        ('{for_each: {s: [a]}, command: "echo $s"}', "nothing is replaced in shell text"),
        ('{for_each: {s: [a]}, command: "echo ${s.x}"}', "env: {ITEM:"),
        ('{for_each: {s: ["${DATE}"]}, file: "${s}"}', "DATE has its value only when a check runs"),
        ('{for_each: {s: [[a]]}, file: "${s}"}', "items are single values or mappings"),
        ('{for_each: {s: [a], t: [b]}, statsu: 1, file: "${s}${t}"}', ".statsu: unknown parameter"),
    ],
)  # fmt: skip
def test_what_is_refused(place: Forked, check: str, words: str) -> None:
    head = f"{APPS}  word: one\ninputs: [DATE]\n"
    told = refused(place, f"    - {check}", head)
    assert words in told
    assert len(told.splitlines()) == 1


def test_a_thousand_is_enough_and_a_plan_stays_small(place: Forked) -> None:
    many = ", ".join(f"a{n}" for n in range(40))
    told = refused(place, f'    - {{for_each: {{s: [{many}], t: [{many}]}}, file: "${{s}}${{t}}"}}')
    assert "makes 1600 checks of one; 1000 at most" in told
    long = f'    - {{for_each: {{s: [{many}]}}, file: "${{s}}", contains: "{"x" * 60000}"}}'
    assert "vars and for_each make the plan longer than 2 MB" in refused(place, long)


PARTS = """
- title: Split
  verify: [{file: a}]
  parts:
    - {title: Core, explain: The inner half., note: Mind the gap., verify: [{file: core}, {file: x, name: The X}]}
    - {title: Edge, verify: [{for_each: {n: [1, 2]}, file: "edge${n}"}]}
"""


def test_parts_are_checked_with_their_phase(project: Project) -> None:
    project.plan("p", PARTS)
    shown = project.ask("show", "p").data["plan"]["phases"][0]
    assert [(c["id"], c["part"]) for c in shown["checks"]] == [
        ("v1", None), ("1.v1", 1), ("1.the-x", 1), ("2.v1[1]", 2), ("2.v1[2]", 2),
    ]  # fmt: skip
    assert shown["parts"][0] == {
        "index": 1, "title": "Core", "explain": "The inner half.", "note": "Mind the gap.",
    }  # fmt: skip
    for name in ("a", "core", "edge1", "edge2"):
        project.write(name, "1")
    project.ask("done", "p", 0).refused("check_failed")
    project.write("x", "1")
    done = project.ask("done", "p", 0).ok().data
    assert len(done["checks"]) == 5
    project.ask("audit").ok()


def test_one_part_can_be_looked_at_and_never_counts(project: Project) -> None:
    project.plan("p", PARTS)
    project.write("edge1", "1")
    project.write("edge2", "2")
    row = project.ask("verify", "p", "0.2").ok().data["phases"][0]
    assert [c["id"] for c in row["checks"]] == ["2.v1[1]", "2.v1[2]"]
    assert row["does_not_count"] == "only part 2 of it was run"
    assert project.states("p") == ["ready"]
    project.ask("verify", "p", "0.1").refused("check_failed")
    assert project.states("p") == ["ready"]
    project.ask("verify", "p", "0.3").refused("unknown_phase")
    told = project.ask("done", "p", "0.1").refused("usage")
    assert "has no mark of its own; the phase is 0" in told.error["message"]


def test_a_part_that_passes_renews_nothing(project: Project) -> None:
    """A phase that regressed must not be renewed by looking at half of it."""
    project.plan("p", PARTS)
    for name in ("a", "core", "x", "edge1", "edge2"):
        project.write(name, "1")
    project.ask("done", "p", 0).ok()
    (project.root / "core").unlink()
    project.ask("verify", "p", 0).refused("check_failed")
    project.ask("verify", "p", "0.2").ok()
    assert project.states("p") == ["regressed"]


def test_what_is_wrong_in_a_part_is_told_with_its_place(project: Project) -> None:
    phases = """
    - title: A
      parts:
        - {title: No checks, verify: []}
        - {verify: [{file: a, statsu: 1}]}
        - nothing
        - {title: T, verify: [{file: a, pins: [gone]}], needs: [a]}
    """
    project.plan("p", phases, imported=False)
    told = "\n".join(
        project.ask("lint", "plans/p.yaml").refused("invalid_document").data["problems"]
    )
    for words in (
        "phases[0].parts[0].verify: a part without a check says nothing",
        "phases[0].parts[1]: the key title is missing",
        "phases[0].parts[1].verify[0].statsu: unknown parameter",
        "phases[0].parts[2]: a part is a mapping",
        "phases[0].parts[3].needs: unknown key",
    ):
        assert words in told


def test_a_pin_of_a_part_is_bound(project: Project) -> None:
    project.write("pin", "1")
    project.write("a", "1")
    project.plan("p", "- {title: T, parts: [{title: P, verify: [{file: a, pins: [pin]}]}]}")
    project.ask("done", "p", 0).ok()
    project.write("pin", "2")
    assert project.states("p") == ["stale"]
    project.ask("done", "p", 0).refused("definition_changed")


def test_tags_are_outside_the_definition(project: Project) -> None:
    project.plan("p", "- {title: T, tags: [backend, db], verify: [{file: a}]}", head="tags: [x]\n")
    before = project.ask("show", "p").data["plan"]
    assert before["tags"] == ["x"]
    assert before["phases"][0]["tags"] == ["backend", "db"]
    project.plan("p", "- {title: T, tags: [other], verify: [{file: a}]}")
    after = project.ask("show", "p").data["plan"]
    assert (after["digest"], after["tags"]) == (before["digest"], [])
    assert after["phases"][0]["tags"] == ["other"]
    project.plan("q", "- {title: T, tags: [two words, {a: 1}]}", imported=False)
    told = project.ask("lint", "plans/q.yaml").refused("invalid_document").data["problems"]
    assert ["not a tag" in line or "not a list or mapping" in line for line in told] == [True, True]


def test_the_text_of_a_phase_may_be_given_apart(project: Project) -> None:
    project.plan("p", '- {title: T, explain: E, text: "All of\\n it", verify: [{file: a}]}')
    phase = project.ask("show", "p").data["plan"]["phases"][0]
    assert (phase["explain"], phase["text"]) == ("E", "All of\n it")
