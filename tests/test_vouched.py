"""Marks that rest on what persons said, where persons sign: none holds that was written into the store by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from signed import SIGNERS, Signed, append, key, public, whole
from spoiled import database
from support import Project

from todo_manager import signing

PLAN = """
- {key: word, title: Word}
- {key: asked, title: Asked, needs: [], verify: [{manual: Is it green?}]}
- {key: ready, title: Ready, needs: [], verify: [{name: ready, file: ready.txt}]}
- {key: word-after, title: A, needs: [word], verify: [{file: a.txt}]}
- {key: asked-after, title: B, needs: [asked], verify: [{file: a.txt}]}
- {key: ready-after, title: C, needs: [ready], verify: [{file: a.txt}]}
"""
AFTER = {"word": 3, "asked": 4, "ready": 5}
"""The phase that needs each of those that a person's word can open."""
WAIVE = ("waive", "p", 2, "ready")
BOSS = "boss@example.org"


@pytest.fixture
def signed(project: Project) -> Signed:
    """A plan of the worker that the boss has accepted."""
    found = Signed.begun(project, PLAN)
    found.by(found.boss, "accept", "p").ok()
    return found


def event(project: Signed, key: str, kind: str, **data: Any) -> dict[str, Any]:
    """An event of a phase as the boss might have brought it about, and nobody signed."""
    phases = project.ask("show", "p").ok().data["plan"]["phases"]
    digest = next(phase["digest"] for phase in phases if phase["key"] == key)
    data = {"digest": digest, "inputs": {}} | data
    said = {"event": kind, "plan": "p", "key": key, "actor": BOSS, "how": "asserted"}
    return whole(project, 1) | said | {"data": data}


def result(id_: str, kind: str, verdict: str, **facts: Any) -> dict[str, Any]:
    row = {"id": id_, "kind": kind, "verdict": verdict, "facts": facts, "required": True}
    row |= {"subject": "", "expected": "", "actual": "", "message": "", "attempts": 1}
    return row | {"flaky": False, "never_failed": False, "duration_s": 0.0, "outputs": []}


def attested_by_hand(project: Signed) -> int:
    return append(project, event(project, "word", "attested", by="person", reason="seen"))


def by_a_document_by_hand(project: Signed) -> int:
    said = {"by": "document", "document": "p.md", "reason": "marked done"}
    return append(project, event(project, "word", "attested", **said))


def by_an_approval_of_nothing(project: Signed) -> int:
    return append(project, event(project, "word", "attested", by="approval", checks=[]))


def done_without_a_check(project: Signed) -> int:
    return append(project, event(project, "word", "done", checks=[]))


def approved_and_done_by_hand(project: Signed) -> int:
    check = {"check": "v1", "question": "Is it green?", "evidence": "", "inputs": "{}"}
    seq = append(project, event(project, "asked", "approved", **check))
    row = result("v1", "manual", "passed", event=seq)
    append(project, event(project, "asked", "attested", by="approval", checks=[row]))
    return seq


def done_with_nobodys_approval(project: Signed) -> int:
    row = result("v1", "manual", "passed")
    return append(project, event(project, "asked", "attested", by="approval", checks=[row]))


def attested_what_is_to_be_approved(project: Signed) -> int:
    return append(project, event(project, "asked", "attested", by="person", reason="seen"))


def waived_and_done_by_hand(project: Signed) -> int:
    project.ask("--actor", "asker", *WAIVE, "--reason", "r", "--until", "30d").ok()
    (asked,) = project.events("waiver_asked")
    terms = whole(project, asked["seq"])["data"]
    terms |= {"request": asked["seq"], "request_hash": asked["hash"]}
    append(project, event(project, "ready", "waived", **terms))
    row = result("ready", "file", "waived", waivers=[{"event": asked["seq"]}])
    rests = {"waivers": [asked["seq"]], "waived": [["ready", terms["until"]]]}
    append(project, event(project, "ready", "done", checks=[row], rests=rests))
    return int(asked["seq"])


BY_HAND = {
    "attested": ("word", attested_by_hand, "who attested it, did not sign"),
    "by the document": ("word", by_a_document_by_hand, "nobody who counts took that over"),
    "by an approval": ("word", by_an_approval_of_nothing, "no check that could show it"),
    "done without a check": ("word", done_without_a_check, "no check that could show it"),
    "approved": ("asked", approved_and_done_by_hand, "boss@example.org did not sign it"),
    "approved by nobody": ("asked", done_with_nobodys_approval, "nobody has approved v1"),
    "attested, not approved": ("asked", attested_what_is_to_be_approved, "nobody's word replaces"),
    "waived": ("ready", waived_and_done_by_hand, "boss@example.org did not sign it"),
}


