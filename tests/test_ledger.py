"""The ledger: a chain of events, the outputs they name, and what is told of them."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from forked import Forked
from spoiled import copied, database, forged, original_in, seq_of, untied
from support import Project


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return original_in(tmp_path_factory.mktemp("original"))


@pytest.fixture
def store(original: Project, tmp_path: Path) -> Project:
    return copied(original, tmp_path)


BLOBS = {
    "altered": zlib.compress(b"forged"),
    "no zlib": b"\x00",
}


@pytest.mark.parametrize("data", BLOBS.values(), ids=BLOBS)
def test_an_output_that_was_edited_is_neither_shown_nor_audited(
    store: Project, data: bytes
) -> None:
    with database(store) as db:
        seq = seq_of(db, "done", "one")
        assert db.execute("UPDATE outputs SET data = ?", (data,)).rowcount == 1
    store.ask("log", "--run", seq).refused("integrity")
    refused = store.ask("audit").refused("integrity")
    assert "was altered" in refused.error["message"]


def test_an_output_that_is_gone_is_missed(store: Project) -> None:
    with database(store) as db:
        seq = seq_of(db, "done", "one")
        db.execute("DELETE FROM outputs")
    store.ask("log", "--run", seq).refused("integrity")
    store.ask("audit").refused("integrity")


def test_a_plan_that_was_removed_by_hand_cannot_come_in_anew(store: Project) -> None:
    with database(store) as db:
        for table in ("plans", "phases", "inputs", "files"):
            db.execute(f"DELETE FROM {table}")
    store.ask("import", "plans/p.yaml").refused("integrity")
    store.ask("audit").refused("integrity")


def test_the_ledger_refuses_to_be_edited_by_mistake(store: Project) -> None:
    with database(store) as db:
        for statement in ("UPDATE ledger SET actor = 'x'", "DELETE FROM ledger"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(statement)


def test_audit_names_the_first_break_and_where_it_is(store: Project) -> None:
    with database(store) as db:
        untied(db)
        db.execute("UPDATE ledger SET actor = 'somebody else' WHERE seq = 3")
    found = store.ask("audit").refused("integrity")
    assert "event 3: its actor is not the one that was hashed" in found.error["message"]
    assert found.data["breaks"][0] in found.error["message"]
    assert "✗ event 3" in store.run("audit").out
    store.ask("log").refused("integrity")


def test_a_check_that_marks_its_own_phase_in_the_store_does_not_get_it_done(
    project: Project,
) -> None:
    forge = (
        "import sqlite3; db = sqlite3.connect('.todo_manager/store.db');"
        "db.execute(\"UPDATE phases SET mark = 'done', mark_digest = digest, mark_seq = 1,"
        " mark_hash = (SELECT hash FROM ledger WHERE seq = 1), mark_inputs = '{}'\"); db.commit()"
    )
    argv = json.dumps(["python3", "-c", forge])
    project.plan(
        "p",
        f"- title: Zero\n  verify: [{{file: absent}}]\n- title: One\n  needs: []\n  verify: [{{command: {argv}}}]",
    )
    for words in (("verify", "p", 1), ("done", "p", 1), ("show", "p"), ("verify", "p", 0)):
        project.ask(*words).refused("integrity")
    with database(project) as db:
        kinds = [row["event"] for row in db.execute("SELECT event FROM ledger")]
    assert kinds == ["imported"]


def test_every_event_is_chained_to_the_one_before_it(original: Project) -> None:
    events = original.events()
    before = "0" * 64
    for number, event in enumerate(events, start=1):
        assert (event["seq"], event["prev"]) == (number, before)
        before = event["hash"]
    head = (original.root / ".todo_manager/HEAD").read_text().split()
    assert head == [str(len(events)), before]
    assert {event["how"] for event in events} == {"asserted"}
    assert {event["actor"] for event in events} == {"tester"}


def test_log_tells_of_one_plan_one_phase_one_run(original: Project) -> None:
    def kinds(*words: object) -> Iterator[str]:
        return (event["event"] for event in original.ask("log", *words).ok().data["events"])

    assert list(kinds("p", 1)) == ["done", "regressed"]
    assert list(kinds("q")) == ["imported", "done"]
    assert list(kinds("p", "--last", 1)) == ["refused"]
    seq = next(e["seq"] for e in original.events("done") if e["key"] == "one")
    found = original.ask("log", "--run", seq).ok().data
    assert list(found["outputs"].values()) == ["seen 1\n"]
    text = original.run("log", "--run", seq).ok().out
    assert "| seen 1" in text
    original.ask("log", "--run", 9999).refused("usage")
    original.ask("log", "p", 9).refused("unknown_phase")


def test_a_statement_that_is_gone_or_says_something_else(store: Project) -> None:
    with database(store) as db:
        names = [
            row[0]
            for row in db.execute(
                "SELECT json_extract(body, '$.data.attestation.sha256') FROM ledger WHERE event = 'done'"
            )
        ]
        assert all(names)
        db.execute("DELETE FROM contents WHERE sha256 = ?", (names[0],))
    assert "statement" in store.ask("audit").refused("integrity").error["message"]


def test_an_event_that_names_the_statement_of_another(store: Project) -> None:
    """The bytes are there and whole; they are about something else."""
    with database(store) as db:
        rows = db.execute(
            "SELECT seq, body FROM ledger WHERE event = 'done' ORDER BY seq"
        ).fetchall()
        other = json.loads(rows[0]["body"])["data"]["attestation"]
        data = json.loads(rows[-1]["body"])["data"] | {"attestation": other}
        forged(db, rows[-1]["seq"], data=data)
    found = store.ask("audit").refused("integrity").data["breaks"]
    assert any("says something else" in line for line in found), found
