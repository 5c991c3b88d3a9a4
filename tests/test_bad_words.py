"""Command lines that mean nothing: each is told what is wrong with it, and nothing is recorded."""

from __future__ import annotations

import pytest
from bad import GOOD, refused
from forked import Forked


@pytest.fixture
def project(project, tmp_path) -> Forked:
    """Its commands run in forks, of which hundreds are cheap."""
    return Forked(project.root, tmp_path / "home")


WORDS: dict[tuple[str, ...], tuple[str, str]] = {
    # the command: (kind, what the message says)
    ("show", "goood"): ("unknown_plan", "there is no plan 'goood' (did you mean good?)"),
    ("done", "goood", "0"): ("unknown_plan", "did you mean good?"),
    ("verify", "goood"): ("unknown_plan", "did you mean good?"),
    ("accept", "goood"): ("unknown_plan", "did you mean good?"),
    ("diff", "goood"): ("unknown_plan", "did you mean good?"),
    ("set", "goood", "N=1"): ("unknown_plan", "did you mean good?"),
    ("log", "goood"): ("unknown_plan", "did you mean good?"),
    ("next", "goood"): ("unknown_plan", "did you mean good?"),
    ("attest", "goood", "0", "--reason", "x"): ("unknown_plan", "did you mean good?"),
    ("show", "go"): ("ambiguous_plan", "'go' begins several plan ids: gold, good"),
    ("done", "go", "0"): ("ambiguous_plan", "good"),
    ("next", "go"): ("ambiguous_plan", "good"),
    ("show", ""): ("unknown_plan", "there is no plan ''"),
    ("done", "", "0"): ("unknown_plan", "there is no plan ''"),
    ("show", "%"): ("unknown_plan", "there is no plan '%'"),
    ("show", "a\nb"): ("unknown_plan", "there is no plan 'a\\nb'"),
    ("show", "' OR 1=1 --"): ("unknown_plan", "there is no plan"),
    ("done", "good", "-1"): ("unknown_phase", "good has no phase -1; its phases are 0 to 0"),
    ("done", "good", "99"): ("unknown_phase", "good has no phase 99; its phases are 0 to 0"),
    ("verify", "good", "1"): ("unknown_phase", "its phases are 0 to 0"),
    ("show", "good", "1"): ("unknown_phase", "its phases are 0 to 0"),
    ("log", "good", "1"): ("unknown_phase", "its phases are 0 to 0"),
    ("log", "good", "9" * 30): ("unknown_phase", "its phases are 0 to 0"),
    ("attest", "good", "1", "--reason", "x"): ("unknown_phase", "its phases are 0 to 0"),
    ("done", "good", "9" * 30): ("unknown_phase", "its phases are 0 to 0"),
    ("done", "good", "x"): ("usage", "phase"),
    ("done", "good", "1.0"): ("usage", "phase"),
    ("done", "good", ""): ("usage", "phase"),
    ("show", "good", "x"): ("usage", "phase"),
    ("done", "good"): ("usage", "phase"),
    ("done",): ("usage", "plan"),
    ("done", "good", "0", "1"): ("usage", "unrecognized arguments: 1"),
    ("done", "good", "0", "--forse"): ("usage", "unrecognized arguments: --forse"),
    ("done", "good", "0", "--wait", "soon"): ("usage", "expected a duration like 30s"),
    ("done", "good", "0", "--var", "x"): ("usage", "'x' is not NAME=VALUE"),
    ("done", "good", "0", "--var", "N=1"): ("usage", "good declares no input N"),
    ("set", "good", "N"): ("usage", "'N' is not NAME=VALUE"),
    ("set", "good", "N=1"): ("usage", "good declares no input N"),
    ("log", "--run", "999"): ("usage", "the ledger has no event 999"),
    ("log", "--run", "9" * 30): ("usage", "the ledger has no event"),
    ("log", "--last", "-5"): ("usage", "--last"),
    ("log", "--last", "9" * 30): ("usage", "--last"),
    ("list", "--after", "nope"): ("unknown_plan", "there is no plan 'nope'"),
    ("attest", "good", "0", "--reason", " "): ("usage", "--reason is empty"),
    ("-C", "nowhere", "list"): ("usage", "-C nowhere: No such file or directory"),
    ("-C", "good.yaml", "list"): ("usage", "-C good.yaml: Not a directory"),
    ("-C", "", "list"): ("usage", "-C"),
    ("dnoe", "good", "0"): ("usage", "there is no verb 'dnoe' (did you mean done?)"),
    ("review", "good", "0"): ("usage", "there is no verb 'review'"),
    ("",): ("usage", "there is no verb ''"),
    (): ("usage", "a verb is missing"),
}


@pytest.mark.parametrize("words", WORDS, ids=lambda words: ascii(" ".join(words)[:40]))
def test_command_lines_that_mean_nothing(project, words):
    """One JSON document on standard output with --json; without it the same words for people."""
    for id_ in ("good", "gold"):
        project.write(f"{id_}.yaml", GOOD.replace("id: good", f"id: {id_}"))
        project.run("import", f"{id_}.yaml").ok()
    kind, message = WORDS[words]
    ran = refused(project, *words, kind=kind)
    assert message in ran.error["message"]
    said = project.run(*words)
    if words:
        assert (said.exit, said.out) == (2, "")
        assert ran.error["message"].splitlines()[0] in said.err
        assert "  next: " in said.err
