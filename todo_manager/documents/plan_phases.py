"""The phases of a `plan@1` document: identity, order, and what has to be so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from todo_manager.actions.family import ACTIONS
from todo_manager.canonical import Map, Scalar, Tree, line_of
from todo_manager.checks.family import CHECKS
from todo_manager.checks.parse import kind_of
from todo_manager.documents.names import is_plain_id, slug
from todo_manager.documents.plan_checks import ChecksReader
from todo_manager.documents.substitution import few
from todo_manager.model import PartDoc, PhaseDoc
from todo_manager.problems import did_you_mean

_PHASE_KEYS = ("key", "title", "explain", "note", "text", "tags", "needs", "preflight", "steps",
               "verify", "parts", "undo")  # fmt: skip
_PART_KEYS = ("title", "explain", "note", "steps", "verify")


class StepsReader(ChecksReader):
    """Reads the lists of what is executed, and of what is demanded before."""

    def steps(self, key: str = "steps") -> tuple[Tree, ...]:
        """The steps under `steps` or `undo`; what is wrong was reported."""
        if self.tree.get(key) == []:
            self.error(key, "holds no step; write one, or leave the key out")
        return self.listed(key, ACTIONS, key[0])

    def preflight(self) -> tuple[Tree, ...]:
        """The checks under `preflight`."""
        if self.tree.get("preflight") == []:
            self.error("preflight", "holds no check; write one, or leave the key out")
        found = self.listed("preflight", CHECKS, "p")
        for line in dict.fromkeys(
            line_of(each["valid_for"]) for each in found if "valid_for" in each
        ):
            what = "valid_for: preflight is asked each time, so nothing of it runs out"
            self.problems.error(line, self.at("preflight"), what)
        if any(kind_of(tree) == "manual" for tree in found):
            self.error("preflight", "manual: a person approves under verify, not beforehand")
        return found


class PhaseReader(StepsReader):
    """Reads one phase; `names` are those the plan declares."""

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
            text=self.text("text") if "text" in self.tree else self.text("explain"),
            tags=self.tags(),
            needs=self._needs(before, keys),
            verify=self.checks(),
            parts=self._parts(),
            steps=self.steps(),
            undo=self.steps("undo"),
            preflight=self.preflight(),
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

    def _parts(self) -> tuple[PartDoc, ...]:
        found = []
        for index, item in enumerate(self.items("parts")):
            path = f"{self.at('parts')}[{index}]"
            if isinstance(item, Map):
                found.append(_PartReader(item, path, self.problems, self._names).part())
            else:
                self.problems.error(
                    line_of(item), path, "a part is a mapping with a title and verify"
                )
        if self.tree.get("parts") == []:
            self.error("parts", "holds no part; write one, or leave the key out")
        return tuple(found)


class _PartReader(StepsReader):
    """Reads one part of a phase."""

    def part(self) -> PartDoc:
        self.allow(_PART_KEYS, ("title", "verify"))
        if self.tree.get("verify") == []:
            self.error("verify", "a part without a check says nothing; write one")
        return PartDoc(
            title=self.text("title", filled=True),
            explain=self.text("explain"),
            note=self.text("note"),
            verify=self.checks(),
            steps=self.steps(),
        )


def circle(phases: Iterable[PhaseDoc]) -> tuple[str, ...]:
    """The keys of phases that need each other in a circle, in that order; empty when none do."""
    return circle_of({phase.key: phase.needs for phase in phases})


def circle_of(needs: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The same for anything that needs others by name."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        # Each of these is needed by the next one, and the last is the first again.
        found = tuple(reversed(error.args[1][1:]))
        first = min(map(list(needs).index, found))
        start = found.index(list(needs)[first])
        return found[start:] + found[:start]
    return ()
