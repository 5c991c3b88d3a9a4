"""`workflow`: what passes, fails and cannot be told, and what would hide that a gate fails."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from todo_manager.canonical import Scalar
from todo_manager.model import Verdict

PASSED, FAILED, ERROR = Verdict.PASSED, Verdict.FAILED, Verdict.ERROR
SHA = "0123456789abcdef0123456789abcdef01234567"

FLOW = f"""
    name: release  # never :latest
    on:
      push: {{branches: [main]}}
      pull_request:
    jobs:
      test:
        runs-on: ubuntu-latest
        strategy:
          matrix:
            python: ["3.11", "3.12", 3.10]
            os: [ubuntu-22.04, macos-14]
            exclude:
              - {{python: "3.12"}}
            include:
              - {{python: "3.14"}}
        steps:
          - uses: actions/checkout@v5
          - run: |
              pip install -e .
              pytest -q --cov
      build:
        runs-on: ubuntu-latest
        needs: test
        steps:
          - uses: docker/build-push-action@v5
            with:
              push: true
              tags: ghcr.io/acme/app:${{{{ github.sha }}}}
              provenance: ${{{{ inputs.provenance }}}}
          # - uses: anchore/scan-action@v4
          - uses: aquasecurity/trivy-action@{SHA}
            with: {{severity: "HIGH,CRITICAL", exit-code: 1}}
      deploy:
        runs-on: ubuntu-latest
        needs: [build]
        if: github.ref == 'refs/heads/main'
        steps:
          - run: ./deploy.sh
"""


@pytest.fixture
def flow(look: Any, world: Any) -> Callable[..., Any]:
    """What a check with these parameters finds in the workflow, some of whose text is replaced."""

    def find(wanted: dict[str, Any], *edits: tuple[str, str], text: str = FLOW) -> Any:
        text = textwrap.dedent(text)
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        path = Path(world.root) / ".github/workflows/a.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return look({"workflow": ".github/workflows/a.yml", **wanted})

    return find


PASSING: list[dict[str, Any]] = [
    {},
    {"jobs": ["test", "build"]},
    {"jobs": {"build": {"needs": ["test"]}, "test": {}}},
    {"jobs": {"deploy": {"needs": ["test", "build"]}}, "if": "github.ref == 'refs/heads/main'"},
    {"uses": "docker/build-push-action@v5", "with": {"push": True}},
    {"uses": "Docker/Build-Push-Action", "job": "build"},
    {"uses": "docker/build-push-action", "with": {"tags": {"contains": "ghcr.io/acme/app"}}},
    {"uses": "aquasecurity/trivy-action", "with": {"exit-code": Scalar("1"), "severity": {"contains": "CRITICAL"}}},
    {"uses": "aquasecurity/trivy-action", "with": {"exit-code": 1, "ignore-unfixed": {"exists": False}}},
    {"uses": "aquasecurity/trivy-action", "with": {"exit-code": {"ge": 1}}},
    {"uses": f"aquasecurity/trivy-action@{SHA}"},
    {"runs": "pytest"},
    {"runs": "pytest --cov", "job": "test"},
    {"matrix": {"python": ["3.11"], "os": "macos-14"}},
    {"matrix": {"python": ["3.1", "3.14"]}},
    {"on": ["pull_request"]},
    {"pinned": "version"},
    {"lacks": [":latest", "anchore"]},
]  # fmt: skip


@pytest.mark.parametrize("wanted", PASSING)
def test_passes(flow: Any, wanted: dict[str, Any]) -> None:
    found = flow(wanted)
    assert found.verdict == PASSED, found.actual
    assert found.facts["jobs"] == ["test", "build", "deploy"]


FAILING: list[tuple[dict[str, Any], str]] = [
    ({"jobs": ["scan"]}, "it has the jobs test, build, deploy"),
    ({"job": "scan", "uses": "actions/checkout"}, "it has the jobs"),
    ({"jobs": {"test": {"needs": ["build"]}}}, "needs nothing"),
    ({"jobs": ["deploy"]}, "runs only `if: github.ref"),
    ({"uses": "docker/build-push-action@v6"}, "no such step"),
    ({"uses": "docker/build-push"}, "no such step"),
    ({"uses": "docker/build-push-action", "job": "test"}, "no such step"),
    ({"uses": "anchore/scan-action"}, "no such step"),
    ({"uses": "docker/build-push-action", "with": {"push": False}}, 'push = "true"'),
    ({"uses": "docker/build-push-action", "with": {"load": True}}, "load = nothing there"),
    ({"uses": "aquasecurity/trivy-action", "with": {"exit-code": 0}}, 'exit-code = "1"'),
    ({"runs": "trivy image"}, "no such step"),
    ({"runs": "pytest", "job": "build"}, "no such step"),
    ({"runs": "./deploy.sh"}, "runs only `if: github.ref"),
    ({"matrix": {"python": ["3.10"]}}, "python = 3.11, 3.1"),
    ({"matrix": {"python": ["3.12"]}}, "python = 3.11, 3.1"),
    ({"matrix": {"node": "20"}}, "node = nothing"),
    ({"on": ["schedule"]}, "on: push, pull_request"),
    ({"pinned": "sha"}, "uses actions/checkout@v5"),
    ({"lacks": "trivy"}, "in line 3"),
]


@pytest.mark.parametrize(("wanted", "actual"), FAILING)
def test_fails(flow: Any, wanted: dict[str, Any], actual: str) -> None:
    found = flow(wanted)
    assert (found.verdict, actual in found.actual) == (FAILED, True), found.actual


UNKNOWN: list[dict[str, Any]] = [
    {"uses": "docker/build-push-action", "with": {"provenance": True}},
    {"uses": "docker/build-push-action", "with": {"provenance": {"ne": False}}},
    {"uses": "docker/build-push-action", "with": {"tags": {"matches": "[a-z]+$"}}},
    {"uses": "docker/build-push-action", "with": {"tags": {"contains": "sha"}}},
]


@pytest.mark.parametrize("wanted", UNKNOWN)
def test_what_only_a_run_can_tell(flow: Any, wanted: dict[str, Any]) -> None:
    found = flow(wanted)
    assert found.verdict == ERROR
    assert "only a run can tell" in found.actual


TRIVY = f"      - uses: aquasecurity/trivy-action@{SHA}\n"
HIDDEN = {
    "continue-on-error": (TRIVY, f"{TRIVY}        continue-on-error: true\n"),
    "as an expression": (
        TRIVY,
        f"{TRIVY}        continue-on-error: ${{{{ github.ref != 'x' }}}}\n",
    ),
    "no time": (TRIVY, f"{TRIVY}        timeout-minutes: 0\n"),
    "as a text": (TRIVY, f'{TRIVY}        continue-on-error: "false"\n'),
    "on the job": ("    needs: test\n", "    needs: test\n    continue-on-error: true\n"),
    "if: false": (TRIVY, f"{TRIVY}        if: false\n"),
    "if: always()": (TRIVY, f"{TRIVY}        if: always()\n"),
    "if: an expression": (TRIVY, f"{TRIVY}        if: ${{{{ github.event_name == 'push' }}}}\n"),
    "if: on the job": ("    needs: test\n", "    needs: test\n    if: ${{ false }}\n"),
    "a job left out before it": ("  test:\n", "  test:\n    if: false\n"),
    "needs what there is not": ("needs: test", "needs: tests"),
    "a matrix of nothing": (
        "    needs: test\n",
        "    needs: test\n    strategy: {matrix: {x: []}}\n",
    ),
    "a matrix that excludes all": (
        "    needs: test\n",
        "    needs: test\n    strategy: {matrix: {x: [1], exclude: [{x: 1}]}}\n",
    ),
    "a matrix of nothing before it": (
        """\
        exclude:
          - {python: "3.12"}
        include:
          - {python: "3.14"}
