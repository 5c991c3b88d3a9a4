"""The tables of the README that are made from the program; run as a program it writes them."""

from __future__ import annotations

import re
from pathlib import Path

from todo_manager.checks import KINDS
from todo_manager.checks.docs import KindDoc, docs
from todo_manager.cli import VERBS
from todo_manager.error_kinds import EXITS
from tui.actions import ACTIONS, ANY, key_text

README = Path(__file__).resolve().parents[1] / "README.md"


def kinds() -> str:
    """Each kind, what it asserts, and the parameters of its own."""
    rows = [_kind_row(docs(kind)) for kind in sorted(KINDS)]
    return "\n".join(["| kind | passes when | parameters |", "|---|---|---|", *rows])


def exits() -> str:
    rows = [f"| {code} | {meaning} |" for code, meaning in EXITS.items()]
    return "\n".join(["| exit | means |", "|---|---|", *rows])


def verbs() -> str:
    rows = [f"| {verb} | {summary} |" for verb, summary in VERBS.items()]
    return "\n".join(["| verb | does |", "|---|---|", *rows])


def keys() -> str:
    """The keys of the command center, screen by screen."""
    rows = []
    for action in ACTIONS:
        where = "everywhere" if ANY in action.scopes else ", ".join(action.scopes)
        shown = " ".join(f"`{key_text(key)}`" for key in action.keys.split(","))
        if action.name == "pane":
            shown = "`1` to `6`"
        command = re.sub(r"\{(\w+)\}", lambda name: _word(name[1]), action.command)
        rows.append(
            f"| {where} | {shown} | {action.does} | {f'`{command}`' if ' ' in command else ''} |"
        )
    return "\n".join(["| where | key | does | as a command |", "|---|---|---|---|", *rows])


_WORDS = {"all": " [--all]", "manual": "CHECK", "waiting": "CHECK", "claimed": "PHASE",
          "rollback": "rollback PLAN SERVICE"}  # fmt: skip


def _word(name: str) -> str:
    """What stands for a name of a place in a command, as people read it."""
    return _WORDS.get(name, name.rpartition("_")[2].upper())


TABLES = {"kinds": kinds, "verbs": verbs, "exits": exits, "keys": keys}
"""The name between the markers, and what makes the text there."""


def _kind_row(found: KindDoc) -> str:
    own = [each.name for each in found.parameters[1:] if not each.common]
    names = ", ".join(f"`{name}`" for name in own if name != "timeout")
    return f"| `{found.kind}` | {found.summary.replace('|', chr(92) + '|')} | {names} |"


def written(text: str) -> str:
    """The README with its generated parts made anew; KeyError for a marker of no table."""

    def made(match: re.Match[str]) -> str:
        return f"{match[1]}\n{TABLES[match[2]]()}\n{match[4]}"

    pattern = r"(<!-- made by `make docs`: (\w+) -->)\n(.*?)\n?(<!-- end of \2 -->)"
    return re.sub(pattern, made, text, flags=re.DOTALL)


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
