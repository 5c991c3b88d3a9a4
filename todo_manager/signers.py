"""The file of persons and their SSH keys, and the one that the ledger has pinned.

What counts is the pinned file: its bytes are kept, and its sha256 stands in a signed event. Which pin is
in force is told by `pins.py`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import sqlite3
import unicodedata
import zlib

from msgspec import Struct

from todo_manager import ledger
from todo_manager.errors import InvalidDocument

EVENT = "signers"
TO_PIN = "todo_manager signers --accept --key FILE"

_FIELD = re.compile(r'(?:[^\s"]|"(?:\\.|[^"\\])*")+')
_KEY_TYPE = re.compile(r"(?:sk-)?(?:ssh|ecdsa|rsa)-[A-Za-z0-9@.-]+")


class Line(Struct, frozen=True):
    """One key of a signers file."""

    principals: tuple[str, ...]
    key: str
    """The fingerprint, `SHA256:…`."""
    type: str
    options: str
    """As written: `valid-before="20270101"`, `cert-authority`; ssh-keygen reads them."""

    @property
    def is_authority(self) -> bool:
        return "cert-authority" in self.options.lower()


class Pin(Struct, frozen=True, kw_only=True):
    """The signers file that is in force."""

    seq: int
    file: str
    """Its path in the project; empty where the pin says that there is none any more."""
    sha256: str
    data: bytes
    at: str
    by: str
    lapsed: frozenset[str] = frozenset()
    """Plans whose acceptance no key of this file stands for."""


class Who(Struct, frozen=True):
    """Somebody who said or did something: the name of the event, and the key if it was signed."""

    name: str
    key: str = ""


def who(event: dict[str, object]) -> Who:
    """Whose event it is."""
    data = event["data"]
    signed = data.get("signed_by") if isinstance(data, dict) else None
    key = signed.get("key", "") if isinstance(signed, dict) else ""
    return Who(str(event["actor"]), str(key))


# The pin


def pin_of(db: sqlite3.Connection, event: dict[str, object]) -> Pin:
    """The pin that an event set; IntegrityProblem when its bytes are not in the store."""
    data = event["data"]
    assert isinstance(data, dict)
    sha256 = str(data.get("sha256", ""))
    return Pin(
        seq=int(str(event["seq"])),
        file=str(data.get("file", "")),
        sha256=sha256,
        data=_kept(db, sha256) if sha256 else b"",
        at=str(event["at"]),
        by=str(event["actor"]),
        lapsed=frozenset(map(str, data.get("lapsed", ()))),
    )


def _kept(db: sqlite3.Connection, sha256: str) -> bytes:
    row = db.execute("SELECT data FROM contents WHERE sha256 = ?", (sha256,)).fetchone()
    try:
        data = zlib.decompress(row["data"]) if row else b""
    except (zlib.error, TypeError):
        data = b""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ledger.broken(f"the signers file {sha256[:12]} it pins is not in the store as it was")
    return data


# The file


def read(data: bytes, shown: str) -> tuple[Line, ...]:
    """The keys of a signers file; InvalidDocument with every line that names no person or no key."""
    lines, problems = [], []
    for number, text in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        try:
            lines.append(_line(text))
        except ValueError as wrong:
            problems.append(f"{shown}:{number}: {wrong}")
    if not lines and not problems:
        problems.append(f"{shown}: holds no key")
    if problems:
        raise InvalidDocument(problems, hint=f"correct {shown}: MAIL ssh-ed25519 AAAA…, one a line")
    return tuple(lines)


def known(data: bytes) -> tuple[Line, ...]:
    """The same of a file that was read before; what is no line of a key is left out."""
    try:
        return read(data, "")
    except InvalidDocument:
        return ()


def _line(text: str) -> Line:
    fields = _FIELD.findall(text)
    typed = [n for n, field in enumerate(fields[1:3], 1) if _KEY_TYPE.fullmatch(field)]
    if not typed or len(fields) <= typed[0] + 1:
        raise ValueError("is not: principals, options if any, type of key, key")
    at = typed[0]
    found = Line(
        principals=tuple(name for name in fields[0].replace('"', "").split(",") if name),
        key=_fingerprint_of(fields[at], fields[at + 1]),
        type=fields[at],
        options=fields[1] if at == 2 else "",
    )
    odd = [name for name in found.principals if re.search(r"[*?!]", name)]
    if odd and not found.is_authority:
        raise ValueError(f"{odd[0]} is a pattern: name each person, so that a signature names one")
    if not found.principals:
        raise ValueError("names nobody")
    return found


def _fingerprint_of(type_: str, text: str) -> str:
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("its key is not base64") from None
    name = type_.encode()
    if blob[:4] != len(name).to_bytes(4, "big") or blob[4 : 4 + len(name)] != name:
        raise ValueError(f"its key is no {type_}")
    return fingerprint(blob)


def fingerprint(blob: bytes) -> str:
    """Of a public key, as OpenSSH writes it: `SHA256:…`."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


# One person or two


def normal(name: str) -> str:
    """The one form of all spellings of a name: case, blanks, composed letters, `Name <mail>`."""
    text = unicodedata.normalize("NFKC", name).casefold()
    text = unicodedata.normalize("NFKC", text)
    if mails := re.findall(r"<([^<>]*[^<>\s][^<>]*)>", text):
        text = mails[-1]
    seen = [char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Mn")]
    return "".join("".join(seen).split()) or name


def same_person(data: bytes, one: Who, other: Who) -> bool:
    """Whether two are one person: by name, or by a signers file in which they share a key or a name."""
    names, keys = spellings(data, one)
    return normal(other.name) in names or other.key in keys


def spellings(data: bytes, one: Who) -> tuple[frozenset[str], frozenset[str]]:
    """All names (in their normal form) and keys of a person, as far as a signers file ties them."""
    names, keys = {normal(one.name)}, {one.key} - {""}
    lines = [line for line in known(data) if not line.is_authority]
    before = None
    while before != (len(names), len(keys)):
        before = (len(names), len(keys))
        for line in lines:
            spelled = {normal(name) for name in line.principals}
            if spelled & names or line.key in keys:
                names |= spelled
                keys.add(line.key)
    return frozenset(names), frozenset(keys)
