"""The in-toto Statement of an event: what was proven of a phase, in a form that others can read.

Statement v1 with the predicate `test-result/v0.1`; what a verification summary would say stands in it as
the extension that spec provides for, under the type URI of that predicate, and what neither has a place
for under ours. It is made of the event alone, so `audit` can make it again.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from todo_manager import ledger
from todo_manager.canonical import digest
from todo_manager.ledger import Actor, Recorded

TYPE = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
SUMMARY = "https://slsa.dev/verification_summary/v1"
# A name of ours has to be a URI. `.invalid` belongs to nobody, so it can be nobody else's either.
OURS = "https://todo-manager.invalid/proof/v1"
ATTESTED = "https://todo-manager.invalid/attested/v1"
"""The predicate of a phase that a person vouches for: no test has a result there."""
VERIFIER = "https://todo-manager.invalid/verifier"
PROVEN = ("done", "renewed")
NAMED = "attestation"
"""Where the data of an event names its statement."""
FORM = 1
"""Of statements as they are made here; audit makes only those of its own form again."""

Event = Mapping[str, Any]


def append(
    db: sqlite3.Connection, event: str, actor: Actor, *, plan: str, key: str, data: dict[str, Any]
) -> Recorded:
    """Append an event that proves a phase, and keep its statement, in the caller's transaction."""
    kept: list[str] = []

    def seal(content: dict[str, Any]) -> dict[str, Any]:
        kept.append(text_of(content))
        return {NAMED: {"form": FORM, "sha256": digest(kept[0])}}

    recorded = ledger.append(db, event, actor, plan=plan, key=key, data=data, seal=seal)
    row = (digest(kept[0]), zlib.compress(kept[0].encode()))
    db.execute("INSERT OR IGNORE INTO contents (sha256, data) VALUES (?, ?)", row)
    return recorded


def kept(db: sqlite3.Connection, event: Event) -> str:
    """The statement of an event as it was kept, or made now for one that has none.

    Raises IntegrityProblem when it is missing, or is another than the event names.
    """
    named = event["data"].get(NAMED)
    if named is None:
        return text_of(event)
    row = db.execute("SELECT data FROM contents WHERE sha256 = ?", (named["sha256"],)).fetchone()
    try:
        text = zlib.decompress(row["data"]).decode() if row else ""
    except (zlib.error, UnicodeError, TypeError):
        text = ""
    if digest(text) != named["sha256"]:
        raise ledger.broken(f"the statement of event {event['seq']} is missing or was altered")
    return text


def differs(event: Event) -> bool:
    """Whether an event names a statement that says something else than the event."""
    named = event["data"].get(NAMED)
    if named is None or named.get("form") != FORM:
        return False
    return bool(named.get("sha256") != digest(text_of(event)))


def text_of(event: Event) -> str:
    """The statement of a done, renewed or attested event as canonical JSON."""
    data = {name: value for name, value in event["data"].items() if name != NAMED}
    attested = event["event"] not in PROVEN
    found = {
        "_type": TYPE,
        "subject": _subjects(data),
        "predicateType": ATTESTED if attested else TEST_RESULT,
        "predicate": _attested(event, data) if attested else _tested(event, data),
    }
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def _tested(event: Event, data: Mapping[str, Any]) -> dict[str, Any]:
    checks = data["checks"]
    clean = [each["id"] for each in checks if each["verdict"] == "passed" and not each["flaky"]]
    failed = [each["id"] for each in checks if each["verdict"] in ("failed", "error")]
    warned = [each["id"] for each in checks if each["id"] not in (*clean, *failed)]
    return {
        "result": "WARNED" if warned or failed else "PASSED",
        "configuration": [_gate(event, data)],
        "passedTests": clean,
        "warnedTests": warned,
        "failedTests": failed,
        SUMMARY: _summary(event, data),
        OURS: _ours(event, data) | {"checks": [_check(each) for each in checks]},
    }


def _attested(event: Event, data: Mapping[str, Any]) -> dict[str, Any]:
    said = {"by": data.get("by"), "reason": data.get("reason"), "gate": _gate(event, data)}
    return said | {OURS: _ours(event, data)}


def _gate(event: Event, data: Mapping[str, Any]) -> dict[str, Any]:
    """What was demanded: the gate digest covers checks, scripts, helpers and pins."""
    return {"name": f"{event['plan']}/{event['key']}", "digest": {"sha256": data["digest"]}}


def _summary(event: Event, data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a verification summary. No SLSA level is claimed."""
    needs = data.get("needs", {})
    return {
        "verifier": {"id": VERIFIER, "version": {"statement": str(FORM)}},
        "timeVerified": event["at"],
        "resourceUri": f"plan:{event['plan']}/{event['key']}",
        "policy": {"uri": f"gate:{event['plan']}/{event['key']}", "digest": _sha256(data)},
        "inputAttestations": [
            {"uri": f"event:{event['plan']}/{key}", "digest": {"sha256": needs[key]}}
            for key in sorted(needs)
        ],
        "verificationResult": "PASSED",
        "verifiedLevels": [],
    }


def _sha256(data: Mapping[str, Any]) -> dict[str, str]:
    return {"sha256": data["digest"]}


def _ours(event: Event, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a bundle is judged by, and what ties it to the ledger it came from."""
    found = {
        "event": event["event"],
        "seq": event["seq"],
        "previous": event["prev"],
        "at": event["at"],
        "plan": event["plan"],
        "key": event["key"],
        "gate": data["digest"],
        "actor": {"name": event["actor"], "how": event["how"]},
        "inputs": data.get("inputs", {}),
        "rests": data.get("rests", {}),
        "needs": data.get("needs", {}),
        "source": data.get("source"),
        "repository": data.get("repository"),
    }
    return {name: value for name, value in found.items() if value not in (None, {})}


def _check(check: Mapping[str, Any]) -> dict[str, Any]:
    """What a check said, and the sha256 of what was kept of its outputs, secrets masked."""
    names = ("id", "kind", "subject", "required", "verdict", "attempts", "flaky", "never_failed")
    evidence = [
        {"stream": each["stream"], "size": each["size"], "sha256": each["kept"]}
        for each in check["outputs"]
    ]
    return {name: check[name] for name in names} | {"evidence": evidence}


def _subjects(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What it is about: the commit, if the work tree was just that; images; files.

    Where no check looked at anything with a digest, what was demanded stands for it: a Statement
    without a subject is none.
    """
    found = {}
    repository = data.get("repository") or {}
    if repository.get("clean"):
        found["git", "commit"] = {"name": "git", "digest": {"gitCommit": repository["commit"]}}
    for check in data.get("checks", ()):
        for name, sha256 in _looked_at(check):
            found[name, sha256] = {"name": name, "digest": {"sha256": sha256}}
    if not found:
        found["gate", ""] = {"name": "gate", "digest": {"sha256": data["digest"]}}
    return [found[place] for place in sorted(found)]


def _looked_at(check: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and digests of what a check that passed was about; a program it used is not."""
    facts = check.get("facts") or {}
    if check["verdict"] != "passed" or not isinstance(facts, dict):
        return
    image = facts.get("image")
    if isinstance(image, dict):
        yield str(image.get("reference")), _bare(image.get("id"))
    if check["kind"] == "registry" and facts.get("digest"):
        yield check["subject"], _bare(facts["digest"])
    if check["kind"] == "file" and facts.get("sha256"):
        yield check["subject"], _bare(facts["sha256"])


def _bare(found: Any) -> str:
    return str(found).removeprefix("sha256:")
