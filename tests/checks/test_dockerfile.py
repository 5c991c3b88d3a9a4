"""`dockerfile`: what passes, fails and cannot be told, and files written to be misread."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from forked import Forked
from gated import phases_of
from required import absent
from support import Project

from todo_manager.model import Verdict
from todo_manager.programs import SYSTEM_PATH, interpreter_bin

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR
DIGEST = f"sha256:{'a' * 64}"

GOOD = """\
# syntax=docker/dockerfile:1
ARG VERSION=3.11.9
FROM python:${VERSION}-slim AS build
RUN pip install --no-cache-dir --prefix=/app .

FROM python:${VERSION}-slim AS base
RUN useradd --uid 10001 app

FROM base
LABEL org.opencontainers.image.source="https://example.org"
COPY --from=build --chown=10001:10001 \\
  # the whole of it
  /app /app
USER 10001:10001
HEALTHCHECK --interval=5s CMD curl --fail http://localhost:8200/health
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["serve"]
"""
ALL = {
    "multi_stage": True,
    "pinned_base": True,
    "user_non_root": "numeric",
    "tini": True,
    "healthcheck": True,
    "requires": ["COPY --from=build --chown=10001:10001 /app", "LABEL org.opencontainers"],
    "lacks": [":latest", "ADD http"],
}


@pytest.fixture
def look_at(look: Any, world: Any) -> Callable[..., Any]:
    """What a check with these parameters finds in a file of this text."""

    def find(text: str | bytes, **wanted: Any) -> Any:
        path = Path(world.root) / "Dockerfile"
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return look({"dockerfile": "Dockerfile", **wanted})

    return find


def test_a_good_one(look_at: Any) -> None:
    found = look_at(GOOD, **ALL)
    assert found.verdict == PASSED, found.actual
    assert found.facts["files"] == {"Dockerfile": sha256(GOOD.encode()).hexdigest()}


@pytest.mark.parametrize("parameter", ["multi_stage", "user_non_root", "tini", "healthcheck"])
def test_a_bare_one_has_nothing_of_it(look_at: Any, parameter: str) -> None:
    found = look_at("FROM python:3.11\n", **{parameter: True})
    assert found.verdict == FAILED
    assert found.actual.startswith("Dockerfile: ")
    assert look_at("FROM python:3.11\n").verdict == PASSED


class TestFiles:
    def test_several(self, look: Any, world: Any) -> None:
        for name in ("a", "b"):
            path = Path(world.root) / f"docker/{name}.Dockerfile"
            path.parent.mkdir(exist_ok=True)
            path.write_text(GOOD)
        found = look({"dockerfile": "docker/*.Dockerfile", **ALL})
        assert (found.verdict, len(found.facts["files"])) == (PASSED, 2)
        path.write_text("FROM python\n")
        found = look({"dockerfile": "docker/*.Dockerfile", **ALL})
        assert found.verdict == FAILED
        assert "docker/b.Dockerfile: line 1: python" in found.actual
        assert "a.Dockerfile" not in found.actual

    @pytest.mark.parametrize("subject", ["Dockerfile", "docker/*", ["Dockerfile", "docker/*"]])
    def test_none_matched(self, look: Any, world: Any, subject: Any) -> None:
        if isinstance(subject, list):
            (Path(world.root) / "Dockerfile").write_text(GOOD)
        found = look({"dockerfile": subject, "lacks": ":latest"})
        assert found.verdict == ERROR
        assert "no file matches" in found.actual

    def test_one_behind_a_link(self, look: Any, world: Any) -> None:
        for folder in ("docker", "other"):
            path = Path(world.root) / folder / "Dockerfile"
            path.parent.mkdir()
            path.write_text(GOOD)
        assert look({"dockerfile": "docker/**/Dockerfile"}).verdict == PASSED
        (Path(world.root) / "docker/b").symlink_to(path.parent)
        found = look({"dockerfile": "docker/**/Dockerfile"})
        assert (found.verdict, "docker/b" in found.actual) == (ERROR, True)

    def test_no_dockerfile(self, look_at: Any, look: Any, world: Any) -> None:
        assert look_at("", lacks="x").verdict == FAILED
        assert look_at("\n# FROM a:1\n", lacks="x").verdict == FAILED
        assert look_at("hello\n", lacks="x").verdict == FAILED
        assert look_at("RUN ls\nFROM a:1\n", lacks="x").verdict == FAILED
        assert look_at(GOOD.encode("utf-16"), lacks="x").verdict == ERROR
        (Path(world.root) / "folder").mkdir()
        assert look({"dockerfile": "folder", "lacks": "x"}).verdict == FAILED

    def test_one_that_leaves_the_project(self, look: Any, world: Any, tmp_path: Path) -> None:
        (tmp_path / "outside").write_text(GOOD)
        (Path(world.root) / "Dockerfile").symlink_to(tmp_path / "outside")
        assert look({"dockerfile": "Dockerfile"}).verdict == ERROR


MISREAD = {
    "an instruction in a here-document": ("FROM a:1\nRUN <<EOF\nUSER app\nEOF\n", FAILED),
    "in the second of two": ("FROM a:1\nCOPY <<a <<-'b' /x/\nUSER 1\na\n\tUSER 2\n\tb\nUSER root\n", FAILED),
    "a file whose text looks like the end": ("FROM a:1\nCOPY <<EOF /x\n EOF\nUSER app\nEOF\n", FAILED),
    "after a here-document": ("FROM a:1\nRUN <<EOF\nUSER root\nEOF\nUSER app\n", PASSED),
    "a here-document that does not end": ("FROM a:1\nUSER app\nRUN <<EOF\nls\n", FAILED),
    "a here-string is none": ("FROM a:1\nRUN cat <<<EOF\nUSER app\n", PASSED),
    "nor is a list": ('FROM a:1\nRUN ["cat", "<<EOF"]\nUSER app\n', PASSED),
    "nor a quoted one": ("FROM a:1\nRUN echo '<<EOF'\nUSER app\n", PASSED),
    "behind an unbalanced quote BuildKit sees none": ("FROM a:1\nUSER 1\nRUN true # it's <<#\nUSER root\n#\n", ERROR),
    "nor behind a substitution it cannot read": ("FROM a:1\nUSER 1\nRUN true # ${ <<#\nUSER root\n#\n", ERROR),
    "nor behind one of the shell's own": ("FROM a:1\nUSER 1\nRUN true ${#x} <<#\nUSER root\n#\n", ERROR),
    "nor where a flag has the quote": ("FROM a:1\nUSER 1\nCOPY --chown=it's <<# /x\nUSER root\n#\n", ERROR),
    "what follows a list may be one": ('FROM a:1\nUSER 1\nRUN ["true"] <<#\nUSER root\n#\n', ERROR),
    "an end with a backslash in quotes": ("FROM a:1\nRUN <<'#\\'\n#\nUSER app\n#\\\n", FAILED),
    "returns that end a line twice": ("FROM a:1\nUSER 1\nRUN <<#\n#\r\r\nUSER root\n#\n", ERROR),
    "a separator that is no blank": ("FROM a:1\nUSER 1\nRUN ls \\\n\x1c# x\nUSER root\n", ERROR),
    "a balanced line with both quotes": ("FROM a:1\nRUN echo \"it's $X ${Y}\" '${' <<EOF\nUSER root\nEOF\nUSER app\n", PASSED),
    "a test is no list": ("FROM a:1\nRUN [ -e x ] || cat <<EOF\nUSER root\nEOF\nUSER app\n", PASSED),
    "a continued line": ("FROM a:1\nRUN ls \\\nUSER app\n", FAILED),
    "with blanks after the backslash": ("FROM a:1\nRUN ls \\  \nUSER app\n", FAILED),
    "a comment and a gap in it": ("FROM a:1\nUSER app\nRUN ls \\\n# no\n\nUSER root\n", PASSED),
    "two backslashes continue nothing": ("FROM a:1\nRUN ls \\\\\nUSER app\n", PASSED),
    "another escape character": ("# escape=`\nFROM a:1\nRUN dir c:\\\nUSER app\n", PASSED),
    "it continues lines": ("# escape=`\nFROM a:1\nRUN dir `\nUSER app\n", FAILED),
    "a directive after a comment is a comment": ("# x\n# escape=`\nFROM a:1\nRUN ls \\\nUSER app\n", FAILED),
    "so is one after a name nobody knows": ("# x=y\n# escape=`\nFROM a:1\nRUN ls \\\nUSER app\n", FAILED),
    "one behind blanks is one": ("  # escape=`\nFROM a:1\nRUN ls `\nUSER app\n", FAILED),
    "one that only some see": ("# check=skip=all\n# escape=`\nFROM a:1\nUSER app\n", ERROR),
    "another frontend behind the name of a program": ("#!/usr/bin/env x\n# syntax=example/own\nFROM a:1\nUSER app\n", ERROR),
    "another frontend in other marks": ("// syntax=example/own\nFROM a:1\nUSER app\n", FAILED),
    "another frontend": ("# syntax=example/own\nFROM a:1\nUSER app\n", ERROR),
    "small letters": ("from a:1\nuser app\n", PASSED),
    "windows line ends": ("FROM a:1\r\nUSER app\r\n", PASSED),
    "a byte order mark": ("\ufeffFROM a:1\nUSER app\n", PASSED),
    "a comment": ("FROM a:1\n# USER app\n", FAILED),
    "an instruction that is none": ("FROM a:1\nUSER app\nUSR x\n", FAILED),
    "what a later stage would do": ("FROM a:1\nONBUILD USER app\n", FAILED),
}  # fmt: skip


@pytest.mark.parametrize(("text", "verdict"), MISREAD.values(), ids=MISREAD)
def test_what_is_an_instruction(look_at: Any, text: str, verdict: Verdict) -> None:
    found = look_at(text, user_non_root=True)
    assert found.verdict == verdict, found.actual


ODD = [
    "FROM a:1\nENTRYPOINT " + "[" * 100_000,
    "FROM a:1\nHEALTHCHECK CMD " + "$(" * 5_000,
    "FROM a:1\nUSER " + "${a:-" * 5_000,
    "FROM a:1\nUSER 'app",
    "FROM " + '"' * 10_000,
    "FROM a:1\nENV\nARG\nUSER\nHEALTHCHECK\nENTRYPOINT\n",
    "FROM a:1\n" + "\\\n" * 10_000,
    "FROM a:1\nRUN " + "'" * 10_001,
    "FROM",
    "FROM a b c",
    "\\",
]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_files_never_pass_and_never_break_it(look_at: Any, text: str) -> None:
    found = look_at(text, healthcheck=True, tini=True, user_non_root=True, multi_stage=True)
    assert found.verdict in (FAILED, ERROR)


USERS = [
    # what follows FROM, true, numeric
    ("USER app", PASSED, FAILED),
    ("USER 10001", PASSED, PASSED),
    ("USER 10001:0", PASSED, PASSED),
    ("USER app:root", PASSED, FAILED),
    ("USER app\nUSER 0", FAILED, FAILED),
    ("USER 0\nUSER 1", PASSED, PASSED),
    ("USER root", FAILED, FAILED),
    ("USER Root", FAILED, FAILED),
    ("USER 0:0", FAILED, FAILED),
    ("USER root:root", FAILED, FAILED),
    ("USER 000", FAILED, FAILED),
    ("USER +0", FAILED, FAILED),
    ('USER "root"', FAILED, FAILED),
    ("USER :app", FAILED, FAILED),
    ("ARG U=10001\nUSER $U", PASSED, PASSED),
    ("ARG U=root\nUSER ${U}", FAILED, FAILED),
    ("ARG U=0\nUSER ${U}", FAILED, FAILED),
    ("ARG U\nUSER ${U}", ERROR, ERROR),
    ("USER ${U}", ERROR, ERROR),
    ("USER ${U:-app}", ERROR, ERROR),
    ("ARG U\nUSER ${U:-10001}", PASSED, PASSED),
    ("ARG U=app\nENV U=root\nUSER $U", FAILED, FAILED),
    ("ENV U root\nUSER $U", FAILED, FAILED),
    ("ENV A=1 U='10001'\nUSER $U", PASSED, PASSED),
    ("ENV U=${OTHER}\nUSER $U", ERROR, ERROR),
    ("USER ${U#x}", ERROR, ERROR),
    ("ARG U=app\nUSER ${U:+root}", FAILED, FAILED),
    ("RUN useradd -o -u 0 app\nUSER app", FAILED, FAILED),
    ("RUN adduser --uid=0 app && ls\nUSER app", FAILED, FAILED),
    ("RUN useradd -u 10001 app && chown 0 /x\nUSER app", PASSED, FAILED),
    ("RUN echo 'app:x:0:0::/:/bin/sh' >> /etc/passwd\nUSER app", FAILED, FAILED),
    ("RUN echo 'app:x:10001:0::/:/bin/sh' >> /etc/passwd\nUSER app", PASSED, FAILED),
    ("COPY <<EOF /etc/passwd\napp:x:0:0::/:/bin/sh\nEOF\nUSER app", FAILED, FAILED),
    ("USER root # 10001", FAILED, FAILED),
    ("USER -1", FAILED, FAILED),
    ("USER \u0661", FAILED, FAILED),
]


@pytest.mark.parametrize(("rest", "verdict", "numeric"), USERS)
def test_users(look_at: Any, rest: str, verdict: Verdict, numeric: Verdict) -> None:
    text = f"FROM debian:12\n{rest}\n"
    assert look_at(text, user_non_root=True).verdict == verdict
    assert look_at(text, user_non_root="numeric").verdict == numeric


STAGES = {
    "the user of another stage": ("FROM a:1 AS x\nUSER app\nFROM b:1\n", FAILED),
    "of the stage it is built on": ("FROM a:1 AS x\nUSER app\nFROM x\n", PASSED),
    "taken back": ("FROM a:1 AS x\nUSER app\nFROM x\nUSER root\n", FAILED),
    "an argument of that stage": ("FROM a:1 AS x\nARG U=app\nFROM x\nUSER $U\n", PASSED),
    "an argument of no stage": ("ARG U=app\nFROM a:1\nUSER $U\n", ERROR),
    "declared again": ("ARG U=app\nFROM a:1\nARG U\nUSER $U\n", PASSED),
    "what that stage adds by ONBUILD": ("FROM a:1 AS x\nONBUILD USER root\nFROM x\nUSER app\n", ERROR),
}  # fmt: skip


@pytest.mark.parametrize(("text", "verdict"), STAGES.values(), ids=STAGES)
def test_stages(look_at: Any, text: str, verdict: Verdict) -> None:
    found = look_at(text, user_non_root=True)
    assert found.verdict == verdict, found.actual


def test_a_target(look_at: Any) -> None:
    text = "FROM a:1 AS prod\nUSER app\nFROM prod AS dev\nUSER root\n"
    assert look_at(text, user_non_root=True).verdict == FAILED
    assert look_at(text, user_non_root=True, target="Prod").verdict == PASSED
    assert look_at(text, user_non_root=True, target="test").verdict == FAILED


BASES = [
    # text, any version, a digest
    ("FROM python:3.11", PASSED, FAILED),
    (f"FROM python@{DIGEST}", PASSED, PASSED),
    (f"FROM python:latest@{DIGEST}", PASSED, PASSED),
    ("FROM python@sha256:123", FAILED, FAILED),
    ("FROM scratch", PASSED, PASSED),
    ("FROM python", FAILED, FAILED),
    ("FROM python:latest", FAILED, FAILED),
    ("FROM python:latest-3.11", FAILED, FAILED),
    ("FROM python:slim", FAILED, FAILED),
    ("FROM localhost:5000/python", FAILED, FAILED),
    ("FROM localhost:5000/python:3.11", PASSED, FAILED),
    ("FROM --platform=linux/amd64 python:3.11 AS x", PASSED, FAILED),
    ("ARG T=3.11\nFROM python:$T", PASSED, FAILED),
    ("ARG T=latest\nFROM python:${T}", FAILED, FAILED),
    ("ARG V=3\nARG T=$V.11\nFROM python:${T}", PASSED, FAILED),
    ("ARG T\nFROM python:${T}", ERROR, ERROR),
    ("ARG T\nFROM python:${T:-latest}", FAILED, FAILED),
    ("FROM python:${T}", ERROR, ERROR),
    ("FROM a:1 AS x\nARG T=latest\nFROM b:$T", ERROR, ERROR),
    (f"FROM a@{DIGEST} AS x\nFROM x", PASSED, PASSED),
    (f"FROM x\nFROM a@{DIGEST} AS x", FAILED, FAILED),
    (f"FROM a@{DIGEST} AS x\nFROM y", FAILED, FAILED),
    ("FROM a:1\nCOPY --from=uv:latest /uv /uv", FAILED, FAILED),
    ("FROM a:1\nCOPY --from=uv:0.9 /uv /uv", PASSED, FAILED),
    (f"FROM a@{DIGEST} AS x\nFROM x\nCOPY --from=0 /a /a", PASSED, PASSED),
    ("FROM a:1\nRUN --mount=type=bind,from=uv,target=/x ls", FAILED, FAILED),
    ("FROM a:1\nRUN --mount=type=bind,From=uv,target=/x ls", FAILED, FAILED),
    ("FROM a:1\nCOPY --from=$X /uv /uv", ERROR, ERROR),
    ("FROM a:1\nONBUILD COPY --from=uv:latest /uv /uv", ERROR, ERROR),
    ("FROM a:arm64", FAILED, FAILED),
    ("FROM a:stable-amd64", FAILED, FAILED),
    ("FROM a:linux-x86_64", FAILED, FAILED),
    ("FROM a:1-arm64v8", PASSED, FAILED),
    ("FROM a:jdk17-amd64", PASSED, FAILED),
]


@pytest.mark.parametrize(("text", "verdict", "digest"), BASES)
def test_bases(look_at: Any, text: str, verdict: Verdict, digest: Verdict) -> None:
    assert look_at(f"{text}\n", pinned_base=True).verdict == verdict
    assert look_at(f"{text}\n", pinned_base="digest").verdict == digest


MANY = {
    "one": ("FROM a:1\nCOPY . .\n", FAILED),
    "two, and nothing taken": ("FROM a:1 AS x\nFROM b:1\nCOPY . .\n", FAILED),
    "built on the other": ("FROM a:1 AS x\nFROM x\n", FAILED),
    "copied from what it is built on": ("FROM a:1 AS x\nFROM x\nCOPY --from=x /a /b\n", FAILED),
    "copied from an image": ("FROM a:1 AS x\nFROM b:1\nCOPY --from=c:1 /a /b\n", FAILED),
    "copied from a stage that comes later": ("FROM a:1\nCOPY --from=1 / /x\nFROM b:1\n", FAILED),
    "copied": ("FROM a:1 AS x\nFROM b:1\nCOPY --from=X /a /b\n", PASSED),
    "copied by number": ("FROM a:1\nFROM b:1\nCOPY --from=0 /a /b\n", PASSED),
    "mounted": ("FROM a:1 AS x\nFROM b:1\nRUN --mount=from=x,target=/x cp /x/a /b\n", PASSED),
    "in a comment": ("FROM a:1 AS x\nFROM b:1\n# COPY --from=x /a /b\n", FAILED),
}


@pytest.mark.parametrize(("text", "verdict"), MANY.values(), ids=MANY)
def test_multi_stage(look_at: Any, text: str, verdict: Verdict) -> None:
    assert look_at(text, multi_stage=True).verdict == verdict


@pytest.mark.parametrize(
    ("entrypoint", "verdict"),
    [
        ('["/usr/bin/tini", "--"]', PASSED),
        ('["tini", "--", "serve"]', PASSED),
        ('["/sbin/tini-static"]', PASSED),
        ('["serve", "tini"]', FAILED),
        ('["/opt/tiny"]', FAILED),
        ('["sh", "-c", "tini -- serve"]', FAILED),
        ('["/usr/bin/tini", "--"]\nENTRYPOINT []', FAILED),
        ('["/usr/bin/tini", "--"]\nENTRYPOINT ["serve"]', FAILED),
        ("tini -- serve", FAILED),
        ('["tini", "-g", "--", "serve", "-h"]', PASSED),
        ('["tini", "-v", "serve", "--version"]', PASSED),
        ('["tini", "--version", "serve"]', FAILED),
        ('["/usr/bin/tini", "-gh"]', FAILED),
        ("['tini', '--']", FAILED),
    ],
)
def test_tini(look_at: Any, entrypoint: str, verdict: Verdict) -> None:
    assert look_at(f"FROM a:1\nENTRYPOINT {entrypoint}\n", tini=True).verdict == verdict


@pytest.mark.parametrize(
    ("health", "verdict"),
    [
        ("CMD curl -f http://localhost/", PASSED),
        ('--interval=5s --timeout=2s CMD ["pg_isready"]', PASSED),
        ("CMD curl -f http://localhost/ || exit 1", PASSED),
        ("CMD curl -f http://localhost/ && echo good", PASSED),
        ("CMD curl -fs http://localhost/ | grep -q ok", PASSED),
        ("CMD curl -f http://localhost/ \\\n  || exit 1", PASSED),
        ("NONE", FAILED),
        ("CMD curl -f http://localhost/\nHEALTHCHECK NONE", FAILED),
        ("CMD", FAILED),
        ("CMD true", FAILED),
        ("CMD exit 0", FAILED),
        ("CMD :", FAILED),
        ('CMD ["true"]', FAILED),
        ('CMD ["/bin/true"]', FAILED),
        ('CMD ["sh", "-c", "exit 0"]', FAILED),
        ("CMD []", FAILED),
        ("CMD curl -f http://localhost/ || true", FAILED),
        ("CMD curl -f http://localhost/ || exit 0", FAILED),
        ("CMD curl -f http://localhost/ || echo bad", FAILED),
        ("CMD curl -f http://localhost/; echo done", FAILED),
        ("CMD curl -f http://localhost/ | cat", FAILED),
        ("CMD echo healthy", FAILED),
        ("CMD curl -f http://localhost/; exit 0", FAILED),
        ("CMD curl -f http://localhost/; status=0", FAILED),
        ("CMD curl -f http://localhost/ & sleep 1", FAILED),
        ("CMD status=$(curl -f http://localhost/)", PASSED),
        ("CMD exit", FAILED),
        ("CMD date", FAILED),
        ('CMD ["echo", "ok"]', FAILED),
        ('CMD ["/bin/echo", "ok"]', FAILED),
        ('CMD ["sleep", "1"]', FAILED),
        ('CMD ["sh", "-c", "curl -f http://localhost/ || echo bad"]', FAILED),
        ('CMD ["bash", "-c", "curl -f http://localhost/ | cat"]', FAILED),
        ('CMD ["/bin/sh", "-ec", "curl -f http://localhost/"]', PASSED),
        ('CMD ["cat", "/tmp/healthy"]', PASSED),
        ('CMD ["/usr/bin/env", "true"]', FAILED),
        ('CMD ["tini", "--", "true"]', FAILED),
        ('CMD ["busybox", "true"]', FAILED),
        ("CMD test 1 = 1", FAILED),
        ("CMD [ 1 -eq 1 ]", FAILED),
        ('CMD [ "$(cat /tmp/ready)" = 1 ]', PASSED),
        # Docker gives a command in shell form to whatever SHELL says last.
        ('CMD curl -f http://localhost/\nSHELL ["/bin/true"]', FAILED),
        ('CMD curl -f http://localhost/\nSHELL ["/bin/sh", "-c", "true"]', FAILED),
        ('CMD curl -f http://localhost/\nSHELL ["/bin/echo"]', FAILED),
        ('CMD ["curl", "-f", "http://localhost/"]\nSHELL ["/bin/true"]', PASSED),
        ('CMD curl -f http://localhost/\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]', PASSED),
        ('CMD curl -f http://x/ | cat\nSHELL ["/bin/bash", "-euc"]', FAILED),
    ],
)
def test_health_checks(look_at: Any, health: str, verdict: Verdict) -> None:
    found = look_at(f"FROM a:1\nHEALTHCHECK {health}\n", healthcheck=True)
    assert found.verdict == verdict, found.actual


WORDS = {
    "in the image": ("FROM a:1\nRUN   apt-get  install \\\n  tini\n", PASSED, FAILED),
    "in a stage it is built on": (
        "FROM a:1 AS x\nRUN apt-get install tini\nFROM x\n",
        PASSED,
        FAILED,
    ),
    "in another stage": ("FROM a:1 AS x\nRUN apt-get install tini\nFROM b:1\n", FAILED, FAILED),
    "in a comment": ("FROM a:1\n# RUN apt-get install tini\n", FAILED, PASSED),
    "in a here-document": ("FROM a:1\nRUN <<EOF\napt-get install tini\nEOF\n", FAILED, PASSED),
    "nowhere": ("FROM a:1\nRUN apt-get update\n", FAILED, PASSED),
}


@pytest.mark.parametrize(("text", "requires", "lacks"), WORDS.values(), ids=WORDS)
def test_words(look_at: Any, text: str, requires: Verdict, lacks: Verdict) -> None:
    assert look_at(text, requires="RUN apt-get install tini").verdict == requires
    assert look_at(text, lacks="RUN apt-get install tini").verdict == lacks


def test_words_of_here_documents_and_bases(look_at: Any) -> None:
    assert look_at("FROM a:1\nRUN <<EOF\ncurl -k x\nEOF\n", lacks="curl -k").verdict == FAILED
    assert look_at("ARG T=latest\nFROM a:$T\n", lacks=":latest").verdict == FAILED


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"multi_stage": False}, "expected true"),
    ({"pinned_base": "tag"}, "expected true or digest"),
    ({"user_non_root": False}, "expected true or numeric"),
    ({"lint": "bad"}, "expected one of error, warning, info, style"),
    ({"lint": {"ignore": ["DL3008"]}}, "expected a level"),
    ({"lacks": []}, "asserts nothing"),
    ({"requires": " "}, "asserts nothing"),
    ({"lint_": "error"}, "unknown parameter"),
]


@pytest.mark.parametrize(("wanted", "reason"), WRONG)
def test_refused_at_load(refused: Any, wanted: dict[str, Any], reason: str) -> None:
    assert reason in refused({"dockerfile": "Dockerfile", **wanted})


def test_a_bare_check_is_doubted(check: Any) -> None:
    assert "passes" in check({"dockerfile": "Dockerfile"}).lint()[0]
    assert not check({"dockerfile": "Dockerfile", "lint": "error"}).lint()


# hadolint

LINT = {
    "good": ("{dockerfile: good, lint: warning}", "passed"),
    "a warning": ("{dockerfile: bad, lint: warning}", "failed"),
    "no error": ("{dockerfile: bad, lint: error}", "passed"),
    "ignored in the plan": (
        "{dockerfile: bad, lint: {fail_on: style, ignore: [DL3006, DL3008, DL3014, DL3015]}}",
        "passed",
    ),
    "no Dockerfile": ("{dockerfile: none, lint: error}", "failed"),
}
BAD = "FROM debian\n# hadolint ignore=DL3006,DL3008\nRUN apt-get install curl\n"


def lint_cases(project: Project, cases: dict[str, tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """The results of checks of files that hadolint's own settings would let pass."""
    project.write("good", "FROM debian:12.5\nUSER app\n")
    project.write("bad", BAD)
    project.write("none", "hello\n")
    ignored = "ignored: [DL3006, DL3008, DL3014, DL3015]\n"
    for name in (".hadolint.yaml", "hadolint.yml"):
        project.write(name, ignored)
    project.env["HADOLINT_IGNORE"] = "DL3006,DL3008,DL3014,DL3015"
    forked = Forked(project.root, Path(project.env["HOME"]))
    forked.env = project.env
    forked.plan("p", phases_of(check for check, _ in cases.values()))
    phases = forked.ask("verify", "p").data["phases"]
    found = {name: phase["checks"][0] for name, phase in zip(cases, phases, strict=True)}
    verdicts = {name: row["verdict"] for name, row in found.items()}
    assert verdicts == {name: verdict for name, (_, verdict) in cases.items()}, found
    return found


