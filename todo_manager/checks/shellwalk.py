"""Walks through the commands of a shell text to the one that decides how it ends.

What bash would refuse is walked through somehow: bash says what is wrong with it when it runs.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from todo_manager.checks.shellwords import REDIRECTS, Token


class Ending(NamedTuple):
    """What a command says of whatever came before it; `reason` is empty where it can fail."""

    reason: str = ""
    """Why it passes in any case."""
    leaves: bool = False
    """It ends the whole text, so that nothing after it is reached."""
    speaks: bool = False
    """It only says something: good as a last command, but no answer to a failure or a condition."""


CAN_FAIL = Ending()


class Judge(Protocol):
    """Knows single commands."""

    def command(self, words: list[Token], document: str, *, denied: bool) -> Ending:
        """The ending of a command with a here-document, perhaps behind a `!`."""

    def note(self, message: str) -> None:
        """Keep what is doubtful."""

    notes: dict[str, None]


class Walk:
    """One way through the tokens of a text."""

    def __init__(self, found: list[Token], judge: Judge) -> None:
        self._tokens = found
        self._place = 0
        self._judge = judge
        self._last = ""
        """The name of the last command; empty after a compound one or a pipe."""
        self._and = False
        """Whether the last list was joined by `&&`."""
        self._functions: dict[str, Ending] = {}

    def _here(self) -> Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _at(self, *texts: str) -> bool:
        """Whether one of these operators or reserved words comes next."""
        token = self._here()
        return token is not None and (token.sign(*texts) or token.word(*texts))

    def _taken(self, *texts: str) -> bool:
        """The same; if so it is passed over."""
        found = self._at(*texts)
        self._place += found
        return found

    def _lines(self) -> None:
        while self._taken("\n"):
            pass

    def _skip_to(self, *texts: str) -> None:
        """Pass over everything up to one of these, and it as well."""
        while self._here() is not None and not self._taken(*texts):
            self._place += 1

    def sequence(self, *closers: str) -> Ending:
        """Commands up to a closing word: the ending of the last one, or of the first that leaves."""
        found, left, silent, joined, hidden = CAN_FAIL, None, 0, False, False
        while self._here() is not None and not self._at(*closers):
            before = self._place
            ending = self._chain()
            if joined and self._place > before:
                self._judge.note("`A && B` before its last line: a failing A does not stop it")
                hidden = True
            joined = self._and if self._place > before else joined
            if self._place == before:
                self._place += 1
                continue
            if self._taken("&"):
                self._judge.note("what runs in the background (`&`) is not asked how it ended")
                ending = Ending("it ends in the background (`&`), so its exit code is never seen")
            elif ending.leaves and left is None:
                left = ending
            found, silent = ending, silent + (not ending.speaks)
        if hidden and found.speaks and not silent:
            return found._replace(speaks=False)  # all that could fail stands before an `&&`
        # What comes before the last words can fail.
        return left or (CAN_FAIL if found.speaks and silent else found)

    def _chain(self) -> Ending:
        """Pipelines joined by `&&` and `||`."""
        found = self._pipeline()
        self._and = False
        proven = self._last in ("true", ":")
        reason = found.reason if proven else ""
        while self._at("&&", "||"):
            either = self._at("||")
            self._place += 1
            self._lines()
            right = self._pipeline()
            self._and = not either
            # Of such a list only the last command can end the text, so what it says is all it says.
            if not either:
                proven, reason = False, "" if right.speaks else right.reason
            elif right.reason:
                if self._last != "exit":
                    self._judge.note(f"`|| {self._last or 'true'}` hides a failure")
                proven, reason = True, right.reason
            elif not proven:
                reason = ""
            if found.leaves:
                found = Ending(reason or found.reason, True)
            else:
                found = Ending(reason, speaks=right.speaks and not either)
        return found

    def _pipeline(self) -> Ending:
        denied = False
        while self._at("!", "time"):
            denied ^= self._at("!")
            self._place += 1
        found = self._command(denied)
        while self._taken("|", "|&"):
            self._lines()
            last = self._command(False)
            found = CAN_FAIL if denied or last.speaks else Ending(last.reason)
            self._last = ""
        return found

    def _command(self, denied: bool) -> Ending:
        if self._taken("("):
            found = self.sequence(")")._replace(leaves=False)
            self._taken(")")
        elif self._taken("{"):
            found = self.sequence("}")
            self._taken("}")
        elif self._at("if", "while", "until", "for", "select", "case", "function", "[["):
            found = self._compound()
        else:
            return self._simple(denied)
        self._redirections()
        self._last = ""
        return CAN_FAIL if denied else found

    def _compound(self) -> Ending:
        kind = self._tokens[self._place].text
        self._place += 1
        if kind == "if":
            return self._if()
        if kind == "case":
            return self._case()
        if kind == "[[":
            begin = self._place
            self._skip_to("]]")
            return self._judge.command(
                [Token("["), *self._tokens[begin : self._place]], "", denied=False
            )
        if kind == "function":
            self._place += 1
            name = self._tokens[self._place - 1].text
            if self._taken("("):
                self._taken(")")
            return self._function(name)
        return self._loop(kind)

    def _if(self) -> Ending:
        """It passes in any case when every branch does; where no branch is taken it passes too."""
        reasons = []
        self.sequence("then")
        while self._at("then", "elif", "else"):
            condition = self._at("elif")
            self._place += 1
            if condition:
                self.sequence("then")
            else:
                reasons.append(self.sequence("elif", "else", "fi").reason)
        self._taken("fi")
        return Ending(reasons[-1]) if reasons and all(reasons) else CAN_FAIL

    def _case(self) -> Ending:
        reasons = []
        self._skip_to("in")
        self._lines()
        while self._here() is not None and not self._at("esac"):
            self._taken("(")
            self._skip_to(")")
            reasons.append(self.sequence(";;", ";&", ";;&", "esac").reason)
            self._taken(";;", ";&", ";;&")
            self._lines()
        self._taken("esac")
        return Ending(reasons[-1]) if reasons and all(reasons) else CAN_FAIL

    def _loop(self, kind: str) -> Ending:
        empty = [token.text for token in self._tokens[self._place + 1 : self._place + 3]]
        over_nothing = kind == "for" and empty in (["in", ";"], ["in", "\n"])
        if kind in ("while", "until"):
            # `while true` is a way to write a loop, not a way to pass.
            notes = dict(self._judge.notes)
            self.sequence("do")
            self._judge.notes = notes
        while self._here() is not None and not self._at("do", "{"):
            self._place += 1
        closer = "}" if self._at("{") else "done"
        self._place += 1
        body = self.sequence(closer)
        self._taken(closer)
        if over_nothing:
            return Ending("its loop goes round over nothing")
        # The others may go round until something is so.
        return body._replace(leaves=False) if kind in ("for", "select") else CAN_FAIL

    def _function(self, name: str) -> Ending:
        self._lines()
        self._functions[name] = self._command(False)
        return Ending("it ends in the definition of a function, which is not called there")

    def _simple(self, denied: bool) -> Ending:
        words: list[Token] = []
        reads, document = self._redirections(words)
        if self._at("(") and len(words) == 1:
            self._place += 1
            self._taken(")")
            return self._function(words[0].text)
        self._last = words[0].text if words else ""
        found = self._judge.command(words, document, denied=denied)
        if self._last in self._functions and not denied:
            return self._functions[self._last]
        return CAN_FAIL if reads and self._last in ("true", ":") else found

    def _redirections(self, words: list[Token] | None = None) -> tuple[bool, str]:
        """Pass over redirections, and take the words between them where `words` is given.

        Gives whether a file is opened to be read, which can fail, and the here-document.
        """
        reads, document = False, ""
        while (token := self._here()) is not None:
            if token.operator and token.text in REDIRECTS:
                self._place += 1
                document = token.body or document
                target = self._here()
                if target is not None and not target.operator:
                    self._place += 1
                    reads |= token.text in ("<", "<>") and target.text != "/dev/null"
            elif words is not None and not token.operator:
                self._place += 1
                words.append(token)
            else:
                break
        return reads, document
