"""Shell text as words and operators: as much of bash's grammar as it takes to see how a text ends.

Quotes, comments, here-documents and substitutions are told apart from commands. Text that bash itself
would refuse is read somehow and never raises: bash says what is wrong with it when it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_NESTED = 15
"""How deep substitutions may stand in each other."""

REDIRECTS = frozenset({"<", ">", ">>", "<<", "<<-", "<<<", "<&", ">&", "<>", ">|", "&>", "&>>"})
_OPERATOR = re.compile(
    r";;&|<<<|<<-|&>>|&&|\|\||;;|;&|\|&|<<|>>|<&|>&|<>|>\||&>|[;&|()<>\n]", re.ASCII
)
_PLAIN = re.compile(r"""[^ \t\n;&|<>()\\'"$`]+""")
_ESCAPING = re.compile(r"(?:[^'\\]|\\.)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_ALWAYS_SET = frozenset("@*#?$-0")
_WITH_DEFAULT = re.compile(r"!?(?:\w+(?:\[[^]]*\])?|[@*])(?::?[-=+])")
_OPENERS = frozenset(["!", "{", "if", "then", "elif", "else", "while", "until", "do", "time"])


class TooDeep(Exception):
    """Substitutions are nested deeper than anybody writes them."""


class Token:
    """One operator, or one word with what is known of it."""

    def __init__(self, text: str, *, operator: bool = False) -> None:
        self.text = text
        """Of a word: its letters without quotes, expansions as they are written."""
        self.operator = operator
        self.bare = True
        """Nothing in it is quoted: only then it may be a reserved word."""
        self.fixed = True
        """Nothing in it is expanded."""
        self.may_fail = False
        """It expands a name that may be unset, or computes: under `set -u` that can fail."""
        self.inner: list[str] = []
        """The texts of its command substitutions."""
        self.body = ""
        """Of a here-document's operator: the document."""
        self.end = 0
        """The letters of the text up to its end, without here-documents."""

    def word(self, *words: str) -> bool:
        """Whether it is one of these words, unquoted."""
        return self.bare and not self.operator and self.text in words

    def sign(self, *signs: str) -> bool:
        """Whether it is one of these operators."""
        return self.operator and self.text in signs


def tokens(text: str) -> list[Token]:
    """All tokens of a text; raises TooDeep."""
    return list(_Lexer(text, 0, 0, {}))


class _Lexer:
    """Tokens from a place on; `place` is where the next one is looked for."""

    def __init__(self, text: str, place: int, depth: int, known: dict[int, int]) -> None:
        if depth > MAX_NESTED:
            raise TooDeep
        self.text = text
        self.place = place
        self._depth = depth
        self._closings = known
        """Where parentheses end, by where they begin: what is nested is read once, not once a level."""
        self._documents: list[tuple[Token, str]] = []

    def __iter__(self) -> Iterator[Token]:
        document = None
        while (token := self._next()) is not None:
            token.end = self.place
            if document is not None and not token.operator:
                self._documents.append((document, token.text))
            document = token if token.sign("<<", "<<-") else None
            if token.sign("\n"):
                self._read_documents()
            yield token

    def _next(self) -> Token | None:
        text = self.text
        while self.place < len(text):
            char = text[self.place]
            if text.startswith("\\\n", self.place):
                self.place += 2
            elif char == "#":
                end = text.find("\n", self.place)
                self.place = end if end >= 0 else len(text)
            elif char in " \t":
                self.place += 1
            else:
                return self._token()
        return None

    def _token(self) -> Token:
        if self.text.startswith("((", self.place) and (end := self._arithmetic(self.place)):
            token = Token(self.text[self.place : end])
            token.bare = token.fixed = False
            self.place = end
            return token
        match = _OPERATOR.match(self.text, self.place)
        if match and not (match[0] in "<>" and self.text.startswith("(", match.end())):
            self.place = match.end()
            return Token(match[0], operator=True)
        token = _Word(self).read()
        numbers = (
            token.bare and token.text.isdigit() and self.text.startswith(("<", ">"), self.place)
        )
        return self._token() if numbers else token

    def _arithmetic(self, place: int) -> int:
        """Where `((…))` ends, or 0 when these are two subshells."""
        if self.text.find("))", place) < 0:
            return 0
        inner = self.closing(place + 2)
        return inner + 1 if self.text.startswith(")", inner) else 0

    def closing(self, place: int) -> int:
        """The place after the `)` that ends what begins here; patterns of `case` have one as well."""
        if place not in self._closings:
            self._closings[place] = self._closing(place)
        return self._closings[place]

    def _closing(self, place: int) -> int:
        lexer = _Lexer(self.text, place, self._depth + 1, self._closings)
        cases: list[int] = []
        depth, first = 0, True
        for token in lexer:
            if token.sign("("):
                depth += 1
            elif token.sign(")") and (not cases or cases[-1] != depth):
                if not depth:
                    return lexer.place
                depth -= 1
            elif first and token.word("case"):
                cases.append(depth)
            elif cases and token.word("esac"):
                cases.pop()
            first = (token.operator and token.text not in REDIRECTS) or token.word(*_OPENERS)
        return len(self.text)

    def _read_documents(self) -> None:
        for token, delimiter in self._documents:
            lines = []
            while self.place < len(self.text):
                end = self.text.find("\n", self.place)
                end = end if end >= 0 else len(self.text)
                line = self.text[self.place : end]
                self.place = min(end + 1, len(self.text))
                line = line.lstrip("\t") if token.text == "<<-" else line
                if line == delimiter:
                    break
                lines.append(line)
            token.body = "\n".join(lines)
        self._documents.clear()


class _Word:
    """Reads one word."""

    def __init__(self, lexer: _Lexer) -> None:
        self._lexer = lexer
        self._text = lexer.text
        self._place = lexer.place
        self._token = Token("")
        self._parts: list[str] = []

    def read(self) -> Token:
        while self._place < len(self._text) and self._part(self._text[self._place]):
            pass
        # Whatever stands here, one step is made.
        self._lexer.place = max(self._place, self._lexer.place + 1)
        self._token.text = "".join(self._parts)
        return self._token

    def _part(self, char: str) -> bool:
        """Take the next part of the word; false where it ends."""
        if match := _PLAIN.match(self._text, self._place):
            self._take(match.end(), match[0])
        elif char in "<>(":
            return self._parenthesis(char)
        elif char == "\\":
            self._escaped()
        elif char == "'":
            self._quoted(self._place + 1)
        elif char == '"':
            self._double()
        elif char in "$`":
            self._expansion(char)
        else:
            return False
        return True

    def _take(self, end: int, text: str) -> None:
        self._parts.append(text)
        self._place = end

    def _parenthesis(self, char: str) -> bool:
        """`a=(…)` and `<(…)` are parts of a word; every other parenthesis ends it."""
        begin = self._place + (char != "(")
        array = char == "(" and self._parts and self._parts[-1].endswith("=")
        if not array and not (char in "<>" and self._text.startswith("(", begin)):
            return False
        end = self._lexer.closing(begin + 1)
        self._token.bare = self._token.fixed = False
        if not array:
            self._token.inner.append(self._text[begin + 1 : end - 1])
        self._take(end, self._text[self._place : end])
        return True

    def _escaped(self) -> None:
        following = self._text[self._place + 1 : self._place + 2]
        self._token.bare = self._token.bare and following == "\n"
        self._take(self._place + 2, "" if following == "\n" else following)

    def _quoted(self, begin: int) -> None:
        self._token.bare = False
        end = self._text.find("'", begin)
        end = end if end >= 0 else len(self._text)
        self._take(end + 1, self._text[begin:end])

    def _escaping(self, begin: int) -> None:
        """`$'…'`, in which a backslash may stand before a quote."""
        self._token.bare = False
        match = _ESCAPING.match(self._text, begin)
        assert match is not None
        self._token.fixed = self._token.fixed and "\\" not in match[0]
        self._take(match.end() + 1, match[0])

    def _double(self) -> None:
        self._token.bare = False
        self._place += 1
        while self._place < len(self._text):
            char = self._text[self._place]
            if char == '"':
                self._place += 1
                return
            if char == "\\":
                self._take(self._place + 2, self._text[self._place + 1 : self._place + 2])
            elif char in "$`" and not self._text.startswith("$'", self._place):
                self._expansion(char)
            else:
                self._take(self._place + 1, char)

    def _expansion(self, char: str) -> None:
        place, text = self._place, self._text
        if char == "`":
            self._backticks()
        elif text.startswith("$((", place) and (end := self._lexer._arithmetic(place + 1)):
            self._expanded(end, may_fail=True)
        elif text.startswith("$(", place):
            end = self._lexer.closing(place + 2)
            self._token.inner.append(text[place + 2 : end - 1])
            self._expanded(end)
        elif text.startswith("${", place):
            self._braces()
        elif text.startswith("$'", place):
            self._escaping(place + 2)
        elif match := _NAME.match(text, place + 1):
            self._expanded(match.end(), may_fail=match[0] not in _ALWAYS_SET)
        else:
            self._take(place + 1, char)

    def _expanded(self, end: int, *, may_fail: bool = False) -> None:
        self._token.fixed = False
        self._token.may_fail = self._token.may_fail or may_fail
        self._take(end, self._text[self._place : end])

    def _backticks(self) -> None:
        match = re.compile(r"`((?:[^`\\]|\\.)*)`?", re.DOTALL).match(self._text, self._place)
        assert match is not None
        self._token.inner.append(re.sub(r"\\([`\\$])", r"\1", match[1]))
        self._expanded(match.end())

    def _braces(self) -> None:
        """`${…}`, with whatever stands in it."""
        begin = self._place
        inner = _Word(self._lexer)
        inner._place = begin + 2
        while inner._place < len(self._text):
            char = self._text[inner._place]
            if char == "}":
                break
            if char in "\\'\"$`":
                inner._part(char)
            else:
                inner._place += 1
        self._token.inner += inner._token.inner
        content = self._text[begin + 2 : inner._place]
        self._expanded(inner._place + 1, may_fail=_WITH_DEFAULT.match(content) is None)
