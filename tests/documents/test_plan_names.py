"""Inputs, secrets and vars of a plan: who may be declared, where a name may stand, what it becomes."""

from __future__ import annotations

from typing import Any

import pytest

from todo_manager.documents.substitution import steers

_STEERING = """
    PATH HOME LANG LC_ALL TZ TMPDIR IFS ENV BASH_ENV BASHOPTS SHELLOPTS PS4 CDPATH GLOBIGNORE
    PROMPT_COMMAND UID RANDOM PWD _ LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT DYLD_INSERT_LIBRARIES
    GLIBC_TUNABLES GCONV_PATH HOSTALIASES PYTHONPATH PYTHONSTARTUP PYTHONHOME PYTEST_ADDOPTS
    PERL5OPT PERL5LIB RUBYOPT NODE_OPTIONS NODE_PATH NPM_CONFIG_PREFIX npm_config_prefix
    JAVA_TOOL_OPTIONS CLASSPATH GIT_DIR GIT_WORK_TREE GIT_CONFIG_COUNT GIT_SSH_COMMAND
    GIT_EXTERNAL_DIFF MAKEFLAGS SSL_CERT_FILE https_proxy HTTP_PROXY TODO_MANAGER_FACTS
"""
_HARMLESS = """
    DATE GIT_SHA GIT_COMMIT GIT_BRANCH GIT_TAG PYTHON_VERSION NODE_VERSION RUBY_IMAGE TOKEN tag x _x
    REGISTRY_TOKEN PGPASSWORD HOSTNAME HOME_PAGE PATHS MY_PATH LANGUAGES X1
"""
STEERING, HARMLESS = _STEERING.split(), _HARMLESS.split()


@pytest.mark.parametrize("place", ["inputs", "secrets", "vars"])
def test_names_that_steer_programs(lint: Any, plan: Any, place: str) -> None:
    """A name of a plan may reach programs as a variable; these would choose what runs."""
    separator = ": x" if place == "vars" else ""

    def declare(names: list[str]) -> str:
        items = ", ".join(name + separator for name in names)
        return f"{place}: {{{items}}}\n" if place == "vars" else f"{place}: [{items}]\n"

    found = lint(plan(names=declare(STEERING)))
    assert len(found.problems) == len(STEERING)
    for name, line in zip(STEERING, found.problems):
        assert line.startswith(f"plans/x.yaml:4: {place}"), line
        assert f"the name {name} steers how programs run" in line
    lint(plan(names=declare(HARMLESS))).loads()


def test_variables_that_steer_programs(lint: Any, plan: Any) -> None:
    env = ", ".join(f"{name}: x" for name in STEERING)
    found = lint(plan(f"{{command: [a], env: {{{env}}}}}"))
    assert len(found.problems) == len(STEERING)
    assert all("steers how programs run" in line for line in found.problems)
    env = ", ".join(f"{name}: x" for name in HARMLESS)
    lint(plan(f"{{command: [a], env: {{{env}}}}}")).loads()


@pytest.mark.parametrize("name", ["BASH_FUNC_ls%%", "BASH_VERSION", "GIT_DEFAULT_HASH", "Path"])
def test_what_is_near(name: str) -> None:
    assert steers(name) == (name != "Path")


NAMES = {
    "no name": ("inputs: [A-B]\n", 4, "inputs[0]", "'A-B' is not a name"),
    "a digit first": ("inputs: [1A]\n", 4, "inputs[0]", "'1A' is not a name"),
    "a line end": ('inputs: ["A\\n"]\n', 4, "inputs[0]", "'A\\n' is not a name"),
    "empty": ('secrets: [""]\n', 4, "secrets[0]", "'' is not a name"),
    "a mapping": ("inputs:\n  - {A: b}\n", 5, "inputs[0]", "'' is not a name"),
    "one word": ("inputs: A\n", 4, "inputs", "expected a list"),
    "vars as a list": ("vars: [A]\n", 4, "vars", "expected a mapping of names to values"),
    "a dotted var": ("vars:\n  a.b: c\n", 5, "vars.a.b", "'a.b' is not a name"),
    "twice": ("inputs: [A]\nsecrets: [A]\n", 5, "secrets[0]", "the name A is declared twice"),
    "var and input": ("inputs: [A]\nvars: {A: b}\n", 5, "vars.A", "the name A is declared twice"),
    "no value": ("vars:\n  a:\n  b: c\n", 5, "vars.a", "has no value"),
    "null": ("vars: {a: null}\n", 4, "vars.a", "has no value"),
    "a tilde": ("vars: {a: ~}\n", 4, "vars.a", "has no value"),
    "undeclared": (
        "vars: {a: '${b}'}\n",
        4,
        "vars.a",
        "${b} is not declared under inputs, secrets",
    ),
    "itself": ("vars: {a: '${a}'}\n", 4, "vars.a", "refers to itself through other vars"),
    "a list in text": (
        "vars: {a: [b], c: 'x${a}'}\n",
        4,
        "vars.c",
        "the var a is a list or mapping, not one value",
    ),
    "in a list": ("vars:\n  a:\n    - {b: '${c}'}\n", 6, "vars.a[0].b", "${c} is not declared"),
    "placeholder": ("vars: {a: '<org>/x'}\n", 4, "vars.a", "the placeholder <org> was never"),
}


