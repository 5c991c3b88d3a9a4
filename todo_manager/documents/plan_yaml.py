"""The plan format `todo_manager/plan@1`: strict, all problems at once, each with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from todo_manager.canonical import Map, Scalar, Tree, line_of
from todo_manager.checks.fields import Wrong, scalar
from todo_manager.documents import loader, plan_hosts, plan_services
from todo_manager.documents.names import LONGEST_ID, is_plain_id
from todo_manager.documents.plan_phases import PhaseReader, StepsReader, circle
from todo_manager.documents.section import Section
from todo_manager.documents.substitution import NAME, Names, steers
from todo_manager.model import PhaseDoc, PlanDoc
from todo_manager.problems import Problems

FORMAT = "plan@1"
SCHEMA = "todo_manager/plan@1"

_PLAN_KEYS = (
    "schema",
    "id",
    "title",
    "description",
    "source",
    "tags",
    "inputs",
    "secrets",
    "vars",
    "hosts",
    "services",
    "preflight",
    "phases",
)


def recognises(name: str, text: str) -> bool:
    """Whether the document is meant to be a plan in YAML: by its name, or by naming the schema."""
    return (
        name.endswith((".yaml", ".yml")) or re.search(r"^schema:", text, re.MULTILINE) is not None
    )


def read(text: str, problems: Problems) -> tuple[PlanDoc, ...]:
    """The one plan of a YAML document, or nothing after its problems were reported."""
    tree = loader.require_mapping(loader.load(text, problems), problems, "a plan")
    if tree is None:
        return ()
    plan = _PlanReader(tree, problems).plan()
    return () if problems.errors else (plan,)


class _PlanReader(Section):
    def __init__(self, tree: Map, problems: Problems) -> None:
        super().__init__(tree, "", problems)

    def plan(self) -> PlanDoc:
        self.allow(_PLAN_KEYS, ("schema", "id", "title", "phases"))
        if self.text("schema", filled=True) not in ("", SCHEMA):
            self.error("schema", f"this version reads {SCHEMA}")
        names = self._names()
        if "hosts" in self.tree:
            names.hosts = plan_hosts.read(self.tree["hosts"], names, self.problems)
        return PlanDoc(
            id=self._id(),
            title=self.text("title", filled=True),
            description=self.text("description"),
            source=self.text("source"),
            tags=self.tags(),
            format=FORMAT,
            inputs=names.inputs,
            secrets=names.secrets,
            vars=names.scalars(),
            hosts=dict(names.hosts),
            services=plan_services.read(self.tree["services"], names, self.problems)
            if "services" in self.tree
            else {},
            preflight=StepsReader(self.tree, "", self.problems, names).preflight(),
            phases=self._phases(names),
        )

    def _id(self) -> str:
        found = self.text("id", filled=True)
        if len(found) > LONGEST_ID:
            self.error(
                "id", f"has {len(found)} letters; an id names a folder: {LONGEST_ID} at most"
            )
        elif found and not is_plain_id(found):
            self.error(
                "id", f"{found!r} is not an id: a-z 0-9 . _ - only, beginning with a-z or 0-9"
            )
        return found

    def _names(self) -> Names:
        seen: dict[str, str] = {}
        inputs = self._declared("inputs", seen)
        secrets = self._declared("secrets", seen)
        return Names(inputs, secrets, self._vars(seen), self.problems)

    def _declared(self, key: str, seen: dict[str, str]) -> tuple[str, ...]:
        found = []
        for index, item in enumerate(self.items(key)):
            name = str(item) if isinstance(item, Scalar) else ""
            self._claim(name, line_of(item), f"{key}[{index}]", key, seen)
            found.append(name)
        return tuple(found)

    def _claim(self, name: str, line: int, path: str, key: str, seen: dict[str, str]) -> None:
        if problem := _name_problem(name, seen):
            self.problems.error(line, path, problem)
        seen[name] = key

    def _vars(self, seen: dict[str, str]) -> Map:
        found = self.tree.get("vars", Map())
        if not isinstance(found, Map):
            self.error("vars", "expected a mapping of names to values")
            return Map()
        for name, value in found.items():
            line = found.key_lines[name]
            self._claim(name, line, f"vars.{name}", "vars", seen)
            if isinstance(value, Scalar):
                try:
                    scalar(value)
                except Wrong as wrong:
                    self.problems.error(line, f"vars.{name}", str(wrong))
        return found

    def _phases(self, names: Names) -> tuple[PhaseDoc, ...]:
        items = self.items("phases")
        if self.tree.get("phases") == []:
            self.error("phases", "a plan has at least one phase")
        readers = [
            PhaseReader(item, f"phases[{index}]", self.problems, names)
            for index, item in enumerate(items)
            if isinstance(item, Map) or self._not_a_mapping(item, index)
        ]
        keys = [reader.key() for reader in readers]
        twins = self._twins(readers, keys)
        known = dict.fromkeys(keys)
        phases = tuple(
            reader.phase(key, keys[index - 1 : index], known)
            for index, (reader, key) in enumerate(zip(readers, keys))
        )
        if not twins and (found := circle(phases)):
            way = " needs ".join((*found, found[0]))
            readers[keys.index(found[0])].error("needs", f"goes round in a circle: {way}")
        return phases

    def _not_a_mapping(self, item: Tree, index: int) -> bool:
        self.problems.error(line_of(item), f"phases[{index}]", "a phase is a mapping with a title")
        return False

    def _twins(self, readers: list[PhaseReader], keys: list[str]) -> bool:
        """Report phases with the key of an earlier one; whether there are any."""
        seen: dict[str, int] = {}
        twins = False
        for index, key in enumerate(keys):
            first = seen.setdefault(key, index)
            if key and first != index:
                twins = True
                what = f"two phases have the key {key} (phases {first} and {index})"
                readers[index].error("key", what)
        return twins


def _name_problem(name: str, seen: Mapping[str, str]) -> str:
    if not NAME.fullmatch(name):
        return f"{name!r} is not a name: letters, digits and _ only, not beginning with a digit"
    if steers(name):
        return f"the name {name} steers how programs run and cannot be handed over; choose another"
    if name in seen:
        return f"the name {name} is declared twice (also under {seen[name]})"
    return ""
