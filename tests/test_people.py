"""Persons who sign: whose word counts, and what would get past it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from forked import Forked
from gated import edit
from required import need
from signed import SIGNERS, Signed, append, key, public, whole
from support import PROGRAM, Project

PLAN = "- {key: a, title: A, verify: [{file: a.txt}]}\n- {key: b, title: B}"


@pytest.fixture
def signed(project: Project) -> Signed:
    return Signed.begun(project, PLAN)


@pytest.fixture
def accepted(signed: Signed) -> Signed:
    """The same, and the boss has accepted the plan."""
    signed.by(signed.boss, "accept", "p").ok()
    return signed


# The story


def test_a_worker_cannot_accept_and_the_approver_can(signed: Signed) -> None:
    assert "not accepted" in signed.run("show", "p").ok().out
    refused = signed.ask("done", "p", 0).refused("unaccepted")
    assert refused.error["person"]
    assert "todo_manager accept p --key FILE" in refused.error["hint"]
    signed.ask("accept", "p").refused("not_signed")
    signed.by(signed.worker, "accept", "p").refused("signature")
    assert signed.person("accept", "p", "--key", signed.worker).exit == 6
    signed.by(signed.boss, "accept", "p").ok()
    signed.ask("done", "p", 0).ok()
    shown = signed.ask("show", "p").ok().data["plan"]
    assert shown["phases"][0]["accepted_by"] == "boss@example.org"
    assert shown["accepted_how"] == "signed"
    assert shown["phases"][0]["state"] == "done"
    (event,) = signed.events("accepted")
    assert (event["actor"], event["how"]) == ("boss@example.org", "signed")
    assert signed.ask("audit").ok().data["signatures"] == 2


def test_at_a_terminal_a_person_is_shown_what_they_sign_and_asked(signed: Signed) -> None:
    no = signed.person("accept", "p", "--key", signed.boss, answer="no")
    assert no.exit == 6
    assert '"file": "a.txt"' in no.out
    assert not signed.events("accepted")
    assert signed.person("accept", "p", "--key", signed.boss).exit == 0


def test_a_key_that_could_not_sign_is_refused_before_anything_is_shown(signed: Signed) -> None:
    note = signed.write("note", "no key")
    for file, why in (
        (signed.worker, "is no key of the signers file"),
        (Path(f"{signed.worker}.pub"), "is no key of the signers file"),
        (signed.root / "absent", "No such file"),
        (note, "made no signature with"),
    ):
        ran = signed.person("accept", "p", "--key", file)
        assert ran.exit == 6
        assert why in ran.out
        assert "a.txt" not in ran.out
        assert "yes" not in ran.out
    signed.signers({"boss@example.org": signed.boss, "w@example.org": signed.worker})
    ran = signed.run("signers", "--accept", "--key", signed.worker)
    assert (ran.exit, ran.out) == (6, "")


def test_the_key_may_stand_in_the_environment(signed: Signed) -> None:
    signed.ask("accept", "p", env={"TODO_MANAGER_KEY": str(signed.boss)}).ok()


def test_attest_and_reopen_are_signed(accepted: Signed) -> None:
    accepted.ask("done", "p", 0).ok()
    accepted.ask("attest", "p", 1, "--reason", "seen").refused("not_signed")
    accepted.by(accepted.worker, "attest", "p", 1, "--reason", "seen").refused("signature")
    accepted.by(accepted.boss, "attest", "p", 1, "--reason", "seen").ok()
    accepted.ask("reopen", "p", 1, "--reason", "open to all").ok()
    accepted.by(accepted.worker, "reopen", "p", 0, "--reason", "no").refused("signature")
    accepted.by(accepted.boss, "reopen", "p", 0, "--reason", "signed").ok()
    assert [event["how"] for event in accepted.events("reopened")] == ["asserted", "signed"]
    accepted.ask("audit").ok()


def test_without_signers_nothing_is_asked_but_a_terminal(project: Project) -> None:
    project.plan("p", PLAN)
    project.write("a.txt", "a")
    project.ask("done", "p", 0).ok()
    refused = project.ask("attest", "p", 1, "--reason", "x").refused("person_required")
    assert refused.error["hint"].startswith("a person:")
    shown = project.ask("show", "p").data["plan"]
    assert (shown["accepted_how"], shown["phases"][0]["accepted_by"]) == ("asserted", "tester")
    assert project.ask("signers").ok().data["state"] == "none"
    project.ask("signers", "--accept").ok()


def test_yes_from_a_pipe_is_no_person(project: Project) -> None:
    plan = project.plan("p", PLAN)
    edit(plan, "a.txt", "b.txt")
    command = " ".join([*PROGRAM, "accept", "p"])
    ran = subprocess.run(
        ["bash", "-c", f"yes | setsid {command}"],
        cwd=project.root,
        env=project.env,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 6, ran
    assert not project.events("accepted")


def test_who_does_what_they_accepted_themselves_is_one_pair_of_eyes(project: Project) -> None:
    project.write("a.txt", "a")
    project.plan("p", PLAN)
    done = project.ask("done", "p", 0, "--actor", "The Tester <TESTER>").ok().data
    assert (done["state"], done["reason"]) == ("done", "self-accepted")
    assert "done, self-accepted" in project.run("show", "p").out
    project.ask("verify", "p", 0).ok()
    assert project.ask("show", "p").data["plan"]["phases"][0]["reason"] == "self-accepted"
    project.ask("reopen", "p", 0, "--reason", "again").ok()
    assert project.ask("done", "p", 0, "--actor", "another").ok().data["reason"] == ""
    project.ask("audit").ok()


# A signature stands for one thing, once


def test_a_signature_for_one_definition_is_none_for_another(accepted: Signed) -> None:
    edit(accepted.root / "plans/p.yaml", "a.txt", "other.txt")
    old = whole(accepted, accepted.events("accepted")[0]["seq"])
    accepted.by(accepted.boss, "accept", "p").ok()
    new = whole(accepted, accepted.events("accepted")[1]["seq"])
    forged = {name: old["data"][name] for name in ("statement", "signature", "signed_by")}
    append(accepted, new | {"data": new["data"] | forged})
    accepted.ask("done", "p", 0).refused("integrity")
    broken = accepted.ask("audit").refused("integrity")
    assert "signature" in broken.error["message"]


def test_an_old_acceptance_cannot_be_given_again(accepted: Signed) -> None:
    """The worker puts the weak definition back, with the signature it once had."""
    weak = whole(accepted, accepted.events("accepted")[0]["seq"])
    edit(accepted.root / "plans/p.yaml", "a.txt", "other.txt")
    accepted.by(accepted.boss, "accept", "p").ok()
    append(accepted, weak)
    accepted.ask("done", "p", 0).refused("integrity")
    broken = accepted.ask("audit").refused("integrity")
    assert any("it was given after another event" in each for each in broken.data["breaks"])


def test_a_signature_for_one_plan_is_none_for_another(accepted: Signed) -> None:
    accepted.plan("q", PLAN)
    event = whole(accepted, accepted.events("accepted")[0]["seq"])
    append(accepted, event | {"plan": "q"})
    accepted.ask("done", "q", 0).refused("integrity")
    accepted.ask("audit").refused("integrity")


def test_a_signature_for_one_store_is_none_for_another(accepted: Signed, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Signed(tmp_path / "other", Path(accepted.env["HOME"]))
    other.signers({"boss@example.org": accepted.boss})
    other.write("todo_manager.yaml", f"signers: {SIGNERS}\n")
    other.write("a.txt", "a")
    other.plan("p", PLAN)
    other.pin(accepted.boss)
    event = whole(accepted, accepted.events("accepted")[0]["seq"])
    append(other, event)
    refused = other.ask("done", "p", 0).refused("integrity")
    assert "another store" in refused.error["message"]
    assert any("another store" in each for each in other.ask("audit").data["breaks"])


def test_a_signature_for_another_verb_is_none(accepted: Signed) -> None:
    accepted.ask("done", "p", 0).ok()
    accepted.by(accepted.boss, "attest", "p", 1, "--reason", "seen").ok()
    event = whole(accepted, accepted.events("attested")[0]["seq"])
    append(accepted, event | {"event": "approved"})
    broken = accepted.ask("audit").refused("integrity")
    assert any("it was given for attest" in each for each in broken.data["breaks"])


def test_a_signature_in_another_namespace_is_none(signed: Signed) -> None:
    """Such as one the boss gave for a commit, over a text somebody slipped in."""
    signed.by(signed.boss, "accept", "p").ok()
    event = whole(signed, signed.events("accepted")[0]["seq"])
    made = subprocess.run(
        [need("ssh-keygen"), "-q", "-Y", "sign", "-n", "git", "-f", str(signed.boss)],
        input=event["data"]["statement"],
        capture_output=True,
        text=True,
        check=True,
    )
    append(signed, event | {"data": event["data"] | {"signature": made.stdout}})
    signed.ask("done", "p", 0).refused("integrity")
    signed.ask("audit").refused("integrity")


def test_an_event_that_only_says_it_is_signed(signed: Signed) -> None:
    event = whole(signed, 1)
    said = {"event": "accepted", "actor": "boss@example.org", "how": "signed"}
    append(signed, event | said)
    signed.ask("done", "p", 0).refused("integrity")
    signed.ask("audit").refused("integrity")


def test_an_event_that_is_not_signed_at_all(signed: Signed) -> None:
    append(signed, whole(signed, 1) | {"event": "accepted", "actor": "boss@example.org"})
    signed.ask("done", "p", 0).refused("unaccepted")
    broken = signed.ask("audit").refused("integrity")
    assert "is not signed, and signers were pinned" in broken.error["message"]


def test_a_worker_who_signs_as_the_boss(accepted: Signed) -> None:
    """With a statement made by the worker's key, in an event that names the boss."""
    event = whole(accepted, accepted.events("accepted")[0]["seq"])
    made = subprocess.run(
        [need("ssh-keygen"), "-q", "-Y", "sign", "-n", "todo_manager", "-f", str(accepted.worker)],
        input=event["data"]["statement"],
        capture_output=True,
        text=True,
        check=True,
    )
    append(accepted, event | {"data": event["data"] | {"signature": made.stdout}})
    accepted.ask("done", "p", 0).refused("integrity")