@pytest.mark.parametrize(("names", "line", "path", "message"), NAMES.values(), ids=NAMES)
def test_declarations_that_are_refused(
    lint: Any, plan: Any, names: str, line: int, path: str, message: str
) -> None:
    found = lint(plan(names=names))
    assert len(found.problems) == 1, found
    assert found.problems[0].startswith(f"plans/x.yaml:{line}: {path}: {message}"), found


DECLARED = """\
inputs: [DATE]
secrets: [TOKEN]
vars: {tag: "v-${DATE}", flat: f, list: [a]}
"""
STANDS = {
    "undeclared": (
        "file: 'a/${DAET}'",
        ".file",
        "${DAET} is not declared under inputs, secrets or ",
    ),
    "with a guess": (
        "file: 'a/${DAET}'",
        ".file",
        "vars (did you mean DATE?); for the text itself",
    ),
    "a shell default": ("file: '${flat:-a}'", ".file", "${flat:-a} is not declared"),
    "nothing": ("file: 'a${}'", ".file", "${} is not declared"),
    "an item": ("file: '${s.port}'", ".file", "${s.port} is not declared"),
    "in a list": ("command: [a, '${b}']", ".command[1]", "${b} is not declared"),
    "in a mapping": ("{command: [a], env: {B: '${b}'}}", ".env.B", "${b} is not declared"),
    "in a key": ("{file: a, json: {'${flat}.a': b}}", ".json", "names are not replaced in keys"),
    "a list var": ("file: '${list}'", ".file", "the var list is a list or mapping, not one value"),
    "expected": ("{file: a, contains: '${DATE}'}", ".contains", "the input DATE may not stand in"),
    "through a var": ("{file: a, contains: '${tag}'}", ".contains", "the input DATE may not stand"),
    "an exit code": ("{command: [a], exit: '${DATE}'}", ".exit", "the input DATE may not stand in"),
    "which script": (
        "script: '${DATE}.sh'",
        ".script",
        "the input DATE may not stand in an expect",
    ),
    "required": ("{file: a, required: '${DATE}'}", ".required", "the input DATE may not steer how"),
    "successes": ("{file: a, successes: '${DATE}'}", ".successes", "the input DATE may not steer"),
    "timeout": ("{file: a, timeout: '${DATE}'}", ".timeout", "the input DATE may not steer how a"),
    "pins": ("{file: a, pins: ['${DATE}']}", ".pins", "the input DATE may not steer how a check"),
    "secret subject": (
        "http: 'http://a:1/${TOKEN}'",
        ".http",
        "the secret TOKEN may not stand here",
    ),
    "secret argument": ("command: [a, '${TOKEN}']", ".command", "the secret TOKEN may not stand"),
    "secret expected": ("{file: a, contains: '${TOKEN}'}", ".contains", "the secret TOKEN may not"),
    "secret name": ("{file: a, name: '${TOKEN}'}", ".name", "the secret TOKEN may not stand here"),
}


@pytest.mark.parametrize(("check", "path", "message"), STANDS.values(), ids=STANDS)
def test_where_a_name_may_not_stand(
    lint: Any, plan: Any, check: str, path: str, message: str
) -> None:
    found = lint(plan(check, names=DECLARED))
    assert len(found.problems) == 1, found
    assert found.problems[0].startswith(f"plans/x.yaml:10: phases[0].verify[0]{path}: "), found
    assert message in found.problems[0]


def test_where_names_may_stand(lint: Any, plan: Any) -> None:
    lint(
        plan(
            "file: 'out/${tag}/${DATE}/${flat}.txt'",
            "{file: a, contains: '${flat}', name: 'of ${flat}'}",
            "{file: b, contains: '$${anything}', lacks: ['${{ expression }}', '$HOME', '$flat']}",
            "{command: [tool, '--date=${DATE}'], env: {TOKEN_OF: '${TOKEN}'}, cwd: 'x/${DATE}'}",
            "{http: 'http://a:1/${tag}', headers: {A: 'B ${TOKEN}'}, json: {tag: '${flat}'}}",
            "{tcp: 'a:1', send: '${DATE}', expect: ok}",
            'command: \'test "${UNDECLARED:-x}" = "$DATE" && test ${HOME}\'',
            names=DECLARED,
        )
    ).loads()


