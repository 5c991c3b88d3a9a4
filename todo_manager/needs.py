"""What needs what among the phases of a plan, as indexes; standard library only.

Plans come here as `show` has them: phases with `key` and `needs` (keys).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Needs = Sequence[Sequence[int]]
"""For each phase, the phases it needs directly."""


class Place(NamedTuple):
    """Where a phase stands in the tree of a plan."""

    phase: int
    under: int | None
    """The phase it stands under: of those it needs, the one that is told last."""
    trail: tuple[bool, ...]
    """For each branch it is in, from the outermost: whether that is the last one of its kind."""
    first: bool
    """Whether its branch begins with it; others follow what they need on the same branch."""


def of(phases: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """The needs of each phase as indexes; a key that no phase has is left out."""
    places = {phase["key"]: n for n, phase in enumerate(phases)}
    return [[places[key] for key in phase["needs"] if key in places] for phase in phases]


def needed_by(needs: Needs) -> list[list[int]]:
    """For each phase, the phases that need it directly."""
    found: list[list[int]] = [[] for _ in needs]
    for index, below in enumerate(needs):
        for need in below:
            found[need].append(index)
    return found


def tree(needs: Needs) -> list[Place]:
    """Every phase once, after everything it needs.

    What only one phase waits for follows it on the same branch, so a plan in which each phase needs the
    one before is a straight list. Without recursion: a plan may have more phases than Python has stack.
    """
    waiting, users = [len(set(below)) for below in needs], needed_by(needs)
    found: list[Place] = []
    stack = _branches([n for n, count in enumerate(waiting) if not count], None, (), True)
    while stack:
        place = stack.pop()
        found.append(place)
        ready = []
        for user in dict.fromkeys(users[place.phase]):
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
        stack += _branches(ready, place.phase, place.trail, False)
    told = {place.phase for place in found}
    # Needs that form a circle, which only edited rows can hold, must not hide a phase.
    return found + [Place(n, None, (), True) for n in range(len(needs)) if n not in told]


def _branches(
    indexes: list[int], under: int | None, trail: tuple[bool, ...], first: bool
) -> list[Place]:
    """The places of phases that may begin at the same moment, the last one first."""
    if len(indexes) == 1:
        return [Place(indexes[0], under, trail, first)]
    last = indexes[-1] if indexes else -1
    return [Place(n, under, (*trail, n == last), True) for n in reversed(indexes)]


def reduced(needs: Needs) -> list[list[int]]:
    """The needs that do not follow from others: what a picture has to draw.

    When 2 needs 1 and 1 needs 0, that 2 needs 0 as well says nothing.
    """
    above: dict[int, int] = {}
    found: list[list[int]] = [[] for _ in needs]
    for place in tree(needs):
        below = dict.fromkeys(needs[place.phase])
        implied = 0
        for need in below:
            implied |= above.get(need, 0)
        found[place.phase] = [need for need in below if not implied >> need & 1]
        above[place.phase] = implied | sum(1 << need for need in below)
    return found
