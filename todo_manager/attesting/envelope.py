"""DSSE envelopes: one signed payload in JSON, read so strictly that no byte of it can be another.

Signing and verifying are securesystemslib's, but for what `sshsig` does. Stricter than that is what may be read at all: base64 in the
one form an encoder writes, no key twice, and of the signatures by keys that are trusted each must verify.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from todo_manager.attesting.keys import Trusted
from todo_manager.attesting.sshsig import SshKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class Malformed(ValueError):
    """It is no envelope, or its payload is no statement."""


class Signature(Struct, frozen=True):
    """One signature, and the key it says to be of."""

    keyid: str
    sig: bytes


class Envelope(Struct, frozen=True, kw_only=True):
    """A payload and who signed it."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]


class Trust(StrEnum):
    """What the signatures of an envelope are worth to whom trusts certain keys."""

    TRUSTED = "trusted"
    """At least one is by a trusted key, and each that is verifies."""
    UNSIGNED = "unsigned"
    UNKNOWN = "unknown"
    """Signed, by no key that is trusted."""
    BROKEN = "broken"
    """One that says to be by a trusted key does not verify."""


def read(text: bytes | str) -> Envelope:
    """The envelope in a JSON text; raises Malformed."""
    tree = strict(text)
    try:
        found = Envelope(
            payload=_decoded(tree["payload"]),
            payload_type=_text(tree["payloadType"]),
            signatures=tuple(
                Signature(_text(each["keyid"]), _decoded(each["sig"]))
                for each in tree["signatures"]
            ),
        )
    except (KeyError, TypeError, AttributeError):
        raise Malformed("it has not the fields of a DSSE envelope") from None
    if len({each.keyid for each in found.signatures}) != len(found.signatures):
        raise Malformed("it has two signatures by one key")
    return found


def statement_of(envelope: Envelope) -> dict[str, Any]:
    """The in-toto Statement that an envelope holds; raises Malformed."""
    found = strict(envelope.payload)
    subjects = found.get("subject")
    if found.get("_type") != "https://in-toto.io/Statement/v1" or not isinstance(subjects, list):
        raise Malformed("its payload is no in-toto Statement v1")
    if not isinstance(found.get("predicate"), dict) or not all(map(_is_subject, subjects)):
        raise Malformed("its payload is no in-toto Statement v1")
    return found


def _is_subject(tree: Any) -> bool:
    return isinstance(tree, dict) and isinstance(tree.get("digest"), dict)


def unsigned(text: str) -> dict[str, Any]:
    """An envelope around a statement that nobody has signed."""
    payload = base64.b64encode(text.encode()).decode()
    return {"payloadType": PAYLOAD_TYPE, "payload": payload, "signatures": []}


def signed(text: str, signer: Any) -> dict[str, Any]:
    """An envelope around a statement, signed by what `keys.signer` gave."""
    from securesystemslib.dsse import Envelope as Signing

    found = Signing(text.encode(), PAYLOAD_TYPE, {})
    found.sign(signer)
    return dict(found.to_dict())


def judge(found: Envelope, keys: Mapping[str, Trusted]) -> tuple[Trust, tuple[str, ...]]:
    """What the signatures are worth, and the names of those who signed: of all, where it is unknown."""
    if not found.signatures:
        return Trust.UNSIGNED, ()
    ours = [each for each in found.signatures if each.keyid in keys]
    if not ours:
        return Trust.UNKNOWN, tuple(each.keyid for each in found.signatures)
    if not all(_verifies(found, each, keys[each.keyid]) for each in ours):
        return Trust.BROKEN, tuple(keys[each.keyid].name for each in ours)
    return Trust.TRUSTED, tuple(keys[each.keyid].name for each in ours)


def _verifies(found: Envelope, signature: Signature, trusted: Trusted) -> bool:
    from securesystemslib.dsse import Envelope as Signing
    from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
    from securesystemslib.signer import Signature as Given

    data = Signing(found.payload, found.payload_type, {}).pae()
    if isinstance(trusted.key, SshKey):
        return trusted.key.verifies(signature.sig, data)
    try:
        trusted.key.verify_signature(Given(signature.keyid, signature.sig.hex()), data)
    except (UnverifiedSignatureError, VerificationError):
        return False
    return True


def strict(text: bytes | str) -> dict[str, Any]:
    """The JSON object in a text; raises Malformed for anything else, and for a key that stands twice."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except (ValueError, RecursionError) as problem:
        raise Malformed(f"it cannot be read as JSON: {problem}") from None
    if not isinstance(found, dict):
        raise Malformed("it is no JSON object")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _decoded(value: Any) -> bytes:
    """Base64 in its one canonical form: bits that mean nothing could be changed unseen."""
    try:
        found = base64.b64decode(_text(value), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("it holds base64 that cannot be decoded") from None
    if base64.b64encode(found).decode() != value:
        raise Malformed("it holds base64 that is not as an encoder writes it")
    return found
