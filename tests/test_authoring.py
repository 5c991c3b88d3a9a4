"""`new`, `add` and `move` in the files of a project: one place changes, all else stays as it was."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from forked import Forked
from support import Project

from todo_manager.editing import files


@pytest.fixture
def project(project: Project) -> Project:
    return Forked(project.root, Path(project.env["HOME"]))


def text(project: Project, path: str = "plans/p.yaml") -> str:
    return (project.root / path).read_bytes().decode()


def document(project: Project, source: str, path: str = "plans/p.yaml") -> None:
    """An imported plan whose file holds exactly this text."""
    file = project.root / path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(source.encode())
    project.run("import", path).ok()


# new


def test_a_new_plan_loads_lints_clean_and_is_taken_in(project):
    ran = project.ask("new", "release", "--title", "Release: 1.0").ok()
    assert ran.data["file"] == "plans/release.yaml"
    assert text(project, "plans/release.yaml").startswith(
        "# yaml-language-server: $schema=.schema.json\nschema: todo_manager/plan@1\nid: release\n"
        'title: "Release: 1.0"\n'
    )
    linted = project.ask("lint", "plans/release.yaml").ok().data
    assert (linted["errors"], linted["warnings"]) == ([], [])
    assert project.states("release") == ["ready"]
    assert project.ask("done", "release", 0).exit == 1
    project.write("docs/release.md", "What done means: it runs.")
    assert '"$defs"' in text(project, "plans/.schema.json")


def test_a_new_plan_with_phases_of_its_own_in_another_file(project):
    words = ("--phase", "Build: it", "--phase", "true", "--file", "work/q.yml")
    project.run("new", "q", *words).ok()
    titles = [p["title"] for p in project.ask("show", "q").data["plan"]["phases"]]
    assert titles == ["Build: it", "true"]
    assert text(project, "work/q.yml").splitlines()[0].endswith("$schema=../plans/.schema.json")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("No Id",), "not an id"),
        (("../x",), "not an id"),
        (("p",), "is known"),
        (("taken",), "is there already"),
        (("q", "--file", "../q.yaml"), "outside the project"),
        (("q", "--file", "q.json"), "does not end in .yaml"),
        (("q", "--title", ""), ""),
        (("q", "--phase", " "), "must not be empty"),
        (("q", "--phase", "Same", "--phase", "same"), "two phases have the key"),
    ],
)
def test_what_no_plan_is_begun_with(project, words, said):
    project.plan("p", "- {title: One, verify: [{file: a}]}")
    project.write("plans/taken.yaml", "mine")
    before = sorted(project.root.rglob("*")), project.store_bytes()
    ran = project.ask("new", *words)
    if said:
        assert ran.exit == 2
        assert said in ran.error["message"]
        assert ran.error["hint"]
        assert (sorted(project.root.rglob("*")), project.store_bytes()) == before
    else:
        ran.ok()
    assert text(project, "plans/taken.yaml") == "mine"


def test_a_plan_that_cannot_be_taken_in_leaves_no_file(project):
    project.write("phases/q/p7_check.sh", "exit 0\n")
    assert "is for phase 7" in project.ask("new", "q").refused("invalid_document").error["message"]
    assert not (project.root / "plans").exists()


# Editing keeps everything else

WRITTEN = """\
# head

schema: todo_manager/plan@1   # the format
id: p
title:   'A plan'
vars: {x: "1"}

phases:
  # about the first
  - key: one   # its key
    title: >-
      The
      first
    explain: |
      text

      # heading of the text

    # within the first
    verify: # what done demands
      - file:   a      # a
      # - file: later
  # about the second
  # in two lines
  -
    title: Second
    verify: [{file: b}, {file: c,}]   # flow

  - {key: three, title: "Third", needs: []} # all flow

