"""Parts of a machine that some tests need: a skip where one is absent, a failure where REQUIRE names it.

REQUIRE=engine,ssh make test
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import NoReturn

import pytest

PARTS = {
    "engine": ("docker.io", "docker-registry", "busybox-static", "tini", "iproute2"),
    "ssh": ("openssh-server", "iproute2"),
    "terminal": ("tmux",),
    "root": (),
    "curl": ("curl",),
    "docker-compose": ("docker-compose",),
    "bash": ("bash",),
    "browser": ("chromium",),
    "fish": ("fish",),
    "git": ("git",),
    "gpg": ("gnupg",),
    "grype": (),
    "hadolint": (),
    "openssl": ("openssl",),
    "ssh-keygen": ("openssh-client",),
    "syft": (),
    "trivy": (),
    "zsh": ("zsh",),
}
"""What may be required, with Debian's packages it comes in. The first ones are markers of tests too."""


def required(env: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The parts that REQUIRE names; pytest.UsageError for a word that is no part."""
    words = frozenset(word.strip() for word in env.get("REQUIRE", "").split(",")) - {""}
    if unknown := words - PARTS.keys():
        raise pytest.UsageError(
            f"REQUIRE: {', '.join(sorted(unknown))}: no such part; there are {', '.join(PARTS)}"
        )
    return words


def absent(part: str, why: str) -> NoReturn:
    """End a test for which a part is absent: it is skipped, or fails where the part is required."""
    assert part in PARTS, part
    if part in required():
        pytest.fail(f"{part} is required here: {why}", pytrace=False)
    pytest.skip(why)


def need(program: str) -> str:
    """The path of a program that a test needs; ends the test where it is absent."""
    return shutil.which(program) or absent(program, f"{program} is not installed")
