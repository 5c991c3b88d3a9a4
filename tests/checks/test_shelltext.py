"""Shell texts that pass whatever happens: refused when a plan is loaded. And those that only look so."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from todo_manager.canonical import Scalar
from todo_manager.checks.shelltext import MAX_LENGTH, cannot_fail

PASSES = {
    "or true": "foo || true",
    "or true, tight": "foo ||true",
    "true, then": "foo; true",
    "true, next line": "foo\ntrue\n",
    "before and": "grep -q x f && echo good\necho done",
    "before and, twice": "a && b && echo x; echo y",
    "colon": "foo\n:\n# the end",
    "in a subshell": "( foo || : )",
    "in many": "foo || ( ( (true) ) )",
    "in braces": "{ foo; } || true;",
    "braces in braces": "foo || { { true; }; }",
    "after a word": "foo || { echo bad; true; }",
    "or exit 0": "foo || exit 0",
    "exit 0": "foo; exit 0",
    "exit 0, commented": "exit 0 # ok",
    "exit 00": "foo; exit 00",
    "exit zero, quoted": 'foo; exit "0"',
    "exit zero, computed": "foo; exit $((0))",
    "exit 0 too early": "exit 0\nfoo",
    "exit 0 before and": "exit 0 && foo",
    "and true": "foo && true",
    "piped": "foo | true",
    "background": "foo &",
    "background in a subshell": "(foo &)",
    "background in braces": "{ foo & }",
    "background, commented": "foo & # later",
    "background and wait": "foo & wait",
    "if not, true": "if ! foo; then true; fi",
    "if, both": "if foo; then true; else :; fi",
    "if, elif": "if foo; then true; elif bar; then exit 0; fi",
    "if, said": "if foo; then echo ok; else echo not ok; fi",
    "case, all": "case $x in a) true ;; *) : ;; esac",
    "for, or true": "for f in a b; do foo $f || true; done",
    "or said": "foo || echo not ok",
    "or printed": "foo || printf '%s' bad >&2",
    "or said twice": "foo || { echo bad; echo very; }",
    "backslash": r"foo || \true",
    "quoted": "foo || 'true'",
    "half quoted": 'foo || tr""ue',
    "dollar quoted": "foo || $'true'",
    "by its path": "foo || /usr/bin/true",
    "command": "foo || command true",
    "builtin": "foo || builtin :",
    "exec": "foo || exec true",
    "env": "foo || env A=b true",
    "timeout": "timeout 5 true",
    "with an assignment": "A=b true",
    "with words": "foo || true is fine",
    "with redirections": "foo || true >/dev/null 2>&1",
    "fed": "true <<< x",
    "a commented block": ": <<'END'\nfoo\nEND",
    "continued": "foo \\\n || \\\n true",
    "on another line": "foo ||\n\ntrue",
    "a default": ': "${X:=default}"',
    "a substitution": ": $(foo)",
    "backticks": ": `foo`",
    "not false": "foo || ! false",
    "first": "true || foo",
    "a fixed test": "[ 1 ]",
    "a fixed text": "[[ yes ]]",
    "defined, not called": "check() { foo; }",
    "defined with function": "function check { foo; }",
    "main": 'main() { foo; exit 0; }\nmain "$@"',
    "another shell": "bash -c 'foo || true'",
    "a shell, fed": "sh <<'EOF'\nfoo || true\nEOF",
    "eval": "eval 'foo || true'",
    "a trap": "trap 'exit 0' EXIT; foo",
    "after a document": "cat <<EOF\nfoo\nEOF\ntrue",
    "beside a document": "cat <<EOF; true\n$(foo)\nEOF",
    "after arithmetic": "(( 1 << 2 ))\nfoo || true",
    "after a substitution": "x=$(case a in a) echo b;; esac); true",
    "after a compound": "if x; then { foo; } fi; true",
    "or exit 256": "foo || exit 256",
    "or exit +0": "foo || exit +0",
    "or an assignment": "foo || X=1",
    "or a setting": "foo || set -e",
    "or export": "foo || export X=1",
    "or sleep": "foo || sleep 1",
    "or date": "foo || date",
    "or a fixed test": "foo || [ -n x ]",
    "for nothing": "for i in; do foo; done",
    "a coprocess": "coproc foo",
    "empty": "",
    "blank": " \n\t\n",
    "only a comment": "# foo",
    "too long": "foo " + "a" * MAX_LENGTH,
    "too deep": "$(" * 40 + "foo" + ")" * 40,
}
MAY_FAIL = {
    "one command": "foo",
    "a list": "foo; bar\nbaz",
    "and": "foo && bar",
    "or exit 1": "foo || exit 1",
    "or exit": "foo || exit",
    "or a group that exits": "foo || { echo bad; exit 1; }",
    "exit with a value": "exit $x",
    "not": "! grep -q bad f",
    "true as an argument": "grep -q true file",
    "true compared": "test x = true",
    "true in brackets": '[ "$(foo)" = true ]',
    "true in double brackets": "[[ $x == true || $y =~ ^(a|true)$ ]]",
    "true said": "echo true",
    "true as an option": "foo --flag=true",
    "true in quotes": "psql -c 'select 1; true'",
    "true in a comment": "foo # || true",
    "a hash in quotes": 'echo "a # b" | grep -q b',
    "true behind a backslash": r"foo \; true",
    "true elsewhere": "foo || true; bar",
    "true in a substitution": 'test -n "$(foo || true)"',
    "true in a process": "diff a <(foo; true)",
    "true in a document": "cat <<EOF | grep -q x\ntrue\nEOF",
    "exit 0 in a document": "python3 - <<'EOF'\nimport sys\nexit 0\nEOF",
    "an indented document": "cat <<-EOF | grep -q x\n\ttrue\n\tEOF",
    "exit 0 in quotes": "grep -c 'exit 0' f",
    "must be set": ": ${X:?unset}",
    "must be set, quoted": ': "${X?}"',
    "is set": ": $X",
    "can be read": ": < file",
    "exists": "command -v true",
    "a test": '[ "$x" ]',
    "if, exit": "if grep -q bad f; then exit 1; fi",
    "if, both": "if foo; then exit 0; else exit 1; fi",
    "if, more": "if foo; then bar; echo ok; fi",
    "case": "case $v in 1.*) exit 1 ;; *) exit 0 ;; esac",
    "until": "until curl -f x; do :; done",
    "for": "for f in *; do test -s $f; done",
    "while": "while read -r x; do test $x; done < f",
    "called": 'check() { foo; }\ncheck "$@"',
    "waited for": "foo & wait $!",
    "a trap that tidies up": "trap 'rm -f x' EXIT; foo",
    "a trap that fails": "trap 'exit 1' EXIT; foo",
    "a script": "bash run.sh -c true",
    "another shell": "bash -c 'foo; bar'",
    "in a container": "docker exec web sh -c true",
    "an array": 'a=(1 2); foo "${a[@]}"',
    "arithmetic": "(( x > 1 ))",
    "a program by a name": '"$X" true',
    "said at the end": "foo; echo ok",
    "and said": "foo && echo ok",
    "or exit 1 by sign": "foo || exit -1",
    "a fixed test that fails": "foo || [ -z x ]",
    "or sleep and again": "foo || sleep 1 && foo",
    "assigned, then": "X=1\nfoo",
    "assigned from": "X=$(foo)",
    "exported at the end": "foo; export X=1",
    "for what there is": "for i in a; do foo; done",
    "gone at last": "while foo; do sleep 1; done",
    "odd quotes": """foo "$'" ; bar "'" """,
}


@pytest.mark.parametrize("text", PASSES.values(), ids=PASSES)
def test_what_cannot_fail_is_refused(refused: Any, text: str) -> None:
    assert "it asserts nothing: " in refused({"command": Scalar(text)})


@pytest.mark.parametrize("text", MAY_FAIL.values(), ids=MAY_FAIL)
def test_what_may_fail_is_not(check: Any, text: str) -> None:
    check({"command": Scalar(text)})


@pytest.mark.parametrize("text", [*PASSES.values(), *MAY_FAIL.values()], ids=[*PASSES, *MAY_FAIL])
def test_the_texts_are_shell(text: str) -> None:
    """The cases are what they are meant to be: bash can read each of them."""
    if len(text) < 1000:
        subprocess.run(["bash", "-n", "-c", text], check=True, timeout=20)


def test_all_of_them_in_a_plan(project: Any) -> None:
    def plan(texts: dict[str, str]) -> str:
        quoted = [Scalar(text) for text in texts.values() if len(text) < 1000]
        return "- title: A\n  verify:\n" + "".join(f"    - command: {_yaml(t)}\n" for t in quoted)

    project.plan("bad", plan(PASSES), imported=False)
    project.plan("good", plan(MAY_FAIL), imported=False)
    found = project.ask("lint", "plans/bad.yaml").refused("invalid_document").data["problems"]
    short = [name for name, text in PASSES.items() if len(text) < 1000]
    assert [line.split(": ")[1] for line in found] == [
        f"phases[0].verify[{number}]" for number in range(len(short))
    ]
    project.ask("lint", "plans/good.yaml").ok()


def _yaml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("\t", "\\t") + '"'


NO_ANSWER = [["true"], ["/bin/true"], ["env", "A=b", "true"], ["timeout", "5s", "true"]]
NO_ANSWER += [["test", "x"], ["bash", "-c", "foo || true"], ["sh", "-ec", "foo; :"]]
NO_ANSWER += [["bash", "-o", "pipefail", "-c", ":"], ["/bin/sh", "-c", "exit 0"]]
NO_ANSWER += [["sudo", "sh", "-c", "foo &"]]
AN_ANSWER = [["false"], ["echo", "true"], ["test", "x", "=", "true"], ["bash", "run.sh"]]
AN_ANSWER += [["sh", "-c", "foo"], ["docker", "run", "x", "true"], ["grep", "-q", "a || true", "f"]]
AN_ANSWER += [["docker", "exec", "x", "sh", "-c", "true"], ["exit"]]


@pytest.mark.parametrize("words", NO_ANSWER, ids=" ".join)
def test_argument_lists_that_cannot_fail(refused: Any, words: list[str]) -> None:
    assert "it asserts nothing: " in refused({"command": [Scalar(word) for word in words]})


@pytest.mark.parametrize("words", AN_ANSWER, ids=" ".join)
def test_argument_lists_that_may_fail(check: Any, words: list[str]) -> None:
    check({"command": [Scalar(word) for word in words]})


def test_what_is_written_may_be_the_answer(check: Any, refused: Any) -> None:
    """With its output judged, `|| echo 0` is a way to say 0; `|| true` stays an excuse."""
    text = {"command": Scalar("grep -c x f || echo 0")}
    refused(text)
    check({**text, "stdout": {"equals": "3"}})
    refused({"command": Scalar("grep -c x f || true"), "stdout": {"equals": "3"}})


DOUBTS = {
    "cd x && make\nmake test": "`A && B` before its last line: a failing A does not stop it",
    "test -e a\ngrep -q x f && echo good\necho done": "`A && B` before its last line: a failing A does not stop it",
    "foo || true; bar": "`|| true` hides a failure",
    "x=$(foo || true); test $x": "`|| true` hides a failure",
    "foo || echo bad; bar": "`|| echo` hides a failure",
    "[ -e a ] || exit 0; bar": "`exit 0` passes whatever came before it",
    "set +e; foo": "it switches off the rule that a failure stops it",
    "set +o pipefail; foo": "it switches off the rule that a failure stops it",
    "set -x +eu; foo": "it switches off the rule that a failure stops it",
    'trap "exit 3" EXIT; foo': "a trap may replace the exit code",
    "foo & bar": "what runs in the background (`&`) is not asked how it ended",
    "export X=$(foo); test $X": "`export` hides how the command in its `$(…)` ended",
    "bash -c 'foo; bar'": "the shell it starts goes on after a failure: it has no `set -euo pipefail`",
    "docker exec x sh -c 'foo | bar'": "the shell it starts goes on after a failure: it has no "
    "`set -euo pipefail`",
}
NO_DOUBTS = [
    "foo | tee log",
    "cat <<EOF | bar\nfoo || true\nEOF",
    "grep '|| true' f",
    "while true; do foo || break; done",
    "trap 'rm -f x' EXIT; foo",
    "foo # || true",
    "bash -euo pipefail -c 'foo; bar'",
    "foo || { echo bad; exit 1; }",
    "set -e; foo",
]


@pytest.mark.parametrize(("text", "doubt"), DOUBTS.items())
def test_what_may_hide_a_failure_is_a_warning(check: Any, text: str, doubt: str) -> None:
    assert check({"command": Scalar(text)}).lint() == [doubt]


def test_exit_codes_that_leave_hardly_a_failure(check: Any) -> None:
    for last, told in ((125, ["exit accepts 126 codes: hardly a failure is left"]), (3, [])):
        codes = [Scalar(str(code), plain=True) for code in range(last + 1)]
        assert check({"command": Scalar("foo"), "exit": codes}).lint() == told


@pytest.mark.parametrize("text", NO_DOUBTS)
def test_what_hides_nothing(check: Any, text: str) -> None:
    assert check({"command": Scalar(text)}).lint() == []


@pytest.mark.parametrize("text", ["(", "$(", "${", "`", '"$(', "((", "$((", "{ ", "if ", "<<x "])
def test_no_text_takes_long_or_breaks_it(text: str) -> None:
    """Whatever stands there: it is judged or refused, and bash has the last word."""
    for times in (1, 14, 5000):
        for tail in ("", "foo || true", ")" * times):
            assert cannot_fail(text * times + tail) != ""
