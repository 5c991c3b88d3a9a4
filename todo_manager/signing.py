"""Signatures made and verified by the system's ssh-keygen, offline; no decision is made here.

The program is the one of the system's own folders, never one that somebody put into the project or into
PATH, and it is handed an environment of ours. Keys in agents and in hardware work, as ssh-keygen does
that itself.
"""

from __future__ import annotations

import base64
import binascii
import functools
import os
import pwd
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from todo_manager.errors import Kind, Untrusted
from todo_manager.programs import SYSTEM_PATH
from todo_manager.signers import fingerprint, known

NAMESPACE = "todo_manager"
"""What a signature is made for: one that was made for git, or for a file, counts for nothing here."""

_GOOD = re.compile(r'^Good "todo_manager" signature for (.+) with \S+ key (SHA256:\S+)$', re.M)
_PRINT = re.compile(r"\d+ (SHA256:\S+) ")
_TO_SIGN = ("SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "TERM")
"""Of the caller's environment, where a person signs: the agent, and how a passphrase is asked for."""
_SIGN_SECONDS = 300
"""A person types a passphrase or touches a key meanwhile."""
_VERIFY_SECONDS = 30
_KEY_AT = 14
"""Where the public key stands in a signature: after `SSHSIG`, a version and the key's length."""


class Signer(Struct, frozen=True):
    """Whose key made a signature."""

    principal: str
    """The name by which the signers file knows the key; the first one where it has several."""
    key: str
    """The fingerprint, `SHA256:…`."""


class BadSignature(Exception):
    """It is no signature over this text by a key of the signers file; the message says what is wrong."""


def program(root: Path) -> str:
    """The system's ssh-keygen; Untrusted (signature) where there is none that lies outside the project."""
    for folder in SYSTEM_PATH:
        path = os.path.join(folder, "ssh-keygen")
        planted = Path(path).resolve().is_relative_to(root.resolve())
        if os.path.isfile(path) and os.access(path, os.X_OK) and not planted:
            return path
    raise Untrusted(
        f"there is no ssh-keygen in {', '.join(SYSTEM_PATH)}, so no signature can be made or verified",
        kind=Kind.SIGNATURE,
        hint="install it (on Debian and Ubuntu: apt install openssh-client), then repeat",
        person=True,
    )


def sign(root: Path, key: str, text: str) -> str:
    """Sign a text with the key in a file (private, or public with the private one in an agent).

    Raises Untrusted (signature) when ssh-keygen does not.
    """
    file = os.path.abspath(os.path.expanduser(key))
    argv = [program(root), "-q", "-Y", "sign", "-n", NAMESPACE, "-f", file]
    # What a hardware key waits for is said on standard error, and a person must see it.
    seen = os.isatty(2)
    environment = _environment() | {n: os.environ[n] for n in _TO_SIGN if n in os.environ}
    try:
        ran = subprocess.run(
            argv,
            input=text.encode(),
            stdout=subprocess.PIPE,
            stderr=None if seen else subprocess.PIPE,
            env=environment,
            timeout=_SIGN_SECONDS,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise _not_made(key, str(error)) from None
    made = ran.stdout.decode("ascii", "replace")
    if ran.returncode != 0 or not made.startswith("-----BEGIN SSH SIGNATURE-----"):
        raise _not_made(key, (ran.stderr or b"").decode("utf-8", "replace"))
    return made


def print_of(root: Path, key: str) -> str:
    """The fingerprint of a key in a file, as far as it is told without a passphrase; else empty.

    Raises Untrusted (signature) where the file is none that could sign.
    """
    file = os.path.abspath(os.path.expanduser(key))
    try:
        with open(file, "rb") as opened:
            begins = opened.read(11)
    except (OSError, ValueError) as error:
        raise _not_made(key, getattr(error, "strerror", None) or str(error)) from None
    code, said = _run([program(root), "-l", "-f", file], b"")
    found = _PRINT.match(said)
    if code == 0 and found:
        return found[1]
    if begins == b"-----BEGIN ":
        return ""
    raise _not_made(key, said)


def _not_made(key: str, why: str) -> Untrusted:
    said = f": {' '.join(why.split())}" if why.strip() else ""
    return Untrusted(
        f"ssh-keygen made no signature with {key}{said}",
        kind=Kind.SIGNATURE,
        hint="a person: name your key: --key ~/.ssh/id_ed25519, or set TODO_MANAGER_KEY",
        person=True,
    )


def verify(root: Path, signers: bytes, text: str, signature: str, at: str = "") -> Signer:
    """Who signed a text, by a file of allowed signers; BadSignature when nobody in it did.

    `at` is the moment (UTC, as events have it) at which a key's valid-after and valid-before are looked
    at; now when empty. Raises Untrusted (signature) without an ssh-keygen. A process asks ssh-keygen
    once about the same four; what could not be asked is asked again.
    """
    try:
        (text + signature).encode()
    except UnicodeEncodeError:
        raise BadSignature("it is no text that could be signed") from None
    digits = re.sub(r"[^0-9]", "", at)[:14]
    if b"valid-" not in signers:
        found = _judged(root, signers, text, signature, "")
    elif len(digits) == 14:
        found = _judged(root, signers, text, signature, digits)
    else:
        found = _judged.__wrapped__(root, signers, text, signature, "")  # what now is, changes
    if isinstance(found, str):
        raise BadSignature(found)
    return found


@functools.lru_cache(maxsize=4096)
def _judged(root: Path, signers: bytes, text: str, signature: str, moment: str) -> Signer | str:
    """Who signed a text, or why nobody did."""
    keygen, said = program(root), ""
    with tempfile.TemporaryDirectory(prefix="todo_manager-") as folder:
        Path(folder, "signers").write_bytes(signers)
        Path(folder, "signature").write_text(signature, encoding="utf-8")
        files = ["-f", f"{folder}/signers", "-s", f"{folder}/signature"]
        # Only where it matters: older versions of ssh-keygen do not know the option.
        files += ["-O", f"verify-time={moment}"] if moment else []
        names = _names(signers, signature) or _asked([keygen, "-Y", "find-principals", *files])
        for name in names:
            argv = [keygen, "-Y", "verify", "-n", NAMESPACE, "-I", name, *files]
            code, said = _run(argv, text.encode())
            good = _GOOD.search(said)
            if code == 0 and good and good[1] == name:
                return Signer(name, good[2])
    if names:
        return f"it does not verify: {' '.join(said.split())[:200]}"
    return "it is by no key of the signers file"


def _names(signers: bytes, signature: str) -> list[str]:
    """By which names a signers file knows the key that a signature names, in the file's order.

    Only who to ask ssh-keygen about: it says whether the signature is one. Empty where it has to be asked
    that too: for certificates, and for whatever is not plainly a signature.
    """
    lines = known(signers)
    if any(line.is_authority for line in lines):
        return []
    try:
        blob = base64.b64decode("".join(signature.split("\n")[1:-2]), validate=True)
    except (binascii.Error, ValueError):
        return []
    size = int.from_bytes(blob[_KEY_AT - 4 : _KEY_AT], "big")
    key = fingerprint(blob[_KEY_AT : _KEY_AT + size])
    return [name for line in lines if line.key == key for name in line.principals]


def _asked(argv: Sequence[str]) -> list[str]:
    code, found = _run(argv, b"")
    return [name for name in found.splitlines() if name] if code == 0 else []


def _run(argv: Sequence[str], data: bytes) -> tuple[int, str]:
    """Exit code and everything it said; TimeoutExpired and OSError are a signature that is not good."""
    try:
        ran = subprocess.run(
            argv,
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
            timeout=_VERIFY_SECONDS,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise BadSignature(f"it could not be verified: {error}") from None
    return ran.returncode, ran.stdout.decode("utf-8", "replace")


def _environment() -> dict[str, str]:
    """Nothing of the caller's; times in signers files are read as UTC wherever the machine stands."""
    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        home = "/"
    return {"PATH": os.pathsep.join(SYSTEM_PATH), "HOME": home, "LANG": "C.UTF-8", "TZ": "UTC"}
