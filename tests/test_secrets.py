"""Secrets are used as they are and kept nowhere."""

from __future__ import annotations

import base64
import html
import json
import re
import sqlite3
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from forked import Forked
from gated import new_project, phases_of
from support import Project

from todo_manager.secrets import MASK, masker


@pytest.fixture
def project(project: Project) -> Project:
    """The commands of these tests run in forks, which spares each of them the start of Python."""
    return Forked(project.root, Path(project.env["HOME"]))


TOKEN = 'hunter2/"quoted"-hunter2'
SECRETS = "secrets: [REGISTRY_TOKEN, PIN]\n"


def everything(project: Project) -> bytes:
    """All that was stored, outputs unpacked."""
    found = project.store_bytes()
    db = sqlite3.connect(project.root / ".todo_manager/store.db")
    for (data,) in db.execute("SELECT data FROM outputs"):
        found += zlib.decompress(data)
    db.close()
    return found


LEAKS = {
    "stdout": '{command: "echo $REGISTRY_TOKEN"}',
    "stderr": '{command: "echo $REGISTRY_TOKEN >&2; exit 1"}',
    "in JSON": "{command: [python3, -c, 'import json, os; print(json.dumps(os.environ[\"T\"]))'],"
    " env: {T: '${REGISTRY_TOKEN}'}}",
    "in repr": "{command: [python3, -c, 'import os; raise SystemExit(repr(os.environ[\"T\"]))'],"
    " env: {T: '${REGISTRY_TOKEN}'}}",
    "in a URL": "{command: [python3, -c,"
    " 'import os, urllib.parse as u; print(u.quote(os.environ[\"T\"], safe=\"\"))'],"
    " env: {T: '${REGISTRY_TOKEN}'}}",
    "in facts": "{script: facts.py}",
    "as what was seen": '{command: "echo $REGISTRY_TOKEN", stdout: {equals: other}}',
    "where a message was cut": "{command: [python3, -c, 'import os, sys;"
    " sys.exit(\"x\" * 185 + os.environ[\"T\"] + \"y\" * 50)'], env: {T: '${REGISTRY_TOKEN}'}}",
}  # fmt: skip


@pytest.fixture(scope="module")
def leaked(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], bytes]:
    """What the tool shows of each leak by name, and everything it stored."""
    project = new_project(tmp_path_factory.mktemp("leaks"))
    project.write(
        "facts.py",
        """
        import json, os
        token = os.environ["REGISTRY_TOKEN"]
        open(os.environ["TODO_MANAGER_FACTS"], "w").write(json.dumps({token: token}))
        """,
    )
    project.plan("p", phases_of(LEAKS.values()), head=SECRETS)
    env = {"REGISTRY_TOKEN": TOKEN}
    ran = project.run("verify", "p", env=env)
    assert ran.exit == 1
    common = ran.out + ran.err + project.run("show", "p").out + project.ask("show", "p").out
    shown = {}
    for name, event in zip(LEAKS, project.events("verified"), strict=True):
        seq = event["seq"]
        shown[name] = project.run("log", "--run", seq).out + project.ask("log", "--run", seq).out
        shown[name] += common + json.dumps(event, ensure_ascii=False)
    return shown, everything(project)


@pytest.mark.parametrize("name", LEAKS)
def test_a_secret_is_masked_wherever_it_comes_up(leaked, name):
    shown, stored = leaked
    assert "•••" in shown[name]
    for text in (shown[name], stored.decode("utf-8", "replace")):
        for part in ("hunter2/", "hunter2%2F", "-hunter2"):
            assert part not in text


def test_a_secret_is_used_true_and_matched_before_it_is_masked(project):
    check = '{command: "echo $REGISTRY_TOKEN", stdout: {contains: hunter2}}'
    project.plan("p", f"- title: One\n  verify: [{check}]", head=SECRETS)
    project.ask("done", "p", 0, env={"REGISTRY_TOKEN": TOKEN}).ok()


def test_names_that_look_secret_are_masked_though_nobody_declared_them(project):
    project.write(".env", "MY_API_KEY=in-the-env-file\n")
    project.write("words", "in-the-env-file and in-the-environment\n")
    project.plan("p", "- title: One\n  verify: [{command: [cat, words]}]")
    project.ask("done", "p", 0, env={"SOME_PASSWORD": "in-the-environment"}).ok()
    assert "| ••• and •••" in project.run("log", "--run", 2).ok().out


def test_a_secret_too_short_to_mask_is_reported(project):
    project.plan("p", "- title: One\n  verify: [{command: 'echo $PIN'}]", head=SECRETS)
    ran = project.run("done", "p", 0, env={"PIN": "1234"}).ok()
    assert "too short to be masked in output: PIN" in ran.err


def test_secrets_are_read_at_each_run_and_never_bound(project):
    project.plan(
        "p", "- title: One\n  verify: [{command: 'test $REGISTRY_TOKEN = second'}]", head=SECRETS
    )
    project.ask("done", "p", 0, env={"REGISTRY_TOKEN": "first-one"}).refused("check_failed")
    project.ask("done", "p", 0, env={"REGISTRY_TOKEN": "second"}).ok()
    assert project.ask("show", "p").data["plan"]["inputs"] == {}


USES = {
    "in shell text": "{command: 'echo $REGISTRY_TOKEN'}",
    "in env": "{command: [env], env: {T: '${REGISTRY_TOKEN}'}}",
    "in a header": "{http: 'http://127.0.0.1:9/', headers: {Authorization: '${REGISTRY_TOKEN}'}}",
    "in a script": "{script: s.sh}",
    "through a var": "{command: 'echo $auth'}",
}


def test_a_check_whose_secret_has_no_value_cannot_be_evaluated(project):
    project.write("s.sh", "echo ${REGISTRY_TOKEN:-}\n")
    head = SECRETS + 'vars: {auth: "Bearer ${REGISTRY_TOKEN}"}\n'
    project.plan("p", phases_of(USES.values()), head=head)
    found = project.ask("verify", "p").refused("check_error").data["phases"]
    for name, phase in zip(USES, found, strict=True):
        (row,) = phase["checks"]
        assert row["verdict"] == "error", name
        assert "the secret REGISTRY_TOKEN has no value" in row["message"], name
    project.ask("done", "p", 0).refused("check_error")


FORMS: dict[str, Callable[[str], str]] = {
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "basic auth": lambda value: base64.b64encode(f"bob:{value}".encode()).decode(),
    "base64 within more": lambda value: base64.b64encode(f"ab{value}cd".encode()).decode(),
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(f"a{value}".encode()).decode(),
    "hexadecimal": lambda value: value.encode().hex(),
    "small escapes": lambda value: re.sub(
        "%..", lambda found: found[0].lower(), quote(value, safe="")
    ),
    "a form": quote_plus,
    "HTML": html.escape,
    "slashes escaped": lambda value: json.dumps(value).replace("/", "\\/"),
    "as Go writes it": lambda value: (
        json.dumps(value).replace("<", "\\u003c").replace(">", "\\u003e")
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_masked_in_other_forms_of_text(form: str) -> None:
    value = "s3cret/Tok en<0123456789>"
    shown = masker({"T": value}).text(f"it says {FORMS[form](value)}!")
    assert MASK in shown
    left = shown.replace(MASK, "").removeprefix("it says ").removesuffix("!").strip('"=')
    assert len(left) <= 8, shown  # of base64, what stands around it at both ends


def test_ordinary_text_stays() -> None:
    text = "nothing of it, in c2VjcmV0 or 736563"
    assert masker({"T": "another-value"}).text(text) == text
