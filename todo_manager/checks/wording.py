"""Lists of names and amounts in the words of a message."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from todo_manager.checks.ground import shown

SHOWN = 10
"""How many names a message gives of each kind."""

_UNITS = {"GB": 10**9, "MB": 10**6, "kB": 10**3}


def cited(keys: Iterable[str]) -> str:
    """Names in a sentence, at most SHOWN of them."""
    found = [shown(key) for key in keys]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more


def in_words(number: Decimal, *, size: bool) -> str:
    """A number, or bytes in the decimal unit a person would choose."""
    if not size:
        return f"{number:f}"
    for unit, divisor in _UNITS.items():
        if number >= divisor:
            return f"{(number / divisor).quantize(Decimal('0.001')).normalize():f} {unit}"
    return f"{number:f} B"
