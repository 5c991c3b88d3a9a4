"""The check kind `inventory`: lists of things in files of the project agree with one another.

`sources.py` and `listing.py` find the items, `rules.py` reads what is demanded, the `judge_` modules
beside them compute it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from todo_manager.checks import fields, rules
from todo_manager.checks.base import Check, Outcome, World, conclude, unanswered
from todo_manager.checks.expect import Expectation, Judgement
from todo_manager.checks.fields import Convert
from todo_manager.checks.ground import Ground, Unlookable, shown
from todo_manager.checks.judge_file import unclear
from todo_manager.checks.judge_lists import judge_acyclic, judge_counts, judge_equal, judge_twice
from todo_manager.checks.judge_sum import judge_sum
from todo_manager.checks.judge_unique import judge_unique
from todo_manager.checks.listing import Listing, read
from todo_manager.checks.sources import Source, sources
from todo_manager.checks.stock import Stock
from todo_manager.checks.wording import cited


class Inventory(Check, frozen=True, kw_only=True):
    """Lists in YAML and JSON files of the project agree, and what they add up to is within bounds.

    The subject names the sources: `files` (paths or patterns), `at` (where in them the list or mapping
    stands, `*` for each one at that place), `key` (the field by which an item is known), and `host` or
    `host_field` (on which machine it is). A source that is not there or lists nothing is an error, and
    nothing may stand in it twice on one host.

        - inventory: {services: services.yaml}
          count: 77
          unique: {field: port}
        - inventory:
            compose: {files: docker-compose.yml, at: services}
            services: {files: "config/*.yaml", at: groups.*, host_field: machine}
            ports: {files: ports.json, at: table, key: service}
          equal_sets: [compose, services, ports]
          count: 77
          unique: {of: services, field: [port, health_port]}
          acyclic: {of: compose, field: depends_on}
          sum_by:
            of: services
            field: resources.gpu_memory
            unit: MB
            limit: {main: 24GB, second: 12GB}
            resident: {day: [llama, whisper], night: [llama, trainer]}
          missing_ok: [services.resources.gpu_memory]
          env: {PORT_OFFSET: 0}

    Values like `${PORT_OFFSET}+7140` are read as the number they stand for; a variable that `env` does
    not state, and that has no `:-` default, is an error. Files are read as strictly as plans are.
    """

    kind = "inventory"

    subject: Annotated[dict[str, Source], Convert(sources)] = {}
    """The sources by name; a path alone is one whose whole file is the list."""
    key: Annotated[str, Convert(fields.text)] = "name"
    """The field by which the mappings of a list are known; those of a mapping by their key there."""
    equal_sets: Annotated[tuple[tuple[str, ...], ...], Convert(rules.equal_sets, expects=True)] = ()
    """Sources that list the same keys; a list of such lists where there are several groups."""
    count: Annotated[dict[str, Expectation], Convert(rules.counts, expects=True)] = {}
    """How many items each source lists: a number, `{ge: 70}`, or one of these by source."""
    unique: Annotated[tuple[rules.Unique, ...], Convert(rules.unique, expects=True)] = ()
    """`{field, of, as}`: all values of the field or fields differ, per host. `as: port` reads what
    Compose publishes, `as: text` leaves numbers as they are written."""
    acyclic: Annotated[tuple[rules.Acyclic, ...], Convert(rules.acyclic, expects=True)] = ()
    """`{field, of}`: the items a field names are listed, and following it never leads back."""
    sum_by: Annotated[tuple[rules.Sum, ...], Convert(rules.sum_by, expects=True)] = ()
    """`{field, of, limit, unit, resident}`: the sum per host is at most the limit (one, or one by
    host); `unit` is what bare numbers count; `resident` are the sets of keys that run together."""
    missing_ok: Annotated[tuple[str, ...], Convert(rules.names, expects=True)] = ()
    """Sources that may be missing or empty, and fields, as `source.field`, that items may lack."""
    env: Annotated[dict[str, str], Convert(fields.variables, expects=True)] = {}
    """What variables in the files stand for."""

    def label(self) -> str:
        return " ".join(self.subject)

    def problems(self) -> list[str]:
        return [
            *self._unknown_names(),
            *(p for rule in self.sum_by for p in rules.problems_of(rule)),
        ]

    def _unknown_names(self) -> Iterator[str]:
        """Sources that a parameter names and that are none."""
        named = [("equal_sets", name) for group in self.equal_sets for name in group]
        named += [("count", name) for name in self.count if name != rules.EVERY]
        for what in ("unique", "acyclic", "sum_by"):
            named += [(what, name) for rule in getattr(self, what) for name in rule.of]
        named += [("missing_ok", name.split(".", 1)[0]) for name in self.missing_ok]
        for what, name in named:
            if name not in self.subject:
                yield f"{what} names {name}, which is no source; these are {', '.join(self.subject)}"

    def lint(self) -> list[str]:
        if self.equal_sets or self.count or self.unique or self.acyclic or self.sum_by:
            return []
        return ["it only asserts that the sources are there and list nothing twice"]

    def attempt(self, world: World, timeout: float) -> Outcome:
        try:
            ground = Ground(world.root, timeout)
        except Unlookable as problem:
            return unanswered("the sources can be read", str(problem))
        listings: dict[str, Listing] = {}
        unread: list[Judgement] = []
        for name, source in self.subject.items():
            try:
                listings[name] = read(ground, name, source, self.key, self.env)
            except Unlookable as problem:
                unread.append(unclear(f"{name} can be read", str(problem)))
            except OSError as problem:
                place = shown(str(problem.filename or name))
                unread.append(unclear(f"{name} can be read", f"{problem.strerror}: {place}"))
        stock = Stock(listings, self.env, self.missing_ok)
        unread += self._missing(stock)
        return conclude(unread or self._judge(stock), facts=_facts(listings))

    def _missing(self, stock: Stock) -> Iterator[Judgement]:
        """Sources with nothing in them; that every one is empty is excused by nothing."""
        for name, listing in stock.listings.items():
            if listing.missing and name not in self.missing_ok:
                yield unclear(f"{name} lists something", cited(listing.missing))
        if stock.listings and not any(stock.items(())):
            yield unclear("the sources list something", "none of them lists anything")

    def _judge(self, stock: Stock) -> list[Judgement]:
        found = [judge_twice(name, listing.items) for name, listing in stock.listings.items()]
        found += [judge_equal(stock, group) for group in self.equal_sets]
        found += judge_counts(stock, self.count)
        found += [judge_unique(stock, rule) for rule in self.unique]
        found += [judgement for rule in self.acyclic for judgement in judge_acyclic(stock, rule)]
        return found + [judgement for rule in self.sum_by for judgement in judge_sum(stock, rule)]


def _facts(listings: dict[str, Listing]) -> dict[str, Any]:
    return {
        name: {"items": len(listing.items), "files": dict(listing.files)}
        for name, listing in listings.items()
    }
