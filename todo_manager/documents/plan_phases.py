"""The phases of a `plan@1` document: identity, order, and what has to be so."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from graphlib import CycleError, TopologicalSorter

from todo_manager.canonical import Map, Scalar, Tree, line_of
from todo_manager.checks import load as load_kind
from todo_manager.checks.parse import kind_of, parse
from todo_manager.documents.names import is_plain_id, slug
from todo_manager.documents.section import Section
from todo_manager.documents.substitution import Names, few
from todo_manager.model import PhaseDoc
from todo_manager.problems import Problems, did_you_mean

_PHASE_KEYS = ("key", "title", "explain", "note", "needs", "verify")
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


class PhaseReader(Section):
    """Reads one phase; `names` are those the plan declares."""

    def __init__(self, tree: Map, path: str, problems: Problems, names: Names) -> None:
        super().__init__(tree, path, problems)
        self._names = names

    def key(self) -> str:
        """The phase's identity: its own key, else the slug of its title."""
        written = self.text("key", filled=True)
        if written and not is_plain_id(written):
            self.error(
                "key", f"{written!r} is not a key: a-z 0-9 . _ - only, beginning with a-z or 0-9"
            )
        found = written or slug(self.text("title", filled=True))
        if not found and "key" not in self.tree and "title" in self.tree:
            self.error("title", "its letters make no key: write one, like `key: build`")
        return found

    def phase(self, key: str, before: list[str], keys: Collection[str]) -> PhaseDoc:
        """The phase; `before` is the key of the one before it, if any, `keys` are all there are."""
        self.allow(_PHASE_KEYS, ("title",))
        return PhaseDoc(
            key=key,
            title=self.text("title", filled=True),
            explain=self.text("explain"),
            note=self.text("note"),
            text=self.text("explain"),
            needs=self._needs(before, keys),
            verify=self._verify(),
        )

    def _needs(self, before: list[str], keys: Collection[str]) -> tuple[str, ...]:
        if "needs" not in self.tree:
            return tuple(before)
        wanted = []
        for index, item in enumerate(self.items("needs")):
            if isinstance(item, Scalar) and item in keys:
                wanted.append(str(item))
                continue
            name = str(item) if isinstance(item, Scalar) else "a list or mapping"
            self.problems.error(
                line_of(item),
                f"{self.at('needs')}[{index}]",
                f"there is no phase with the key {name!r}{did_you_mean(name, few(keys))}",
            )
        return tuple(dict.fromkeys(wanted))

    def _verify(self) -> tuple[Tree, ...]:
        found: list[Tree] = []
        ids: dict[str, int] = {}
        for position, item in enumerate(self.items("verify"), start=1):
            path = f"{self.path}.verify[{position - 1}]"
            found.append(self._check(item, path))
            id_ = check_id(found[-1], position)
            if id_ in ids:
                self.problems.error(
                    line_of(item), path, f"has the id {id_}, as check {ids[id_]} has; name it apart"
                )
            ids.setdefault(id_, position)
        return tuple(found)

    def _check(self, item: Tree, path: str) -> Tree:
        if isinstance(item, Map):
            item = self._replaced(item, path)

        def report(line: int, below: str, message: str) -> None:
            self.problems.error(line, path + below, message)

        check = parse(item, report, inputs=self._names.inputs, secrets=self._names.secrets)
        for warning in check.lint() if check else ():
            self.problems.warn(line_of(item), path, warning)
        return item

    def _replaced(self, item: Map, path: str) -> Map:
        """Vars replaced everywhere but in shell text, which gets names as environment variables."""
        kind = kind_of(item)
        shell = load_kind(kind).shell_fields if kind else frozenset()
        found = Map()
        found.line, found.key_lines = item.line, item.key_lines
        for key, value in item.items():
            name = "subject" if key == kind else key
            if name in shell and isinstance(value, Scalar):
                found[key] = value
            else:
                searched = key in _SEARCHED
                found[key] = self._names.replace(value, f"{path}.{key}", searched=searched)
        return found


def check_id(tree: Tree, position: int) -> str:
    """A check's id: the slug of its name, else `v` and its position counted from 1."""
    name = tree.get("name") if isinstance(tree, dict) else None
    return (slug(str(name)) if name else "") or f"v{position}"


def circle(phases: Iterable[PhaseDoc]) -> tuple[str, ...]:
    """The keys of phases that need each other in a circle, in that order; empty when none do."""
    needs = {phase.key: phase.needs for phase in phases}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        # Each of these is needed by the next one, and the last is the first again.
        found = tuple(reversed(error.args[1][1:]))
        first = min(map(list(needs).index, found))
        start = found.index(list(needs)[first])
        return found[start:] + found[:start]
    return ()
