"""Versions: what is demanded of one, and which number in a program's words is its own."""

from __future__ import annotations

import pytest

from todo_manager.canonical import Scalar
from todo_manager.checks.fields import Wrong
from todo_manager.checks.versions import find_version, requirement


def allows(bounds: str, version: str) -> bool:
    return requirement(Scalar(bounds, plain=True)).allows(version)


@pytest.mark.parametrize(
    ("bounds", "within", "outside"),
    [
        (">= 24", ["24", "24.0", "24.0.5", "v25", "100"], ["23.9.9", "9", "2.4"]),
        ("> 24", ["24.0.1", "25"], ["24", "24.0.0", "23"]),
        ("<= 1.10", ["1.9", "1.10", "1.10.0"], ["1.10.1", "1.11", "2"]),
        ("<24", ["23.99", "0"], ["24", "24.0"]),
        ("= 1.2", ["1.2", "1.2.0", "01.2"], ["1.2.1", "1.20", "1"]),
        (">=24,<26", ["24", "25.9"], ["26", "23"]),
        (">= 9.2", ["9.2p1", "9.2-2+deb12u3", "9.2.0-1ubuntu1"], ["9.1p9"]),
        (">= 1.1.1", ["1.1.1w", "1.1.1"], ["1.1.0z"]),
        # A pre-release is not yet what it leads to.
        (">= 24", ["24.0.1-rc1"], ["24.0.0-rc1", "24-beta.2", "24.0a1", "24.0.0.dev3", "24-RC2"]),
        ("< 24", ["24.0.0-rc1"], ["24.0.0"]),
        ("= 24", ["24.0"], ["24.0-rc1"]),
    ],
)
def test_bounds(bounds: str, within: list[str], outside: list[str]) -> None:
    assert [v for v in within if not allows(bounds, v)] == []
    assert [v for v in outside if allows(bounds, v)] == []


@pytest.mark.parametrize(
    "text",
    ["24", "", "latest", ">= x", "~> 1.2", "== 1", "!= 3", ">= 1.", ">= v1", ">= 1,", "> 1 2"],
)
def test_what_is_no_requirement(text: str) -> None:
    with pytest.raises(Wrong):
        requirement(Scalar(text))


def test_a_requirement_as_it_is_shown() -> None:
    assert str(requirement(Scalar(">=24 ,<26.1"))) == ">= 24, < 26.1"


def test_a_text_that_is_no_version_is_not_compared() -> None:
    with pytest.raises(ValueError, match="latest"):
        allows(">= 0", "latest")


@pytest.mark.parametrize(
    ("words", "version"),
    [
        ("Docker version 24.0.5, build ced0996\n", "24.0.5"),
        ("Version: 0.50.1\nVulnerability DB:\n  Version: 2\n", "0.50.1"),
        ("tini version 0.19.0 - git.de40ad0\n", "0.19.0"),
        ("goss version v0.4.4\n", "0.4.4"),
        ('openjdk version "17.0.9" 2023-10-17\n', "17.0.9"),
        ("NVIDIA-SMI version  : 535.104.05\nNVML version : 535.104\n", "535.104.05"),
        ("gcc (Debian 12.2.0-14) 12.2.0\n", "12.2.0"),
        ("curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1 OpenSSL/3.0.11\n", "7.88.1"),
        ("OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.15\n", "9.2"),
        ("v18.19.0\n", "18.19.0"),
        ("go version go1.21.5 linux/amd64\n", "1.21.5"),
        ("GNU Make 4.3\nLicense GPLv3+: GNU GPL version 3 or later\n", "4.3"),
        ("less 590 (GNU regular expressions)\n", "590"),
        ("jq-1.6\n", "1.6"),
        ("bzip2, a block-sorting file compressor.  Version 1.0.8, 13-Jul-2019.\n", "1.0.8"),
        ("Client: Engine\n Version:    24.0.7\n API version: 1.43\n", "24.0.7"),
        ("thing 2.0.0-rc.1\n", "2.0.0-rc.1"),
        ("\n\n24\n", "24"),
        ("", None),
        ("usage: thing [-h]\n\n-n 5  five times\n", None),
        ("unknown flag: --version\n", None),
    ],
)
def test_the_version_in_a_programs_words(words: str, version: str | None) -> None:
    assert find_version(words) == version