""",
        "        node: []\n",
    ),
}


@pytest.mark.parametrize("edit", HIDDEN.values(), ids=HIDDEN)
def test_a_gate_that_cannot_stop_anything(flow: Any, edit: tuple[str, str]) -> None:
    found = flow({"uses": "aquasecurity/trivy-action"}, edit)
    assert found.verdict == FAILED, found
    assert found.facts["jobs"] == ["test", "build", "deploy"]
    assert (
        "needs tests" in found.actual
        or "line" in found.actual
        or "left" in found.actual
        or "leaves" in found.actual
    )
    assert flow({"uses": "aquasecurity/trivy-action"}).verdict == PASSED


@pytest.mark.parametrize("value", ["false", "${{ false }}"])
def test_what_is_written_out_and_hides_nothing(flow: Any, value: str) -> None:
    so = PASSED if value == "false" else FAILED
    edit = (TRIVY, f"{TRIVY}        continue-on-error: {value}\n        if: ${{{{ success() }}}}\n")
    assert flow({"uses": "aquasecurity/trivy-action"}, edit).verdict == so


def test_a_stated_condition(flow: Any) -> None:
    edit = (TRIVY, f"{TRIVY}        if: ${{{{ github.event_name  == 'push' }}}}\n")
    wanted = {"uses": "aquasecurity/trivy-action", "if": "github.event_name == 'push'"}
    assert flow(wanted, edit).verdict == PASSED
    assert flow({**wanted, "if": "github.event_name == 'pull_request'"}, edit).verdict == FAILED


def test_one_step_that_counts_is_enough(flow: Any) -> None:
    report = TRIVY + "        continue-on-error: true\n"
    assert flow({"uses": "aquasecurity/trivy-action"}, (TRIVY, report + TRIVY)).verdict == PASSED


NEEDS = {
    "runs regardless": ("    needs: [build]\n    if: github.ref", "    needs: [build]\n    if: always() || github.ref"),
    "a needed one never fails": ("  build:\n", "  build:\n    continue-on-error: true\n"),
    "one between runs regardless": ("    needs: test\n", "    needs: test\n    if: ${{ !cancelled() }}\n"),
    "it needs nothing": ("    needs: [build]\n", ""),
}  # fmt: skip


@pytest.mark.parametrize("edit", NEEDS.values(), ids=NEEDS)
def test_needs_that_hold_nothing_back(flow: Any, edit: tuple[str, str]) -> None:
    wanted = {"jobs": {"deploy": {"needs": ["build", "test"]}}}
    condition = {"if": "github.ref == 'refs/heads/main'"}
    assert flow(wanted | condition).verdict == PASSED
    assert flow(wanted | condition, edit).verdict == FAILED


def test_a_job_whose_steps_all_go_on(flow: Any) -> None:
    text = "./deploy.sh\n"
    edit = (text, f"{text}        continue-on-error: true\n")
    condition = {"if": "github.ref == 'refs/heads/main'"}
    found = flow({"jobs": ["deploy"]} | condition, edit)
    assert (found.verdict, "each step of deploy" in found.actual) == (FAILED, True)


STEP = """
    on: push
    jobs:
      gate:
        runs-on: ubuntu-latest
        steps:
          - name: gate
            shell: {shell}
            run: |
{text}
"""

ENVIRONMENTS = {
    "a file that bash reads first": ("on: push", "on: push\nenv: {BASH_ENV: x.sh}"),
    "a function of that name": ("shell: bash", 'shell: bash\n        env: {"BASH_FUNC_pytest%%": "() { :; }"}'),
    "a step before it": ("steps:", "steps:\n      - run: echo BASH_ENV=x.sh >> $GITHUB_ENV"),
}  # fmt: skip


@pytest.mark.parametrize("edit", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_what_changes_the_shell(flow: Any, edit: tuple[str, str]) -> None:
    text = STEP.format(shell="bash", text="              pytest")
    assert flow({"runs": "pytest"}, text=text).verdict == PASSED
    found = flow({"runs": "pytest"}, edit, text=text)
    assert (found.verdict, "BASH_" in found.actual) == (FAILED, True)


def test_jobs_that_need_each_other(flow: Any) -> None:
    """GitHub refuses such a file whole."""
    edit = (
        "  test:\n    runs-on: ubuntu-latest\n",
        "  test:\n    runs-on: ubuntu-latest\n    needs: deploy\n",
    )
    found = flow({"jobs": ["build"]}, edit)
    assert (found.verdict, "jobs need each other" in found.actual) == (FAILED, True)


def test_a_merge_key_is_not_read(flow: Any) -> None:
    edit = (
        "      - run: ./deploy.sh\n",
        "      - {run: ./deploy.sh, <<: {continue-on-error: true}}\n",
    )
    assert flow({"jobs": ["test"]}, edit).verdict == ERROR


SHELL_TEXTS: list[tuple[str, str, bool]] = [
    # shell, text, whether `trivy image --exit-code 1` counts there
    ("bash", "trivy image --exit-code 1 app", True),
    ("bash", "trivy image --severity HIGH --exit-code=1 app", True),
    ("bash", "CI=1 trivy image --exit-code 1 app | tee log", True),
    ("bash", "echo on\ntrivy image --exit-code 1 app && echo good", True),
    ("bash", "trivy image --exit-code 1 app || exit 1", True),
    ("bash", "mkdir x || true\ntrivy image --exit-code 1 app", True),
    ("bash -euo pipefail {0}", "trivy image --exit-code 1 app", True),
    ("sh", "trivy image --exit-code 1 app\necho good", True),
    ("bash", "if test -d x; then echo; fi\ntrivy image --exit-code 1 app", True),
    ("bash", "trivy image --exit-code 1 app # || true", True),
    ("sh", "set -o pipefail\ntrivy image --exit-code 1 app | tee log", True),
    ("bash", "echo trivy image --exit-code 1 app", False),
    ("bash", "trivy image --exit-code 1 -h", False),
    ("bash", "# trivy image --exit-code 1 app\ntrue || false; ls", False),
    ("bash", "cat <<EOF\ntrivy image --exit-code 1 app\nEOF", False),
    ("bash", "trivy image --exit-code 0 app", False),
    ("bash", "trivy image --exit-code 1 --exit-code 0 app", False),
    ("bash", "trivy image --exit-code 1 app || true", False),
    ("bash", "trivy image --exit-code 1 app || echo bad", False),
    ("bash", "trivy image --exit-code 1 app || exit 0", False),
    ("bash", "trivy image --exit-code 1 app && echo good\necho on", False),
    ("bash", "test -e x && trivy image --exit-code 1 app\necho on", False),
    ("bash", "trivy image --exit-code 1 app; true", False),
    ("bash", "trivy image --exit-code 1 app &\nwait", False),
    ("bash", "set +e\ntrivy image --exit-code 1 app\nls", False),
    ("bash", "set +o errexit\ntrivy image --exit-code 1 app\nls", False),
    ("bash", "if trivy image --exit-code 1 app; then echo good; fi\nls", False),
    ("bash", "! trivy image --exit-code 1 app\nls", False),
    ("bash", "trivy() { :; }\ntrivy image --exit-code 1 app", False),
    ("bash", "alias trivy=true\ntrivy image --exit-code 1 app", False),
    ("bash", "exit\ntrivy image --exit-code 1 app", False),
    ("bash", "exec ls\ntrivy image --exit-code 1 app", False),
    ("bash", "(ls)\nexit 0\ntrivy image --exit-code 1 app", False),
    ("bash", "test -z x && exit 0\ntrivy image --exit-code 1 app", False),
    ("bash", "if test -z x; then exit 0; fi\ntrivy image --exit-code 1 app", False),
    ("bash", "test -e x || exit 1\nexec 2>log\ntrivy image --exit-code 1 app", True),
    ("bash", "trap 'exit 0' EXIT\ntrivy image --exit-code 1 app", False),
    ("bash", "scan() { trivy image --exit-code 1 app; }\nls", False),
    ("bash", "{ trivy image --exit-code 1 app; } || ls", False),
    ("bash", "( trivy image --exit-code 1 app ) || ls", False),
    ("bash", "for i in 1; do trivy image --exit-code 1 app; done | cat", False),
    ("bash", "echo $(trivy image --exit-code 1 app)", False),
    ("bash", "false || trivy image --exit-code 1 app", False),
    ("bash", "[[ -d x && -e y ]]\ntrivy image --exit-code 1 app", True),
    ("bash", "case x in\n x) ls ;;\nesac\ntrivy image --exit-code 1 app", True),
    ("bash", "case x in\n x) trivy image --exit-code 1 app ;;\nesac\nls", False),
    ("bash", "function scan {\ntrivy image --exit-code 1 app\n}\nls", False),
    ("bash", "function trivy { :; }\ntrivy image --exit-code 1 app", False),
    ("bash", "scan() (\ntrivy image --exit-code 1 app\n)\nls", False),
    ("bash", "while true; do\ntrivy image --exit-code 1 app && break\ndone\nls", False),
    ("bash", "test -e x || {\ntrivy image --exit-code 1 app\n}\nls", False),
    ("bash", "time trivy image --exit-code 1 app > log 2>&1", True),
    ("sh", "trivy image --exit-code 1 app | tee log", False),
    ("bash {0}", "trivy image --exit-code 1 app\nls", False),
    ("bash --noprofile {0} -e", "trivy image --exit-code 1 app\nls", False),
    ("bash -el {0}", "trivy image --exit-code 1 app\nls", True),
    ("bash", "trivy image --exit-code 1 app || exit $?\nls", True),
    ("bash", "trivy image --exit-code 1 app || false\nls", True),
    ("bash", "trivy image --exit-code 1 app || exit 00\nls", False),
    ("bash", "trivy image --exit-code 1 app || exit 256\nls", False),
    ("bash", "trivy image --exit-code 1 app || exit $((0))\nls", False),
    ("bash", "trivy image --exit-code 1 app || exit $CODE\nls", False),
    ("sh", "trivy image --exit-code 1 app || exit 1 | cat\nls", False),
    ("bash", "trivy image --exit-code 1 app || exit 1 &\nls", False),
    ("bash", "trivy image --exit-code 1 app || exit 1 && ls &\nls", False),
    ("bash", "trivy image --exit-code 1 app || false || true\nls", False),
    ("bash", "trivy image --exit-code 1 app || false && ls\nls", False),
    ("bash", "exit 256\ntrivy image --exit-code 1 app", False),
    ("bash", "builtin exit 0\ntrivy image --exit-code 1 app", False),
    ("bash", "builtin set +e\ntrivy image --exit-code 1 app\nls", False),
    ("bash", "command set +e\ntrivy image --exit-code 1 app\nls", False),
    ("bash", "shopt -uo errexit\ntrivy image --exit-code 1 app\nls", False),
    ("bash", "shopt -so pipefail\ntrivy image --exit-code 1 app\nls", True),
    ("bash", "eval 'set +e'\ntrivy image --exit-code 1 app\nls", False),
    ("bash", "set -n\ntrivy image --exit-code 1 app\nls", False),
    ("bash", "set -o noexec\ntrivy image --exit-code 1 app\nls", False),
    ("bash", "hash -p /bin/true trivy\ntrivy image --exit-code 1 app\nls", False),
    ("sh", "false && set -o pipefail\ntrivy image --exit-code 1 app | tee log", False),
    ("sh", "set -o pipefail | cat\ntrivy image --exit-code 1 app | tee log", False),
    ("bash", "trivy image --exit-code 1 --help app", False),
]


@pytest.mark.parametrize(("shell", "text", "counts"), SHELL_TEXTS)
def test_a_command_that_a_step_runs(flow: Any, shell: str, text: str, counts: bool) -> None:
    whole = STEP.format(shell=shell, text=textwrap.indent(text, " " * 14))
    found = flow({"runs": "trivy image --exit-code 1"}, text=whole)
    assert found.facts["jobs"] == ["gate"]
    assert found.verdict == (PASSED if counts else FAILED), found.actual


BEFORE_HONEST = [
    "echo $'a\\tb'\nIMAGE=\"app:$GITHUB_SHA\"\ndocker build -t \"$IMAGE\" .",
    # What is handed on, later steps get; this one does not.
    "echo ./tools >> $GITHUB_PATH",
    "pip install -r requirements.txt\npython -m pip install --upgrade '.[test]'",
    "set -euxo pipefail\nnpm ci --no-audit",
    "export FOO=bar BAZ=\"$FOO:x\"\nFOO=2 npm run build",
    "mkdir -p build/x && touch build/x/y\nVERSION=$(git describe --tags | sed 's/^v//')\necho \"$VERSION\"",
    "if [ -f requirements.txt ]; then pip install -r requirements.txt; fi",
    "sudo apt-get update\nsudo apt-get install -y \\\n  libfoo-dev \\\n  bar",
    "curl -fsSL https://example.org/x.sh | sh -s -- --yes",
    "for f in a b; do ./prepare.sh \"$f\"; done\nwhile ! nc -z db 5432; do sleep 1; done",
    "case \"$RUNNER_OS\" in\n  Linux|macOS) pip install x ;;\n  *) exit 1 ;;\nesac",
    "( cd web && npm ci )\n(exit 0)",
    "cat > .env <<EOF\nA=${A:-b}\nEOF\ncp .env .env.test",
    "docker compose up -d --wait\n[[ -n \"$CI\" && $REF == refs/* ]] || exit 1",
    "retry() { npm ci || npm ci; }\nretry\nbash -c 'cd x; exit 0'\nbuiltin echo on",
    "python -c 'print(1)' > log 2>&1 || true\n! grep -q ERROR log",
    "# it's only a note\nLC_ALL=C sort x\nexport PYTHONUNBUFFERED=1 TZ=UTC MAKEFLAGS=-j4",
    "read -r VERSION < version.txt\nhash -r\nshopt -s globstar nullglob\nulimit -c unlimited",
    "echo ${{ matrix.python }} ${{ github.sha }} ${{ env.NAME }} ${{ secrets.TOKEN }}",
    "echo \"${GITHUB_REF#refs/tags/}\" \"${X:0:7}\" $((2*3)) ${#X} ${X//a/b}",
]  # fmt: skip
BEFORE_SPOILT = [
    "PATH=./fake:$PATH", "export PATH=./fake:$PATH", "export FOO=1 PATH", "declare -x PATH=fake",
    "export MAKEFLAGS=-n", "readonly BASH_ENV=x", "printf -v PATH fake", "read -r PATH < x",
    "for PATH in fake; do :; done", "echo ${PATH:=fake}", "echo $((PATH=1))", "(( PATH = 1 ))",
    "n=PATH=1; [[ n -eq 1 ]]", "echo ${x:PATH=1:2}", "echo $\\\n{PATH:=fake}", "echo x {PATH}>y",
    "cat <<E\n${PATH:=fake}\nE", "declare -n p=PATH; p=fake", "declare -i n=PATH=1", "a=([PATH=1]=x)",
    "PATH[0]=fake", "unset PATH", "unset 'a[PATH=1]'", "[ -v 'a[PATH=1]' ]", "set -a -k", "set -t",
    "source ./env.sh", ". ./env.sh", ". /dev/stdin <<< 'exit 0'", "source <(echo 'make() { :; }')",
    "eval 'make() { :; }'", "e=exit; $e 0", "{exit,0}", "`echo exit` 0", "\\exit 0", "ex\"\"it 0",
    "command -p exit 0", "builtin . ./env.sh", "command eval exit", "mapfile -C x y", "enable -f x make",
    "jobs -x exit 0", "coproc make", "alias make=true", "trap : ERR", "set() { :; }", "suspend",
    "command_not_found_handle() { :; }", "f() { exit 0; }; f", "return 0", "let PATH=1", "getopts a PATH",
    "case x in (a) exit 0 ;; *) exit 0 ;; esac", "select PATH in x; do break; done",
    "cd fake", "mkdir x && cd x", "cd -", "cd \"$X\"", "pushd fake", "chdir fake", "test -d x && cd x; ls",
    "echo $'\\' '\nexit 0\n#'", "echo \"${x:-'}\"\nexit 0\n# '}\"", "time -p exit 0",
    "[[ ]]", "f()", "f() # x", "if true; then cd fake; fi", "${{ env.BAD }}", "echo ${{ env.BAD }}", "echo ${{ inputs.x }}",
    "echo ${{ matrix.bad }}", "echo ${{ steps.a.outputs.b }}", "ls !(x)\nexit 0",
]  # fmt: skip
BESIDE_SPOILT = [
    "MAKEFLAGS=-n make test", "PATH=fake make test", "make test -n", "make test -kn", "make test -f other.mk",
    "make test SHELL=/bin/true", "make test --ignore-errors", "make test ${PATH:=fake}",
    "echo $(cat <<E)\nmake test\nE", "A=-n\nmake test $A", "export A=-k\\ -n; make test ${A}", "make test $QUIET",
    f"A='{'$B ' * 5000}'\nB='{'$C ' * 5000}'\nC='{'x ' * 5000}'\nmake test $A", "make test ${{ env.BAD }}",
    "make test MAKEFLAGS=-n", "make test |\n${{ env.BAD }}",
    "true || cat x | make test", "false && cat x | make test\necho on", "! cat x | make test\necho on",
    "! < x |\nmake test\necho on", "true || { ls; } | make test", "true || (ls; ls) | make test",
    "make test | { ls; } &\necho on", "make test || while false; do ls; done", "make test || ! false",
    "make test |& (false)\necho on &", "make test || exit 1 || f() { ls; } &\necho on",
]  # fmt: skip
PLACE = (
    'runs-on: x\n        env: {NAME: "a:${{ github.sha }}", BAD: "x; exit 0", QUIET: -n}\n'
    '        strategy: {matrix: {python: ["3.11", "3.12"], bad: ["x", "x; exit 0"]}}'
)


def _steps(text: str) -> str:
    found = STEP.format(shell="bash", text=textwrap.indent(text, " " * 14))
    return found.replace("runs-on: ubuntu-latest", PLACE)


@pytest.mark.parametrize("before", BEFORE_HONEST)
def test_what_may_stand_before_a_command(flow: Any, before: str) -> None:
    found = flow({"runs": "make test"}, text=_steps(f"{before}\nmake test -j4 V=1 > log"))
    assert found.verdict == PASSED, found.actual


@pytest.mark.parametrize("before", BEFORE_SPOILT)
def test_what_makes_a_command_another(flow: Any, before: str) -> None:
    found = flow({"runs": "make test"}, text=_steps(f"{before}\nmake test"))
    assert found.verdict == FAILED, found.actual
    assert "no such step" not in found.actual


@pytest.mark.parametrize("text", BESIDE_SPOILT, ids=range(len(BESIDE_SPOILT)))
def test_what_beside_a_command_makes_it_another(flow: Any, text: str) -> None:
    found = flow({"runs": "make test"}, text=_steps(text))
    assert (found.verdict, "no such step" in found.actual) == (FAILED, False), found.actual


def test_what_is_handed_to_a_command(flow: Any) -> None:
    for text in ("cat x | make test\necho on", "cat x |\n  sort | make test && echo good"):
        assert flow({"runs": "make test"}, text=_steps(text)).verdict == PASSED


def test_what_the_options_of_a_container_set(flow: Any) -> None:
    for options, so in (("--cpus=2 -e CI=1", PASSED), ("-e MAKEFLAGS=-n", FAILED)):
        edit = ("runs-on: x", f"runs-on: x\n    container: {{image: a, options: '{options}'}}")
        assert flow({"runs": "make test"}, edit, text=_steps("make test")).verdict == so


def test_what_comes_after_a_command_changes_nothing(flow: Any) -> None:
    after = "make test\ncd x\nexport PATH=x\neval x\necho ${{ env.BAD }}\n./done.sh"
    assert flow({"runs": "make test"}, text=_steps(after)).verdict == PASSED


def test_the_folder_a_command_runs_in(flow: Any) -> None:
    inner = _steps("cd web/app && cd ../web || exit 1\nmake test")
    for text in (
        _steps("cd web\nmake test"),
        _steps("cd web && make test"),
        _steps("cd web || exit 1\nmake test"),
    ):
        assert "folder web" in flow({"runs": "make test"}, text=text).actual
        assert flow({"runs": "make test", "folder": "./web/"}, text=text).verdict == PASSED
    assert flow({"runs": "make test", "folder": "web"}, text=inner).verdict == FAILED
    outer = _steps("make test")
    for place in ("on: push", "runs-on: x", "shell: bash"):
        key = "working-directory: web"
        key = key if place == "shell: bash" else f"defaults: {{run: {{{key}}}}}"
        edit = (
            place,
            f"{place}\n{' ' * (outer.split(place)[0].rsplit(chr(10), 1)[1].count(' ') - 4)}{key}",
        )
        assert flow({"runs": "make test"}, edit, text=outer).verdict == FAILED
        assert flow({"runs": "make test", "folder": "web"}, edit, text=outer).verdict == PASSED
    unknown = ("shell: bash", "shell: bash\n        working-directory: ${{ matrix.python }}")
    assert flow({"runs": "make test"}, unknown, text=outer).verdict == ERROR


HANDED_ON = [
    # what a step before it does, and whether the command still counts
    ("run: echo ./fake >> $GITHUB_PATH", False),
    ("run: echo '$HOME/bin' >> $GITHUB_PATH", False),
    ("run: echo $HOME/work/a/a/fake >> $GITHUB_PATH", False),
    ("run: echo $HOME/x/../work >> $GITHUB_PATH", False),
    ("{env: {HOME: .}, run: echo $HOME/bin >> $GITHUB_PATH}", False),
    ('run: echo "$HOME/.local/bin" >> "$GITHUB_PATH"', True),
    ("run: echo MAKEFLAGS=-n >> $GITHUB_ENV", False),
    ("run: echo -e 'A=1\\nPATH=fake' >> $GITHUB_ENV", False),
    ("run: cat env.txt >> $GITHUB_ENV", False),
    ("run: printf 'PATH=x' | tee -a $GITHUB_ENV", False),
    ('run: echo "VERSION=$(cat version | head -1)" >> $GITHUB_ENV', True),
    ("run: echo VERSION=${{ github.sha }} >> $GITHUB_ENV", True),
    ("{uses: actions/github-script@v7, with: {script: core.addPath('fake')}}", False),
    ("{uses: actions/github-script@v7, with: {script: 'core.exportVariable(\"A\", 1)'}}", True),
    ("{uses: actions/setup-python@v5, with: {python-version: '3.12'}}", True),
]


@pytest.mark.parametrize(("earlier", "counts"), HANDED_ON)
def test_what_steps_before_it_hand_on(flow: Any, earlier: str, counts: bool) -> None:
    edit = ("steps:", f"steps:\n      - {earlier}")
    found = flow({"runs": "make test"}, edit, text=_steps("make test"))
    assert found.verdict == (PASSED if counts else FAILED), found.actual


ENV = [
    ("{MAKEFLAGS: -n}", FAILED), ("{PATH: './fake:/usr/bin'}", FAILED), ("{PYTHONPATH: x}", FAILED),
    ("{LD_PRELOAD: x.so}", FAILED), ("{NODE_OPTIONS: '--require x'}", FAILED), ("{GOFLAGS: -n}", FAILED), ("{MAKEFLAGS: -j$(nproc)}", FAILED),
    ("'${{ fromJSON(matrix.env) }}'", ERROR), ("{PYTEST_ADDOPTS: --co}", FAILED),
    ("{CI: 1, PYTHONUNBUFFERED: 1, MAKEFLAGS: -j4, LANG: C, CARGO_TERM_COLOR: always}", PASSED),
    ("{PYTEST_ADDOPTS: --color=yes, NODE_OPTIONS: --max-old-space-size=4096}", PASSED),
]  # fmt: skip


@pytest.mark.parametrize(("env", "verdict"), ENV)
def test_variables_it_is_given(flow: Any, env: str, verdict: Verdict) -> None:
    text = STEP.format(shell="bash", text=" " * 14 + "make test")
    for place, name in (
        ("on: push", "env"),
        ("shell: bash", "env"),
        ("runs-on: ubuntu-latest", "container"),
    ):
        indent = " " * {"on: push": 0, "shell: bash": 8}.get(place, 4)
        given = f"{{image: a, env: {env}}}" if name == "container" else env
        edit = (place, f"{place}\n{indent}{name}: {given}")
        assert flow({"runs": "make test"}, edit, text=text).verdict == verdict


@pytest.mark.parametrize(
    "place", ["    on: push\n", "        runs-on: x\n", "            shell: bash\n"]
)
@pytest.mark.parametrize("name", ["BASH_ENV", "SHELLOPTS"])
def test_variables_that_change_the_shell(flow: Any, place: str, name: str) -> None:
    whole = STEP.format(shell="bash", text=" " * 14 + "pytest").replace("ubuntu-latest", "x")
    assert flow({"runs": "pytest"}, text=whole).verdict == PASSED
    indent = " " * (len(place) - len(place.lstrip()))
    found = flow(
        {"runs": "pytest"},
        (place.strip(), f"{place.strip()}\n{indent[4:]}env: {{{name}: x}}"),
        text=whole,
    )
    assert (found.verdict, name in found.actual) == (FAILED, True)


OTHER_JOB = """
    on: push
    jobs:
      once:
        runs-on: ubuntu-latest
        steps: [{run: pytest}]
      often:
        runs-on: ubuntu-latest
        strategy: {matrix: {python: ["3.11", "3.12"]}}
        steps: [{run: ls}]