@pytest.mark.parametrize(("key", "forge", "why"), BY_HAND.values(), ids=BY_HAND)
def test_a_word_written_by_hand_that_nobody_signed_opens_nothing(signed, key, forge, why) -> None:
    seq, after = forge(signed), AFTER[key]
    refused = signed.ask("done", "p", after).refused("needs_not_done")
    assert why in refused.error["message"]
    assert (
        f"event {seq}" in refused.error["message"] or "counts no more" in refused.error["message"]
    )
    assert f"todo_manager done p {after - 3}" in refused.error["hint"]
    signed.ask("run", "p", after).refused("needs_not_done")
    assert set(signed.ask("status").ok().data["plans"][0]["counts"]) <= {
        "stale",
        "blocked",
        "ready",
    }
    shown = signed.ask("show", "p").ok().data["plan"]["phases"][after - 3]
    assert shown["state"] == "stale"
    assert why in shown["reason"]
    signed.ask("export", "p", "--bundle", "b.jsonl").refused("not_done")
    assert '"done": true' not in signed.run("export", "p", "--format", "queue-json").ok().out
    if key == "word":
        assert signed.ask("next", "p").ok().data["phase"] == 0
        assert signed.ask("list").ok().data["plans"][0]["done"] == 0 or "check" in why
        again = signed.ask("done", "p", 0).refused("no_checks")
        assert why in again.error["message"]
        assert "todo_manager attest p 0" in again.error["hint"]
        signed.by(signed.boss, "attest", "p", 0, "--reason", "seen").ok()
        signed.ask("done", "p", after).ok()


def by_the_worker(project: Signed) -> None:
    """What the worker's own key has signed, as the boss's."""
    true = whole(project, project.events("attested")[0]["seq"])
    data = true["data"]
    data["signature"] = signing.sign(project.root, str(project.worker), data["statement"])
    append(project, true)


def as_another_word(project: Signed) -> None:
    true = whole(project, project.events("attested")[0]["seq"])
    append(project, true | {"data": true["data"] | {"reason": "another"}})


def once_more(project: Signed) -> None:
    true = whole(project, project.events("attested")[0]["seq"])
    project.ask("reopen", "p", 0, "--reason", "it was not so").ok()
    append(project, true)


def signed_by_nobody(project: Signed) -> None:
    forged = event(project, "word", "attested", by="person", reason="seen")
    forged["data"] |= {"statement": "{}", "signature": "", "signed_by": {}}
    append(project, forged | {"how": "signed"})


FORGED = [by_the_worker, as_another_word, once_more, signed_by_nobody]


@pytest.mark.parametrize("forge", FORGED, ids=[each.__name__ for each in FORGED])
def test_a_signature_that_never_was_one_is_a_break_for_all_who_rely_on_it(signed, forge) -> None:
    signed.by(signed.boss, "attest", "p", 0, "--reason", "seen").ok()
    signed.ask("done", "p", 3).ok()
    signed.ask("reopen", "p", 3, "--reason", "to do it anew").ok()
    forge(signed)
    (seq,) = [each["seq"] for each in signed.events("attested")][1:]
    refused = signed.ask("done", "p", 3).refused("integrity")
    assert f"event {seq} is said to be signed" in refused.error["message"]
    assert "todo_manager audit" in refused.error["hint"]
    for words in (("run", "p", 3), ("status",), ("show", "p"), ("next", "p"), ("audit",)):
        signed.ask(*words).refused("integrity")
    signed.ask("export", "p", "--bundle", "b.jsonl").refused("integrity")


def test_a_true_word_holds_as_long_as_whoever_gave_it_is_a_signer(signed: Signed) -> None:
    clerk = key(signed.boss.parent, "clerk")
    signed.signers({BOSS: signed.boss, "clerk@example.org": clerk})
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.by(clerk, "attest", "p", 0, "--reason", "seen").ok()
    signed.by(signed.boss, "approve", "p", 1).ok()
    signed.ask("done", "p", 1).ok()
    for phase in (3, 4):
        signed.ask("done", "p", phase).ok()
    assert signed.states("p")[:2] == ["attested", "attested"]
    signed.signers({BOSS: signed.boss})
    assert signed.by(signed.boss, "signers", "--accept").ok().data["stale"] == ["p 0"]
    assert signed.states("p") == ["stale", "attested", "ready", "stale", "done", "blocked"]
    signed.ask("audit").ok()


def test_a_word_from_before_there_were_signers_is_nobodys(project: Project) -> None:
    found = Signed(project.root, Path(project.env["HOME"])).make()
    kept = (found.root / "todo_manager.yaml").rename(found.root / "kept")
    found.plan("p", "- {key: word, title: Word}")
    assert found.person("attest", "p", 0, "--reason", "seen").exit == 0
    kept.rename(found.root / "todo_manager.yaml")
    ran = found.pin()
    assert "p 0: stale" in ran.out
    found.by(found.boss, "accept", "p").ok()
    assert found.states("p") == ["stale"]


