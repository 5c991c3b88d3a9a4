"""What is said of whole lists: nothing twice, the same keys, how many, no circle between them.

Everything is computed from the items themselves, and what is missing, extra or twice is named. What
cannot be read is an error, and so is a rule to which nothing at all applies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from todo_manager.canonical import Tree
from todo_manager.checks.arithmetic import Unreadable, resolve
from todo_manager.checks.expect import Expectation, Judgement
from todo_manager.checks.fields import Wrong
from todo_manager.checks.ground import shown
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.listing import Item
from todo_manager.checks.rules import EVERY, Acyclic
from todo_manager.checks.stock import Stock, Values, is_nothing, on_host
from todo_manager.checks.wording import cited


def judge_twice(name: str, items: Iterable[Item]) -> Judgement:
    """Each key stands once on each host."""
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in items:
        places[item.host, item.key].append(item.place)
    twice = [
        f"{key}{on_host(host)} ({', '.join(found)})"
        for (host, key), found in places.items()
        if len(found) > 1
    ]
    actual = f"{name}: twice {cited(twice)}" if twice else f"{name}: {len(places)} items"
    return judged(not twice, f"{name} lists nothing twice", actual)


def judge_equal(stock: Stock, group: tuple[str, ...]) -> Judgement:
    """The same keys stand in all sources of a group; the first one is the measure."""
    keys = {name: {item.key for item in stock.items([name])} for name in group}
    expected = f"{' = '.join(group)} (the same keys)"
    if not any(keys.values()):
        return unclear(expected, "all of them are empty: nothing was compared")
    differences = []
    for name in group[1:]:
        missing, extra = keys[group[0]] - keys[name], keys[name] - keys[group[0]]
        if missing:
            differences.append(f"missing in {name}: {cited(sorted(missing))}")
        if extra:
            differences.append(f"extra in {name}, not in {group[0]}: {cited(sorted(extra))}")
    return judged(not differences, expected, "; ".join(differences) or _sizes(keys))


def _sizes(keys: Mapping[str, set[str]]) -> str:
    return f"{len(next(iter(keys.values())))} each"


def judge_counts(stock: Stock, wanted: Mapping[str, Expectation]) -> list[Judgement]:
    """How many items each source lists."""
    found = []
    for name, listing in stock.listings.items():
        expected = wanted.get(name, wanted.get(EVERY))
        if expected:
            count = len(listing.items)
            so = expected.holds(count)
            found.append(judged(so, f"{name} lists {expected}", f"{name} lists {count}"))
    return found


def judge_acyclic(stock: Stock, rule: Acyclic) -> list[Judgement]:
    """No way along the field leads back, and each step leads to something that is listed."""
    expected = f"{rule.field} is acyclic"
    graph: dict[str, set[str]] = {item.key: set() for item in stock.items(rule.of)}
    for item, tree in Values(stock, rule, rule.field).found:
        try:
            graph[item.key] |= set(_targets(tree, stock.env))
        except (Unreadable, Wrong) as problem:
            return [unclear(expected, f"{item.place}: {item.key}.{rule.field}: {problem}")]
    steps = sum(map(len, graph.values()))
    if not steps:
        return [unclear(expected, f"no item names another in {rule.field}")]
    unknown = [
        f"{target} (of {key})"
        for key, targets in graph.items()
        for target in sorted(targets - graph.keys())
    ]
    known = judged(not unknown, f"{rule.field} names listed items", f"missing: {cited(unknown)}")
    circle = _circle(graph)
    seen = f"a circle: {' → '.join(map(shown, circle))}" if circle else f"{steps} steps"
    return [judged(not circle, expected, seen), known]


def _targets(tree: Tree, env: Mapping[str, str]) -> Iterator[str]:
    """The keys a field names: a list, the keys of a mapping, or one."""
    if is_nothing(tree):
        return
    for target in tree if isinstance(tree, (list, dict)) else [tree]:
        if not isinstance(target, str):
            raise Wrong("it is not a list of names")
        yield resolve(target, env)


def _circle(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []
