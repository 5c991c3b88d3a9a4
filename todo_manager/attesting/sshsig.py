"""Signatures by `ssh-keygen -Y sign`: keys of an agent, and those on hardware that never leave it.

In an envelope such a signature has the key's SSH fingerprint as key id, and the bytes of an SSHSIG block
over what DSSE says is signed, in our namespace. Only ssh-keygen verifies it; other readers of DSSE do not.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from todo_manager.errors import UsageProblem

NAMESPACE = "todo_manager-bundle"
"""What is signed for one purpose is good for no other; lines of allowed signers may name it."""
FINGERPRINT = "SHA256:"
"""What key ids of such signatures begin with."""
_PATH = "/usr/local/bin:/usr/bin:/bin"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_SECONDS = 120
"""A person may have to touch a key."""


def fingerprint(blob: str) -> str:
    """The SSH fingerprint of a public key, from its base64."""
    found = hashlib.sha256(base64.b64decode(blob)).digest()
    return FINGERPRINT + base64.b64encode(found).decode().rstrip("=")


class SshKey:
    """A public SSH key, with as much of a securesystemslib Key as is asked for."""

    def __init__(self, kind: str, blob: str) -> None:
        self.keyid = fingerprint(blob)
        self._line = f"{kind} {blob}"

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether it is a signature by this key, over these bytes, in our namespace."""
        with tempfile.TemporaryDirectory() as folder:
            signers, armored = Path(folder, "signers"), Path(folder, "sig")
            signers.write_text(f'signer namespaces="{NAMESPACE}" {self._line}\n')
            armored.write_text(_armored(signature))
            argv = [_program(), "-Y", "verify", "-f", str(signers), "-I", "signer", "-n", NAMESPACE]
            ran = subprocess.run(
                [*argv, "-s", str(armored)],
                input=data,
                capture_output=True,
                env={"PATH": _PATH, "HOME": folder},
                timeout=_SECONDS,
            )
        return ran.returncode == 0


class SshSigner:
    """Signs with the private half of a public key file, wherever ssh-keygen finds it."""

    def __init__(self, path: str, kind: str, blob: str) -> None:
        self._path = path
        self.public_key = SshKey(kind, blob)

    def sign(self, data: bytes) -> Any:
        """A securesystemslib Signature; UsageProblem where ssh-keygen does not sign."""
        from securesystemslib.signer import Signature

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "data")
            file.write_bytes(data)
            argv = [_program(), "-Y", "sign", "-q", "-n", NAMESPACE, "-f", self._path, str(file)]
            # With the environment of the user: that is where the agent is named.
            ran = subprocess.run(
                argv, capture_output=True, text=True, env=dict(os.environ), timeout=_SECONDS
            )
            if ran.returncode != 0:
                said = (ran.stderr.strip().splitlines() or ["ssh-keygen said nothing"])[-1]
                raise UsageProblem(
                    f"{self._path} does not sign: {said}",
                    hint="ssh-add -l, whether the agent has it; or name the private key",
                )
            armored = Path(folder, "data.sig").read_text()
        blob = base64.b64decode("".join(armored.strip().splitlines()[1:-1]))
        return Signature(self.public_key.keyid, blob.hex())


def _armored(signature: bytes) -> str:
    lines = textwrap.wrap(base64.b64encode(signature).decode(), 70)
    return "\n".join([_BEGIN, *lines, _END, ""])


def _program() -> str:
    found = shutil.which("ssh-keygen", path=_PATH)
    if found is None:
        raise UsageProblem("ssh-keygen is not installed", hint="install OpenSSH, then repeat")
    return found