# behind
"""


@pytest.fixture
def written(project: Project) -> Project:
    document(project, WRITTEN)
    return project


def changed(project: Project, before: str, *words: object) -> str:
    """The lines an edit took away (-) and put in (+)."""
    import difflib

    assert project.ask(*words).ok().data["file"] == "plans/p.yaml"
    lines = difflib.ndiff(before.splitlines(), text(project).splitlines())
    return "\n".join(line for line in lines if line[0] in "+-")


def test_a_phase_is_put_last_or_before_another(written):
    assert changed(written, WRITTEN, "add", "p", "phase", "Fourth: it", "--needs", "one,three") == (
        '+   - title: "Fourth: it"\n+     needs: [one, three]'
    )
    before = text(written)
    words = ("--key", "k", "--explain", "a\nb\n", "--note", "true", "--before", 1, "--needs", "")
    assert changed(written, before, "add", "p", "phase", "New", *words) == (
        "+   - key: k\n+     title: New\n+     explain: |\n+       a\n+       b\n"
        '+     note: "true"\n+     needs: []'
    )
    assert text(written).index("- key: k\n") < text(written).index("# about the second")
    assert text(written).index("# - file: later") < text(written).index("- key: k\n")


@pytest.mark.parametrize(
    ("index", "lines"),
    [
        (0, "+       - file: x\n+         contains: [why]"),
        (1, "-     verify: [{file: b}, {file: c,}]   # flow\n"
            "+     verify: [{file: b}, {file: c,}, {file: x, contains: [why]}]   # flow"),
        (2, '-   - {key: three, title: "Third", needs: []} # all flow\n'
            '+   - {key: three, title: "Third", needs: [], verify: [{file: x, contains: [why]}]} # all flow'),
    ],
)  # fmt: skip
def test_a_check_is_put_last_in_whatever_style_the_phase_is(written, index, lines):
    assert (
        changed(written, WRITTEN, "add", "p", "check", index, "{file: x, contains: [why]}") == lines
    )


def test_a_check_of_a_part(project):
    source = """\
- title: One
  parts:
    - title: Core
      verify:
        - file: a
    - {title: Rest, verify: [{file: b}]}
