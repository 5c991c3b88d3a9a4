"""The registry of plan formats. A new format is one module of this folder and one line here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from todo_manager.documents.base import MAX_BYTES, Document, Reader
from todo_manager.errors import InvalidDocument
from todo_manager.problems import Problems
from todo_manager.shellword import word

READERS = ("plan_yaml", "plan_json", "queue_json", "control_center")
"""Modules, in the order in which they are asked whether a document is theirs."""


def read(path: Path, name: str | None = None) -> Document:
    """Read a plan document of any known format; InvalidDocument with all its problems.

    `name` is what messages call it; the path as given when absent.
    """
    shown = name or str(path)
    return parse(read_bytes(path, shown), shown)


def parse(original: bytes, shown: str) -> Document:
    """The same for bytes already read; `shown` is what messages call them."""
    problems = Problems(shown)
    text = decoded(original, problems)
    reader = _reader_for(shown, text, problems)
    plans = reader.read(text, problems) if reader else ()
    problems.raise_if_any()
    assert reader is not None
    return Document(
        name=shown,
        original=original,
        format=reader.FORMAT,
        plans=plans,
        warnings=tuple(problems.warnings),
    )


def read_bytes(path: Path, shown: str) -> bytes:
    """The bytes of a document; InvalidDocument when it is absent, no file, or too large to be one."""
    look = f"ls -l {word(shown)}"
    try:
        if path.is_dir():
            hint = f"name the documents in it, like {word(shown.rstrip('/'))}/*.yaml"
            raise InvalidDocument([f"{shown}: is not a file but a folder"], hint=hint)
        if not path.is_file():
            what = "is not a file" if path.exists() else "no such file"
            raise InvalidDocument([f"{shown}: {what}"], hint=look)
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidDocument([f"{shown}: cannot be read: {reason}"], hint=look) from None
    if len(data) > MAX_BYTES:
        problem = f"{shown}: is larger than {MAX_BYTES // 10**6} MB; a plan is not"
        raise InvalidDocument([problem], hint=look)
    return data


def decoded(original: bytes, problems: Problems) -> str:
    """The text of a document; raises InvalidDocument when it is none."""
    try:
        text = original.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = original[: error.start].count(b"\n") + 1
        problems.error(line, "", f"is not UTF-8 text (byte {error.start}): not a plan document")
        problems.raise_if_any()
        raise AssertionError from error
    if not text.strip():
        problems.error(0, "", "is empty")
    elif "\0" in text:
        problems.error(text[: text.index("\0")].count("\n") + 1, "", "holds NUL bytes: not a text")
    problems.raise_if_any()
    return text


def _reader_for(name: str, text: str, problems: Problems) -> Reader | None:
    for module in READERS:
        reader = cast(Reader, import_module(f"todo_manager.documents.{module}"))
        if reader.recognises(name, text):
            return reader
    problems.error(
        0,
        "",
        "is no plan document: neither YAML (.yaml), nor a task queue (.json), nor a command-center text",
    )
    return None
