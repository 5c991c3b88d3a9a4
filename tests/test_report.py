"""`report`: all that is known of a plan, nothing of it unverified, in a file that does no harm."""

from __future__ import annotations

import html.parser
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
import twenty
from forked import NOBODY, Forked
from gated import new_project
from spoiled import database, original_in, untied
from support import Project


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The plan of twenty phases; tests only read it."""
    return twenty.build(new_project(tmp_path_factory.mktemp("twenty")))


@pytest.fixture(scope="module")
def page(built: Project) -> str:
    return built.run("report", twenty.ID, "--html", "-").ok().out


@pytest.fixture
def project(project: Project) -> Project:
    return Forked(project.root, Path(project.env["HOME"]))


class Read(html.parser.HTMLParser):
    """Elements with their attributes, and the text between them; every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


# What it says


def test_every_phase_is_there_with_its_state_as_word_and_glyph(built: Project, page: str) -> None:
    assert built.states(twenty.ID) == twenty.STATES
    read = Read(page)
    for index, state in enumerate(twenty.STATES):
        assert {"class": "phase", "id": f"p{index}"} in read.all("article")
        (box,) = re.findall(rf"<title>{index}\. [^<]*: (\w+)</title>", page)
        assert box == state
    for glyph in ("✔ done", "✔ attested", "~ stale", "↺ regressed", "✗ failed", "! errored"):
        assert glyph in read.text


def test_evidence_inputs_outputs_and_digests_are_told(built: Project, page: str) -> None:
    text = Read(page).text
    shown = built.ask("show", twenty.ID).ok().data["plan"]
    audited = built.ask("audit").ok().data
    assert shown["digest"] in text
    assert audited["head"]["hash"] in text
    assert all(phase["digest"] in text for phase in shown["phases"])
    for told in (
        "RELEASE = 2025.8", "release 2025.8", "no route to the ledger service", "exited 1",
        "checks/sbom.sh differs from what was accepted", "rests on attested 1",
        "all three teams said yes, in writing", "imported by tester (asserted)",
        "None: no check of this plan is waived.", "Nothing was tried yet", "It has no checks.",
        "Part 1: Back to the old cluster", "Important note",
    ):  # fmt: skip
        assert told in text, told


def test_what_programs_get_holds_the_same(built: Project) -> None:
    data = built.ask("report", twenty.ID).ok().data
    assert data["counts"] == {
        "regressed": 1, "stale": 1, "failed": 1, "errored": 1, "blocked": 5, "ready": 1, "attested": 1,
        "done": 9,
    }  # fmt: skip
    assert (data["done"], data["total"], data["file"]) == (10, 20, None)
    assert data["waivers"] == []
    assert [(row["phase"], row["check"]) for row in data["flaky"]] == [(5, "answers-at-last")]
    never = {(row["phase"], row["check"]) for row in data["never_failed"]}
    assert (0, "the-protocol") in never
    assert not never & {(4, "v1"), (10, "v1"), (11, "v1")}
    assert [row["event"] for row in data["accepted"]] == ["imported"]
    by_phase = {phase: [] for phase in range(20)}
    for row in data["evidence"]:
        by_phase[row["phase"]].append((row["event"], row["marks"]))
    assert by_phase[0] == [("done", True)]
    assert by_phase[1] == [("attested", True)]
    assert by_phase[10] == [("regressed", True)]
    assert by_phase[11] == [("refused", False)]
    assert by_phase[14] == [("refused", False)]
    (load,) = [row for row in data["evidence"] if row["phase"] == 11]
    heads = {kept["stream"]: kept["head"] for kept in load["checks"][0]["outputs"]}
    assert heads == {
        "stdout": "status: starting\n",
        "stderr": "no route to the ledger service\n",
    }
    assert [row["seq"] for row in data["events"]] == sorted(row["seq"] for row in data["events"])