def test_an_edited_signature_is_named(accepted: Signed) -> None:
    event = whole(accepted, accepted.events("accepted")[0]["seq"])
    signature = event["data"]["signature"].replace("AAAA", "AAAB", 1)
    append(accepted, event | {"data": event["data"] | {"signature": signature}})
    broken = accepted.ask("audit").refused("integrity")
    assert f"the signature of event {event['seq'] + 1} (accepted)" in broken.error["message"]


# The signers file


def test_the_first_pin_needs_a_terminal_and_a_key_of_the_file(project: Project) -> None:
    signed = Signed(project.root, Path(project.env["HOME"])).make()
    signed.plan("p", PLAN)
    assert "restore" not in signed.run("signers").out, "there is nothing that could be restored"
    refused = signed.ask("done", "p", 0).refused("signers_changed")
    assert refused.error["hint"] == "a person: todo_manager signers --accept --key FILE"
    signed.by(signed.boss, "accept", "p").refused("signers_changed")
    refused = signed.by(signed.boss, "signers", "--accept").refused("person_required")
    assert refused.error["hint"].endswith(f"todo_manager signers --accept --key {signed.boss}")
    assert signed.run("signers", "--accept", "--key", signed.boss).exit == 6
    ran = signed.person("signers", "--accept", "--key", signed.worker)
    assert (ran.exit, signed.events("signers")) == (6, [])
    assert signed.person("signers", "--accept").exit == 6
    assert signed.pin().exit == 0
    (event,) = signed.events("signers")
    assert event["data"]["file"] == SIGNERS
    assert event["data"]["lapsed"] == ["p"]