"""
    project.plan("p", source)
    for part, id_ in ((1, "1.v2"), (2, "2.the-last")):
        check = "file: c" if part == 1 else "{name: the last, file: c}"
        assert project.ask("add", "p", "check", f"0.{part}", check).ok().data["check"] == id_
    assert text(project).endswith(
        "        - file: a\n          - file: c\n"
        "      - {title: Rest, verify: [{file: b}, {name: the last, file: c}]}\n".replace(
            "        - file: a", "          - file: a"
        )
    )
    for place, said in (
        ("0.3", "its parts are 1 to 2"),
        ("0.0", "no part 0"),
        ("1.1", "no phase 1"),
    ):
        refused = project.ask("add", "p", "check", place, "file: c").refused("unknown_phase")
        assert said in refused.error["message"]


@pytest.mark.parametrize(
    ("index", "lines"),
    [
        (0, "+     note: mind it"),
        (1, "+     note: mind it"),
        (2, '-   - {key: three, title: "Third", needs: []} # all flow\n'
            '+   - {key: three, title: "Third", note: mind it, needs: []} # all flow'),
    ],
)  # fmt: skip
def test_a_note_stands_by_the_words_of_the_phase_and_grows(written, index, lines):
    assert changed(written, WRITTEN, "add", "p", "note", index, "mind it") == lines
    for more in ("- two", "a\nb  \n\n# c\n"):
        written.run("add", "p", "note", index, more).ok()
    written.run("import", "plans/p.yaml").ok()
    note = written.ask("show", "p").data["plan"]["phases"][index]["note"]
    assert note == "mind it\n\n- two\n\na\nb  \n\n# c\n"
    rest = text(written)
    for line in WRITTEN.splitlines():
        assert line in rest or "all flow" in line


def test_a_phase_moves_with_its_comments(written):
    ran = written.ask("move", "p", 0, "--last").ok()
    found = text(written)
    head, rest = WRITTEN.split("  # about the first\n")
    first, rest = rest.split("  # about the second\n")
    second, third = rest.split("\n\n  - {")
    assert found == (
        head + "  # about the second\n" + second + "\n" + "  - {" + third.split("\n")[0] + "\n\n"
        "  # about the first\n" + first + "\n# behind\n"
    )  # fmt: skip
    assert ran.data["needs_changed"] == [
        {"key": "second", "before": ["one"], "after": []},
        {"key": "one", "before": [], "after": ["three"]},
    ]
    written.run("move", "p", 2, "--before", 0).ok()
    assert sorted(text(written).splitlines()) == sorted(WRITTEN.splitlines())


def test_where_it_is_already_nothing_changes(written):
    for words in ((1, "--before", 1), (1, "--before", 2), (2, "--last")):
        written.run("move", "p", *words).ok()
        assert text(written) == WRITTEN


@pytest.mark.parametrize("ending", ["", "\r\n"])
def test_ends_of_lines_and_of_the_file_are_kept(project, ending):
    source = (
        "schema: todo_manager/plan@1\nid: p\ntitle: T\nphases:\n- title: One\n  verify: [{file: a}]"
    )
    if ending:
        source = ("\ufeff" + source + "\n").replace("\n", ending)
    document(project, source)
    os.chmod(project.root / "plans/p.yaml", 0o640)
    project.run("add", "p", "phase", "Two", "--explain", "a\nb\n").ok()
    project.run("add", "p", "check", 1, "file: b").ok()
    project.run("move", "p", 1, "--before", 0).ok()
    found = text(project)
    new = "- title: Two\n  explain: |\n    a\n    b\n  verify:\n    - file: b\n"
    meant = (
        source.removesuffix(ending)
        .replace("\r\n", "\n")
        .replace("- title: One", new + "- title: One")
    )
    assert found == (meant + "\n").replace("\n", ending or "\n")
    assert (project.root / "plans/p.yaml").stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_a_link_stays_one(project):
    project.plan("p", "- {title: One, verify: [{file: a}]}")
    (project.root / "plans/p.yaml").rename(project.root / "real.yaml")
    (project.root / "plans/p.yaml").symlink_to("../real.yaml")
    project.run("add", "p", "phase", "Two").ok()
    assert (project.root / "plans/p.yaml").is_symlink()
    assert "- title: Two" in text(project, "real.yaml")


HARD = {
    "kept blank lines": "phases:\n  - title: One\n    note: |+\n      a\n\n\n  - title: Two\n\n",
    "dash in the first column": "phases:\n- title: One\n\n- title: Two\n",
    "a list within a list of dashes": "phases:\n-   title: One\n    verify:\n    - file: a\n-   title: Two\n",
    "keys behind": "phases:\n  - title: One\n  - title: Two\n    explain: >+\n      a\ndescription: |\n  - title: x\n",
    "look-alikes": "phases:\n  - title: One\n    explain: |\n      - title: Two\n      # c\n  - title: Two\n",
    "quoted over lines": "phases:\n  - title: 'One\n      - x'\n  - title: \"Two\\\n      \"\n    tags: [a,\n  b]\n",
    "line ends of others": 'phases:\n  - title: "One\x85 \u2028 x"\n  - title: "Two \U0001f3ae"\n',
}


@pytest.mark.parametrize("hard", HARD)
@pytest.mark.parametrize(
    "words",
    [
        ("add", "p", "phase", "Three"),
        ("add", "p", "phase", "Three", "--before", 1),
        ("add", "p", "check", 0, "file: x"),
        ("add", "p", "check", 1, "file: x"),
        ("add", "p", "note", 0, "x"),
        ("add", "p", "note", 1, "x"),
        ("move", "p", 1, "--before", 0),
    ],
    ids=lambda words: " ".join(map(str, words[:1] + words[2:])),
)
def test_an_edit_is_right_or_refused_never_another_plan(project, hard, words):
    document(project, f"schema: todo_manager/plan@1\nid: p\ntitle: T\n{HARD[hard]}")
    before, lines = text(project), text(project).split("\n")
    ran = project.ask(*words)
    if ran.exit == 2:
        assert "nothing was written" in ran.error["message"]
        assert text(project) == before
        return
    ran.ok()
    left = text(project).split("\n")
    assert sum(line not in left for line in lines) <= (1 if "note" in words else 0)
    assert project.ask("diff", "p").ok().data["gates_differ"] == ("note" not in words)


def test_phases_in_brackets_are_not_torn_apart(project):
    source = "schema: todo_manager/plan@1\nid: p\ntitle: T\nphases: [{title: One}, {title: Two}]\n"
    document(project, source)
    for words in (("add", "p", "phase", "Three"), ("move", "p", 1, "--before", 0)):
        refused = project.ask(*words).refused("usage")
        assert "in brackets" in refused.error["message"]
        assert "edit plans/p.yaml by hand" in refused.error["hint"]
        assert text(project) == source
    project.run("add", "p", "check", 1, "file: a").ok()
    assert "[{title: One}, {title: Two, verify: [{file: a}]}]" in text(project)


# What is not written


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (("add", "p", "check", 0, "fiel: x"), "invalid_document", "did you mean file"),
        (("add", "p", "check", 0, "{file: x, statsu: 1}"), "invalid_document", "unknown parameter"),
        (("add", "p", "check", 0, "docs/x.md"), "usage", "a mapping"),
        (("add", "p", "check", 0, "[file: x]"), "usage", "a mapping"),
        (("add", "p", "check", 0, "{file: x"), "invalid_document", "the check:2"),
        (("add", "p", "check", 0, "&a {file: x}"), "invalid_document", "anchors"),
        (("add", "p", "check", 0, "file: ${nobody}"), "invalid_document", "not declared"),
        (("add", "p", "check", 0, "script: gone.sh"), "invalid_document", "gone.sh"),
        (("add", "p", "check", 0, ""), "invalid_document", "is empty"),
        (("add", "p", "check", 9, "file: x"), "unknown_phase", "its phases are 0 to 2"),
        (("add", "p", "phase", " "), "invalid_document", "must not be empty"),
        (("add", "p", "phase", "!"), "invalid_document", "make no key"),
        (("add", "p", "phase", "Second"), "invalid_document", "two phases have the key"),
        (("add", "p", "phase", "X", "--key", "No"), "invalid_document", "is not a key"),
        (("add", "p", "phase", "X", "--needs", "on"), "invalid_document", "did you mean one"),
        (("add", "p", "phase", "X", "--before", 3), "unknown_phase", "has no phase 3"),
        (("add", "p", "note", 0, " "), "usage", "says nothing"),
        (("add", "p", "note", 7, "x"), "unknown_phase", "has no phase 7"),
        (("move", "p", 0, "--before", 9), "unknown_phase", "has no phase 9"),
        (("move", "p", 9, "--last"), "unknown_phase", "has no phase 9"),
        (("move", "p", 0), "usage", "--before --last"),
        (("add", "p", "step", "x"), "usage", "step"),
        (("add", "p", "check", 0), "usage", "required"),
    ],
)
def test_what_the_reader_would_refuse_is_not_written(written, words, kind, said):
    refused = written.ask(*words).refused(kind)
    assert said in refused.error["message"], refused
    assert refused.error["hint"]
    if kind == "invalid_document":
        assert "nothing was written" in refused.error["hint"]
    assert text(written) == WRITTEN


def test_a_move_that_closes_a_circle_is_refused(project):
    project.plan(
        "p", "- {key: c, title: C}\n- {key: a, title: A}\n- {key: b, title: B, needs: [a]}"
    )
    before = text(project)
    refused = project.ask("move", "p", 2, "--before", 1).refused("invalid_document")
    assert "goes round in a circle: b needs a needs b" in refused.error["message"]
    assert "write `needs:`" in refused.error["hint"]
    assert text(project) == before


def test_a_file_that_does_not_load_is_not_edited(written):
    (written.root / "plans/p.yaml").write_text(WRITTEN + "titel: x\n")
    refused = written.ask("add", "p", "phase", "X").refused("invalid_document")
    assert "plans/p.yaml:32: titel" in refused.error["message"]
    (written.root / "plans/p.yaml").write_text(WRITTEN.replace("id: p", "id: q"))
    assert (
        "no longer holds" in written.ask("add", "p", "phase", "X").refused("usage").error["message"]
    )


def test_indexes_are_those_of_the_file_that_is_edited(written):
    written.run("add", "p", "phase", "Fourth").ok()
    found = written.ask("add", "p", "check", 3, "file: x").ok().data
    assert (found["phase"], found["key"], found["check"]) == (3, "fourth", "v1")
    assert len(written.states("p")) == 3


# A person accepts


def test_done_goes_by_what_was_accepted_until_a_person_accepts(project):
    project.write("a", "a")
    project.plan("p", "- {key: one, title: One, verify: [{file: a}]}")
    assert project.ask("add", "p", "check", 0, "file: b").ok().data["gates_differ"]
    project.ask("done", "p", 0).refused("source_changed")
    project.person("accept", "p").ok()
    project.ask("done", "p", 0).refused("check_failed")
    project.write("b", "b")
    project.ask("done", "p", 0).ok()
    note = project.ask("add", "p", "note", 0, "mind it").ok()
    assert not note.data["gates_differ"]
    assert project.ask("done", "p", 0).ok().data["already"]


# Scripts go with their phase


@pytest.fixture
def scripted(project: Project) -> Project:
    project.write("phases/p/p0_check.sh", "echo zero")
    project.write("phases/p/p01_check.sh", "echo one")
    project.write("phases/p/p2_check.sh", "echo two")
    project.write("phases/p/p2_more.py", "print('two')")
    project.write("phases/p/lib.sh", "lib")
    project.plan("p", "\n".join(f"- {{key: k{n}, title: T, needs: []}}" for n in range(3)))
    return project


def scripts(project: Project) -> dict[str, str]:
    folder = project.root / "phases/p"
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_scripts_follow_the_phases_that_get_another_index(scripted):
    before = scripts(scripted)
    data = scripted.ask("move", "p", 2, "--before", 0).ok().data
    assert scripts(scripted) == {
        "p1_check.sh": "echo zero",
        "p02_check.sh": "echo one",
        "p0_check.sh": "echo two",
        "p0_more.py": "print('two')",
        "lib.sh": "lib",
    }
    assert data["renamed"]["phases/p/p2_more.py"] == "phases/p/p0_more.py"
    scripted.run("move", "p", 0, "--last").ok()
    assert scripts(scripted) == before
    assert not scripted.ask("diff", "p").ok().data["gates_differ"]
    scripted.run("add", "p", "phase", "New", "--before", 1).ok()
    assert sorted(scripts(scripted)) == [
        "lib.sh", "p02_check.sh", "p0_check.sh", "p3_check.sh", "p3_more.py",
    ]  # fmt: skip


def test_nothing_is_half_renamed(scripted):
    plan_before = text(scripted)
    scripted.write("phases/p/.2.p2_check.sh", "in the way")
    scripts_before = scripts(scripted)
    refused = scripted.ask("move", "p", 2, "--before", 0).refused("store_read_only")
    assert ".2.p2_check.sh: is in the way" in refused.error["message"]
    assert "nothing was written" in refused.error["message"]
    assert (scripts(scripted), text(scripted)) == (scripts_before, plan_before)


@pytest.mark.parametrize("at", range(7))
def test_whatever_step_fails_all_files_are_as_they_were(tmp_path, monkeypatch, at):
    names = {"a": "A", "b": "B", "plan": "old"}
    for name, content in names.items():
        (tmp_path / name).write_text(content)
    steps = iter(range(100))
    for call in ("rename", "replace"):
        real = getattr(os, call)

        def step(*paths, real=real):
            if next(steps) == at:
                raise KeyboardInterrupt
            real(*paths)

        monkeypatch.setattr(os, call, step)
    pairs = [(tmp_path / "a", tmp_path / "b"), (tmp_path / "b", tmp_path / "a")]
    swap = lambda: files.replace(tmp_path / "plan", b"old", b"new", pairs)  # noqa: E731
    if at < 5:
        with pytest.raises(KeyboardInterrupt):
            swap()
        assert {file.name: file.read_text() for file in tmp_path.iterdir()} == names
    else:
        swap()
        assert {f.name: f.read_text() for f in tmp_path.iterdir()} == {
            "a": "B", "b": "A", "plan": "new",
        }  # fmt: skip
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


# Others at the same time


def test_a_file_that_was_saved_meanwhile_is_not_written_over(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("saved by an editor")
    with pytest.raises(files.UsageProblem, match="changed by something else"):
        files.replace(file, b"as it was read", b"edited")
    assert file.read_text() == "saved by an editor"
    assert os.listdir(tmp_path) == ["p.yaml"]


def test_many_editors_at_once_lose_nothing(project):
    project.plan("p", "- {title: One, verify: [{file: a}]}")
    children = []
    for n in range(8):
        pid = os.fork()
        if pid == 0:
            os._exit(project.ask("add", "p", "phase", f"Phase {n}", "--needs", "").exit)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 8
    assert all(f"- title: Phase {n}\n" in text(project) for n in range(8))
