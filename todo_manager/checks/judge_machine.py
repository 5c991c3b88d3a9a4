"""What is said of a machine: each question on its own, so that one without an answer hides no other."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from todo_manager.checks.base import Unresolvable, World
from todo_manager.checks.expect import Judgement
from todo_manager.checks.gpus import Card, ask
from todo_manager.checks.ground import Ground, Unlookable, shown
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.machine_wants import Gpu, Os
from todo_manager.checks.versions import Requirement
from todo_manager.checks.wording import in_words
from todo_manager.engines.address import LOCAL
from todo_manager.hosts.figures import Figures
from todo_manager.model import Output

if TYPE_CHECKING:
    from todo_manager.hosts.elsewhere import Elsewhere
    from todo_manager.hosts.places import From, SomeFigures


class Seen:
    """A machine, and what was found out of it so far."""

    def __init__(self, figures: SomeFigures) -> None:
        self.figures = figures
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


def judge_here(seen: Seen, wanted: str) -> None:
    """Name and id of this machine are facts; the id is judged where the plan states one."""
    seen.facts["host"] = seen.figures.name()
    if wanted:
        seen.look(_identity(wanted), lambda seen: [_judge_id(seen, wanted)])
    else:
        try:
            seen.facts["machine_id"] = seen.figures.id()
        except OSError:
            pass  # of a machine that nobody mistook nobody has to know it


def judge_there(seen: Seen, elsewhere: Elsewhere, host: str, wanted: str) -> None:
    """The same of a host, of which it must be known that it is the one that is meant.

    May raise Unreachable.
    """
    seen.facts |= {"from": host, "host": seen.figures.name()}
    if wanted:
        seen.look(_identity(wanted), lambda seen: [_judge_id(seen, wanted)])
        if known := seen.facts.get("machine_id"):
            elsewhere.first_host(known, host)
    else:
        expected = f"{host} is a machine of its own"
        seen.look(expected, lambda seen: [_judge_own(seen, elsewhere, host, expected)])


def _identity(wanted: str) -> str:
    return f"the machine id is {wanted}"


def _judge_id(seen: Seen, wanted: str) -> Judgement:
    found = seen.facts["machine_id"] = seen.figures.id()
    return judged(found == wanted, _identity(wanted), f"it is {found}")


def _judge_own(seen: Seen, elsewhere: Elsewhere, host: str, expected: str) -> Judgement:
    """Against this machine, and against the other hosts of the run: by its id."""
    found = seen.facts["machine_id"] = seen.figures.id()
    try:
        ours = Figures().id()
    except OSError:
        ours = ""  # one without an id is not the one that has it
    other = LOCAL if found == ours else elsewhere.first_host(found, host)
    said = f"its machine id {found} is that of {other}"
    return judged(other == host, expected, said if other != host else f"its id is {found}")


def judge_system(wanted: Os, seen: Seen) -> list[Judgement]:
    found = seen.figures.system()
    named = f"{found.id} {found.version}".strip()
    seen.facts["os"] = named
    expected = f"the system is {wanted.id}" + (f" {wanted.version}" if wanted.version else "")
    if found.id != wanted.id or not wanted.version:
        return [judged(found.id == wanted.id, expected, f"it is {named}")]
    if not found.version:
        return [unclear(expected, f"{found.id} names no version")]
    return [judged(wanted.version.allows(found.version), expected, f"it is {named}")]


def judge_cpus(wanted: int, seen: Seen) -> list[Judgement]:
    share = seen.figures.cpus()
    seen.facts["cpus"] = share._asdict()
    actual = f"{share.usable:.3g} may be used, of {share.host:g}"
    return [judged(share.usable >= wanted, f"at least {wanted} CPUs", actual)]


def judge_memory(wanted: int, seen: Seen) -> list[Judgement]:
    share = seen.figures.memory()
    seen.facts["memory"] = share._asdict()
    actual = f"{_bytes(share.usable)} may be used, of {_bytes(share.host)}"
    expected = f"at least {_bytes(wanted)} of memory"
    return [judged(share.usable >= wanted, expected, actual)]


def judge_disk(
    root: Path | None, seconds: float, path: str, wanted: int, seen: Seen
) -> list[Judgement]:
    """Room where a path lies; its mount is a fact, for one that is not mounted shows another disk's.

    `root` is the project, from which relative paths are; None where it does not lie there.
    """
    room = seen.figures.room(Ground(root, seconds).real(path) if root else path)
    disks = seen.facts.setdefault("disk_free", {})
    disks[path] = {"bytes": room.free, "mount": room.mount}
    actual = f"{path}: {_bytes(room.free)} free (on {room.mount})"
    return [judged(room.free >= wanted, f"at least {_bytes(wanted)} free at {path}", actual)]


def judge_cards(
    world: World,
    place: From,
    timeout: float,
    gpu: Gpu | None,
    driver: Requirement | None,
    seen: Seen,
) -> list[Judgement]:
    asked = ask(world, place, timeout)
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


def _bytes(number: float) -> str:
    return in_words(Decimal(number), size=True)
