"""Whom https trusts: the system's authorities, or those of one file; the environment has no say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from todo_manager.checks.base import World
from todo_manager.checks.ground import Ground, Unlookable

if TYPE_CHECKING:
    import ssl

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def tls_context(world: World, ca_file: str, seconds: float) -> ssl.SSLContext:
    """What https is verified against; SSL_CERT_FILE and its like have no say."""
    import ssl

    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        try:
            found.load_verify_locations(cadata=_authorities(world, ca_file, seconds))
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "reason", None) or getattr(problem, "strerror", None)
            raise Unlookable(f"ca_file {ca_file}: {reason or problem}") from None
        return found
    known = ssl.get_default_verify_paths()
    file, folder = Path(known.openssl_cafile), Path(known.openssl_capath)
    if not file.exists() and not folder.exists():
        raise Unlookable("this Python has no authorities for https: name a ca_file")
    found.load_verify_locations(
        str(file) if file.exists() else None, str(folder) if folder.exists() else None
    )
    return found


def _authorities(world: World, ca_file: str, seconds: float) -> str:
    seen = Ground(world.root, seconds).look(ca_file, content=True)
    found = _CERTIFICATE.findall(seen.data.decode("latin-1"))
    if not found:
        raise Unlookable(f"ca_file {ca_file} holds no certificate")
    return "\n".join(found)


def certificate(sock: ssl.SSLSocket) -> dict[str, str]:
    """Whose certificate a server showed and until when it holds; empty where it was not verified."""
    known: Any = sock.getpeercert() or {}
    subject = [f"{key}={value}" for part in known.get("subject", ()) for key, value in part]
    return {"subject": ", ".join(subject), "until": str(known.get("notAfter", ""))}