"""


def test_the_matrix_of_another_job(flow: Any) -> None:
    """The step is run once, whatever another job is run with."""
    wanted = {"runs": "pytest", "matrix": {"python": ["3.11", "3.12"]}}
    assert flow(wanted, text=OTHER_JOB).verdict == FAILED
    assert flow(wanted, ("{run: ls}", "{run: pytest}"), text=OTHER_JOB).verdict == PASSED


def test_where_a_failure_is_hidden_is_said(flow: Any) -> None:
    whole = STEP.format(shell="bash", text=" " * 14 + "pytest || true")
    found = flow({"runs": "pytest"}, text=whole)
    assert "job gate, step 1 (line 7)" in found.actual
    assert "|| true" in found.actual


def test_the_default_shell_has_no_pipefail(flow: Any) -> None:
    text = STEP.replace("            shell: {shell}\n", "").format(
        text=" " * 14 + "pytest | tee log"
    )
    found = flow({"runs": "pytest"}, text=text)
    assert (found.verdict, "no pipefail" in found.actual) == (FAILED, True)
    default = text.replace("    on: push\n", "    on: push\n    defaults: {run: {shell: bash}}\n")
    assert flow({"runs": "pytest"}, text=default).verdict == PASSED


@pytest.mark.parametrize(
    ("shell", "runner"),
    [
        ("pwsh", "ubuntu-latest"), ("python", "ubuntu-latest"), ("", "windows-latest"), ("", "${{ inputs.os }}"),
        # Shells that never come to the step's text.
        ("bash -ec true {0}", "ubuntu-latest"), ("bash -en {0}", "ubuntu-latest"),
        ("bash -e /dev/null {0}", "ubuntu-latest"), ("bash -e --version {0}", "ubuntu-latest"),
        ("bash -eo noexec {0}", "ubuntu-latest"), ("bash -e +e {0}", "ubuntu-latest"),
    ],
)  # fmt: skip
def test_shells_that_are_not_read(flow: Any, shell: str, runner: str) -> None:
    text = STEP.format(shell=shell or "bash", text=" " * 14 + "pytest").replace(
        "ubuntu-latest", runner
    )
    text = text if shell else text.replace("            shell: bash\n", "")
    assert flow({"runs": "pytest"}, text=text).verdict == ERROR


BROKEN = {
    "no jobs": "on: push\njobs: {}\n",
    "nothing starts it": "jobs: {a: {runs-on: x, steps: [{run: ls}]}}\n",
    "no runner": "on: push\njobs: {a: {steps: [{run: ls}]}}\n",
    "no steps": "on: push\njobs: {a: {runs-on: x}}\n",
    "a step that does nothing": "on: push\njobs: {a: {runs-on: x, steps: [{name: scan}]}}\n",
    "a list": "[on, jobs]\n",
    "no yaml": "on: [push\njobs: {}\n",
    "empty": "\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_files_that_github_would_not_run(flow: Any, text: str) -> None:
    assert flow({}, text=text).verdict == FAILED
    assert flow({"lacks": ":latest"}, text=text).verdict == FAILED


def test_files_that_are_not_read(flow: Any, look: Any, world: Any) -> None:
    anchors = "on: push\njobs: {a: &x {runs-on: x, steps: [{run: ls}]}, b: *x}\n"
    twice = "on: push\non: push\njobs: {a: {runs-on: x, steps: [{run: ls}]}}\n"
    assert flow({"jobs": ["a"]}, text=anchors).verdict == ERROR
    assert flow({"jobs": ["a"]}, text=twice).verdict == ERROR
    path = Path(world.root) / "a.yml"
    path.write_bytes(FLOW.encode("utf-16"))
    assert look({"workflow": "a.yml", "lacks": ":latest"}).verdict == ERROR
    path.unlink()
    path.mkdir()
    assert look({"workflow": "a.yml"}).verdict == FAILED


ODD = [
    ("shell: '  '", "run: pytest"),
    ("shell: bash", "run: '" + "$(" * 500 + "'"),
    ("shell: bash", "run: '" + "(" * 3000 + "'"),
    ("shell: bash", "run: 'pytest; }}} fi done ) && || |'"),
    ("with: {x: 1e999999999999999999999}", "uses: a/b@v1"),
    ("with: [x]", "uses: a/b@v1"),
    ("if: {a: [b]}", "run: pytest"),
]


@pytest.mark.parametrize(("line", "does"), ODD)
def test_odd_files_never_pass_and_never_break_it(flow: Any, line: str, does: str) -> None:
    text = f"on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - {does}\n        {line}\n"
    for wanted in ({"runs": "pytest -x"}, {"uses": "a/b", "with": {"x": {"gt": 1}, "y": 1}}):
        assert flow(wanted, text=text).verdict in (FAILED, ERROR)


def test_no_such_file(look: Any) -> None:
    found = look({"workflow": ".github/workflows/none.yml", "lacks": ":latest"})
    assert (found.verdict, found.actual) == (FAILED, "it does not exist")


def test_a_matrix_made_by_an_expression(flow: Any) -> None:
    text = """
        on: push
        jobs:
          a:
            runs-on: x
            strategy: {matrix: "${{ fromJSON(inputs.matrix) }}"}
            steps: [{run: ls}]
    """
    assert flow({"matrix": {"python": "3.11"}}, text=text).verdict == ERROR


def test_calls_of_other_workflows(flow: Any) -> None:
    text = f"""
        on: push
        jobs:
          scan:
            uses: acme/flows/.github/workflows/scan.yml@{SHA}
            with: {{fail: true}}
    """
    wanted = {"uses": "acme/flows/.github/workflows/scan.yml", "with": {"fail": True}}
    assert flow(wanted | {"pinned": "sha"}, text=text).verdict == PASSED
    hidden = ("  scan:\n", "  scan:\n    if: false\n")
    assert flow(wanted, hidden, text=text).verdict == FAILED


PINS = [
    # what is used, pinned by version, pinned by sha
    ("actions/checkout@v5", True, False),
    ("actions/checkout@v5.1.0", True, False),
    (f"actions/checkout@{SHA}", True, True),
    (f"actions/checkout@{SHA[:12]}", False, False),
    ("actions/checkout@main", False, False),
    ("actions/checkout", False, False),
    ("./.github/actions/own", True, True),
    ("docker://alpine:3.20", True, False),
    ("docker://alpine:latest", False, False),
    ("docker://localhost:5000/alpine", False, False),
    (f"docker://alpine@sha256:{'a' * 64}", True, True),
    (f"docker://alpine@{SHA}", False, False),
]


@pytest.mark.parametrize(("uses", "version", "sha"), PINS)
def test_pins(flow: Any, uses: str, version: bool, sha: bool) -> None:
    text = f"on: push\njobs: {{a: {{runs-on: x, steps: [{{uses: '{uses}'}}]}}}}\n"
    for how, so in (("version", version), ("sha", sha)):
        assert flow({"pinned": how}, text=text).verdict == (PASSED if so else FAILED), how


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"uses": "a/b", "runs": "ls"}, "not both"),
    ({"with": {"a": 1}}, "with belongs to uses"),
    ({"uses": "a/b", "folder": "x"}, "folder belongs to runs"),
    ({"uses": "a b"}, "expected an action"),
    ({"uses": "a/b", "with": {}}, "mapping of inputs"),
    ({"uses": "a/b", "with": {"x": {"contains": Scalar("")}}}, "asserts nothing"),
    ({"with_": {"a": 1}}, "unknown parameter"),
    ({"withs": {"a": 1}}, "did you mean with?"),
    ({"runs": "a | b"}, "one plain command"),
    ({"runs": "--exit-code 1"}, "one plain command"),
    ({"runs": "a", "if": Scalar("false")}, "never runs"),
    ({"jobs": []}, "asserts nothing"),
    ({"jobs": {"a": {"need": "b"}}}, "expected {needs"),
    ({"matrix": {"a": []}}, "asserts nothing"),
    ({"pinned": "tag"}, "expected one of version, sha"),
    ({"lacks": ""}, ""),
]


@pytest.mark.parametrize(("wanted", "reason"), WRONG)
def test_refused_at_load(refused: Any, wanted: dict[str, Any], reason: str) -> None:
    assert reason in refused({"workflow": ".github/workflows/a.yml", **wanted})


def test_patterns_and_other_folders(check: Any, refused: Any) -> None:
    assert "expected one file" in refused({"workflow": ".github/workflows/*.yml"})
    assert check({"workflow": "ci/a.yml", "jobs": ["a"]}).lint() == [
        "GitHub runs only files in .github/workflows"
    ]
    assert "passes: say what" in check({"workflow": ".github/workflows/a.yml"}).lint()[0]
