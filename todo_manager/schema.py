"""JSON Schema (2020-12) of plan@1, made from the classes of the kinds and the keys of the format.

It is for editors: every key with its description, the kinds with their examples. It is never stricter
than the reader, which also knows what no schema can say (needs in a circle, undeclared names).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from todo_manager import actions
from todo_manager.actions.base import Action
from todo_manager.checks import KINDS
from todo_manager.checks.docs import KindDoc, ParameterDoc, docs, documented, examples
from todo_manager.checks.expect import value_of
from todo_manager.checks.shapes import PARTS, TEXT, Shape
from todo_manager.documents.names import ID_PATTERN, LONGEST_ID
from todo_manager.documents.plan_services import REQUIRED_OF_A_SERVICE, SERVICE_KEYS
from todo_manager.documents.plan_yaml import SCHEMA
from todo_manager.documents.substitution import NAME

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_NAME: Schema = {"type": "string", "pattern": f"^{NAME.pattern}$"}
_ID: Schema = {"type": ["string", "number"], "pattern": f"^{ID_PATTERN}$", "maxLength": LONGEST_ID}
_FILLED: Schema = {"type": ["string", "number"], "pattern": r"\S"}
_HOST_KEYS = {
    "docker": "Its engine: unix:///run/docker.sock, ssh://ops@pc2 or context:pc2.",
    "ssh": "Its login: ops@pc2 or ops@pc2:2222.",
    "name": "What its engine must call the machine.",
    "known_hosts": "The file that holds its key; else ~/.ssh/known_hosts.",
    "identity": "The private key to log in with.",
}
_TAGS: Schema = {
    "type": "array",
    "items": {"type": ["string", "number"], "pattern": r"^\S+$"},
    "description": "Words to find it by; they change no gate.",
    "examples": [["backend"]],
}


def plan_schema() -> Schema:
    """The schema of a plan document, complete in itself."""
    kinds = [docs(kind) for kind in KINDS]
    steps = [documented(actions.load(kind), Action) for kind in actions.KINDS]
    shapes = {each.name: each for each in PARTS}
    shapes |= {
        p.shape.name: p.shape for kind in [*kinds, *steps] for p in kind.parameters if p.shape.name
    }
    return {
        "$schema": DIALECT,
        "$id": "urn:todo_manager:plan@1",
        "title": SCHEMA,
        "description": "A plan: phases in order, each with the checks that prove it done.",
        **_mapping(_plan_keys(), ("schema", "id", "title", "phases")),
        "$defs": {
            "phase": _mapping(_phase_keys(), ("title",)),
            "part": _mapping(_part_keys(), ("title", "verify")),
            "check": {
                "description": "A mapping with exactly one kind and its parameters.",
                "type": "object",
                "oneOf": [{"$ref": f"#/$defs/check_{kind}"} for kind in KINDS],
            },
            "step": {
                "description": "A mapping with exactly one kind of step and its parameters.",
                "type": "object",
                "oneOf": [{"$ref": f"#/$defs/step_{kind}"} for kind in actions.KINDS],
            },
            **{f"check_{kind.kind}": _check(kind) for kind in kinds},
            **{f"step_{kind.kind}": _check(kind) for kind in steps},
            **{name: each.schema for name, each in sorted(shapes.items())},
        },
    }


def _mapping(properties: Schema, required: tuple[str, ...]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _text(description: str, **more: Any) -> Schema:
    return {**TEXT.schema, "description": description, **more}


def _list_of(items: Schema, description: str, **more: Any) -> Schema:
    return {"type": "array", "items": items, "description": description, **more}


def _plan_keys() -> Schema:
    return {
        "schema": {"const": SCHEMA, "description": "The format of this document."},
        "id": {
            **_ID,
            "description": "What the plan is called in every command: a-z 0-9 . _ - only.",
            "examples": ["release_42"],
        },
        "title": {**_FILLED, "description": "One line for people."},
        "description": _text("What the plan is for, in Markdown."),
        "source": _text("What the plan is drawn from."),
        "tags": _TAGS,
        "inputs": _list_of(
            _NAME,
            "Names that get one value for the whole plan, from the first `done` or from `set`.",
            examples=[["DATE"]],
        ),
        "secrets": _list_of(
            _NAME, "Names whose values are handed over at each run and masked everywhere."
        ),
        "vars": {
            "type": "object",
            "description": "Names and what stands for `${name}`; lists are for `for_each`.",
            "propertyNames": _NAME,
            "examples": [{"port": "8080"}],
        },
        "hosts": {
            "type": "object",
            "description": "Machines from which checks look and steps work, by name.",
            "additionalProperties": _mapping(
                {key: _text(said) for key, said in _HOST_KEYS.items()}, ()
            ),
            "examples": [{"pc2": {"ssh": "ops@pc2", "docker": "ssh://ops@pc2"}}],
        },
        "services": {
            "type": "object",
            "description": "What `deploy` and `rollback` know of each container that stays.",
            "additionalProperties": _mapping(
                {key: {} for key in SERVICE_KEYS}, REQUIRED_OF_A_SERVICE
            ),
        },
        "preflight": _preflight(),
        "phases": _list_of({"$ref": "#/$defs/phase"}, "The phases, in order.", minItems=1),
    }


def _phase_keys() -> Schema:
    return {
        "key": {
            **_ID,
            "description": "Its identity within the plan; without it, the slug of the title.",
        },
        **_titled(),
        "text": _text("The text of an imported phase, to the letter; without it, `explain`."),
        "tags": _TAGS,
        "needs": _list_of(
            _FILLED, "Keys of the phases that come first; without it, the phase before."
        ),
        "preflight": _preflight(),
        "steps": _steps("What `run` executes."),
        "undo": _steps("What `run --undo` executes."),
        "verify": _checks(),
        "parts": _list_of(
            {"$ref": "#/$defs/part"},
            "Parts of the phase, addressed K.1, K.2 …; it is done when all pass in one run.",
            minItems=1,
        ),
    }


def _part_keys() -> Schema:
    steps = _steps("What `run` executes for this part.")
    return {**_titled(), "steps": steps, "verify": {**_checks(), "minItems": 1}}


def _titled() -> Schema:
    return {
        "title": {**_FILLED, "description": "One line for people."},
        "explain": _text("What is to be done, in Markdown; changing it changes no gate."),
        "note": _text("The IMPORTANT NOTE, set apart and shown first."),
    }


def _checks() -> Schema:
    return _list_of({"$ref": "#/$defs/check"}, "What `done` demands; all of it, in one run.")


def _steps(description: str) -> Schema:
    return _list_of({"$ref": "#/$defs/step"}, description, minItems=1)


def _preflight() -> Schema:
    said = "What has to be there before anything is executed; `done` does not ask."
    return _list_of({"$ref": "#/$defs/check"}, said, minItems=1)


def _check(kind: KindDoc) -> Schema:
    properties = {each.name: _parameter(each) for each in kind.parameters}
    properties["for_each"] = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": _NAME,
        "additionalProperties": {"type": ["string", "array"]},
        "description": "Repeats the check for every item of a list: `${name}` is the item.",
        "examples": [{"s": "${apps}"}],
    }
    said = "\n\n".join(filter(None, (kind.summary, kind.text)))
    return {
        "description": said,
        "examples": [_plain(value_of(tree)) for tree in examples(kind)],
        **_mapping(properties, (kind.kind,)),
    }


def _parameter(found: ParameterDoc) -> Schema:
    shape: Shape = found.shape
    schema = {"$ref": f"#/$defs/{shape.name}"} if shape.name else dict(shape.schema)
    told = f" Default: {found.default}." if found.default else ""
    return {**schema, "description": f"{found.doc}{told}"}


def _plain(value: Any) -> Any:
    """A value as JSON writes it."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value