def test_what_names_become(project: Any) -> None:
    """Vars at load, inputs at run, `$${x}` the text itself; shell text gets them as variables."""
    head = """\
    inputs: [DATE]
    vars:
      base: "${root}/sub"
      root: top
      tag: "tag+${DATE}"
      escaped: "$${DATE}"
      time: 22:22
    """
    project.plan(
        "x",
        """\
        - title: One
          verify:
            - name: arguments of ${root}
              command: [printf, "%s|", "${base}", "${tag}", "${escaped}", "$${base}", "${time}", $base]
              stdout: {equals: "top/sub|tag+7|${escaped}|$${base}|22:22|$base|"}
            - name: shell
              command: |
                printf '%s|' "${base}" "$tag" "$escaped" "$time" "${DATE}" '${root}' "${root:-}"
              stdout: {equals: "top/sub|tag+7|$${DATE}|22:22|7|$${root}|top|"}
            - name: what is not named is not handed over
              command: env
              stdout: {matches: "^PATH=", lacks: [top/sub, tag+7, DATE]}
        """,
        head=head,
    )
    checks = project.ask("show", "x").ok().data["plan"]["phases"][0]["checks"]
    assert [check["id"] for check in checks][:2] == ["arguments-of-top", "shell"]
    assert checks[0]["subject"] == "printf %s| top/sub tag+${DATE} $${DATE} $${base} 22:22 $base"
    assert '"${base}"' in checks[1]["subject"]
    found = project.ask("done", "x", 0, "--var", "DATE=7")
    told = {check["id"]: (check["verdict"], check["actual"]) for check in found.data["checks"]}
    assert [verdict for verdict, _ in told.values()] == ["passed"] * 3, told


def test_vars_are_no_bomb(lint: Any, plan: Any) -> None:
    """Each is twice the one before it; and a chain of them is followed only so far."""
    doubling = "".join(f"  a{n}: '${{a{n + 1}}}${{a{n + 1}}}'\n" for n in range(36))
    found = lint(plan("file: '${a0}'", names=f"vars:\n{doubling}  a36: {'x' * 100}\n"))
    assert [line for line in found.problems if "longer than 2 MB" in line] == found.problems
    assert len(found.problems) == 1
    many = lint(plan(f"file: '{'${a}' * 3000}'", names=f"vars: {{a: '{'x' * 1000}'}}\n"))
    assert "vars and for_each make the plan longer than 2 MB" in many.problems[0]
    chain = "".join(f"  a{n}: 'x${{a{n + 1}}}'\n" for n in range(2000))
    found = lint(plan("file: '${a0}'", names=f"vars:\n{chain}  a2000: x\n"))
    assert "vars stand in each other more than 40 deep" in found.problems[0]


PLACEHOLDERS = ["<org>", "<task_id>", "<PHASE_INDEX>", "<task_id ReplaceAll>"]


@pytest.mark.parametrize("word", PLACEHOLDERS)
def test_placeholders_that_nobody_filled_in(lint: Any, plan: Any, word: str) -> None:
    url = word.replace(" ", "_")
    checks = [
        f"file: 'docs/{word}/plan.md'",
        f"command: [docker, pull, 'registry:5000/{word}/web:1']",
        f"command: [tool, '--org={word}']",
        f"{{command: [a], env: {{ORG: '{word}'}}}}",
        f"http: 'http://{url}:80/health'",
        f"http: 'http://a/b?org={url}'",
        f"tcp: '{url}:80'",
    ]
    found = lint(plan(*checks))
    told = [line for line in found.problems if "was never filled in" in line]
    assert [line.split(":")[1] for line in told] == [str(7 + n) for n in range(len(checks))]


def test_what_only_looks_like_a_placeholder(lint: Any, plan: Any) -> None:
    lint(
        plan(
            "{file: a, lacks: ['<org>'], contains: <html>}",
            "{file: a, json: {title: '<none>'}, name: <b>}",
            "{http: 'http://a/', body: {contains: '<title>'}}",
            "{command: [a], stdout: {matches: <ok>}}",
            "{tcp: 'a:1', send: '<quit>', expect: <bye>}",
            "command: [grep, '-q', 'a<b>c', f]",
            "command: 'tool <in >out'",
        )
    ).loads()


def test_a_var_is_text_wherever_it_stands(lint: Any, plan: Any) -> None:
    """What came from elsewhere is never true or false, whatever its letters are."""
    found = lint(plan("{file: a, required: '${r}'}", names="vars: {r: false}\n"))
    assert found.problems == [
        "plans/x.yaml:8: phases[0].verify[0].required: expected true or false, not 'false'"
    ]