def test_without_html_it_is_text(built: Project) -> None:
    out = built.run("report", twenty.ID).ok().out
    assert "  10 of 20 done or attested (1 regressed, 1 stale, " in out
    assert "[ ] 11. Billing says it is healthy\n      ✗ failed: " in out
    assert "            seen:     exited 1 (no route to the ledger service)" in out
    assert "flaky: phase 5 check answers-at-last\nwaived: none\n" in out
    assert not (built.root / f"{twenty.ID}-report.html").exists()


# Nothing from elsewhere, nothing that runs


def test_the_page_asks_nobody_and_runs_nothing(page: str) -> None:
    read = Read(page)
    names = {name for name, _ in read.elements}
    assert not names & {"script", "img", "iframe", "object", "embed", "form", "base", "input"}
    for _, attributes in read.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action", "xlink:href", "data"):
            assert (attributes.get(name) or "#").startswith(("#", "data:,"))
    assert "url(" not in page.replace('marker-end="url(#tip)"', "")
    assert "@import" not in page
    (policy,) = [row["content"] for row in read.all("meta") if "http-equiv" in row]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</title></style><b>",
    "[click](javascript:alert(1))", "![x](https://evil.example/x.png)", "<https://evil.example/a>",
    "[good](https://evil.example/b \"t\")", "\u202egnp.exe", "\x1b[2J", '" onmouseover="x', "&lt;b&gt;",
    "<!-- --><svg onload=alert(1)>", "]]></pre>",
)  # fmt: skip


def test_no_text_of_a_plan_and_no_output_becomes_markup(project: Project) -> None:
    quoted = [text.replace("\\", r"\\").replace('"', r"\"") for text in HOSTILE]
    quoted = [text.replace("\x1b", r"\e").replace("\u202e", r"\u202e") for text in quoted]
    all_ = " ".join(quoted)
    project.write("out.txt", "\n".join(HOSTILE))
    project.plan(
        "evil",
        f"""
        - key: k
          title: "{all_}"
          explain: "{all_}\\n\\n# Heading <i>\\n\\n| a | <u> |\\n|:-:|--:|\\n| <b> | `<c>` |\\n"
          note: "{all_}"
          tags: ["<b>"]
          verify:
            - {{name: "{quoted[0]}", command: [cat, out.txt], stdout: {{contains: "{quoted[0]}"}}}}
            - {{file: out.txt, contains: "nothing {quoted[1]}"}}
        """,
        head=f'description: "{all_}"\nsource: "{all_}"\ninputs: [X]\n',
    )
    project.run("set", "evil", f"X={HOSTILE[0]}").ok()
    project.run("done", "evil", 0, env={"TODO_MANAGER_ACTOR": f"{HOSTILE[0]} {HOSTILE[1]}"})
    text = project.run("report", "evil", "--html", "-").ok().out
    test_the_page_asks_nobody_and_runs_nothing(text)
    read = Read(text)
    assert "<script>alert(1)</script>" in read.text
    assert "https://evil.example/b" in read.text
    assert not [letter for letter in text if letter in "\u202e\x1b"]
    assert {name for name, _ in read.elements} >= {"article", "details", "svg", "table"}
    assert not {name for name, _ in read.elements} & {"b", "i", "u", "c", "q"}
    for line in project.run("report", "evil").ok().out.splitlines():
        assert not {"\u202e", "\x1b"} & set(line)


# Nothing unverified


def forged_mark(project: Project) -> None:
    with database(project) as db:
        db.execute("UPDATE phases SET mark = 'done', mark_digest = digest WHERE idx = 2")


def altered_output(project: Project) -> None:
    with database(project) as db:
        db.execute("UPDATE outputs SET data = x'00'")


def lost_output(project: Project) -> None:
    with database(project) as db:
        db.execute("DELETE FROM outputs")


def edited_event(project: Project) -> None:
    with database(project) as db:
        untied(db)
        db.execute("UPDATE ledger SET body = replace(body, 'tester', 'nobody') WHERE seq = 2")


