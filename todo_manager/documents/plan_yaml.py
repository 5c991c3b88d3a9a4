"""The plan format `todo_manager/plan@1`: strict, all problems at once, each with its line."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from todo_manager.canonical import Map, Scalar, Tree, line_of
from todo_manager.checks import fields
from todo_manager.checks import load as load_kind
from todo_manager.checks.fields import Wrong
from todo_manager.checks.parse import kind_of, parse
from todo_manager.documents import loader
from todo_manager.documents.names import is_plain_id, slug
from todo_manager.documents.substitution import NAME, Names, steers
from todo_manager.model import PhaseDoc, PlanDoc
from todo_manager.problems import Problems, did_you_mean

FORMAT = "plan@1"
SCHEMA = "todo_manager/plan@1"

_PLAN_KEYS = (
    "schema",
    "id",
    "title",
    "description",
    "source",
    "inputs",
    "secrets",
    "vars",
    "phases",
)
_PHASE_KEYS = ("key", "title", "explain", "note", "needs", "verify")
_LATER = frozenset(
    [
        "hosts",
        "services",
        "preflight",
        "tags",
        "steps",
        "undo",
        "parts",
        "for_each",
        "valid_for",
        "policy",
    ]
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


class _Section:
    """One mapping of the document: its keys are checked and its plain fields read the same way."""

    def __init__(self, tree: Map, path: str, problems: Problems) -> None:
        self.tree = tree
        self.path = path
        self.problems = problems

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def line(self, key: str) -> int:
        return self.tree.key_lines.get(key, self.tree.line)

    def error(self, key: str, message: str) -> None:
        self.problems.error(self.line(key), self.at(key), message)

    def allow(self, known: Collection[str], required: Collection[str]) -> None:
        for key in self.tree:
            if key in _LATER:
                self.error(key, "not in this version")
            elif key not in known:
                self.error(key, f"unknown key{did_you_mean(key, known)}")
        for key in required:
            if key not in self.tree:
                self.problems.error(self.tree.line, self.path, f"the key {key} is missing")

    def text(self, key: str) -> str:
        if key not in self.tree:
            return ""
        try:
            return fields.text(self.tree[key])
        except Wrong as wrong:
            self.error(key, str(wrong))
            return ""

    def items(self, key: str) -> list[Tree]:
        value = self.tree.get(key, [])
        if isinstance(value, list):
            return value
        self.error(key, "expected a list")
        return []


class _PlanReader(_Section):
    def __init__(self, tree: Map, problems: Problems) -> None:
        super().__init__(tree, "", problems)

    def plan(self) -> PlanDoc:
        self.allow(_PLAN_KEYS, ("schema", "id", "title", "phases"))
        if self.text("schema") not in ("", SCHEMA):
            self.error("schema", f"this version reads {SCHEMA}")
        names = self._names()
        return PlanDoc(
            id=self._id(),
            title=self.text("title"),
            description=self.text("description"),
            source=self.text("source"),
            format=FORMAT,
            inputs=names.inputs,
            secrets=names.secrets,
            vars=names.scalars(),
            phases=self._phases(names),
        )

    def _id(self) -> str:
        found = self.text("id")
        if found and not is_plain_id(found):
            self.error(
                "id", f"{found!r} is not an id: a-z 0-9 . _ - only, beginning with a-z or 0-9"
            )
        return found

    def _names(self) -> Names:
        seen: dict[str, str] = {}
        inputs = self._declared("inputs", self.items("inputs"), seen)
        secrets = self._declared("secrets", self.items("secrets"), seen)
        vars_ = self.tree.get("vars", Map())
        if not isinstance(vars_, Map):
            self.error("vars", "expected a mapping of names to values")
            vars_ = Map()
        self._declared("vars", [Scalar(name, line=line_of(vars_[name])) for name in vars_], seen)
        return Names(inputs, secrets, vars_, self.problems)

    def _declared(self, key: str, items: list[Tree], seen: dict[str, str]) -> tuple[str, ...]:
        found = []
        for item in items:
            name = str(item) if isinstance(item, Scalar) else ""
            if problem := _name_problem(name, seen):
                self.problems.error(line_of(item), key, problem)
            seen[name] = key
            found.append(name)
        return tuple(found)

    def _phases(self, names: Names) -> tuple[PhaseDoc, ...]:
        items = self.items("phases")
        if not items and "phases" in self.tree:
            self.error("phases", "a plan has at least one phase")
        readers = [
            _PhaseReader(item, f"phases[{index}]", self.problems, names)
            for index, item in enumerate(items)
            if isinstance(item, Map) or self._not_a_mapping(item, index)
        ]
        keys = [reader.key() for reader in readers]
        self._twins(readers, keys)
        phases = tuple(
            reader.phase(key, keys[index - 1 : index], keys)
            for index, (reader, key) in enumerate(zip(readers, keys))
        )
        self._cycles(phases)
        return phases

    def _not_a_mapping(self, item: Tree, index: int) -> bool:
        self.problems.error(line_of(item), f"phases[{index}]", "a phase is a mapping with a title")
        return False

    def _twins(self, readers: list[_PhaseReader], keys: list[str]) -> None:
        for index, key in enumerate(keys):
            if key and key in keys[:index]:
                readers[index].error(
                    "key", f"two phases have the key {key} (phases {keys.index(key)} and {index})"
                )

    def _cycles(self, phases: tuple[PhaseDoc, ...]) -> None:
        needs = {phase.key: phase.needs for phase in phases}
        while free := [key for key, wanted in needs.items() if not set(wanted) & set(needs)]:
            for key in free:
                del needs[key]
        if needs:
            self.error("phases", f"these phases need each other in a circle: {', '.join(needs)}")


def _name_problem(name: str, seen: Mapping[str, str]) -> str:
    if not NAME.fullmatch(name):
        return f"{name!r} is not a name: letters, digits and _ only, not beginning with a digit"
    if steers(name):
        return f"the name {name} steers how programs run and cannot be handed over; choose another"
    if name in seen:
        return f"the name {name} is declared twice (also under {seen[name]})"
    return ""


class _PhaseReader(_Section):
    def __init__(self, tree: Map, path: str, problems: Problems, names: Names) -> None:
        super().__init__(tree, path, problems)
        self._names = names

    def key(self) -> str:
        """The phase's identity: its own key, else the slug of its title."""
        written = self.text("key")
        if written and not is_plain_id(written):
            self.error("key", f"{written!r} is not a key: a-z 0-9 . _ - only")
        return written or slug(self.text("title"))

    def phase(self, key: str, before: list[str], keys: list[str]) -> PhaseDoc:
        self.allow(_PHASE_KEYS, ("title",))
        return PhaseDoc(
            key=key,
            title=self.text("title"),
            explain=self.text("explain"),
            note=self.text("note"),
            text=self.text("explain"),
            needs=self._needs(before, keys),
            verify=self._verify(),
        )

    def _needs(self, before: list[str], keys: list[str]) -> tuple[str, ...]:
        if "needs" not in self.tree:
            return tuple(before)
        wanted = [str(item) for item in self.items("needs")]
        for need in wanted:
            if need not in keys:
                self.error(
                    "needs", f"there is no phase with the key {need!r}{did_you_mean(need, keys)}"
                )
        return tuple(dict.fromkeys(wanted))

    def _verify(self) -> tuple[Tree, ...]:
        found: list[Tree] = []
        ids: dict[str, int] = {}
        for position, item in enumerate(self.items("verify"), start=1):
            path = f"{self.path}.verify[{position - 1}]"
            found.append(self._check(item, path))
            self._claim_id(check_id(found[-1], position), position, path, item, ids)
        return tuple(found)

    def _claim_id(
        self, id_: str, position: int, path: str, item: Tree, ids: dict[str, int]
    ) -> None:
        if id_ in ids:
            self.problems.error(
                line_of(item), path, f"has the id {id_}, as check {ids[id_]} has; name them apart"
            )
        ids.setdefault(id_, position)

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
            is_shell = name in shell and isinstance(value, Scalar)
            found[key] = value if is_shell else self._names.replace(value, f"{path}.{key}")
        return found


def check_id(tree: Tree, position: int) -> str:
    """A check's id: the slug of its name, else `v` and its position counted from 1."""
    name = tree.get("name") if isinstance(tree, dict) else None
    return (slug(str(name)) if name else "") or f"v{position}"
