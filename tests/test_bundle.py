"""Bundles: what they prove in a checkout without a store, and everything that must not be believed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gated import edit, new_project
from required import absent, need
from spoiled import copied
from support import REPOSITORY, Project, Ran

from todo_manager.attesting import envelope, keys, sshsig

pytestmark = pytest.mark.git

PLAN = """
- {title: Zero, verify: [{file: a.txt}]}
- {title: One, verify: [{command: "echo seen; test -s a.txt"}]}
- {title: Two, verify: [{file: a.txt, contains: [a]}]}
- {title: Later, verify: [{file: missing.txt}]}
"""
Tree = dict[str, Any]


def git(folder: Path, *words: str) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
    argv = [need("git"), "-C", str(folder), *identity, *words]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout.strip()


class World:
    """A project that was proven, its bundle, a checkout of it without a store, and keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = new_project(folder)
        self.checkout = Project(folder / "checkout", folder / "home")
        self.bundle = folder / "p.intoto.jsonl"
        for name, kind in (("ann", "ed25519"), ("bob", "ecdsa")):
            argv = [need("ssh-keygen"), "-q", "-t", kind, "-N", "", "-C", f"{name}@x", "-f"]
            subprocess.run([*argv, str(folder / name)], check=True)

    def ask(self, *words: object, key: str = "ann", folder: Path | None = None) -> Ran:
        """`status --bundle` of the bundle, in the checkout."""
        trust = ["--keys", self.folder / f"{key}.pub"] if key else []
        place = ["-C", folder or self.checkout.root]
        return self.made.ask(*place, "status", "--bundle", self.bundle, *trust, *words)

    def lines(self) -> list[Tree]:
        return [json.loads(line) for line in self.bundle.read_text().splitlines()]

    def write(self, *trees: Tree) -> None:
        self.bundle.write_text("".join(json.dumps(tree) + "\n" for tree in trees))

    def rewritten(self, change: Callable[[Tree], Any], key: str = "ann") -> None:
        """The bundle with each statement changed, and signed again."""
        signer = keys.signer(str(self.folder / key))
        found = []
        for line in self.lines():
            tree = payload(line)
            change(tree)
            found.append(envelope.signed(json.dumps(tree), signer))
        self.write(*found)


def payload(line: Tree) -> Tree:
    found = json.loads(base64.b64decode(line["payload"]))
    assert isinstance(found, dict)
    return found


def ours(tree: Tree) -> Tree:
    (name,) = (key for key in tree["predicate"] if key.endswith("/proof/v1"))
    found = tree["predicate"][name]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("proven"))
    made = world.made
    git(made.root, "init", "--quiet", "--initial-branch=main")
    made.write("a.txt", "a\n")
    made.plan("p", PLAN, imported=False)
    git(made.root, "add", ".")
    git(made.root, "commit", "--quiet", "-m", "one")
    made.run("import", "plans/p.yaml").ok()
    for index in range(3):
        made.run("done", "p", index).ok()
    made.ask("done", "p", 3).refused("check_failed")
    found = made.ask("export", "p", "--bundle", world.bundle, "--key", world.folder / "ann").ok()
    assert [row["event"] is None for row in found.data["phases"]] == [False, False, False, True]
    git(world.folder, "clone", "--quiet", str(made.root), str(world.checkout.root))
    assert not (world.checkout.root / ".todo_manager").exists()
    return world


@pytest.fixture
def world(original: World, tmp_path: Path) -> Iterator[World]:
    """The world for one test; its bundle and checkout are made new after it."""
    kept = original.bundle.read_bytes()
    yield original
    original.bundle.write_bytes(kept)
    shutil.rmtree(original.checkout.root)
    git(original.folder, "clone", "--quiet", str(original.made.root), str(original.checkout.root))


def test_a_fresh_checkout_knows_that_a_phase_is_proven(world: World) -> None:
    found = world.ask("p", 2).ok().data
    assert found["proven"] is True
    assert found["commit"] == git(world.checkout.root, "rev-parse", "HEAD")
    rows = found["plans"][0]["phases"]
    assert [(row["index"], row["state"], row["by"]) for row in rows] == [
        (index, "proven", ["ann@x"]) for index in range(3)
    ]
    assert not (world.checkout.root / ".todo_manager").exists()


def test_what_was_not_done_is_not_proven(world: World) -> None:
    assert "p 3" in world.ask("p", 3).refused("not_proven").error["message"]
    assert world.ask("p").refused("not_proven").data["proven"] is False
    world.ask("q").refused("not_proven")
    world.ask("p", 7).refused("unknown_phase")


def test_somebody_elses_ten_lines_verify_it(world: World, tmp_path: Path) -> None:
    """The program in the README, which knows nothing of ours: securesystemslib's own verdict."""
    text = (REPOSITORY / "README.md").read_text().partition("```python\n")[2].partition("```")[0]
    assert len(text.strip().splitlines()) <= 12
    program = tmp_path / "verify.py"
    program.write_text(text)
    argv = [sys.executable, "-I", str(program), str(world.bundle), str(world.folder / "ann.pub")]
    ran = subprocess.run(argv, capture_output=True, text=True)
    assert (ran.returncode, len(ran.stdout.splitlines())) == (0, 3), ran.stderr
    assert "p/zero" in ran.stdout
    data = bytearray(world.bundle.read_bytes())
    data[100] ^= 1
    world.bundle.write_bytes(data)
    ran = subprocess.run(argv, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "VerificationError" in ran.stderr


def test_every_changed_byte_is_refused(world: World) -> None:
    """In this process: a bundle has thousands of bytes."""
    from todo_manager.attesting import stated
    from todo_manager.errors import TodoError

    trusted = keys.trusted([str(world.folder / "ann.pub")])
    data = world.bundle.read_bytes().split(b"\n")[0] + b"\n"
    world.bundle.write_bytes(data)
    assert len(stated.read(str(world.bundle), trusted).statements) == 1
    for place in range(0, len(data), 3):
        for flip in (1, 0x20):
            changed = bytearray(data)
            changed[place] ^= flip
            world.bundle.write_bytes(changed)
            with pytest.raises(TodoError) as refused:
                stated.read(str(world.bundle), trusted)
            assert refused.value.exit in (6, 9), (place, flip)


def test_one_changed_byte_is_refused_on_the_command_line(world: World) -> None:
    data = bytearray(world.bundle.read_bytes())
    data[200] ^= 1
    world.bundle.write_bytes(data)
    world.ask("p", 0).refused("integrity")


def test_without_a_key_or_with_another_nothing_is_believed(world: World) -> None:
    world.ask("p", 0, key="").refused("untrusted_key")
    world.ask("p", 0, key="bob").refused("untrusted_key")


def test_what_is_signed_by_nobody_proves_nothing(world: World) -> None:
    ran = world.made.run("export", "p", "--bundle", world.bundle).ok()
    assert "signed by nobody" in ran.err
    assert "nobody" in world.ask("p", 0).refused("untrusted_key").error["message"]


def test_other_keys_in_pem_and_lists_of_signers(world: World) -> None:
    folder = world.folder
    pem = folder / "carol"
    subprocess.run([need("openssl"), "genpkey", "-algorithm", "ed25519", "-out", pem], check=True)
    public = ["pkey", "-in", pem, "-pubout", "-out", folder / "carol.pub"]
    subprocess.run([need("openssl"), *public], check=True)
    world.made.ask("export", "p", "--bundle", world.bundle, "--key", pem).ok()
    world.ask("p", 0, key="carol").ok()
    world.made.ask("export", "p", "--bundle", world.bundle, "--key", folder / "bob").ok()
    bob = (folder / "bob.pub").read_text()
    listed = folder / "listed.pub"
    listed.write_text(f"# who may\nbob@example.org {bob}")
    assert world.ask("p", 0, key="listed").ok().data["plans"][0]["phases"][0]["by"] == [
        "bob@example.org"
    ]
    listed.write_text(f'bob@example.org namespaces="git" {bob}')
    world.ask("p", 0, key="listed").refused("usage")
    listed.write_text(f'bob@example.org namespaces="git,todo_manager-*" {bob}')
    world.ask("p", 0, key="listed").ok()
    listed.write_text(f"bob@example.org cert-authority {bob}")
    world.ask("p", 0, key="listed").refused("usage")
    shutil.copy(pem, listed)
    assert "private" in world.ask("p", 0, key="listed").refused("usage").error["message"]


def test_a_key_with_a_passphrase(world: World) -> None:
    file = world.folder / "dave"
    argv = [need("ssh-keygen"), "-q", "-t", "ed25519", "-N", "opens it", "-f", str(file)]
    subprocess.run(argv, check=True)
    words = ["export", "p", "--bundle", world.bundle, "--key", file]
    assert "PASSPHRASE" in world.made.ask(*words).refused("usage").error["hint"]
    world.made.ask(*words, env={keys.PASSPHRASE: "opens it"}).ok()
    world.ask("p", 0, key="dave").ok()


def test_a_key_in_an_agent_signs_through_ssh_keygen(world: World, tmp_path: Path) -> None:
    """As one on hardware does: its private half is nowhere that we could read it."""
    socket = str(tmp_path / "agent")
    env = {"PATH": os.environ["PATH"], "SSH_AUTH_SOCK": socket}
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    only = tmp_path / "only.pub"
    shutil.copy(world.folder / "bob.pub", only)
    words = ["export", "p", "--bundle", world.bundle, "--key", only]
    try:
        refused = world.made.ask(*words, env={"SSH_AUTH_SOCK": socket}).refused("usage")
        assert "ssh-add" in refused.error["hint"]
        while subprocess.run(["ssh-add", "-q", world.folder / "bob"], env=env).returncode != 0:
            assert agent.poll() is None
        world.made.ask(*words, env={"SSH_AUTH_SOCK": socket}).ok()
    finally:
        agent.terminate()
        agent.wait()
    assert world.lines()[0]["signatures"][0]["keyid"].startswith("SHA256:")
    assert world.ask("p", 2, key="bob").ok().data["plans"][0]["phases"][2]["by"] == ["bob@x"]
    world.ask("p", 2, key="ann").refused("untrusted_key")
    lines = world.lines()
    lines[0]["payload"] = lines[1]["payload"]
    world.write(*lines)
    world.ask("p", 2, key="bob").refused("integrity")
    for place in (10, 60, -10):
        found = json.loads(json.dumps(lines[1]))
        sig = bytearray(base64.b64decode(found["signatures"][0]["sig"]))
        sig[place] ^= 1
        found["signatures"][0]["sig"] = base64.b64encode(sig).decode()
        world.write(found)
        world.ask("p", 1, key="bob").refused("integrity")


def test_a_signature_for_another_purpose(world: World, tmp_path: Path) -> None:
    """The same bytes, signed by the same key as something else than a bundle."""
    from securesystemslib.dsse import Envelope

    line = world.lines()[0]
    file = tmp_path / "data"
    file.write_bytes(Envelope(base64.b64decode(line["payload"]), line["payloadType"], {}).pae())
    argv = [need("ssh-keygen"), "-Y", "sign", "-q", "-n", "git", "-f", world.folder / "bob", file]
    subprocess.run(argv, check=True)
    blob = "".join((tmp_path / "data.sig").read_text().strip().splitlines()[1:-1])
    keyid = sshsig.fingerprint((world.folder / "bob.pub").read_text().split()[1])
    line["signatures"] = [{"keyid": keyid, "sig": blob}]
    world.write(line)
    world.ask("p", 0, key="bob").refused("integrity")


def test_a_second_signature_by_a_trusted_key_must_verify_too(world: World) -> None:
    (line,) = world.lines()[:1]
    bob = keys.signer(str(world.folder / "bob"))
    other = envelope.signed("{}", bob)["signatures"][0]
    line["signatures"].append(other)
    world.write(line)
    world.ask("p", 0).ok()  # a key nobody here knows says what it likes
    world.ask("p", 0, "--keys", world.folder / "bob.pub").refused("integrity")
    line["signatures"] = line["signatures"][:1] * 2
    world.write(line)
    world.ask("p", 0).refused("integrity")


def test_another_payload_type_is_another_message(world: World) -> None:
    for type_ in ("application/json", "application/vnd.in-toto+jso", ""):
        world.write(*(line | {"payloadType": type_} for line in world.lines()))
        world.ask("p", 0).refused("integrity")
        world.bundle.write_text(world.bundle.read_text().replace(type_, envelope.PAYLOAD_TYPE))


def gate_of_another(tree: Tree) -> None:
    ours(tree)["gate"] = "0" * 64


def commit_of_another(tree: Tree) -> None:
    for subject in tree["subject"]:
        if "gitCommit" in subject["digest"]:
            subject["digest"]["gitCommit"] = "0" * 40


def plan_of_another(tree: Tree) -> None:
    ours(tree)["plan"] = "q"


def phase_of_another(tree: Tree) -> None:
    ours(tree)["key"] = "later"


def without_the_commit(tree: Tree) -> None:
    tree["subject"] = [each for each in tree["subject"] if "gitCommit" not in each["digest"]]


def ran_out(tree: Tree) -> None:
    ours(tree)["rests"] = {"from": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}


def not_yet(tree: Tree) -> None:
    ours(tree)["at"] = "2999-01-01T00:00:00.000Z"


def failed(tree: Tree) -> None:
    tree["predicate"]["result"] = "FAILED"


def summary_failed(tree: Tree) -> None:
    tree["predicate"]["https://slsa.dev/verification_summary/v1"]["verificationResult"] = "FAILED"


def vouched_for(tree: Tree) -> None:
    tree["predicateType"] = "https://todo-manager.invalid/attested/v1"


def another_predicate(tree: Tree) -> None:
    tree["predicateType"] = "https://slsa.dev/provenance/v1"


@pytest.mark.parametrize(
    "change",
    [
        gate_of_another, commit_of_another, plan_of_another, phase_of_another, without_the_commit,
        ran_out, not_yet, failed, summary_failed, vouched_for, another_predicate,
    ],
)  # fmt: skip
def test_signed_and_about_something_else(world: World, change: Callable[[Tree], None]) -> None:
    world.rewritten(change)
    world.ask("p", 0).refused("not_proven")


@pytest.mark.parametrize(
    "what",
    [
        {"plan": None}, {"key": ["zero"]}, {"gate": 1}, {"at": {}}, {"source": ["plans/p.yaml"]}, {"rests": 1},
        {"rests": {"until": 7}}, {"rests": {"waived": 1}}, {"repository": "clean"},
    ],
)  # fmt: skip
def test_signed_and_not_as_we_write_it(world: World, what: Tree) -> None:
    world.rewritten(lambda tree: ours(tree).update(what))
    world.ask("p", 0).refused("integrity")


def test_signed_again_unchanged_it_is_believed(world: World) -> None:
    world.rewritten(lambda tree: None, key="bob")
    world.ask("p", 2, key="bob").ok()
    world.rewritten(lambda tree: ours(tree).update(rests={"until": "2999-01-01T00:00:00Z"}))
    assert "until 2999" in world.ask("p", 0).ok().data["plans"][0]["phases"][0]["reason"]


def test_needs_must_be_proven_too(world: World) -> None:
    world.write(*world.lines()[1:])
    assert "needs phase 0" in world.ask("p", 2).refused("not_proven").error["message"]


@pytest.mark.parametrize("what", ["plan", "settings"])
def test_another_definition_is_checked_out(world: World, what: str) -> None:
    if what == "plan":
        edit(world.checkout.root / "plans/p.yaml", "test -s a.txt", "test -e a.txt")
    else:
        world.checkout.write("todo_manager.yaml", "path: [bin]\n")
    world.ask("p", 0).ok()
    assert "another definition" in world.ask("p", 1).refused("not_proven").error["message"]


def test_another_commit_is_checked_out(world: World) -> None:
    first = git(world.checkout.root, "rev-parse", "HEAD")
    git(world.checkout.root, "commit", "--quiet", "--allow-empty", "-m", "two")
    assert "of the commit" in world.ask("p", 0).refused("not_proven").error["message"]
    world.ask("p", 0, "--commit", first).ok()
    world.ask("p", 0, "--commit", first[:12]).ok()
    world.ask("p", 0, "--commit", "0" * 40).refused("not_proven")
    world.ask("p", 0, "--commit", "--all").refused("usage")
    world.ask("p", 0, "--commit=nothing").refused("usage")


def test_the_environment_of_git_has_no_say(world: World, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "other")
    env = {"GIT_DIR": str(tmp_path / ".git"), "GIT_WORK_TREE": str(tmp_path)}
    words = ["-C", world.checkout.root, "status", "--bundle", world.bundle, "p", 0]
    world.made.ask(*words, "--keys", world.folder / "ann.pub", env=env).ok()


def test_the_plan_is_not_here(world: World, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "other")
    world.ask("p", 0, folder=tmp_path).refused("usage")
    (world.checkout.root / "plans/p.yaml").unlink()
    world.ask("p", 0).refused("usage")


def test_lines_that_are_no_envelopes(world: World) -> None:
    good = world.bundle.read_text()
    for line in ("{}", "[]", "nonsense", '{"payload": 1}', '{"a": 1, "a": 2}', "\ud800"):
        world.bundle.write_bytes((good + line + "\n").encode("utf-8", "surrogatepass"))
        world.ask("p", 0).refused("integrity")
    world.bundle.write_text("")
    world.ask("p", 0).refused("not_proven")
    world.bundle.unlink()
    world.ask("p", 0).refused("usage")
    world.bundle.write_text(good)


def test_words_about_a_bundle_need_one(world: World) -> None:
    for words in (["p", 0], ["--commit", "a"], ["--keys", world.folder / "ann.pub"]):
        world.made.ask("status", *words).refused("usage")
    world.made.ask("export", "p", "--key", world.folder / "ann").refused("usage")
    more = ["--bundle", world.bundle, "--format", "json"]
    world.made.ask("export", "p", *more).refused("usage")


def test_a_work_tree_with_changes_proves_no_commit(world: World, tmp_path: Path) -> None:
    """What the ledger says is proven, but of files that are in no commit."""
    made = copied(world.made, tmp_path / "copy")
    made.write("b.txt", "in no commit\n")
    made.ask("reopen", "p", 0, "--reason", "again").ok()
    made.ask("done", "p", 0).ok()
    made.ask("export", "p", "--bundle", world.bundle, "--key", world.folder / "ann").ok()
    (tree,) = [payload(line) for line in world.lines() if ours(payload(line))["key"] == "zero"]
    assert not any("gitCommit" in each["digest"] for each in tree["subject"])
    assert "b.txt (untracked)" in world.ask("p", 0).refused("not_proven").error["message"]


def test_a_renewed_proof_has_a_statement_of_its_own(world: World, tmp_path: Path) -> None:
    made = copied(world.made, tmp_path / "copy")
    made.ask("verify", "p", 0).ok()
    made.ask("export", "p", "--bundle", world.bundle, "--key", world.folder / "ann").ok()
    first = ours(payload(world.lines()[0]))
    assert (first["event"], first["key"]) == ("renewed", "zero")
    assert first["seq"] == world.ask("p", 2).ok().data["plans"][0]["phases"][0]["event"]
    made.ask("audit").ok()


def test_a_person_s_word_is_said_to_be_one(world: World, tmp_path: Path) -> None:
    made = copied(world.made, tmp_path / "copy")
    made.plan("w", "- {title: A word}\n- {title: B, verify: [{file: a.txt}]}", imported=False)
    git(made.root, "add", ".")
    git(made.root, "commit", "--quiet", "-m", "two")
    made.run("import", "plans/w.yaml").ok()
    made.person("attest", "w", 0, "--reason", "I saw it").ok()
    made.ask("done", "w", 1).ok()
    made.ask("export", "w", "--bundle", world.bundle, "--key", world.folder / "ann").ok()
    git(tmp_path, "clone", "--quiet", str(made.root), str(tmp_path / "clone"))
    rows = world.ask("w", 1, folder=tmp_path / "clone").ok().data["plans"][0]["phases"]
    assert [row["state"] for row in rows] == ["attested", "proven"]
    assert rows[1]["reason"] == "self-accepted, rests on attested 0"
    edit(tmp_path / "clone/plans/w.yaml", "{title: A word}", "{title: A word, verify: [{file: b}]}")
    world.ask("w", 1, folder=tmp_path / "clone").refused("not_proven")


def cloned(world: World, folder: Path, phases: str) -> tuple[Project, Path]:
    """A copy of the project with a plan `w` that is committed and imported, and where to clone it."""
    copy = folder / "copy"
    shutil.copytree(world.made.root.parent, copy, symlinks=True)
    made = type(world.made)(copy / "project", copy / "home")
    made.plan("w", phases, imported=False)
    git(made.root, "add", ".")
    git(made.root, "commit", "--quiet", "-m", "two")
    made.run("import", "plans/w.yaml").ok()
    return made, folder / "clone"


def test_what_persons_approved_is_attested_of_its_commit(world: World, tmp_path: Path) -> None:
    """Also when a verify has renewed it; not of another commit, nor beside a check of another kind."""
    both = "- {title: A, verify: [{manual: Is it so?}]}\n- {title: B, verify: [{file: a.txt}]}"
    made, clone = cloned(world, tmp_path, both)
    made.person("--actor", "approver", "approve", "w", 0).ok()
    made.ask("done", "w", 0).ok()
    made.ask("done", "w", 1).ok()
    assert made.ask("verify", "w", 0).ok().data["phases"][0]["state"] == "attested"
    made.ask("audit").ok()
    made.ask("export", "w", "--bundle", world.bundle, "--key", world.folder / "ann").ok()
    git(tmp_path, "clone", "--quiet", str(made.root), str(clone))
    rows = world.ask("w", 1, folder=clone).ok().data["plans"][0]["phases"]
    assert [row["state"] for row in rows] == ["attested", "proven"]
    assert rows[0]["reason"] == "persons: 1, self-accepted"
    assert rows[1]["reason"] == "self-accepted, rests on attested 0"

    made.write("later.txt", "x")
    git(made.root, "add", ".")
    git(made.root, "commit", "--quiet", "-m", "three")
    git(clone, "pull", "--quiet")
    assert "of the commit" in world.ask("w", 0, folder=clone).refused("not_proven").error["message"]
    edit(clone / "plans/w.yaml", "[{manual: Is it so?}]", "[{manual: Is it so?}, {file: a.txt}]")
    world.ask("w", 0, folder=clone).refused("not_proven")


def test_a_bundle_says_what_was_waived(world: World, tmp_path: Path) -> None:
    made, clone = cloned(world, tmp_path, "- {title: A, verify: [{name: ready, file: b.txt}]}")
    made.ask("waive", "w", 0, "ready", "--reason", "r", "--until", "30d").ok()
    made.person("--actor", "approver", "waive", "w", 0, "ready", "--approve").ok()
    made.ask("done", "w", 0).ok()
    made.ask("export", "w", "--bundle", world.bundle, "--key", world.folder / "ann").ok()
    git(tmp_path, "clone", "--quiet", str(made.root), str(clone))
    (row,) = world.ask("w", 0, folder=clone).ok().data["plans"][0]["phases"]
    assert "1 waived" in row["reason"]
    assert "until " in row["reason"]
    predicate = payload(world.lines()[0])["predicate"]
    assert (predicate["result"], predicate["passedTests"]) == ("WARNED", [])
    assert predicate["warnedTests"] == ["ready"]
    world.rewritten(lambda tree: ours(tree)["rests"].update(until="2020-01-01T00:00:00Z"))
    world.ask("w", 0, folder=clone).refused("not_proven")


def proven_of(made: Project, command: str) -> dict[str, Any]:
    """Of which commit a phase was proven, by what is recorded, whose one check is this command."""
    phases = f'- {{title: M, verify: [{{command: "{command}"}}]}}'
    made.plan("moving", phases, imported=False)
    git(made.root, "add", ".")
    git(made.root, "commit", "--quiet", "-m", "two")
    made.run("import", "plans/moving.yaml").ok()
    made.ask("done", "moving", 0).ok()
    found: dict[str, Any] = made.events("done")[-1]["data"]["repository"]
    return found


def test_a_commit_that_is_made_while_it_runs_is_not_what_was_proven(
    world: World, tmp_path: Path
) -> None:
    made = copied(world.made, tmp_path / "copy")
    moves = "git -c user.name=n -c user.email=n@x commit --quiet --allow-empty -m moved"
    repository = proven_of(made, moves)
    assert (repository["clean"], repository["why"]) == (
        False,
        "another commit was checked out meanwhile",
    )


def test_a_file_that_is_edited_while_it_runs_and_put_back_was_not_what_was_proven(
    world: World, tmp_path: Path
) -> None:
    made = copied(world.made, tmp_path / "copy")
    edits = "cp a.txt ../kept; echo better > a.txt; grep -q better a.txt; cp ../kept a.txt"
    repository = proven_of(made, edits)
    assert git(made.root, "status", "--porcelain") == ""
    assert (repository["clean"], repository["why"]) == (False, "a.txt (written meanwhile)")


@pytest.mark.root
def test_a_repository_of_somebody_else_is_looked_at_too(world: World, tmp_path: Path) -> None:
    """As in a container: whom the files belong to says nothing of what is in them."""
    if os.getuid() != 0:
        absent("root", "only root can give files away")
    made = copied(world.made, tmp_path / "copy")
    for folder, _, names in os.walk(made.root / ".git"):
        for name in [".", *names]:
            os.chown(Path(folder, name), 65534, 65534)
    os.chown(made.root, 65534, 65534)
    made.ask("reopen", "p", 0, "--reason", "again").ok()
    made.ask("done", "p", 0).ok()
    assert made.events("done")[-1]["data"]["repository"]["clean"] is True


def test_what_is_not_done_any_more_is_in_no_bundle(world: World, tmp_path: Path) -> None:
    made = copied(world.made, tmp_path / "copy")
    made.write("a.txt", "b\n")
    made.ask("verify", "p", 2).refused("check_failed")
    words = ["export", "p", "--bundle", world.bundle, "--key", world.folder / "ann"]
    assert made.ask(*words).ok().data["phases"][2]["state"] == "regressed"
    world.ask("p", 2).refused("not_proven")
    for index in (0, 1, 2):
        made.ask("reopen", "p", index, "--reason", "again").ok()
    made.ask(*words).refused("not_done")
