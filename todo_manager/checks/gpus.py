"""The graphics cards of a machine, as NVIDIA's own program names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from todo_manager.checks.base import Ran, World
from todo_manager.checks.command import start, tail_of
from todo_manager.checks.ground import Unlookable
from todo_manager.hosts.places import From
from todo_manager.model import Output

PROGRAM = "nvidia-smi"
QUERY = ("--query-gpu=name,driver_version,memory.total", "--format=csv,noheader,nounits")
_NONE_FOUND = "No devices were found"
_MEBIBYTE = 2**20


class Card(Struct, frozen=True, kw_only=True):
    """One graphics card."""

    name: str
    driver: str
    memory: int | None
    """Bytes; None where the card does not say."""


class Gpus(Struct, frozen=True, kw_only=True):
    """What the program said."""

    cards: tuple[Card, ...]
    facts: Mapping[str, Any]
    outputs: tuple[Output, ...]


def ask(world: World, place: From, timeout: float) -> Gpus:
    """All cards; that there is none is an answer too.

    Raises Unresolvable without the program, Unlookable where it does not answer, Unreachable.
    """
    went = start(world, place, (PROGRAM, *QUERY), timeout=timeout)
    ran, facts = went.ran, went.facts
    text = ran.stdout.kept.decode("utf-8", "replace").strip()
    if why := went.why or _broken(ran, text):
        raise Unlookable(why)
    cards = () if _NONE_FOUND in text else tuple(_card(line) for line in text.splitlines())
    facts["cards"] = [f"{card.name}, driver {card.driver}" for card in cards]
    return Gpus(cards=cards, facts=facts, outputs=(ran.stdout, ran.stderr))


def _broken(ran: Ran, text: str) -> str:
    """Why its answer cannot be used: without a card it may exit with another code and still know."""
    if ran.exit and _NONE_FOUND not in text:
        return f"{PROGRAM} exited {ran.exit}{tail_of(ran)}"
    if ran.stdout.truncated:
        return f"{PROGRAM} wrote more than could be kept"
    return "" if text else f"{PROGRAM} said nothing"


def _card(line: str) -> Card:
    try:
        name, driver, memory = (part.strip() for part in line.rsplit(",", 2))
    except ValueError:
        raise Unlookable(f"{PROGRAM} answered {line[:80]!r}, which cannot be read") from None
    known = memory.isascii() and memory.isdigit()
    return Card(name=name, driver=driver, memory=int(memory) * _MEBIBYTE if known else None)
