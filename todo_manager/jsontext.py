"""JSON as the `json` module reads and writes it, without importing that module.

`json` brings in regular expressions and enums, which cost a read as much as its own work. What it
calls for plain values are two functions written in C; they are called here with the arguments it gives
them. An interpreter without them, or with others, gets `json` itself.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class _Strict:
    """What the reader in C asks for: the defaults of `json.loads`, but no NaN."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int

    @staticmethod
    def parse_constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is not JSON")


def _not_json(value: object) -> NoReturn:
    raise TypeError(f"{type(value).__name__} is not a JSON value")


_read: Any = None
_chunks: Any = None
try:
    from _json import encode_basestring_ascii, make_encoder, make_scanner

    _chunks = make_encoder(
        None, _not_json, encode_basestring_ascii, None, ": ", ", ", False, False, True
    )
    _read = make_scanner(_Strict())  # type: ignore[arg-type]
except (ImportError, TypeError, AttributeError):
    pass


def dumps(value: Any) -> str:
    """A value as ASCII JSON on one line, to the letter what `json.dumps` gives; TypeError if none."""
    if _read is None:
        import json

        return json.dumps(value)
    return "".join(_chunks(value, 0))


def loads(text: str) -> Any:
    """The value of a JSON text without blanks around it; ValueError when it is none."""
    if _read is None:
        import json

        return json.loads(text)
    try:
        value, end = _read(text, 0)
    except (StopIteration, SystemError):
        # The reader in C has no words for most mistakes unless `json` is there, and says so like this.
        raise ValueError("not JSON") from None
    if end != len(text):
        raise ValueError("more than one JSON value")
    return value
