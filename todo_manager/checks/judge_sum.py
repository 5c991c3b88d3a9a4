"""What is said of amounts that are added up on each host, like the memory of its GPU."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal

from todo_manager.canonical import Tree
from todo_manager.checks.arithmetic import Unreadable, number
from todo_manager.checks.expect import Judgement
from todo_manager.checks.fields import Wrong
from todo_manager.checks.judge_file import judged, unclear
from todo_manager.checks.listing import Item
from todo_manager.checks.rules import EVERY, Amount, Sum, amount
from todo_manager.checks.stock import Stock, Values, dotted, on_host, text_of
from todo_manager.checks.wording import cited, in_words


def judge_sum(stock: Stock, rule: Sum) -> list[Judgement]:
    """The field added up on each host, for everything or for each set that runs together."""
    expected = f"the sum of {rule.field} is within its limit"
    values = Values(stock, rule, rule.field)
    if problem := values.problem():
        return [unclear(expected, problem)]
    amounts: list[tuple[Item, Decimal]] = []
    for item, tree in values.found:
        try:
            amounts.append((item, _bytes(tree, rule, stock.env)))
        except (Unreadable, Wrong) as problem_:
            return [unclear(expected, f"{item.place}: {dotted(item.key, rule.field)}: {problem_}")]
    hosts = dict.fromkeys(item.host for item, _ in amounts)
    unlimited = [host or "no host" for host in hosts if not _limit(rule, host)]
    unused = [host for host in rule.limit if host not in (EVERY, *hosts)]
    if unlimited or unused:
        told = [f"no limit for {cited(unlimited)}"] if unlimited else []
        told += [f"nothing is listed on {cited(unused)}"] if unused else []
        return [unclear(expected, "; ".join(told))]
    return [*_membership(rule, amounts, values.without), *_sums(rule, amounts)]


def _limit(rule: Sum, host: str) -> Amount | None:
    return rule.limit.get(host) or rule.limit.get(EVERY)


def _bytes(tree: Tree, rule: Sum, env: Mapping[str, str]) -> Decimal:
    """One value in the measure of the limit."""
    text = text_of(tree, env)
    whole = number(text)
    found = amount(text if whole is None else str(whole))
    if rule.unit and not found.is_size:
        found = amount(f"{text if whole is None else whole}{rule.unit}")
    if found.is_size != next(iter(rule.limit.values())).is_size:
        raise Wrong(f"{text!r} and its limit are of different measures; say `unit`, like MB")
    return found.number


def _membership(
    rule: Sum, amounts: list[tuple[Item, Decimal]], without: list[Item]
) -> Iterator[Judgement]:
    """Each member of a set is listed, and each item that counts for something is in a set."""
    if not rule.resident:
        return
    members = {key for keys in rule.resident.values() for key in keys}
    known = {item.key for item, _ in amounts} | {item.key for item in without}
    outside = sorted({item.key for item, value in amounts if value} - members)
    unknown = sorted(members - known)
    yield judged(not unknown, "resident names listed items", f"missing: {cited(unknown)}")
    yield judged(
        not outside,
        f"each item with {rule.field} is in a resident set",
        f"in none: {cited(outside)}",
    )


def _sums(rule: Sum, amounts: list[tuple[Item, Decimal]]) -> Iterator[Judgement]:
    for name, keys in (rule.resident or {"": ()}).items():
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for item, value in amounts:
            if not keys or item.key in keys:
                sums[item.host] += value
        for host, total in sums.items():
            limit = _limit(rule, host)
            assert limit is not None
            place = f"{rule.field}{on_host(host)}{f' for {name}' if name else ''}"
            seen = f"{place}: {in_words(total, size=limit.is_size)}"
            yield judged(total <= limit.number, f"{place} ≤ {limit}", seen)
