"""Whether a commit bears the signature of somebody who is known: by SSH key, or by OpenPGP key.

A signature alone proves nothing, for anybody can sign. It counts when a file of the project, which
belongs to the definition, knows the key.
"""

from __future__ import annotations

import glob
import re

from msgspec import Struct

from todo_manager.canonical import Tree
from todo_manager.checks import fields
from todo_manager.checks.base import Ran, World
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Wrong
from todo_manager.checks.gitcalls import Git, said
from todo_manager.checks.ground import Ground, Unlookable, location, shown
from todo_manager.checks.judge_file import judged

_GOOD_SSH = re.compile(r'^Good "git" signature for (.+) with \S+ key (SHA256:\S+)$', re.MULTILINE)
_GOOD_PGP = re.compile(
    r"^\[GNUPG:\] VALIDSIG ([0-9A-F]{40,64}) (?:\S+ ){8}([0-9A-F]{40,64})", re.MULTILINE
)
_SPOILED_PGP = re.compile(
    r"\[GNUPG:\] (BADSIG|ERRSIG|EXPSIG|EXPKEYSIG|REVKEYSIG|KEYEXPIRED|KEYREVOKED)"
)
_FINGERPRINT = re.compile(r"[0-9A-F]{40}(?:[0-9A-F]{24})?")


class Signers(Struct, frozen=True, kw_only=True):
    """Who may have signed: a file of keys, and of those some or all."""

    ssh: bool
    file: str
    who: tuple[str, ...] = ()
    """Principals of an allowed signers file, or fingerprints of OpenPGP keys; empty: all in the file."""


def signers(tree: Tree) -> Signers:
    """`{allowed_signers: FILE, principals: [..]}` or `{keyring: FILE, fingerprints: [..]}`."""
    forms = {"allowed_signers": "principals", "keyring": "fingerprints"}
    named = [key for key in forms if key in tree] if isinstance(tree, dict) else []
    if len(named) != 1:
        raise Wrong(
            "a signature counts by a key that is known: {allowed_signers: FILE} or {keyring: FILE}"
        )
    key = named[0]
    if unknown := [each for each in tree if each not in (key, forms[key])]:
        raise Wrong(f"unknown key {unknown[0]}; beside {key} there may be {forms[key]}")
    file = location(tree[key])
    if file.startswith("/"):
        raise Wrong(f"{key} is a file of the project, so that it belongs to the definition")
    who = fields.needles(tree[forms[key]]) if forms[key] in tree else ()
    if key == "keyring":
        who = tuple(_fingerprint(one) for one in who)
    return Signers(ssh=key == "allowed_signers", file=file, who=who)


def _fingerprint(text: str) -> str:
    found = text.replace(" ", "").upper().removeprefix("0X")
    if not _FINGERPRINT.fullmatch(found):
        raise Wrong(f"expected the 40 hexadecimal digits of a key's fingerprint, not {text!r}")
    return found


def file_of(tree: Tree) -> tuple[str, ...]:
    """The file of keys in a tree that may be wrong: it is part of the definition."""
    if not isinstance(tree, dict):
        return ()
    files = (str(tree[key]) for key in ("allowed_signers", "keyring") if key in tree)
    return tuple(map(glob.escape, files))


def judge_signature(git: Git, world: World, wanted: Signers, ground: Ground) -> Judgement:
    """The signature of HEAD against the keys of a file."""
    path = ground.real(wanted.file)
    data = ground.look(wanted.file, content=True).data
    if not data.strip():
        raise Unlookable(f"{shown(wanted.file)} holds no key")
    named = f" by {' or '.join(wanted.who)}" if wanted.who else ""
    expected = f"HEAD is signed{named} with a key of {shown(wanted.file)}"
    if wanted.ssh:
        ran = _verified_ssh(git, world, path)
        return _judged_ssh(ran, wanted, expected)
    return _judged_pgp(_verified_pgp(git, world, path), wanted, expected)


def _verified_ssh(git: Git, world: World, file: str) -> Ran:
    git.set(
        {
            "gpg.ssh.program": world.program("ssh-keygen").path,
            "gpg.ssh.allowedSignersFile": file,
            "gpg.ssh.revocationFile": "/dev/null",
            "gpg.program": "false",
            "gpg.openpgp.program": "false",
            "gpg.x509.program": "false",
        }
    )
    return git.run("verify-commit", "--raw", "HEAD")


def _judged_ssh(ran: Ran, wanted: Signers, expected: str) -> Judgement:
    match = _GOOD_SSH.search(_raw(ran))
    if ran.exit != 0 or not match:
        return judged(False, expected, _why(ran))
    so = not wanted.who or match[1] in wanted.who
    return judged(so, expected, f"signed by {match[1]}, {match[2]}")


def _verified_pgp(git: Git, world: World, file: str) -> Ran:
    """With a keyring of its own that holds nothing but the keys of the file."""
    gpg = world.program("gpg").path
    git.set({"gpg.program": gpg, "gpg.openpgp.program": gpg, "gpg.minTrustLevel": "undefined"})
    git.set({"gpg.ssh.program": "false", "gpg.x509.program": "false"})
    text = """
        export GNUPGHOME="$TMPDIR/keys"
        mkdir -m 700 "$GNUPGHOME"
        "$1" --batch --quiet --no-autostart --import "$2" || exit 90
        "$0" verify-commit --raw HEAD
    """
    ran = git.shell(text, gpg, file)
    if ran.exit == 90:
        raise Unlookable(f"gpg reads no keys from the keyring: {said(ran)}")
    return ran


def _judged_pgp(ran: Ran, wanted: Signers, expected: str) -> Judgement:
    raw = _raw(ran)
    match = _GOOD_PGP.search(raw)
    if ran.exit != 0 or not match or _SPOILED_PGP.search(raw):
        return judged(False, expected, _why(ran))
    so = not wanted.who or bool(set(wanted.who) & {match[1], match[2]})
    return judged(so, expected, f"signed by the key {match[2]}")


def _raw(ran: Ran) -> str:
    return ran.stderr.kept.decode("utf-8", "replace")


def _why(ran: Ran) -> str:
    return f"not so: {said(ran)}" if _raw(ran).strip() else "it has no signature"
