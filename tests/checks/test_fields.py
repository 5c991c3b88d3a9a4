"""From what was written to what a parameter wants, or to words that say what should be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from todo_manager.canonical import Scalar, Seq
from todo_manager.checks import fields
from todo_manager.checks.fields import Wrong


def named(value: Any) -> str:
    return str(getattr(value, "__name__", value))[:20]


def plain(text: str) -> Scalar:
    return Scalar(text, plain=True)


MEANT: list[tuple[Callable[[Any], Any], str, Any]] = [
    (fields.duration, "250ms", 0.25),
    (fields.duration, "30s", 30),
    (fields.duration, "1.5m", 90),
    (fields.duration, "2h", 7200),
    (fields.duration, "1d", 86400),
    (fields.duration, "0", 0),
    (fields.duration, "0s", 0),
    (fields.timeout, "1ms", 0.001),
    (fields.size, "0", 0),
    (fields.size, "120", 120),
    (fields.size, "7B", 7),
    (fields.size, "120MB", 120_000_000),
    (fields.size, "1.5kB", 1500),
    (fields.size, "2GB", 2_000_000_000),
    (fields.size, "64KiB", 65536),
    (fields.size, "0.5MiB", 524288),
    (fields.size, "1GiB", 2**30),
    (fields.mode, "0644", 0o644),
    (fields.mode, "644", 0o644),
    (fields.mode, "0o644", 0o644),
    (fields.mode, "4755", 0o4755),
    (fields.boolean, "true", True),
    (fields.boolean, "false", False),
    (fields.integer, "-7", -7),
    (fields.integer, "0", 0),
    (fields.count, "0", 0),
    (fields.positive, "1", 1),
    (fields.text, "22:22", "22:22"),
    (fields.text, "0123456", "0123456"),
    (fields.text, "on", "on"),
    (fields.text, "1.0", "1.0"),
    (fields.sha256, "AB" * 32, "ab" * 32),
    (fields.sha256, "sha256:" + "0" * 64, "0" * 64),
    (fields.texts, "a", ("a",)),
    (fields.integers, "3", (3,)),
]


@pytest.mark.parametrize(("read", "text", "value"), MEANT, ids=named)
def test_what_is_meant(read: Any, text: str, value: Any) -> None:
    found = read(plain(text))
    assert found == pytest.approx(value) if isinstance(value, float) else found == value
    assert type(found) is type(value) or read in (fields.duration, fields.timeout)


NOT_MEANT: list[tuple[Callable[[Any], Any], str]] = [
    *(
        (fields.duration, text)
        for text in ["30", "1", "s", "-1s", "1 s", "1h30m", "1.s", ".5s", "1w"]
    ),
    *((fields.duration, text) for text in ["1S", "1e3s", "36501d", "9" * 400 + "s", "inf", "1m\n"]),
    *((fields.timeout, text) for text in ["0", "0s", "0ms"]),
    *(
        (fields.size, text)
        for text in ["120mb", "1K", "1KB", "-1", "1 MB", "1e3", "1.5", "0.0001kB"]
    ),
    *((fields.mode, text) for text in ["0844", "rw-r--r--", "64", "0x1F", "-644", "644644"]),
    *((fields.boolean, text) for text in ["yes", "on", "1", "True", "0", "off"]),
    *(
        (fields.integer, text)
        for text in ["1.0", "1e3", "0x1", "007", "1_000", "+1", "9" * 30, "٣"]
    ),
    (fields.count, "-1"),
    (fields.positive, "0"),
    *((fields.text, text) for text in ["true", "false", "null", "~", ""]),
    *((fields.sha256, text) for text in ["ab", "g" * 64, "0" * 63, "0" * 65]),
    *((fields.needles, text) for text in ["", "~"]),
    *((fields.pattern, text) for text in ["(", "[a", "*", "a{2,1}"]),
    *((fields.patterns, text) for text in ["a*", "^", "x|", "(?:)"]),
]


@pytest.mark.parametrize(("read", "text"), NOT_MEANT, ids=named)
def test_what_is_refused(read: Any, text: str) -> None:
    with pytest.raises(Wrong) as told:
        read(plain(text))
    assert str(told.value)


SINGLE = [fields.text, fields.boolean, fields.integer, fields.duration, fields.size, fields.mode]
SINGLE += [fields.sha256, fields.scalar, fields.pattern, fields.one_of("a")]


@pytest.mark.parametrize("read", SINGLE)
def test_one_value_is_no_list(read: Any) -> None:
    for tree in (Seq([plain("a")]), Seq(), {"a": plain("b")}):
        with pytest.raises(Wrong, match="expected one value, not a list or mapping"):
            read(tree)


@pytest.mark.parametrize("read", [fields.texts, fields.needles, fields.patterns, fields.integers])
def test_an_empty_list_asserts_nothing(read: Any) -> None:
    with pytest.raises(Wrong, match="an empty list asserts nothing"):
        read(Seq())


def test_quotes_make_text() -> None:
    for word in ("true", "false", "null", "~", "1", ""):
        assert fields.text(Scalar(word)) == word
    for read in (fields.boolean, fields.needles):
        with pytest.raises(Wrong):
            read(Scalar("" if read is fields.needles else "true"))


def test_blank_texts_are_found_everywhere() -> None:
    for word in ("", " ", "\n\t"):
        with pytest.raises(Wrong, match="found everywhere"):
            fields.needles(Seq([Scalar("a"), Scalar(word)]))


@pytest.mark.parametrize("name", ["A B", "", "A=B", "1A", "é", "A\n", "BASH_FUNC_a%%"])
def test_names_of_variables(name: str) -> None:
    with pytest.raises(Wrong, match="is not the name of a variable"):
        fields.variables({name: plain("a")})
    assert fields.variables({"A_b1": plain("true")}) == {"A_b1": "true"}


def test_one_of_some_words() -> None:
    read = fields.one_of("bash", "sh")
    assert read(plain("sh")) == "sh"
    with pytest.raises(Wrong, match="expected one of bash, sh, not 'zsh'"):
        read(plain("zsh"))