def test_what_was_accepted_and_done_before_counts_again_once_it_is_signed(project: Project) -> None:
    signed = Signed(project.root, Path(project.env["HOME"])).make()
    settings = (signed.root / "todo_manager.yaml").rename(signed.root / "kept")
    signed.write("a.txt", "a")
    signed.plan("p", "- {key: a, title: A, verify: [{file: a.txt}]}")
    signed.ask("done", "p", 0).ok()
    assert not signed.ask("list").data["plans"]
    settings.rename(signed.root / "todo_manager.yaml")
    ran = signed.pin()
    assert "p: not accepted by any of them" in ran.out
    assert signed.states("p") == ["stale"]
    assert [plan["id"] for plan in signed.ask("list").data["plans"]] == ["p"]
    assert signed.run("status", "--exit-code").exit == 1
    assert signed.ask("show", "p").data["plan"]["phases"][0]["accepted_by"] is None
    signed.ask("done", "p", 0).refused("unaccepted")
    verified = signed.ask("verify", "p", 0).ok().data["phases"][0]
    assert "not accepted" in verified["does_not_count"]
    assert verified["verdict"] == "passed"
    told = signed.run("accept", "p", "--key", signed.boss).out
    assert "phase 0 (a) is done already" in told
    assert signed.states("p") == ["done"]
    assert signed.ask("done", "p", 0).ok().data["already"]


