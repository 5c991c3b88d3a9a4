"""A store edited by hand: whatever is shown as done has its event, or the command ends in 9."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from spoiled import Db, Edit, copied, database, forged, original_in, seq_of, untied
from support import Project


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return original_in(tmp_path_factory.mktemp("original"))


@pytest.fixture
def store(original: Project, tmp_path: Path) -> Project:
    return copied(original, tmp_path)


def mark_done(db: Db, index: int, seq: int) -> None:
    """Mark a phase done by hand, resting on an event."""
    db.execute(
        "UPDATE phases SET mark = 'done', mark_seq = ?, mark_digest = digest,"
        " mark_inputs = (SELECT json_extract(body, '$.data.inputs') FROM ledger WHERE seq = ?),"
        " mark_hash = (SELECT hash FROM ledger WHERE seq = ?) WHERE plan = 'p' AND idx = ?",
        (seq, seq, seq, index),
    )


def mark_alone(db: Db) -> None:
    db.execute("UPDATE phases SET mark = 'done', mark_digest = digest WHERE plan = 'p' AND idx = 2")


def mark_of_another_phase(db: Db) -> None:
    mark_done(db, 2, seq_of(db, "done", "zero"))


def mark_of_another_plan(db: Db) -> None:
    mark_done(db, 2, seq_of(db, "done", "other"))


def older_mark_after_a_regress(db: Db) -> None:
    mark_done(db, 1, seq_of(db, "done", "one"))


def inputs_of_the_mark(db: Db) -> None:
    db.execute("""UPDATE phases SET mark_inputs = '{"X":"2"}' WHERE mark = 'regressed'""")


def tail_cut(db: Db) -> None:
    untied(db)
    db.execute("DELETE FROM ledger WHERE seq >= ?", (seq_of(db, "regressed", "one"),))
    mark_done(db, 1, seq_of(db, "done", "one"))


def removed_from_the_middle(db: Db) -> None:
    untied(db)
    db.execute("DELETE FROM ledger WHERE event = 'regressed'")
    mark_done(db, 1, seq_of(db, "done", "one"))


def moved_up_after_a_removal(db: Db) -> None:
    removed_from_the_middle(db)
    newest = db.execute("SELECT max(seq) FROM ledger").fetchone()[0]
    db.execute("UPDATE ledger SET seq = ? WHERE seq = ?", (seq_of(db, "set", "") + 1, newest))


def event_renamed(db: Db) -> None:
    untied(db)
    db.execute("UPDATE ledger SET event = 'renewed' WHERE event = 'regressed'")
    db.execute("UPDATE phases SET mark = 'done' WHERE mark = 'regressed'")


def event_edited(db: Db) -> None:
    untied(db)
    db.execute("UPDATE ledger SET body = replace(body, 'regressed', 'renewed')")
    event_renamed_without_triggers(db)


def event_renamed_without_triggers(db: Db) -> None:
    db.execute("UPDATE ledger SET event = 'renewed' WHERE event = 'regressed'")
    db.execute("UPDATE phases SET mark = 'done' WHERE mark = 'regressed'")


def event_forged_with_its_hash(db: Db) -> None:
    hashed = forged(db, seq_of(db, "regressed", "one"), event="renewed")
    db.execute("UPDATE phases SET mark = 'done', mark_hash = ? WHERE mark = 'regressed'", (hashed,))


def newest_event_forged_with_its_hash(db: Db) -> None:
    seq = seq_of(db, "refused", "two")
    digest = db.execute("SELECT digest FROM phases WHERE plan = 'p' AND idx = 2").fetchone()[0]
    forged(db, seq, event="done", data={"digest": digest, "inputs": {}, "checks": []})
    mark_done(db, 2, seq)


def event_that_is_none(db: Db) -> None:
    forged(db, seq_of(db, "regressed", "one"), data=[])


def input_bound_by_hand(db: Db) -> None:
    db.execute("UPDATE inputs SET value = '7'")


def input_unbound_by_hand(db: Db) -> None:
    db.execute("DELETE FROM inputs")


def definition_text(db: Db) -> None:
    db.execute("UPDATE phases SET definition = replace(definition, 'c.txt', 'a.txt')")


def definition_with_its_digest(db: Db) -> None:
    (row,) = db.execute("SELECT * FROM phases WHERE plan = 'p' AND idx = 2").fetchall()
    text = row["definition"].replace("c.txt", "a.txt")
    db.execute(
        "UPDATE phases SET definition = ?, digest = ?, verify = replace(verify, 'c.txt', 'a.txt')"
        " WHERE plan = 'p' AND idx = 2",
        (text, hashlib.sha256(text.encode()).hexdigest()),
    )


def needs_dropped(db: Db) -> None:
    db.execute("UPDATE phases SET needs = '[]'")


def needs_garbage(db: Db) -> None:
    db.execute("UPDATE phases SET needs = 'x' WHERE idx = 2")


def digest_of_the_plan(db: Db) -> None:
    db.execute("UPDATE plans SET digest = 'x'")


def accepted_by_another_event(db: Db) -> None:
    seq = seq_of(db, "done", "zero")
    hashed = db.execute("SELECT hash FROM ledger WHERE seq = ?", (seq,)).fetchone()[0]
    db.execute("UPDATE plans SET accepted_seq = ?, accepted_hash = ?", (seq, hashed))


def phase_removed(db: Db) -> None:
    db.execute("DELETE FROM phases WHERE plan = 'p' AND idx = 1")
    db.execute("UPDATE phases SET idx = 1, needs = '[\"zero\"]' WHERE plan = 'p' AND idx = 2")


STORE_EDITS: list[Edit] = [
    mark_alone,
    mark_of_another_phase,
    mark_of_another_plan,
    older_mark_after_a_regress,
    inputs_of_the_mark,
    tail_cut,
    removed_from_the_middle,
    moved_up_after_a_removal,
    event_renamed,
    event_edited,
    event_forged_with_its_hash,
    newest_event_forged_with_its_hash,
    event_that_is_none,
    input_bound_by_hand,
    input_unbound_by_hand,
    definition_text,
    definition_with_its_digest,
    needs_dropped,
    needs_garbage,
    digest_of_the_plan,
    accepted_by_another_event,
    phase_removed,
]


@pytest.mark.parametrize("edit", STORE_EDITS, ids=lambda edit: edit.__name__)
def test_an_edited_store_is_said_to_be_one(store: Project, edit: Edit) -> None:
    before = (store.root / ".todo_manager/HEAD").read_text()
    with database(store) as db:
        edit(db)
        events = db.execute("SELECT count(*) FROM ledger").fetchone()[0]
        index = (
            1 if db.execute("SELECT mark FROM phases WHERE idx = 1").fetchone()[0] == "done" else 2
        )
    index = 1 if edit is phase_removed else index
    for words in (
        ("audit",),
        ("show", "p"),
        ("next", "p"),
        ("done", "p", index),
        ("verify", "p", index),
    ):
        refused = store.ask(*words).refused("integrity")
        assert "the ledger does not verify: " in refused.error["message"]
        assert "todo_manager audit" in refused.error["hint"] or words == ("audit",)
    assert "[✔]" not in store.run("show", "p").out
    with database(store) as db:
        assert db.execute("SELECT count(*) FROM ledger").fetchone()[0] == events
    assert (store.root / ".todo_manager/HEAD").read_text() == before


@pytest.mark.parametrize("text", ['[{"verify":[{"file":"a.txt"}]}]', "[]x", '[{"title":"T"}]'])
def test_checks_put_into_a_part_do_not_verify(store: Project, text: str) -> None:
    with database(store) as db:
        db.execute("UPDATE phases SET parts = ? WHERE idx = 2", (text,))
    for words in (("audit",), ("done", "p", 2), ("verify", "p", 2)):
        store.ask(*words).refused("integrity")


def head_removed(head: Path) -> None:
    head.unlink()


def head_ahead(head: Path) -> None:
    seq, hashed = head.read_text().split()
    head.write_text(f"{int(seq) + 1} {hashed}\n")


def head_with_another_hash(head: Path) -> None:
    head.write_text(head.read_text().split()[0] + " " + "1" * 64 + "\n")


def head_garbage(head: Path) -> None:
    head.write_bytes(b"\xff\xfe\x00")


def head_empty(head: Path) -> None:
    head.write_text("")


def head_back_to_a_hash_that_never_was(head: Path) -> None:
    head.write_text("2 " + "1" * 64 + "\n")


HEAD_EDITS = [head_removed, head_ahead, head_with_another_hash, head_garbage, head_empty,
              head_back_to_a_hash_that_never_was]  # fmt: skip


@pytest.mark.parametrize("edit", HEAD_EDITS, ids=lambda edit: edit.__name__)
def test_an_edited_head_is_said_to_be_one(store: Project, edit: Callable[[Path], None]) -> None:
    edit(store.root / ".todo_manager/HEAD")
    for words in (("audit",), ("show", "p"), ("next", "p"), ("done", "p", 0), ("set", "p", "X=3")):
        store.ask(*words).refused("integrity")


def test_a_head_left_behind_by_a_crash_is_brought_up(store: Project) -> None:
    head = store.root / ".todo_manager/HEAD"
    newest = head.read_text()
    with database(store) as db:
        seq = seq_of(db, "done", "zero")
        hashed = db.execute("SELECT hash FROM ledger WHERE seq = ?", (seq,)).fetchone()[0]
    head.write_text(f"{seq} {hashed}\n")
    assert store.states("p") == ["done", "regressed", "blocked"]
    store.ask("done", "p", 0).ok()
    assert head.read_text() == newest
    store.run("audit").ok()


def test_a_whole_older_store_is_behind_its_head(store: Project, tmp_path: Path) -> None:
    """Copied while One was done, put back after it had regressed once more."""
    with database(store) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.run("done", "p", 1).ok()
    with database(store) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    folder = store.root / ".todo_manager"
    shutil.copy(folder / "store.db", tmp_path / "older.db")
    store.write("b.txt", "")
    store.ask("verify", "p", 1).refused("check_failed")
    for name in ("store.db-wal", "store.db-shm"):
        (folder / name).unlink(missing_ok=True)
    shutil.copy(tmp_path / "older.db", folder / "store.db")
    for words in (("done", "p", 1), ("show", "p"), ("next", "p"), ("audit",)):
        store.ask(*words).refused("integrity")


@pytest.mark.parametrize(
    "edit",
    [
        "phases SET checks = '{'", "phases SET checks = '[1]'", "phases SET last_run = '{'",
        "phases SET last_run = '[1]'", "phases SET parts = '[1]'", "phases SET steps = '7'",
        "plans SET tags = '{'",
    ],
)  # fmt: skip
def test_rows_that_cannot_be_shown_are_told_of(store: Project, edit: str) -> None:
    with database(store) as db:
        db.execute(f"UPDATE {edit}")
    store.ask("show", "p").refused("integrity")
    assert store.ask("done", "p", 1).exit != 5
