"""The in-toto Statement of an event, field by field; its form holds across releases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from todo_manager.attesting import statement
from todo_manager.canonical import digest


def check(id_: str, verdict: str = "passed", **more: Any) -> dict[str, Any]:
    row = {"id": id_, "kind": "file", "subject": f"{id_}.txt", "name": "", "required": True}
    row |= {"verdict": verdict, "attempts": 1, "flaky": False, "never_failed": False, "facts": {}}
    return row | {"outputs": []} | more


def event(*rows: dict[str, Any], kind: str = "done", **data: Any) -> dict[str, Any]:
    head = {"seq": 7, "prev": "a" * 64, "at": "2026-01-02T03:04:05.678Z", "event": kind}
    who = {"plan": "p", "key": "k", "actor": "ann", "how": "asserted"}
    return head | who | {"data": {"digest": "b" * 64, "inputs": {}, "checks": list(rows)} | data}


OUTPUT = {"stream": "stdout", "size": 3, "sha256": "c" * 64, "kept": "d" * 64, "truncated": False}
WHOLE = event(
    check("a", facts={"sha256": "1" * 64, "size": 1}, outputs=[OUTPUT]),
    check("b", kind="image", subject="app:1", facts={"image": {"reference": "app:1", "id": "sha256:" + "2" * 64}}),
    check("c", "waived"),
    check("d", flaky=True),
    check("e", "failed", required=False),
    rests={"until": "2026-02-01T00:00:00Z"},
    needs={"zero": "e" * 64},
    source="plans/p.yaml",
    repository={"commit": "f" * 40, "clean": True, "why": ""},
    inputs={"DATE": "20260102"},
)  # fmt: skip


def predicate(found: dict[str, Any]) -> dict[str, Any]:
    tree = json.loads(statement.text_of(found))
    assert tree["_type"] == "https://in-toto.io/Statement/v1"
    assert isinstance(tree["predicate"], dict)
    return tree["predicate"]


def test_its_form_holds() -> None:
    """A change of it is a new `FORM`: audit makes the statements of each event again."""
    assert statement.FORM == 1
    assert digest(statement.text_of(WHOLE)) == GOLDEN


GOLDEN = "db9910bebf57213b74d814206245f0562aa4d26096c032ee29519c766a5ffb0b"


def test_what_it_says_of_the_checks() -> None:
    found = predicate(WHOLE)
    assert found["result"] == "WARNED"
    assert (found["passedTests"], found["failedTests"]) == (["a", "b"], ["e"])
    assert found["warnedTests"] == ["c", "d"]
    assert found["configuration"] == [{"name": "p/k", "digest": {"sha256": "b" * 64}}]
    assert predicate(event(check("a")))["result"] == "PASSED"
    ours = found[statement.OURS]
    assert ours["checks"][0]["evidence"] == [{"stream": "stdout", "size": 3, "sha256": "d" * 64}]
    assert (ours["seq"], ours["previous"], ours["gate"]) == (7, "a" * 64, "b" * 64)


def test_the_fields_of_a_verification_summary() -> None:
    found = predicate(WHOLE)[statement.SUMMARY]
    assert found["verifier"]["id"].startswith("https://")
    assert found["timeVerified"] == WHOLE["at"]
    assert found["policy"]["digest"] == {"sha256": "b" * 64}
    assert found["inputAttestations"] == [{"uri": "event:p/zero", "digest": {"sha256": "e" * 64}}]
    assert (found["verificationResult"], found["verifiedLevels"]) == ("PASSED", [])


SUBJECTS = [
    (WHOLE["data"], [("a.txt", "sha256"), ("app:1", "sha256"), ("git", "gitCommit")]),
    ({"repository": {"commit": "f" * 40, "clean": False, "why": "x"}}, [("gate", "sha256")]),
    ({"repository": {"commit": "", "clean": False, "why": "x"}}, [("gate", "sha256")]),
    ({"checks": [check("a", "failed", facts={"sha256": "1" * 64})]}, [("gate", "sha256")]),
    ({"checks": [check("a", kind="tool", facts={"sha256": "1" * 64})]}, [("gate", "sha256")]),
    (
        {"checks": [check("a", kind="registry", subject="h:5/a:1", facts={"digest": "sha256:" + "3" * 64})]},
        [("h:5/a:1", "sha256")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "subjects"), SUBJECTS)
def test_what_it_is_about(data: dict[str, Any], subjects: list[tuple[str, str]]) -> None:
    found = json.loads(statement.text_of(event(**data)))["subject"]
    assert [(each["name"], *each["digest"]) for each in found] == subjects
    assert all(
        not value.startswith("sha256:") for each in found for value in each["digest"].values()
    )


def test_a_person_s_word_is_no_test_result() -> None:
    found = event(kind="attested", by="person", reason="I saw it")
    tree = json.loads(statement.text_of(found))
    assert tree["predicateType"] == statement.ATTESTED
    assert tree["predicate"]["reason"] == "I saw it"
    assert "result" not in tree["predicate"]
