"""After a break nothing is written until a person acknowledges it, and nothing from before is believed."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
from spoiled import Db, Edit, copied, database, forged, original_in, seq_of, untied
from support import Project

WHY = ("--reason", "the disk was restored")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return original_in(tmp_path_factory.mktemp("original"))


@pytest.fixture
def store(original: Project, tmp_path: Path) -> Project:
    return copied(original, tmp_path)


def tail_cut(db: Db) -> None:
    untied(db)
    db.execute("DELETE FROM ledger WHERE seq >= ?", (seq_of(db, "regressed", "one"),))


def event_altered(db: Db) -> None:
    untied(db)
    db.execute("UPDATE ledger SET body = replace(body, 'regressed', 'renewed ')")


def event_missing(db: Db) -> None:
    untied(db)
    db.execute("DELETE FROM ledger WHERE event = 'regressed'")


def event_forged(db: Db) -> None:
    forged(db, seq_of(db, "regressed", "one"), event="renewed")


def newest_forged(db: Db) -> None:
    forged(db, seq_of(db, "refused", "two"), event="done", data={"digest": "x", "inputs": {}})


def all_events_gone(db: Db) -> None:
    untied(db)
    db.execute("DELETE FROM ledger")


def mark_edited(db: Db) -> None:
    db.execute("UPDATE phases SET mark = 'done', mark_digest = digest WHERE plan = 'p'")


def definition_edited(db: Db) -> None:
    db.execute("UPDATE phases SET definition = replace(definition, 'c.txt', 'a.txt')")


def row_unreadable(db: Db) -> None:
    db.execute("UPDATE phases SET needs = 'nonsense' WHERE plan = 'p'")


def accepted_elsewhere(db: Db) -> None:
    db.execute("UPDATE plans SET accepted_seq = 999999 WHERE id = 'p'")


def input_edited(db: Db) -> None:
    db.execute("UPDATE inputs SET value = '7'")


def output_altered(db: Db) -> None:
    db.execute("UPDATE outputs SET data = x'00'")


def contents_altered(db: Db) -> None:
    db.execute("UPDATE contents SET data = x'00'")


def outputs_gone(db: Db) -> None:
    db.execute("DELETE FROM outputs")


def plan_gone(db: Db) -> None:
    db.execute("DELETE FROM plans WHERE id = 'p'")


CHAIN = [tail_cut, event_altered, event_missing, event_forged, newest_forged, all_events_gone]
ROWS = [mark_edited, definition_edited, row_unreadable, accepted_elsewhere, input_edited, plan_gone]
BLOBS = [output_altered, contents_altered, outputs_gone]
BREAKS = CHAIN + ROWS + BLOBS


def events_in(store: Project) -> list[tuple[Any, ...]]:
    with database(store) as db:
        return [tuple(row) for row in db.execute("SELECT * FROM ledger ORDER BY seq")]


def spoil(store: Project, edit: Edit) -> str:
    """Break the store; the first break as audit names it."""
    with database(store) as db:
        edit(db)
    found = store.ask("audit").refused("integrity")
    assert found.error["person"] is True
    return str(found.data["breaks"][0])


@pytest.mark.parametrize("edit", BREAKS)
def test_every_break_can_be_acknowledged_and_worked_on_from(store: Project, edit: Edit) -> None:
    first = spoil(store, edit)
    before = events_in(store)
    store.ask("audit", "--acknowledge", *WHY).refused("person_required")
    assert events_in(store) == before
    said = store.person("audit", "--acknowledge", *WHY).ok()
    assert first in said.out.replace("\n", " ") or first[:60] in said.out

    found = store.ask("audit").ok().data
    (told,) = found["acknowledged"]
    assert first in told
    assert "by tester (asserted)" in told
    assert "the disk was restored" in told
    assert events_in(store)[:-1] == before

    gone = "p" not in [plan["id"] for plan in store.ask("list").ok().data["plans"]]
    if gone:
        assert edit in (plan_gone, row_unreadable)
        store.run("import", "plans/p.yaml").ok()
    else:
        assert not {"done", "attested", "regressed"} & set(store.states("p"))
        for verb in ("done", "verify"):
            store.ask(verb, "p", 0)
        assert store.ask("next", "p").ok().data["person"] is True
        refused = store.ask("done", "p", 0).refused("definition_changed")
        assert refused.error["person"] is True
        assert store.ask("import", "plans/p.yaml").ok()  # its texts, and no more than those
        store.ask("done", "p", 0).refused("definition_changed")
        store.ask("accept", "p").refused("person_required")
        assert "c.txt" in store.person("accept", "p").ok().out
    store.run("done", "p", 0).ok()
    store.run("done", "p", 1, "--var", "X=1").ok()
    assert store.states("p")[:2] == ["done", "done"]
    store.run("verify", "p", 0).ok()
    assert store.ask("audit").ok().data["acknowledged"] == [told]
    for words in (["log"], ["report", "p"], ["status"], ["show", "p"], ["next", "p"], ["doctor"]):
        assert store.run(*words).exit in (0, 1, 5), words


WRITES = [
    ["done", "p", 1], ["done", "p", 2], ["verify", "p", 0], ["set", "p", "X=9"], ["archive", "p"],
    ["reopen", "p", 0, "--reason", "x"], ["claim", "p", 2], ["import", "plans/p.yaml"],
    ["import", "plans/new.yaml"], ["next", "p", "--claim"],
]  # fmt: skip


@pytest.mark.parametrize("edit", CHAIN)
def test_after_a_break_in_the_chain_nothing_is_written(store: Project, edit: Edit) -> None:
    store.plan("new", "- {title: N, verify: [{file: a.txt}]}", imported=False)
    spoil(store, edit)
    with database(store) as db:
        before = list(db.iterdump())
    for words in WRITES:
        store.ask(*words).refused("integrity")
    with database(store) as db:
        assert list(db.iterdump()) == before


@pytest.mark.parametrize("edit", [mark_edited, definition_edited, input_edited, accepted_elsewhere])
def test_after_an_edit_of_its_rows_no_phase_of_the_plan_is_done(store: Project, edit: Edit) -> None:
    spoil(store, edit)
    before = events_in(store)
    for words in (["done", "p", 1], ["done", "p", 2], ["verify", "p", 1], ["run", "p", 2]):
        assert store.ask(*words).exit in (9, 2), words
    assert events_in(store) == before


def test_a_break_is_acknowledged_once_and_nothing_else_is(store: Project) -> None:
    store.person("audit", "--acknowledge", *WHY).ok()
    assert not [row for row in events_in(store) if "acknowledged" in row]
    spoil(store, tail_cut)
    assert store.person("audit", "--acknowledge", *WHY, answer="no").exit == 6
    assert not [row for row in events_in(store) if "acknowledged" in row]
    store.person("audit", "--acknowledge", *WHY).ok()
    before = events_in(store)
    assert "no break" in store.run("audit", "--acknowledge").ok().out
    assert events_in(store) == before


def test_marks_from_before_cannot_be_put_back(store: Project) -> None:
    with database(store) as db:
        rows = [tuple(row) for row in db.execute("SELECT * FROM phases WHERE mark = 'done'")]
        columns = len(rows[0])
    spoil(store, output_altered)
    store.person("audit", "--acknowledge", *WHY).ok()
    with database(store) as db:
        db.execute("DELETE FROM phases WHERE plan IN ('p', 'q') AND idx = 0")
        db.executemany(f"INSERT INTO phases VALUES ({', '.join('?' * columns)})", rows)
    for words in (["list"], ["show", "q"], ["next", "q"], ["status"], ["done", "q", 0], ["audit"]):
        store.ask(*words).refused("integrity")


def test_accepted_definitions_from_before_cannot_be_put_back(store: Project) -> None:
    with database(store) as db:
        row = db.execute("SELECT accepted_seq, accepted_hash FROM plans WHERE id = 'q'").fetchone()
    spoil(store, output_altered)
    store.person("audit", "--acknowledge", *WHY).ok()
    with database(store) as db:
        db.execute("UPDATE plans SET accepted_seq = ?, accepted_hash = ?", tuple(row))
    store.ask("done", "q", 0).refused("definition_changed")
    with database(store) as db:
        db.execute("UPDATE plans SET accepted_seq = (SELECT max(seq) FROM ledger)")
    store.ask("done", "q", 0).refused("integrity")


def test_what_came_before_stays_as_it_was_acknowledged(store: Project) -> None:
    spoil(store, event_missing)
    store.person("audit", "--acknowledge", *WHY).ok()
    with database(store) as db:
        untied(db)
        db.execute("UPDATE ledger SET actor = 'somebody' WHERE seq = 2")
    assert "altered since" in store.ask("audit").refused("integrity").error["message"]


def test_a_second_break_can_follow(store: Project) -> None:
    spoil(store, event_missing)
    store.person("audit", "--acknowledge", *WHY).ok()
    store.person("accept", "p").ok()
    store.run("done", "p", 0).ok()
    spoil(store, mark_edited)
    store.person("audit", "--acknowledge", "--reason", "again").ok()
    told = store.ask("audit").ok().data["acknowledged"]
    assert [("again" in line) for line in told] == [False, True]
    store.ask("done", "p", 0).refused("definition_changed")


def test_a_head_that_is_gone_or_nonsense(store: Project) -> None:
    head = store.root / ".todo_manager/HEAD"
    for harm in (head.unlink, lambda: head.write_text("nonsense")):
        harm()
        store.ask("audit").refused("integrity")
        store.ask("set", "p", "X=5").refused("integrity")
        store.person("audit", "--acknowledge", *WHY).ok()
        store.run("audit").ok()
        store.run("archive", "q").ok()
        store.run("archive", "q", "--undo").ok()


@pytest.mark.parametrize(
    "point", ["ledger-appended", "before-commit", "after-commit", "head-temporary"]
)
def test_a_crash_leaves_the_break_or_the_new_beginning(store: Project, point: str) -> None:
    spoil(store, tail_cut)
    env = store.env
    store.env = env | {"TODO_MANAGER_CRASH_AT": point}
    died = store.person("audit", "--acknowledge", *WHY)
    assert died.exit == -signal.SIGKILL
    store.env = env
    found = store.ask("audit")
    if point in ("ledger-appended", "before-commit"):
        found.refused("integrity")
        store.person("audit", "--acknowledge", *WHY).ok()
    else:
        found.ok()
    store.run("archive", "q").ok()
    assert len(store.ask("audit").ok().data["acknowledged"]) == 1


def test_a_head_from_before_does_not_excuse_what_is_cut_later(store: Project) -> None:
    """The HEAD an acknowledged break has named counts only until the next event."""
    spoil(store, tail_cut)
    head = store.root / ".todo_manager/HEAD"
    seen = head.read_text()
    store.person("audit", "--acknowledge", *WHY).ok()
    store.run("archive", "q").ok()
    head.write_text(seen)
    store.ask("audit").refused("integrity")
    store.ask("archive", "q", "--undo").refused("integrity")


def test_attesting_waits_for_acceptance_too(store: Project) -> None:
    store.plan("word", "- {title: A word, verify: []}")
    spoil(store, output_altered)
    store.person("audit", "--acknowledge", *WHY).ok()
    assert store.person("attest", "word", 0, "--reason", "I saw it").exit == 6
    assert store.states("word") == ["ready"] or store.states("word") == ["blocked"]
