"""Keys that sign bundles, and those a reader trusts: PEM and OpenSSH files, and lists of signers.

cryptography and securesystemslib come with the extra `attest` and are imported where they are used.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from todo_manager.attesting.sshsig import NAMESPACE, SshKey, SshSigner
from todo_manager.errors import UsageProblem
from todo_manager.shellword import word

PASSPHRASE = "TODO_MANAGER_KEY_PASSPHRASE"
_LIMIT = 2**20
_PEM = re.compile(rb"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)
_SSH = re.compile(
    r"(?:^|\s)((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+)\s+(AAAA[A-Za-z0-9+/=]+)(?:\s+(.*))?$"
)
_NAMESPACES = re.compile(r'namespaces="([^"]*)"')
_NOT_HERE = ("cert-authority", "valid-after", "valid-before")


class Trusted(Struct, frozen=True, kw_only=True):
    """A public key that somebody said to trust."""

    name: str
    """Whose it is: the principals, the comment, or the file."""
    key: Any
    """A securesystemslib Key, or an SshKey."""


def needed(what: str) -> UsageProblem:
    """The refusal where the extra is not installed."""
    return UsageProblem(
        f"{what} takes securesystemslib and cryptography, which are not installed",
        hint="pip install 'todo_manager[attest]'",
    )


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError as problem:
        raise UsageProblem(f"{path}: {problem.strerror}", hint=f"ls -l {word(path)}") from None
    if len(data) > _LIMIT:
        raise UsageProblem(f"{path} is no key: it is larger than {_LIMIT} bytes")
    return data


def signer(path: str) -> Any:
    """What signs with a private key: a securesystemslib Signer. UsageProblem when the file is none.

    The passphrase of a key that has one is read from the environment, never from the command line. A
    public SSH key stands for the private one that ssh-keygen finds: in an agent, or on hardware.
    """
    data = _bytes(path)
    if match := _SSH.match(data.decode("utf-8", "replace").strip()):
        return SshSigner(path, match[1], match[2])
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from securesystemslib.signer import CryptoSigner
    except ImportError:
        raise needed("signing") from None
    secret = os.environ.get(PASSPHRASE, "").encode() or None
    ssh = b"BEGIN OPENSSH PRIVATE KEY" in data
    load = serialization.load_ssh_private_key if ssh else serialization.load_pem_private_key
    try:
        return CryptoSigner(load(data, secret))
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise UsageProblem(
            f"{path} is no private key that can sign: {problem}",
            hint=f"an Ed25519 or ECDSA key in PEM or OpenSSH form; its passphrase in {PASSPHRASE}",
        ) from None


def trusted(paths: Iterable[str]) -> dict[str, Trusted]:
    """The public keys of files, by their key id. UsageProblem for a file that holds none."""
    found: dict[str, Trusted] = {}
    for path in paths:
        try:
            found |= held(_bytes(path), path)
        except ImportError:
            raise needed("verifying signatures") from None
        except ValueError as problem:
            raise UsageProblem(f"{path}: {problem}", hint=_FORMS) from None
    return found


def held(data: bytes, path: str) -> dict[str, Trusted]:
    """The public keys in the bytes of a file, by their key id.

    Raises ValueError where there is none, ImportError without the extra.
    """
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        keys = list(_pem(data, path) if b"-----BEGIN" in data else _lines(data, path))
    except (TypeError, UnsupportedAlgorithm) as problem:
        raise ValueError(str(problem)) from None
    if not keys:
        raise ValueError("it holds no public key")
    return {each.key.keyid: each for each in keys}


_FORMS = "a public key in PEM or OpenSSH form, or a list of allowed signers"


def _pem(data: bytes, path: str) -> Iterator[Trusted]:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from securesystemslib.signer import SSlibKey

    for match in _PEM.finditer(data):
        if b"PRIVATE" in match[1]:
            raise ValueError("this is a private key; whom you trust is said by public ones")
        key = load_pem_public_key(match[0])
        yield Trusted(name=Path(path).name, key=SSlibKey.from_crypto(key))


def _lines(data: bytes, path: str) -> Iterator[Trusted]:
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key
    from securesystemslib.signer import SSlibKey

    for number, line in enumerate(data.decode("utf-8").splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = _SSH.search(line)
        if match is None:
            raise ValueError(f"line {number} is no public key")
        before = line[: match.start()]
        if unknown := [each for each in _NOT_HERE if each in before]:
            raise ValueError(f"line {number}: {unknown[0]} is not understood here")
        limited = _NAMESPACES.search(before)
        if limited and not _matches(limited[1]):
            continue
        name = before.split()[0] if before.split() else (match[3] or Path(path).name)
        yield Trusted(name=name, key=SshKey(match[1], match[2]))
        if not match[1].startswith("sk-"):
            key = load_ssh_public_key(f"{match[1]} {match[2]}".encode())
            yield Trusted(name=name, key=SSlibKey.from_crypto(key))


def _matches(patterns: str) -> bool:
    return any(fnmatch.fnmatchcase(NAMESPACE, each) for each in patterns.split(","))
