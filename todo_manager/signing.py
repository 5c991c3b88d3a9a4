"""Signatures made and verified by the system's ssh-keygen, offline; no decision is made here.

The program is the one of the system's own folders, never one that somebody put into the project or into
PATH, and it is handed an environment of ours. Keys in agents and in hardware work, as ssh-keygen does
that itself.
"""

from __future__ import annotations

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

NAMESPACE = "todo_manager"
"""What a signature is made for: one that was made for git, or for a file, counts for nothing here."""

_GOOD = re.compile(r'^Good "todo_manager" signature for (.+) with \S+ key (SHA256:\S+)$', re.M)
_TO_SIGN = ("SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "DISPLAY", "TERM")
"""Of the caller's environment, where a person signs: the agent, and how a passphrase is asked for."""
_SIGN_SECONDS = 300
"""A person types a passphrase or touches a key meanwhile."""
_VERIFY_SECONDS = 30


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


def _not_made(key: str, why: str) -> Untrusted:
    said = f": {' '.join(why.split())}" if why.strip() else ""
    return Untrusted(
        f"ssh-keygen made no signature with {key}{said}",
        kind=Kind.SIGNATURE,
        hint="a person: name your key: --key ~/.ssh/id_ed25519, or set TODO_MANAGER_KEY",
        person=True,
    )


@functools.lru_cache(maxsize=1024)
def verify(root: Path, signers: bytes, text: str, signature: str, at: str = "") -> Signer:
    """Who signed a text, by a file of allowed signers; BadSignature when nobody in it did.

    `at` is the moment (UTC, as events have it) at which a key's valid-after and valid-before are looked
    at; now when empty. Raises Untrusted (signature) without an ssh-keygen.
    """
    keygen = program(root)
    with tempfile.TemporaryDirectory(prefix="todo_manager-") as folder:
        Path(folder, "signers").write_bytes(signers)
        Path(folder, "signature").write_text(signature, encoding="utf-8")
        files = ["-f", f"{folder}/signers", "-s", f"{folder}/signature", *_moment(signers, at)]
        code, found = _run([keygen, "-Y", "find-principals", *files], b"")
        names = [name for name in found.splitlines() if name] if code == 0 else []
        said = "" if names else found
        for name in names:
            argv = [keygen, "-Y", "verify", "-n", NAMESPACE, "-I", name, *files]
            code, said = _run(argv, text.encode())
            good = _GOOD.search(said)
            if code == 0 and good and good[1] == name:
                return Signer(name, good[2])
    raise BadSignature(
        f"it does not verify: {' '.join(said.split())[:200]}"
        if names
        else "it is by no key of the signers file"
    )


def _moment(signers: bytes, at: str) -> list[str]:
    """Only where it matters: older versions of ssh-keygen do not know the option."""
    digits = re.sub(r"[^0-9]", "", at)[:14]
    return ["-O", f"verify-time={digits}"] if b"valid-" in signers and len(digits) == 14 else []


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
