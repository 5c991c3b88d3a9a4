"""One todo of a queue file: its text to the letter, and whether the file clearly calls it done.

A todo is a text, or an object with `text` or `content`, or a phase: an object with a name and
fields that say what to do. A phase's text is made of all its fields, so nothing it asks is lost.
"""

from __future__ import annotations

import json
from typing import Any

from todo_manager.documents.imported import Todo
from todo_manager.documents.strict_json import kind_of, step
from todo_manager.problems import Problems

DONE_WORDS = frozenset({"done", "completed", "true"})
MARK_WORDS = ("done", "completed", "status")

_TEXT = ("text", "content")
_BESIDE = ("description", "notes")
"""What belongs to a todo's text though it stands beside it."""
_NAMES = ("title", "phase_name", "phase", "name", "task", "description")
_PROSE = frozenset({"description", "explanation", "explain", "details"})
_NOTES = frozenset({"important_note", "note"})
_UNSAID = frozenset({*MARK_WORDS, "id", "phase_id"})


def read_todo(item: Any, path: str, problems: Problems) -> Todo | None:
    """The todo that this value is; None, and a problem, when it is none."""
    if isinstance(item, str):
        return Todo(item)
    if not isinstance(item, dict):
        problems.error(0, path, f"is {kind_of(item)}: a todo is a text or an object")
        return None
    text = _text(item, path, problems)
    return None if text is None else Todo(text, _marked(item, path, problems))


def is_done(value: Any) -> bool:
    """Whether a mark's value clearly says done: true, or one of the words for it."""
    return value is True or (isinstance(value, str) and value.strip().casefold() in DONE_WORDS)


def _marked(item: dict[str, Any], path: str, problems: Problems) -> bool:
    """Whether all that the todo says about itself says done; a contradiction is not done."""
    said = {word: item[word] for word in MARK_WORDS if item.get(word) is not None}
    for word in ("done", "completed"):
        if word in said and not isinstance(said[word], bool):
            message = f"is {_shown(said[word])}, not true or false: read as {_word(said[word])}"
            problems.warn(0, step(path, word), message)
    votes = {is_done(value) for value in said.values()}
    if len(votes) > 1:
        words = ", ".join(f"{word} is {_shown(value)}" for word, value in said.items())
        problems.warn(0, path, f"contradicts itself ({words}): read as not done")
    return votes == {True}


def _word(value: Any) -> str:
    return "done" if is_done(value) else "not done"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 40 else text[:39] + "…"


def _text(item: dict[str, Any], path: str, problems: Problems) -> str | None:
    word = next((word for word in _TEXT if item.get(word) is not None), None)
    if word is None:
        return _phase_text(item, path, problems)
    if not isinstance(item[word], str):
        problems.error(0, step(path, word), f"is {kind_of(item[word])}: it must be a text")
        return None
    beside = [item[name] for name in _BESIDE if isinstance(item.get(name), str)]
    added = [text for text in beside if text.strip() and text not in item[word]]
    return "\n\n".join([item[word], *added])


def _phase_text(item: dict[str, Any], path: str, problems: Problems) -> str | None:
    names = [word for word in _NAMES if isinstance(item.get(word), str) and item[word].strip()]
    if not names:
        problems.error(0, path, "has no text: a todo has `text` or `content`, a phase a name")
        return None
    rest = {key: value for key, value in item.items() if key not in _UNSAID | {names[0]}}
    blocks = [_block(key, value) for key, value in rest.items() if key not in _NOTES]
    notes = [f"IMPORTANT NOTE: {_line(rest[key])}" for key in rest if key in _NOTES and rest[key]]
    return "\n\n".join([item[names[0]], *filter(None, blocks), *notes])


def _block(key: str, value: Any) -> str:
    """One field of a phase as a paragraph; empty when it says nothing."""
    if value is None or value == "" or value == [] or value == {}:
        return ""
    label = key.replace("_", " ").capitalize()
    if isinstance(value, list):
        return "\n".join([f"{label}:", *(f"- {_line(part)}" for part in value)])
    return _line(value) if key in _PROSE else f"{label}: {_line(value)}"


def _line(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
