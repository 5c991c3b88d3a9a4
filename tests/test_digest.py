"""The gate digest: what is in it, what is not, and that what runs is what was hashed.

`golden/def1.json` holds the canonical text `def/1` of a plan that has everything. A release in which
that test fails makes every accepted phase of every user stale: it needs a `def/2` beside `def/1`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from forked import Forked
from support import Project

from todo_manager import binding, documents
from todo_manager.project import settings as settings_of


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


GOLDEN = Path(__file__).parent / "golden" / "def1.json"

SETTINGS = """\
path: [/opt/tools/bin]
tools: {scanner: {path: /opt/scanner/bin/scanner, sha256: 0000000000000000000000000000000000000000000000000000000000000001}}
"""

PLAN = """\
schema: todo_manager/plan@1
id: whole
title: A plan that has everything
description: Told in one line.
source: The blueprint.
inputs: [DATE, GIT_SHA, REGION]
secrets: [REGISTRY_TOKEN, SPARE_TOKEN]
vars:
  registry: "localhost:5000"
  tag: "${DATE}-${GIT_SHA}"
  image: "${registry}/base:${tag}"
  greeting: hello
  limit: 3
  unused: nobody says this
phases:
  - key: protocol
    title: Setup and protocol
    explain: Read it first.
    note: Nothing runs before it is read.
    verify:
      - file: docs/protocol.md
        contains: [rollback]
        min_size: 1kB
  - key: base
    title: Build
    needs: [protocol]
    verify:
      - command: [inspect, "${image}", "$${image}"]
        env: {TOKEN: "${REGISTRY_TOKEN}"}
        exit: [0, 3]
        name: The image
      - command: |
          test "$greeting" = hello
          test "$limit" -lt 4
        stdout: {lacks: [oops], matches: "^ok$"}
      - http: "http://${registry}/v2/"
        status: [200, 401]
        json: {"a.b[0]": {ge: 2}, flag: true, word: "true", n: 1.0}
        within: 30s
        every: 2s
        successes: 2
      - tcp: localhost:5000
        listening: true
        required: false
      - script: checks/ready.py
        args: [--min, "3"]
        expect: {lag: {lt: 5}}
        pins: ["checks/*.json"]
        serial: true
        timeout: 90s
  - key: coupled
    title: Coupled to scripts
    needs: []
"""

FILES = {
    "checks/ready.py": "print('ready')\n",
    "checks/limits.json": "{}\n",
    "phases/whole/p2_first.sh": '. "$(dirname "$0")/lib.sh"\necho "$REGION $REGISTRY_TOKEN"\n',
    "phases/whole/p02_second": "#!/usr/bin/env python3\nprint('second')\n",
    "phases/whole/lib.sh": "echo $tag\n",
    "phases/whole/data/words.txt": "one two\n",
    "phases/whole/README~": "a backup of an editor is no helper\n",
}

KEYS = ("protocol", "base", "coupled")


@pytest.fixture
def bind(tmp_path: Path) -> Callable[..., dict[str, tuple[str, str]]]:
    """Bind the plan after edits: phase key → (digest, def/1 text)."""
    root = tmp_path / "bound"
    (root / ".todo_manager").mkdir(parents=True)
    for name, text in FILES.items():
        put(root, name, text)

    def run(plan: str = PLAN, settings: str = SETTINGS) -> dict[str, tuple[str, str]]:
        put(root, "todo_manager.yaml", settings)
        document = documents.parse(plan.encode(), "plans/whole.yaml")
        (bound,) = binding.bind(root, settings_of(root), document, None)
        return {found.key: (found.digest, found.text) for found in bound.definitions}

    run.root = root  # type: ignore[attr-defined]
    return run


def put(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


def test_the_definition_of_a_plan_is_the_one_of_every_release(bind):
    found = bind()
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert {key: text for key, (_, text) in found.items()} == {
        key: each["text"] for key, each in golden.items()
    }
    assert {key: digest for key, (digest, _) in found.items()} == {
        key: each["digest"] for key, each in golden.items()
    }


LOOPS = """\
schema: todo_manager/plan@1
id: whole
title: Loops and parts
inputs: [DATE]
vars:
  apps: [{name: registry, port: 8200}, {name: twin, port: 8220}]
