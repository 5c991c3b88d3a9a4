"""What there is to say of one phase, as lines to read: its texts, its evidence, why it stands still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from todo_manager.render.plain import standing
from todo_manager.shellword import word
from todo_manager.states import SATISFIED
from tui.questions import rows_of
from tui.widgets.rows import Text, text
from tui.words import (
    Line,
    Piece,
    age,
    brief,
    seconds,
    short_digest,
    single,
    size,
    state_text,
    tone_of,
)

Phase = Mapping[str, Any]
Event = Mapping[str, Any]


def why(
    plan: Mapping[str, Any],
    phase: Phase,
    last: Event | None,
    *,
    read_only: bool = False,
    room: int = 0,
) -> list[Line]:
    """Where a phase stands and why, and what to do about it; keys only where there are any.

    `room` is for the subject of a check: what it expected and saw has to be seen behind it.
    """
    state, reason = phase["state"], single(phase["reason"])
    said = standing(state, reason)
    found: list[Line] = [[(said, tone_of(state) if tone_of(state) != "muted" else "strong")]]
    if state in ("failed", "errored", "regressed") and last is not None:
        found += _not_passed(last, room)
    hint = [each for each in _hint(plan, phase) if not read_only or len(each[0].strip()) > 1]
    if hint:
        found.append([("next: ", "muted"), *hint])
    return [*found, *_words_of_others(phase, read_only=read_only)]


def _words_of_others(phase: Phase, *, read_only: bool) -> Iterator[Line]:
    """Who is at work on it, and what waits for a person."""
    if phase["claim"]:
        yield [("claimed by ", "muted"), (single(phase["claim"]["actor"]), "strong"),
               (f" until {phase['claim']['until']}", "muted")]  # fmt: skip
    for each in phase["waivers"]:
        if each["state"] == "waiting":
            key = [] if read_only else [("; another person approves it:", "muted"), (" E", "key")]
            yield [("a waiver of ", ""), (single(each["check"]), "strong"),
                   (f" is asked for by {single(each['asked_by'])}", ""), *key]  # fmt: skip


def _not_passed(last: Event, room: int) -> Iterator[Line]:
    """The first check of the last attempt that did not pass."""
    for row in rows_of(dict(last)):
        if row["verdict"] in ("failed", "error"):
            seen = single(row["actual"] or row["message"])
            tone = tone_of(row["verdict"])
            yield [
                (f"{row['id']} ", "strong"),
                (f"{row['kind']} {brief(row['subject'], room)}: expected ", ""),
                (f"{single(row['expected'])}; seen ", ""),
                (seen, tone),
            ]
            return


def _hint(plan: Mapping[str, Any], phase: Phase) -> list[Piece]:
    """What to type next for a phase, as its state and needs have it."""
    id_, index = word(plan["id"]), phase["index"]
    state = phase["state"]
    if state in (*SATISFIED, "running", "archived"):
        return []
    if (
        plan["source"]["state"] == "changed"
        or plan.get("proposal")
        or "accepted" in phase["reason"]
    ):
        return [
            (f"todo_manager diff {id_}", "key"),
            ("; or a person: accept", "muted"),
            (" A", "key"),
        ]
    if need := _first_need(plan, phase):
        if need["state"] == "blocked":
            return [(f"see phase {need['index']}, {single(need['title'])}", "")]
        return [(f"todo_manager done {id_} {need['index']}", "key")]
    if not any(check["required"] for check in phase["checks"]):
        return [("a person: attest", "muted"), (" T", "key"), (", or add a check: ", "muted"),
                (f"todo_manager add {id_} check {index} KIND", "key")]  # fmt: skip
    return [(f"todo_manager done {id_} {index}", "key"), ("  d", "key")]


def _first_need(plan: Mapping[str, Any], phase: Phase) -> Phase | None:
    """The first phase it needs that is not done or attested."""
    by_key = {each["key"]: each for each in plan["phases"]}
    for key in phase["needs"]:
        if key in by_key and by_key[key]["state"] not in SATISFIED:
            found: Phase = by_key[key]
            return found
    return None


def body(phase: Phase) -> list[Text]:
    """The texts of a phase: the IMPORTANT NOTE first, then what it says of itself."""
    found = []
    if phase["note"].strip():
        found += [text(("IMPORTANT NOTE", "warn"))]
        found += [text(("▌ ", "warn"), line, hang=2) for line in _lines(phase["note"])]
        found.append(text(""))
    found += [text((single(phase["title"]), "strong")), text("")]
    whole = phase["explain"] or phase["text"]
    found += [_markdown(line) for line in _lines(whole)] or [text(("it has no text", "muted"))]
    for part in phase["parts"]:
        found += [text(""), text((f"{phase['index']}.{part['index']} ", "strong"), part["title"])]
        found += [_markdown(line) for line in _lines(part["note"] + "\n" + part["explain"])]
    found += _steps(phase)
    needs = ", ".join(phase["needs"]) or "nothing"
    found += [text(""), text(("needs   ", "muted"), needs, hang=8)]
    found += [text(("key     ", "muted"), phase["key"], hang=8)]
    found += [text(("digest  ", "muted"), (phase["digest"], "muted"), hang=8)]
    if phase["claim"]:
        claim = f"{phase['claim']['actor']} until {phase['claim']['until']}"
        found += [text(("claim   ", "muted"), claim, hang=8)]
    for each in phase["waivers"]:
        said = f"{each['check']}, {each['state']}, until {each['until']}: {each['reason']}"
        found += [text(("waiver  ", "muted"), single(said), hang=8)]
    return found


def _steps(phase: Phase) -> Iterator[Text]:
    """What `run` would execute, as it was accepted."""
    for name in ("preflight", "steps", "undo"):
        if phase[name]:
            yield text("")
            yield text((name, "strong"))
        for row in phase[name]:
            first, *rest = str(row["subject"]).splitlines() or [""]
            yield text((f"  {row['id']}  ", "muted"), (f"{row['kind']} ", ""), first, hang=6)
            yield from (text("      ", line, hang=8) for line in rest)


def _markdown(line: str) -> Text:
    """A line of Markdown as it stands: headings stand out, what a list wraps to is indented."""
    bare = line.lstrip()
    if bare.startswith("#"):
        return text((line, "strong"))
    hang = len(line) - len(bare)
    if bare[:2] in ("- ", "* ") or (bare[:1].isdigit() and bare[1:3] == ". "):
        hang += 2 if bare[1] == " " else 3
    return text(line, hang=hang)


def _lines(whole: str) -> list[str]:
    return whole.strip("\n").splitlines() if whole.strip() else []


def evidence(phase: Phase, last: Event | None) -> list[Text]:
    """The last attempt at a phase: who, when, on what, and what each check saw."""
    if last is None:
        return [
            text(("nothing was recorded for it yet", "muted")),
            text(
                ("run its checks: ", "muted"),
                ("v", "key"),
                ("; and be done: ", "muted"),
                ("d", "key"),
            ),
        ]
    data = last["data"]
    same = data.get("digest") == phase["digest"]
    found = [
        _fact("event", f"{last['seq']}, {last['event']}", tone_of(last["event"])),
        _fact("when", f"{last['at']} ({age(last['at'])})"),
        _fact("who", f"{last['actor']} ({last['how']})"),
        _fact("digest", f"{short_digest(str(data.get('digest', '')))}, "
              + ("the one in force" if same else "another one is in force now"),
              "" if same else "warn"),
    ]  # fmt: skip
    if data.get("does_not_count"):
        found.append(_fact("counts", f"no: {data['does_not_count']}", "warn"))
    found += [_fact(name, str(value)) for name, value in data.get("inputs", {}).items()]
    for row in rows_of(dict(last)):
        found += [text(""), *saw(row)]
    return found


def _fact(name: str, value: str, tone: str = "") -> Text:
    return text((f"{name:8} ", "muted"), (single(value), tone), hang=9)


def saw(row: Mapping[str, Any]) -> list[Text]:
    """What one check or step saw, in a few lines."""
    tone = tone_of(row["verdict"])
    took = f"  {seconds(row['duration_s'])}"
    tries = f", {row['attempts']} attempts" if row["attempts"] > 1 else ""
    found = [
        text((state_text(row["verdict"]), tone), "  ", (f"{row['id']} ", "strong"),
             f"{row['kind']} {single(row['subject'])}", (f"{took}{tries}", "muted"), hang=10),
        text(("  expected ", "muted"), single(row["expected"]), hang=11),
    ]  # fmt: skip
    if row["actual"] or row["message"]:
        seen = single(row["actual"] or row["message"])
        found.append(
            text(("  seen     ", "muted"), (seen, tone if tone != "done" else ""), hang=11)
        )
    if row.get("flaky"):
        found.append(
            text(("  flaky    ", "warn"), "it passed after attempts that did not", hang=11)
        )
    if row.get("never_failed") and row["verdict"] == "passed":
        found.append(
            text(("  note     ", "muted"), ("it was never seen failing", "muted"), hang=11)
        )
    for kept in row.get("outputs", ()):
        told = f"{size(kept['size'])}, sha256 {kept['sha256'][:16]}"
        found.append(text((f"  {kept['stream']:8} ", "muted"), (told, "muted"), hang=11))
    return found


def log(last: Event | None, outputs: Mapping[str, str]) -> list[Text]:
    """What the programs of the last attempt wrote."""
    found: list[Text] = []
    for row in rows_of(dict(last)) if last is not None else ():
        for kept in row.get("outputs", ()):
            found += [text((f"{row['id']} {kept['stream']}", "strong"),
                           (f"  {size(kept['size'])}", "muted"))]  # fmt: skip
            found += [text(("│ ", "muted"), line, hang=2)
                      for line in outputs.get(kept["kept"], "").splitlines()]  # fmt: skip
            found.append(text(""))
    return found or [text(("no program of the last attempt wrote anything", "muted"))]