def event_of_another_plan(project: Project) -> None:
    with database(project) as db:
        untied(db)
        db.execute("UPDATE ledger SET body = body || ' ' WHERE plan = 'q'")


def head_ahead(project: Project) -> None:
    head = project.root / ".todo_manager/HEAD"
    seq, hashed = head.read_text().split()
    head.write_text(f"{int(seq) + 1} {hashed}\n")


@pytest.mark.parametrize(
    "spoil",
    [forged_mark, altered_output, lost_output, edited_event, event_of_another_plan, head_ahead],
)
def test_nothing_is_told_of_a_store_that_does_not_verify(tmp_path: Path, spoil: Any) -> None:
    (tmp_path / "spoiled").mkdir()
    project = original_in(tmp_path / "spoiled")
    project.run("report", "p", "--html").ok()
    os.unlink(project.root / "p-report.html")
    spoil(project)
    for words in (("report", "p"), ("report", "p", "--html")):
        assert "data" not in project.ask(*words).refused("integrity").json
        assert project.run(*words).out == ""
    assert not (project.root / "p-report.html").exists()


# The file


PLAN = "- {title: One, verify: [{file: a}]}"


def test_it_is_written_whole_beside_where_one_stands_and_over_an_older_one(
    project: Project,
) -> None:
    project.plan("p", PLAN)
    assert project.ask("report", "p", "--html").ok().data["file"] == "p-report.html"
    file = project.root / "p-report.html"
    assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~_umask()
    first = file.read_text()
    project.write("a", "a")
    project.run("done", "p", 0).ok()
    assert "written to p-report.html" in project.run("report", "p", "--html").ok().out
    assert file.read_text() != first
    assert sorted(os.listdir(project.root)) == [".todo_manager", "a", "p-report.html", "plans"]
    project.run("report", "p", "--html", "sub.html").ok()
    project.run("-C", "plans", "report", "p", "--html").ok()
    assert (project.root / "plans/p-report.html").exists()


def _umask() -> int:
    found = os.umask(0o022)
    os.umask(found)
    return found


def test_another_file_is_never_written_over(project: Project) -> None:
    document = project.plan("p", PLAN)
    before = document.read_bytes()
    refused = project.ask("report", "p", "--html", "plans/p.yaml").refused("usage")
    assert "is no report" in refused.error["message"]
    assert document.read_bytes() == before
    (project.root / "empty").touch()
    project.run("report", "p", "--html", "empty").ok()
    (project.root / "link.html").symlink_to("plans/p.yaml")
    project.ask("report", "p", "--html", "link.html").refused("usage")
    assert document.read_bytes() == before


def test_a_file_that_cannot_be_written_is_said_and_leaves_nothing_behind(project: Project) -> None:
    project.plan("p", PLAN)
    for name in ("no/such/folder.html", "plans", "x" * 300, "plans/p.yaml/x"):
        refused = project.ask("report", "p", "--html", name).refused("not_written")
        assert refused.error["hint"].count("--html")
    assert sorted(os.listdir(project.root)) == [".todo_manager", "plans"]


@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="needs to be root")
def test_who_may_not_write_may_still_read(tmp_path: Path) -> None:
    base = Path("/tmp") / f"todo_manager-test-{os.getpid()}"
    (base / "home").mkdir(parents=True)
    (base / "project").mkdir()
    try:
        base.chmod(0o755)
        project = Forked(base / "project", base / "home")
        project.plan("p", PLAN)
        project.uid = NOBODY
        project.run("report", "p").ok()
        project.ask("report", "p", "--html").refused("not_written")
        project.run("report", "p", "--html", "-").ok()
        project.run("status").ok()
        project.run("tree").ok()
    finally:
        shutil.rmtree(base)


