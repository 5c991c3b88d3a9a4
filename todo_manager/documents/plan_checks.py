"""The checks under `verify` of a phase or part: vars put in, `for_each` expanded, each with an id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from todo_manager.canonical import Map, Scalar, Tree, encode, line_of
from todo_manager.checks.family import CHECKS, Family, M
from todo_manager.checks.parse import member
from todo_manager.documents.expansion import Filling, Loop, mentions
from todo_manager.documents.names import slug
from todo_manager.documents.section import Section
from todo_manager.documents.substitution import Names
from todo_manager.problems import Problems, did_you_mean

EXPANDED = "for_each"
"""In an expanded check its id stands under this key, so that it is part of the definition."""

_SEARCHED = frozenset(
    [
        "name",
        "contains",
        "matches",
        "lacks",
        "json",
        "yaml",
        "body",
        "stdout",
        "stderr",
        "expect",
        "send",
    ]
)
"""Parameters that hold texts as they are said or looked for: `<html>` is no placeholder there."""


def identify(trees: Iterable[Tree], letter: str = "v") -> list[str]:
    """The id of each check of one list: the slug of its name, else `v` and its position from 1.

    Lists of another family have another letter.

    What `for_each` made of one written check counts as one position: `v1`, `v2[a]`, `v2[b]`, `v3`.
    """
    found: list[str] = []
    position, before = 0, ""
    for tree in trees:
        expanded = tree.get(EXPANDED) if isinstance(tree, dict) else None
        base = str(expanded).rpartition("[")[0] if isinstance(expanded, str) else ""
        position += not base or base != before
        before = base
        found.append(str(expanded) if base else _named(tree) or f"{letter}{position}")
    return found


def numbered(
    verify: Sequence[Tree], parts: Iterable[Sequence[Tree]]
) -> list[tuple[str, Tree, str]]:
    """Every check of a phase with its id and its place in the phase; those of part N begin `N.`."""
    found = [
        (id_, tree, f"verify[{n}]") for n, (id_, tree) in enumerate(zip(identify(verify), verify))
    ]
    for number, part in enumerate(parts, start=1):
        found += [
            (f"{number}.{id_}", tree, f"parts[{number - 1}].verify[{n}]")
            for n, (id_, tree) in enumerate(zip(identify(part), part))
        ]
    return found


def _named(tree: Tree) -> str:
    name = tree.get("name") if isinstance(tree, dict) else None
    return slug(str(name)) if name else ""


class ChecksReader(Section):
    """Reads the list under `verify`; `names` are those the plan declares."""

    def __init__(self, tree: Map, path: str, problems: Problems, names: Names) -> None:
        super().__init__(tree, path, problems)
        self._names = names

    def checks(self) -> tuple[Tree, ...]:
        """Every check with vars replaced and loops expanded; what is wrong was reported."""
        return self.listed("verify", CHECKS, "v")

    def listed(self, key: str, family: Family[M], letter: str) -> tuple[Tree, ...]:
        """The same for the list under any key; ids of it begin with `letter`."""
        found: list[Tree] = []
        places: list[tuple[int, int]] = []
        for index, item in enumerate(self.items(key)):
            path = f"{self.at(key)}[{index}]"
            made = self._written(item, path, f"{letter}{index + 1}", family)
            found += made
            places += [(index, line_of(item))] * len(made)
        self._twins(identify(found, letter), places, key, family.noun)
        return tuple(found)

    def _twins(self, ids: list[str], places: list[tuple[int, int]], key: str, noun: str) -> None:
        """Report checks with the id of an earlier one, each written check once."""
        seen: dict[str, int] = {}
        told: set[int] = set()
        for id_, (index, line) in zip(ids, places):
            if id_ in seen and index not in told:
                told.add(index)
                first = seen[id_]
                whose = f"{noun} {first + 1} has" if first != index else "another item of it has"
                what = f"has the id {id_}, as {whose}; name it apart"
                self.problems.error(line, f"{self.at(key)}[{index}]", what)
            seen.setdefault(id_, index)

    def _written(self, item: Tree, path: str, plain: str, family: Family[M]) -> list[Tree]:
        """What one written check stands for; `plain` is its id when it has no name."""
        if not isinstance(item, Map) or EXPANDED not in item:
            return [self._check(item, path, family)]
        loop = Loop(item[EXPANDED], path, self._names, self.problems)
        rest = Map((key, value) for key, value in item.items() if key != EXPANDED)
        rest.line, rest.key_lines = item.line, item.key_lines
        if loop.wrong or self._in_shell_text(rest, path, loop, family):
            return []
        return self._expanded(rest, path, loop, _base(rest, loop, plain), family)

    def _expanded(
        self, rest: Map, path: str, loop: Loop, base: str, family: Family[M]
    ) -> list[Tree]:
        found: list[Tree] = []
        cost = len(encode(rest))
        for label, items in loop.rounds():
            filling = Filling(items)
            tree = filling.tree(rest)
            before = len(self.problems.errors)
            if filling.problem:
                self.problems.error(rest.line, path, filling.problem)
            elif not filling.used:
                names = " and ".join(f"${{{name}}}" for name in loop.names())
                what = f"is repeated by for_each without using {names}: all would be the same {family.noun}"
                self.problems.error(rest.line, path, what)
            elif self._names.fits(cost, rest.line, path):
                tree[EXPANDED] = Scalar(f"{base}[{label}]", line=rest.line)
                found.append(self._check(tree, path, family))
            if len(self.problems.errors) > before:
                break  # the others have the same mistake
        return found

    def _in_shell_text(self, item: Map, path: str, loop: Loop, family: Family[M]) -> bool:
        """Report a loop name in shell text, where nothing is ever replaced."""
        for key in family.shell_keys(item):
            if name := mentions(str(item[key]), loop.names()):
                what = (
                    f"nothing is replaced in shell text; hand it over: env: {{ITEM: "
                    f'"${{{name}}}"}}, and write $ITEM in the text'
                )
                self.problems.error(line_of(item[key]), f"{path}.{key}", what)
                return True
        return False

    def _check(self, item: Tree, path: str, family: Family[M]) -> Tree:
        if isinstance(item, Map):
            item = self._replaced(item, path, family)

        def report(line: int, below: str, message: str) -> None:
            self.problems.error(line, path + below, message)

        self._known_host(item, path, family)
        names = self._names
        check = member(item, report, family, inputs=names.inputs, secrets=names.secrets)
        for warning in check.lint() if check else ():
            self.problems.warn(line_of(item), path, warning)
        return item

    def _known_host(self, item: Tree, path: str, family: Family[M]) -> None:
        """Report a host that the plan does not declare, where the kind looks from hosts at all."""
        kind = family.kind_of(item) if isinstance(item, dict) else None
        if kind is None:
            return
        class_ = family.load(kind)
        key = kind if getattr(class_, "names_host", False) else "host"
        looks = key == kind or "host" in family.fields_of(class_)
        host = item.get(key) if looks else None
        known = ("local", *self._names.hosts)
        if isinstance(host, Scalar) and host not in known:
            what = (
                f"there is no host {str(host)!r}{did_you_mean(host, known)}; declare it under hosts"
            )
            self.problems.error(line_of(host), f"{path}.{key}", what)

    def _replaced(self, item: Map, path: str, family: Family[M]) -> Map:
        """Vars replaced everywhere but in shell text, which gets names as environment variables."""
        shell = family.shell_keys(item)
        found = Map()
        found.line, found.key_lines = item.line, item.key_lines
        for key, value in item.items():
            if key in shell:
                found[key] = value
            else:
                searched = key in _SEARCHED
                found[key] = self._names.replace(value, f"{path}.{key}", searched=searched)
        return found


def _base(item: Map, loop: Loop, plain: str) -> str:
    """What the ids of an expanded check begin with: its name without what differs, else `plain`."""
    name = str(item.get("name", ""))
    for each in loop.names():
        for opening in (f"${{{each}}}", f"${{{each}."):
            while opening in name:
                before, _, after = name.partition(opening)
                name = f"{before} {after if opening.endswith('}') else after.partition('}')[2]}"
    return slug(name) or plain
