"""Where the phases of a plan stand in a picture of their needs: what is needed stands above.

Layers as Coffman and Graham have them (each phase below all it needs, no layer wider than a bound),
then the order within a layer by the middle of the neighbours, as Sugiyama has it. Needs that pass a
layer get a place in it, so that their lines go around the boxes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from todo_manager.needs import Needs, reduced, tree

WIDEST = 3
"""Phases beside each other."""
_MOST_BENDS = 3000
"""Places for passing lines; in a plan that needs more, long lines run straight."""
_SWEEPS = 4
_PHASE, _BEND = 1.0, 0.25
"""Columns that a phase and a passing line take."""


class Line(NamedTuple):
    """One need as a line: from the phase that is needed to the one that needs it."""

    points: tuple[tuple[float, int], ...]
    """Middle and layer of every place it goes through."""


class Layout(NamedTuple):
    """Places: their middle, in box widths from the left edge, and their layer from the top."""

    places: list[tuple[float, int]]
    lines: list[Line]
    columns: float
    layers: int


def layout(needs: Needs) -> Layout:
    """The places of all phases and the lines between them."""
    drawn = reduced(needs)
    layer = _layers(drawn)
    rows, chains = _rows(drawn, layer)
    neighbours = _neighbours(chains)
    for sweep in range(_SWEEPS):
        _sort(rows, neighbours, down=sweep % 2 == 0)
    column = _columns(rows, neighbours, len(needs))
    half = {node: (_PHASE if node < len(needs) else _BEND) / 2 for node in column}
    low = min((column[node] - half[node] for node in column), default=0.0)
    column = {node: value - low for node, value in column.items()}
    at = {node: n for n, row in enumerate(rows) for node in row}
    return Layout(
        places=[(column[n], layer[n]) for n in range(len(needs))],
        lines=[Line(tuple((column[n], at[n]) for n in chain)) for chain in chains],
        columns=max((column[node] + half[node] for node in column), default=0.0),
        layers=len(rows),
    )


def _layers(needs: Needs) -> list[int]:
    layer, taken = [0] * len(needs), [0] * (len(needs) + 1)
    for place in tree(needs):
        found = max((layer[need] + 1 for need in needs[place.phase]), default=0)
        while taken[found] >= WIDEST:
            found += 1
        layer[place.phase] = found
        taken[found] += 1
    return layer


def _rows(needs: Needs, layer: list[int]) -> tuple[list[list[int]], list[list[int]]]:
    """The nodes of each layer, bends after the phases, and each need as a chain of nodes."""
    rows: list[list[int]] = [[] for _ in range(max(layer, default=-1) + 1)]
    for index, each in enumerate(layer):
        rows[each].append(index)
    pairs = [(need, index) for index, below in enumerate(needs) for need in below]
    bends = sum(max(0, layer[index] - layer[need] - 1) for need, index in pairs)
    following = len(needs)
    chains = []
    for need, index in pairs:
        chain = [need]
        for each in range(layer[need] + 1, layer[index] if bends <= _MOST_BENDS else 0):
            rows[each].append(following)
            chain.append(following)
            following += 1
        chains.append([*chain, index])
    return rows, chains


def _neighbours(chains: list[list[int]]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for chain in chains:
        for upper, lower in pairwise(chain):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    return above, below


def _sort(
    rows: list[list[int]],
    neighbours: tuple[dict[int, list[int]], dict[int, list[int]]],
    *,
    down: bool,
) -> None:
    beside = neighbours[0] if down else neighbours[1]
    rank = {node: n / len(row) for row in rows for n, node in enumerate(row)}
    for row in rows if down else reversed(rows):
        middle = {}
        for node in row:
            found = [rank[other] for other in beside.get(node, ())]
            middle[node] = sum(found) / len(found) if found else rank[node]
        row.sort(key=lambda node: (middle[node], rank[node]))
        rank |= {node: n / len(row) for n, node in enumerate(row)}


def _columns(
    rows: list[list[int]],
    neighbours: tuple[dict[int, list[int]], dict[int, list[int]]],
    phases: int,
) -> dict[int, float]:
    """A column for each node: near the middle of what it is tied to, in order, without overlap.

    No layer reaches further than the one with the most in it: the drawing stays narrow.
    """
    widths = [[_PHASE if node < phases else _BEND for node in row] for row in rows]
    room = max(map(sum, widths), default=0.0)
    column: dict[int, float] = {}
    for row, each in zip(rows, widths):
        start = (room - sum(each)) / 2
        for node, width in zip(row, each):
            column[node], start = start + width / 2, start + width
    for beside in (neighbours[0], neighbours[1], neighbours[0]):
        for row, each in zip(rows, widths):
            wanted = []
            for node in row:
                found = [column[other] for other in beside.get(node, ())]
                wanted.append(sum(found) / len(found) if found else column[node])
            right = _placed(wanted, each, room)
            mirrored = _placed([room - x for x in reversed(wanted)], each[::-1], room)
            for node, x, y in zip(row, right, reversed(mirrored)):
                column[node] = (x + room - y) / 2
    return column


def _placed(wanted: list[float], widths: list[float], room: float) -> list[float]:
    """Places within `room` for boxes in this order, from the left, each where it wants if it can."""
    reach, rest = 0.0, sum(widths)
    found = []
    for want, width in zip(wanted, widths):
        found.append(min(max(want, reach + width / 2), room - rest + width / 2))
        reach, rest = found[-1] + width / 2, rest - width
    return found
