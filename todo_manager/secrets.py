"""Keeps secrets out of everything that is stored or shown.

Matching happens on the true text; masking is the last step before a result leaves the runner.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from msgspec import structs

from todo_manager.model import Output, Result

MASK = "•••"
SHORTEST = 6
"""Shorter values are not masked: they would blot out ordinary text. They are reported instead."""

CUT = "..."
"""What stands where a message was cut off."""

_ESCAPE = re.compile("%[0-9A-F]{2}")
_AS_GO_WRITES = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"}
_FOR_URLS = str.maketrans("+/", "-_")
_LOOKS_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|KEY", re.IGNORECASE)


def looks_secret(name: str) -> bool:
    """Whether a variable of this name is treated as a secret though nobody declared it."""
    return _LOOKS_SECRET.search(name) is not None


def _forms(value: str) -> set[str]:
    """How a value looks in a URL, in JSON, in HTML, in hexadecimal, in base64, and where Python shows it."""
    data = value.encode("utf-8", "surrogatepass")
    quoted = [text[1:-1] for text in (json.dumps(value), json.dumps(value, ensure_ascii=False))]
    for text in tuple(quoted):
        quoted.append(text.replace("/", "\\/"))
        quoted.append(text.translate(_AS_GO_WRITES))
    urls = [quote(data, safe=""), quote_plus(data), quote(data)]
    urls += [_ESCAPE.sub(lambda found: found[0].lower(), url) for url in urls]
    found = {repr(value)[1:-1], html.escape(value), html.escape(value, quote=False), *quoted, *urls}
    return found | {data.hex(), data.hex().upper(), *_base64(data)}


def _base64(data: bytes) -> Iterator[str]:
    """What stands in base64 of anything that holds the value: `user:password` say.

    It depends on how many bytes came before; the letters at both ends, which others share, are left out.
    """
    for before in range(3):
        text = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        last = -1 if (before + len(data)) % 3 else None
        inner = text[(0, 2, 3)[before] : last]
        if len(inner) >= SHORTEST:
            yield inner
            yield inner.translate(_FOR_URLS)


class Masker:
    """Replaces known secret values, also as they look in other forms of text, or where they were cut off."""

    def __init__(self, values: Iterable[str]) -> None:
        wanted = {value for value in values if len(value) >= SHORTEST}
        wanted |= {line for value in wanted for line in value.splitlines() if len(line) >= SHORTEST}
        wanted |= {form for value in wanted for form in _forms(value)}
        self._ordered = ordered = sorted(wanted, key=len, reverse=True)
        self._texts = re.compile("|".join(map(re.escape, ordered))) if ordered else None
        self._bytes = (
            re.compile(b"|".join(re.escape(value.encode()) for value in ordered))
            if ordered
            else None
        )
        self._several = [value.encode() for value in ordered if "\n" in value]

    def text(self, value: str) -> str:
        if not self._texts:
            return value
        *cut, last = self._texts.sub(MASK, value).split(CUT)
        return CUT.join([*map(self._without_beginning, cut), last])

    def _without_beginning(self, text: str) -> str:
        """A text that was cut off at its end, without the beginning of a secret that ends it."""
        for value in self._ordered:
            for length in range(min(len(value) - 1, len(text)), SHORTEST - 1, -1):
                if text.endswith(value[:length]):
                    return text[:-length] + MASK
        return text

    def tree(self, value: Any) -> Any:
        """Any JSON value with every text in it masked, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.tree(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.tree(item) for item in value]
        return value

    def raw(self, data: bytes) -> bytes:
        """What a program wrote, without the secrets in it."""
        return self._bytes.sub(MASK.encode(), data) if self._bytes else data

    def whole_lines(self, data: bytes | bytearray) -> int:
        """How many bytes of `data` are lines that end, and begin no secret that does not end in them."""
        end, before = data.rfind(b"\n", 0, len(data) - self.begun(data)) + 1, -1
        while end != before:  # a line that is held back may be the end of another secret
            before = end
            for each in self._several:
                place = data.rfind(each, 0, end + len(each) - 1)
                if place != -1 and place < end < place + len(each):
                    end = data.rfind(b"\n", 0, place) + 1
        return end

    def begun(self, data: bytes | bytearray) -> int:
        """How many bytes at the end of `data` may be the beginning of a secret of several lines."""
        for size in range(min(len(data), max(map(len, self._several), default=1) - 1), 0, -1):
            if any(data.endswith(each[:size]) for each in self._several if size < len(each)):
                return size
        return 0

    def output(self, output: Output) -> Output:
        return structs.replace(output, kept=self.raw(output.kept)) if self._bytes else output

    def result(self, result: Result) -> Result:
        """A result in which no text holds a secret."""
        return structs.replace(
            result,
            subject=self.text(result.subject),
            name=self.text(result.name),
            expected=self.text(result.expected),
            actual=self.text(result.actual),
            message=self.text(result.message),
            facts=self.tree(result.facts),
            outputs=tuple(self.output(output) for output in result.outputs),
        )


def masker(secrets: Mapping[str, str], *environments: Mapping[str, str]) -> Masker:
    """Masks declared secrets, and values of variables whose names look like secrets."""
    values = [*secrets.values()]
    for environment in environments:
        values += [value for name, value in environment.items() if looks_secret(name)]
    return Masker(values)


def too_short(secrets: Mapping[str, str]) -> list[str]:
    """Declared secrets whose values are too short to be masked."""
    return sorted(name for name, value in secrets.items() if 0 < len(value) < SHORTEST)
