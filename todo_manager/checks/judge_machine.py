"""What is said of a machine: each question on its own, so that one without an answer hides no other."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from todo_manager.checks import this_machine
from todo_manager.checks.base import Unresolvable, World
from todo_manager.checks.expect import Judgement
from todo_manager.checks.gpus import Card, ask
from todo_manager.checks.ground import Ground, Unlookable, shown
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.machine_wants import LOCAL, Gpu, Os
from todo_manager.checks.versions import Requirement
from todo_manager.checks.wording import in_words
from todo_manager.model import Output


class Seen:
    """What was found out so far."""

    def __init__(self) -> None:
        self.judgements: list[Judgement] = []
        self.facts: dict[str, Any] = {}
        self.outputs: list[Output] = []

    def look(self, expected: str, judge: Judge) -> None:
        """Ask one question; that it cannot be answered is an error of this question."""
        try:
            self.judgements += judge(self)
        except (Unlookable, Unresolvable) as problem:
            self.judgements.append(unclear(expected, str(problem)))
        except (OSError, ValueError) as problem:
            reason = getattr(problem, "strerror", None) or str(problem)
            place = getattr(problem, "filename", None)
            where = f": {shown(str(place))}" if place else ""
            self.judgements.append(unclear(expected, f"could not look: {reason}{where}"))


Judge = Callable[[Seen], list[Judgement]]


def judge_identity(seen: Seen, name: str, wanted: str) -> None:
    """Name and id are facts, and judged where the plan states them."""
    seen.facts["host"] = socket.gethostname()
    if name != LOCAL:
        so = seen.facts["host"] == name
        seen.judgements.append(judged(so, f"this is {name}", f"it is {seen.facts['host']}"))
    expected = f"the machine id is {wanted}"
    known = Seen()
    known.look(expected, _identified)
    seen.facts |= known.facts
    if wanted and known.facts:
        found = known.facts["machine_id"]
        seen.judgements.append(judged(found == wanted, expected, f"it is {found}"))
    elif wanted:
        seen.judgements += known.judgements


def _identified(seen: Seen) -> list[Judgement]:
    seen.facts["machine_id"] = this_machine.machine_id()
    return []


def judge_system(wanted: Os, seen: Seen) -> list[Judgement]:
    found = this_machine.system()
    named = f"{found.id} {found.version}".strip()
    seen.facts["os"] = named
    expected = f"the system is {wanted.id}" + (f" {wanted.version}" if wanted.version else "")
    if found.id != wanted.id or not wanted.version:
        return [judged(found.id == wanted.id, expected, f"it is {named}")]
    if not found.version:
        return [unclear(expected, f"{found.id} names no version")]
    return [judged(wanted.version.allows(found.version), expected, f"it is {named}")]


def judge_cpus(wanted: int, seen: Seen) -> list[Judgement]:
    share = this_machine.cpus()
    seen.facts["cpus"] = {"host": float(share.host), "usable": float(share.usable)}
    actual = f"{share.usable:.3g} may be used, of {share.host}"
    return [judged(share.usable >= wanted, f"at least {wanted} CPUs", actual)]


def judge_memory(wanted: int, seen: Seen) -> list[Judgement]:
    share = this_machine.memory()
    seen.facts["memory"] = {"host": int(share.host), "usable": int(share.usable)}
    actual = f"{_bytes(share.usable)} may be used, of {_bytes(share.host)}"
    expected = f"at least {_bytes(wanted)} of memory"
    return [judged(share.usable >= wanted, expected, actual)]


def judge_disk(world: World, seconds: float, path: str, wanted: int, seen: Seen) -> list[Judgement]:
    """Room where a path lies; its mount is a fact, for one that is not mounted shows another disk's."""
    real = Ground(world.root, seconds).real(path)
    stats = os.statvfs(real)
    free = stats.f_bavail * stats.f_frsize
    disks = seen.facts.setdefault("disk_free", {})
    disks[path] = {"bytes": free, "mount": _mount(real)}
    actual = f"{path}: {_bytes(free)} free (on {_mount(real)})"
    return [judged(free >= wanted, f"at least {_bytes(wanted)} free at {path}", actual)]


def _mount(path: str) -> str:
    while not os.path.ismount(path):
        path = os.path.dirname(path)
    return path


def judge_cards(
    world: World, timeout: float, gpu: Gpu | None, driver: Requirement | None, seen: Seen
) -> list[Judgement]:
    asked = ask(world, timeout)
    seen.facts["gpu"] = dict(asked.facts)
    seen.outputs += asked.outputs
    found = [_judge_gpu(gpu, asked.cards)] if gpu else []
    return found + ([_judge_driver(driver, asked.cards)] if driver else [])


def _judge_gpu(wanted: Gpu, cards: tuple[Card, ...]) -> Judgement:
    expected = f"{wanted.count} × {wanted.name or 'any card'}"
    expected += f" with {_bytes(wanted.memory)}" if wanted.memory else ""
    named = [card for card in cards if wanted.name.lower() in card.name.lower()]
    if wanted.memory and any(card.memory is None for card in named):
        return unclear(expected, "a card does not say how much memory it has")
    fit = [card for card in named if (card.memory or 0) >= wanted.memory]
    there = ", ".join(f"{card.name} ({_bytes(card.memory or 0)})" for card in cards)
    return judged(len(fit) >= wanted.count, expected, there or "there is no card")


def _judge_driver(wanted: Requirement, cards: tuple[Card, ...]) -> Judgement:
    expected = f"driver {wanted}"
    versions = sorted({card.driver for card in cards})
    if not versions:
        return unclear(expected, "there is no card that could name its driver")
    so = all(wanted.allows(version) for version in versions)
    return judged(so, expected, f"it is {', '.join(versions)}")


def _bytes(number: int | Decimal) -> str:
    return in_words(Decimal(number), size=True)
