"""Whatever is given to the program: a clear message with its place, exit 2, and the store as it was."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bad import GOOD, NOT_FILES, make_fifo, refused
from forked import NOBODY, Forked
from required import absent
from support import SHARED, Project

BAD_PLANS = sorted((Path(__file__).parent / "bad_plans").glob("*.yaml"))
MARK = "  # ! "


@pytest.fixture
def project(project, tmp_path) -> Forked:
    """Its commands run in forks, of which hundreds are cheap."""
    return Forked(project.root, tmp_path / "home")


@pytest.fixture(params=["no store", "a store"])
def place(project, request) -> Project:
    """A project without a store, and one in which a plan of the id `good` is known."""
    if request.param == "a store":
        project.write("plans/good.yaml", GOOD)
        project.run("import", "plans/good.yaml").ok()
    return project


def expected(file: Path) -> list[tuple[int, str]]:
    """The problems a document announces itself: `# ! path: message`, several divided by ` ## `."""
    return [
        (number, problem)
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if MARK in line
        for problem in line.split(MARK)[1].split(" ## ")
    ]


@pytest.mark.parametrize("file", BAD_PLANS, ids=lambda file: file.stem)
@pytest.mark.parametrize("verb", ["import", "lint"])
def test_every_mistake_is_told_at_once_with_its_line(project, file, verb):
    project.write("plans/x.yaml", file.read_text(encoding="utf-8"))
    told = refused(project, verb, "plans/x.yaml").data["problems"]
    unmatched = [(int(line.split(":")[1]), line.split(": ", 1)[1]) for line in told]
    missing = []
    for number, problem in expected(file):
        hit = next((f for f in unmatched if f[0] == number and problem in f[1]), None)
        unmatched.remove(hit) if hit else missing.append((number, problem))
    assert (missing, unmatched) == ([], [])


def test_ten_mistakes_are_ten_lines(project):
    file = next(file for file in BAD_PLANS if file.stem == "ten_mistakes")
    assert len(expected(file)) == 10
    project.write("plans/ten.yaml", file.read_text(encoding="utf-8"))
    ran = project.run("import", "plans/ten.yaml")
    assert ran.exit == 2
    assert ran.out == ""
    assert ran.err.count("plans/ten.yaml:") == 10


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


CONTENTS: dict[str, tuple[str, bytes | str, str]] = {
    # what it is: (file name, content, what the message says, from the line on)
    "empty": ("x.yaml", "", "x.yaml: is empty"),
    "blank": ("x.yaml", " \n\n", "x.yaml: is empty"),
    "only a comment": ("x.yaml", "# to be written\n", "x.yaml: is empty"),
    "empty JSON": ("x.json", "", "x.json: is empty"),
    "cut off in a list": ("x.yaml", GOOD[:-4], "x.yaml:7: is not YAML"),
    "cut off in a key": ("x.yaml", GOOD[:80], "x.yaml:5: phases[0]"),
    "cut off after the title": ("x.yaml", GOOD[:60], "x.yaml:1: the key phases is missing"),
    "binary": ("x.yaml", bytes(range(256)) * 20, "x.yaml:"),
    "a program": ("x.yaml", b"\x7fELF\x02\x01\x01\0\0\0", "x.yaml:1: holds NUL bytes"),
    "a NUL": ("x.yaml", GOOD + "# \0\n", "x.yaml:7: holds NUL bytes"),
    "a NUL written out": ("x.yaml", GOOD.replace("One", '"O\\0"'), "x.yaml:5:"),
    "UTF-16": ("x.yaml", GOOD.encode("utf-16"), "x.yaml:1: is not UTF-8 text"),
    "Latin-1": ("x.yaml", (GOOD + "# café\n").encode("latin-1"), "x.yaml:7: is not UTF-8 text"),
    "50 MB": ("x.yaml", b"a" * 50_000_000, "x.yaml: is larger than 2 MB"),
    "50 MB of JSON": ("x.json", b"[" * 50_000_000, "x.json: is larger than 2 MB"),
    "alias bomb": ("x.yaml", bomb(9), "x.yaml:1: anchors and aliases are not allowed"),
    "one alias": ("x.yaml", GOOD + "description: &d x\nsource: *d\n", "x.yaml:7: anchors"),
    "nested too deep": ("x.yaml", "[" * 100_000, "x.yaml:1: is nested more than 40 deep"),
    "JSON nested too deep": ("x.json", '{"a":' * 100_000, "x.json: is nested too deeply"),
    "a key twice": ("x.yaml", GOOD + "title: Again\n", "x.yaml:7: the key title stands twice"),
    "a key twice in JSON": ("x.json", '{"id": "a", "id": "b", "todos": []}', "x.json:"),
    "a tab": ("x.yaml", GOOD.replace("    verify", "\tverify"), "x.yaml:6: is not YAML"),
    "a Python object": ("x.yaml", GOOD.replace("One", "!!python/name:os.system x"), "x.yaml:5:"),
    "a list": ("x.yaml", "- a\n- b\n", "x.yaml:1: a plan is a mapping"),
    "a sentence": ("x.yaml", "to be done\n", "x.yaml:1: a plan is a mapping"),
    "two documents": ("x.yaml", GOOD + "---\n" + GOOD, "x.yaml:7: holds a second document"),
    "a key that is a list": ("x.yaml", GOOD + "? [a]\n: b\n", "x.yaml:7: a key must be one word"),
    "another schema": ("x.yaml", GOOD.replace("plan@1", "plan@2"), "x.yaml:1: schema:"),
    "no schema": ("x.yaml", GOOD.split("\n", 1)[1], "x.yaml:1: the key schema is missing"),
    "NaN": ("x.json", '{"tasks": NaN}', "x.json:1: is not valid JSON"),
    "a merge conflict": ("x.json", "<<<<<<< a\n[]\n=======\n[]\n>>>>>>> b\n", "x.json:1: a merge"),
    "JSON cut off": ("x.json", '[{"id": "a", "todos": [', "x.json:1:"),
    "no plan at all": ("x.json", '{"answer": 42}', "x.json: holds no plan"),
    "none of the formats": ("x.txt", "hello\n", "x.txt: is no plan document"),
}


@pytest.mark.parametrize("what", CONTENTS)
def test_a_document_that_does_not_load(place, what):
    name, content, message = CONTENTS[what]
    data = content.encode() if isinstance(content, str) else content
    (place.root / name).write_bytes(data)
    ran = refused(place, "import", name)
    assert message in ran.error["message"], ran.error["message"]
    assert len(ran.error["message"]) < 2000, "a person has to read this"


IDS = [
    "it's",
    'a"b',
    "a/b",
    "../x",
    "..",
    ".",
    '"a\\nb"',
    '"a\\tb"',
    "a b",
    "😀",
    "Ünïcode",
    "Upper",
]
IDS += [
    "-x",
    "_x",
    "~",
    "''",
    "null",
    "true",
    '"\\u202e"',
    '"\\u0000"',
    "[a]",
    "{a: b}",
    "a\\b",
    "$x",
]


@pytest.mark.parametrize("id_", IDS)
def test_ids_that_would_not_be_safe_to_type(place, id_):
    place.write("x.yaml", GOOD.replace("id: good", f"id: {id_}"))
    assert "x.yaml:2: " in refused(place, "import", "x.yaml").error["message"]


@pytest.mark.parametrize("what", NOT_FILES)
@pytest.mark.parametrize("verb", ["import", "lint"])
def test_what_is_no_file(place, what, verb):
    NOT_FILES[what](place.root / "x.yaml")
    assert "x.yaml: " in refused(place, verb, "x.yaml").error["message"]


@pytest.mark.parametrize("name", ["", ".", "/", "/dev/zero", "/etc/passwd", "x" * 5000])
def test_odd_names_of_documents(place, name):
    refused(place, "import", name)


def test_a_name_that_is_not_text(place):
    (place.root / os.fsdecode(b"\xff.yaml")).write_text(GOOD)
    ran = refused(place, "import", os.fsdecode(b"\xff.yaml"), kind="usage")
    assert "not UTF-8" in ran.error["message"]


@pytest.mark.root
def test_what_may_not_be_read():
    if os.getuid():
        absent("root", "needs to be root, to become somebody else")
    with tempfile.TemporaryDirectory(prefix="unreadable-") as folder:
        # pytest's own folders are closed to other users.
        root = Path(folder, "project")
        root.mkdir()
        for path in (Path(folder), root):
            path.chmod(0o777)
        project = Forked(root, root)
        project.uid = NOBODY
        project.write("x.yaml", GOOD, mode=0o000)
        told = refused(project, "import", "x.yaml").error["message"]
        assert told == "x.yaml: cannot be read: Permission denied"
        project.write("x.yaml", GOOD)
        project.write("phases/good/p0_check.sh", "exit 1")
        (root / "phases" / "good").chmod(0o700)
        told = refused(project, "import", "x.yaml").error["message"]
        assert "phases/good: Permission denied" in told
        (root / "phases" / "good").chmod(0o755)
        project.write("phases/good/p0_check.sh", "exit 1", mode=0o000)
        told = refused(project, "import", "x.yaml").error["message"]
        assert told == "x.yaml: phases/good/p0_check.sh: Permission denied"
        project.write("phases/good/p0_check.sh", "exit 1")
        project.write("todo_manager.yaml", "path: []", mode=0o000)
        told = refused(project, "import", "x.yaml").error["message"]
        assert told == "todo_manager.yaml: cannot be read: Permission denied"


def test_every_document_loads_or_none_is_taken(place):
    place.write("a.yaml", GOOD.replace("id: good", "id: first"))
    place.write("b.yaml", "")
    refused(place, "import", "a.yaml", "b.yaml")


WORKING = {
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "BOM": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "no newline at the end": lambda text: text.rstrip("\n").encode(),
    "a document end": lambda text: ("---\n" + text + "...\n").encode(),
    "comments": lambda text: text.replace("\n", "  # x\n").encode(),
    "JSON is YAML": lambda text: json.dumps(
        {
            "schema": "todo_manager/plan@1",
            "id": "good",
            "title": "T",
            "phases": [{"title": "One", "verify": [{"file": "one.txt"}]}],
        }
    ).encode(),
}


@pytest.mark.parametrize("what", WORKING)
def test_what_looks_odd_and_works(project, what):
    (project.root / "x.yaml").write_bytes(WORKING[what](GOOD))
    project.write("one.txt", "1")
    project.run("import", "x.yaml").ok()
    assert project.ask("show", "good").data["plan"]["phases"][0]["title"] == "One"
    assert project.ask("done", "good", 0).ok().data["state"] == "done"


SCRIPTS: dict[str, tuple[str, Callable[[Path], Any], str]] = {
    # what: (how the plan names it, how it is made, what the message says)
    "missing": ("checks/x.sh", lambda path: None, "x.yaml:6: phases[0].verify[0].script"),
    "a folder": ("checks/x.sh", Path.mkdir, "'checks/x.sh' is not a regular file"),
    "a named pipe": ("checks/x.sh", make_fifo, "'checks/x.sh' is not a regular file"),
    "a device": ("checks/x.sh", lambda p: p.symlink_to("/dev/zero"), "leaves the project"),
    "a link out": ("checks/x.sh", lambda p: p.symlink_to("/etc/passwd"), "leaves the project"),
    "no shebang": ("checks/x", lambda path: path.write_text("ls"), "nothing says how to run it"),
    "empty shebang": ("checks/x", lambda path: path.write_text("#!\nls"), "nothing says how"),
}


@pytest.mark.parametrize("what", SCRIPTS)
def test_scripts_that_cannot_be_bound(place, what):
    name, make, message = SCRIPTS[what]
    place.write("x.yaml", GOOD.replace("file: one.txt", f"script: {name}"))
    (place.root / "checks").mkdir()
    make(place.root / name)
    ran = refused(place, "import", "x.yaml")
    assert message in ran.error["message"]
    assert ran.error["message"].startswith("x.yaml:6: phases[0].verify[0].script: ")


COUPLED: dict[str, tuple[str, Callable[[Path], Any], str]] = {
    "for no phase": ("p7_check.sh", Path.touch, "p7_check.sh is for phase 7"),
    "for a phase beyond all": (f"p{10**40}_x.sh", Path.touch, "but the plan ends at 0"),
    "nothing says how to run it": ("p0_check", Path.touch, "nothing says how to run it"),
    "a named pipe": ("p0_check.sh", make_fifo, "is not a regular file"),
    "a link to nothing": ("p0_x.sh", lambda p: p.symlink_to("no"), "p0_x.sh: No such file"),
    "a link out": ("lib.sh", lambda p: p.symlink_to("/etc/passwd"), "leaves the project"),
    "a name that is not text": (os.fsdecode(b"\xff.sh"), Path.touch, "may not hold"),
    "a name with a newline": ("a\nb.sh", Path.touch, "may not hold"),
}


@pytest.mark.parametrize("what", COUPLED)
def test_coupled_files_that_cannot_be_bound(place, what):
    name, make, message = COUPLED[what]
    place.write("x.yaml", GOOD)
    folder = place.root / "phases" / "good"
    folder.mkdir(parents=True)
    make(folder / name)
    assert message in refused(place, "import", "x.yaml").error["message"]


def test_a_script_folder_that_leads_out_of_the_project(place):
    place.write("x.yaml", GOOD)
    (place.root / "phases").mkdir()
    (place.root / "phases" / "good").symlink_to("/etc")
    told = refused(place, "import", "x.yaml").data["problems"]
    assert len(told) == 1
    assert "leaves the project through a symlink" in told[0]


def test_all_files_that_cannot_be_bound_are_told_at_once(place):
    phases = "".join(
        f"  - title: P{n}\n    verify: [{{script: s{n}.sh}}, {{file: x, pins: [no/{n}]}}]\n"
        for n in range(3)
    )
    place.write("x.yaml", GOOD[: GOOD.index("  - ")] + phases)
    told = refused(place, "import", "x.yaml").data["problems"]
    assert [line.split(": ")[0] for line in told] == [f"x.yaml:{n}" for n in (6, 6, 8, 8, 10, 10)]


PINS = {"../x": "is not a path inside", "/etc/passwd": "is not a path inside", "no/*": "matches no"}


@pytest.mark.parametrize("pin", PINS)
def test_pins_that_cannot_be_bound(place, pin):
    place.write("x.yaml", GOOD.replace("one.txt", f"one.txt, pins: [{pin!r}]"))
    assert PINS[pin] in refused(place, "import", "x.yaml").error["message"]


ODD = SHARED / "corpus" / "odd"


@pytest.mark.parametrize(
    "file", sorted(ODD.glob("*")) if ODD.is_dir() else [None], ids=lambda f: getattr(f, "name", "-")
)
def test_broken_files_found_in_the_field(project, file):
    if file is None:
        pytest.skip("the corpus of broken files is not beside this repository")
    ran = project.ask("import", file)
    assert "Traceback" not in ran.err
    assert ran.exit == 0 or ran.refused("invalid_document").error["message"].count(file.name)
    if ran.exit:
        assert not (project.root / ".todo_manager").exists()