@pytest.mark.hadolint
def test_lint(project: Project) -> None:
    if not shutil.which("hadolint", path=os.pathsep.join([*SYSTEM_PATH, interpreter_bin()])):
        absent("hadolint", "hadolint is not installed")
    found = lint_cases(project, LINT)
    assert "bad:3: DL3008" in found["a warning"]["actual"]


STAND_IN = """#!/bin/sh
case "$*" in
  *--disable-ignore-pragma*) echo '{report}' ;;
esac
exit {code}
"""
FINDING = '[{"code": "DL3008", "level": "warning", "line": 3, "message": "Pin"}]'
ANSWERS = {
    "nothing": ("[]", 0, "passed"),
    "a finding": (FINDING, 0, "failed"),
    "a level nobody knows": (FINDING.replace("warning", "fatal"), 0, "failed"),
    "a milder one": (FINDING.replace("warning", "info"), 0, "passed"),
    "no report": ("", 0, "error"),
    "another report": ("{}", 0, "error"),
    "a crash": ("[]", 1, "error"),
}


@pytest.mark.parametrize(("report", "code", "verdict"), ANSWERS.values(), ids=ANSWERS)
def test_what_a_linter_answers(project: Project, report: str, code: int, verdict: str) -> None:
    text = STAND_IN.replace("{report}", report).replace("{code}", str(code))
    program = project.write("bin/stand-in", text, mode=0o755)
    digest = sha256(program.read_bytes()).hexdigest()
    tool = f"{{path: bin/stand-in, sha256: {digest}}}"
    project.write("todo_manager.yaml", f"tools: {{hadolint: {tool}}}\n")
    lint_cases(project, {"it": ("{dockerfile: good, lint: warning}", verdict)})


def test_no_linter(project: Project) -> None:
    tool = f"{{path: bin/gone, sha256: {'a' * 64}}}"
    project.write("todo_manager.yaml", f"tools: {{hadolint: {tool}}}\n")
    found = lint_cases(project, {"it": ("{dockerfile: good, lint: warning}", "error")})
    assert "needs hadolint" in found["it"]["actual"]