phases:
  - key: protocol
    title: Repeated
    tags: [never, bound]
    verify:
      - for_each: {s: "${apps}"}
        http: "http://localhost:${s.port}/${DATE}"
        json: {name: "${s.name}"}
      - file: docs/protocol.md
  - key: base
    title: In parts
    text: Verbatim.
    verify: [{file: whole}]
    parts:
      - {title: Core, note: Outside., verify: [{file: core, name: The core}]}
      - {title: Edge, verify: [{for_each: {n: [1, "2"]}, file: "edge/${n}"}]}
  - key: coupled
    title: Coupled to scripts
    needs: []
"""

LOOPS_GOLDEN = {
    "protocol": (
        '{"def":1,"inputs":["DATE"],"key":"protocol","verify":['
        '{"for_each":"v1[registry]","http":"http://localhost:8200/${DATE}","json":{"name":"registry"}},'
        '{"for_each":"v1[twin]","http":"http://localhost:8220/${DATE}","json":{"name":"twin"}},'
        '{"file":"docs/protocol.md"}]}'
    ),
    "base": (
        '{"def":1,"key":"base","needs":["protocol"],"parts":['
        '[{"file":"core","name":"The core"}],'
        '[{"file":"edge/1","for_each":"v1[1]"},{"file":"edge/2","for_each":"v1[2]"}]],'
        '"verify":[{"file":"whole"}]}'
    ),
}


def test_loops_and_parts_are_defined_as_in_every_release(bind):
    found = bind(plan=LOOPS)
    assert {key: found[key][1] for key in LOOPS_GOLDEN} == LOOPS_GOLDEN


def test_the_digest_is_the_sha256_of_the_text(bind):
    for digest, text in bind().values():
        assert hashlib.sha256(text.encode()).hexdigest() == digest
        assert json.loads(text)["def"] == 1


def test_the_digest_that_is_shown_and_accepted_is_the_golden_one(project):
    for name, text in FILES.items():
        project.write(name, text)
    project.write("todo_manager.yaml", SETTINGS)
    project.write("plans/whole.yaml", PLAN)
    project.run("import", "plans/whole.yaml").ok()
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    phases = project.ask("show", "whole").ok().data["plan"]["phases"]
    assert {p["key"]: p["digest"] for p in phases} == {k: g["digest"] for k, g in golden.items()}
    assert [check["id"] for check in phases[2]["checks"]] == ["p02_second", "p2_first.sh"]
    (event,) = project.events("imported")
    assert event["data"]["digest"] == project.ask("show", "whole").data["plan"]["digest"]


def swap(old: str, new: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        assert text.count(old) == 1, old
        return text.replace(old, new)

    return edit


SAME_TEXT = {
    "title of the plan": swap("title: A plan that has everything", "title: Another title"),
    "description": swap("description: Told in one line.\n", ""),
    "source": swap("source: The blueprint.", "source: Its second edition"),
    "title of a phase with a key": swap("title: Setup and protocol", "title: Set-up"),
    "explain": swap("explain: Read it first.", "explain: |\n      Read it.\n\n      Twice."),
    "note": swap("    note: Nothing runs before it is read.\n", ""),
    "comment": swap("    verify:\n      - file", "    # looked at\n    verify: # so\n      - file"),
    "order of keys": swap(
        "        contains: [rollback]\n        min_size: 1kB",
        "        min_size: 1kB\n        contains: [rollback]",
    ),
    "block or flow": swap("contains: [rollback]", "contains:\n          - rollback"),
    "quotes around text": swap("file: docs/protocol.md", 'file: "docs/protocol.md"'),
    "quotes around a title": swap("title: Build", "title: 'Build it'"),
    "needs written as the default": swap("    needs: [protocol]\n", ""),
    "a var nobody uses": swap("nobody says this", "and still nobody"),
    "a name nobody uses": swap("inputs: [DATE", "inputs: [OTHER, DATE"),
    "an unused secret": swap(", SPARE_TOKEN", ", SPARE_TOKEN, THIRD_TOKEN"),
    "a var that is written out": swap('tag: "${DATE}-${GIT_SHA}"', "tag: '${DATE}-${GIT_SHA}'"),
}


@pytest.mark.parametrize("edit", SAME_TEXT.values(), ids=SAME_TEXT)
def test_what_changes_no_meaning_changes_no_digest(bind, edit):
    assert bind(edit(PLAN)) == bind()


TCP = "      - tcp: localhost:5000\n        listening: true\n        required: false\n"

OTHER_TEXT = {
    "needs": (swap("needs: [protocol]", "needs: []"), {"base"}),
    "needs of the first": (swap("needs: []", "needs: [base]"), {"coupled"}),
    "key": (swap("key: coupled", "key: coupled-2"), {"coupled", "coupled-2"}),
    "subject": (swap("docs/protocol.md", "docs/other.md"), {"protocol"}),
    "a needle": (swap("[rollback]", "[roll]"), {"protocol"}),
    "a parameter added": (swap("min_size: 1kB", "min_size: 1kB\n        lacks: x"), {"protocol"}),
    "a parameter removed": (swap("        min_size: 1kB\n", ""), {"protocol"}),
    "the default written out": (
        swap("min_size: 1kB", "min_size: 1kB\n        required: true"),
        {"protocol"},
    ),
    "the same in another unit": (swap("min_size: 1kB", "min_size: 1000B"), {"protocol"}),
    "required": (swap("required: false", "required: true"), {"base"}),
    "name": (swap("name: The image", "name: The picture"), {"base"}),
    "exit": (swap("exit: [0, 3]", "exit: [0, 4]"), {"base"}),
    "env": (swap("{TOKEN:", "{TOKEN_2:"), {"base"}),
    "an argument": (swap('"$${image}"', '"${image}"'), {"base"}),
    "shell text": (swap("-lt 4", "-lt 5"), {"base"}),
    "a blank in shell text": (swap('"$limit" -lt', '"$limit"  -lt'), {"base"}),
    "200 or '200'": (swap("[200, 401]", '["200", 401]'), {"base"}),
    "true or 'true'": (swap("flag: true", 'flag: "true"'), {"base"}),
    "'true' or true": (swap('word: "true"', "word: true"), {"base"}),
    "1.0 or 1": (swap("n: 1.0", "n: 1"), {"base"}),
    "an operator": (swap("{ge: 2}", "{gt: 2}"), {"base"}),
    "within": (swap("within: 30s", "within: 31s"), {"base"}),
    "every": (swap("every: 2s", "every: 1s"), {"base"}),
    "successes": (swap("successes: 2", "successes: 1"), {"base"}),
    "timeout": (swap("timeout: 90s", "timeout: 91s"), {"base"}),
    "serial": (swap("        serial: true\n", ""), {"base"}),
    "args": (swap('[--min, "3"]', '[--min, "4"]'), {"base"}),
    "expect": (swap("{lag: {lt: 5}}", "{lag: {lt: 6}}"), {"base"}),
    "pins": (swap('        pins: ["checks/*.json"]\n', ""), {"base"}),
    "a var in a subject": (swap('localhost:5000"', 'localhost:5001"'), {"base"}),
    "a var handed to shell text": (swap("greeting: hello", "greeting: hallo"), {"base"}),
    "the style of a handed var": (swap("limit: 3", 'limit: "3"'), {"base"}),
    "a var handed to a helper": (swap('tag: "${DATE}-', 'tag: "${DATE}_'), {"base", "coupled"}),
    "an input through a var": (
        swap('tag: "${DATE}-${GIT_SHA}"', 'tag: "${DATE}-1"'),
        {"base", "coupled"},
    ),
    "an input used becomes a secret": (
        lambda text: swap(", REGION]", "]")(
            swap("[REGISTRY_TOKEN, ", "[REGION, REGISTRY_TOKEN, ")(text)
        ),
        {"coupled"},
    ),
    "a check removed": (swap(TCP, ""), {"base"}),
    "the order of checks": (
        lambda text: swap(TCP, "")(text).replace("  - key: coupled", TCP + "  - key: coupled"),
        {"base"},
    ),
}


@pytest.mark.parametrize(("edit", "phases"), OTHER_TEXT.values(), ids=OTHER_TEXT)
def test_every_other_edit_changes_the_digest_of_its_phase_alone(bind, edit, phases):
    before, after = bind(), bind(edit(PLAN))
    different = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    assert different == phases


OTHER_FILES = {
    "a byte of a named script": ("checks/ready.py", "print('ready') \n", {"base"}),
    "a byte of a pin": ("checks/limits.json", "{} \n", {"base"}),
    "one more pinned file": ("checks/more.json", "{}\n", {"base"}),
    "a byte of a script": ("phases/whole/p2_first.sh", "exit 0\n", {"coupled"}),
    "a byte of a helper": ("phases/whole/lib.sh", "echo $tag;\n", {"coupled"}),
    "a byte of a helper further down": ("phases/whole/data/words.txt", "one\n", {"coupled"}),
    "one more helper": ("phases/whole/notes.txt", "x\n", {"coupled"}),
    "one more script": ("phases/whole/p2_third.sh", "exit 1\n", {"coupled"}),
    "a script for another phase": ("phases/whole/p0_new.sh", "exit 1\n", {"protocol"}),
}


@pytest.mark.parametrize(("name", "text", "phases"), OTHER_FILES.values(), ids=OTHER_FILES)
def test_a_changed_or_added_file_changes_the_digest_of_the_phases_it_belongs_to(
    bind, name, text, phases
):
    before = bind()
    put(bind.root, name, text)
    after = bind()
    assert {key for key in KEYS if before[key] != after[key]} == phases


def test_a_removed_file_changes_the_digest_or_is_missed(bind):
    before = bind()
    (bind.root / "phases/whole/data/words.txt").unlink()
    assert {key for key in KEYS if before[key] != bind()[key]} == {"coupled"}
    (bind.root / "checks/limits.json").unlink()
    with pytest.raises(Exception, match=r"the pin 'checks/\*.json' matches no file"):
        bind()


SAME_FILES = ("phases/whole/.hidden", "phases/whole/p2_first.sh~", "phases/whole/__pycache__/x.pyc")


@pytest.mark.parametrize("name", SAME_FILES)
def test_files_that_are_not_copied_are_not_bound(bind, name):
    before = bind()
    put(bind.root, name, "anything")
    assert bind() == before


def test_mode_and_time_of_a_file_are_no_part_of_it(bind):
    before = bind()
    script = bind.root / "phases/whole/p2_first.sh"
    script.chmod(0o755)
    script.touch()
    assert bind() == before


OTHER_SETTINGS = {
    "path": (swap("path: [/opt/tools/bin]", "path: [/opt/other/bin]"), {"base", "coupled"}),
    "no path": (swap("path: [/opt/tools/bin]\n", ""), {"base", "coupled"}),
    "a tool's sha256": (swap("0001}", "0002}"), {"base", "coupled"}),
    "a tool's path": (swap("/opt/scanner", "/srv/scanner"), {"base", "coupled"}),
    "env_file": (swap("path: [", "env_file: other.env\npath: ["), set()),
    "a comment": (swap("path: [", "# where tools are\npath: ["), set()),
}


@pytest.mark.parametrize(("edit", "phases"), OTHER_SETTINGS.values(), ids=OTHER_SETTINGS)
def test_settings_that_choose_programs_belong_to_phases_that_run_some(bind, edit, phases):
    before, after = bind(), bind(settings=edit(SETTINGS))
    assert {key for key in KEYS if before[key] != after[key]} == phases


def test_no_value_of_an_input_or_secret_is_in_it(bind, monkeypatch):
    before = bind()
    monkeypatch.setenv("DATE", "20250810")
    monkeypatch.setenv("REGISTRY_TOKEN", "hunter2-hunter2")
    assert bind() == before
    assert "hunter2" not in json.dumps(before)


# What runs is what was hashed


def test_a_script_replaced_between_hash_and_run_runs_as_it_was_hashed(project: Project):
    project.write("checks/second.sh", "echo honest; exit 1\n")
    project.plan(
        "p",
        """
        - title: Replace
          verify:
            - {command: "echo 'echo forged; exit 0' > checks/second.sh", serial: true}
            - {script: checks/second.sh, serial: true}
        """,
    )
    refused = project.ask("done", "p", 0).refused("check_failed")
    assert "(honest)" in refused.error["message"]


def test_a_replaced_script_keeps_the_phase_open_even_when_all_checks_pass(project: Project):
    project.write("phases/p/p0_a.sh", 'echo "exit 1" >> "$TODO_MANAGER_SCRIPT_DIR/p0_a.sh"\n')
    project.plan("p", "- title: Edit itself")
    refused = project.ask("done", "p", 0).refused("definition_changed")
    assert "phases/p/p0_a.sh differs" in refused.error["message"]
    assert refused.data["checks"][0]["verdict"] == "passed"
    assert project.states("p") == ["ready"]


def test_every_attempt_gets_the_helpers_that_were_hashed(project):
    project.write("phases/p/lib.sh", "answer=1\n")
    project.write(
        "phases/p/p0_again.sh",
        """
        here="$(dirname "$0")"
        . "$here/lib.sh"
        echo "$answer" >> "$TODO_MANAGER_PROJECT/answers"
        test "$(wc -l < "$TODO_MANAGER_PROJECT/answers")" -lt 3 || exit 0
        chmod u+w "$here/lib.sh"
        echo "answer=0" > "$here/lib.sh"
        """,
    )
    again = (
        "{script: phases/p/p0_again.sh, within: 60s, every: 10ms, required: false, serial: true}"
    )
    project.plan("p", f"- title: Again\n  verify: [{again}]")
    found = project.ask("verify", "p", 0).refused("check_error").data["phases"][0]["checks"]
    assert [(row["verdict"], row["attempts"]) for row in found] == [("passed", 2), ("error", 1)]
    assert "private copy was written" in found[1]["actual"]
    assert (project.root / "answers").read_text().split() == ["1", "1", "1"]


def test_every_attempt_of_a_script_runs_the_bytes_that_were_hashed(project):
    project.write(
        "checks/again.sh",
        """
        echo x >> "$TODO_MANAGER_PROJECT/attempts"
        cat "$0" >> "$TODO_MANAGER_PROJECT/seen"
        test "$(wc -l < "$TODO_MANAGER_PROJECT/attempts")" -lt 3 || exit 0
        chmod u+w "$0"
        exec sh -c 'echo "echo swapped" > "$0"' "$0"
        """,
    )
    project.plan(
        "p", "- title: Again\n  verify: [{script: checks/again.sh, within: 60s, every: 10ms}]"
    )
    (row,) = project.ask("done", "p", 0).ok().data["checks"]
    assert (row["attempts"], row["flaky"]) == (3, True)
    assert (project.root / "seen").read_text().count("swapped") == 3
    script = (project.root / "checks/again.sh").read_text()
    assert (project.root / "seen").read_text() == script * 3