def test_a_full_disk_is_said(project: Project) -> None:
    project.plan("p", PLAN)
    project.ask("report", "p", "--html", "/dev/full").refused("disk_full")
    assert Path("/dev/full").is_char_device()


def test_wrong_words_are_told(project: Project) -> None:
    project.plan("p", PLAN)
    project.ask("report", "zz").refused("unknown_plan")
    project.ask("report").refused("usage")
    project.ask("report", "p", "--html", "-").refused("usage")


def test_an_id_that_is_no_file_name_does_not_become_one(project: Project) -> None:
    id_ = "../up 'x' <b>"
    project.write("q.json", f'{{"tasks": [{{"id": "{id_}", "title": "T", "todos": []}}]}}')
    project.run("import", "q.json").ok()
    assert project.ask("report", id_, "--html").ok().data["file"] == "plan-report.html"
    text = Read((project.root / "plan-report.html").read_text()).text
    assert "The plan has no phases." in text


def test_a_plan_of_500_phases_is_one_page(project: Project) -> None:
    lines = [
        f"- {{key: k{n}, title: P{n}, needs: {_needs(n)}, verify: [{{file: a}}]}}"
        for n in range(500)
    ]
    project.plan("big", "\n".join(lines))
    page = project.run("report", "big", "--html", "-").ok().out
    assert Read(page).text.count("Gate digest") == 500
    assert page.count('class="line"') > 500


def _needs(n: int) -> str:
    return f"[{', '.join(f'k{m}' for m in sorted({n // 2, n // 3, n - 7}) if 0 <= m < n)}]"


# What came of it later


def test_evidence_of_another_definition_and_runs_that_do_not_count_say_so(project: Project) -> None:
    project.write("a", "a")
    document = project.plan("p", PLAN)
    project.run("done", "p", 0).ok()
    document.write_text(document.read_text().replace("file: a", "file: ./a"))
    project.run("verify", "p", 0).ok()
    uncounted = project.ask("report", "p").ok().data
    assert uncounted["plan"]["phases"][0]["state"] == "stale"
    first, second = uncounted["evidence"]
    assert (first["marks"], first["current"], second["current"]) == (True, True, False)
    assert "differs from what was accepted" in second["does_not_count"]
    project.person("accept", "p").ok()
    data = project.ask("report", "p").ok().data
    assert [row["event"] for row in data["accepted"]] == ["imported", "accepted"]
    assert [row["current"] for row in data["evidence"]] == [False, True]
    text = Read(project.run("report", "p", "--html", "-").ok().out).text
    assert f"Under another definition: {data['evidence'][0]['digest']}" in text
    assert "accepted by tester (asserted)" in text


def test_a_phase_that_was_reopened_or_archived_is_told_as_it_is(project: Project) -> None:
    project.write("a", "a")
    project.plan("p", PLAN)
    project.run("done", "p", 0).ok()
    project.run("reopen", "p", 0, "--reason", "the file was copied by hand").ok()
    data = project.ask("report", "p").ok().data
    assert (data["counts"], data["evidence"][-1]["event"]) == ({"ready": 1}, "reopened")
    project.run("archive", "p").ok()
    data = project.ask("report", "p").ok().data
    assert (data["plan"]["status"], data["counts"], data["next"]) == (
        "archived", {"archived": 1}, None,
    )  # fmt: skip
    text = Read(project.run("report", "p", "--html", "-").ok().out).text
    assert "the file was copied by hand" in text


def test_of_a_long_history_the_newest_events_are_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("todo_manager.report.EVENTS", 3)
    project.plan("p", PLAN, head="inputs: [X]\n")
    for n in range(5):
        project.run("set", "p", f"X={n}").ok()
    data = project.ask("report", "p").ok().data
    assert [row["said"] for row in data["events"]] == ["X = 2", "X = 3", "X = 4"]
    assert data["earlier"] == 3
    assert "todo_manager log p --last 6" in project.run("report", "p", "--html", "-").ok().out
