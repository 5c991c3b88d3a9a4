"""The store's schema, one function a step, applied by sqlite-utils; never edited once released.

Imported only when a store is made or is older than the program: sqlite-utils costs more to import
than a whole read.
"""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

steps = Migrations("todo_manager")


@steps()
def m001_plans_and_phases(db: Database) -> None:
    """Plans with their accepted definition; phases with the mark that caches a ledger event."""
    db.table("plans").create(
        {
            "seq": int,
            "id": str,
            "title": str,
            "description": str,
            "source": str,
            "status": str,
            "created": str,
            "updated": str,
            "format": str,
            "names": str,
            "source_path": str,
            "source_sha256": str,
            "digest": str,
            "accepted_seq": int,
            "accepted_hash": str,
            "accepted_by": str,
            "closed": int,
        },
        pk="seq",
        not_null={"id", "digest", "closed"},
    )
    db.table("plans").create_index(["id"], unique=True)
    db.table("plans").create_index(["closed", "seq"])
    db.table("phases").create(
        {
            "plan": str,
            "idx": int,
            "key": str,
            "title": str,
            "explain": str,
            "note": str,
            "text": str,
            "needs": str,
            "verify": str,
            "checks": str,
            "required": int,
            "definition": str,
            "digest": str,
            "lock": int,
            "mark": str,
            "mark_seq": int,
            "mark_hash": str,
            "mark_digest": str,
            "mark_inputs": str,
            "last_verdict": str,
            "last_digest": str,
            "last_run": str,
        },
        pk=("plan", "idx"),
        not_null={"key", "digest", "mark"},
    )


@steps()
def m002_files_and_inputs(db: Database) -> None:
    """Files a plan rests on, as they were when accepted; values bound to its inputs."""
    db.table("files").create(
        {
            "plan": str,
            "path": str,
            "role": str,
            "phase": int,
            "stamp": str,
            "sha256": str,
        },
        pk=("plan", "path", "role", "phase"),
    )
    db.table("inputs").create({"plan": str, "name": str, "value": str}, pk=("plan", "name"))
    db.table("contents").create({"sha256": str, "data": bytes}, pk="sha256")


@steps()
def m003_ledger(db: Database) -> None:
    """The append-only ledger, the outputs it names, and what is known of each check."""
    db.table("ledger").create(
        {
            "seq": int,
            "hash": str,
            "at": str,
            "event": str,
            "plan": str,
            "key": str,
            "actor": str,
            "body": str,
        },
        pk="seq",
        not_null={"hash", "event", "body"},
    )
    db.table("ledger").create_index(["plan", "key", "event"])
    # Not protection against somebody with the file in hand, but against our own mistakes.
    for verb in ("UPDATE", "DELETE"):
        db.execute(
            f"CREATE TRIGGER ledger_no_{verb.lower()} BEFORE {verb} ON ledger "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )
    db.table("outputs").create({"sha256": str, "data": bytes}, pk="sha256")
    db.table("check_history").create(
        {"plan": str, "check_digest": str, "passed": int, "failed": int, "error": int},
        pk=("plan", "check_digest"),
    )


@steps()
def m004_parts_search_and_claims(db: Database) -> None:
    """Parts and tags of phases, archived plans, claims, kept proposals, and full text search."""
    for name in ("parts", "tags", "claim_by", "claim_until"):
        db.table("phases").add_column(name, str)
    db.table("plans").add_column("tags", str)
    db.table("plans").add_column("archived", int)
    db.table("proposals").create(
        {"plan": str, "data": bytes, "at": str, "actor": str}, pk="plan", not_null={"data"}
    )
    db.table("plan_texts").create({"seq": int, "title": str, "body": str}, pk="seq")
    db.table("plan_texts").enable_fts(["title", "body"], fts_version="FTS5", create_triggers=True)
    _fill_texts(db)


@steps()
def m005_steps(db: Database) -> None:
    """What may be executed of a phase: its definition, and the lines `show` has of it."""
    for name in ("steps", "undo", "preflight", "step_text", "step_digest"):
        db.table("phases").add_column(name, str)


@steps()
def m006_what_marks_rest_on(db: Database) -> None:
    """What the mark of a phase rests on beside its checks: until when, on whose word, on which waivers."""
    db.table("phases").add_column("mark_rests", str)
    db.table("plans").add_column("closed_until", str)
    # Partial: few plans are closed and rest on something that runs out, and `list` asks for those.
    db.execute(
        "CREATE INDEX plans_closed_until ON plans (closed_until) WHERE closed_until IS NOT NULL"
    )


def _fill_texts(db: Database) -> None:
    """Make the plans that are in the store already searchable."""
    db.execute(
        "INSERT INTO plan_texts (seq, title, body) SELECT p.seq, p.id || ' ' || coalesce(p.title, ''),"
        " coalesce(p.description, '') || char(10) || coalesce((SELECT group_concat("
        "coalesce(f.title, '') || char(10) || coalesce(f.text, ''), char(10))"
        " FROM phases AS f WHERE f.plan = p.id), '') FROM plans AS p"
    )


def apply(connection: sqlite3.Connection, version: int) -> None:
    """Bring a store up to `version`, all steps and the version number in one transaction."""
    database = Database(connection)
    with database.atomic():
        steps.apply(database)
        connection.execute(f"PRAGMA user_version = {version}")