SPOILED = {
    "another key in it": lambda s: s.signers({"boss@example.org": s.worker}),
    "a key more": lambda s: s.signers({"boss@example.org": s.boss, "w@example.org": s.worker}),
    "gone": lambda s: (s.root / SIGNERS).unlink(),
    "a link to another": lambda s: (
        s.write("mine.txt", f"boss@example.org {public(s.worker)}\n"),
        (s.root / SIGNERS).unlink(),
        (s.root / SIGNERS).symlink_to("mine.txt"),
    ),
    "setting removed": lambda s: s.write("todo_manager.yaml", "path: []\n"),
    "settings gone": lambda s: (s.root / "todo_manager.yaml").unlink(),
    "setting elsewhere": lambda s: (
        s.write("mine.txt", f"boss@example.org {public(s.worker)}\n"),
        s.write("todo_manager.yaml", "signers: mine.txt\n"),
    ),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_signers_file_or_setting_that_changed_closes_everything(accepted, spoil) -> None:
    spoil(accepted)
    accepted.ask("done", "p", 0).refused("signers_changed")
    for file in (accepted.boss, accepted.worker):
        for words in (("accept", "p"), ("attest", "p", 1, "--reason", "x")):
            accepted.by(file, *words).refused("signers_changed")
    assert accepted.ask("signers").ok().data["state"] == "changed"
    assert "restored or accepted" in accepted.run("signers").out
    assert accepted.ask("verify", "p", 0).ok().data["phases"][0]["does_not_count"]
    accepted.by(accepted.worker, "signers", "--accept")
    assert len(accepted.events("signers")) == 1
    accepted.ask("audit").ok()


def test_reads_say_so_while_the_signers_are_others(accepted: Signed) -> None:
    accepted.ask("done", "p", 0).ok()
    pinned = (accepted.root / SIGNERS).read_bytes()
    accepted.write(SIGNERS, f"boss@example.org {public(accepted.worker)}\n")
    plan = accepted.ask("show", "p").ok().data["plan"]
    assert plan["phases"][0]["state"] == "stale"
    assert plan["phases"][0]["reason"] == f"{SIGNERS} is not the signers file that was pinned"
    assert accepted.ask("next", "p").ok().data["phase"] == 0
    (accepted.root / SIGNERS).unlink()
    assert accepted.states("p")[0] == "stale"
    (accepted.root / SIGNERS).write_bytes(pinned)
    assert accepted.states("p")[0] == "done"


def test_doctor_says_whether_the_signers_are_those_that_are_pinned(accepted: Signed) -> None:
    def findings() -> list[dict[str, object]]:
        data = accepted.ask("doctor").data
        return [each for each in data["findings"] if each["name"] == "signers"]

    assert [each["level"] for each in findings()] == ["ok", "ok"]
    accepted.signers({"worker@example.org": accepted.worker})
    (wrong,) = [each for each in findings() if each["level"] != "ok"]
    assert "is not the file that was pinned" in str(wrong["said"])
    assert str(wrong["hint"]).endswith("todo_manager signers --accept --key FILE")


def test_where_nobody_has_to_sign_there_are_no_signers_to_accept(project: Project) -> None:
    project.plan("p", PLAN)
    ran = project.run("signers", "--accept")
    assert (ran.exit, ran.out) == (0, "nothing to accept: todo_manager.yaml names no signers\n")


def test_a_change_is_signed_by_a_key_of_the_file_before(accepted: Signed) -> None:
    accepted.signers({"worker@example.org": accepted.worker})
    accepted.by(accepted.worker, "signers", "--accept").refused("signature")
    accepted.by(accepted.boss, "signers", "--accept").ok()
    refused = accepted.ask("done", "p", 0).refused("unaccepted")
    assert "no key in the signers file any more" in refused.error["message"]
    assert accepted.ask("show", "p").data["plan"]["unaccepted"]
    accepted.by(accepted.boss, "accept", "p").refused("signature")
    accepted.by(accepted.worker, "accept", "p").ok()
    accepted.ask("done", "p", 0).ok()
    accepted.ask("audit").ok()


def test_the_setting_may_go_by_a_signature(accepted: Signed) -> None:
    accepted.write("todo_manager.yaml", "path: []\n")
    accepted.ask("signers", "--accept").refused("not_signed")
    accepted.by(accepted.boss, "signers", "--accept").ok()
    accepted.ask("done", "p", 0).ok()
    accepted.ask("attest", "p", 1, "--reason", "x").refused("person_required")
    accepted.ask("audit").ok()
    accepted.write("todo_manager.yaml", f"signers: {SIGNERS}\n")
    accepted.ask("done", "p", 0).refused("signers_changed")
    assert accepted.pin().exit == 0
    accepted.ask("audit").ok()


def test_words_said_while_a_key_was_valid_stand(signed: Signed) -> None:
    signed.signers({"boss@example.org": signed.boss, "w@example.org": signed.worker})
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.by(signed.worker, "accept", "p").ok()
    signed.signers(
        {
            "boss@example.org": signed.boss,
            'w@example.org valid-after="20200101",valid-before="29990101"': signed.worker,
        }
    )
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.ask("done", "p", 0).ok()
    signed.signers(
        {"boss@example.org": signed.boss, 'w@example.org valid-before="20200101"': signed.worker}
    )
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.ask("done", "p", 1).refused("unaccepted")
    signed.by(signed.worker, "accept", "p").refused("signature")
    signed.ask("audit").ok()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "holds no key"),
        ("# nobody\n", "holds no key"),
        ("* {key}\n", "name each person"),
        ("boss@example.org ssh-ed25519\n", "is not: principals"),
        ("boss@example.org ssh-ed25519 AAAA\n", "its key is no ssh-ed25519"),
        ("{key}\n", "is not: principals"),
    ],
)
def test_a_signers_file_that_is_none(project: Project, text: str, wrong: str) -> None:
    signed = Signed(project.root, Path(project.env["HOME"])).make()
    signed.plan("p", PLAN)
    signed.write(SIGNERS, text.replace("{key}", public(signed.boss)))
    ran = signed.ask("signers", "--accept", "--key", signed.boss).refused("invalid_document")
    assert wrong in ran.error["message"]


