"""Phases of a plan document: keys, order, ids of checks, and what is meant by what is written."""

from __future__ import annotations

import http.server
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from required import need

REPOSITORY = Path(__file__).resolve().parents[2]


def phases(project: Any, id_: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = project.ask("show", id_).ok().data["plan"]["phases"]
    return found


def test_keys_and_needs(project: Any) -> None:
    project.plan(
        "x",
        """\
        - title: "Set up: protocol & co."
        - {title: Build, key: build.v2}
        - {title: Größe messen, needs: []}
        - {title: "2025", needs: [build.v2, build.v2, set-up-protocol-co]}
        - title: Last
        """,
    )
    assert [(phase["key"], phase["needs"]) for phase in phases(project, "x")] == [
        ("set-up-protocol-co", []),
        ("build.v2", ["set-up-protocol-co"]),
        ("grosse-messen", []),
        ("2025", ["build.v2", "set-up-protocol-co"]),
        ("last", ["2025"]),
    ]


def test_texts_are_kept_and_never_replaced(project: Any) -> None:
    project.plan(
        "x",
        """\
        - title: About ${a} <org> at 22:22
          explain: |
            # ${a}
            on: off
          note: 0644
        """,
        head='description: "${nothing} $${a}"\nvars: {a: b}\n',
    )
    plan = project.ask("show", "x").ok().data["plan"]
    assert plan["description"] == "${nothing} $${a}"
    phase = plan["phases"][0]
    texts = (phase["title"], phase["explain"], phase["note"])
    assert texts == ("About ${a} <org> at 22:22", "# ${a}\non: off\n", "0644")


def lines(text: str) -> str:
    return f"schema: todo_manager/plan@1\nid: x\ntitle: X\nphases:\n{text}"


NOT_PHASES = {
    "none": ("[]", 4, "phases", "a plan has at least one phase"),
    "a mapping": ("{title: A}", 4, "phases", "expected a list"),
    "a word": ("[A]", 4, "phases[0]", "a phase is a mapping with a title"),
    "no title": ("[{key: a}]", 4, "phases[0]", "the key title is missing"),
    "no letters": ('[{title: "✔ ✔"}]', 4, "phases[0].title", "its letters make no key: write one"),
    "unknown key": (
        "[{title: A, verfy: []}]",
        4,
        "phases[0].verfy",
        "unknown key (did you mean ve",
    ),
    "verify is one": ("[{title: A, verify: {file: a}}]", 4, "phases[0].verify", "expected a list"),
    "needs is one": ("[{title: A, needs: b}]", 4, "phases[0].needs", "expected a list"),
    "needs nothing": ("[{title: A, needs: }]", 4, "phases[0].needs", "expected a list"),
    "needs a number": (
        "[{title: A}, {title: B, needs: [0]}]",
        4,
        "phases[1].needs[0]",
        "there is no phase with the key '0'",
    ),
    "needs a list": (
        "[{title: A, needs: [[a]]}]",
        4,
        "phases[0].needs[0]",
        "there is no phase with the key 'a list or mapping'",
    ),
    "needs a title": (
        "[{title: Set up}, {title: B, needs: [Set up]}]",
        4,
        "phases[1].needs[0]",
        "there is no phase with the key 'Set up' (did you mean set-up?)",
    ),
    "equal keys": (
        "[{title: A}, {title: B, key: a}]",
        4,
        "phases[1].key",
        "two phases have the key a (phases 0 and 1)",
    ),
    "equal titles": ("[{title: A}, {title: a!}]", 4, "phases[1].key", "two phases have the key a"),
    "itself": (
        "[{title: A, needs: [a]}]",
        4,
        "phases[0].needs",
        "goes round in a circle: a needs a",
    ),
    "a circle": (
        "[{title: A, needs: [c]}, {title: B}, {title: C}, {title: D}]",
        4,
        "phases[0].needs",
        "goes round in a circle: a needs c needs b needs a",
    ),
    "a circle apart": (
        "[{title: A}, {title: B, needs: [c]}, {title: C, needs: [b]}, {title: D, needs: [a]}]",
        4,
        "phases[1].needs",
        "goes round in a circle: b needs c needs b",
    ),
    "behind a circle": (
        "[{title: A, needs: [b]}, {title: B, needs: [c]}, {title: C, needs: [b]}]",
        4,
        "phases[1].needs",
        "goes round in a circle: b needs c needs b",
    ),
}


@pytest.mark.parametrize(("text", "line", "path", "message"), NOT_PHASES.values(), ids=NOT_PHASES)
def test_phases_that_are_refused(lint: Any, text: str, line: int, path: str, message: str) -> None:
    found = lint(lines("").removesuffix("\n") + f" {text}\n")
    assert len(found.problems) == 1, found
    assert found.problems[0].startswith(f"plans/x.yaml:{line}: {path}: {message}"), found


def test_ids_of_checks(project: Any) -> None:
    project.plan(
        "x",
        """\
        - title: A
          verify:
            - file: a
            - {file: a, name: "The way, back!"}
            - {file: a, name: "✔"}
            - {file: a, name: v1-2}
        - title: B
          verify: [{file: b}]
        """,
    )
    ids = [[check["id"] for check in phase["checks"]] for phase in phases(project, "x")]
    assert ids == [["v1", "the-way-back", "v3", "v1-2"], ["v1"]]


@pytest.mark.parametrize("names", [("a b", "A-B"), ("v2", ""), ("", "v1")])
def test_checks_with_one_id(lint: Any, plan: Any, names: tuple[str, str]) -> None:
    checks = [f"{{file: a, name: '{name}'}}" if name else "file: a" for name in names]
    found = lint(plan(*checks))
    assert len(found.problems) == 1
    assert found.problems[0].startswith("plans/x.yaml:8: phases[0].verify[1]: has the id ")


def test_arguments_arrive_as_they_were_written(project: Any) -> None:
    words = ["22:22", "0123456", "on", "off", "yes", "no", "0644", "1_000", ".5", "2025-08-10"]
    words += ["1e3", "1.0", "0x1F", "true", "+1"]
    project.plan(
        "x",
        f"""\
        - title: A
          verify:
            - command: [printf, "%s|", {", ".join(words)}]
              stdout: {{equals: "{"|".join(words)}|"}}
        """,
    )
    project.ask("done", "x", 0).ok()


EXPECTED = {
    # What the document holds, what the plan expects of it, whether that is so.
    "number": ("8080", "8080", True),
    "number, quoted": ("8080", '"8080"', False),
    "text, plain number": ('"8080"', "8080", False),
    "text, quoted": ('"8080"', '"8080"', True),
    "number, other spelling": ("1.50", "1.5", True),
    "number with exponent": ("1000", "1e3", True),
    "large numbers": ("9007199254740993", "9007199254740992", False),
    "true": ("true", "true", True),
    "true, quoted": ("true", '"true"', False),
    "true is not 1": ("1", "true", False),
    "1 is not true": ("true", "1", False),
    "True is text": ('"True"', "True", True),
    "on is text": ('"on"', "on", True),
    "on is not true": ("true", "on", False),
    "null": ("null", "null", True),
    "null, quoted": ('"null"', '"null"', True),
    "null is not missing": ("null", "{exists: true}", True),
    "empty": ('""', '""', True),
    "a time": ('"22:22"', "22:22", True),
    "not sexagesimal": ("1342", "22:22", False),
    "not octal": ("420", "0644", False),
    "leading zero": ('"0644"', "0644", True),
    "grouped": ("1000", "1_000", False),
    "half": ("0.5", ".5", False),
    "a date": ('"2025-08-10"', "2025-08-10", True),
    "list": ('[1, "2"]', '[1, "2"]', True),
    "list, other types": ('[1, "2"]', "[1, 2]", False),
    "ne": ("1", "{ne: 2}", True),
    "ne of a missing one": (None, "{ne: 2}", False),
    "lt": ("1", "{lt: 2}", True),
    "lt of a text": ('"1"', "{lt: 2}", False),
    "contains": ('["a"]', "{contains: a}", True),
    "contains in text": ('"abc"', "{contains: b}", True),
    "matches": ('"abc"', "{matches: ^a}", True),
    "matches not": ('"abc"', "{matches: ^b}", False),
    "missing": (None, "null", False),
    "exists not": (None, "{exists: false}", True),
    "exists": ("1", "{exists: false}", False),
}


def test_plain_and_quoted_in_expectations(project: Any) -> None:
    checks = []
    for number, (value, wanted, _) in enumerate(EXPECTED.values()):
        content = {"here": 1} if value is None else {"here": 1, "a": "@"}
        project.write(f"f{number}.json", json.dumps(content).replace('"@"', value or ""))
        checks.append(f"- {{file: f{number}.json, json: {{here: 1, a: {wanted}}}}}")
    indented = "\n".join(f"    {check}" for check in checks)
    project.plan("x", f"- title: A\n  verify:\n{indented}")
    found = project.ask("verify", "x", 0).data["phases"][0]["checks"]
    told = dict(zip(EXPECTED, [check["verdict"] for check in found]))
    assert told == {name: "passed" if so else "failed" for name, (_, _, so) in EXPECTED.items()}


NOT_EXPECTED = ["~", "", "{ne: ~}", "{matches: [a, b]}", "{near: 1}", "{ge: 1, le: 2}", "{lt: a}"]
NOT_EXPECTED += [
    "{contains: ''}",
    "{exists: 1}",
    "{matches: '('}",
    "{matches: a*}",
    "{exists: false}",
]


def test_expectations_that_are_refused(lint: Any, plan: Any) -> None:
    found = lint(plan(*(f"{{file: a, json: {{b: {wanted}}}}}" for wanted in NOT_EXPECTED)))
    told = [line.split(": ")[:2] for line in found.problems]
    assert told == [
        [f"plans/x.yaml:{7 + n}", f"phases[0].verify[{n}].json"] for n in range(len(NOT_EXPECTED))
    ]


class Site:
    """A web server on this machine that answers `/<status>` with that status, or all with `always`."""

    def __init__(self) -> None:
        self.always = 0
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(site.always or int(self.path[1:]))
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_HEAD = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_what_bare_kinds_assert(project: Any, site: Site) -> None:
    project.write("full", "x")
    project.write("empty")
    for code in (0, 1, 3):
        project.write(f"exit{code}.sh", f"exit {code}\n")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        closed = held.getsockname()[1]
        wanted = {
            "file: full": "passed",
            "file: empty": "failed",
            "file: absent": "failed",
            "command: [test, -s, full]": "passed",
            "command: [test, -s, empty]": "failed",
            'command: "test -s full"': "passed",
            'command: "test -s empty; test -s full"': "failed",
            'command: "exit 3"': "failed",
            "command: [no-such-program-here]": "error",
            "script: exit0.sh": "passed",
            "script: exit1.sh": "failed",
            "script: exit3.sh": "error",
            f"http: http://{site.address}/200": "passed",
            f"http: http://{site.address}/204": "failed",
            f"http: http://{site.address}/404": "failed",
            f"http: http://127.0.0.1:{closed}/": "failed",
            f"tcp: '{site.address}'": "passed",
            f"tcp: '127.0.0.1:{closed}'": "failed",
        }
        checks = "\n".join(f"    - {check}" for check in wanted)
        project.plan("x", f"- title: A\n  verify:\n{checks}")
        found = project.ask("done", "x", 0).refused("check_failed").data["checks"]
    told = dict(zip(wanted, [check["verdict"] for check in found]))
    assert told == wanted, found


@pytest.fixture
def example(project: Any) -> Any:
    """A project that holds what the repository ships: plans/ and phases/."""
    for folder in ("plans", "phases"):
        shutil.copytree(REPOSITORY / folder, project.root / folder)
    return project


def test_the_example_loads_and_means_the_same_twice(example: Any) -> None:
    found = example.ask("lint", "plans/example.yaml").ok().data
    assert (found["errors"], found["warnings"]) == ([], [])
    example.ask("import", "plans/example.yaml").ok()
    first = example.ask("show", "docker_rollout").ok().data["plan"]
    assert [
        (phase["key"], phase["needs"], [check["id"] for check in phase["checks"]])
        for phase in first["phases"]
    ] == [
        ("procedure", [], ["way-back", "pinned-bases"]),
        ("images", ["procedure"], ["commit-is-ours", "registry-answers", "p1_images.sh"]),
        (
            "service",
            ["procedure", "images"],
            ["health", "cache", "way-back-is-ready", "image-list-is-fresh"],
        ),
    ]
    kinds = {check["kind"] for phase in first["phases"] for check in phase["checks"]}
    assert kinds == {"command", "file", "http", "script", "tcp"}
    taken = example.ask("import", "plans/example.yaml").ok().data["plans"][0]
    assert taken["outcome"] == "updated"
    again = example.ask("show", "docker_rollout").ok().data["plan"]
    assert again["digest"] == first["digest"]
    assert [p["digest"] for p in again["phases"]] == [p["digest"] for p in first["phases"]]


def test_the_example_asks_for_its_inputs(example: Any) -> None:
    example.ask("import", "plans/example.yaml").ok()
    refused = example.ask("verify", "docker_rollout", 1).refused("input_missing")
    assert "DATE" in refused.error["message"]


def test_the_script_of_the_example(example: Any, site: Site) -> None:
    """It tells a missing image from a registry that cannot be asked."""
    need("curl")
    document = example.root / "plans/example.yaml"
    text = document.read_text().replace("127.0.0.1:5000", site.address)
    document.write_text(text.replace("within: 30s", "within: 0"))
    example.ask("import", "plans/example.yaml").ok()
    told = {}
    for status in (200, 404, 500):
        site.always = status
        values = ["--var", "DATE=1", "--var", "GIT_SHA=2"]
        checks = example.ask("verify", "docker_rollout", 1, *values).data["phases"][0]["checks"]
        told[status] = next(c["verdict"] for c in checks if c["id"] == "p1_images.sh")
    assert told == {200: "passed", 404: "failed", 500: "error"}
