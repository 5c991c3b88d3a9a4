"""`attestation`: what passes, fails and cannot be told, and signed statements that are about something else."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine import Engine
from forked import Forked
from required import need
from scanners import verdict
from support import Project

from todo_manager.attesting import envelope, keys

TYPE = "https://slsa.dev/provenance/v1"
SUBJECT = "attestation: a.intoto.jsonl, subject: {file: app.tar}, signer: ann.pub"
WITH_TYPE = f'{SUBJECT}, predicate_type: "{TYPE}"'


@pytest.fixture
def place(project: Project) -> Project:
    """A project with the keys of two, and what one of them has signed about app.tar."""
    made = Forked(project.root, Path(project.env["HOME"]))
    for name in ("ann", "bob"):
        words = ["-q", "-t", "ed25519", "-N", "", "-C", f"{name}@x", "-f", str(made.root / name)]
        subprocess.run([need("ssh-keygen"), *words], check=True)
    made.write("app.tar", "the bytes")
    sign(made, statement(made))
    return made


def sha256(place: Project, name: str = "app.tar") -> str:
    return hashlib.sha256((place.root / name).read_bytes()).hexdigest()


def statement(place: Project, **more: Any) -> dict[str, Any]:
    digest = {"sha256": sha256(place)}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "app.tar", "digest": digest}],
        "predicateType": TYPE,
        "predicate": {
            "runDetails": {"metadata": {"finishedOn": more.pop("at", "2020-01-01T00:00:00Z")}}
        },
    } | more


def sign(place: Project, *trees: Any, key: str = "ann", file: str = "a.intoto.jsonl") -> None:
    signer = keys.signer(str(place.root / key))
    lines = [json.dumps(envelope.signed(json.dumps(tree), signer)) for tree in trees]
    place.write(file, "\n".join(lines) + "\n")


def test_what_somebody_trusted_has_signed_about_just_this(place: Project) -> None:
    assert verdict(place, WITH_TYPE)["verdict"] == "passed"
    sign(place, statement(place, predicateType="other"), {"_type": "x"} | statement(place))
    assert verdict(place, WITH_TYPE)["verdict"] == "passed", "one of them says it all"
    line = json.loads((place.root / "a.intoto.jsonl").read_text().split("\n")[1])
    place.write("a.intoto.jsonl", json.dumps(line, indent=2))
    assert verdict(place, WITH_TYPE)["verdict"] == "passed", "one alone, over several lines"
    place.write("listed", "ann@example.org " + (place.root / "ann.pub").read_text())
    assert verdict(place, WITH_TYPE.replace("ann.pub", "listed"))["verdict"] == "passed"


def another_subject(place: Project) -> None:
    place.write("app.tar", "other bytes")


def another_name_alone(place: Project) -> None:
    found = statement(place)
    found["subject"][0]["digest"]["sha256"] = "0" * 64
    sign(place, found)


def another_algorithm(place: Project) -> None:
    found = statement(place)
    found["subject"][0]["digest"] = {"sha512": sha256(place)}
    sign(place, found)


def another_signer(place: Project) -> None:
    sign(place, statement(place), key="bob")


def unsigned(place: Project) -> None:
    place.write("a.intoto.jsonl", json.dumps(envelope.unsigned(json.dumps(statement(place)))))


def another_predicate(place: Project) -> None:
    sign(place, statement(place, predicateType=TYPE + ".1"))


def one_byte_of_the_payload(place: Project) -> None:
    line = json.loads((place.root / "a.intoto.jsonl").read_text())
    line["payload"] = envelope.unsigned(json.dumps(statement(place, at="2021-01-01T00:00:00Z")))[
        "payload"
    ]
    place.write("a.intoto.jsonl", json.dumps(line))


def another_payload_type(place: Project) -> None:
    line = json.loads((place.root / "a.intoto.jsonl").read_text())
    place.write("a.intoto.jsonl", json.dumps(line | {"payloadType": "text/plain"}))


def signed_of_another_type(place: Project) -> None:
    from securesystemslib.dsse import Envelope

    found = Envelope(json.dumps(statement(place)).encode(), "text/plain", {})
    found.sign(keys.signer(str(place.root / "ann")))
    place.write("a.intoto.jsonl", json.dumps(found.to_dict()))


def two_half_ones(place: Project) -> None:
    """One is about the file and of another type, one of the type and about another file."""
    half = statement(place)
    half["subject"][0]["digest"]["sha256"] = "0" * 64
    sign(place, statement(place, predicateType="other"), half)


def no_statement(place: Project) -> None:
    sign(place, {"subject": []})


def a_broken_one_beside_it(place: Project) -> None:
    file = place.root / "a.intoto.jsonl"
    good = file.read_text()
    one_byte_of_the_payload(place)
    place.write("a.intoto.jsonl", good.strip() + "\n" + file.read_text())


def empty(place: Project) -> None:
    place.write("a.intoto.jsonl")


def gone(place: Project) -> None:
    (place.root / "a.intoto.jsonl").unlink()


def subject_gone(place: Project) -> None:
    (place.root / "app.tar").unlink()


def subject_a_folder(place: Project) -> None:
    (place.root / "app.tar").unlink()
    (place.root / "app.tar").mkdir()


@pytest.mark.parametrize(
    "change",
    [
        another_subject, another_name_alone, another_algorithm, another_signer, unsigned, another_predicate,
        one_byte_of_the_payload, another_payload_type, signed_of_another_type, two_half_ones, no_statement,
        a_broken_one_beside_it, empty, gone, subject_gone, subject_a_folder,
    ],
)  # fmt: skip
def test_what_would_fool_it(place: Project, change: Callable[[Project], None]) -> None:
    change(place)
    row = verdict(place, WITH_TYPE)
    assert (row["verdict"], bool(row["actual"])) == ("failed", True), row


def test_how_old_it_is_by_its_own_signed_words(place: Project) -> None:
    assert verdict(place, SUBJECT + ", max_age: 1d")["verdict"] == "failed"
    assert verdict(place, SUBJECT + ", max_age: 20000d")["verdict"] == "passed"
    sign(place, statement(place, at="2999-01-01T00:00:00Z"))
    assert "to come" in verdict(place, SUBJECT + ", max_age: 1d")["actual"]
    for at in ("yesterday", "2020-01-01T00:00:00", 7):
        sign(place, statement(place, at=at))
        assert verdict(place, SUBJECT + ", max_age: 1d")["verdict"] == "error", at


def test_what_it_cannot_tell_is_an_error(place: Project) -> None:
    place.write("ann.pub", "no key at all\n")
    assert verdict(place, WITH_TYPE)["verdict"] == "error"
    (place.root / "ann.pub").unlink()
    assert verdict(place, WITH_TYPE)["verdict"] == "error"
    image = "attestation: a.intoto.jsonl, subject: {image: 'app:1'}, signer: bob.pub"
    place.env["DOCKER_HOST"] = "unix:///nowhere"
    sign(place, statement(place), key="bob")
    head = 'hosts: {far: {docker: "unix:///nowhere.sock"}}\n'
    assert verdict(place, image + ", host: far", head)["verdict"] == "error"
    registry = image.replace("image: 'app:1'", "registry: '127.0.0.1:1/app:1'")
    assert verdict(place, registry)["verdict"] == "error"


def test_another_key_is_a_change_that_a_person_accepts(place: Project) -> None:
    place.plan("k", f"- {{title: T, verify: [{{{WITH_TYPE}}}]}}")
    place.ask("done", "k", 0).ok()
    place.ask("reopen", "k", 0, "--reason", "again").ok()
    place.write("ann.pub", (place.root / "bob.pub").read_text())
    sign(place, statement(place), key="bob")
    place.ask("done", "k", 0).refused("definition_changed")


@pytest.mark.git
def test_a_commit(place: Project) -> None:
    def git(*words: str) -> str:
        who = ["-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "commit.gpgSign=false"]
        argv = [need("git"), "-C", str(place.root), *who, *words]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()

    check = "attestation: a.intoto.jsonl, subject: {git: .}, signer: ann.pub"
    assert verdict(place, check)["verdict"] == "failed"
    git("init", "--quiet")
    assert verdict(place, check)["verdict"] == "error"
    git("commit", "--quiet", "--allow-empty", "-m", "one")
    found = statement(place)
    found["subject"] = [{"name": "git", "digest": {"gitCommit": git("rev-parse", "HEAD")}}]
    sign(place, found)
    assert verdict(place, check)["verdict"] == "passed"
    git("commit", "--quiet", "--allow-empty", "-m", "two")
    assert verdict(place, check)["verdict"] == "failed"


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("attestation: a, signer: k.pub", "say what it is about"),
        ("attestation: a, subject: {file: a}", "anybody can sign"),
        ("attestation: a, subject: a, signer: k.pub", "expected what it is about"),
        ("attestation: a, subject: {file: a, git: .}, signer: k.pub", "expected what it is about"),
        ("attestation: a, subject: {oci: a}, signer: k.pub", "expected what it is about"),
        ("attestation: a, subject: {file: ../a}, signer: k.pub", "no `..`"),
        ("attestation: a, subject: {file: a}, signer: /etc/k.pub", "a file of the project"),
    ],
)
def test_checks_that_do_not_load(place: Project, check: str, said: str) -> None:
    place.plan("w", f"- {{title: T, verify: [{{{check}}}]}}", imported=False)
    refused = place.ask("import", "plans/w.yaml").refused("invalid_document")
    assert said in refused.error["message"]


@pytest.mark.engine
def test_an_image_by_its_id_and_by_its_manifest(place: Project, engine: Engine) -> None:
    name, head = f"{engine.registry}/attested:1", engine.head()
    ids = [engine.image(f"{name}{n}", files={"etc/n": str(n)}) for n in (0, 1)]
    manifests = [engine.push(f"{name}{n}") for n in (0, 1)]
    of = "attestation: a.intoto.jsonl, signer: ann.pub, subject: {%s: '%s0'}"
    ids[1] = "sha256:" + "0" * 64  # an ID, asked for as a manifest, makes this registry fail
    found = statement(place)
    for digests, form, wanted in (
        (ids, "image", ["passed", "failed"]),
        (manifests, "image", ["passed", "failed"]),
        (manifests, "registry", ["passed", "failed"]),
        (ids, "registry", ["failed", "failed"]),
    ):
        for digest, expected in zip(digests, wanted):
            found["subject"] = [
                {"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}
            ]
            sign(place, found)
            row = verdict(place, of % (form, name), head)
            assert row["verdict"] == expected, (form, row["actual"], row["message"])
    gone = (of % ("image", "gone:1")).replace("gone:10", "gone:1")
    assert verdict(place, gone, head)["verdict"] == "failed"
