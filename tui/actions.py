"""Everything that can be done in the command center, once: bindings, help, palette and README read it.

What only looks, or records in our own store, has a lower-case key. What touches the world outside, and
what needs a person, has an upper-case one and asks. A read-only command center has neither of these,
nor what records: such keys are not registered at all.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from textual.binding import Binding

from todo_manager.shellword import word


class Effect(StrEnum):
    """What an action does to the world."""

    LOOKS = "looks"
    """It moves on the screen, or reads."""
    RECORDS = "records"
    """It runs checks, or opens our own store for writing."""
    OUTSIDE = "outside"
    """It executes steps: it asks before, naming target, host and command."""
    PERSON = "person"
    """It is for a person: the command itself asks, on the terminal."""


class Action(NamedTuple):
    """One thing to do: its method on the screen is `action_NAME`."""

    name: str
    keys: str
    """As Textual names them, separated by commas; the first one is shown."""
    does: str
    scopes: tuple[str, ...] = ("any",)
    effect: Effect = Effect.LOOKS
    command: str = ""
    """The same as a command, with {names} of the place; empty for what only moves."""
    foot: str = ""
    """One or two words for the last line of the screen; empty keeps it out of there."""


ANY = "any"
LISTS = ("plans", "plan", "run", "evidence", "services", "ledger", "preflight", "configuration")
"""The screens, by the scope of their actions."""

_RECORDS, _OUTSIDE, _PERSON = Effect.RECORDS, Effect.OUTSIDE, Effect.PERSON
ACTIONS: tuple[Action, ...] = (
    Action("verify_plan", "v", "verify all phases that have checks", ("plans",), _RECORDS,
           "todo_manager verify {plan}", "verify"),
    Action("verify", "v", "verify the phase: run its checks, mark nothing", ("plan",), _RECORDS,
           "todo_manager verify {plan} {phase}", "verify"),
    Action("done", "d", "run the checks of the phase; done if all pass", ("plans", "plan"),
           _RECORDS, "todo_manager done {plan} {phase}", "done"),
    Action("next", "n", "go to the next phase that is not done", ("plans", "plan"),
           command="todo_manager next {plan}", foot="next"),
    Action("all", "a", "all plans, or the open ones", ("plans",),
           command="todo_manager list{all}", foot="all"),
    Action("find", "slash", "find: words of a plan", ("plans",),
           command="todo_manager list --search {words}", foot="find"),
    Action("find", "slash", "filter: event:done plan:x actor:y, or words", ("ledger",),
           foot="filter"),
    Action("run", "R", "execute the steps of the phase, then ask the gate", ("plan",), _OUTSIDE,
           "todo_manager run {plan} {step_phase}", "run"),
    Action("exec", "X", "execute the steps of the phase, mark nothing", ("plan",), _OUTSIDE,
           "todo_manager exec {plan} {step_phase} --run --only {step_digest}"),
    Action("undo", "U", "execute what takes the phase back", ("plan",), _OUTSIDE,
           "todo_manager run {plan} {undo_phase} --undo"),
    Action("deploy", "D", "put the service into its place, by the step its phase has", ("services",), _OUTSIDE,
           "todo_manager deploy {plan} {service} --phase {deploy_phase}", "deploy"),
    Action("rollback", "B", "take the service back, by the step its phase has", ("services",), _OUTSIDE,
           "todo_manager {rollback}", "take back"),
    Action("accept", "A", "a person: accept the plan as its files are now", ("plans", "plan"),
           _PERSON, "todo_manager accept {plan}"),
    Action("attest", "T", "a person: vouch for a phase that has no checks", ("plan",), _PERSON,
           "todo_manager attest {plan} {bare_phase}"),
    Action("approve", "Y", "a person: answer the question of a check with yes", ("plan",), _PERSON,
           "todo_manager approve {plan} {phase} {manual}"),
    Action("claim", "m", "claim the phase for two hours: others see that it is yours", ("plan",),
           _RECORDS, "todo_manager claim {plan} {phase}"),
    Action("release", "u", "end the claim on the phase, whoever holds it", ("plan",), _RECORDS,
           "todo_manager release {plan} {claimed}"),
    Action("waive", "e", "ask that a check may fail for a while, with a reason", ("plan",),
           _RECORDS, "todo_manager waive {plan} {phase} {check} --reason {reason} --until {until}"),
    Action("grant", "E", "a person, another one: approve the waiver that waits", ("plan",),
           _PERSON, "todo_manager waive {plan} {phase} {waiting} --approve"),
    Action("waivers", "h", "the waivers of the plan, and where each stands", ("plans", "plan"),
           _RECORDS, "todo_manager waive {plan} --list"),
    Action("reopen", "o", "take the mark of the phase away, with a reason", ("plan",), _RECORDS,
           "todo_manager reopen {plan} {phase} --reason {reason}"),
    Action("diff", "i", "how its files differ from what was accepted", ("plans", "plan"), _RECORDS,
           "todo_manager diff {plan}"),
    Action("demands", "f", "look at what the phase demands before its steps", ("plan",), _RECORDS,
           "todo_manager preflight {plan} {phase}"),
    Action("watch", "W", "watch the plan: look at what is done again and again",
           ("plans", "plan"), _OUTSIDE, "todo_manager watch {plan}"),
    Action("signers", "i", "whose signatures count: the keys that are pinned", ("configuration",),
           _RECORDS, "todo_manager signers", "signers"),
    Action("pin", "A", "a person: pin the signers file as it is now", ("configuration",),
           _PERSON, "todo_manager signers --accept"),
    Action("audit", "v", "verify the whole ledger, every mark and every output", ("ledger",),
           _RECORDS, "todo_manager audit", "audit"),
    Action("cancel", "x", "end the run, and every program it started", ("run",), _RECORDS,
           foot="cancel"),
    Action("again", "a", "run it once more", ("run",), _RECORDS, "{command}", "again"),
    Action("follow", "f", "follow the log, or pause", ("run",), foot="follow"),
    Action("earlier", "left_square_bracket", "the run before, the attempt before",
           ("run", "evidence"), foot="before"),
    Action("later", "right_square_bracket", "the run after, the attempt after",
           ("run", "evidence"), foot="after"),
    Action("look_again", "v", "look again", ("services", "preflight"), foot="look"),
    Action("edit", "e", "change the value; the difference is shown before", ("configuration",),
           _RECORDS, "{edit}", "edit"),
    Action("open", "enter", "open what the cursor is on", (ANY,), command="{open}", foot="open"),
    Action("back", "escape", "back", (ANY,), foot="back"),
    Action("down", "j,down", "down"),
    Action("up", "k,up", "up"),
    Action("first", "g,home", "to the first line"),
    Action("last", "G,end", "to the last line"),
    Action("page_down", "pagedown,space", "a page down"),
    Action("page_up", "pageup,b", "a page up"),
    Action("next_pane", "tab", "the next pane"),
    Action("previous_pane", "shift+tab", "the pane before"),
    Action("pane", "1,2,3,4,5,6", "the pane of that number"),
    Action("zoom", "z", "one pane over the whole screen, and back", foot="zoom"),
    Action("runs", "w", "the runs of this session", foot="runs"),
    Action("services", "s", "services: what runs where", foot="services"),
    Action("ledger", "l", "the ledger: what happened", command="todo_manager log", foot="ledger"),
    Action("preflight", "p", "preflight: what works here", command="todo_manager doctor",
           foot="preflight"),
    Action("configuration", "c", "configuration: values and where they are from",
           foot="config"),
    Action("copy", "y", "copy the command: y again, or the key of another", foot="copy"),
    Action("theme", "t", "the next theme"),
    Action("reread", "r", "read the store again"),
    Action("palette", "ctrl+p", "everything that can be done here, by its words", foot="palette"),
    Action("help", "question_mark", "these keys", foot="keys"),
    Action("quit", "q", "quit; asks while something runs", foot="quit"),
)  # fmt: skip

_SHOWN = {
    "slash": "/",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "up": "↑",
    "down": "↓",
    "home": "Home",
    "end": "End",
}


def key_text(key: str) -> str:
    """A key as people write it."""
    return _SHOWN.get(key, key)


def keys_text(action: Action) -> str:
    """All keys of an action; a row of numbers as its ends."""
    keys = [key_text(key) for key in action.keys.split(",")]
    return f"{keys[0]}-{keys[-1]}" if keys[0] == "1" else " ".join(keys)


def first_key(action: Action) -> str:
    """The key of an action that stands for all of them."""
    keys = keys_text(action)
    return keys if action.name == "pane" else keys.partition(" ")[0]


def of(scope: str, *, read_only: bool) -> list[Action]:
    """The actions of a screen, its own first."""
    allowed = [each for each in ACTIONS if not read_only or each.effect is Effect.LOOKS]
    own = [each for each in allowed if scope in each.scopes]
    taken = {key for each in own for key in each.keys.split(",")}
    shared = [each for each in allowed if ANY in each.scopes]
    return own + [each for each in shared if not taken & set(each.keys.split(","))]


def bindings(scope: str, *, read_only: bool) -> list[Binding]:
    """What Textual is told of the keys of a screen."""
    found = []
    for action in of(scope, read_only=read_only):
        if action.name == "pane":
            numbers = action.keys.split(",")
            found += [Binding(key, f"pane({key})", action.does, show=False) for key in numbers]
        else:
            priority = action.name in ("next_pane", "previous_pane")
            found.append(
                Binding(action.keys, action.name, action.does, show=False, priority=priority)
            )
    return found


@functools.cache
def _names(command: str) -> tuple[str, ...]:
    return tuple(name for _, name, _, _ in string.Formatter().parse(command) if name)


def command(action: Action, place: Mapping[str, str]) -> str:
    """The action as a command at this place; empty where it is none, or the place lacks a name."""
    wanted = _names(action.command)
    if not action.command or any(not place.get(name) and name != "all" for name in wanted):
        return ""
    whole = ("command", "open", "edit", "rollback", "all")
    words = {name: place.get(name, "") for name in wanted}
    quoted = {name: text if name in whole else word(text) for name, text in words.items()}
    return action.command.format(**quoted)