def test_whoever_accepts_a_plan_takes_over_the_marks_of_its_document(signed: Signed) -> None:
    todos = [{"text": "One", "done": True}, {"text": "Two", "done": False}]
    signed.write("q.json", json.dumps([{"id": "q", "description": "Q", "todos": todos}]))
    signed.ask("import", "q.json").ok()
    assert signed.states("q") == ["stale", "blocked"]
    ran = signed.run("accept", "q", "--key", signed.boss)
    assert "is attested already" in ran.out
    assert signed.states("q")[0] == "attested"
    assert signed.ask("list").ok().data["plans"][0]["done"] == 1
    forged = whole(signed, signed.events("attested")[0]["seq"])
    second = signed.ask("show", "q").data["plan"]["phases"][1]
    more = {"digest": second["digest"]}
    append(signed, forged | {"key": second["key"], "data": forged["data"] | more})
    assert signed.states("q") == ["attested", "stale"]
    assert signed.ask("list").ok().data["plans"][0]["done"] == 1
    with database(signed) as db:  # a list of hashes that is not the signed one
        hashes = ", ".join(
            row["hash"] for row in db.execute("SELECT hash FROM ledger WHERE event = 'attested'")
        )
    old = whole(signed, signed.events("accepted")[1]["seq"])
    append(signed, old | {"data": old["data"] | {"attested": hashes}})
    signed.ask("show", "q").refused("integrity")


ODD = {
    "inputs": ("done", {"inputs": "x", "checks": []}),
    "rests": ("done", {"rests": ["x"], "checks": []}),
    "until": ("done", {"rests": {"until": 1, "from": 2}, "checks": []}),
    "waivers": ("done", {"rests": {"waivers": ["x"]}, "checks": []}),
    "checks": ("attested", {"by": "approval", "checks": 1}),
    "facts": ("attested", {"by": "approval", "checks": [{"id": "v1"}]}),
    "findings": ("waiver_asked", {"check": "ready", "subject": "", "findings": [1]}),
}


@pytest.mark.parametrize(("kind", "data"), ODD.values(), ids=ODD)
def test_what_no_program_of_ours_writes_is_a_break_and_no_mistake_of_ours(
    signed, kind, data
) -> None:
    place = "asked" if "checks" in data else "ready"
    more = {"reason": "r", "until": "2999-01-01T00:00:00Z"} if kind == "waiver_asked" else {}
    append(signed, event(signed, place, kind, **more, **data))
    signed.ask("show", "p").refused("integrity")
    if kind != "waiver_asked":
        signed.ask("done", "p", 4 if place == "asked" else 5).refused("integrity")
    for words in (("list",), ("audit",), ("waive", "--list")):
        assert signed.ask(*words).json.get("error", {}).get("kind") in (None, "integrity")


def test_a_break_that_nobody_who_counts_has_acknowledged_is_another_break(signed: Signed) -> None:
    """It would hide what was withdrawn, and who did the work."""
    signed.by(signed.boss, "approve", "p", 1).ok()
    data = {"breaks": ["x"], "count": 1, "reason": "r", "head": None, "digest": "", "plans": ["p"]}
    said = {"event": "acknowledged", "plan": "", "key": "", "actor": BOSS, "how": "asserted"}
    seq = append(signed, whole(signed, 1) | said | {"data": data | {"archived": [], "removed": []}})
    refused = signed.ask("done", "p", 1).refused("integrity")
    assert f"event {seq} acknowledges a break" in refused.error["message"]
    signed.ask("status").refused("integrity")
    signed.ask("audit").refused("integrity")
    signed.by(signed.boss, "audit", "--acknowledge", "--reason", "somebody wrote into it").ok()
    signed.ask("done", "p", 1).refused("unaccepted")


def test_a_list_looks_at_the_signers_file_too(signed: Signed) -> None:
    signed.by(signed.boss, "attest", "p", 0, "--reason", "seen").ok()
    assert signed.ask("list").ok().data["signers"] is None
    signed.write(SIGNERS, f"{BOSS} {public(signed.worker)}\n")
    ran = signed.ask("list").ok()
    assert ran.data["signers"] == f"{SIGNERS} is not the signers file that was pinned"
    assert ran.data["plans"][0]["next"]["reason"] == ran.data["signers"]
    assert signed.run("list").err.count("todo_manager signers") == 1


def test_a_signature_is_asked_about_once(signed: Signed, monkeypatch, tmp_path: Path) -> None:
    """Five signers files were pinned, one after the other: each `done` believes only the chain of them."""
    # So many signatures: the pins, the acceptance by the file of then and by that of now, and the word.
    signatures = 5 + 2 + 1
    for number in range(4):
        file = signed.root / SIGNERS
        file.write_text(file.read_text() + f"# {number}\n")
        signed.by(signed.boss, "signers", "--accept").ok()
    signed.by(signed.boss, "attest", "p", 0, "--reason", "seen").ok()
    started = tmp_path / "started"
    real = signing.subprocess.run

    def counted(argv: list[str], **options: Any) -> Any:
        with started.open("a") as file:
            file.write(f"{argv[2]}\n")
        return real(argv, **options)

    monkeypatch.setattr(signing.subprocess, "run", counted)
    signed.ask("done", "p", 3).ok()
    assert started.read_text().split() == ["verify"] * signatures