def test_keys_of_other_kinds_and_of_agents(signed: Signed, tmp_path: Path) -> None:
    ecdsa = key(tmp_path, "ecdsa", "-t", "ecdsa")
    signed.signers({"boss@example.org": signed.boss, '"e@example.org,e"': ecdsa})
    signed.by(signed.boss, "signers", "--accept").ok()
    signed.by(ecdsa, "accept", "p").ok()
    assert signed.events("accepted")[0]["actor"] == "e@example.org"
    signed.ask("done", "p", 0).ok()


# ssh-keygen is the system's


def test_a_planted_ssh_keygen_is_not_asked(accepted: Signed) -> None:
    fake = '#!/bin/sh\necho planted >> "$HOME/planted"\necho boss@example.org\nexit 0\n'
    for path in ("bin/ssh-keygen", "ssh-keygen", ".venv/bin/ssh-keygen"):
        accepted.write(path, fake, mode=0o755)
    accepted.write("todo_manager.yaml", f"signers: {SIGNERS}\npath: [bin]\n")
    accepted.env["PATH"] = f"{accepted.root}/bin:{accepted.env['PATH']}"
    accepted.by(accepted.worker, "attest", "p", 1, "--reason", "x").refused("needs_not_done")
    accepted.ask("done", "p", 0).ok()
    accepted.by(accepted.worker, "attest", "p", 1, "--reason", "x").refused("signature")
    accepted.by(accepted.boss, "attest", "p", 1, "--reason", "x").ok()
    assert not (Path(accepted.env["HOME"]) / "planted").exists()


def test_a_key_that_is_none(signed: Signed) -> None:
    for name in ("nowhere", "-x", str(signed.root)):
        refused = signed.ask("accept", "p", f"--key={name}").refused("signature")
        assert "ssh-keygen made no signature" in refused.error["message"]


def test_a_signers_file_outside_the_project_is_refused(project: Project) -> None:
    forked = Forked(project.root, Path(project.env["HOME"]))
    forked.write("todo_manager.yaml", "signers: ../outside\n")
    forked.plan("p", PLAN, imported=False)
    forked.ask("import", "plans/p.yaml").refused("invalid_document")
