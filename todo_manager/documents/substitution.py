"""The names of a plan (inputs, secrets, vars) and what happens to `${name}`.

Vars are replaced when a plan is loaded, inputs and secrets only when a check runs. `$${x}` stands for
the text `${x}`. A name may be handed over as an environment variable, so names that steer the shell,
the loader or an interpreter are refused: an input of that name would decide what runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice

from todo_manager.canonical import Map, Scalar, Seq, Tree, line_of
from todo_manager.checks.parse import REFERENCE, references
from todo_manager.documents.base import MAX_BYTES
from todo_manager.documents.loader import MAX_DEPTH
from todo_manager.problems import Problems, did_you_mean

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STEERING = re.compile(
    # What the shell reads when it starts, and what it sets itself.
    r"_|ENV|BASH.*|SHELL|SHELLOPTS|SHLVL|IFS|PS[0-4]|CDPATH|POSIXLY_CORRECT|PROMPT_COMMAND"
    r"|(?:GLOB|EXEC|F)IGNORE|E?UID|PPID|GROUPS|S?RANDOM|SECONDS|EPOCH(?:SECONDS|REALTIME)|LINENO"
    r"|(?:OLD)?PWD|OPT(?:ARG|IND|ERR)|PIPESTATUS|FUNCNAME|DIRSTACK|REPLY"
    # The loader, the C library, and what every program looks at.
    r"|PATH|HOME|TMPDIR|TZ|TZDIR|LANG|LANGUAGE|LC_.*|LD_.*|DYLD_.*|GLIBC_TUNABLES|MALLOC_.*"
    r"|GCONV_PATH|LOCPATH|NLSPATH|HOSTALIASES|LOCALDOMAIN|RES_OPTIONS|XDG_.*"
    # Interpreters and test runners, git, make; a version or a commit of one steers nothing.
    r"|(?:PYTHON|PERL|RUBY|NODE_|GIT_)(?!(?:\w*_)?(?:VERSION|IMAGE|TAG|SHA|SHA256|DIGEST|COMMIT"
    r"|BRANCH|REF|REV|REVISION|URL|REPO)$).*|PYTEST_.*|LUA_.*|PHPRC|PHP_INI_SCAN_DIR|CLASSPATH"
    r"|_JAVA_OPTIONS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|(?i:NPM_CONFIG_.*)"
    r"|(?:GNU)?MAKEFLAGS|MFLAGS|MAKEFILES|GREP_OPTIONS|TAR_OPTIONS"
    # Whom a program talks to, and whom it trusts.
    r"|OPENSSL_.*|SSL_CERT_(?:FILE|DIR)|CURL_HOME|(?i:(?:https?|ftp|all|no)_proxy)"
    r"|TODO_MANAGER_.*"
)
_PLACEHOLDER = re.compile(r"<[A-Za-z][A-Za-z0-9_ -]*>")


def steers(name: str) -> bool:
    """Whether an environment variable of this name changes how programs themselves work."""
    return _STEERING.fullmatch(name) is not None


def resolve(text: str, values: Mapping[str, str]) -> str:
    """A text with every `${name}` of `values` replaced and `$${x}` turned into `${x}`.

    A name without a value stays as it stands; the caller has made sure that none is left.
    """

    def replaced(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        return values.get(match[2], match[0])

    return REFERENCE.sub(replaced, text)


def resolve_tree(tree: Tree, values: Mapping[str, str]) -> Tree:
    """The same for every scalar of a tree; keys of mappings are never touched."""
    if isinstance(tree, dict):
        return {key: resolve_tree(item, values) for key, item in tree.items()}
    if isinstance(tree, list):
        return [resolve_tree(item, values) for item in tree]
    return tree.replaced(resolve(tree, values))


def few(known: Iterable[str]) -> list[str]:
    """As many names as one looks through for the one that was meant."""
    return list(islice(known, 300))


class Names:
    """The declared names of one plan, and the replacement of its vars."""

    def __init__(
        self,
        inputs: tuple[str, ...],
        secrets: tuple[str, ...],
        vars_: Mapping[str, Tree],
        problems: Problems,
    ) -> None:
        self.inputs = inputs
        self.secrets = secrets
        self.known = frozenset([*inputs, *secrets, *vars_])
        self.hosts: Mapping[str, Tree] = {}
        """The hosts of the plan, set once they were read with these names."""
        self._raw = vars_
        self._problems = problems
        self._done: dict[str, Tree] = {}
        self._open: list[str] = []
        self._room = MAX_BYTES
        """Characters by which vars may still make the plan longer: they double as easily as aliases."""

    def scalars(self) -> dict[str, Tree]:
        """Every var that is one value, replaced; lists and mappings are for `for_each` alone."""
        found = {name: self.value(name) for name in self._raw}
        return {name: value for name, value in found.items() if isinstance(value, Scalar)}

    def replace(self, tree: Tree, path: str, *, searched: bool = False) -> Tree:
        """The tree with its vars replaced; undeclared names are reported.

        So are placeholders nobody filled in, but not in texts that are only `searched` for.
        """
        if isinstance(tree, dict):
            return self._mapping(tree, path, searched)
        if isinstance(tree, list):
            items = Seq(
                self.replace(item, f"{path}[{i}]", searched=searched) for i, item in enumerate(tree)
            )
            items.line = line_of(tree)
            return items
        return self._scalar(tree, path, searched)

    def _mapping(self, tree: dict[str, Tree], path: str, searched: bool) -> Map:
        found = Map()
        found.line, found.key_lines = line_of(tree), getattr(tree, "key_lines", {})
        for key, item in tree.items():
            if references(Scalar(key)):
                self._problems.error(
                    found.key_lines.get(key, found.line),
                    path,
                    f"names are not replaced in keys: {key}",
                )
            found[key] = self.replace(item, f"{path}.{key}", searched=searched)
        return found

    def _scalar(self, value: Scalar, path: str, searched: bool) -> Scalar:
        self._undeclared(value, path)
        if not searched:
            self._placeholder(value, path)

        def replaced(match: re.Match[str]) -> str:
            if match[1] or match[2] not in self._raw or self._room < 0:
                return match[0]
            text = self._whole(match[2], value, path)
            return text if self.fits(len(text), value.line, path) else match[0]

        return value.replaced(REFERENCE.sub(replaced, value))

    def fits(self, letters: int, line: int, path: str) -> bool:
        """Whether there is still room for what a var or a loop adds; that there is none is told once."""
        if 0 <= self._room < letters:
            what = f"vars and for_each make the plan longer than {MAX_BYTES // 10**6} MB"
            self._problems.error(line, path, what)
        self._room = self._room - letters if self._room >= letters else -1
        return self._room >= 0

    def _whole(self, name: str, where: Scalar, path: str) -> str:
        value = self.value(name)
        if isinstance(value, Scalar):
            return str(value)
        self._problems.error(
            where.line, path, f"the var {name} is a list or mapping, not one value"
        )
        return f"${{{name}}}"

    def value(self, name: str) -> Tree:
        """What a var holds, replaced; an empty text where it refers to itself, which is reported."""
        if name in self._open:
            self._problems.error(
                line_of(self._raw[name]), f"vars.{name}", "refers to itself through other vars"
            )
            return Scalar("")
        if len(self._open) > MAX_DEPTH:
            what = f"vars stand in each other more than {MAX_DEPTH} deep"
            self._problems.error(line_of(self._raw[name]), f"vars.{name}", what)
            return Scalar("")
        if name not in self._done:
            self._open.append(name)
            self._done[name] = self.replace(self._raw[name], f"vars.{name}")
            self._open.pop()
        return self._done[name]

    def _undeclared(self, value: Scalar, path: str) -> None:
        for name in sorted(references(value) - self.known):
            self._problems.error(
                value.line,
                path,
                f"${{{name}}} is not declared under inputs, secrets or vars"
                f"{did_you_mean(name, few(self.known))}; for the text itself write $${{{name}}}",
            )

    def _placeholder(self, value: Scalar, path: str) -> None:
        for part in re.split(r"[/:@=,?&]", value):
            if _PLACEHOLDER.fullmatch(part.strip()):
                self._problems.error(
                    value.line, path, f"the placeholder {part.strip()} was never filled in"
                )
